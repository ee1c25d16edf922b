# SPDX-License-Identifier: Apache-2.0
"""Overlays: what an operator laid over the packs of the law, who said so, and who agreed.

An overlay without a reason can only make the law stricter: it counts at once. One with a reason may
make it laxer: it is a proposal until another operator approves exactly its digest. Nothing is ever
overwritten: each step is a new row, and of a key the latest one that took effect counts.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from sqlalchemy import Connection, text

from audit.canon import canonical, digest
from audit.clock import Micros
from audit.errors import Conflict, NotFound, Problems, Refused
from governance.authority import demand
from governance.law import IN_FORCE, laid, law_over
from governance.reading import documents_of
from policies.document import Document, nearest
from policies.packs import packs
from policies.rules import Overlay

if TYPE_CHECKING:
    from governance.store.unit import Unit
    from governance.workspace import Workspace

State = Literal["proposed", "in_force", "dropped", "withdrawn"]

SHORTEST_DIGEST: Final = 8
"""Signs of a digest that an approval names at least."""

_PROPOSED: Final = "state = 'proposed' AND id IN (SELECT max(id) FROM overlay GROUP BY key)"


@dataclass(frozen=True, slots=True)
class Version:
    """One form of an overlay and where it stands; `document` is canonical JSON."""

    key: str
    digest: str
    document: str
    state: State
    at: Micros
    by: str
    """The operator who brought it there, by the name that evidence carries."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What applying did to one overlay: it is in force, it waits for approval, or nothing changed."""

    key: str
    digest: str
    what: Literal["in_force", "proposed", "unchanged"]


def read(files: Iterable[Path]) -> list[Document]:
    """Return the overlays in the files (a folder: in its *.yaml).

    Raises BadInput `bad-overlay` with every problem of every file that cannot be parsed.
    """
    everything = Problems()
    found = [document for document, _ in documents_of(files, "PolicyOverlay", everything)]
    everything.raise_if_any("bad-overlay", "the overlays cannot be read")
    return found


def in_force(connection: Connection) -> dict[str, Version]:
    """Return the overlays that count, by key, in the order in which they lie on each other."""
    return _versions(connection, IN_FORCE)


def proposed(connection: Connection) -> dict[str, Version]:
    """Return the overlays that wait for a second operator, by key."""
    return _versions(connection, _PROPOSED)


def apply(ws: "Workspace", files: Iterable[Path]) -> list[Applied]:
    """Put the overlays of the files in force, or propose those that give a reason.

    Raises BadInput `bad-overlay` with every problem, Refused without the role; then nothing is
    written.
    """
    demand(ws, "policy.apply")
    documents = read(files)
    with ws.store.write() as unit:
        laid(unit.connection, documents, packs())
        done = [_apply(ws, unit, Overlay.model_validate(item.value)) for item in documents]
        law_over(unit.connection)  # once more: what is only proposed carries nothing yet
        return done


def approve(ws: "Workspace", key: str, prefix: str) -> Version:
    """Put a proposal in force whose digest begins like this; returns it as it counts now.

    Raises NotFound `unknown-overlay`, Refused `own-change`, Conflict `other-digest`, BadInput
    `bad-overlay` when it no longer fits.
    """
    demand(ws, "policy.approve")
    with ws.store.write() as unit:
        one = _named(key, proposed(unit.connection), "waits for approval")
        if one.by == ws.actor.ref:
            raise Refused(
                "own-change",
                "whoever proposes an overlay does not approve it",
                hint="another operator with the role dpo does",
            )
        if len(prefix) < SHORTEST_DIGEST or not one.digest.startswith(prefix):
            raise Conflict(
                "other-digest",
                f"the overlay {key} that waits has another digest",
                hint=f"read it: tagwarden policy overlays {key}; then give {SHORTEST_DIGEST} signs or more",
            )
        approved = _write(ws, unit, replace(one, state="in_force"))
        law_over(unit.connection)
        unit.log(
            ws.evidence.entry(
                "overlay.approved", overlay=key, digest=one.digest, proposed_by=one.by
            )
        )
        return approved


def withdraw(ws: "Workspace", keys: Iterable[str]) -> list[Version]:
    """Take overlays back: a proposal where one waits, else what is in force; returns them.

    Raises NotFound `unknown-overlay`, BadInput `bad-overlay` when another one rests on it.
    """
    demand(ws, "policy.withdraw")
    with ws.store.write() as unit:
        done = [_withdraw(ws, unit, key) for key in dict.fromkeys(keys)]
        law_over(unit.connection)
        return done


def _apply(ws: "Workspace", unit: "Unit", one: Overlay) -> Applied:
    plain = one.model_dump(mode="json", by_alias=True, exclude_unset=True)
    new = digest(plain)
    latest = (in_force(unit.connection) | proposed(unit.connection)).get(one.key)
    if latest is not None and latest.digest == new:
        return Applied(one.key, new, "unchanged")
    state: Literal["proposed", "in_force"] = "in_force" if one.reason is None else "proposed"
    now = ws.clock.now()
    _write(ws, unit, Version(one.key, new, canonical(plain).decode(), state, now, ws.actor.ref))
    act = "overlay.applied" if one.reason is None else "overlay.proposed"
    unit.log(ws.evidence.entry(act, overlay=one.key, regime=str(one.extends), digest=new))
    return Applied(one.key, new, state)


def _withdraw(ws: "Workspace", unit: "Unit", key: str) -> Version:
    known = in_force(unit.connection) | proposed(unit.connection)
    one = _named(key, known, "is proposed or in force")
    state: State = "dropped" if one.state == "proposed" else "withdrawn"
    withdrawn = _write(ws, unit, replace(one, state=state))
    unit.log(ws.evidence.entry("overlay.withdrawn", overlay=key, digest=one.digest, was=one.state))
    return withdrawn


def _named(key: str, known: dict[str, Version], how: str) -> Version:
    if key not in known:
        hint = nearest(key, known) or "tagwarden policy overlays"
        raise NotFound("unknown-overlay", f'no overlay "{key}" {how}', hint=hint)
    return known[key]


def _write(ws: "Workspace", unit: "Unit", one: Version) -> Version:
    """Write one more row about an overlay: what it is now, by the operator who acts."""
    now = replace(one, at=ws.clock.now(), by=ws.actor.ref)
    unit.connection.execute(
        text(
            "INSERT INTO overlay (key, digest, document, state, applied_at, applied_by) "
            "VALUES (:k, :g, :d, :s, :t, :b)"
        ),
        {
            "k": now.key,
            "g": now.digest,
            "d": now.document,
            "s": now.state,
            "t": now.at,
            "b": now.by,
        },
    )
    return now


def _versions(connection: Connection, which: str) -> dict[str, Version]:
    rows = connection.execute(
        text(
            "SELECT key, digest, document, state, applied_at, applied_by "
            f"FROM overlay WHERE {which} ORDER BY id"
        )
    )
    return {row.key: Version(*row) for row in rows}
