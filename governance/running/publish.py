# SPDX-License-Identifier: Apache-2.0
"""Writes a run: only what changed, invisible until one last transaction makes all of it visible.

New assignments are written in chunks under the run's number; readers see a run's rows only when it
is published. The last transaction closes what no longer holds, writes the audiences, and leaves the
evidence. A run that never gets there is discarded by the next one.
"""

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pyroaring import BitMap
from sqlalchemy import Connection, text

from audit.canon import canonical
from audit.clock import Micros
from audit.ids import new_id
from governance.store import bitmaps
from governance.store.unit import Unit
from governance.workspace import Workspace

Lapse = tuple[int | None, bool]
"""When an assignment lapses, and whether that is known: else it may hold longer than that."""

CHUNK = 20_000
PAUSE_SECONDS = 0.005

_OPEN = (
    "INSERT INTO assignment (subject_id, tv, valid_from, valid_to, lapses_at, lapse_known, run_id, "
    "closed_by, evidence) VALUES (?, ?, ?, NULL, ?, ?, ?, NULL, ?) "
    "ON CONFLICT (subject_id, tv, valid_from) DO UPDATE SET valid_to = NULL, closed_by = NULL, "
    "lapses_at = excluded.lapses_at, lapse_known = excluded.lapse_known, run_id = excluded.run_id, evidence = excluded.evidence"
)
_RENEW = (
    "UPDATE assignment SET lapses_at = ?, lapse_known = ? "
    "WHERE subject_id = ? AND tv = ? AND valid_to IS NULL"
)
_SETTLE = f"{_RENEW} AND lapses_at = ? AND lapse_known = ?"


@dataclass(frozen=True, slots=True)
class Opening:
    """Assignments to be opened: one tag value, its new people, and what they rest on."""

    tv: int
    subject_ids: Sequence[int]
    lapses: Sequence[Lapse]
    evidence: Sequence[str]


@dataclass(slots=True)
class Publisher:
    """Writes one run."""

    ws: Workspace
    run_id: int
    name: str
    as_of: Micros
    opened: int = 0
    _waiting: list[tuple[Any, ...]] = field(default_factory=list)

    def open(self, openings: Iterable[Opening]) -> None:
        """Write new assignments, still invisible; they are sorted by person in each chunk."""
        for opening in openings:
            rows = zip(opening.subject_ids, opening.lapses, opening.evidence, strict=True)
            self._waiting += [
                (subject_id, opening.tv, self.as_of, *lapse, self.run_id, evidence)
                for subject_id, lapse, evidence in rows
            ]
            self.opened += len(opening.subject_ids)
        if len(self._waiting) >= CHUNK:
            self.flush()

    def renew(self, rows: Iterable[tuple[Lapse, int, int]]) -> None:
        """Note anew when assignments that still hold lapse: (lapse, person, tag value)."""
        found = sorted(((*lapse, person, tv) for lapse, person, tv in rows), key=lambda r: r[2:])
        for start in range(0, len(found), CHUNK):
            with self.ws.store.write() as unit:
                unit.connection.exec_driver_sql(_RENEW, found[start : start + CHUNK])

    def flush(self) -> None:
        """Write what is waiting, in transactions short enough for others to get in between."""
        self._waiting.sort()
        for start in range(0, len(self._waiting), CHUNK):
            with self.ws.store.write() as unit:
                unit.connection.exec_driver_sql(_OPEN, self._waiting[start : start + CHUNK])
            time.sleep(PAUSE_SECONDS)
        self._waiting.clear()


def begin(ws: Workspace, mode: str, as_of: Micros) -> Publisher:
    """Return the publisher of a new run; a run that was left unfinished is discarded first."""
    discard_unfinished(ws)
    name = new_id(ws.ids, "run")
    with ws.store.write() as unit:
        run_id = unit.connection.execute(
            text(
                "INSERT INTO run (name, mode, state, as_of, started_at, report) "
                "VALUES (:n, :m, 'running', :a, :t, '{}') RETURNING id"
            ),
            {"n": name, "m": mode, "a": as_of, "t": ws.clock.now()},
        ).scalar_one()
    return Publisher(ws, run_id, name, as_of)


def discard_unfinished(ws: Workspace) -> int:
    """Remove what unfinished runs have written, and return how many there were."""
    with ws.store.write() as unit:
        runs = unit.connection.execute(
            text("SELECT id, name FROM run WHERE state = 'running'")
        ).all()
        for run in runs:
            unit.connection.execute(text("DELETE FROM assignment WHERE run_id = :r"), {"r": run.id})
            unit.connection.execute(
                text("UPDATE run SET state = 'discarded' WHERE id = :r"), {"r": run.id}
            )
            unit.log(ws.evidence.entry("run.discarded", run=run.name))
        return len(runs)


