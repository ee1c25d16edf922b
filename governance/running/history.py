# SPDX-License-Identifier: Apache-2.0
"""Past runs, as they reported themselves."""

import json
from typing import Any

from sqlalchemy import Connection, text

from audit.clock import iso
from audit.errors import NotFound

_COLUMNS = "SELECT name, mode, state, as_of, finished_at, report FROM run"


def runs(connection: Connection) -> list[dict[str, Any]]:
    """Return all runs, the newest first, with their totals."""
    rows = connection.execute(text(f"{_COLUMNS} ORDER BY id DESC"))
    return [
        {
            "run": row.name,
            "mode": row.mode,
            "state": row.state,
            "as_of": iso(row.as_of),
            "opened": json.loads(row.report).get("opened", 0),
            "closed": json.loads(row.report).get("closed", 0),
        }
        for row in rows
    ]


def run_named(connection: Connection, name: str) -> dict[str, Any]:
    """Return the report of a published run; raises NotFound."""
    row = connection.execute(text(f"{_COLUMNS} WHERE name = :n"), {"n": name}).one_or_none()
    report: dict[str, Any] = json.loads(row.report) if row is not None else {}
    if "tags" not in report:
        raise NotFound(
            "unknown-run", "there is no such run, or it has no report", hint="tagwarden run list"
        )
    return report
