# SPDX-License-Identifier: Apache-2.0
"""Real time: one event of one person → that person's tags, in one transaction.

The same rules as in a run, the same gate asked by point queries, the same evidence. The event waits
in the control store until the next run moves it into the lake.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from audit.clock import Micros
from audit.errors import BadInput
from governance import closing
from governance.catalogue import Active, known
from governance.gate import permissions
from governance.purpose import Purpose, purposes
from governance.running import attributes as declared
from governance.running import publish
from governance.running.snapshot import Snapshot, latest_cuts, take
from governance.store import bitmaps
from governance.store.unit import Unit
from governance.workspace import Workspace
from tagging.document import span_micros
from tagging.evaluation.duck import DuckEngine
from tagging.evaluation.plan import Plan, make_plan
from tagging.evaluation.single import PersonValues, SingleEngine
from tagging.rules.lower import Cuts
from tagging.rules.tree import facts

DRAIN_EVERY = 256


@dataclass(frozen=True, slots=True)
class LiveChange:
    """A tag value that a person gained or lost by one event."""

    key: str
    value: str
    gained: bool


@dataclass(frozen=True, slots=True)
class _Moment:
    """One person at one instant: what was read, and what follows."""

    at: Micros
    values: PersonValues
    events: list[tuple[Any, ...]]
    permitted: frozenset[int]
    attributes: Mapping[str, str]


class Live:
    """Keeps plan and engines ready between events; `refresh` after the catalogue has changed."""

    def __init__(self, ws: Workspace) -> None:
        self.ws = ws
        self._drain, ws.store.after_commit = ws.store.after_commit, self._later
        self._waiting = 0
        self._duck = DuckEngine(ws.paths.lake, threads=1)
        self._read()

    def refresh(self) -> None:
        """Read catalogue, lake and cut points again."""
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
        documents = [tag.tag for tag in self._snapshot.tags.values()]
        answers = permissions(connection, subject_id, documents, at, self._purposes)
        permitted = frozenset(
            number for key, number in self._numbers.items() if answers[key].allowed
        )
        if not permitted:
            return _Moment(at, PersonValues({}, {}), [], permitted, {})
        bucket = self._snapshot.buckets[subject_id % len(self._snapshot.buckets)]
        events = self._duck.person(self._plan, bucket, subject_id)
        events += _waiting(connection, subject_id, self._single.columns)
        keys = frozenset(fact.key for fact in self._plan.attributes())
        attributes = declared.of_person(self.ws, connection, keys, subject_id)
        values = self._single.evaluate(
            subject_id, events, permitted, at, self._cuts, attributes=attributes
        )
        return _Moment(at, values, events, permitted, attributes)

    def record(self, subject_id: int, event: Mapping[str, Any]) -> list[LiveChange]:
        """Store one event and refresh the tags that its type triggers; return what changed.

        `event` has ts (microseconds), event_type, and the columns of events, numbers in 1/10000.
        Raises BadInput when a column is missing or unknown.
        """
        self._check(event)
        with self.ws.store.write() as unit:
            if not _insert(unit, subject_id, event):
                return []  # the same event again: nothing happens
            moment = self._moment(unit.connection, subject_id, self.ws.clock.now())
            triggered = [
                tag
                for tag in self._snapshot.tags.values()
                if event["event_type"] in tag.tag.refresh.on
            ]
            lapses = self._lapses(subject_id, triggered, moment)
            changes = [
                change
                for tag in triggered
                for change in self._write(unit, subject_id, tag, moment, lapses)
            ]
            unit.log(
                self.ws.evidence.entry(
                    "run.live",
                    subject_id=subject_id,
                    gained=sum(change.gained for change in changes),
                    lost=sum(not change.gained for change in changes),
                )
            )
        return changes

    def _later(self) -> None:
        """Carry evidence to the log in batches: it is committed already, and no event waits for it."""
        self._waiting += 1
        if self._waiting >= DRAIN_EVERY:
            self._waiting = 0
            self._drain()

    def close(self) -> None:
        """Close the engines, and carry the evidence that waits."""
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

    def _write(
        self,
        unit: Unit,
        subject_id: int,
        tag: Active,
        moment: _Moment,
        lapses: Mapping[str, publish.Lapse],
    ) -> list[LiveChange]:
        """Open and close the values of one tag, and note anew until when the one that holds does."""
        key, values = tag.tag.key, moment.values
        wanted, lapse = values.tags.get(key), lapses.get(key, (None, False))
        numbers = publish.value_numbers(unit, tag.id, [wanted] if wanted is not None else [])
        held = _held(unit.connection, subject_id, numbers)
        changes = []
        for value, tv in numbers.items():
            if value == wanted and value in held:
                publish.renew_now(unit, subject_id, tv, lapse)
            if (value == wanted) == (value in held):
                continue
            if value == wanted:
                row = [values.facts.get(fact) for fact in facts(tag.root)]
                evidence = publish.evidence_rows([[item] for item in row])[0] if row else "[]"
                publish.open_now(unit, subject_id, tv, moment.at, lapse=lapse, evidence=evidence)
            else:
                closing.close(unit.connection, tv, [subject_id], moment.at, "rule")
            bitmaps.change(unit.connection, [(f"tv:{tv}", subject_id, value == wanted)])
            changes.append(LiveChange(key, value, value == wanted))
        return changes

    def _lapses(
        self, subject_id: int, tags: Iterable[Active], moment: _Moment
    ) -> dict[str, publish.Lapse]:
        """Return until when the values that hold now do, at the latest for the tag's lifetime."""
        spans = {
            tag.tag.key: span_micros(tag.tag.ttl)
            for tag in tags
            if tag.tag.key in moment.values.tags
        }
        found = self._single.lapses(
            spans,
            subject_id,
            moment.events,
            moment.permitted,
            moment.at,
            cuts=self._cuts,
            attributes=moment.attributes,
        )
        return {
            key: (moment.at + spans[key], False) if lapse.at is None else (lapse.at, lapse.exact)
            for key, lapse in found.items()
        }


