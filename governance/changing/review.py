# SPDX-License-Identifier: Apache-2.0
"""Change sets: a frozen plan on its way from its author to another pair of eyes.

One table of moves says what may follow what, and which act allows it; there is no other way. Nobody
decides on a change set of their own, whatever their roles, and nothing is decided on a plan that the
catalogue has left behind.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

from audit.clock import Micros
from audit.errors import BadInput, Conflict, NotFound, Refused, Unsafe
from governance.authority import demand
from governance.changing.plan import Plan, is_reason
from governance.changing.world import require_present
from governance.store.unit import Unit
from governance.workspace import Workspace

MOVES: Final[Mapping[str, tuple[tuple[str, ...], str]]] = {
    "submit": (("draft",), "in_review"),
    "approve": (("in_review",), "approved"),
    "reject": (("in_review", "approved"), "rejected"),
    "withdraw": (("draft", "in_review", "approved"), "withdrawn"),
    "apply": (("approved",), "applied"),
}
"""Move → the states that it may follow, and the state that it leads to."""

OPEN: Final = ("draft", "in_review", "approved")
"""States that wait for somebody: the author, a reviewer, whoever applies it."""


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """A plan, and where it stands."""

    name: str
    state: str
    plan: Plan
    author: str
    at: Micros
    decided_by: str
    decided_at: Micros | None
    reason: str


def submit(ws: Workspace, plan: Plan, *, draft: bool = False) -> ChangeSet:
    """Put a plan before a reviewer, or keep it as a draft; returns its change set.

    Raises Refused `policy-refuses` when findings stand against it, Conflict `nothing-to-review`,
    `plan-stale`, or `change-open` when another open change set touches the same definitions. An
    older one of the same author is withdrawn.
    """
    demand(ws, "tag.submit")
    if not plan.needs_approval:
        raise Conflict(
            "nothing-to-review",
            "this changes no more than words" if plan.items else "this changes nothing",
            hint="tagwarden tag apply FILES",
        )
    if not draft:
        refuse_findings(plan)
    with ws.store.write() as unit:
        require_present(unit.connection, plan.world)
        known = found(unit.connection, plan.name)
        if known is not None and known.state in ("in_review", "approved", "applied"):
            return known  # submitted already
        if known is not None:
            require_move(known, "submit")
        _make_room(ws, unit, plan)
        state = "draft" if draft else "in_review"
        unit.connection.execute(
            text(
                "INSERT INTO changeset (name, digest, state, plan, author, at, decided_by, reason) "
                "VALUES (:n, :d, :s, :p, :a, :t, '', '') "
                "ON CONFLICT (name) DO UPDATE SET state = excluded.state"
            ),
            {
                "n": plan.name,
                "d": plan.digest,
                "s": state,
                "p": plan.encode().decode(),
                "a": ws.actor.ref,
                "t": ws.clock.now(),
            },
        )
        unit.log(
            ws.evidence.entry(
                "change.submitted",
                change=plan.name,
                digest=plan.digest,
                items=len(plan.items),
                draft=draft,
            )
        )
        return named(unit.connection, plan.name)


def approve(ws: Workspace, name: str, *, over: str = "") -> ChangeSet:
    """Approve exactly this change set; `over` is the reason for letting a large change through.

    Raises Refused `own-change`, Conflict `change-state` or `plan-stale`, Unsafe `over-threshold`.
    """
    demand(ws, "tag.approve")
    with ws.store.write() as unit:
        item = _decidable(ws, unit, name, "approve")
        require_present(unit.connection, item.plan.world)
        refuse_findings(item.plan)
        if (item.plan.over or item.plan.leaks) and not over:
            raise Unsafe(
                "over-threshold",
                "; ".join(_over(item.plan)),
                hint=f"tagwarden tag approve {name} --over-threshold REASON-CODE",
            )
        return _decide(ws, unit, item, "approve", over)


def reject(ws: Workspace, name: str, reason: str) -> ChangeSet:
    """Refuse a change set, with a reason code; the author plans again. Raises Refused, Conflict."""
    demand(ws, "tag.reject")
    with ws.store.write() as unit:
        return _decide(ws, unit, _decidable(ws, unit, name, "reject"), "reject", reason)


def withdraw(ws: Workspace, name: str) -> ChangeSet:
    """Take one's own change set back; raises Refused `not-yours`, Conflict `change-state`."""
    demand(ws, "tag.withdraw")
    with ws.store.write() as unit:
        item = named(unit.connection, name)
        if item.author != ws.actor.ref:
            raise Refused(
                "not-yours", f"{name} is somebody else's", hint=f"tagwarden tag reject {name}"
            )
        require_move(item, "withdraw")
        return _decide(ws, unit, item, "withdraw", "")


def waiting(connection: Connection) -> list[ChangeSet]:
    """Return the change sets that wait for somebody, the oldest first."""
    return [item for item in every(connection) if item.state in OPEN]


