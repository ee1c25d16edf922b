# SPDX-License-Identifier: Apache-2.0
"""Requests as officers look at them; a look at one that is somebody's is on record."""

from typing import TYPE_CHECKING

from governance.authority import demand
from governance.requests import row
from governance.requests.row import Request, Stepped

if TYPE_CHECKING:
    from governance.workspace import Workspace


def listed(ws: "Workspace", *, everything: bool = False) -> list[Request]:
    """Return the requests that have not ended, or all, the nearest deadline first."""
    demand(ws, "request.read")
    with ws.store.read() as connection:
        return row.select(connection, "" if everything else "ended_at IS NULL")


def shown(ws: "Workspace", ref: str) -> tuple[Request, list[Stepped]]:
    """Return a request and its steps; raises NotFound `unknown-request`."""
    demand(ws, "request.read")
    with ws.store.write() as unit:
        found = row.load(unit.connection, ref)
        if found.subject_id is not None:
            entry = ws.evidence.entry("read.subject", subject_id=found.subject_id, what="request")
            unit.log(entry)
        return found, row.steps(unit.connection, ref)
