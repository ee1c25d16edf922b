# SPDX-License-Identifier: Apache-2.0
"""What changes the time of a request: more of it, a hold, and its end."""

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

from audit.errors import BadInput, Refused
from governance.authority import demand
from governance.requests import row
from governance.requests.machine import Step
from governance.requests.moving import day_here, decide, handle, move
from governance.requests.row import Request
from policies.rights import rights

if TYPE_CHECKING:
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
    """End the hold of a request."""
    return decide(ws, ref, Step.RELEASE, fits=lambda _: {"hold": "", "hold_until": ""})


def expire(ws: "Workspace") -> list[Request]:
    """End what nobody proved to be theirs in time, and holds that are over; returns those requests."""
    demand(ws, "request.handle")
    today = day_here(ws).isoformat()
    with ws.store.write() as unit:
        late = row.select(
            unit.connection, "state IN ('received', 'verifying') AND due < :t", t=today
        )
        over = row.select(
            unit.connection,
            "hold <> '' AND hold_until < :t AND ended_at IS NULL "
            "AND NOT (state IN ('received', 'verifying') AND due < :t)",
            t=today,
        )
        ended = [move(ws, unit, one, Step.EXPIRE, code="not-identified") for one in late]
        free = {"hold": "", "hold_until": ""}
        return ended + [move(ws, unit, one, Step.RELEASE, changes=free) for one in over]
