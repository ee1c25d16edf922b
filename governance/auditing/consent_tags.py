# SPDX-License-Identifier: Apache-2.0
"""Tag assignments of some people, and which of them nothing on record permitted. Sets, not persons.

A question about an instant is asked of all assignments at once. An assignment is judged as it was made
(by what was on record when its run ended), as a later run over everybody left it, and as it stood when
somebody said no.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import chain
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap
from sqlalchemy import Connection, text

from governance.auditing.consent_law import STOPPING, Asking, Cell, Way
from governance.auditing.consent_ledgers import NEVER, Bools, Ints, Ledgers
from governance.store import bitmaps
from policies.vocabulary import Choice, Reason, State


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Assignments, by person: columns of equal length."""

    who: Ints
    tag: Ints
    """Place of the tag version among the askings."""
    asks: Ints
    """Place of what it asks among the classes."""
    start: Ints
    end: Ints
    """When it was ended, or lapsed; NEVER: it stands."""
    known: Ints
    """What was on record then was known when it was made."""
    moved: Bools
    """Whether it ended because the person came under another law."""

    def __len__(self) -> int:
        return len(self.who)

    def at(self, places: Any) -> "Rows":
        """Return some of the rows: by place or by mask."""
        return Rows(*(getattr(self, one.name)[places] for one in fields(self)))


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """For each row the instants at which the ledgers are asked; see `Spans.covering`."""

    said: Ints
    chosen: Ints
    expires: Ints
    slack: int = 0

    def at(self, places: Any) -> "Moment":
        """Return the instants of some rows."""
        return Moment(self.said[places], self.chosen[places], self.expires[places], self.slack)


def when(instants: Ints) -> Moment:
    """Return the moment at which everything on record counts."""
    return Moment(instants, instants, instants)


def just_before(instants: Ints) -> Moment:
    """Return the moment before the entries of an instant; what began and ended at it, counts."""
    return Moment(instants - 1, instants - 1, instants, slack=1)


def making(known: Ints, made: Ints) -> Moment:
    """Return the moment of a run: a choice that came at its very end cannot have been known."""
    return Moment(known, known - 1, made)


