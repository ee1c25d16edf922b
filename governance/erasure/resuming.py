# SPDX-License-Identifier: Apache-2.0
"""Ends an erasure that a hold had kept something of: what is left goes when the last hold is over."""

from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, text

from governance.erasure import held
from governance.erasure.begin import Wanted, begin_many
from governance.erasure.preview import previews
from governance.erasure.scope import EVERYTHING
from governance.erasure.step import Step

if TYPE_CHECKING:
    from governance.workspace import Workspace


def resume(ws: "Workspace") -> int:
    """Begin the rest of every erasure that nothing stands against any more; returns how many.

    Its number is that of the first with a count behind it; it has no grace: it was decided before. Call
    it while holding the lock of long work.
    """
    with ws.store.write() as unit:
        connection = unit.connection
        rows = _kept(connection)
        standing = held.standing(ws, connection, [row.subject_id for row in rows])
        free = {_next(row.ref): row for row in rows if row.subject_id not in standing}
        if not free:
            return 0
        connection.execute(
            text("UPDATE erasure SET subject_id = NULL WHERE ref = :r"),
            [{"r": row.ref} for row in free.values()],
        )
        people = [row.subject_id for row in free.values()]
        seen = previews(ws, connection, people, EVERYTHING)
        begin_many(unit, ws, [Wanted(ref, seen[row.subject_id]) for ref, row in free.items()])
        connection.execute(
            text("UPDATE erasure SET grace_until = begun_at WHERE ref = :r"),
            [{"r": ref} for ref in free],
        )
        return len(free)


def stored_only(connection: Connection) -> frozenset[int]:
    """Return the people of whom a hold keeps transactions, and nothing else is here."""
    return frozenset(row.subject_id for row in _kept(connection))


def _kept(connection: Connection) -> list[Any]:
    rows = connection.execute(
        text(
            "SELECT ref, subject_id FROM erasure WHERE step = :n AND held <> '' "
            "AND subject_id IS NOT NULL ORDER BY ref"
        ),
        {"n": int(Step.CLOSED)},
    )
    return list(rows)


def _next(ref: str) -> str:
    name, _, count = ref.partition(".")
    return f"{name}.{int(count or 1) + 1}"
