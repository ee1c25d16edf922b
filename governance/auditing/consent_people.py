# SPDX-License-Identifier: Apache-2.0
"""How people stand to each purpose at the end of a period: coverage, stale consents, minors, signals."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
from sqlalchemy import Connection, text

from audit.consent.facts import Coverage, Minors, Stale
from governance.auditing.consent_law import Cell, Way, used_for
from governance.auditing.consent_ledgers import Bools, Ints, Spans
from governance.auditing.consent_tags import Asks, World, stops, when
from governance.purpose import Purpose
from policies.vocabulary import AGE_BANDS, Choice, Kind, State

SHARING: Final = "cross_context_advertising"
_GUARDIAN: Final = frozenset({Kind.GUARDIAN})


class Need(NamedTuple):
    """What a purpose asks of people of one law; the key of a line of the coverage."""

    purpose: str
    regime: str
    kinds: tuple[str, ...]
    barred_by: str


@dataclass(slots=True)
class Line:
    """A line of the coverage in the making: the cells of people it is about, and what is asked."""

    cells: set[int] = field(default_factory=set)
    ways: set[Way] = field(default_factory=set)
    tags: set[str] = field(default_factory=set)


def lines(law: Asks) -> dict[Need, Line]:
    """Return the lines of the coverage: each purpose of a tag in use, law and need."""
    found: dict[Need, Line] = defaultdict(Line)
    for purpose in sorted({key for one in law.askings if one.used for key in one.purposes}):
        for number, cell in enumerate(law.cells):
            for asking, way in used_for(law.askings, purpose, cell):
                kinds = tuple(str(kind) for kind in Kind if kind in way.kinds)
                need = Need(purpose, cell[0], kinds, way.why or "")
                found[need].cells.add(number)
                found[need].ways.add(way)
                found[need].tags.add(asking.key)
    return found


@dataclass(slots=True)
class Standing:
    """Counts of people, as they grow from one part of the people to the next."""

    law: Asks
    known: Mapping[str, Purpose]
    notices: Mapping[str, tuple[str, ...]]
    oldest: int
    """Consents that were said before this instant are too old."""
    lines: dict[Need, Line] = field(init=False)
    parts: dict[Need, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    stale: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    minors: dict[Cell, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    totals: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.lines = lines(self.law)

    def add(self, world: World, people: tuple[Ints, Ints], end: int) -> None:
        """Count some people: their numbers and cells."""
        who, cell = people
        at = np.full(len(who), end, dtype=np.int64)
        for need, line in self.lines.items():
            here = np.isin(cell, list(line.cells))
            self.parts[need].update(_stand(world, need, line, who[here], at[here]))
        self.totals["people"] += len(who)
        self.totals["unplaced"] += int((cell < 0).sum())
        unknown = [n for n, (_, band) in enumerate(self.law.cells) if band == "unknown"]
        self.totals["age_unknown"] += int(np.isin(cell, unknown).sum())
        self._stale(world, who, at)
        self._minors(world, who, cell, at)
        self._conflicts(world, who, cell, at)

    def _stale(self, world: World, who: Ints, at: Ints) -> None:
        for purpose in self.known:
            sets: dict[str, Bools] = defaultdict(lambda: np.zeros(len(who), dtype=np.bool_))
            for kind in Kind:
                spans = world.ledgers.said.get((purpose, kind, State.GIVEN))
                if spans is not None:
                    for name, of in self._wrong(purpose, spans, at[0]):
                        sets[name] |= np.isin(who, of)
            given = sets["given"]
            for name in ("too_old", "old_notice", "no_notice"):
                sets[name] &= given
            sets["expired"] &= ~given  # of another kind it may stand
            self.stale[purpose].update({name: int(found.sum()) for name, found in sets.items()})

    def _wrong(self, purpose: str, spans: Spans, end: int) -> Iterator[tuple[str, Ints]]:
        """Yield the people of whose consents something holds."""
        stands = (spans.start <= end) & (end < spans.end)
        fresh = stands & (spans.until > end)
        unknown = np.array([not one for one in spans.notice], dtype=np.bool_)
        current = self.notices.get(purpose, ())
        older = np.array([one not in current for one in spans.notice], dtype=np.bool_) & ~unknown
        yield "given", spans.who[fresh]
        yield "expired", spans.who[stands & ~fresh]
        yield "too_old", spans.who[fresh & (spans.at < self.oldest)]
        yield "old_notice", spans.who[fresh & older]
        yield "no_notice", spans.who[fresh & unknown]

    def _minors(self, world: World, who: Ints, cell: Ints, at: Ints) -> None:
        for number, (regime, band) in enumerate(self.law.cells):
            here = cell == number
            ids, then = who[here], at[here]
            guardian = _given(world, self.known, [Kind.GUARDIAN], ids, then)
            if AGE_BANDS[band] is None:
                self.totals["outgrown"] += int(guardian.sum()) if band == "18+" else 0
                continue
            purposes = {
                need.purpose
                for need, line in self.lines.items()
                if number in line.cells and any(way.kinds == _GUARDIAN for way in line.ways)
            }
            guardian = _given(world, purposes, [Kind.GUARDIAN], ids, then)
            own = _given(world, purposes, set(Kind) - _GUARDIAN, ids, then)
            self.minors[regime, band].update(
                people=len(ids),
                needing=len(ids) if purposes else 0,
                guardian=int(guardian.sum()),
                alone=int((own & ~guardian).sum()),
            )

    def _conflicts(self, world: World, who: Ints, cell: Ints, at: Ints) -> None:
        """Count the Californians who opted out and whose consent to sharing stands beside it."""
        californian = [n for n, (regime, _) in enumerate(self.law.cells) if regime == "ccpa"]
        shared = [
            key
            for key, purpose in self.known.items()
            if purpose.use == SHARING or "third_party_ads" in purpose.recipients
        ]
        both = world.chose(Choice.OPT_OUT, "", who, at) & _given(world, shared, Kind, who, at)
        self.totals["conflicts"] += int((both & np.isin(cell, californian)).sum())

    def coverage(self) -> tuple[Coverage, ...]:
        """Return the lines about anybody, by purpose and law."""
        found = []
        for need, line in sorted(self.lines.items()):
            parts = self.parts[need]
            people = parts.pop("people", 0)
            bases = tuple(sorted({way.basis for way in line.ways if way.basis}))
            if people:
                found.append(
                    Coverage(
                        need.purpose,
                        need.regime,
                        need.kinds,
                        need.barred_by,
                        bases,
                        len(line.tags),
                        people,
                        **parts,
                    )
                )
        return tuple(found)

    def staleness(self) -> tuple[Stale, ...]:
        """Return what is wrong with the consents to each purpose that anybody gave."""
        return tuple(
            Stale(
                purpose,
                given=found["given"],
                expired=found["expired"],
                too_old=found["too_old"],
                old_notice=found["old_notice"],
                no_notice=found["no_notice"],
                notices=self.notices.get(purpose, ()),
            )
            for purpose, found in sorted(self.stale.items())
            if found["given"] or found["expired"]
        )

    def children(self) -> tuple[Minors, ...]:
        """Return the laws and age bands under 18 in which there is anybody."""
        names = ("people", "needing", "guardian", "alone")
        return tuple(
            Minors(regime, band, *(found[name] for name in names))
            for (regime, band), found in sorted(self.minors.items())
            if found["people"]
        )


def _stand(world: World, need: Need, line: Line, who: Ints, at: Ints) -> Counter[str]:
    """Return how some people stand to a purpose: the parts of a line of the coverage."""
    counted = Counter(people=len(who))
    if need.barred_by or not len(who):
        return counted
    now = when(at)
    common = set.intersection(*({(kind, of) for _, kind, of in stops(way)} for way in line.ways))
    common.add((Choice.RESTRICT, ""))
    sets = [("stopped", _any(world.chose(kind, of, who, at) for kind, of in sorted(common)))]
    way = next(iter(line.ways))
    if need.kinds:
        sets += [
            ("covered", world.said(way, State.GIVEN, who, now, fresh=True)),
            ("withdrawn", world.said(way, State.WITHDRAWN, who, now, fresh=False)),
            ("refused", world.said(way, State.REFUSED, who, now, fresh=False)),
            ("expired", world.said(way, State.GIVEN, who, now, fresh=False)),
        ]
    left = np.ones(len(who), dtype=np.bool_)
    for name, found in sets:
        counted[name] = int((left & found).sum())
        left &= ~found
    counted["never" if need.kinds else "covered"] = int(left.sum())
    return counted


def _any(found: Iterable[Bools]) -> Bools:
    result: Bools = np.logical_or.reduce(list(found))
    return result


def _given(
    world: World, purposes: Iterable[str], kinds: Iterable[str], who: Ints, at: Ints
) -> Bools:
    """Return who has given one of some kinds of consent to one of some purposes, and it stands."""
    found = np.zeros(len(who), dtype=np.bool_)
    for purpose in purposes:
        for kind in kinds:
            spans = world.ledgers.said.get((purpose, kind, State.GIVEN))
            if spans is not None:
                found |= spans.covering(who, at, expires=at)
    return found


def newest_notices(
    connection: Connection, stated: Mapping[str, Sequence[str]], end: int
) -> dict[str, tuple[str, ...]]:
    """Return the versions of the notice of each purpose that count as the present one.

    Those that the policy states; else the one that was first agreed to last.
    """
    rows = connection.execute(
        text(
            "SELECT purpose, notice, min(at) AS first FROM consentevent WHERE notice <> '' "
            "AND state = 'given' AND recorded_at <= :end GROUP BY purpose, notice ORDER BY first, notice"
        ),
        {"end": end},
    )
    found = {row.purpose: (row.notice,) for row in rows}
    return found | {key: tuple(versions) for key, versions in stated.items()}
