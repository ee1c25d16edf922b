# SPDX-License-Identifier: Apache-2.0
"""What changes the time of a request: more of it, a hold, waiting for somebody outside, and its end."""

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

from audit.errors import BadInput, Refused
from governance.authority import demand
from governance.requests import row
from governance.requests.days import day_here
from governance.requests.erasing import carries_on
from governance.requests.machine import State, Step
from governance.requests.moving import admit, decide, handle, move, proven
from governance.requests.row import Request
from policies.document import nearest
from policies.rights import rights
from policies.rules import Why

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


def wait(
    ws: "Workspace", ref: str, whom: str, what: str, *, until: date, since: date | None = None
) -> Request:
    """Note that a request waits for somebody outside: for whom, for what, since when and until when.

    Its clock runs on: no law stops it for that. `since` None: today. Raises BadInput `unknown-outside`,
    `unknown-awaited`, `bad-day`; Conflict `waiting-already`, or `erasure-carries-on` for a deletion that
    is approved.
    """
    demand(ws, "request.handle")
    _known(whom, rights().outside, "unknown-outside", "is nobody for whom a request waits")
    _known(what, rights().awaited, "unknown-awaited", "is nothing for which a request waits")
    today = day_here(ws)
    first = since or today
    if not first <= today <= until:
        raise BadInput("bad-day", "it waits since today or earlier, until today or later")
    with ws.store.write() as unit:
        found = row.load(unit.connection, ref)
        if found.state == State.EXECUTING and rights().kinds[found.kind].act == "erase":
            raise carries_on("tagwarden notification list says what recipients still owe")
        if first < found.received_on:
            raise BadInput("bad-day", "it does not wait since before it came in")
        return move(
            ws,
            unit,
            found,
            Step.WAIT,
            code=f"{whom}:{what}",
            changes={
                "waiting": whom,
                "awaited": what,
                "waiting_since": first.isoformat(),
                "waiting_until": until.isoformat(),
            },
            facts={"since": first.isoformat(), "until": until.isoformat()},
        )


def arrive(ws: "Workspace", ref: str, *, without: bool = False) -> Request:
    """Note that what a request waited for arrived, or that it goes on without it.

    Raises Conflict `not-waiting`.
    """
    code = "without" if without else "arrived"
    return handle(ws, ref, Step.ARRIVE, code=code, changes=row.NOT_WAITING)


def _known(code: str, known: Mapping[str, Why], fault: str, said: str) -> None:
    if code not in known:
        hint = nearest(code, known) or "one of: " + ", ".join(known)
        raise BadInput(fault, f'"{code}" {said}', hint=hint)


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
