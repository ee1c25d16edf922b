# SPDX-License-Identifier: Apache-2.0
"""How many people some definitions would reach: evaluated like a run, and nothing is written.

Counts only leave this module, and few people are not told from each other. Live events that no run
has moved into the lake yet are not seen.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass

from pyroaring import BitMap
from sqlalchemy import Connection, text

from audit.clock import Micros
from governance.catalogue import Active
from governance.changing.plan import Count, People
from governance.gate import table as gate_table
from governance.purpose import Purpose
from governance.running import attributes as declared
from governance.running.evaluation import ProgressUpdate, engine_of, fit_tiers
from governance.running.kept import Kept
from governance.running.snapshot import Snapshot, gate_slices, lake_buckets, ledger
from governance.store import bitmaps
from governance.workspace import Workspace
from tagging.catalogue import Definition
from tagging.document import Tag
from tagging.evaluation.engine import BucketFacts
from tagging.evaluation.plan import make_plan
from tagging.rules.lower import Cuts

FEW = 10


@dataclass(frozen=True, slots=True)
class Reach:
    """Whom the gate lets through for a tag, and who would have it."""

    permitted: BitMap
    tagged: BitMap


def reach(
    ws: Workspace,
    connection: Connection,
    definitions: Mapping[str, Definition],
    gated: Mapping[str, Tag],
    purposes: Mapping[str, Purpose],
    *,
    at: Micros,
    progress: ProgressUpdate = lambda _done, _total: None,
) -> dict[str, Reach]:
    """Return whom each definition would reach; they refer to nothing but each other.

    `gated` are the same tags as the gate must see them. Memory: one bucket, and a bitmap per tag.
    """
    gate = gate_table(connection, [gated[key] for key in definitions], at, purposes)
    plan = make_plan({key: item.root for key, item in definitions.items()}, gate.class_of)
    count = ws.settings.number("lake.buckets")
    buckets = lake_buckets(connection, ws.paths, count, plan)
    snapshot = Snapshot({}, plan, gate, buckets, ledger(connection))
    attributes = declared.for_run(ws, connection, snapshot, None)
    engine = engine_of(ws)
    found = {key: BitMap() for key in definitions}
    slices = gate_slices(gate, count)
    with ExitStack() as undo:
        undo.callback(engine.close)

        def measured() -> Iterator[tuple[int, BucketFacts]]:
            for number, gate_slice in enumerate(slices):
                progress(number, 2 * count)
                if len(gate_slice.subject_ids):
                    found = engine.facts(plan, buckets[number], gate_slice, at, attributes[number])
                    yield number, found

        facts: Iterable[tuple[int, BucketFacts]] = measured()
        cuts: Cuts = {}
        if plan.tiers:  # cut points are over all people
            kept = undo.enter_context(closing(Kept(ws.paths.scratch, facts)))
            cuts = fit_tiers(engine, plan, (bucket for _, bucket in kept))
            facts = kept
        for number, bucket in facts:
            progress(count + number, 2 * count)
            values = engine.values(plan, bucket, cuts)
            for key, by_value in values.values.items():
                for where in by_value.values():
                    found[key] |= BitMap(values.subject_ids[where].astype("uint32"))
    return {key: Reach(gate.classes[gate.class_of[key]], found[key]) for key in definitions}


def holders(connection: Connection, tag: Active) -> BitMap:
    """Return who has a tag now, whatever its value."""
    rows = connection.execute(
        text("SELECT tv FROM tagvalue WHERE definition_id = :d"), {"d": tag.id}
    ).all()
    return BitMap.union(BitMap(), *(bitmaps.members(connection, f"tv:{row.tv}") for row in rows))


def people(known: int, found: Reach, before: BitMap, *, told: bool = True) -> People:
    """Return the counts of a change; without those of who has the tag when they must not be told."""

    def shown(who: BitMap) -> Count:
        return few(len(who)) if told else "not told"

    return People(
        known=known,
        permitted=few(len(found.permitted)),
        permitted_per_mille=1000 * len(found.permitted) // known if known else 0,
        before=shown(before),
        after=shown(found.tagged),
        gained=shown(found.tagged - before),
        lost=shown(before - found.tagged),
    )


def few(count: int) -> Count:
    """Return a count as it may be shown: none, or few, or the number."""
    return "<10" if 0 < count < FEW else count
