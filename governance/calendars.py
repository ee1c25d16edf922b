# SPDX-License-Identifier: Apache-2.0
"""Calendars that a workspace keeps: the days off of a year, as an operator gave them from the notice.

Deadlines of requests and `policy due` are counted on them. Nothing is overwritten: a year that is given
again is a new row, and the latest counts. The built-in years hold where nothing was given.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, text

from audit.canon import canonical, digest
from audit.clock import Micros
from policies.calendar_file import YearTable, tables_of
from policies.document import Document, read_documents

if TYPE_CHECKING:
    from governance.store.unit import Unit
    from governance.workspace import Workspace

_LATEST: Final = "id IN (SELECT max(id) FROM calendaryear GROUP BY calendar, year)"


@dataclass(frozen=True, slots=True)
class Kept:
    """A year of a calendar as it is kept: its days, the digest of its document, when, and by whom."""

    table: YearTable
    digest: str
    at: Micros
    by: str


def kept(connection: Connection) -> tuple[YearTable, ...]:
    """Return the years that are kept, for `policies.clocks.due`."""
    return tuple(one.table for one in listed(connection))


def listed(connection: Connection) -> list[Kept]:
    """Return the years that are kept, by calendar and year; raises BadInput when one does not fit any more."""
    rows = connection.execute(
        text(
            "SELECT digest, document, applied_at, applied_by FROM calendaryear "
            f"WHERE {_LATEST} ORDER BY calendar, year"
        )
    ).all()
    documents = [Document("calendars", json.loads(row.document), {}) for row in rows]
    tables = tables_of(documents, "calendars") if documents else ()
    return [
        Kept(table, row.digest, row.applied_at, row.applied_by)
        for table, row in zip(tables, rows, strict=True)
    ]


def keep(ws: "Workspace", unit: "Unit", files: Sequence[Path]) -> list[YearTable]:
    """Keep the years in some files, in a transaction of the caller's, with evidence; returns what is new.

    Raises BadInput `bad-calendar-file` with every problem of a file.
    """
    before = {one.digest for one in listed(unit.connection)}
    found = []
    for path in files:
        documents = read_documents(path)
        for table, document in zip(tables_of(documents, path.name), documents, strict=True):
            mark = digest(document.value)
            if mark not in before:
                _write(ws, unit, table, document, mark)
                found.append(table)
    return found


def _write(ws: "Workspace", unit: "Unit", table: YearTable, document: Document, mark: str) -> None:
    unit.connection.execute(
        text(
            "INSERT INTO calendaryear (calendar, year, digest, document, applied_at, applied_by) "
            "VALUES (:c, :y, :d, :t, :at, :by)"
        ),
        {
            "c": table.calendar,
            "y": table.year,
            "d": mark,
            "t": canonical(document.value).decode("utf-8"),
            "at": ws.evidence.now(),
            "by": ws.actor.ref,
        },
    )
    unit.log(
        ws.evidence.entry("calendar.applied", calendar=table.calendar, year=table.year, digest=mark)
    )