def open_now(
    unit: Unit, subject_id: int, tv: int, now: Micros, *, lapse: Lapse, evidence: str
) -> None:
    """Open one assignment at once, outside of a bulk run."""
    run_id = _live_run(unit, now)
    unit.connection.exec_driver_sql(_OPEN, (subject_id, tv, now, *lapse, run_id, evidence))


def renew_now(unit: Unit, rows: Iterable[tuple[Lapse, int, int]]) -> None:
    """Note anew when assignments that still hold lapse: (lapse, person, tag value)."""
    found = [(*lapse, person, tv) for lapse, person, tv in rows]
    if found:
        unit.connection.exec_driver_sql(_RENEW, found)


def settle(unit: Unit, rows: Iterable[tuple[Lapse, int, int, Lapse]]) -> None:
    """Put a lapse where a bound stands: (lapse, person, tag value, bound); a newer one is left."""
    found = [(*lapse, person, tv, *bound) for lapse, person, tv, bound in rows]
    unit.connection.exec_driver_sql(_SETTLE, found)


def _live_run(unit: Unit, now: Micros) -> int:
    """Return the run under which everything that is computed in real time is filed."""
    unit.connection.execute(
        text(
            "INSERT INTO run (name, mode, state, as_of, started_at, report) "
            "VALUES ('run-live', 'live', 'published', :t, :t, '{}') ON CONFLICT (name) DO NOTHING"
        ),
        {"t": now},
    )
    return int(
        unit.connection.execute(text("SELECT id FROM run WHERE name = 'run-live'")).scalar_one()
    )


def take_back(connection: Connection, run_id: int, tv: int, people: Iterable[int]) -> None:
    """Remove assignments that a run has written and that may not become visible."""
    rows = [{"s": subject_id, "t": tv, "r": run_id} for subject_id in people]
    if rows:
        connection.execute(
            text("DELETE FROM assignment WHERE subject_id = :s AND tv = :t AND run_id = :r"), rows
        )


def finish(
    unit: Unit, publisher: Publisher, audiences: Mapping[int, BitMap], report: Mapping[str, Any]
) -> None:
    """Make the run visible: audiences, report, evidence, in the transaction of `unit`."""
    for tv, people in audiences.items():
        bitmaps.put(unit.connection, f"tv:{tv}", people)
    unit.connection.execute(
        text("UPDATE run SET state = 'published', finished_at = :t, report = :r WHERE id = :i"),
        {
            "t": publisher.ws.clock.now(),
            "r": canonical(report).decode(),
            "i": publisher.run_id,
        },
    )
    unit.log(
        publisher.ws.evidence.entry(
            "run.published",
            run=publisher.name,
            tags=len(report["tags"]),
            opened=int(report["opened"]),
            closed=int(report["closed"]),
            gated_out=int(report["gated_out"]),
        )
    )


def lapsing(connection: Connection, tv: int, until: int) -> BitMap:
    """Return whose assignment of a tag value must be looked at again by an instant."""
    rows = connection.execute(
        text(
            "SELECT subject_id FROM assignment "
            "WHERE tv = :t AND valid_to IS NULL AND lapses_at <= :u AND NOT lapse_known"
        ),
        {"t": tv, "u": until},
    )
    return BitMap(row.subject_id for row in rows)


def value_numbers(unit: Unit, definition_id: int, values: Iterable[str]) -> dict[str, int]:
    """Return the number of each value of a tag version, new ones included."""
    unit.connection.execute(
        text(
            "INSERT INTO tagvalue (definition_id, value) VALUES (:d, :v) "
            "ON CONFLICT (definition_id, value) DO NOTHING"
        ),
        [{"d": definition_id, "v": value} for value in values]
        or [{"d": definition_id, "v": "true"}],
    )
    rows = unit.connection.execute(
        text("SELECT value, tv FROM tagvalue WHERE definition_id = :d"), {"d": definition_id}
    )
    return {row.value: row.tv for row in rows}


def evidence_rows(columns: Sequence[Sequence[Any]]) -> list[str]:
    """Return the evidence text of each person: the JSON array of the facts of a rule, in order."""
    return [
        json.dumps(row, ensure_ascii=False, separators=(",", ":"))
        for row in zip(*columns, strict=True)
    ]
