# SPDX-License-Identifier: Apache-2.0
"""Declared attributes for a run: opened only for people whom the gate permits, and only those asked.

They are sealed in the store; what is opened here lives in memory for the length of one evaluation.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pyroaring import BitMap
from sqlalchemy import Connection, text

from governance.running.snapshot import Snapshot
from governance.workspace import Workspace
from tagging.evaluation.plan import Plan


def for_run(
    ws: Workspace, connection: Connection, snapshot: Snapshot, only: BitMap | None
) -> list[Any | None]:
    """Return the attributes that a run needs, one Arrow table per bucket; None where it needs none."""
    plan = snapshot.plan
    keys = frozenset(fact.key for fact in plan.attributes())
    classes = {c for fact in plan.attributes() for c in plan.classes_of[fact]}
    people = BitMap.union(BitMap(), *(snapshot.gate.classes[c] for c in classes))
    people = people if only is None else people & only
    values = opened(ws, connection, keys, people)
    return as_tables(plan, values, len(snapshot.buckets))


def opened(
    ws: Workspace, connection: Connection, keys: frozenset[str], people: BitMap
) -> dict[int, dict[str, str]]:
    """Return the asked attributes of the given people: subject_id → key → value."""
    if not keys or not people:
        return {}
    found: dict[int, dict[str, str]] = {}
    for subject_id, _class_id, values in ws.people.unseal(cells_of(connection, keys, people)):
        wanted = {key: value for key, value in values.items() if key in keys}
        if wanted:
            found.setdefault(subject_id, {}).update(wanted)
    return found


def of_person(
    ws: Workspace, connection: Connection, keys: frozenset[str], subject_id: int
) -> dict[str, str]:
    """Return the asked attributes of one person."""
    if not keys:
        return {}
    rows = connection.execute(
        text("SELECT subject_id, class_id, cell FROM sealedblob WHERE subject_id = :s"),
        {"s": subject_id},
    )
    cells = [(row.subject_id, row.class_id, row.cell) for row in rows]
    found: dict[str, str] = {}
    for _subject_id, _class_id, values in ws.people.unseal(cells):
        found |= {key: value for key, value in values.items() if key in keys}
    return found


def as_tables(plan: Plan, values: Mapping[int, Mapping[str, str]], count: int) -> list[Any | None]:
    """Return one Arrow table per bucket: subject_id, and a column a<n> per attribute of the plan."""
    import pyarrow as pa

    wanted = plan.attributes()
    if not wanted:
        return [None] * count
    rows: list[list[int]] = [[] for _ in range(count)]
    for subject_id in sorted(values):
        rows[subject_id % count].append(subject_id)
    return [
        pa.table(
            {
                "subject_id": pa.array(ids, pa.int64()),
                **{
                    f"a{plan.index(fact)}": pa.array(
                        [values[subject_id].get(fact.key) for subject_id in ids], pa.string()
                    )
                    for fact in wanted
                },
            }
        )
        for ids in rows
    ]


def cells_of(
    connection: Connection, keys: frozenset[str], people: BitMap
) -> Iterator[tuple[int, int, bytes]]:
    """Yield the sealed cells that hold these attributes of these people: subject_id, class_id, cell."""
    classes = {
        row.class_id
        for row in connection.execute(text("SELECT key, class_id FROM attribute"))
        if row.key in keys
    }
    for class_id in sorted(classes):
        rows = connection.execute(
            text("SELECT subject_id, class_id, cell FROM sealedblob WHERE class_id = :c"),
            {"c": class_id},
        )
        for row in rows:
            if row.subject_id in people:
                yield row.subject_id, row.class_id, row.cell
