# SPDX-License-Identifier: Apache-2.0
"""Requests for deletion: previewed, submitted with the preview, begun when approved, ended by a certificate.

What else an erased person had asked for ends with them: there is nothing left to answer it from.
"""

import json
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import text

from audit.canon import canonical
from audit.clock import HOUR, Micros
from audit.errors import BadInput, Conflict, Refused
from governance import delivery, erasure
from governance.authority import demand
from governance.erasure import Preview, Progress, Scope, of_record
from governance.erasure.step import Step as Saga
from governance.identity.messages import send_waiting
from governance.identity.notices import cancel, notify_all
from governance.requests import desk, row
from governance.requests.machine import State, Step, step
from governance.requests.row import Request
from policies.rights import rights

if TYPE_CHECKING:
    from collections.abc import Callable

    from governance.store.unit import Unit
    from governance.workspace import Workspace

ERASED = "erased"
"""The ground on which the other requests of an erased person end."""


def is_erasure(found: Request) -> bool:
    """Return whether a request asks for deletion."""
    return rights().kinds[found.kind].act == "erase"


def carries_on(hint: str) -> Conflict:
    """Return the fault for whoever would carry out, stop or delay an erasure that is approved."""
    return Conflict(
        "erasure-carries-on", "an erasure goes on by itself once it is approved", hint=hint
    )


def preview(ws: "Workspace", ref: str) -> Preview:
    """Return what a deletion would do now; the look is on record.

    Raises BadInput `not-a-deletion`, Refused `not-verified`, NotFound `unknown-request`.
    """
    with ws.store.read() as connection:
        found = row.load(connection, ref)
    if not is_erasure(found):
        raise BadInput("not-a-deletion", "only a deletion has a preview", hint="request show REF")
    if found.subject_id is None or found.known < found.standing.needs:
        raise Refused(
            "not-verified",
            "the identity of the person was not shown well enough for this request",
            hint="tagwarden request challenge REF, or request verify REF --by in-person",
        )
    return erasure.preview(ws, found.subject_id, scope_of(found))


def submit(ws: "Workspace", ref: str) -> Request:
    """Put a deletion before an officer, together with the preview that they decide about."""
    demand(ws, "request.handle")
    with ws.store.read() as connection:
        step(row.load(connection, ref).standing, Step.SUBMIT)
    shown = canonical(preview(ws, ref).record()).decode("utf-8")
    return desk.submit(ws, ref, shown)


def approve(ws: "Workspace", ref: str) -> Request:
    """Grant a deletion and begin it, in one transaction; only from a preview that still holds.

    Every contact on file is told, and how to stop it, where messages can be sent (security 5.10). Raises
    Conflict `preview-stale` (hand it back, and let it be submitted anew) or `erased-already`, Refused
    `too-many-deletions`, and as `desk.approve`.
    """
    demand(ws, "request.decide")
    reachable = delivery.is_set(ws.settings)
    if reachable:
        delivery.ready(ws)
    told = 0
    with ws.store.write() as unit:
        granted = desk.granted(ws, unit, ref)
        if granted.subject_id is None:
            raise Conflict(
                "erased-already",
                "the person of this request has been erased meanwhile",
                hint="tagwarden erasure run ends what else they had asked for",
            )
        seen = of_record(granted.subject_id, json.loads(granted.preview))
        if seen.scope.whole:
            _refuse_many(ws, unit)
        erasure.begin(unit, ws, ref, granted.subject_id, seen)
        until = ws.clock.now() + ws.settings.number("erasure.grace_hours") * HOUR
        if reachable and seen.scope.whole and until > ws.clock.now():
            told = notify_all(ws, unit, ref, granted.subject_id, Micros(until))
    if told:
        send_waiting(ws, ref)
    return granted


def _refuse_many(ws: "Workspace", unit: "Unit") -> None:
    """Return unless too many deletions were granted here lately (security 5.6, 5.10).

    By whom does not count: two accounts in wrong hands do no more harm than one.
    """
    now = ws.clock.now()
    lately = unit.connection.execute(
        text(
            "SELECT count(*) FROM erasure e JOIN request r ON r.ref = e.ref "
            "WHERE e.scope = 'everything' AND e.begun_at > :t"
        ),
        {"t": now - HOUR},
    ).scalar_one()
    if lately >= ws.settings.number("erasure.max_per_hour"):
        raise Refused(
            "too-many-deletions",
            "more deletions were granted in the last hour than erasure.max_per_hour",
            hint="see whether somebody misuses it; then go on in an hour, or raise the setting",
        )


def revoke(ws: "Workspace", ref: str) -> Request:
    """Note that the person has taken a request back; a deletion stops, while it still can be stopped."""
    demand(ws, "request.handle")
    with ws.exclusive("erasure cancel"), ws.store.write() as unit:
        return _take_back(ws, unit, ref)


def take_back(ws: "Workspace", ref: str) -> None:
    """Cancel an erasure, whether it belongs to a request or not; as `erasure.cancel`."""
    with ws.store.read() as connection:
        known = row.select(connection, "ref = :r", r=ref)
    if known:
        revoke(ws, ref)
    else:
        erasure.cancel(ws, ref)


def stop_with_code(ws: "Workspace", ref: str, secret: str) -> None:
    """Stop a deletion by the code that every contact on file was sent; as `identity.notices.cancel`."""
    with ws.exclusive("erasure cancel"):
        cancel(ws, ref, secret, partial(_stopped, ws, ref))


def _stopped(ws: "Workspace", ref: str, unit: "Unit") -> None:
    _take_back(ws, unit, ref)


def _take_back(ws: "Workspace", unit: "Unit", ref: str) -> Request:
    found = row.load(unit.connection, ref)
    if is_erasure(found) and found.state == State.EXECUTING:
        erasure.cancel_in(ws, unit, ref)
        desk.moved(ws, unit, ref, Step.STOP, "cancelled")
    return desk.moved(ws, unit, ref, Step.REVOKE)


def carry_on(
    ws: "Workspace",
    ref: str | None = None,
    *,
    progress: "Callable[[int, int], None]" = lambda _done, _total: None,
) -> list[Progress]:
    """Roll erasures forward, and end the requests whose certificate is there; as `erasure.carry_on`."""
    found = erasure.carry_on(ws, ref, progress=progress)
    _finish(ws)
    return found


def _finish(ws: "Workspace") -> None:
    """End the requests whose certificate is there, and what else was severed from an erased person."""
    known = erasure.sagas(ws)
    going_on = {one.ref for one in known if one.step != Saga.CLOSED}
    done = {
        one.ref: Step.FULFIL_IN_PART if one.held else Step.FULFIL
        for one in known
        if one.step == Saga.CLOSED
    }
    with ws.store.write() as unit:
        for found in row.select(unit.connection, "state = 'executing'"):
            if found.ref in done and is_erasure(found):
                desk.moved(ws, unit, found.ref, done[found.ref], "certificate")
        left = row.select(
            unit.connection, "subject_id IS NULL AND state IN ('open', 'in_review', 'executing')"
        )
        for found in left:
            if rights().kinds[found.kind].act == "rules" or found.ref in going_on:
                continue
            if found.state == State.EXECUTING:
                desk.moved(ws, unit, found.ref, Step.STOP, ERASED)
            desk.moved(ws, unit, found.ref, Step.DENY, ERASED)


def scope_of(found: Request) -> Scope:
    """Return what is to be erased: everything, or what the target names."""
    kind, _, target = found.target.partition(":")
    match kind:
        case "tag" | "purpose" | "category":
            return Scope(kind, target)
    return erasure.EVERYTHING
