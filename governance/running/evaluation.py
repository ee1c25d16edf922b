# SPDX-License-Identifier: Apache-2.0
"""Evaluates a snapshot bucket by bucket and notes the difference to what is assigned already.

Per tag value: who has it now, who is new and since when it can lapse. Memory: one bucket, and one
bitmap per tag value.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from typing import Any

from pyroaring import BitMap

from audit.clock import Micros
from governance.catalogue import Active
from governance.running import publish
from governance.running.kept import Kept
from governance.running.snapshot import Snapshot, gate_slices
from governance.store import bitmaps
from governance.workspace import Workspace
from tagging.document import span_micros
from tagging.evaluation.cuts import fit
from tagging.evaluation.duck import DuckEngine
from tagging.evaluation.engine import BucketFacts, BucketValues, GateSlice
from tagging.evaluation.lapse import narrowed
from tagging.evaluation.plan import Plan
from tagging.rules.lower import Cuts
from tagging.rules.tree import Aggregate, Fact, TagRef, Tier, tiers

ProgressUpdate = Callable[[int, int], None]


def engine_of(ws: Workspace) -> DuckEngine:
    """Return the engine for many people, as the settings of a workspace say; it ends with `close`."""
    return DuckEngine(
        ws.paths.lake,
        memory=ws.settings.text("engine.memory"),
        threads=ws.settings.number("engine.threads"),
        strict=ws.settings.text("gate.mode") == "strict",
    )


@dataclass(slots=True)
class Evaluation:
    """One evaluation in progress, and afterwards what it found."""

    ws: Workspace
    snapshot: Snapshot
    publisher: publish.Publisher
    only: BitMap | None
    moved: BitMap
    """People with new events: what they have already may lapse at another time now."""
    attributes: Sequence[Any]
    cuts: Cuts
    progress: ProgressUpdate
    numbers: dict[str, dict[str, int]] = field(default_factory=dict)
    old: dict[int, BitMap] = field(default_factory=dict)
    new: dict[int, BitMap] = field(default_factory=lambda: defaultdict(BitMap))
    opened: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    fitted: dict[Tier, list[int | float]] = field(default_factory=dict)
    _before: Cuts = field(default_factory=dict)
    _due: dict[int, BitMap] = field(default_factory=dict)

    @property
    def as_of(self) -> Micros:
        """The instant as of which tags are computed."""
        return self.publisher.as_of

    def go(self) -> None:
        """Evaluate all buckets; new assignments are written, still invisible."""
        engine = engine_of(self.ws)
        slices = gate_slices(self.snapshot.gate, len(self.snapshot.buckets), self.only)
        with ExitStack() as undo:
            undo.callback(engine.close)
            for bucket, facts in self._facts(engine, slices, undo):
                values = engine.values(self.snapshot.plan, facts, self.cuts)
                _Difference(self, engine, bucket, slices[bucket], values).note()
                self.progress(len(slices) + bucket + 1, 2 * len(slices))
        self.publisher.flush()

    def number(self, tag: Active, values: Iterable[str]) -> dict[str, int]:
        """Return the number of each value of a tag, with who has it and whose lapse is near."""
        known = self.numbers.setdefault(tag.tag.key, {})
        if not known or any(value not in known for value in values):
            edge = self.as_of + 2 * span_micros(tag.tag.refresh.every)
            with self.ws.store.write() as unit:
                known |= publish.value_numbers(unit, tag.id, values)
                for tv in known.values():
                    if tv not in self.old:
                        self.old[tv] = bitmaps.members(unit.connection, f"tv:{tv}")
                        self._due[tv] = publish.lapsing(unit.connection, tv, edge)
        return known

    def renewable(self, tag: Active, tv: int) -> BitMap:
        """Return who has a tag value already and may lapse at another time than was noted."""
        held = self.old[tv]
        if any(
            self.fitted.get(tier) for tier in self.snapshot.plan.tiers if tier in tiers(tag.root)
        ):
            return held
        return held & (self.moved | self._due[tv])

    def _facts(
        self, engine: DuckEngine, slices: list[GateSlice], undo: ExitStack
    ) -> Iterable[tuple[int, BucketFacts]]:
        measured = self._measured(engine, slices)
        if not self.snapshot.plan.tiers:
            return measured
        kept = undo.enter_context(closing(Kept(self.ws.paths.scratch, measured)))
        if self.only is None:
            self._before, self.fitted = (
                self.cuts,
                fit_tiers(engine, self.snapshot.plan, (bucket for _, bucket in kept)),
            )
            self.cuts = self.fitted
        return iter(kept)

    def _measured(
        self, engine: DuckEngine, slices: list[GateSlice]
    ) -> Iterator[tuple[int, BucketFacts]]:
        for number, gate in enumerate(slices):
            if len(gate.subject_ids):
                yield (
                    number,
                    engine.facts(
                        self.snapshot.plan,
                        self.snapshot.buckets[number],
                        gate,
                        self.as_of,
                        self.attributes[number],
                    ),
                )
            self.progress(number + 1, 2 * len(slices))


@dataclass(slots=True)
class _Difference:
    """What is new in one bucket."""

    run: Evaluation
    engine: DuckEngine
    bucket: int
    gate: GateSlice
    values: BucketValues

    def note(self) -> None:
        """Note who has which value, and open what is new."""
        for key, tag in self.run.snapshot.tags.items():
            by_value = self.values.values[key]
            numbers = self.run.number(tag, by_value)
            people = {numbers[value]: self._people(where) for value, where in by_value.items()}
            for tv, found in people.items():
                self.run.new[tv] |= found
            fresh = {tv: found - self.run.old[tv] for tv, found in people.items()}
            again = {tv: found & self.run.renewable(tag, tv) for tv, found in people.items()}
            lapses = self._lapses(tag, BitMap.union(BitMap(), *fresh.values(), *again.values()))
            for value, where in by_value.items():
                self._open(tag, numbers[value], where, fresh[numbers[value]], lapses)
            if lapses:
                self.run.publisher.renew(
                    (lapses[person], person, tv) for tv, found in again.items() for person in found
                )

    def _people(self, where: Any) -> BitMap:
        import numpy as np

        return BitMap(self.values.subject_ids[where].astype(np.uint32))

    def _open(
        self, tag: Active, tv: int, where: Any, fresh: BitMap, lapses: Mapping[int, publish.Lapse]
    ) -> None:
        import numpy as np

        if not fresh:
            return
        chosen = where[np.isin(self.values.subject_ids[where], fresh.to_array())]
        ids = self.values.subject_ids[chosen].tolist()
        planned = next(item for item in self.run.snapshot.plan.tags if item.key == tag.tag.key)
        rows = [self._fact(fact, chosen) for fact in planned.facts]
        evidence = publish.evidence_rows(rows) if rows else ["[]"] * len(ids)
        self.run.publisher.open(
            [
                publish.Opening(
                    tv, ids, [lapses.get(person, (None, False)) for person in ids], evidence
                )
            ]
        )
        self.run.opened[tag.tag.key] += len(ids)

    def _fact(self, fact: Fact, chosen: Any) -> list[Any]:
        plan = self.run.snapshot.plan
        if isinstance(fact, TagRef):
            number = next(n for n, tag in enumerate(plan.tags) if tag.key == fact.key)
            column = self.values.tags.column(f"t{number}")
        else:
            column = self.values.facts.column(f"f{plan.index(fact)}")
        found: list[Any] = column.take(chosen).to_pylist()
        return found

    def _lapses(self, tag: Active, people: BitMap) -> dict[int, publish.Lapse]:
        """Return until when the values of some people hold: at the latest for the tag's lifetime."""
        import numpy as np

        plan = self.run.snapshot.plan
        if not people or not _moves(narrowed(plan, tag.tag.key)):
            return {}
        ids = np.frombuffer(people.to_array(), dtype=np.uint32).astype(np.int64)
        at = np.searchsorted(self.gate.subject_ids, ids)
        ttl = span_micros(tag.tag.ttl)
        instants, exact = self.engine.lapses(
            plan,
            tag.tag.key,
            self.run.snapshot.buckets[self.bucket],
            GateSlice(ids, [mask[at] for mask in self.gate.masks]),
            self.run.as_of,
            self.run.cuts,
            self.run.attributes[self.bucket],
            horizon=ttl,
        )
        last = self.run.as_of + ttl
        return {
            person: (last, False) if instant is None else (instant, known)
            for person, instant, known in zip(
                ids.tolist(), instants.to_pylist(), exact.tolist(), strict=True
            )
        }


def fit_tiers(
    engine: DuckEngine, plan: Plan, buckets: Iterable[BucketFacts]
) -> dict[Tier, list[int | float]]:
    """Return the cut points of each tier of a plan, over the people of all buckets."""
    import numpy as np

    measures: list[list[Any]] = [[] for _ in plan.tiers]
    for bucket in buckets:
        for number, found in enumerate(engine.tier_inputs(plan, bucket)):
            measures[number].append(found)
    return {
        tier: fit(np.concatenate(found) if found else np.empty(0), tier.count)
        for tier, found in zip(plan.tiers, measures, strict=True)
    }


def _moves(plan: Plan) -> bool:
    """Return whether time alone can change the facts of a plan."""
    return any(
        isinstance(fact, Aggregate)
        and (fact.window.span is not None or fact.window.ago or fact.op.startswith("since"))
        for fact in plan.measured
    )
