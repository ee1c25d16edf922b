# SPDX-License-Identifier: Apache-2.0
"""Evaluation for one person, in real time: the same trees, lowered to SQLite, in memory.

The person's events are put into a table of a private in-memory database and two prepared statements
give facts and values: no second meaning of a rule, no start-up of a big engine. Their times are put in
as distances from the instant of evaluation, so that the statements are the same for every instant and
are made, read and prepared once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tagging.evaluation.engine import CLASS_BITS
from tagging.evaluation.fused import facts_sql, values_sql
from tagging.evaluation.lapse import Changes, lapse_sql
from tagging.evaluation.plan import Plan
from tagging.rules.evaluate import Value
from tagging.rules.lower import SQLITE, Cuts, private_database
from tagging.rules.tree import Fact, TagRef


@dataclass(frozen=True, slots=True)
class PersonValues:
    """The facts of one person, and the tags that hold: key → value ("true" for a plain tag)."""

    facts: Mapping[Fact, Value]
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Lapse:
    """The instant at which a value ceases to hold; None: never. Not exact: not before that."""

    at: int | None
    exact: bool = True


class SingleEngine:
    """Evaluates one plan for one person at a time."""

    def __init__(self, plan: Plan, *, strict: bool = True) -> None:
        self._plan = plan
        self._masks = 1 + max((tag.gate_class for tag in plan.tags), default=0) // CLASS_BITS
        self._db = private_database()
        self._lapses: dict[tuple[str, int], str] = {}
        self._changes: dict[str, Changes] = {}
        self.columns: tuple[str, ...] = ("subject_id", "ts", *plan.columns)
        names = ", ".join(f"{SQLITE.ident(name)} {_affinity(plan, name)}" for name in self.columns)
        masks = [f"m{number}" for number in range(self._masks)]
        attributes = [f"a{plan.index(fact)} TEXT" for fact in plan.attributes()]
        self._db.execute(f"CREATE TABLE event ({names})")
        self._db.execute(
            f"CREATE TABLE gate (subject_id INTEGER PRIMARY KEY, {' INTEGER, '.join(masks)} INTEGER)"
        )
        self._db.execute(f"CREATE TABLE attr ({', '.join(['subject_id INTEGER', *attributes])})")
        found = facts_sql(plan, SQLITE, 0, strict=strict, masks=self._masks)
        columns = ["subject_id", *masks, *(f"f{n}" for n in range(len(plan.measured)))]
        for part in plan.segments():
            self._db.create_function(
                part.model.function, len(part.of), part.model.scalar, deterministic=True
            )
        self._facts = f"SELECT {', '.join(columns)} FROM ({found})"
        self._db.execute(f"CREATE TEMP TABLE facts AS {self._facts}")
        self._cuts: Cuts = {}
        self._values = values_sql(plan, SQLITE, self._cuts)

    def evaluate(
        self,
        subject_id: int,
        events: Iterable[Sequence[Any]],
        permitted: frozenset[int],
        as_of: int,
        cuts: Cuts,
        *,
        attributes: Mapping[str, str] | None = None,
    ) -> PersonValues:
        """Return facts and tags of a person at `as_of`.

        `events` are rows in the order of `columns`; `permitted` are the gate classes that permit
        the person: without any, nothing is computed.
        """
        if not permitted:
            return PersonValues({}, {})
        self._use(cuts)
        self._load(subject_id, events, permitted, as_of, attributes or {})
        self._db.execute("DELETE FROM facts")
        self._db.execute(f"INSERT INTO facts {self._facts}")
        facts = self._db.execute("SELECT * FROM facts").fetchone()
        values = self._db.execute(self._values).fetchone()
        return self._answer(facts[1 + self._masks :], values[1:])

    def lapses(
        self,
        horizons: Mapping[str, int],
        subject_id: int,
        events: Iterable[Sequence[Any]],
        permitted: frozenset[int],
        as_of: int,
        *,
        cuts: Cuts,
        attributes: Mapping[str, str] | None = None,
    ) -> dict[str, Lapse]:
        """Return when the values of some tags cease to hold for a person, with `evaluate`'s arguments.

        `horizons` says for each tag how far ahead to look, in microseconds.
        """
        self._use(cuts)
        self._load(subject_id, events, permitted, as_of, attributes or {})
        found = {}
        for key, horizon in horizons.items():
            _, distance, exact = self._db.execute(self._lapse(key, horizon)).fetchone()
            found[key] = Lapse(None if distance is None else as_of + distance, bool(exact))
        return found

    def holds_until(
        self, horizons: Mapping[str, int], events: Iterable[Sequence[Any]], as_of: int
    ) -> dict[str, Lapse]:
        """Return the first instant at which each tag could change: at once, where `lapses` takes time.

        A value holds at least to that instant; exact only where nothing can change in the horizon.
        """
        times = sorted(event[1] for event in events if event[1] <= as_of)
        found = {}
        for key, horizon in horizons.items():
            if key not in self._changes:
                self._changes[key] = Changes.of(self._plan, key)
            first = self._changes[key].first(times, as_of)
            exact = first is None or first > as_of + horizon
            found[key] = Lapse(None if exact else first, exact)
        return found

    def _use(self, cuts: Cuts) -> None:
        """Write the statements anew when the cut points are others."""
        if cuts != self._cuts:
            self._cuts = cuts
            self._values = values_sql(self._plan, SQLITE, cuts)
            self._lapses.clear()

    def _lapse(self, key: str, horizon: int) -> str:
        if (key, horizon) not in self._lapses:
            self._lapses[key, horizon] = lapse_sql(
                self._plan, key, SQLITE, 0, cuts=self._cuts, masks=self._masks, horizon=horizon
            )
        return self._lapses[key, horizon]

    def close(self) -> None:
        """Close the private database."""
        self._db.close()

    def _load(
        self,
        subject_id: int,
        events: Iterable[Sequence[Any]],
        permitted: frozenset[int],
        as_of: int,
        attributes: Mapping[str, str],
    ) -> None:
        words = [0] * self._masks
        for number in permitted:
            column, bit = divmod(number, CLASS_BITS)
            if column < self._masks:
                words[column] |= 1 << bit
        for name in ("event", "gate", "attr"):
            self._db.execute(f"DELETE FROM {name}")
        marks = ", ".join("?" * len(self.columns))
        near = ((person, ts - as_of, *rest) for person, ts, *rest in events)
        self._db.executemany(f"INSERT INTO event VALUES ({marks})", near)
        self._db.execute(f"INSERT INTO gate VALUES (?{', ?' * self._masks})", [subject_id, *words])
        given = [attributes.get(fact.key) for fact in self._plan.attributes()]
        self._db.execute(f"INSERT INTO attr VALUES (?{', ?' * len(given)})", [subject_id, *given])

    def _answer(self, facts: Sequence[Value], values: Sequence[Value]) -> PersonValues:
        known: dict[Fact, Value] = {
            fact: _typed(fact, value)
            for fact, value in zip(self._plan.measured, facts, strict=True)
        }
        tags: dict[str, str] = {}
        for tag, value in zip(self._plan.tags, values, strict=True):
            if tag.boolean:
                held = None if value is None else bool(value)
                known[TagRef(tag.key, "bool")] = held
                if held:
                    tags[tag.key] = "true"
            else:
                known[TagRef(tag.key, tag.root.kind)] = value
                if value is not None:
                    tags[tag.key] = str(value)
        return PersonValues(known, tags)


def _typed(fact: Fact, value: Value) -> Value:
    return bool(value) if value is not None and fact.kind == "bool" else value


def _affinity(plan: Plan, name: str) -> str:
    return {"text": "TEXT", "any": ""}.get(plan.columns.get(name, "int"), "INTEGER")
