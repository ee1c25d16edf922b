# SPDX-License-Identifier: Apache-2.0
"""Rules computed for some people at an instant, for an audit: in memory, counted and thrown away."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap
from sqlalchemy import Connection

from audit.clock import Micros
from governance.gate import GateTable
from governance.running import attributes as declared
from governance.running.evaluation import engine_of
from governance.running.snapshot import Snapshot, gate_slices, lake_buckets, ledger
from tagging.evaluation.plan import Plan, make_plan
from tagging.rules.lower import Cuts
from tagging.rules.tree import Node

if TYPE_CHECKING:
    from governance.workspace import Workspace


def measured(  # noqa: PLR0917  (what an evaluation needs)
    ws: "Workspace",
    connection: Connection,
    rules: Mapping[str, Node],
    people: BitMap,
    as_of: Micros,
    cuts: Cuts,
) -> dict[str, NDArray[np.int64]]:
    """Return whole numbers for each rule, and `ids`, in one order; 0 where there is no answer."""
    plan = make_plan(dict(rules), dict.fromkeys(rules, 0))
    buckets = lake_buckets(connection, ws.paths, ws.settings.number("lake.buckets"), plan)
    gate = GateTable([people], dict.fromkeys(rules, 0), {}, len(people))
    snapshot = Snapshot({}, plan, gate, buckets, ledger(connection))
    opened = declared.for_run(ws, connection, snapshot, None)
    engine = engine_of(ws)
    parts: list[dict[str, NDArray[np.int64]]] = []
    try:
        for number, part in enumerate(gate_slices(gate, len(buckets))):
            if len(part.subject_ids):
                facts = engine.facts(plan, buckets[number], part, as_of, opened[number])
                parts.append(_columns(plan, engine.measures(plan, facts, cuts)))
    finally:
        engine.close()
    none = np.zeros(0, dtype=np.int64)
    return {name: np.concatenate([none, *(p[name] for p in parts)]) for name in ("ids", *rules)}


def _columns(plan: Plan, table: Any) -> dict[str, NDArray[np.int64]]:
    found = {"ids": table.column("subject_id").to_numpy()}
    for number, tag in enumerate(plan.tags):
        column = table.column(f"t{number}").cast("int64").to_numpy(zero_copy_only=False)
        found[tag.key] = np.nan_to_num(column.astype(np.float64)).astype(np.int64)
    return found
