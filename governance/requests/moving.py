# SPDX-License-Identifier: Apache-2.0
"""How a request moves: the step, its row, its entry in the history and in the evidence, in one transaction."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import text

from audit.evidence.entry import Fact
from governance.authority import demand
from governance.requests import row
from governance.requests.machine import ACTIVE, ENDS, UNVERIFIED, State, Step, step
from governance.requests.row import Request
from policies.rights import rights

if TYPE_CHECKING:
    from governance.store.unit import Unit
    from governance.workspace import Workspace

NOTICE: Final = "notice"
"""The step by which a letter was given; its code is the kind of letter."""


def handle(
    ws: "Workspace",
    ref: str,
    what: Step,
    *,
    code: str = "",
    changes: Mapping[str, object] | None = None,
    fits: Callable[[Request], Mapping[str, object]] | None = None,
    act: str = "request.handle",
) -> Request:
    """Take a step in a transaction of its own; `fits` checks the request and returns what else changes.

    Raises as `authority.demand` and `machine.step`, NotFound `unknown-request`.
    """
    demand(ws, act)
    with ws.store.write() as unit:
        found = row.load(unit.connection, ref)
        step(found.standing, what)
        more = fits(found) if fits else {}
        return move(ws, unit, found, what, code=code, changes={**(changes or {}), **more})


def decide(ws: "Workspace", ref: str, what: Step, **rest: Any) -> Request:
    """Take a step that an officer decides; as `handle`."""
    return handle(ws, ref, what, act="request.decide", **rest)


def proven(found: Request) -> bool:
    """Return whether it is certain who asks, and, for somebody else, by which right."""
    anybody = rights().kinds[found.kind].act == "rules"  # the rules are for everybody
    somebody = anybody or found.subject_id is not None
    mandated = found.requester == "self" or bool(found.mandate)
    return somebody and mandated and found.known >= found.standing.needs


def admit(ws: "Workspace", unit: "Unit", found: Request) -> Request:
    """Let a request go on when nothing is missing; one that repeats an active one ends here."""
    if not proven(found) or found.hold or found.state not in UNVERIFIED:
        return found
    same = unit.connection.execute(
        text(
            "SELECT ref FROM request WHERE subject_id = :s AND kind = :k AND target = :t "
            "AND state IN :active".replace(":active", _in(ACTIVE))
        ),
        {"s": found.subject_id, "k": found.kind, "t": found.target},
    ).scalar()
    if same:
        return move(ws, unit, found, Step.DUPLICATE, code=same)
    return move(ws, unit, found, Step.ADMIT)


def _in(states: frozenset[State]) -> str:
    return "(" + ", ".join(f"'{state}'" for state in sorted(states)) + ")"


def move(
    ws: "Workspace",
    unit: "Unit",
    found: Request,
    what: Step,
    *,
    code: str = "",
    level: int = 0,
    changes: Mapping[str, object] | None = None,
    facts: Mapping[str, Fact] | None = None,
) -> Request:
    """Take a step in a transaction of the caller's, with its evidence; raises as `machine.step`.

    `changes` are columns of the request, `facts` what the evidence says besides.
    """
    after = step(found.standing, what, level=level)
    now = ws.evidence.now()
    values: dict[str, object] = {**(changes or {})}
    if after.state != found.state:
        values |= {"state": after.state, "since": now}
    if what in (Step.DENY, Step.EXPIRE, Step.DUPLICATE):
        values["code"] = code
    if after.state in ENDS:
        values |= {"ended_at": now, "hold": "", "hold_until": "", **row.NOT_WAITING}
    if values:
        row.update(unit.connection, found.ref, values)
    loaded = row.load(unit.connection, found.ref)
    record(ws, unit, loaded, what, code=code, facts=facts)
    return loaded


def record(
    ws: "Workspace",
    unit: "Unit",
    found: Request,
    what: str,
    *,
    code: str = "",
    act: str = "request.moved",
    letter: str = "",
    facts: Mapping[str, Fact] | None = None,
) -> None:
    """Note a step in the history of the request and in the evidence; `letter` is what was given.

    `facts` are what the evidence says besides.
    """
    unit.connection.execute(
        text(
            "INSERT INTO requestevent (ref, step, state, code, at, operator, letter) "
            "VALUES (:r, :s, :t, :c, :at, :o, :l)"
        ),
        {
            "r": found.ref,
            "s": str(what),
            "t": str(found.state),
            "c": code,
            "at": ws.evidence.now(),
            "o": ws.actor.ref,
            "l": letter,
        },
    )
    said = {"ref": found.ref, "kind": found.kind, "step": str(what), "state": str(found.state)}
    more: dict[str, Any] = {**said, **({"code": code} if code else {}), **(facts or {})}
    unit.log(ws.evidence.entry(act, subject_id=found.subject_id, **more))
