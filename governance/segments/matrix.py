# SPDX-License-Identifier: Apache-2.0
"""The feature matrix of a release: one row for each person whom the gate lets through for its purpose.

Set-based, bucket by bucket; what stays in memory is 4 bytes per person and feature. It exists in memory
only, and only between the charge and the release.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import Connection, text

from audit.canon import digest
from audit.clock import DAY, Micros
from governance.budget.populations import ALL
from governance.gate import GateTable, table
from governance.purpose import purposes
from governance.running import attributes as declared
from governance.running.evaluation import engine_of
from governance.running.snapshot import Snapshot, gate_slices, lake_buckets, ledger
from governance.segments.documents import Checked
from governance.store import bitmaps
from tagging.document import Tag
from tagging.evaluation.plan import Plan, make_plan
from tagging.rules.tree import Node
from tagging.segmentation.contract import Grid, one_row_each

if TYPE_CHECKING:
    from governance.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Source:
    """What a matrix is made from: known before any row is read."""

    snapshot: Snapshot
    attributes: list[Any | None]
    as_of: Micros


def day_of(at: Micros) -> Micros:
    """Return the midnight (UTC) as of which a release counts: asked twice on a day, it is the same."""
    return Micros(at - at % DAY)


def state_of(connection: Connection, as_of: Micros) -> str:
    """Return the digest of the data and of the choices that a release would see.

    It is over random names of files and over the last numbers of ledgers: it counts nobody.
    """
    paths = [
        row.path for row in connection.execute(text("SELECT path FROM lakepart ORDER BY path"))
    ]
    intakes = connection.execute(text("SELECT id FROM intake ORDER BY id")).all()
    consent, choice = ledger(connection)
    return digest(
        {
            "lake": paths,
            "intakes": [row.id for row in intakes],
            "consent": consent,
            "choice": choice,
            "as_of": as_of,
        }
    )


def source(ws: "Workspace", connection: Connection, checked: Checked, as_of: Micros) -> Source:
    """Return what the matrix of a segmentation is made from; reads who is permitted, and attributes."""
    population = checked.document.population
    now = ws.clock.now()
    return source_of(
        ws, connection, checked.tag, checked.measures, population, as_of=as_of, now=now
    )


def source_of(
    ws: "Workspace",
    connection: Connection,
    tag: Tag,
    measures: Sequence[Node],
    population: str,
    *,
    as_of: Micros,
    now: Micros,
) -> Source:
    """Return from what some measures are made, of the people of a population whom the gate permits now."""
    rules = {f"f{number:03}": node for number, node in enumerate(measures)}
    plan = make_plan(rules, dict.fromkeys(rules, 0))
    gate = table(connection, [tag], now, purposes(connection))
    people = gate.classes[0]
    if population != ALL:
        people = people & bitmaps.members(connection, f"regime:{population}")
    gate = GateTable([people], gate.class_of, gate.refused, gate.universe, gate.age_unknown)
    buckets = lake_buckets(connection, ws.paths, ws.settings.number("lake.buckets"), plan)
    snapshot = Snapshot({}, plan, gate, buckets, ledger(connection))
    return Source(snapshot, declared.for_run(ws, connection, snapshot, None), as_of)


def rows(ws: "Workspace", checked: Checked, found: Source) -> Grid:
    """Return the rows on the lattice of the contract, one per person; raises Refused for a second one."""
    grids, people = [], []
    for who, values in measured(ws, found, checked.divisors):
        people.append(who)
        grids.append(checked.contract.points(values))
    if not grids:
        return np.zeros((0, checked.contract.dimensions), dtype=np.int32)
    whole = np.concatenate(grids)
    one_row_each(np.concatenate(people), len(whole))
    return whole


def measured(
    ws: "Workspace", found: Source, divisors: tuple[int, ...]
) -> Iterator[tuple[Any, Any]]:
    """Yield, bucket by bucket, people and their measures; what is missing is not a number."""
    plan, buckets = found.snapshot.plan, found.snapshot.buckets
    engine = engine_of(ws)
    try:
        for number, gate in enumerate(gate_slices(found.snapshot.gate, len(buckets))):
            if not len(gate.subject_ids):
                continue
            facts = engine.facts(plan, buckets[number], gate, found.as_of, found.attributes[number])
            values = engine.measures(plan, facts, {})
            yield values.column("subject_id").to_numpy(), _numbers(plan, values, divisors)
    finally:
        engine.close()


def _numbers(plan: Plan, measured: Any, divisors: tuple[int, ...]) -> Any:
    """Return the measures of a bucket in the units of the contract; what is missing is not a number."""
    columns = [
        measured.column(f"t{number}").cast("float64", safe=False).to_numpy() / divisors[number]
        for number in range(len(plan.tags))
    ]
    return np.stack(columns, axis=1)