def _insert(unit: Unit, subject_id: int, event: Mapping[str, Any]) -> bool:
    """Store an event unless it is there; an event without its own key is always a new one."""
    fields = {name: value for name, value in event.items() if name not in ("ts", "dedup")}
    dedup = event.get("dedup")
    if dedup is not None:
        twin = unit.connection.execute(
            text("SELECT 1 FROM liveevent WHERE subject_id = :s AND ts = :t AND dedup = :d"),
            {"s": subject_id, "t": event["ts"], "d": dedup},
        ).first()
        if twin is not None:
            return False
    unit.connection.execute(
        text(
            "INSERT INTO liveevent (subject_id, ts, dedup, event_type, fields) "
            "VALUES (:s, :t, :d, :e, :f)"
        ),
        {
            "s": subject_id,
            "t": event["ts"],
            "d": dedup or 0,
            "e": event["event_type"],
            "f": json.dumps(fields, ensure_ascii=False),
        },
    )
    return True


def _waiting(
    connection: Connection, subject_id: int, columns: tuple[str, ...]
) -> list[tuple[Any, ...]]:
    rows = connection.execute(
        text("SELECT ts, fields FROM liveevent WHERE subject_id = :s"), {"s": subject_id}
    )
    found = []
    for row in rows:
        given = {"subject_id": subject_id, "ts": row.ts, **json.loads(row.fields)}
        found.append(tuple(given.get(name) for name in columns))
    return found


def _held(connection: Connection, subject_id: int, numbers: Mapping[str, int]) -> set[str]:
    by_tv = {tv: value for value, tv in numbers.items()}
    rows = connection.execute(
        text(
            "SELECT a.tv FROM assignment a JOIN run r ON r.id = a.run_id "
            "WHERE a.subject_id = :s AND a.valid_to IS NULL AND r.state = 'published'"
        ),
        {"s": subject_id},
    )
    return {by_tv[row.tv] for row in rows if row.tv in by_tv}
