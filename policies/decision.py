# SPDX-License-Identifier: Apache-2.0
"""One question about the use of a tag, one pack of rules, one answer. Pure: no clock, no files.

Rules are data. For each purpose of the question the first rule whose condition holds gives the
verdict; then every duty that applies is added. No rule is a gap, and a gap is never allowed. Several
purposes give the strictest of their answers.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field

from policies.document import Strict
from policies.layers import beside, over, severity
from policies.rules import CategorySet, Duty, Pack, Texts, Then, When, listed
from policies.vocabulary import DUTIES, Consent, Verdict
from policies.wording import Spoken, Wording

Recipient = Literal[
    "none",
    "third_party_ads",
    "processor",
    "group_company",
    "overseas_group_company",
    "overseas_recipient",
]
ClaimedBasis = Literal[
    "consent",
    "contract",
    "legal_obligation",
    "vital_interests",
    "public_task",
    "legitimate_interest",
    "notice",
]

Role = Literal["own_shop", "online_platform"]

ADULT: Final = 200


class Question(Strict):
    """What a tag definition states, or what is asked about it. Absent means not stated.

    Its words (`key`, `name`, `description`) decide nothing here: policies.question reads them.
    """

    key: str | None = None
    name: Wording = Spoken()
    description: Wording = Spoken()
    derivation: Literal["declared", "observed", "inferred"] | None = None
    sources: Texts = ()
    asserts: Texts = ()
    purposes: Texts = ()
    purpose: Texts = ()
    automated: bool | Literal["solely"] | None = None
    effect: Literal["none", "legal_or_similarly_significant"] | None = None
    recipients: Annotated[tuple[Recipient, ...], BeforeValidator(listed)] = ("none",)
    subject_age: Annotated[int, Field(ge=0, le=150)] | Literal["adult"] | None = None
    basis_claimed: ClaimedBasis | None = None
    service_conditional: bool | None = None
    art22_gateway: Literal["contract_necessity", "explicit_consent", "law"] | None = None
    affects: Annotated[tuple[Literal["price", "trading_terms"], ...], BeforeValidator(listed)] = ()
    same_goods_same_terms: bool | None = None
    consumer_informed: bool | None = None
    keyword_class: Literal["illegal_information", "harmful_information"] | None = None
    member_state: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None
    authorising_law: str | None = None
    opted_out: bool | None = None
    opt_out_signal: bool | None = None
    limited: bool | None = None
    admt_opted_out: bool | None = None
    role: Role | None = None
    """What the shop is under the companions of a regime; not stated: a shop of its own goods."""
    as_of: date | None = None

    def uses(self) -> tuple[str, ...]:
        """Return the purposes asked about, under either name."""
        return _unique((*self.purposes, *self.purpose))


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a decision: which rule, for which purpose, and what it contributed."""

    rule: str
    said: str
    purpose: str = ""
    cites: tuple[str, ...] = ()
    provenance: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the law of one regime answers, and why."""

    regime: str
    pack: str
    verdict: Verdict
    consent: Consent
    sensitive: bool
    requires: tuple[str, ...]
    cites: tuple[str, ...]
    why: Mapping[str, str]
    rule: str
    provenance: str
    basis_carries: bool | None = None
    """Whether the claimed basis can carry it; None when none is claimed or the regime knows none."""
    trace: tuple[Step, ...] = ()
    by_purpose: Mapping[str, "Answer"] = field(default_factory=dict)


def decide(question: Question, pack: Pack) -> Answer:
    """Return what the pack answers to the question; never raises for a lawful or unlawful one."""
    steps = _assumed(question, pack)
    early = _unanswerable(question, pack)
    if early is not None:
        return replace(early, trace=(*steps, *early.trace))
    found = {use: _one(question, use, pack) for use in question.uses()}
    worst = max(found.values(), key=severity)
    trace = (*steps, *(step for answer in found.values() for step in answer.trace))
    if len(found) == 1:
        return replace(worst, trace=trace)
    return replace(
        worst,
        sensitive=any(answer.sensitive for answer in found.values()),
        requires=_ordered(duty for answer in found.values() for duty in answer.requires),
        provenance=_weakest(answer.provenance for answer in found.values()),
        basis_carries=_all_carry(answer.basis_carries for answer in found.values()),
        trace=trace,
        by_purpose=found,
    )


def covers(key: str, category: str) -> bool:
    """Return whether a category is the key or below it."""
    return category == key or category.startswith(key + ".")


def _assumed(question: Question, pack: Pack) -> list[Step]:
    """Return what is taken for granted because the question does not state it."""
    steps = []
    if not question.asserts:
        steps.append(Step("asserts-from-sources", "asserts are not stated: taken from sources"))
    if question.subject_age is None:
        steps.append(Step("adult-assumed", "subject_age is not stated: adults"))
    if question.role is None and pack.role is not None:
        steps.append(Step("role-assumed", f"role is not stated: {pack.role}"))
    return steps


def _facts(question: Question, use: str, pack: Pack) -> dict[str, Any]:
    categories = {*question.asserts, *question.sources}
    age = question.subject_age
    return {
        "purpose": use,
        "categories": categories,
        "reveals": {
            name for name, items in pack.sets.items() if any(_in(items, c) for c in categories)
        },
        "age": age if isinstance(age, int) else ADULT,
        "derivation": question.derivation,
        "automated": question.automated,
        "effect": question.effect or "none",
        "recipients": set(question.recipients),
        "basis": question.basis_claimed,
        "gateway": question.art22_gateway,
        "affects": set(question.affects),
        "keyword_class": question.keyword_class,
        "authorising_law": question.authorising_law is not None,
        "service_conditional": question.service_conditional,
        "same_goods_same_terms": question.same_goods_same_terms,
        "consumer_informed": question.consumer_informed,
        "opted_out": question.opted_out,
        "opt_out_signal": question.opt_out_signal,
        "limited": question.limited,
        "admt_opted_out": question.admt_opted_out,
        "sensitive": None,
        "as_of": question.as_of,
        "member_state": question.member_state,
        "role": question.role,
    }


def _in(items: CategorySet, category: str) -> bool:
    if items.exactly:
        return category in items.categories
    return any(covers(key, category) for key in items.categories)


def _unanswerable(question: Question, pack: Pack) -> Answer | None:
    if not _in_force(pack, question.as_of):
        return _gap(
            pack, "not-in-force", "The pack is not in force on this date.", "规则包在该日期未生效。"
        )
    if not question.uses():
        return _gap(pack, "no-purpose", "No purpose is stated.", "未说明处理目的。")
    if not question.sources and not question.asserts:
        return _gap(pack, "no-category", "No category of data is stated.", "未说明数据类别。")
    unknown = {*question.asserts, *question.sources} - pack.categories if pack.categories else set()
    if unknown:
        return _gap(
            pack,
            "unknown-category",
            f"Unknown category of data: {', '.join(sorted(unknown))}.",
            f"未知的数据类别：{'、'.join(sorted(unknown))}。",
        )
    return None


def _one(question: Question, use: str, pack: Pack) -> Answer:
    """Answer for one purpose: the pack, the companions that apply with it, the overlay over it."""
    asked = question.model_copy(update={"role": question.role or pack.role})
    facts = _facts(asked, use, pack)
    answer = _ruled(facts, pack)
    others = [(_facts(asked, use, c), c) for c in pack.companions if _in_force(c, asked.as_of)]
    answer = beside(answer, [_ruled(known, companion) for known, companion in others])
    for known, companion in [(facts, pack), *others]:
        answer = _with_duties(answer, known, companion)
    if asked.role is None:
        answer = replace(answer, trace=(*answer.trace, *_by_role(answer, others)))
    if pack.beneath is not None:
        answer, said = over(_one(question, use, pack.beneath), answer, pack.reason)
        if said:
            answer = replace(answer, trace=(*answer.trace, Step(pack.overlay, said, use)))
    return answer


def _by_role(answer: Answer, others: Iterable[tuple[dict[str, Any], Pack]]) -> Iterator[Step]:
    """Tell what a companion would answer to a shop in a role that the question leaves open."""
    for known, companion in others:
        if companion.role is not None:
            stricter = _ruled(known | {"role": companion.role}, companion)
            if severity(stricter) > severity(answer):
                said = f"{stricter.verdict} for an {companion.role}; role is not stated"
                use = str(known["purpose"])
                yield Step(stricter.rule, said, use, stricter.cites, stricter.provenance)


def _in_force(pack: Pack, at: date | None) -> bool:
    """Return whether a pack is law on a date; without one the law as it will be counts."""
    start, end = pack.in_force.start, pack.in_force.end
    return at is None or (start <= at and (end is None or at < end))


def _ruled(facts: Mapping[str, Any], pack: Pack) -> Answer:
    """Answer by the first rule that holds, and the basis that is claimed."""
    use = str(facts["purpose"])
    marks = [mark for mark in pack.sensitivity if holds(mark.when, facts, pack)]
    steps = [Step(m.id, "sensitive", use, m.cites, m.provenance) for m in marks]
    facts = {**facts, "sensitive": bool(marks)}
    rule = next((rule for rule in pack.rules if holds(rule.when, facts, pack)), None)
    if rule is None:
        answer = _gap(pack, "no-rule", "No rule of the pack settles this.", "规则包未作规定。")
        return replace(answer, sensitive=bool(marks), trace=(*steps, *answer.trace))
    then = rule.then
    steps.append(Step(rule.id, then.verdict, use, rule.cites, rule.provenance))
    answer = Answer(
        pack.regime,
        pack.version,
        then.verdict,
        then.consent,
        bool(marks),
        then.requires,
        _unique([*rule.cites, *(cite for mark in marks for cite in mark.cites)]),
        {"en": then.why.en, "zh": then.why.zh},
        rule.id,
        rule.provenance,
    )
    answer, more = _with_basis(answer, then, facts, pack)
    return replace(answer, trace=(*steps, *more))


def _with_duties(answer: Answer, facts: Mapping[str, Any], pack: Pack) -> Answer:
    duties = [d for d in pack.duties if _applies(d, answer, facts, pack)]
    use = str(facts["purpose"])
    more = [Step(d.id, "duty", use, d.cites, d.provenance) for d in duties]
    requires = _ordered([*answer.requires, *(code for d in duties for code in d.requires)])
    return replace(answer, requires=requires, trace=(*answer.trace, *more))


def _with_basis(
    answer: Answer, then: Then, facts: Mapping[str, Any], pack: Pack
) -> tuple[Answer, list[Step]]:
    """Let the claimed basis count: consent must be shown, and what cannot carry is replaced by it."""
    claimed, use = facts["basis"], facts["purpose"]
    open_ = answer.verdict in (Verdict.ALLOWED, Verdict.NEEDS_CONSENT)
    if claimed is None or pack.basis_refused is None or not open_:
        return answer, []
    if not then.bases or claimed in then.bases:
        answer = replace(answer, basis_carries=True)
        claim = pack.consent_claimed
        if claimed != "consent" or claim is None or answer.verdict is not Verdict.ALLOWED:
            return answer, []
        consent = Consent.ORDINARY
    else:
        answer = replace(answer, basis_carries=False)
        claim = pack.basis_refused
        consent = Consent.ORDINARY if answer.consent is Consent.NONE else answer.consent
    return replace(
        answer,
        verdict=Verdict.NEEDS_CONSENT,
        consent=consent,
        cites=_unique([*claim.cites, *answer.cites]),
        why={"en": claim.why.en, "zh": claim.why.zh},
        rule=claim.id,
    ), [Step(claim.id, f"basis claimed: {claimed}", use, claim.cites)]


def holds(when: When, facts: Mapping[str, Any], pack: Pack) -> bool:
    """Return whether every part of a condition that is given holds for the facts."""
    for name in when.model_fields_set:
        wanted = getattr(when, name)
        if name == "any_of":
            if not any(holds(part, facts, pack) for part in wanted):
                return False
        elif not _part(name, wanted, facts, pack):
            return False
    return True


def _part(name: str, wanted: Any, facts: Mapping[str, Any], pack: Pack) -> bool:
    match name:
        case "reveals" | "recipients" | "affects":
            found = not facts[name].isdisjoint(wanted)
        case "reveals_none_of":
            found = facts["reveals"].isdisjoint(wanted)
        case "recipients_none_of":
            found = facts["recipients"].isdisjoint(wanted)
        case "age_below":
            found = facts["age"] < _age(wanted, facts, pack)
        case "age_from":
            found = facts["age"] >= _age(wanted, facts, pack)
        case "on_or_after":  # without a date the law as it will be counts
            found = facts["as_of"] is None or facts["as_of"] >= wanted
        case "before":
            found = facts["as_of"] is not None and facts["as_of"] < wanted
        case "authorising_law" | "sensitive":
            found = facts[name] == wanted
        case _:
            found = facts[name] in wanted
    return bool(found)


def _age(wanted: int | str, facts: Mapping[str, Any], pack: Pack) -> int:
    if isinstance(wanted, int):
        return wanted
    table = pack.tables[wanted]
    return table.states.get(str(facts["member_state"]), table.default)


def _applies(duty: Duty, answer: Answer, facts: Mapping[str, Any], pack: Pack) -> bool:
    if answer.verdict not in duty.verdicts:
        return False
    if duty.sensitive is not None and duty.sensitive != answer.sensitive:
        return False
    return holds(duty.when, {**facts, "sensitive": answer.sensitive}, pack)


def _gap(pack: Pack, rule: str, en: str, zh: str) -> Answer:
    return Answer(
        pack.regime,
        pack.version,
        Verdict.GAP,
        Consent.NONE,
        sensitive=False,
        requires=(),
        cites=(),
        why={"en": en, "zh": zh},
        rule=rule,
        provenance="verified",
        trace=(Step(rule, Verdict.GAP),),
    )


def _ordered(codes: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(codes), key=DUTIES.index))


def _unique(items: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(items))


def _weakest(marks: Iterable[str]) -> str:
    return "knowledge" if "knowledge" in set(marks) else "verified"


def _all_carry(found: Iterable[bool | None]) -> bool | None:
    known = [item for item in found if item is not None]
    return all(known) if known else None
