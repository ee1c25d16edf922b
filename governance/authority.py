# SPDX-License-Identifier: Apache-2.0
"""Who may do what: operators, their roles, and the one table that says which role an act needs.

Deny by default: an operator whom nobody registered, or without a role that the act needs, is refused,
and the denial is logged. Who acts is what the login says; who has a key of their own on record must
hold it. Whoever can read the key ring of a machine can read all on it: the product says so
(SECURITY.md).
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, text

from audit.clock import Micros
from audit.errors import BadInput, Conflict, NotFound, Refused
from governance import operator_key
from governance.actor import ROLES, Actor
from governance.store.unit import Unit

if TYPE_CHECKING:
    from governance.workspace import Workspace

NEEDS: Final = {
    "tag.submit": ("tagger",),
    "tag.withdraw": ("tagger",),
    "tag.approve": ("dpo",),
    "tag.reject": ("dpo",),
    "tag.apply": ("tagger", "dpo"),
    "tag.suspend": ("dpo", "tagger", "admin"),
    "tag.resume": ("dpo",),
    "tag.deprecate": ("tagger", "dpo"),
    "tag.archive": ("dpo",),
    "purpose.apply": ("dpo",),
    "assessment.apply": ("dpo",),
    "policy.apply": ("dpo",),
    "policy.approve": ("dpo",),
    "policy.withdraw": ("dpo",),
    "ingest.events": ("tagger",),
    "ingest.profiles": ("tagger",),
    "ingest.consents": ("dpo", "dsr"),
    "run": ("tagger",),
    "run.live": ("tagger",),
    "consent.record": ("dsr", "dpo"),
    "consent.read": ("dsr", "dpo"),
    "choice.record": ("dsr", "dpo"),
    "choice.read": ("dsr", "dpo"),
    "subject.read": ("dsr", "dpo"),
    "subject.regime": ("dsr", "dpo"),
    "subject.correct": ("dsr", "dpo"),
    "subject.contest": ("dsr", "dpo"),
    "explain.subject": ("dsr", "dpo"),
    "explain.officer": ("dsr", "dpo"),
    "explain.engineer": ("tagger", "dpo"),
    "key.rotate": ("custodian",),
    "key.backup": ("custodian",),
    "key.restore": ("custodian",),
    "db.accept": ("admin",),
    "subject.export": ("dsr", "dpo"),
    "request.open": ("dsr", "dpo"),
    "request.read": ("dsr", "dpo"),
    "request.handle": ("dsr", "dpo"),
    "request.decide": ("dpo",),
    "erasure.preview": ("dsr", "dpo"),
    "erasure.run": ("dsr", "dpo"),
    "erasure.cancel": ("dsr", "dpo"),
    "hold.read": ("dsr", "dpo"),
    "hold.place": ("dsr", "dpo"),
    "hold.confirm": ("dpo",),
    "hold.lift": ("dpo",),
    "notification.read": ("dsr", "dpo"),
    "notification.move": ("dsr", "dpo"),
    "retention.read": ("dsr", "dpo"),
    "retention.run": ("dpo",),
    "subject.readmit": ("dpo",),
    "budget.set": ("dpo",),
    "segment.release": ("analyst", "tagger"),
    "segment.fit": ("analyst", "tagger"),
    "model.train": ("analyst", "tagger"),
    "model.try": ("analyst", "tagger"),
    "audience.size": ("analyst", "tagger"),
    "audit.bias": ("dpo", "auditor"),
    "audit.leak": ("dpo", "auditor"),
    "audit.price": ("dpo", "auditor"),
    "audit.consent": ("dpo", "auditor"),
    "audit.waive": ("dpo",),
    "fairness.apply": ("dpo",),
    "fairness.approve": ("dpo",),
    "audit.compliance": ("dpo", "auditor"),
    "audit.pack": ("dpo", "auditor"),
    "audit.read": ("dpo", "auditor", "tagger"),
    "operator.add": ("admin",),
    "operator.remove": ("admin",),
}
"""Act → the roles of which one is needed, the one that is noted first."""

FOUNDER: Final = ("admin", "tagger", "dpo")
"""Roles of whoever makes a workspace. Nobody approves what they submitted themselves."""

APART: Final = (("custodian", "dpo"), ("admin", "auditor"))
"""Roles that nobody may hold together (security 5.11)."""

MAX_NAME: Final = 80


@dataclass(frozen=True, slots=True)
class Operator:
    """Somebody who acts here."""

    ref: str
    name: str
    roles: tuple[str, ...]
    added_at: Micros
    public_key: str = ""
    """`ed25519:` and 64 hexadecimal digits, or '' while they have no key."""


def demand(ws: "Workspace", act: str) -> None:
    """Take the role that an act needs, for the entries of this command; logs and raises a denial.

    Raises Refused `unknown-operator`, `not-permitted`, or `operator-key-missing` and its kin when
    the operator has a key on record and it is not here.
    """
    with ws.store.read() as connection:
        known = _operator(connection, ws.actor.ref)
    try:
        role = _permitted(ws, act, known)
    except Refused as denial:
        with ws.store.write() as unit:
            unit.log(ws.evidence.entry("denied", what=act, why=denial.code))
        raise
    ws.actor = replace(ws.actor, role=role)


def _permitted(ws: "Workspace", act: str, known: Operator | None) -> str:
    """Return the role in which this actor may do an act; raises as `demand`."""
    needed = NEEDS[act]
    if known is None:
        raise Refused(
            "unknown-operator",
            f'"{ws.actor.name}" is not an operator of this workspace',
            hint=f"an administrator adds them: tagwarden operator add {ws.actor.name} --role {needed[0]}",
        )
    if known.public_key:
        operator_key.private_key(ws, known.ref, known.public_key)
    chosen = ws.actor.chosen
    for role in needed:
        if role in known.roles and (not chosen or role == ws.actor.role):
            return role
    raise Refused(
        "not-permitted",
        f"this needs the role {' or '.join(needed)}; you act with {', '.join(known.roles)}"
        + (f" as {ws.actor.role}" if chosen else ""),
        hint="tagwarden operator list",
    )


def operators(connection: Connection) -> dict[str, Operator]:
    """Return everybody who may act, by the name that evidence carries, in the order of names."""
    rows = connection.execute(text(f"{_SELECT} ORDER BY name"))
    return {row.ref: _from_row(row) for row in rows}


_SELECT: Final = "SELECT ref, name, roles, added_at, public_key FROM operator"


def _operator(connection: Connection, ref: str) -> Operator | None:
    row = connection.execute(text(f"{_SELECT} WHERE ref = :r"), {"r": ref}).first()
    return _from_row(row) if row else None


def _from_row(row: Any) -> Operator:
    return Operator(row.ref, row.name, tuple(json.loads(row.roles)), row.added_at, row.public_key)


def _enrol(
    ws: "Workspace", unit: Unit, name: str, roles: Iterable[str], public_key: str
) -> Operator:
    """Write an operator with these roles, new or changed, and return them; raises BadInput, Refused."""
    found = tuple(sorted(set(roles), key=lambda role: (role not in ROLES, role)))
    if not name or len(name) > MAX_NAME or not name.isprintable() or name.startswith("tagwarden/"):
        raise BadInput("bad-name", f"an operator has a name of 1 to {MAX_NAME} visible signs")
    unknown = [role for role in found if role not in ROLES]
    if unknown or not found:
        said = f'there is no role "{unknown[0]}"' if unknown else "an operator has a role"
        raise BadInput("unknown-role", said, hint="roles: " + ", ".join(ROLES))
    for one, other in APART:
        if one in found and other in found:
            raise Refused(
                "roles-apart",
                f"nobody is {one} and {other} at once",
                hint="give one of the two to somebody else",
            )
    ref = Actor(name).ref
    key = public_key or operator_key.registered(unit.connection, ref)
    if key and ref == ws.actor.ref:  # a key that is not theirs would shut them out for good
        operator_key.private_key(ws, ref, key)
    unit.log(  # before it counts: the key of before signs for the one that follows it
        ws.evidence.entry("operator.added", operator=ref, roles="+".join(found), key=key)
    )
    operator = Operator(ref, name, found, ws.clock.now(), key)
    _put(unit, operator)
    return operator


def found_by(ws: "Workspace", unit: Unit) -> str:
    """Register whoever makes a workspace; returns their roles, for the entry that says so."""
    _put(unit, Operator(ws.actor.ref, ws.actor.name, FOUNDER, ws.clock.now()))
    return "+".join(FOUNDER)


def _put(unit: Unit, operator: Operator) -> None:
    unit.connection.execute(
        text(
            "INSERT INTO operator (ref, name, roles, added_at, public_key) "
            "VALUES (:r, :n, :o, :t, :k) ON CONFLICT (ref) DO UPDATE "
            "SET roles = excluded.roles, public_key = excluded.public_key"
        ),
        {
            "r": operator.ref,
            "n": operator.name,
            "o": json.dumps(operator.roles),
            "t": operator.added_at,
            "k": operator.public_key,
        },
    )


def add(ws: "Workspace", name: str, roles: Iterable[str], public_key: str = "") -> Operator:
    """Register an operator, or give one other roles or another key ('': the one on record stays).

    Raises BadInput, Refused, Conflict.
    """
    demand(ws, "operator.add")
    if public_key:
        operator_key.check(public_key)
    with ws.store.write() as unit:
        operator = _enrol(ws, unit, name, roles, public_key)
        _require_admin(unit.connection)
        return operator


def remove(ws: "Workspace", name: str) -> None:
    """Take all roles from an operator; what they did stays. Raises NotFound, Conflict."""
    demand(ws, "operator.remove")
    with ws.store.write() as unit:
        ref = Actor(name).ref
        if ref not in operators(unit.connection):
            raise NotFound(
                "unknown-operator", f'there is no operator "{name}"', hint="tagwarden operator list"
            )
        unit.log(ws.evidence.entry("operator.removed", operator=ref))
        unit.connection.execute(text("DELETE FROM operator WHERE ref = :r"), {"r": ref})
        _require_admin(unit.connection)


def _require_admin(connection: Connection) -> None:
    if not any("admin" in operator.roles for operator in operators(connection).values()):
        raise Conflict(
            "last-admin",
            "somebody must stay administrator",
            hint="tagwarden operator add NAME --role admin, first",
        )
