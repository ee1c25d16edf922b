# SPDX-License-Identifier: Apache-2.0
"""How long requests are kept when they have ended, and their removal (`governance.retention`).

In California 24 months (11 CCR 7101), counted here from the day on which it ended, so that the answer
is kept as long as the request; elsewhere as the setting `requests.keep_months` says.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, text

from audit.clock import Micros
from governance import holds, letters
from governance.notifying import OPEN
from governance.requests.days import day_here, start_of
from policies.clocks import add_months
from policies.periods import clock_rule

if TYPE_CHECKING:
    from governance.store.unit import Unit
    from governance.workspace import Workspace

_CALIFORNIA: Final = "ccpa.request_record_retention"
_OPEN: Final = ", ".join(f"'{state}'" for state in sorted(OPEN))


def due_for_removal(ws: "Workspace", connection: Connection) -> list[str]:
    """Return the ended requests whose time is over, the oldest first; not those of people who are held."""
    stopped = holds.stopped(connection, ws.clock.now())
    california = clock_rule(_CALIFORNIA).due.months or 0
    rows = connection.execute(
        text(
            "SELECT ref, subject_id FROM request WHERE ended_at IS NOT NULL "
            "AND ended_at < CASE regime WHEN 'ccpa' THEN :c ELSE :o END ORDER BY ended_at, ref"
        ),
        {
            "c": _start(ws, california),
            "o": kept_from(ws),
        },
    )
    return [str(row.ref) for row in rows if row.subject_id not in stopped]


def kept_from(ws: "Workspace") -> Micros:
    """Return from when records are kept where no law says how long."""
    return _start(ws, ws.settings.number("requests.keep_months"))


def _start(ws: "Workspace", months: int) -> Micros:
    return start_of(ws.settings, add_months(day_here(ws), -months))


def unasked(connection: Connection, before: Micros) -> list[str]:
    """Return the numbers of what happened without a request and was settled before an instant.

    What recipients were told of corrections that an officer made, and erasures that retention began, with
    their certificates. What a recipient has still to be told, or a hold still keeps, stays.
    """
    rows = connection.execute(
        text(
            "SELECT ref, max(settled) AS settled FROM ("
            f"SELECT ref, CASE WHEN state IN ({_OPEN}) THEN NULL ELSE moved_at END AS settled "
            "FROM notification UNION ALL "
            "SELECT ref, CASE WHEN subject_id IS NULL THEN closed_at END FROM erasure) AS told "
            "WHERE NOT EXISTS (SELECT 1 FROM request r WHERE r.ref = told.ref) "
            "GROUP BY ref HAVING count(*) = count(settled) AND max(settled) < :t ORDER BY ref"
        ),
        {"t": before},
    )
    return [str(row.ref) for row in rows]


def remove_unasked(unit: "Unit", refs: Sequence[str]) -> None:
    """Remove what happened without a request: notifications, and erasures with their certificates."""
    if refs:
        for table in ("notification", "erasure"):
            unit.connection.execute(
                text(f"DELETE FROM {table} WHERE ref = :r"), [{"r": ref} for ref in refs]
            )


def remove(ws: "Workspace", unit: "Unit", refs: Sequence[str]) -> None:
    """Remove requests with their steps and letters, what recipients were told, and the certificates.

    What a hold still keeps of somebody stays in the register of erasures until the hold is over.
    Raises Conflict `letters-unreachable`.
    """
    gone = [{"r": ref} for ref in refs]
    if gone:
        wanted = frozenset(refs)
        rows = unit.connection.execute(text("SELECT id, ref FROM challenge"))
        letters.remove(ws.settings, [row.id for row in rows if row.ref in wanted])
        for table in ("requestevent", "notification", "challenge", "request"):
            unit.connection.execute(text(f"DELETE FROM {table} WHERE ref = :r"), gone)
        unit.connection.execute(
            text("DELETE FROM erasure WHERE ref = :r AND subject_id IS NULL"), gone
        )