@dataclass(frozen=True, slots=True, eq=False)
class Asks:
    """What every tag version asks of everybody, as places in few classes of equal asking."""

    askings: Sequence[Asking]
    cells: Sequence[Cell]
    classes: Sequence[tuple[Way, ...]]
    asks: NDArray[np.int64]
    """(tag version, cell) → class; the last column is for people of an unknown cell."""

    @classmethod
    def of(cls, askings: Sequence[Asking], cells: Sequence[Cell]) -> "Asks":
        """Return the classes of the askings."""
        numbers: dict[tuple[Way, ...], int] = {(): 0}
        table = [
            [numbers.setdefault(one.ways[cell], len(numbers)) for cell in cells] + [0]
            for one in askings
        ]
        asks = np.array(table, dtype=np.int64).reshape(-1, len(cells) + 1)
        return cls(askings, cells, list(numbers), asks)


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """The ledgers of some people, and the law."""

    ledgers: Ledgers
    law: Asks

    def permitted(self, rows: Rows, moment: Moment) -> Bools:
        """Return for each row whether something on record permits it at its moment."""
        found = np.zeros(len(rows), dtype=np.bool_)
        for number in np.unique(rows.asks).tolist():
            here = np.flatnonzero(rows.asks == number)
            who, then = rows.who[here], moment.at(here)
            for way in self.law.classes[number]:
                found[here] |= self._through(way, who, then)
        for _, stopped in self._held_back(rows, moment):
            found &= ~stopped
        return found

    def reasons(self, rows: Rows, moment: Moment) -> NDArray[Any]:
        """Return for each row that is not permitted the first reason why (a code of Reason)."""
        found = np.full(len(rows), "", dtype=object)
        for reason, stopped in self._held_back(rows, moment):
            found[stopped & (found == "")] = str(reason)
        for number in np.unique(rows.asks).tolist():
            here = np.flatnonzero((rows.asks == number) & (found == ""))
            for reason, stopped in self._why(number, rows.who[here], moment.at(here)):
                open_ = here[stopped & (found[here] == "")]
                found[open_] = str(reason)
        return found

    def chose(self, kind: Choice, target: str, who: Ints, at: Ints) -> Bools:
        """Return whether a choice was in force."""
        spans = self.ledgers.chosen.get((kind, target))
        return np.zeros(len(who), dtype=np.bool_) if spans is None else spans.covering(who, at)

    def said(self, way: Way, state: State, who: Ints, moment: Moment, *, fresh: bool) -> Bools:
        """Return whether one of the kinds of consent that are needed stood in a state.

        `fresh`: only where it had not expired.
        """
        found = np.zeros(len(who), dtype=np.bool_)
        for kind in way.kinds:
            spans = self.ledgers.said.get((way.purpose, kind, state))
            if spans is not None:
                expires = moment.expires if fresh else None
                found |= spans.covering(who, moment.said, slack=moment.slack, expires=expires)
        return found

    def _through(self, way: Way, who: Ints, moment: Moment) -> Bools:
        if way.why is not None:
            return np.zeros(len(who), dtype=np.bool_)
        found = np.ones(len(who), dtype=np.bool_)
        if way.kinds:
            found = self.said(way, State.GIVEN, who, moment, fresh=True)
        for _, kind, target in stops(way):
            found &= ~self.chose(kind, target, who, moment.chosen)
        return found

    def _held_back(self, rows: Rows, moment: Moment) -> Iterator[tuple[Reason, Bools]]:
        """Yield what keeps a person or a tag of theirs out of every purpose."""
        restricted = self.chose(Choice.RESTRICT, "", rows.who, moment.chosen)
        yield Reason.RESTRICTED, restricted
        for kind, reason in (
            (Choice.BLOCK, Reason.TAG_BLOCKED),
            (Choice.CONTEST, Reason.TAG_CONTESTED),
        ):
            for key in [target for chosen, target in self.ledgers.chosen if chosen == kind]:
                tags = [n for n, one in enumerate(self.law.askings) if one.key == key]
                stopped = np.isin(rows.tag, tags)
                stopped &= self.chose(kind, key, rows.who, moment.chosen)
                yield reason, stopped

    def _why(self, number: int, who: Ints, moment: Moment) -> Iterator[tuple[Reason, Bools]]:
        """Yield what stops people of a class, in the order in which reasons are given."""
        everybody = np.ones(len(who), dtype=np.bool_)
        ways = self.law.classes[number]
        way = next((way for way in ways if way.why is None), None)
        if way is None:
            yield (ways[0].why or Reason.GAP) if ways else Reason.GAP, everybody
            return
        for reason, kind, target in stops(way):
            yield reason, self.chose(kind, target, who, moment.chosen)
        for reason, state in _UNSAID:
            yield reason, self.said(way, state, who, moment, fresh=False)
        yield Reason.NO_CONSENT, everybody


_UNSAID: Final = (
    (Reason.CONSENT_WITHDRAWN, State.WITHDRAWN),
    (Reason.CONSENT_REFUSED, State.REFUSED),
    (Reason.CONSENT_EXPIRED, State.GIVEN),
)


