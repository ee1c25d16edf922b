# SPDX-License-Identifier: Apache-2.0
"""Living with a finding for a time: who answers for it, for which reason, until which instant.

Given by somebody who neither wrote the tag nor made the report. It speaks of one version and of the
figure that was found; what is said in words stays in the store, the log has codes and a digest.
"""

import json
import re
from typing import TYPE_CHECKING, Final

from sqlalchemy import text

from audit.canon import digest
from audit.clock import Micros, iso
from audit.errors import BadInput, Conflict, NotFound, Refused
from governance.auditing.noting import end
from governance.authority import demand
from governance.fairness import in_force
from governance.findings import Finding, findings
from policies.document import nearest
from policies.vocabulary import codes
from tagging.document import span_micros

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from governance.workspace import Workspace

MAX_NOTE: Final = 4000
_OWNER: Final = re.compile(r"[\w.-]{1,80}\Z")
WAIVER: Final = "waiver"
"""The group of labels whose codes are the reasons."""


def waive(
    ws: "Workspace", name: str, *, owner: str, reason: str, until: Micros, note: str = ""
) -> Finding:
    """Waive a finding until an instant and return it as it stands then.

    Raises NotFound `unknown-finding`, BadInput `waiver-incomplete`, Conflict `finding-resolved` or
    `finding-not-current`, Refused `own-finding`.
    """
    demand(ws, "audit.waive")
    _check(ws, owner, reason, until, note)
    with ws.store.write() as unit:
        _not_too_long(ws, unit.connection, until)
        one = named(unit.connection, name)
        if one.resolved:
            raise Conflict("finding-resolved", f"{name} was resolved by {one.report}")
        if one.version != one.present:
            raise Conflict(
                "finding-not-current",
                f'{name} is about version {one.version} of "{one.tag}", which is at {one.present}',
                hint=f"tagwarden audit bias --tag {one.tag}, then waive what is still found",
            )
        _require_another(ws, unit.connection, one, owner)
        unit.connection.execute(
            text(
                "INSERT INTO auditwaiver (finding, state, version, figure, owner, reason, until, note, "
                "at, given_by) VALUES (:f, 'given', :v, :g, :o, :r, :u, :n, :t, :b)"
            ),
            {
                "f": name,
                "v": one.version,
                "g": one.figure,
                "o": owner,
                "r": reason,
                "u": until,
                "n": note,
                "t": ws.clock.now(),
                "b": ws.actor.ref,
            },
        )
        unit.log(
            ws.evidence.entry(
                "waiver.given",
                finding=name,
                tag=one.tag,
                version=one.version,
                reason=reason,
                until=iso(until),
                note=digest({"owner": owner, "note": note}),
            )
        )
        return named(unit.connection, name)


def revoke(ws: "Workspace", name: str) -> Finding:
    """Take the waiver of a finding back and return the finding.

    Raises NotFound `unknown-finding`, Conflict `not-waived`.
    """
    demand(ws, "audit.waive")
    with ws.store.write() as unit:
        one = named(unit.connection, name)
        if one.ended(ws.clock.now()):
            raise Conflict("not-waived", f"{name} is not waived", hint="tagwarden audit findings")
        end(ws, unit, one, "revoked")
        unit.log(
            ws.evidence.entry("waiver.revoked", finding=name, tag=one.tag, version=one.version)
        )
        return named(unit.connection, name)


def named(connection: "Connection", name: str) -> Finding:
    """Return a finding by its name; raises NotFound `unknown-finding`."""
    known = {one.name: one for one in findings(connection)}
    if name not in known:
        hint = nearest(name, known) or "tagwarden audit findings"
        raise NotFound("unknown-finding", f'there is no finding "{name}"', hint=hint)
    return known[name]


def listed(ws: "Workspace") -> list[Finding]:
    """Return all findings, the newest first; Refused without the role."""
    demand(ws, "audit.read")
    with ws.store.read() as connection:
        return findings(connection)


def _check(ws: "Workspace", owner: str, reason: str, until: Micros, note: str) -> None:
    wrong = hint = ""
    if not _OWNER.match(owner):
        wrong = "an owner is a role or a team, in one word"
        hint = "--owner growth-team"
    elif reason not in codes(WAIVER):
        wrong, hint = "there is no such reason", "reasons: " + ", ".join(codes(WAIVER))
    elif until <= ws.clock.now():
        wrong = f"{iso(until)} is over: a waiver ends in the time to come"
    elif len(note) > MAX_NOTE:
        wrong = f"a note has at most {MAX_NOTE} signs"
    if wrong:
        raise BadInput("waiver-incomplete", wrong, hint=hint)


def _not_too_long(ws: "Workspace", connection: "Connection", until: Micros) -> None:
    """Raise BadInput `waiver-incomplete` for a longer waiver than the policy in force allows."""
    version = in_force(connection)
    allowed = version.policy.waivers if version else None
    if allowed and until > ws.clock.now() + span_micros(allowed.longest):
        raise BadInput(
            "waiver-incomplete",
            f"the policy in force allows a waiver of {allowed.longest}, and then another one",
            hint="a nearer --until",
        )


def _require_another(ws: "Workspace", connection: "Connection", one: Finding, owner: str) -> None:
    """Raise Refused for who wrote the tag, owns it, made the report, or answers for the waiver."""
    row = connection.execute(
        text("SELECT author, document FROM definition WHERE key = :k AND version = :v"),
        {"k": one.tag, "v": one.version},
    ).one()
    names = {
        row.author: "wrote the tag",
        one.auditor: "made the report",
        json.loads(row.document)["owner"]: "owns the tag",
        owner: "answers for the waiver",
    }
    known = {name.casefold(): role for name, role in names.items()}
    role = known.get(ws.actor.ref.casefold()) or known.get(ws.actor.name.casefold())
    if role:
        raise Refused(
            "own-finding",
            f"whoever {role} does not give the waiver",
            hint="another operator with the role dpo does",
        )
