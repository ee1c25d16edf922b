# SPDX-License-Identifier: Apache-2.0
"""What the law asks of a tag for one purpose, one regime and one age: pure, and remembered.

Fails closed: a regime without a pack, a purpose that was not applied, a basis that is missing or
cannot carry the purpose, a recipient that nobody knows, an assessment that the answer asks for and
that is missing or overdue: none of them is ever allowed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, NamedTuple

from governance.assessment import Assessments
from governance.purpose import Purpose
from policies.assessments import RULES as ASSESSED
from policies.decision import Answer, decide
from policies.law import Law, shipped
from policies.vocabulary import AGE_BANDS, Choice, Consent, Kind, Reason, Verdict, sufficient
from tagging.asking import RECIPIENTS, Asked, recipients_of
from tagging.document import Tag


class Stop(NamedTuple):
    """A choice that stops a tag where the law says so."""

    asked: str
    """The field of the question that says that the person chose it."""
    people: str
    """The set of people who chose it."""
    reason: Reason


STOPS: Final[Mapping[Choice, Stop]] = {
    Choice.OPT_OUT: Stop("opted_out", "optout", Reason.OPTED_OUT),
    Choice.LIMIT: Stop("limited", "limited", Reason.LIMITED),
    Choice.ADMT_OPT_OUT: Stop("admt_opted_out", "admt-optout", Reason.DECISIONS_OFF),
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
    stopped_by: tuple[Choice, ...] = ()
    """The choices of a person that stop it, in the order of `STOPS`."""
    cites: tuple[str, ...] = ()
    rule: str = ""
    assessments: tuple[str, ...] = ()
    sensitive: bool = False
    """Whether the tag is sensitive whoever the person is: its assessments must name it."""
    missing: tuple[str, ...] = ()


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
    if (recipients_of(definition) | set(purpose.recipients)) - RECIPIENTS:
        return Requirement(key, regime, band, Reason.GAP, basis=basis)
    asked = Asked.of(definition, str(purpose.use), purpose.recipients, basis)
    found = _settled(asked, (regime, band), law, key)
    return _assessed(found, definition.key, assessments)


def _assessed(found: Requirement, tag: str, assessments: Assessments) -> Requirement:
    """Stop what lacks an assessment; the remembered answer knows which ones the law asks for."""
    missing = tuple(
        kind
        for kind in found.assessments
        if not assessments.covering(kind, found.purpose, tag, sensitive=found.sensitive)
    )
    if not missing:
        return found
    articles = (article for kind in missing for article in ASSESSED[kind].articles)
    return replace(
        found,
        reason=Reason.ASSESSMENT_MISSING,
        stopped_by=(),
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
    basis = {str(name): str(claimed) for name, claimed in definition.basis.items()}.get(regime, "")
    asked = Asked.of(definition, str(purpose.use), purpose.recipients, basis)
    return _answer(asked, regime, law or shipped(), AGE_BANDS[band])


@lru_cache(maxsize=16_384)
def _settled(asked: Asked, people: tuple[str, str], law: Law, key: str) -> Requirement:
    regime, band = people
    youngest = AGE_BANDS[band]
    answer = _answer(asked, regime, law, youngest)
    for_adults = _answer(asked, regime, law, None)
    reason = _reason(answer, youngest, for_adults)
    need = answer.consent
    if need is Consent.NONE and asked.basis == "consent":
        need = Consent.OPT_IN  # where the law asks for none, the owner of the tag has promised one
    return Requirement(
        key,
        regime,
        band,
        reason,
        sufficient(need, youngest) if reason is None else frozenset(),
        asked.basis,
        stopped_by=tuple(
            choice
            for choice, stop in STOPS.items()
            if reason is None
            and _answer(asked, regime, law, youngest, stop.asked).verdict is Verdict.PROHIBITED
        ),
        cites=answer.cites,
        rule=answer.rule,
        assessments=tuple(duty for duty in answer.requires if duty in ASSESSED and reason is None),
        sensitive=for_adults.sensitive,
    )


def _reason(answer: Answer, youngest: int | None, for_adults: Answer) -> Reason | None:
    if answer.verdict in (Verdict.PROHIBITED, Verdict.GAP):
        if youngest is not None and for_adults.verdict not in (Verdict.PROHIBITED, Verdict.GAP):
            return Reason.MINOR
        return Reason.PROHIBITED if answer.verdict is Verdict.PROHIBITED else Reason.GAP
    return Reason.WRONG_BASIS if answer.basis_carries is False else None


def _answer(asked: Asked, regime: str, law: Law, youngest: int | None, decided: str = "") -> Answer:
    question = asked.question(youngest, decided=decided, role=law.role)
    return decide(question, law.packs[regime])
