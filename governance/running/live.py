# SPDX-License-Identifier: Apache-2.0
"""Real time: one event of one person → that person's tags, in one transaction.

The same rules as in a run, the same gate asked by point queries, the same evidence. The event waits
in the control store until the next run moves it into the lake.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, text

from audit.clock import Micros
from audit.errors import BadInput
from governance import closing
from governance.authority import demand
from governance.catalogue import USABLE, Active, known
from governance.erasure.begin import refuse_leaving
from governance.gate import permissions
from governance.purpose import Purpose, purposes
from governance.running import arrived, publish
from governance.running import attributes as declared
from governance.running.snapshot import Snapshot, lake_bucket, latest_cuts, take
from governance.standing import NOT_ASKED, standings
from governance.store import bitmaps
from governance.store.unit import Unit
from governance.workspace import Workspace
from tagging.document import span_micros
from tagging.evaluation.duck import DuckEngine
from tagging.evaluation.plan import Plan, closure, make_plan
from tagging.evaluation.single import Lapse, PersonValues, SingleEngine
from tagging.rules.lower import Cuts
from tagging.rules.tree import Attribute, facts

DRAIN_EVERY = 256
BACKLOG = 256
"""Events whose lapses may wait; beyond, one is settled before each new event."""


_IN_USE = f"SELECT id FROM definition WHERE state IN ({', '.join(repr(one) for one in USABLE)})"


@dataclass(frozen=True, slots=True)
class LiveChange:
    """A tag value that a person gained or lost by one event."""

    key: str
    value: str
    gained: bool


@dataclass(frozen=True, slots=True)
class _Unsettled:
    """An event whose values have a bound instead of a lapse: key → value number and bound."""

    subject_id: int
    moment: "_Moment"
    bounds: dict[str, tuple[int, publish.Lapse]]


@dataclass(frozen=True, slots=True)
class _Moment:
    """One person at one instant: what was read, and what follows."""

    at: Micros
    values: PersonValues
    events: list[tuple[Any, ...]]
    permitted: frozenset[int]
    attributes: Mapping[str, str]


class Live:
    """Keeps plan and engines ready between events; `refresh` after the catalogue has changed.

    Until then, tags that are in use no more are left out, and new ones are not known yet.
    """

    def __init__(self, ws: Workspace) -> None:
        self.ws = ws
        self._drain, ws.store.after_commit = ws.store.after_commit, self._later
        self._waiting = 0
        self._unsettled: list[_Unsettled] = []
        self._duck = DuckEngine(ws.paths.lake, threads=1)
        self._read()

    def refresh(self) -> None:
        """Read catalogue, lake and cut points again."""
        self.settle()
        self._single.close()
        self._read()

    def _read(self) -> None:
        with self.ws.store.read() as connection:
            snapshot = take(self.ws, connection, None, self.ws.clock.now())
            self._cuts: Cuts = latest_cuts(connection, snapshot.tags)
            self._purposes: Mapping[str, Purpose] = purposes(connection)
            known_columns = known(connection).columns
        self._snapshot: Snapshot = snapshot
        # one class per tag: what permits one person is asked for that person, tag by tag
        self._numbers = {key: number for number, key in enumerate(sorted(snapshot.tags))}
        self._plan: Plan = make_plan(
            {key: tag.root for key, tag in snapshot.tags.items()}, self._numbers
        )
        self._spans = {key: span_micros(tag.tag.ttl) for key, tag in snapshot.tags.items()}
        self._columns = {"ts", "dedup", *known_columns}
        strict = self.ws.settings.text("gate.mode") == "strict"
        self._single = SingleEngine(self._plan, strict=strict)

    @property
    def cuts(self) -> Cuts:
        """The cut points of the last full run."""
        return self._cuts

    def evaluate(self, connection: Connection, subject_id: int, at: Micros) -> PersonValues:
        """Return the facts and tags of one person at an instant, as a run would compute them."""
        return self._moment(connection, subject_id, at).values

    def _moment(self, connection: Connection, subject_id: int, at: Micros) -> _Moment:
        documents = [tag.effective for tag in self._snapshot.tags.values()]
        answers = permissions(connection, subject_id, documents, at, self._purposes)
        permitted = frozenset(
            number for key, number in self._numbers.items() if answers[key].allowed
        )
        if not permitted:
            return _Moment(at, PersonValues({}, {}), [], permitted, {})
        bucket = lake_bucket(
            connection, self.ws.paths, subject_id, len(self._snapshot.buckets), self._plan
        )
        events = self._duck.person(self._plan, bucket, subject_id)
        events += arrived.waiting(connection, subject_id, self._single.columns)
        keys = frozenset(fact.key for fact in self._plan.attributes())
        attributes = declared.of_person(self.ws, connection, keys, subject_id)
        values = self._single.evaluate(
            subject_id, events, permitted, at, self._cuts, attributes=attributes
        )
        return _Moment(at, values, events, permitted, attributes)

    def record(self, subject_id: int, event: Mapping[str, Any]) -> list[LiveChange]:
        """Store one event and refresh the tags that its type triggers; return the changes that are shown.

        `event` has ts (microseconds), event_type, and the columns of events, numbers in 1/10000.
        Until when the values hold is known as a lower bound only, until `settle`.
        Raises BadInput when a column is missing or unknown, Conflict `erasure-under-way`.
        """
        demand(self.ws, "run.live")
        self._check(event)
        if len(self._unsettled) > BACKLOG:
            self.settle(most=1)
        with self.ws.store.write() as unit:
            refuse_leaving(unit.connection, subject_id)
            if not arrived.insert(unit, subject_id, event):
                return []  # the same event again: nothing happens
            moment = self._moment(unit.connection, subject_id, self.ws.clock.now())
            triggered = [
                tag
                for tag in self._snapshot.tags.values()
                if event["event_type"] in tag.tag.refresh.on
            ]
            changes, bounded = self._refresh(unit, subject_id, moment, triggered)
            shown = self.shown(unit.connection, changes)
            unit.log(
                self.ws.evidence.entry(
                    "run.live",
                    subject_id=subject_id,
                    gained=sum(change.gained for change in changes),
                    lost=sum(not change.gained for change in changes),
                )
            )
        self._wait(_Unsettled(subject_id, moment, bounded))
        return shown

    def shown(self, connection: Connection, changes: list[LiveChange]) -> list[LiveChange]:
        """Return the changes of tags that the policy of audits does not stop at this moment."""
        if not changes:
            return changes
        tags = self._snapshot.tags
        standing = standings(
            connection,
            {key: tag.tag for key, tag in tags.items()},
            {key: tag.root for key, tag in tags.items()},
        )
        now = self.ws.clock.now()
        return [c for c in changes if not standing.get(c.key, NOT_ASKED).stopped(now)]

    def resting_on(self, attribute: str) -> set[str]:
        """Return the tags that are computed from an attribute, directly or through other tags."""
        rules = {key: tag.root for key, tag in self._snapshot.tags.items()}
        return {
            key
            for key in rules
            if any(
                isinstance(fact, Attribute) and fact.key == attribute
                for name in closure(rules, {key})
                for fact in facts(rules[name])
            )
        }

    def built_on(self, key: str) -> set[str]:
        """Return the tags that are computed from a tag, directly or through other tags."""
        rules = {name: tag.root for name, tag in self._snapshot.tags.items()}
        return {name for name in rules if name != key and key in closure(rules, {name})}

    def recompute(self, unit: Unit, subject_id: int, keys: Collection[str]) -> list[LiveChange]:
        """Compute some tags of one person again in a transaction of the caller; return what changed."""
        tags = [tag for key, tag in self._snapshot.tags.items() if key in keys]
        if not tags:
            return []
        moment = self._moment(unit.connection, subject_id, self.ws.clock.now())
        changes, bounded = self._refresh(unit, subject_id, moment, tags)
        self._wait(_Unsettled(subject_id, moment, bounded))
        return changes

    def _refresh(
        self, unit: Unit, subject_id: int, moment: _Moment, tags: Sequence[Active]
    ) -> tuple[list[LiveChange], dict[str, tuple[int, publish.Lapse]]]:
        tags = self._in_use(unit.connection, tags)
        work = _Refresh(unit, subject_id, moment, self._bounds(tags, moment))
        return work.go(tags, self._numbers), work.bounded

    def _in_use(self, connection: Connection, tags: Sequence[Active]) -> list[Active]:
        """Return the tags that are still in use, with all that they are made of.

        Asked at each event: somebody may have suspended or replaced one since the catalogue was read.
        """
        rows = connection.execute(text(_IN_USE))
        usable = {row.id for row in rows}
        out = {key for key, tag in self._snapshot.tags.items() if tag.id not in usable}
        out |= {other for key in out for other in self.built_on(key)}
        return [tag for tag in tags if tag.tag.key not in out]

    def _wait(self, item: "_Unsettled") -> None:
        """Put the bounds of an event with those that wait; they replace older ones of the person."""
        for older in self._unsettled:
            if older.subject_id == item.subject_id:
                for key in item.bounds:
                    older.bounds.pop(key, None)
        self._unsettled.append(item)

    def settle(self, *, most: int | None = None) -> int:
        """Find until when the values of the latest events hold; return how many events were settled.

        Nothing is lost when this never happens: a bound is a moment at which the next run, or
        `run due`, looks again.
        """
        done = self._unsettled[:most]
        rows = [row for item in done for row in self._exact(item)]
        if rows:
            with self.ws.store.write() as unit:
                publish.settle(unit, rows)
        del self._unsettled[: len(done)]
        return len(done)

    def _exact(self, item: "_Unsettled") -> list[tuple[publish.Lapse, int, int, publish.Lapse]]:
        """Return (lapse, person, tag value, bound) for the values that one event left."""
        if not item.bounds:
            return []
        moment = item.moment
        spans = {key: self._spans[key] for key in item.bounds}
        found = self._single.lapses(
            spans,
            item.subject_id,
            moment.events,
            moment.permitted,
            moment.at,
            cuts=self._cuts,
            attributes=moment.attributes,
        )
        return [
            (_within(found[key], moment.at + spans[key]), item.subject_id, tv, bound)
            for key, (tv, bound) in item.bounds.items()
        ]

    def _later(self) -> None:
        """Carry evidence to the log in batches: it is committed already, and no event waits for it."""
        self._waiting += 1
        if self._waiting >= DRAIN_EVERY:
            self._waiting = 0
            self._drain()

    def close(self) -> None:
        """Settle, close the engines, and carry the evidence that waits."""
        self.settle()
        self.ws.store.after_commit = self._drain
        self._drain()
        self._duck.close()
        self._single.close()

    def _check(self, event: Mapping[str, Any]) -> None:
        for name in ("ts", "event_type"):
            if name not in event:
                raise BadInput("missing-column", f'an event needs "{name}"')
        unknown = sorted(set(event) - self._columns)
        if unknown:
            raise BadInput("unknown-column", f'events have no column "{unknown[0]}"')

    def _bounds(self, tags: Iterable[Active], moment: _Moment) -> dict[str, publish.Lapse]:
        """Return until when the values that hold now do at least, at most for the tag's lifetime."""
        spans = {
            tag.tag.key: self._spans[tag.tag.key]
            for tag in tags
            if tag.tag.key in moment.values.tags
        }
        found = self._single.holds_until(spans, moment.events, moment.at)
        return {key: _within(lapse, moment.at + spans[key]) for key, lapse in found.items()}


