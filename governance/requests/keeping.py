# SPDX-License-Identifier: Apache-2.0
"""How long requests are kept when they have ended, and their removal.

In California 24 months (11 CCR 7101), counted here from the day on which it ended, so that the answer
is kept as long as the request; elsewhere as the setting `requests.keep_months` says.
"""

from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, text

from governance.requests.days import day_here, start_of
from policies.clocks import add_months
from policies.periods import clock_rule

if TYPE_CHECKING:
    from governance.workspace import Workspace

_CALIFORNIA: Final = "ccpa.request_record_retention"


def due_for_removal(ws: "Workspace", connection: Connection) -> list[str]:
    """Return the ended requests whose time is over, the oldest first."""
    today = day_here(ws)

    def before(months: int) -> int:
        return start_of(ws.settings, add_months(today, -months))

    california = clock_rule(_CALIFORNIA).due.months or 0
    rows = connection.execute(
        text(
            "SELECT ref FROM request WHERE ended_at IS NOT NULL "
            "AND ended_at < CASE regime WHEN 'ccpa' THEN :c ELSE :o END ORDER BY ended_at, ref"
        ),
        {
            "c": before(california),
            "o": before(ws.settings.number("requests.keep_months")),
        },
    )
    return [str(ref) for ref in rows.scalars()]


def sweep(ws: "Workspace") -> int:
    """Remove the requests whose time is over, with their steps and letters; returns how many."""
    with ws.store.write() as unit:
        refs = [{"r": ref} for ref in due_for_removal(ws, unit.connection)]
        if refs:
            unit.connection.execute(text("DELETE FROM requestevent WHERE ref = :r"), refs)
            unit.connection.execute(text("DELETE FROM request WHERE ref = :r"), refs)
            unit.log(ws.evidence.entry("request.removed", requests=len(refs)))
        return len(refs)
