# SPDX-License-Identifier: Apache-2.0
"""How long requests are kept when they have ended, and their removal (`governance.retention`).

In California 24 months (11 CCR 7101), counted here from the day on which it ended, so that the answer
is kept as long as the request; elsewhere as the setting `requests.keep_months` says.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, text

from governance import holds
from governance.requests.days import day_here, start_of
from policies.clocks import add_months
from policies.periods import clock_rule

if TYPE_CHECKING:
    from governance.store.unit import Unit
    from governance.workspace import Workspace

_CALIFORNIA: Final = "ccpa.request_record_retention"


def due_for_removal(ws: "Workspace", connection: Connection) -> list[str]:
    """Return the ended requests whose time is over, the oldest first; not those of people who are held."""
    today, stopped = day_here(ws), holds.stopped(connection, ws.clock.now())

    def before(months: int) -> int:
        return start_of(ws.settings, add_months(today, -months))

    california = clock_rule(_CALIFORNIA).due.months or 0
    rows = connection.execute(
        text(
            "SELECT ref, subject_id FROM request WHERE ended_at IS NOT NULL "
            "AND ended_at < CASE regime WHEN 'ccpa' THEN :c ELSE :o END ORDER BY ended_at, ref"
        ),
        {
            "c": before(california),
            "o": before(ws.settings.number("requests.keep_months")),
        },
    )
    return [str(row.ref) for row in rows if row.subject_id not in stopped]


def remove(unit: "Unit", refs: Sequence[str]) -> None:
    """Remove requests with their steps and letters, what recipients were told, and the certificates.

    What a hold still keeps of somebody stays in the register of erasures until the hold is over.
    """
    gone = [{"r": ref} for ref in refs]
    if gone:
        for table in ("requestevent", "notification", "challenge", "request"):
            unit.connection.execute(text(f"DELETE FROM {table} WHERE ref = :r"), gone)
        unit.connection.execute(
            text("DELETE FROM erasure WHERE ref = :r AND subject_id IS NULL"), gone
        )
