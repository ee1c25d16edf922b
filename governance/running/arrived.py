# SPDX-License-Identifier: Apache-2.0
"""Events that came one by one and wait in the store until they are carried to the lake."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, text

from governance.store.unit import Unit


def insert(unit: Unit, subject_id: int, event: Mapping[str, Any]) -> bool:
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


def waiting(
    connection: Connection, subject_id: int, columns: tuple[str, ...]
) -> list[tuple[Any, ...]]:
    """Return the events of a person that wait for the lake, each with the columns asked for."""
    rows = connection.execute(
        text("SELECT ts, fields FROM liveevent WHERE subject_id = :s"), {"s": subject_id}
    )
    found = []
    for row in rows:
        given = {"subject_id": subject_id, "ts": row.ts, **json.loads(row.fields)}
        found.append(tuple(given.get(name) for name in columns))
    return found
