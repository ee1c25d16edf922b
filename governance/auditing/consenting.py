# SPDX-License-Identifier: Apache-2.0
"""What an audit of consent counts: ledgers and history of assignments → facts.

`derive` computes again, from what was said and when, which tags somebody was allowed to have. It
shares the law and the ledgers with the gate, and nothing else: what the gate let through against them
is found. People are taken in parts, so that memory does not grow with them.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
from sqlalchemy import Connection, text

from audit.clock import DAY, SECOND, Micros
from audit.consent.facts import Effect, Facts, Signals, Span, Unfounded
from audit.consent.policy import ConsentPolicy
from governance.auditing import consent_ledgers as ledgers
from governance.auditing.consent_law import askings, cells
from governance.auditing.consent_ledgers import NEVER, Bools, Ints, Stop
from governance.auditing.consent_people import Standing, newest_notices
from governance.auditing.consent_tags import (
    Asks,
    Moment,
    Reader,
    Rows,
    World,
    just_before,
    making,
    runs_over_everybody,
    when,
)
from governance.auditing.limits import consents
from governance.purpose import purposes
from policies.law import Law
from policies.vocabulary import Choice, Reason, State

PART: Final = 50_000
"""People at once."""
AT_ONCE: Final = (State.WITHDRAWN, State.REFUSED, Choice.OBJECT, Choice.BLOCK)
"""Noes that end assignments with their entry. The others stop reads; rows go with the next run."""
ENDED: Final = (
    Reason.NO_CONSENT,
    Reason.CONSENT_WITHDRAWN,
    Reason.CONSENT_REFUSED,
    Reason.OBJECTED,
    Reason.TAG_BLOCKED,
)
"""Why nothing may be stored, whether or not a run came. Else rows may wait for the next one."""
OWN: Final = (Reason.RESTRICTED, Reason.TAG_BLOCKED, Reason.TAG_CONTESTED)
"""What a person decides about all purposes at once: no earlier law permitted what it stops."""
OWN_STOPS: Final = (Choice.RESTRICT, Choice.BLOCK, Choice.CONTEST)
STOPS: Final[tuple[str, ...]] = (State.WITHDRAWN, State.REFUSED, *Choice)


class Period(NamedTuple):
    """A period; both ends belong to it."""

    start: Micros
    end: Micros


def derive(
    connection: Connection,
    period: Period,
    law: Law,
    policy: ConsentPolicy | None = None,
    *,
    present: bool,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Facts:
    """Return what an audit of consent counts over a period, exactly; asks the gate for nothing.

    `law` is the law by which all of it is judged. `present` says that the period ends now: then the
    sets of people are looked through, too, which tell of now only. Cost: one pass over the people, their ledgers and
    their assignments of the period.
    """
    policy = policy or consents(None)
    known = list(cells(law))
    classes = Asks.of(askings(connection, law), known)
    notices = newest_notices(connection, policy.notices, period.end)
    oldest = period.end - policy.max_age_days * DAY
    standing = Standing(classes, purposes(connection), notices, oldest)
    runs = runs_over_everybody(connection, classes, period)
    since, allowed = _law_since(connection), policy.at_once_seconds * SECOND
    days = policy.recorded_days
    tags = _Tags(classes, period, since, allowed, NEVER if days is None else days * DAY, runs)
    reader = Reader.of(connection, classes)
    for people in _parts(connection, {cell: n for n, cell in enumerate(known)}, progress):
        read = ledgers.read(connection, int(people[0][0]), int(people[0][-1]))
        world = World(read, classes)
        standing.add(world, people, period.end)
        tags.add(world, reader.rows(people, period, period.end), read.stops)
        if present:
            tags.alone(world, reader.alone(people, period.end))
    return Facts(
        start=period.start,
        end=period.end,
        people=standing.totals["people"],
        unplaced=standing.totals["unplaced"],
        age_unknown=standing.totals["age_unknown"],
        assignments=tags.totals["judged"],
        unfounded=tags.found(),
        earlier_law=tags.totals["earlier_law"],
        earlier_regime=tags.totals["earlier_regime"],
        coverage=standing.coverage(),
        stale=standing.staleness(),
        effects=tuple(tags.effect(stop) for stop in STOPS if tags.entries[stop]),
        signals=Signals(
            **{name: tags.totals[name] for name in ("signals", "asked", "taken_back", "broken")},
            conflicts=standing.totals["conflicts"],
        ),
        minors=standing.children(),
        outgrown=standing.totals["outgrown"],
        packs={regime: pack.version for regime, pack in sorted(law.packs.items())},
    )


@dataclass(slots=True)
class _Tags:
    """What was found about assignments, as it grows from one part of the people to the next."""

    law: Asks
    period: Period
    law_since: int
    """What was made before this instant was made under another law."""
    allowed: int
    """How long a tag may stand after a no that ends it at once."""
    unrecorded: int
    """How long a no may wait to be on record, while tags stand on the yes."""
    runs: Mapping[int, tuple[Ints, Ints]]
    """The runs over everybody, by tag version."""
    totals: Counter[str] = field(default_factory=Counter)
    unfounded: Counter[tuple[int, str, str]] = field(default_factory=Counter)
    entries: Counter[str] = field(default_factory=Counter)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    took: dict[tuple[str, str], list[Ints]] = field(default_factory=lambda: defaultdict(list))

    def add(self, world: World, rows: Rows, stops: list[Stop]) -> None:
        """Judge the assignments of some people."""
        stood = rows.at(rows.end > rows.start)  # what ended as it began was never there
        broken: set[int] = set()
        made, kept = self._made(stood), self._kept(world, stood)
        for how, those, moment in (made, kept):
            broken |= self._judge(world, how, stood.at(those), moment)
        self._left(world, stood.at(~kept[1]))
        came = [one for one in stops if self.period.start <= one.recorded <= self.period.end]
        self._stops(world, rows, came)
        self._signals(world, came, broken)

    def alone(self, world: World, rows: Rows) -> None:
        """Judge as of now who is in the set of a tag without an assignment: no run put them there."""
        self._judge(world, "kept", rows, when(rows.start))

    def _made(self, rows: Rows) -> tuple[str, Bools, Moment]:
        """Return the assignments that were made in the period, and what was known then."""
        made = (rows.start >= self.period.start) & (rows.start <= self.period.end)
        return "computed", made, making(rows.known[made], rows.start[made])

    def _kept(self, world: World, rows: Rows) -> tuple[str, Bools, Moment]:
        """Return the assignments that a run over everybody found and left, each by one such run.

        That is the last one; or the first that left it without a ground, of people of whom something
        changed in the period.
        """
        last = np.full(len(rows), -1, dtype=np.int64)
        known = last.copy()
        moving = np.flatnonzero(np.isin(rows.who, world.ledgers.moving(*self.period)))
        for tag, (as_of, published) in self.runs.items():
            here = np.flatnonzero(rows.tag == tag)
            place = np.searchsorted(as_of, rows.end[here], "left") - 1
            here, place = here[place >= 0], place[place >= 0]
            last[here], known[here] = as_of[place], published[place]
            mine = moving[rows.tag[moving] == tag]
            for run in range(len(as_of) - 1, -1, -1) if mine.size else ():
                left = mine[(rows.start[mine] < as_of[run]) & (as_of[run] < rows.end[mine])]
                asked = np.full((2, len(left)), ((published[run],), (as_of[run],)), dtype=np.int64)
                bad = left[~world.permitted(rows.at(left), making(*asked))]
                last[bad], known[bad] = as_of[run], published[run]
        kept = last > rows.start
        return "kept", kept, making(known[kept], last[kept])

    def _left(self, world: World, rows: Rows) -> None:
        """Count what stood without a ground from before the period beyond its end, and no run came by.

        What was lost in the period is told of the noes that took it away.
        """
        rows = rows.at((rows.start < self.period.start) & (rows.end > self.period.end))
        ends = [when(np.full(len(rows), at, dtype=np.int64)) for at in self.period]
        bad = np.isin(world.reasons(rows, ends[1]), list(map(str, ENDED)))
        for moment in ends:
            bad &= ~world.permitted(rows, moment)
        earlier = bad & (rows.start < self.law_since)
        self.totals["earlier_law"] += int(earlier.sum())
        self.totals["judged"] += int((~bad | earlier).sum())
        bad &= ~earlier
        self._judge(world, "kept", rows.at(bad), ends[1].at(bad))

    def _judge(self, world: World, how: str, rows: Rows, moment: Moment) -> set[int]:
        """Count what nothing on record permitted; return whose opt-out was not obeyed."""
        self.totals["judged"] += len(rows)
        bad = ~world.permitted(rows, moment)
        moved = (rows.end < NEVER) & np.isin(rows.who, rows.who[rows.moved])
        wrong, earlier, moved = rows.at(bad), (moment.expires < self.law_since)[bad], moved[bad]
        reasons = world.reasons(wrong, moment.at(bad))
        of_law = ~np.isin(reasons, list(map(str, OWN)))
        self.totals["earlier_law"] += int((of_law & earlier).sum())
        self.totals["earlier_regime"] += int((of_law & moved & ~earlier).sum())
        found = ~of_law | ~(earlier | moved)
        wrong, reasons = wrong.at(found), reasons[found]
        self.unfounded.update(
            (tag, how, reason)
            for tag, reason in zip(wrong.tag.tolist(), reasons.tolist(), strict=True)
        )
        return set(wrong.who[reasons == str(Reason.OPTED_OUT)].tolist())

    def _stops(self, world: World, rows: Rows, stops: list[Stop]) -> None:
        """Measure from each no to the end of the assignments that stood on what it took away."""
        for kind in {one.kind for one in stops}:
            found = [one for one in stops if one.kind == kind]
            self.entries[kind] += len(found)
            waited = [one.recorded - one.at for one in found]
            self.took[kind, "recorded"].append(np.array(waited, dtype=np.int64))
            taken = [one for one in found if one.changes]
            at, said, pairs = _pairs(rows, taken, self.law)
            rested = world.permitted(pairs, just_before(at)) & ~world.permitted(pairs, when(at))
            if kind not in OWN_STOPS:
                rested &= self._of_today(rested, at, pairs)
            at, pairs = at[rested], pairs.at(rested)
            self.totals["judged"] += len(pairs)
            waiting = (at - said[rested] > self.unrecorded) & (pairs.start < at)
            self.counts[kind, "recorded_late"] += int(waiting.sum())
            took = pairs.end[pairs.end < NEVER] - at[pairs.end < NEVER]
            open_ = pairs.at(pairs.end == NEVER)
            now = np.full(len(open_), self.period.end, dtype=np.int64)
            self.took[kind, "ended"].append(took)
            self.counts[kind, "rested"] += len(pairs)
            self.counts[kind, "late"] += int((took > self.allowed).sum())
            self.counts[kind, "standing"] += int((~world.permitted(open_, when(now))).sum())

    def _of_today(self, rested: Bools, at: Ints, pairs: Rows) -> Bools:
        """Return which pairs are under the law of today; the others are counted, and set apart."""
        earlier, moved = at < self.law_since, pairs.moved
        self.totals["earlier_law"] += int((rested & earlier).sum())
        self.totals["earlier_regime"] += int((rested & moved & ~earlier).sum())
        return ~earlier & ~moved

    def _signals(self, world: World, stops: list[Stop], broken: set[int]) -> None:
        outs = [one for one in stops if one.kind == Choice.OPT_OUT]
        signals = {one.who for one in outs if one.signal}
        people = np.array(sorted({one.who for one in outs}), dtype=np.int64)
        end = np.full(len(people), self.period.end, dtype=np.int64)
        self.totals["signals"] += len(signals)
        self.totals["asked"] += len(people) - len(signals)
        self.totals["taken_back"] += int((~world.chose(Choice.OPT_OUT, "", people, end)).sum())
        self.totals["broken"] += len(broken)

    def found(self) -> tuple[Unfounded, ...]:
        """Return what nothing permitted, by tag."""
        found = []
        for (place, how, reason), count in self.unfounded.items():
            one = self.law.askings[place]
            found.append((one.key, one.version, how, reason, count))
        return tuple(Unfounded(*one) for one in sorted(found))

    def effect(self, stop: str) -> Effect:
        """Return what came of one way of saying no."""
        at_once = stop in AT_ONCE
        return Effect(
            stop=str(stop),
            at_once=at_once,
            entries=self.entries[stop],
            recorded=_span(self.took[stop, "recorded"]),
            rested=self.counts[stop, "rested"],
            ended=_span(self.took[stop, "ended"]),
            late=self.counts[stop, "late"] if at_once else 0,
            recorded_late=self.counts[stop, "recorded_late"],
            standing=self.counts[stop, "standing"],
        )


def _pairs(rows: Rows, stops: list[Stop], law: Asks) -> tuple[Ints, Ints, Rows]:
    """Return the assignments that stood when a no to what they are for came on record.

    Before them, the instants at which it came on record, and at which it was said.
    """
    who = np.array([one.who for one in stops], dtype=np.int64)
    recorded = np.array([one.recorded for one in stops], dtype=np.int64)
    first, last = np.searchsorted(rows.who, who, "left"), np.searchsorted(rows.who, who, "right")
    many = last - first
    stop = np.repeat(np.arange(len(stops)), many)
    place = np.arange(int(many.sum())) - np.repeat(np.cumsum(many) - many, many) + first[stop]
    targets = sorted({one.target for one in stops})
    concerned = np.array(
        [
            [target in ("", one.key, *one.purposes) for one in law.askings] or [False]
            for target in targets
        ],
        dtype=np.bool_,
    ).reshape(-1, max(len(law.askings), 1))
    target = np.array([targets.index(one.target) for one in stops], dtype=np.int64)
    spoken = np.array([one.at for one in stops], dtype=np.int64)[stop]
    at, found = recorded[stop], rows.at(place)
    stood = (found.start <= at) & (at <= found.end) & concerned[target[stop], found.tag]
    return at[stood], spoken[stood], found.at(stood)


def _span(parts: list[Ints]) -> Span:
    """Return median, 95th percentile (nearest rank) and maximum."""
    found = np.sort(np.concatenate(parts)) if parts else np.array([], dtype=np.int64)
    if not found.size:
        return Span()
    ranks = (int(np.ceil(share * found.size)) - 1 for share in (0.5, 0.95, 1))
    return Span(*(int(found[rank]) for rank in ranks))


def _parts(
    connection: Connection,
    numbers: dict[tuple[str, str], int],
    progress: Callable[[int, int], None],
) -> Iterator[tuple[Ints, Ints]]:
    """Yield the people in parts: numbers in ascending order, and cells (-1: an unknown one)."""
    total = connection.execute(text("SELECT count(*) FROM subject")).scalar_one()
    last, done = -1, 0
    while rows := connection.execute(
        text(
            "SELECT subject_id, regime, age_class FROM subject WHERE subject_id > :last "
            "ORDER BY subject_id LIMIT :n"
        ),
        {"last": last, "n": PART},
    ).all():
        who = np.array([row.subject_id for row in rows], dtype=np.int64)
        cell = [numbers.get((row.regime, row.age_class), -1) for row in rows]
        yield who, np.array(cell, dtype=np.int64)
        last, done = int(who[-1]), done + len(rows)
        progress(done, total)


def _law_since(connection: Connection) -> int:
    """Return when an overlay last changed the law of this workspace; 0: never."""
    found = connection.execute(
        text("SELECT max(applied_at) FROM overlay WHERE state IN ('in_force', 'withdrawn')")
    ).scalar()
    return int(found or 0)
