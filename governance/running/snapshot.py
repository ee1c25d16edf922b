# SPDX-License-Identifier: Apache-2.0
"""What one evaluation sees: definitions, gate, lake, cut points, as of one moment of the store."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pyroaring import BitMap
from sqlalchemy import Connection, text

from audit.clock import Micros
from governance.catalogue import Active, reading
from governance.gate import GateTable
from governance.gate import table as gate_table
from governance.workspace import Paths, Workspace
from tagging.evaluation.engine import CLASS_BITS, Bucket, GateSlice
from tagging.evaluation.plan import Plan, closure, make_plan
from tagging.rules.tree import Tier, tiers


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that an evaluation needs besides events."""

    tags: Mapping[str, Active]
    plan: Plan
    gate: GateTable
    buckets: tuple[Bucket, ...]
    ledger: tuple[int, int]
    """The last consent event and the last choice event that the gate has seen."""
    lacking: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Tags that were asked for and are left out, with what they are made of and is not in use."""

    @property
    def everyone(self) -> BitMap:
        """Everybody whom some class permits."""
        return BitMap.union(*self.gate.classes) if self.gate.classes else BitMap()


ROWS_AT_ONCE = 2_500_000
"""Events in one statement of a run, about: fewer statements cost less, memory is that of one."""


def take(
    ws: Workspace,
    connection: Connection,
    keys: Iterable[str] | None,
    as_of: Micros,
    *,
    in_bulk: bool = False,
) -> Snapshot:
    """Return the snapshot for some tags (None: all in use) and all that they refer to.

    A tag is left out while one that it is made of is not in use: nothing could be said of it.
    In bulk, small buckets are taken together: their number then divides that of the lake.
    """
    usable, purposes = reading(connection)
    asked = set(usable) if keys is None else set(keys) & set(usable)
    rules = {key: tag.root for key, tag in usable.items() if tag.computed}
    wanted = closure(rules, asked)
    tags = {key: usable[key] for key in sorted(wanted)}
    gate = gate_table(connection, [tag.effective for tag in tags.values()], as_of, purposes)
    plan = make_plan({key: tag.root for key, tag in tags.items()}, gate.class_of)
    count = ws.settings.number("lake.buckets")
    if in_bulk:
        count = _statements(connection, count)
    buckets = lake_buckets(connection, ws.paths, count, plan)
    lacking = {key: usable[key].lacking for key in sorted(asked - wanted)}
    return Snapshot(tags, plan, gate, buckets, ledger(connection), lacking)


def lake_buckets(
    connection: Connection, paths: Paths, count: int, plan: Plan
) -> tuple[Bucket, ...]:
    """Return the registered files of each bucket (modulo `count`), and the columns some lack."""
    parts: dict[int, list[Any]] = defaultdict(list)
    for row in connection.execute(text("SELECT path, bucket, columns FROM lakepart ORDER BY path")):
        parts[row.bucket % count].append(row)
    return tuple(_bucket(paths, parts[number], plan) for number in range(count))


def lake_bucket(
    connection: Connection, paths: Paths, subject_id: int, count: int, plan: Plan
) -> Bucket:
    """Return the bucket of one person as it is registered now: an erasure writes parts anew."""
    rows = connection.execute(
        text("SELECT path, columns FROM lakepart WHERE bucket % :n = :b ORDER BY path"),
        {"n": count, "b": subject_id % count},
    )
    return _bucket(paths, rows.all(), plan)


def _bucket(paths: Paths, rows: Sequence[Any], plan: Plan) -> Bucket:
    lacking: set[str] = set()
    for row in rows:
        lacking |= set(plan.columns) - set(json.loads(row.columns))
    return Bucket([paths.lake / row.path for row in rows], frozenset(lacking))


def _statements(connection: Connection, buckets: int) -> int:
    """Return into how many statements a run is cut: a divisor of the number of buckets."""
    rows = connection.execute(text("SELECT coalesce(sum(row_count), 0) FROM lakepart")).scalar_one()
    wanted = rows / ROWS_AT_ONCE
    return next(
        n for n in range(1, buckets + 1) if buckets % n == 0 and (n >= wanted or n == buckets)
    )


def gate_slices(gate: GateTable, count: int, only: BitMap | None = None) -> list[GateSlice]:
    """Return the permitted people of each bucket with their masks; `only` narrows them.

    Memory: 8 bytes per person and 62 gate classes, for the permitted people only.
    """
    import numpy as np

    classes = [people if only is None else people & only for people in gate.classes]
    everyone = BitMap.union(*classes) if classes else BitMap()
    ids = np.frombuffer(everyone.to_array(), dtype=np.uint32).astype(np.int64)
    masks = [
        np.zeros(len(ids), dtype=np.int64)
        for _ in range(1 + max(len(classes) - 1, 0) // CLASS_BITS)
    ]
    for number, people in enumerate(classes):
        column, bit = divmod(number, CLASS_BITS)
        held = np.frombuffer(people.to_array(), dtype=np.uint32)
        masks[column][np.searchsorted(ids, held)] |= np.int64(1 << bit)
    slices = []
    for bucket in range(count):
        here = np.flatnonzero(ids % count == bucket)
        slices.append(GateSlice(ids[here], [mask[here] for mask in masks]))
    return slices


def latest_cuts(
    connection: Connection, tags: Mapping[str, Active]
) -> dict[Tier, list[int | float]]:
    """Return the cut points that the last full run fitted for the tiers of these tags."""
    found: dict[Tier, list[int | float]] = {}
    for tag in tags.values():
        for number, tier in enumerate(tiers(tag.root)):
            row = connection.execute(
                text(
                    "SELECT c.cuts FROM cutpoints c JOIN run r ON r.id = c.run_id "
                    "WHERE c.definition_id = :d AND c.tier = :n AND r.state = 'published' "
                    "ORDER BY c.run_id DESC LIMIT 1"
                ),
                {"d": tag.id, "n": number},
            ).scalar()
            if row is not None:
                found[tier] = json.loads(row)
    return found


def cuts_of_run(connection: Connection, tag: Active, run: str) -> dict[Tier, list[int | float]]:
    """Return the cut points of a tag's tiers as they stood in a run (the newest up to it)."""
    found: dict[Tier, list[int | float]] = {}
    for number, tier in enumerate(tiers(tag.root)):
        row = connection.execute(
            text(
                "SELECT c.cuts FROM cutpoints c WHERE c.definition_id = :d AND c.tier = :n "
                "AND c.run_id <= (SELECT id FROM run WHERE name = :r) "
                "ORDER BY c.run_id DESC LIMIT 1"
            ),
            {"d": tag.id, "n": number, "r": run},
        ).scalar()
        if row is not None:
            found[tier] = json.loads(row)
    return found


def ledger(connection: Connection) -> tuple[int, int]:
    """Return the last consent event and the last choice event."""
    row = connection.execute(
        text(
            "SELECT (SELECT coalesce(max(id), 0) FROM consentevent),"
            " (SELECT coalesce(max(id), 0) FROM choiceevent)"
        )
    ).one()
    return int(row[0]), int(row[1])
