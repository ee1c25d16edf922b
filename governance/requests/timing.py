# SPDX-License-Identifier: Apache-2.0
"""What changes the time of a request: more of it, a hold, and its end."""

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

from audit.errors import BadInput, Refused
from governance.authority import demand
from governance.requests import row
from governance.requests.days import day_here
from governance.requests.machine import Step
from governance.requests.moving import admit, decide, handle, move, proven
from governance.requests.row import Request
from policies.rights import rights

if TYPE_CHECKING:
    from governance.store.unit import Unit
    from governance.workspace import Workspace


def extend(ws: "Workspace", ref: str, reason: str) -> Request:
    """Take the longer time, once, for a reason; the person must be told within the first.

    Raises BadInput `unknown-reason`, Refused `no-extension` or `too-late`.
    """
    today = day_here(ws)

    def fits(found: Request) -> Mapping[str, object]:
        if reason not in rights().extensions:
            raise BadInput(
                "unknown-reason",
                f'"{reason}" is no reason for more time',
                hint="reasons: " + ", ".join(rights().extensions),
            )
        if found.extended_due is None:
            raise Refused("no-extension", f"{found.regime} gives no more time for {found.kind}")
        if today > found.due:
            raise Refused("too-late", "more time had to be taken, and told, by the first due day")
        return {"extension": reason}

    return handle(ws, ref, Step.EXTEND, code=reason, fits=fits)


def hold(ws: "Workspace", ref: str, ground: str, until: date) -> Request:
    """Put a request on hold until a day; its clock runs on. Raises BadInput."""
    if ground not in rights().holds:
        raise BadInput(
            "unknown-hold",
            f'"{ground}" is no ground for a hold',
            hint="grounds: " + ", ".join(rights().holds),
        )
    if until < day_here(ws):
        raise BadInput("bad-day", "a hold ends today or later")
    changes = {"hold": ground, "hold_until": until.isoformat()}
    return decide(ws, ref, Step.HOLD, code=ground, fits=lambda _: changes)


def release(ws: "Workspace", ref: str) -> Request:
    """End the hold of a request; one that was proven meanwhile goes on."""
    demand(ws, "request.decide")
    with ws.store.write() as unit:
        return _freed(ws, unit, row.load(unit.connection, ref))


def expire(ws: "Workspace") -> list[Request]:
    """End what nobody proved to be theirs in time, and holds that are over; returns those requests."""
    demand(ws, "request.handle")
    today = day_here(ws).isoformat()
    late = (
        "state IN ('received', 'verifying') AND due < :t AND (extension = '' OR extended_due < :t)"
    )
    with ws.store.write() as unit:
        lost = [one for one in row.select(unit.connection, late, t=today) if not proven(one)]
        ended = [move(ws, unit, one, Step.EXPIRE, code="not-identified") for one in lost]
        over = row.select(
            unit.connection, "hold <> '' AND hold_until < :t AND ended_at IS NULL", t=today
        )
        return ended + [_freed(ws, unit, one) for one in over]


def _freed(ws: "Workspace", unit: "Unit", found: Request) -> Request:
    free = {"hold": "", "hold_until": ""}
    return admit(ws, unit, move(ws, unit, found, Step.RELEASE, changes=free))
