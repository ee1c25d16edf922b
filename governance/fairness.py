# SPDX-License-Identifier: Apache-2.0
"""The fairness policy of a workspace: which limits count, who said so, and who agreed.

One policy is in force. The first one counts at once, and so does one that is plainly stricter; anything
else is a proposal until another operator approves exactly its digest. Nothing is ever overwritten.
"""

import json
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal

from sqlalchemy import Connection, text

from audit.bias.laxer import laxer
from audit.bias.policy import FairnessPolicy
from audit.canon import canonical
from audit.clock import Micros
from audit.errors import Conflict, NotFound, Refused
from governance.authority import demand

if TYPE_CHECKING:
    from governance.store.unit import Unit
    from governance.workspace import Workspace

SHORTEST_DIGEST: Final = 8
"""Signs of a digest that an approval names at least."""


@dataclass(frozen=True, slots=True)
class Version:
    """One form of the policy and where it stands; `document` is canonical JSON."""

    key: str
    version: int
    digest: str
    document: str
    state: Literal["proposed", "in_force"]
    at: Micros
    by: str
    """The operator who brought it there, by the name that evidence carries."""

    @property
    def policy(self) -> FairnessPolicy:
        """The policy itself."""
        return _read(self.document)


@dataclass(frozen=True, slots=True)
class Applied:
    """What applying did: the policy is in force, it waits for approval, or it was there already."""

    version: Version
    what: Literal["in_force", "proposed", "unchanged"]
    laxer: tuple[str, ...] = ()
    """The parts that may be laxer than what is in force, for a proposal."""


def in_force(connection: Connection) -> Version | None:
    """Return the policy that counts; None while none was applied."""
    return _latest(connection, "WHERE state = 'in_force'")


def proposed(connection: Connection) -> Version | None:
    """Return the policy that waits for a second operator, if one does."""
    found = _latest(connection, "")
    return found if found is not None and found.state == "proposed" else None


def every(connection: Connection) -> list[Version]:
    """Return everything that was said about the policy, the newest first."""
    return [Version(*row) for row in connection.execute(text(f"{_SELECT} ORDER BY id DESC"))]


def apply(ws: "Workspace", policy: FairnessPolicy) -> Applied:
    """Put a policy in force, or propose it when it may be laxer than the one in force.

    Raises Conflict `policy-not-newer`, Refused without the role; then nothing is written.
    """
    demand(ws, "fairness.apply")
    document = canonical(policy.document()).decode()
    with ws.store.write() as unit:
        old, latest = in_force(unit.connection), _latest(unit.connection, "")
        if latest is not None and latest.digest == policy.digest():
            return Applied(latest, "unchanged")
        lax: list[str] = []
        if old is not None and old.digest != policy.digest():
            if policy.version <= old.version:
                raise Conflict(
                    "policy-not-newer",
                    f"version {old.version} is in force, and this is version {policy.version}",
                    hint=f"version: {old.version + 1}",
                )
            lax = laxer(policy, old.policy)
        state: Literal["proposed", "in_force"] = "proposed" if lax else "in_force"
        now, me = ws.clock.now(), ws.actor.ref
        made = Version(policy.key, policy.version, policy.digest(), document, state, now, me)
        _write(unit, made)
        act = "fairness.proposed" if lax else "fairness.applied"
        unit.log(ws.evidence.entry(act, policy=made.key, version=made.version, digest=made.digest))
        return Applied(made, state, tuple(lax))


def approve(ws: "Workspace", prefix: str) -> Version:
    """Put the proposal in force whose digest begins like this; returns it as it counts now.

    Raises NotFound `no-proposal`, Refused `own-change`, Conflict `other-digest`.
    """
    demand(ws, "fairness.approve")
    with ws.store.write() as unit:
        one = proposed(unit.connection)
        if one is None:
            raise NotFound(
                "no-proposal",
                "no fairness policy waits for approval",
                hint="tagwarden audit policy list",
            )
        if one.by == ws.actor.ref:
            raise Refused(
                "own-change",
                "whoever proposes a policy does not approve it",
                hint="another operator with the role dpo does",
            )
        if len(prefix) < SHORTEST_DIGEST or not one.digest.startswith(prefix):
            raise Conflict(
                "other-digest",
                "the policy that waits has another digest",
                hint=f"read it: tagwarden audit policy show --proposed; then give {SHORTEST_DIGEST} signs or more",
            )
        made = replace(one, state="in_force", at=ws.clock.now(), by=ws.actor.ref)
        _write(unit, made)
        unit.log(
            ws.evidence.entry(
                "fairness.approved",
                policy=made.key,
                version=made.version,
                digest=made.digest,
                proposed_by=one.by,
            )
        )
        return made


_SELECT: Final = (
    "SELECT key, version, digest, document, state, applied_at, applied_by FROM fairness"
)


def _latest(connection: Connection, which: str) -> Version | None:
    row = connection.execute(text(f"{_SELECT} {which} ORDER BY id DESC LIMIT 1")).first()
    return None if row is None else Version(*row)


@lru_cache(maxsize=8)
def _read(document: str) -> FairnessPolicy:
    return FairnessPolicy.model_validate(json.loads(document))


def _write(unit: "Unit", one: Version) -> None:
    unit.connection.execute(
        text(
            "INSERT INTO fairness (key, version, digest, document, state, applied_at, applied_by) "
            "VALUES (:k, :v, :g, :d, :s, :t, :b)"
        ),
        {
            "k": one.key,
            "v": one.version,
            "g": one.digest,
            "d": one.document,
            "s": one.state,
            "t": one.at,
            "b": one.by,
        },
    )
