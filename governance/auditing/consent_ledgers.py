# SPDX-License-Identifier: Apache-2.0
"""The ledgers of consent and choice, read a second time: from when until when something stood on record.

Nothing of the gate is used: not the folded states, not the sets of people. What is said counts from
the instant at which it is on record, since before nobody could obey it. Of all that is on record, the
latest in the order of the ledger holds (`at`; then what protects the person; then the number), so an
entry changes something only when none before it stands higher.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, text

from policies.vocabulary import State

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

NEVER: Final = 2**62
"""An end that has not come."""
_EVERY = ""


@dataclass(frozen=True, slots=True, eq=False)
class Spans:
    """When one thing stood on record, for many people: columns, by person and start."""

    who: Ints
    start: Ints
    end: Ints
    until: Ints
    """When it expires by itself (microseconds), NEVER: not."""
    at: Ints
    """When it was said."""
    notice: tuple[str, ...] = ()

    def covering(
        self, who: Ints, at: Ints, *, slack: int = 0, expires: Ints | None = None
    ) -> Bools:
        """Return for each (person, instant) whether it stood: start <= at + slack and at < end.

        With `expires` only what had not expired at these instants counts.
        """
        found = np.zeros(len(who), dtype=np.bool_)
        place, end = np.searchsorted(self.who, who, "left"), np.searchsorted(self.who, who, "right")
        left = np.flatnonzero(place < end)
        while left.size:
            row = place[left]
            hit = (self.start[row] <= at[left] + slack) & (at[left] < self.end[row])
            if expires is not None:
                hit &= self.until[row] > expires[left]
            found[left] = hit
            place[left] += 1
            left = left[~hit & (place[left] < end[left])]
        return found


@dataclass(frozen=True, slots=True)
class Stop:
    """An entry by which somebody said no, as it came on record."""

    who: int
    kind: str
    """refused, withdrawn, or a kind of choice."""
    target: str
    at: int
    recorded: int
    changes: bool
    """Whether it took effect: not when something later had been said already."""
    signal: bool = False
    """Whether it came as a preference signal (GPC)."""


@dataclass(slots=True, eq=False)
class Ledgers:
    """Both ledgers of some people."""

    said: dict[tuple[str, str, str], Spans]
    """(purpose, kind of consent, state) → when that state stood."""
    chosen: dict[tuple[str, str], Spans]
    """(kind of choice, its target) → when it was in force."""
    stops: list[Stop]

    def moving(self, since: int, until: int) -> Ints:
        """Return the people of whom something began to stand, ended or expired in a period."""
        every = (*self.said.values(), *self.chosen.values())
        found = [
            spans.who[(since <= at) & (at <= until)]
            for spans in every
            for at in (spans.start, spans.end, spans.until)
        ]
        return np.unique(np.concatenate(found or [np.array([], dtype=np.int64)]))


@dataclass(slots=True)
class _Lists:
    """Columns that grow."""

    rows: list[tuple[int, int, int, int, int]] = field(default_factory=list)
    notice: list[str] = field(default_factory=list)

    def add(self, who: int, row: Any, end: int) -> None:
        until = getattr(row, "expires_at", None)
        until = NEVER if until is None else until
        self.rows.append((who, row.recorded_at, end, until, row.at))
        self.notice.append(getattr(row, "notice", ""))

    def spans(self) -> Spans:
        columns = np.array(self.rows, dtype=np.int64).reshape(-1, 5)
        order = np.lexsort((columns[:, 1], columns[:, 0]))
        notice = tuple(self.notice[n] for n in order.tolist())
        who, start, end, until, at = columns[order].T
        return Spans(who, start, end, until, at, notice)


def read(connection: Connection, first: int, last: int) -> Ledgers:
    """Return the ledgers of the people `first` to `last` who are still here."""
    said: dict[tuple[str, str, str], _Lists] = defaultdict(_Lists)
    chosen: dict[tuple[str, str], _Lists] = defaultdict(_Lists)
    stops: list[Stop] = []
    people = {"a": first, "b": last}
    rows: Iterable[Any] = connection.execute(text(_CONSENTS), people).all()
    for (who, purpose), entries in groupby(rows, lambda row: (row.subject_id, row.purpose)):
        _consents(who, purpose, list(entries), said, stops)
    rows = connection.execute(text(_CHOICES), people).all()
    for (who, kind, target), entries in groupby(
        rows, lambda row: (row.subject_id, row.kind, row.target)
    ):
        _choices(who, (kind, target), list(entries), chosen[kind, target], stops)
    return Ledgers(
        {key: found.spans() for key, found in said.items()},
        {key: found.spans() for key, found in chosen.items()},
        stops,
    )


_CONSENTS: Final = """
SELECT e.subject_id, e.purpose, e.kind, e.state, e.at, e.expires_at, e.recorded_at, e.notice, e.id
FROM consentevent e JOIN subject s ON s.subject_id = e.subject_id
WHERE e.subject_id BETWEEN :a AND :b ORDER BY e.subject_id, e.purpose, e.id
"""
_CHOICES: Final = """
SELECT e.subject_id, e.kind, e.target, e.active, e.at, e.recorded_at, e.source, e.id
FROM choiceevent e JOIN subject s ON s.subject_id = e.subject_id
WHERE e.subject_id BETWEEN :a AND :b ORDER BY e.subject_id, e.kind, e.target, e.id
"""


def _consents(
    who: int,
    purpose: str,
    rows: Sequence[Any],
    said: dict[tuple[str, str, str], _Lists],
    stops: list[Stop],
) -> None:
    """Put down what one person said about one purpose."""
    effective: set[int] = set()
    for kind in sorted({row.kind for row in rows} - {_EVERY}):
        own = [row for row in rows if row.kind in (kind, _EVERY)]
        for row, end in _reigns(own, lambda row: row.state == State.WITHDRAWN):
            said[purpose, kind, row.state].add(who, row, end)
            effective.add(row.id)
    stops += [
        Stop(who, row.state, purpose, row.at, row.recorded_at, row.id in effective)
        for row in rows
        if row.state != State.GIVEN
    ]


def _choices(
    who: int, what: tuple[str, str], rows: Sequence[Any], lists: _Lists, stops: list[Stop]
) -> None:
    """Put down what one person chose about one thing."""
    effective: set[int] = set()
    for row, end in _reigns(rows, lambda row: bool(row.active)):
        effective.add(row.id)
        if row.active:
            lists.add(who, row, end)
    stops += [
        Stop(who, *what, row.at, row.recorded_at, row.id in effective, signal=row.source == "gpc")
        for row in rows
        if row.active
    ]


def _reigns(rows: Sequence[Any], protects: Any) -> Iterator[tuple[Any, int]]:
    """Yield the entries that held, each with the instant at which another took its place."""
    holding = None
    for row in rows:
        rank = (row.at, protects(row), row.id)
        if holding is None or rank > holding[0]:
            if holding is not None:
                yield holding[1], row.recorded_at
            holding = rank, row
    if holding is not None:
        yield holding[1], NEVER
