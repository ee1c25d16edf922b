# SPDX-License-Identifier: Apache-2.0
"""What the law asks of a tag for one purpose, one regime and one age: pure, and remembered.

Fails closed: a regime without a pack, a purpose that was not applied, a basis that is missing or
cannot carry the purpose, a recipient that nobody knows: none of them is ever allowed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, get_args

from governance.purpose import Purpose
from policies.decision import Answer, Question, Recipient, decide
from policies.packs import packs
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
    kinds of consent of which one must be given (none: no consent is needed).
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


def requirements(
    definition: Tag, purposes: Mapping[str, Purpose], only: str | None = None
) -> tuple[Requirement, ...]:
    """Return what must hold, for each purpose (or only one), each regime with a pack, each band."""
    return tuple(_requirements(definition, purposes, only))


def _requirements(
    definition: Tag, purposes: Mapping[str, Purpose], only: str | None
) -> Iterator[Requirement]:
    for key in definition.purposes if only is None else (only,):
        for regime in packs():
            for band in AGE_BANDS:
                yield requirement(definition, key, purposes.get(key), regime, band)


def requirement(
    definition: Tag, key: str, purpose: Purpose | None, regime: str, band: str
) -> Requirement:
    """Return what must hold for people of one regime and age band; unknown ones are a gap."""
    if key not in definition.purposes:
        return Requirement(key, regime, band, Reason.PURPOSE_NOT_DECLARED)
    if purpose is None:
        return Requirement(key, regime, band, Reason.UNKNOWN_PURPOSE)
    if regime not in packs() or band not in AGE_BANDS:
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
    )
    return _settled(asked, key, band)


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
            "basis_claimed": asked.basis,
            "art22_gateway": _GATEWAY.get(asked.basis) if asked.effect != "none" else None,
            "opted_out": opted_out,
        }
    )
    return decide(question, packs()[asked.regime])


def _recipients(definition: Tag) -> set[str]:
    given = definition.recipients
    return {given} if isinstance(given, str) else set(given)
