# SPDX-License-Identifier: Apache-2.0
"""What people corrected about themselves, attribute by attribute, and what an import may do about it.

A corrected attribute keeps the person's value for as long as the source says what it said before; once
the source says something else, that counts. A deleted attribute stays away. Both end when the
correction is lifted. What the source said is not kept: only a digest under the person's own key,
which dies with the person.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, text

from audit.clock import Micros
from audit.errors import NotFound
from governance.store.unit import Unit
from policies.document import nearest

if TYPE_CHECKING:
    from governance.workspace import Workspace

Values = dict[int, dict[str, str]]
"""Person → attribute → value."""


class Correction(StrEnum):
    """What a person had done to an attribute."""

    CORRECTED = "corrected"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Sifted:
    """What an import may write, and how many corrections held or ended."""

    said: Values
    kept: int = 0
    ended: int = 0


def attributes(connection: Connection) -> dict[str, int]:
    """Return the attributes that there are, with their sensitivity classes."""
    rows = connection.execute(text("SELECT key, class_id FROM attribute ORDER BY key"))
    return {row.key: int(row.class_id) for row in rows}


def class_of(connection: Connection, attribute: str) -> int:
    """Return the sensitivity class of an attribute; raises NotFound `unknown-attribute`."""
    known = attributes(connection)
    if attribute not in known:
        hint = nearest(attribute, known) or "attributes come with tagwarden ingest profiles"
        raise NotFound("unknown-attribute", f'there is no attribute "{attribute}"', hint=hint)
    return known[attribute]


def put(
    ws: "Workspace",
    unit: Unit,
    subject_id: int,
    attribute: str,
    value: str | None,
    *,
    kind: Correction,
    at: Micros,
) -> bool:
    """Put a value (None: none) in the place of the one on record, and note it; False: it stood so.

    Raises NotFound `unknown-attribute`.
    """
    class_id = class_of(unit.connection, attribute)
    cell = _opened(ws, unit.connection, subject_id, class_id)
    before = cell.pop(attribute, None)
    if before == value and value is not None:
        return False
    note(ws, unit.connection, subject_id, attribute, kind=kind, before=before, at=at)
    if value is not None:
        cell[attribute] = value
    _seal(ws, unit.connection, subject_id, class_id, cell)
    return True


def note(
    ws: "Workspace",
    connection: Connection,
    subject_id: int,
    attribute: str,
    *,
    kind: Correction,
    before: str | None,
    at: Micros,
) -> None:
    """Note a correction; `before` is the value that the source had, unless one was noted already."""
    connection.execute(
        text(
            "INSERT INTO correction (subject_id, attribute, kind, refused, at) "
            "VALUES (:s, :a, :k, :r, :t) ON CONFLICT (subject_id, attribute) "
            "DO UPDATE SET kind = excluded.kind, at = excluded.at"
        ),
        {
            "s": subject_id,
            "a": attribute,
            "k": str(kind),
            "r": ws.people.reference(subject_id, _name(attribute, before or "")),
            "t": at,
        },
    )


def _opened(
    ws: "Workspace", connection: Connection, subject_id: int, class_id: int
) -> dict[str, str]:
    rows = connection.execute(
        text(
            "SELECT subject_id, class_id, cell FROM sealedblob "
            "WHERE subject_id = :s AND class_id = :c"
        ),
        {"s": subject_id, "c": class_id},
    )
    cells = [(row.subject_id, row.class_id, row.cell) for row in rows]
    return next((values for _, _, values in ws.people.unseal(cells)), {})


def _seal(
    ws: "Workspace", connection: Connection, subject_id: int, class_id: int, values: dict[str, str]
) -> None:
    """Write the cell of a class anew; one without attributes goes."""
    who = {"s": subject_id, "c": class_id}
    if not values:
        connection.execute(
            text("DELETE FROM sealedblob WHERE subject_id = :s AND class_id = :c"), who
        )
        return
    ((_, _, cell),) = ws.people.seal([(subject_id, class_id, values)])
    connection.execute(
        text(
            "INSERT INTO sealedblob (subject_id, class_id, cell, sealed_at) "
            "VALUES (:s, :c, :b, :t) ON CONFLICT (subject_id, class_id) "
            "DO UPDATE SET cell = excluded.cell, sealed_at = excluded.sealed_at"
        ),
        {**who, "b": cell, "t": ws.clock.now()},
    )


def lift(connection: Connection, subject_id: int, attribute: str) -> bool:
    """Take a correction back; return whether there was one."""
    done = connection.execute(
        text("DELETE FROM correction WHERE subject_id = :s AND attribute = :a"),
        {"s": subject_id, "a": attribute},
    )
    return bool(done.rowcount)


def sift(ws: "Workspace", connection: Connection, said: Values) -> Sifted:
    """Return what an import may write of what it says; a correction that the source left behind ends."""
    if not said:
        return Sifted(said)
    rows = connection.execute(
        text(
            "SELECT subject_id, attribute, kind, refused FROM correction "
            "WHERE subject_id BETWEEN :a AND :b"
        ),
        {"a": min(said), "b": max(said)},
    ).all()
    here = [row for row in rows if row.attribute in said.get(row.subject_id, ())]
    held = [row for row in here if _holds(ws, row, said[row.subject_id][row.attribute])]
    kept = {(row.subject_id, row.attribute) for row in held}
    for row in here:
        if (row.subject_id, row.attribute) not in kept:
            lift(connection, row.subject_id, row.attribute)
    return Sifted(
        {i: {k: v for k, v in values.items() if (i, k) not in kept} for i, values in said.items()},
        len(kept),
        len(here) - len(kept),
    )


def _holds(ws: "Workspace", row: Any, value: str) -> bool:
    if row.kind == Correction.DELETED:
        return True
    return row.refused in ws.people.references(row.subject_id)(_name(row.attribute, value))


def _name(attribute: str, value: str) -> str:
    return f"attribute:{attribute}:{value}"