@dataclass(slots=True)
class _Refresh:
    """The values of some tags of one person, opened and closed in one transaction."""

    unit: Unit
    subject_id: int
    moment: _Moment
    lapses: Mapping[str, publish.Lapse]
    bounded: dict[str, tuple[int, publish.Lapse]] = field(default_factory=dict)
    """Key → the value that holds, and the bound that was noted for it."""

    def go(self, tags: Iterable[Active], numbers: Mapping[str, int]) -> list[LiveChange]:
        """Return what changed; `numbers` are the gate classes of the tags."""
        held = _held(self.unit.connection, self.subject_id)
        changes: list[tuple[int, LiveChange]] = []
        for tag in tags:
            why = "rule" if numbers[tag.tag.key] in self.moment.permitted else "gate"
            changes += self._tag(tag, held.get(tag.id, {}), why)
        renewed = [(lapse, self.subject_id, tv) for tv, lapse in self.bounded.values()]
        publish.renew_now(self.unit, renewed)
        bitmaps.change(
            self.unit.connection,
            [(f"tv:{tv}", self.subject_id, change.gained) for tv, change in changes],
        )
        return [change for _, change in changes]

    def _tag(self, tag: Active, held: Mapping[str, int], why: str) -> list[tuple[int, LiveChange]]:
        key, at = tag.tag.key, self.moment.at
        wanted = self.moment.values.tags.get(key)
        changes = []
        for value, tv in held.items():
            if value != wanted:
                closing.close(self.unit.connection, tv, [self.subject_id], at, why)
                changes.append((tv, LiveChange(key, value, gained=False)))
        if wanted is None:
            return changes
        tv = held.get(wanted) or publish.value_numbers(self.unit, tag.id, [wanted])[wanted]
        if wanted not in held:
            row = [self.moment.values.facts.get(fact) for fact in facts(tag.root)]
            evidence = publish.evidence_rows([[item] for item in row])[0] if row else "[]"
            lapse = self.lapses[key]
            publish.open_now(self.unit, self.subject_id, tv, at, lapse=lapse, evidence=evidence)
            changes.append((tv, LiveChange(key, wanted, gained=True)))
        self.bounded[key] = (tv, self.lapses[key])
        return changes


def _within(lapse: Lapse, end: int) -> publish.Lapse:
    return (end, False) if lapse.at is None else (lapse.at, lapse.exact)


def _held(connection: Connection, subject_id: int) -> dict[int, dict[str, int]]:
    """Return the open values of a person: tag version → value → its number."""
    rows = connection.execute(
        text(
            "SELECT v.definition_id, v.value, a.tv FROM assignment a "
            "JOIN tagvalue v ON v.tv = a.tv JOIN run r ON r.id = a.run_id "
            "WHERE a.subject_id = :s AND a.valid_to IS NULL AND r.state = 'published'"
        ),
        {"s": subject_id},
    )
    found: dict[int, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row.definition_id, {})[row.value] = row.tv
    return found
