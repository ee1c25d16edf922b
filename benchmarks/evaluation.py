# SPDX-License-Identifier: Apache-2.0
"""Evaluation with and without governance: the product's own path, hand-written SQL, a query per tag.

The governed path is what a run does before it writes: catalogue and gate are read, rules parsed,
facts counted, cut points fitted, values computed, audiences made as bitmaps. The hand-written one
ends with its long table in Arrow.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from string import Template
from typing import Any

from pyroaring import BitMap

from benchmarks import rules
from benchmarks.generate import AS_OF, Lake
from governance.running.snapshot import gate_slices, take
from governance.workspace import Workspace
from tagging.evaluation.cuts import fit
from tagging.evaluation.duck import DuckEngine
from tagging.evaluation.engine import Bucket, BucketFacts, GateSlice
from tagging.evaluation.plan import Plan, closure, make_plan
from tagging.rules.lower import Cuts

Audiences = dict[tuple[str, str], BitMap]
"""(tag, value) → people."""

_DAY = 86_400_000_000
MEMORY = "2GB"


def governed(ws: Workspace, threads: int = 0) -> Audiences:
    """Return the audiences of all tags, through the gate."""
    with ws.store.read() as connection:
        snapshot = take(ws, connection, None, ws.clock.now(), in_bulk=True)
    slices = gate_slices(snapshot.gate, len(snapshot.buckets))
    strict = ws.settings.text("gate.mode") == "strict"
    engine = DuckEngine(ws.paths.lake, memory=MEMORY, threads=threads, strict=strict)
    try:
        return _audiences(engine, snapshot.plan, list(zip(snapshot.buckets, slices, strict=True)))
    finally:
        engine.close()


def for_everybody(lake: Lake, people: Sequence[int], plan: Plan | None = None) -> Audiences:
    """Return the audiences with a gate that lets everybody through, in mask mode."""
    engine = DuckEngine(lake.folder, memory=MEMORY, strict=False)
    try:
        return _audiences(engine, plan or rules.plan(), list(_open_gate(lake, people)))
    finally:
        engine.close()


def one_by_one(lake: Lake, people: Sequence[int]) -> Audiences:
    """Return the audiences of everybody, a plan and its statements for each tag."""
    found: Audiences = {}
    roots = rules.trees()
    for key in roots:
        wanted = closure(roots, {key})
        plan = make_plan({name: roots[name] for name in wanted})
        some = for_everybody(lake, people, plan)
        found |= {name: members for name, members in some.items() if name[0] == key}
    return found


def raw(lake: Lake, threads: int = 0) -> Any:
    """Return the Arrow table (subject_id, tag, value) of the hand-written statement."""
    import duckdb

    with duckdb.connect(":memory:") as db:
        db.execute("SET enable_progress_bar = false")
        db.execute(f"SET memory_limit = '{MEMORY}'")
        if threads:
            db.execute(f"SET threads = {threads}")
        return db.sql(_raw_sql(lake)).to_arrow_table()


def difference(lake: Lake, people: Sequence[int]) -> tuple[int, int]:
    """Return how many assignments both ways give, and how many only one of them gives."""
    table = raw(lake)
    columns = [table.column(name).to_pylist() for name in ("subject_id", "tag", "value")]
    by_hand = set(zip(*columns, strict=True))
    ours = {
        (person, key, value)
        for (key, value), members in for_everybody(lake, people).items()
        for person in members
    }
    return len(by_hand & ours), len(by_hand ^ ours)


def _raw_sql(lake: Lake) -> str:
    files = [f"'{path}'" for bucket in range(lake.buckets) for path in lake.parts(bucket)]
    text = Path(__file__).with_name("raw.sql").read_text("utf-8")
    return Template(text).substitute(events=f"[{', '.join(files)}]", now=AS_OF, day=_DAY)


def _open_gate(lake: Lake, people: Sequence[int]) -> Iterator[tuple[Bucket, GateSlice]]:
    """Give the buckets with everybody in every class; four make one statement, as raw has one."""
    import numpy as np

    ids = np.array(people, dtype=np.int64)
    count = min(lake.buckets, 4)
    for number in range(count):
        here = ids[ids % count == number]
        parts = [p for bucket in range(number, lake.buckets, count) for p in lake.parts(bucket)]
        yield Bucket(parts), GateSlice(here, [np.full(len(here), 2**61 - 1, dtype=np.int64)])


def _audiences(
    engine: DuckEngine, plan: Plan, buckets: Sequence[tuple[Bucket, GateSlice]]
) -> Audiences:
    import numpy as np

    facts = [engine.facts(plan, bucket, gate, AS_OF, None) for bucket, gate in buckets]
    cuts = _cuts(engine, plan, facts)
    found: Audiences = {}
    for some in facts:
        values = engine.values(plan, some, cuts)
        for key, by_value in values.values.items():
            for value, where in by_value.items():
                people = BitMap(values.subject_ids[where].astype(np.uint32))
                found[key, value] = found.get((key, value), BitMap()) | people
    return found


def _cuts(engine: DuckEngine, plan: Plan, facts: Sequence[BucketFacts]) -> Cuts:
    import numpy as np

    measures = [engine.tier_inputs(plan, some) for some in facts]
    return {
        tier: fit(np.concatenate([some[n] for some in measures]), tier.count)
        for n, tier in enumerate(plan.tiers)
    }