def stops(way: Way) -> Iterator[tuple[Reason, Choice, str]]:
    """Yield the choices that stop a way: the reason, the kind and its target."""
    for choice in way.stopped_by:
        yield STOPPING[choice][1], choice, ""
    yield Reason.OBJECTED, Choice.OBJECT, way.purpose
    if way.personalised:
        yield Reason.PERSONALISATION_OFF, Choice.DEPERSONALISE, ""


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the assignments of a period, as a published run left them."""

    connection: Connection
    law: Asks
    versions: Mapping[int, int]
    """Number of a tag value → place of its version."""
    runs: Mapping[int, int]
    """Published run → when it ended: what was on record then was known; 0: of a live run."""
    sets: Sequence[tuple[int, BitMap]]
    """(place of a tag version, people in the set that is read of it without an assignment)."""

    @classmethod
    def of(cls, connection: Connection, law: Asks) -> "Reader":
        """Return the reader of a store."""
        place = {one.id: n for n, one in enumerate(law.askings)}
        values = connection.execute(text("SELECT tv, definition_id FROM tagvalue"))
        rows = connection.execute(
            text("SELECT id, mode, as_of, finished_at FROM run WHERE state = 'published'")
        )
        runs = {row.id: 0 if row.mode == "live" else row.finished_at or row.as_of for row in rows}
        versions = {row.tv: place[row.definition_id] for row in values}
        return cls(connection, law, versions, runs, _alone(connection, law, versions))

    def alone(self, people: tuple[Ints, Ints], now: int) -> Rows:
        """Return which of some people are in the set of a tag in use now without an assignment.

        An audience is read from sets: whoever writes past the product may write one only.
        """
        who, tag = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        for place, members in self.sets:
            here = people[0][np.isin(people[0], members.to_array())]
            who.append(here)
            tag.append(np.full(len(here), place))
        them, tags = np.concatenate(who), np.concatenate(tag)
        cell = people[1][np.searchsorted(people[0], them)]
        at, end = np.full(len(them), now), np.full(len(them), NEVER)
        moved = np.zeros(len(them), dtype=np.bool_)
        return Rows(them, tags, self.law.asks[tags, cell], at, end, at, moved)

    def rows(self, people: tuple[Ints, Ints], period: tuple[int, int], now: int) -> Rows:
        """Return the assignments of some people (numbers and cells, ascending) in a period."""
        found = self.connection.execute(
            text(_ROWS),
            {
                "a": int(people[0][0]),
                "b": int(people[0][-1]),
                "from": period[0],
                "to": period[1],
                "now": now,
                "never": NEVER,
            },
        ).all()
        table = np.fromiter(chain.from_iterable(found), np.int64, len(found) * 6).reshape(-1, 6)
        known = _looked_up(table[:, 4], self.runs)
        table, known = table[known >= 0], known[known >= 0]
        tag = _looked_up(table[:, 1], self.versions)
        cell = people[1][np.searchsorted(people[0], table[:, 0])]
        start = table[:, 2]
        return Rows(
            table[:, 0],
            tag,
            self.law.asks[tag, cell],
            start,
            table[:, 3],
            np.maximum(start, known),
            table[:, 5] == 1,
        )


def _alone(
    connection: Connection, law: Asks, versions: Mapping[int, int]
) -> list[tuple[int, BitMap]]:
    found = []
    for tv, place in sorted(versions.items()):
        if law.askings[place].used and (members := bitmaps.members(connection, f"tv:{tv}")):
            rows = connection.execute(text(_OPEN), {"tv": tv}).scalars()
            if left := members - BitMap(rows):
                found.append((place, left))
    return found


_OPEN: Final = (
    "SELECT a.subject_id FROM assignment a JOIN run r ON r.id = a.run_id "
    "WHERE a.tv = :tv AND a.valid_to IS NULL AND r.state = 'published'"
)
_ROWS: Final = """
SELECT a.subject_id, a.tv, a.valid_from,
  coalesce(a.valid_to, CASE WHEN a.lapses_at <= :now THEN a.lapses_at END, :never) AS ended,
  a.run_id, CASE WHEN a.closed_by = 'regime' THEN 1 ELSE 0 END AS moved
FROM assignment a JOIN subject s ON s.subject_id = a.subject_id
WHERE a.subject_id BETWEEN :a AND :b AND a.valid_from <= :to
  AND (a.valid_to IS NULL OR a.valid_to >= :from)
ORDER BY a.subject_id
"""


def runs_over_everybody(
    connection: Connection, law: Asks, period: tuple[int, int]
) -> dict[int, tuple[Ints, Ints]]:
    """Return the runs of a period that computed a tag for everybody: as of when, and published when.

    By the place of the tag version, in the order of time.
    """
    places = {(one.key, one.version): place for place, one in enumerate(law.askings)}
    found: dict[int, list[tuple[int, int]]] = defaultdict(list)
    rows = connection.execute(
        text(
            "SELECT as_of, finished_at, report FROM run WHERE state = 'published' AND mode = 'all' "
            "AND as_of BETWEEN :from AND :to ORDER BY as_of"
        ),
        {"from": period[0], "to": period[1]},
    )
    for row in rows:
        for key, count in json.loads(row.report).get("tags", {}).items():
            if (place := places.get((key, count["version"]))) is not None:
                found[place].append((row.as_of, row.finished_at or row.as_of))
    columns = {place: np.array(runs, dtype=np.int64).T for place, runs in found.items()}
    return {place: (as_of, published) for place, (as_of, published) in columns.items()}


def _looked_up(keys: Ints, known: Mapping[int, int]) -> Ints:
    """Return what each key stands for; -1 where it stands for nothing."""
    names = np.array(sorted(known), dtype=np.int64)
    if not names.size:
        return np.full(len(keys), -1, dtype=np.int64)
    values = np.array([known[name] for name in names.tolist()], dtype=np.int64)
    place = np.minimum(np.searchsorted(names, keys), len(names) - 1)
    return np.where(names[place] == keys, values[place], -1)