def every(connection: Connection) -> list[ChangeSet]:
    """Return all change sets, the oldest first."""
    rows = connection.execute(text(f"{_SELECT} ORDER BY at, name"))
    return [_row(row) for row in rows]


def named(connection: Connection, name: str) -> ChangeSet:
    """Return one change set; raises NotFound `unknown-change`."""
    item = found(connection, name)
    if item is None:
        raise NotFound("unknown-change", "there is no such change set", hint="tagwarden tag review")
    return item


def found(connection: Connection, name: str) -> ChangeSet | None:
    """Return one change set by its name or its digest, None when there is none."""
    row = connection.execute(text(f"{_SELECT} WHERE name = :n OR digest = :n"), {"n": name}).first()
    return _row(row) if row is not None else None


def require_move(item: ChangeSet, move: str) -> str:
    """Return the state that a move leads to; raises Conflict `change-state`."""
    before, after = MOVES[move]
    if item.state not in before:
        raise Conflict(
            "change-state",
            f"{item.name} is {item.state}: it cannot be moved by {move}",
            hint="tagwarden tag review",
        )
    return after


def close(ws: Workspace, unit: Unit, item: ChangeSet) -> None:
    """Note that a change set was applied."""
    unit.connection.execute(
        text("UPDATE changeset SET state = :s WHERE name = :n"),
        {"s": require_move(item, "apply"), "n": item.name},
    )
    unit.log(ws.evidence.entry("change.applied", change=item.name, digest=item.plan.digest))


def refuse_findings(plan: Plan) -> None:
    """Raise Refused `policy-refuses` when an error stands against a definition of the plan."""
    if not plan.errors:
        return
    first = [
        f"{item.key}: {finding.message['en']} [{', '.join((finding.code, *finding.cites))}]"
        for item in plan.items
        for finding in item.findings
        if finding.severity == "error"
    ]
    raise Refused(
        "policy-refuses",
        f"{plan.errors} finding{'s' if plan.errors > 1 else ''} against this change: "
        + "; ".join(first[:5]),
        hint="tagwarden tag lint FILES",
    )


def _over(plan: Plan) -> Iterator[str]:
    """Yield what is over a threshold, in English: the text of a fault."""
    for one in plan.over:
        share, limit = one.per_mille / 10, one.limit / 10
        yield f"{one.key}: {share:.1f} % {one.measure}, the limit is {limit:.1f} %"
    for key, attribute in dict.fromkeys((one.key, one.attribute) for one in plan.leaks):
        yield f"{key} tells more about {attribute} than the fairness policy allows"


def _decidable(ws: Workspace, unit: Unit, name: str, move: str) -> ChangeSet:
    item = named(unit.connection, name)
    require_move(item, move)
    if item.author == ws.actor.ref:
        raise Refused(
            "own-change",
            "whoever submits a change does not decide on it",
            hint="another operator with the role dpo does",
        )
    return item


def _decide(ws: Workspace, unit: Unit, item: ChangeSet, move: str, reason: str) -> ChangeSet:
    if reason and not is_reason(reason):
        raise BadInput(
            "bad-reason",
            "a reason is a code of small letters, digits and -",
            hint="such as season-start or missing-assessment",
        )
    if move == "reject" and not reason:
        raise BadInput("bad-reason", "a rejection has a reason", hint="--reason too-broad")
    state = require_move(item, move)
    unit.connection.execute(
        text(
            "UPDATE changeset SET state = :s, decided_by = :b, decided_at = :t, reason = :r "
            "WHERE name = :n"
        ),
        {"s": state, "b": ws.actor.ref, "t": ws.clock.now(), "r": reason, "n": item.name},
    )
    act = {"approve": "approved", "reject": "rejected", "withdraw": "withdrawn"}[move]
    unit.log(
        ws.evidence.entry(f"change.{act}", change=item.name, digest=item.plan.digest, reason=reason)
    )
    return named(unit.connection, item.name)


def _make_room(ws: Workspace, unit: Unit, plan: Plan) -> None:
    """Withdraw what the author has open on the same definitions; refuse over somebody else's."""
    keys = {item.key for item in plan.items}
    for item in waiting(unit.connection):
        if item.name == plan.name or keys.isdisjoint(one.key for one in item.plan.items):
            continue
        if item.author != ws.actor.ref:
            raise Conflict(
                "change-open",
                f"{item.name} of another operator changes the same definitions and is {item.state}",
                hint=f"tagwarden tag review {item.name}",
            )
        _decide(ws, unit, item, "withdraw", "superseded")


_SELECT = "SELECT name, state, plan, author, at, decided_by, decided_at, reason FROM changeset"


def _row(row: Iterable[object]) -> ChangeSet:
    name, state, plan, author, at, decided_by, decided_at, reason = row
    return ChangeSet(
        str(name),
        str(state),
        Plan.decode(str(plan), str(name)),
        str(author),
        Micros(int(str(at))),
        str(decided_by),
        Micros(int(str(decided_at))) if decided_at is not None else None,
        str(reason),
    )
