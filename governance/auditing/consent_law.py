# SPDX-License-Identifier: Apache-2.0
"""What the law asks of each tag for people of each regime and age: asked of the packs, not of the gate.

An assessment that is missing is no matter of consent: `audit compliance` speaks of it.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from sqlalchemy import Connection, text

from governance.catalogue import USABLE, active
from governance.purpose import Purpose, purposes
from policies.decision import Answer, decide
from policies.law import Law
from policies.vocabulary import AGE_BANDS, Choice, Consent, Kind, Reason, Verdict, sufficient
from tagging.asking import RECIPIENTS, Asked, recipients_of
from tagging.document import Tag

Cell = tuple[str, str]
"""Regime and age band."""

STOPPING: Final[Mapping[Choice, tuple[str, Reason]]] = {
    Choice.OPT_OUT: ("opted_out", Reason.OPTED_OUT),
    Choice.LIMIT: ("limited", Reason.LIMITED),
    Choice.ADMT_OPT_OUT: ("admt_opted_out", Reason.DECISIONS_OFF),
}
"""Choices that stop a tag where the law says so: the field of the question, and the reason."""


@dataclass(frozen=True, slots=True)
class Way:
    """One purpose by which a tag may be used: what a person must have said, and what stops it.

    `why` says that the law itself stops it (None: it does not).
    """

    purpose: str
    why: Reason | None
    kinds: frozenset[Kind] = frozenset()
    """Kinds of consent of which one must be given; none: no consent is needed."""
    stopped_by: tuple[Choice, ...] = ()
    personalised: bool = False
    basis: str = ""


@dataclass(frozen=True, slots=True)
class Asking:
    """A version of a tag, and the ways in which it may be used in each cell of people."""

    id: int
    key: str
    version: int
    used: bool
    """Whether it is a version that is shown and computed."""
    purposes: tuple[str, ...]
    ways: Mapping[Cell, tuple[Way, ...]]


def askings(connection: Connection, law: Law) -> list[Asking]:
    """Return every version of every tag with what the law asks of it.

    A version that is in use is judged by what its inputs bring as well; an older one by its own words.
    """
    known = purposes(connection)
    newest = {one.id: one.effective for one in active(connection).values()}
    rows = connection.execute(
        text("SELECT id, key, version, state, document FROM definition ORDER BY id")
    )
    found = []
    for row in rows:
        tag = newest.get(row.id) or Tag.model_validate(json.loads(row.document))
        ways = {cell: tuple(_ways(tag, cell, known, law)) for cell in cells(law)}
        used = row.state in USABLE
        found.append(Asking(row.id, row.key, row.version, used, tag.purposes, ways))
    return found


def cells(law: Law) -> Iterator[Cell]:
    """Yield the cells of people that the law knows."""
    yield from ((regime, band) for regime in law.packs for band in AGE_BANDS)


def _ways(tag: Tag, cell: Cell, known: Mapping[str, Purpose], law: Law) -> Iterator[Way]:
    for key in tag.purposes:
        purpose = known.get(key)
        if purpose is None:
            yield Way(key, Reason.UNKNOWN_PURPOSE)
        else:
            yield _way(tag, key, purpose, cell, law)


def _way(tag: Tag, key: str, purpose: Purpose, cell: Cell, law: Law) -> Way:
    regime, band = cell
    basis = {str(name): str(claimed) for name, claimed in tag.basis.items()}.get(regime)
    if basis is None:
        return Way(key, Reason.NO_BASIS)
    if (recipients_of(tag) | set(purpose.recipients)) - RECIPIENTS:
        return Way(key, Reason.GAP, basis=basis)
    asked = Asked.of(tag, str(purpose.use), purpose.recipients, basis)
    youngest = AGE_BANDS[band]
    answer = _answer(asked, regime, law, youngest)
    if (why := _stops(answer, _answer(asked, regime, law, None), youngest)) is not None:
        return Way(key, why, basis=basis)
    need = answer.consent
    if need is Consent.NONE and basis == "consent":
        need = Consent.OPT_IN  # the owner of the tag has promised to ask
    stopped_by = tuple(
        choice
        for choice, (field, _) in STOPPING.items()
        if _answer(asked, regime, law, youngest, field).verdict is Verdict.PROHIBITED
    )
    return Way(key, None, sufficient(need, youngest), stopped_by, purpose.personalised, basis)


def _stops(answer: Answer, for_adults: Answer, youngest: int | None) -> Reason | None:
    """Return why the law stops it, None where it does not."""
    barred = (Verdict.PROHIBITED, Verdict.GAP)
    if answer.verdict in barred:
        if youngest is not None and for_adults.verdict not in barred:
            return Reason.MINOR
        return Reason.PROHIBITED if answer.verdict is Verdict.PROHIBITED else Reason.GAP
    return Reason.WRONG_BASIS if answer.basis_carries is False else None


@lru_cache(maxsize=16_384)
def _answer(asked: Asked, regime: str, law: Law, youngest: int | None, decided: str = "") -> Answer:
    return decide(asked.question(youngest, decided=decided, role=law.role), law.packs[regime])


def used_for(found: Iterable[Asking], purpose: str, cell: Cell) -> Iterator[tuple[Asking, Way]]:
    """Yield the ways of the tags in use that lead through a purpose, for a cell."""
    for one in found:
        if one.used:
            yield from ((one, way) for way in one.ways[cell] if way.purpose == purpose)
