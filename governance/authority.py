# SPDX-License-Identifier: Apache-2.0
"""Who may do what: operators, their roles, and the one table that says which role an act needs.

Deny by default: an operator whom nobody registered, or without a role that the act needs, is refused,
and the denial is logged. Who acts is what the login says; whoever can read the key ring of a machine
can act as anybody on it, and the product says so (SECURITY.md).
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, text

from audit.clock import Micros
from audit.errors import BadInput, Conflict, NotFound, Refused
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
    "key.rotate": ("custodian",),
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


def demand(ws: "Workspace", act: str) -> None:
    """Take the role that an act needs, for the entries of this command; logs and raises a denial.

    Raises Refused `unknown-operator` or `not-permitted`.
    """
    with ws.store.read() as connection:
        known = operators(connection).get(ws.actor.ref)
    needed = NEEDS[act]
    held = known.roles if known else ()
    usable = [role for role in needed if role in held]
    if ws.actor.chosen:
        usable = [role for role in usable if role == ws.actor.role]
    if usable:
        ws.actor = Actor(ws.actor.name, usable[0], chosen=ws.actor.chosen)
        return
    with ws.store.write() as unit:
        unit.log(ws.evidence.entry("denied", what=act))
    if known is None:
        raise Refused(
            "unknown-operator",
            f'"{ws.actor.name}" is not an operator of this workspace',
            hint=f"an administrator adds them: tagwarden operator add {ws.actor.name} --role {needed[0]}",
        )
    raise Refused(
        "not-permitted",
        f"this needs the role {' or '.join(needed)}; you act with {', '.join(held) or 'none'}"
        + (f" as {ws.actor.role}" if ws.actor.chosen else ""),
        hint="tagwarden operator list",
    )


def operators(connection: Connection) -> dict[str, Operator]:
    """Return everybody who may act, by the name that evidence carries, in the order of names."""
    rows = connection.execute(text("SELECT ref, name, roles, added_at FROM operator ORDER BY name"))
    return {
        row.ref: Operator(row.ref, row.name, tuple(json.loads(row.roles)), row.added_at)
        for row in rows
    }


def enrol(ws: "Workspace", unit: Unit, name: str, roles: Iterable[str]) -> Operator:
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
    operator = Operator(Actor(name).ref, name, found, ws.clock.now())
    _put(unit, operator)
    unit.log(ws.evidence.entry("operator.added", operator=operator.ref, roles="+".join(found)))
    return operator


def found_by(ws: "Workspace", unit: Unit) -> str:
    """Register whoever makes a workspace; returns their roles, for the entry that says so."""
    _put(unit, Operator(ws.actor.ref, ws.actor.name, FOUNDER, ws.clock.now()))
    return "+".join(FOUNDER)


def _put(unit: Unit, operator: Operator) -> None:
    unit.connection.execute(
        text(
            "INSERT INTO operator (ref, name, roles, added_at) VALUES (:r, :n, :o, :t) "
            "ON CONFLICT (ref) DO UPDATE SET roles = excluded.roles"
        ),
        {
            "r": operator.ref,
            "n": operator.name,
            "o": json.dumps(operator.roles),
            "t": operator.added_at,
        },
    )


def add(ws: "Workspace", name: str, roles: Iterable[str]) -> Operator:
    """Register an operator, or give one other roles; raises BadInput, Refused, Conflict."""
    demand(ws, "operator.add")
    with ws.store.write() as unit:
        operator = enrol(ws, unit, name, roles)
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
        unit.connection.execute(text("DELETE FROM operator WHERE ref = :r"), {"r": ref})
        _require_admin(unit.connection)
        unit.log(ws.evidence.entry("operator.removed", operator=ref))


def _require_admin(connection: Connection) -> None:
    if not any("admin" in operator.roles for operator in operators(connection).values()):
        raise Conflict(
            "last-admin",
            "somebody must stay administrator",
            hint="tagwarden operator add NAME --role admin, first",
        )
