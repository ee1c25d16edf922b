# SPDX-License-Identifier: Apache-2.0
"""Sets of people as roaring bitmaps in the control store: consent masks and audiences.

A bitmap is a blob plus the single changes since it was last written whole, so that one consent
costs one small row and not a rewrite of megabytes, in the same transaction as its ledger entry.
A reader always sees blob and changes together. Bitmaps are derived: `rebuild` equals replay.
"""

from collections.abc import Iterable, Sequence

from pyroaring import BitMap
from sqlalchemy import Connection, text

COMPACT_AT = 20_000


def members(connection: Connection, name: str) -> BitMap:
    """Return the people in a set now; empty when nobody ever was."""
    row = connection.execute(
        text("SELECT members FROM bitmap WHERE name = :n"), {"n": name}
    ).one_or_none()
    found = BitMap.deserialize(row[0]) if row else BitMap()
    for subject_id, present in connection.execute(
        text("SELECT subject_id, present FROM bitmapdelta WHERE name = :n"), {"n": name}
    ):
        if present:
            found.add(subject_id)
        else:
            found.discard(subject_id)
    return found


def put(connection: Connection, name: str, people: BitMap) -> None:
    """Write a set whole; its pending changes are gone."""
    people.run_optimize()
    connection.execute(
        text(
            "INSERT INTO bitmap (name, members) VALUES (:n, :m) "
            "ON CONFLICT (name) DO UPDATE SET members = excluded.members"
        ),
        {"n": name, "m": people.serialize()},
    )
    connection.execute(text("DELETE FROM bitmapdelta WHERE name = :n"), {"n": name})


def change(connection: Connection, changes: Sequence[tuple[str, int, bool]]) -> None:
    """Put people into sets or take them out: (set, subject_id, present); the last one holds."""
    if not changes:
        return
    connection.execute(
        text(
            "INSERT INTO bitmapdelta (name, subject_id, present) VALUES (:n, :s, :p) "
            "ON CONFLICT (name, subject_id) DO UPDATE SET present = excluded.present"
        ),
        [{"n": name, "s": subject, "p": present} for name, subject, present in changes],
    )
    for name in {name for name, _, _ in changes}:
        compact(connection, name)


def compact(connection: Connection, name: str, limit: int = COMPACT_AT) -> None:
    """Fold the pending changes of a set into its blob when there are more than `limit`."""
    waiting = connection.execute(
        text("SELECT count(*) FROM bitmapdelta WHERE name = :n"), {"n": name}
    ).scalar_one()
    if waiting > limit:
        put(connection, name, members(connection, name))


def add_all(connection: Connection, name: str, people: Iterable[int]) -> None:
    """Put many people into a set at once."""
    put(connection, name, members(connection, name) | BitMap(people))


def names(connection: Connection, prefix: str) -> list[str]:
    """Return the names of the sets that begin with `prefix`, sorted."""
    rows = connection.execute(
        text(
            "SELECT name FROM bitmap WHERE substr(name, 1, :k) = :p UNION "
            "SELECT name FROM bitmapdelta WHERE substr(name, 1, :k) = :p ORDER BY 1"
        ),
        {"p": prefix, "k": len(prefix)},
    )
    return [row[0] for row in rows]
