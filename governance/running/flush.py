# SPDX-License-Identifier: Apache-2.0
"""Moves events that came one by one from the control store into the lake, all or none.

The files are written first and count only when the transaction that registers them, and deletes the
waiting rows, is committed.
"""

import json
import os
from collections import defaultdict
from pathlib import Path
from typing import Any

from sqlalchemy import text

from audit.ids import new_id
from governance.catalogue import known
from governance.store.unit import Unit
from governance.workspace import Workspace
from tagging.lake import CORE_COLUMNS, part_path


def flush(ws: Workspace) -> int:
    """Write the waiting events as parts of the lake; return how many there were.

    Call it while holding the lock of long work.
    """
    written: list[Path] = []
    try:
        with ws.store.write() as unit:
            rows = unit.connection.execute(
                text(
                    "SELECT subject_id, ts, dedup, fields FROM liveevent ORDER BY subject_id, ts, id"
                )
            ).all()
            if not rows:
                return 0
            _write(ws, unit, rows, written)
            unit.connection.execute(text("DELETE FROM liveevent"))
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        raise
    return len(rows)


def _write(ws: Workspace, unit: Unit, rows: Any, written: list[Path]) -> None:
    columns = dict(known(unit.connection).columns)
    name = new_id(ws.ids, "live")
    buckets: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        buckets[row.subject_id % ws.settings.number("lake.buckets")].append(row)
    for bucket, found in sorted(buckets.items()):
        path = ws.paths.lake / part_path(bucket, name)
        written.append(path)
        _write_part(path, found, columns)
        unit.connection.execute(
            text(
                "INSERT INTO lakepart (path, intake_id, bucket, row_count, size_bytes, first_ts, "
                "last_ts, columns) VALUES (:p, :i, :b, :n, :z, :f, :l, :c)"
            ),
            {
                "p": part_path(bucket, name),
                "i": name,
                "b": bucket,
                "n": len(found),
                "z": path.stat().st_size,
                "f": min(row.ts for row in found),
                "l": max(row.ts for row in found),
                "c": json.dumps([*CORE_COLUMNS, *(c for c in columns if c not in CORE_COLUMNS)]),
            },
        )


def _write_part(path: Path, rows: list[Any], columns: dict[str, Any]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    fields = [json.loads(row.fields) for row in rows]
    table: dict[str, Any] = {
        "subject_id": pa.array([row.subject_id for row in rows], pa.int64()),
        "ts": pa.array([row.ts for row in rows], pa.int64()),
        "dedup": pa.array([row.dedup for row in rows], pa.int64()),
    }
    for name, kind in columns.items():
        kind_of = pa.string() if kind == "text" else pa.int64()
        table[name] = pa.array([field.get(name) for field in fields], kind_of)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    pq.write_table(pa.table(table), path, compression="zstd")
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
