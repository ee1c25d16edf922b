# SPDX-License-Identifier: Apache-2.0
"""What the law asks of a tag for one purpose, one regime and one age: pure, and remembered.

Fails closed: a regime without a pack, a purpose that was not applied, a basis that is missing or
cannot carry the purpose, a recipient that nobody knows, an assessment that the answer asks for and
that is missing or overdue: none of them is ever allowed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, get_args

from governance.assessment import Assessments
from governance.law import Law, shipped
from governance.purpose import Purpose
from policies.assessments import RULES as ASSESSED
from policies.decision import Answer, Question, Recipient, decide
from policies.vocabulary import AGE_BANDS, Consent, Kind, Reason, Verdict, sufficient
from tagging.document import Tag

_RECIPIENTS: Final = frozenset(get_args(Recipient))
_GATEWAY: Final = {
    "consent": "explicit_consent",
    "contract": "contract_necessity",
    "legal_obligation": "law",
}


@dataclass(frozen=True, slots=True)
class Requirement:
    """What must hold for one tag, purpose, regime and age band.

    `reason` is why the law stops it, whatever the person says (None: it does not); `kinds` are the
    kinds of consent of which one must be given (none: no consent is needed). `assessments` are the
    types that the law asks for, `missing` those of them that nothing in force covers.
    """

    purpose: str
    regime: str
    band: str
    reason: Reason | None
    kinds: frozenset[Kind] = frozenset()
    basis: str = ""
    opt_out_stops: bool = False
    cites: tuple[str, ...] = ()
    rule: str = ""
    assessments: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the answer depends on, so that it can be remembered."""

    derivation: str
    sources: tuple[str, ...]
    asserts: tuple[str, ...]
    effect: str
    use: str
    recipients: tuple[str, ...]
    basis: str
    regime: str
    law: Law


def requirements(
    definition: Tag,
    purposes: Mapping[str, Purpose],
    only: str | None = None,
    *,
    assessments: Assessments,
    law: Law | None = None,
) -> tuple[Requirement, ...]:
    """Return what must hold, for each purpose (or only one), each regime with a pack, each band.

    The law is that of the product when none is given.
    """
    law = law or shipped()
    return tuple(
        requirement(
            definition, key, purposes.get(key), (regime, band), law, assessments=assessments
        )
        for key in (definition.purposes if only is None else (only,))
        for regime in law.packs
        for band in AGE_BANDS
    )


def requirement(
    definition: Tag,
    key: str,
    purpose: Purpose | None,
    people: tuple[str, str],
    law: Law | None = None,
    *,
    assessments: Assessments,
) -> Requirement:
    """Return what must hold for people of one (regime, age band); unknown ones are a gap."""
    regime, band = people
    law = law or shipped()
    if key not in definition.purposes:
        return Requirement(key, regime, band, Reason.PURPOSE_NOT_DECLARED)
    if purpose is None:
        return Requirement(key, regime, band, Reason.UNKNOWN_PURPOSE)
    if regime not in law.packs or band not in AGE_BANDS:
        return Requirement(key, regime, band, Reason.GAP)
    basis = {str(name): str(claimed) for name, claimed in definition.basis.items()}.get(regime)
    if basis is None:
        return Requirement(key, regime, band, Reason.NO_BASIS)
    recipients = _recipients(definition) | set(purpose.recipients)
    if recipients - {"none"}:
        recipients.discard("none")
    if recipients - _RECIPIENTS:
        return Requirement(key, regime, band, Reason.GAP, basis=basis)
    asked = _Asked(
        definition.derivation,
        definition.sources,
        definition.asserts,
        definition.effect,
        str(purpose.use),
        tuple(sorted(recipients)),
        basis,
        regime,
        law,
    )
    return _assessed(_settled(asked, key, band), definition.key, assessments)


def _assessed(found: Requirement, tag: str, assessments: Assessments) -> Requirement:
    """Stop what lacks an assessment; the remembered answer knows which ones the law asks for."""
    missing = tuple(
        kind for kind in found.assessments if not assessments.covering(kind, found.purpose, tag)
    )
    if not missing:
        return found
    articles = (article for kind in missing for article in ASSESSED[kind].articles)
    return replace(
        found,
        reason=Reason.ASSESSMENT_MISSING,
        opt_out_stops=False,
        cites=tuple(dict.fromkeys((*articles, *found.cites))),
        missing=missing,
    )


def adult_answer(definition: Tag, purpose: Purpose, regime: str, law: Law | None = None) -> Answer:
    """Return what the law of a regime answers to a tag and purpose for adults; pure.

    A regime for which the tag claims no basis is asked without one. The law is that of the product
    when none is given.
    """
    return answer_for(definition, purpose, (regime, "18+"), law)


def answer_for(
    definition: Tag, purpose: Purpose, people: tuple[str, str], law: Law | None = None
) -> Answer:
    """Return what the law answers to a tag and purpose for people of one (regime, age band); pure."""
    regime, band = people
    known = (_recipients(definition) | set(purpose.recipients)) & _RECIPIENTS
    basis = {str(name): str(claimed) for name, claimed in definition.basis.items()}.get(regime, "")
    asked = _Asked(
        definition.derivation,
        definition.sources,
        definition.asserts,
        definition.effect,
        str(purpose.use),
        tuple(sorted(known - {"none"} or {"none"})),
        basis,
        regime,
        law or shipped(),
    )
    return _answer(asked, AGE_BANDS[band])


@lru_cache(maxsize=16_384)
def _settled(asked: _Asked, key: str, band: str) -> Requirement:
    youngest = AGE_BANDS[band]
    answer = _answer(asked, youngest)
    reason = _reason(asked, answer, youngest)
    need = answer.consent
    if need is Consent.NONE and asked.basis == "consent":
        need = Consent.OPT_IN  # where the law asks for none, the owner of the tag has promised one
    opt_out = _answer(asked, youngest, opted_out=True).verdict is Verdict.PROHIBITED
    return Requirement(
        key,
        asked.regime,
        band,
        reason,
        sufficient(need, youngest) if reason is None else frozenset(),
        asked.basis,
        opt_out_stops=opt_out and reason is None,
        cites=answer.cites,
        rule=answer.rule,
        assessments=tuple(duty for duty in answer.requires if duty in ASSESSED and reason is None),
    )


def _reason(asked: _Asked, answer: Answer, youngest: int | None) -> Reason | None:
    if answer.verdict in (Verdict.PROHIBITED, Verdict.GAP):
        adult = _answer(asked, None).verdict
        if youngest is not None and adult not in (Verdict.PROHIBITED, Verdict.GAP):
            return Reason.MINOR
        return Reason.PROHIBITED if answer.verdict is Verdict.PROHIBITED else Reason.GAP
    return Reason.WRONG_BASIS if answer.basis_carries is False else None


def _answer(asked: _Asked, youngest: int | None, *, opted_out: bool = False) -> Answer:
    question = Question.model_validate(
        {
            "derivation": asked.derivation,
            "sources": asked.sources,
            "asserts": asked.asserts,
            "purposes": [asked.use],
            "automated": True if asked.effect == "none" else "solely",
            "effect": asked.effect,
            "recipients": asked.recipients,
            "subject_age": "adult" if youngest is None else youngest,
            "basis_claimed": asked.basis or None,
            "art22_gateway": _GATEWAY.get(asked.basis) if asked.effect != "none" else None,
            "opted_out": opted_out,
            "role": asked.law.role,
        }
    )
    return decide(question, asked.law.packs[asked.regime])


def _recipients(definition: Tag) -> set[str]:
    given = definition.recipients
    return {given} if isinstance(given, str) else set(given)
