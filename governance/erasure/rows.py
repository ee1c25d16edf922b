# SPDX-License-Identifier: Apache-2.0
"""Rows of the control store: counted and deleted for many people at once, table by table of the registry."""

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from pyroaring import BitMap
from sqlalchemy import Connection, text

from audit.clock import Micros
from governance.erasure import held
from governance.erasure.leaving import AMONG, leaving
from governance.registry import ERASE, SHRED, Place, places
from governance.store import bitmaps
from governance.store.unit import Unit
from policies.vocabulary import Choice

Counts = Mapping[int, int]
"""Person -> rows."""

MEMBERS = "members"
RESTRICTED = "restricted"
"""The set of people whose data are stored only."""


def counted(connection: Connection, people: Collection[int]) -> dict[str, Counts]:
    """Return place -> person -> rows, for every table in which a person is found by number."""
    found: dict[str, Counts] = {}
    with leaving(connection, people):
        for place in places("table"):
            if place.find == "subject_id":
                rows = connection.execute(
                    text(
                        f"SELECT subject_id, count(*) AS n FROM {place.name} WHERE {AMONG} "
                        "GROUP BY subject_id"
                    )
                )
                found[place.code] = {row.subject_id: row.n for row in rows}
            elif place.find == MEMBERS:
                found[place.code] = _memberships(connection, place, BitMap(people))
    return found


def _memberships(connection: Connection, place: Place, people: BitMap) -> Counts:
    found: dict[int, int] = {}
    for row in connection.execute(text(f"SELECT members FROM {place.name}")):
        for subject_id in BitMap.deserialize(row.members) & people:
            found[subject_id] = found.get(subject_id, 0) + 1
    return found


def erase(unit: Unit, people: Collection[int], *, kept_until: Micros) -> None:
    """Delete what the tables hold of some people; ledgers with a ground stay, until an instant.

    Raises LookupError for a place that says how it is erased in a way that is not known here.
    """
    connection, gone = unit.connection, BitMap(people)
    with leaving(connection, gone):
        values = _values(connection)
        for place in places("table"):
            _erase(connection, place, gone)
        _drop_values(connection, values)
        _keep_proof(connection, kept_until)


def erase_but_transactions(unit: Unit, since: Mapping[int, Micros]) -> None:
    """Delete what the tables hold of people who are held: all but their transactions from an instant on.

    They stay restricted; who they are stays, and so do the ledgers with a ground.
    """
    connection = unit.connection
    for instant, people in held.by_since(since).items():
        gone = BitMap(people)
        with leaving(connection, gone):
            values = _values(connection)
            for place in places("table"):
                if place.on_erasure == ERASE and place.code not in held.STAYS:
                    _erase_but(connection, place, gone, instant)
            _drop_values(connection, values)


_SPARED: Final = {
    "liveevent": f" AND NOT ({held.TRADED} AND ts >= :since)",
    "choicestate": f" AND kind <> '{Choice.RESTRICT}'",
    "bitmapdelta": f" AND name <> '{RESTRICTED}'",
}


def _erase_but(connection: Connection, place: Place, gone: BitMap, since: Micros) -> None:
    if place.find == MEMBERS:
        names = [name for name in bitmaps.names(connection, "") if name != RESTRICTED]
        out_of_sets(connection, names, gone)
        return
    condition = _SPARED.get(place.name, "")
    connection.execute(
        text(f"DELETE FROM {place.name} WHERE {AMONG}{condition}"),
        {"since": since} if ":since" in condition else {},
    )


def _erase(connection: Connection, place: Place, gone: BitMap) -> None:
    if place.severed:
        sets = ", ".join(f"{name} = NULL" for name in place.severed)
        connection.execute(text(f"UPDATE {place.name} SET {sets} WHERE {AMONG}"))
    if place.ground or place.on_erasure == SHRED:
        return
    if place.on_erasure != ERASE or place.find not in ("subject_id", MEMBERS):
        raise LookupError(f"the place {place.code} has no eraser")
    if place.find == MEMBERS:
        out_of_sets(connection, bitmaps.names(connection, ""), gone)
    else:
        connection.execute(text(f"DELETE FROM {place.name} WHERE {AMONG}"))


def out_of_sets(connection: Connection, names: Iterable[str], gone: BitMap) -> None:
    """Take people out of some sets, as they are written whole and as they were changed since."""
    for name in names:
        members = bitmaps.members(connection, name)
        stored = connection.execute(
            text("SELECT members FROM bitmap WHERE name = :n"), {"n": name}
        ).scalar()
        there = members if stored is None else members | BitMap.deserialize(stored)
        if there & gone:
            bitmaps.put(connection, name, members - gone)


def _values(connection: Connection) -> list[int]:
    """Return the values, other than yes, of tags that these people have or had."""
    rows = connection.execute(
        text(
            "SELECT DISTINCT a.tv FROM assignment a JOIN tagvalue v ON v.tv = a.tv "
            f"WHERE a.{AMONG} AND v.value <> 'true'"
        )
    )
    return [row.tv for row in rows]


def _drop_values(connection: Connection, values: Collection[int]) -> None:
    """Forget values that nobody else has or had: a rare one may say who had it."""
    for tv in values:
        if bitmaps.members(connection, f"tv:{tv}"):
            continue
        left = connection.execute(
            text("SELECT 1 FROM assignment WHERE tv = :t LIMIT 1"), {"t": tv}
        ).first()
        if left is None:
            connection.execute(text("DELETE FROM tagvalue WHERE tv = :t"), {"t": tv})
            connection.execute(text("DELETE FROM bitmap WHERE name = :n"), {"n": f"tv:{tv}"})


def _keep_proof(connection: Connection, until: Micros) -> None:
    for place in places("table"):
        if place.keeps_number and place.name != "keptproof":
            connection.execute(
                text(
                    "INSERT INTO keptproof (subject_id, until) "
                    f"SELECT DISTINCT subject_id, CAST(:u AS BIGINT) FROM {place.name} "
                    f"WHERE {AMONG} ON CONFLICT (subject_id) DO NOTHING"
                ),
                {"u": until},
            )
