# SPDX-License-Identifier: Apache-2.0
"""People without a data key are not here any more: an older store or lake that was put back loses them.

The key is the licence to exist (security 5.8), so that no list of erased people is needed.
"""

from contextlib import closing
from typing import TYPE_CHECKING

from pyroaring import BitMap
from sqlalchemy import Connection, text

from governance import letters
from governance.erasure import aside, disk, events, rows
from governance.erasure.certified import kept_until
from governance.registry import SHRED, places
from governance.vault.keystore import KeyStore

if TYPE_CHECKING:
    from governance.workspace import Workspace


def sweep(ws: "Workspace") -> int:
    """Remove everything about people who have no key, with evidence; returns how many they were.

    Call it while holding the lock of long work.
    """
    gone = _unkeyed(ws)
    if not gone:
        return 0
    people = list(gone)
    events.erase(ws, people)  # first: the rows say, after a kill, that this is not finished
    aside.erase(ws, aside.suppressed(ws))
    with ws.store.write() as unit:
        theirs = letters.numbers(unit.connection, people)
        letters.remove(ws.settings, [name for names in theirs.values() for name in names])
        rows.erase(unit, people, kept_until=kept_until(ws, ws.clock.now()))
        unit.log(ws.evidence.entry("erasure.swept", people=len(people)))
    disk.settle(ws.store)
    return len(people)


def _unkeyed(ws: "Workspace") -> BitMap:
    """Return of whom something is in the store and no key; not those whose erasure is on its way.

    The store is read first: whoever is admitted meanwhile had a key before a row.
    """
    with ws.store.read() as connection:
        there = _there(connection)
        moving = BitMap(
            connection.execute(
                text("SELECT subject_id FROM erasure WHERE subject_id IS NOT NULL AND step > 1")
            ).scalars()
        )
    with closing(KeyStore.open(ws.paths.keystore)) as store:
        keyed = BitMap(store.numbers())
    return there - keyed - moving


def _there(connection: Connection) -> BitMap:
    """Return whose numbers are in any table; those under which a ledger is kept as proof are left out.

    A row can come after its person is gone: from a command that had looked them up before.
    """
    there = BitMap(connection.execute(text("SELECT subject_id FROM subject")).scalars())
    for place in places("table"):
        if place.find == rows.MEMBERS:
            for row in connection.execute(text(f"SELECT members FROM {place.name}")):
                there |= BitMap.deserialize(row.members)
        elif place.find == "subject_id" and place.on_erasure != SHRED and place.name != "keptproof":
            known = ("subject", "keptproof") if place.keeps_number else ("subject",)
            without = " AND ".join(
                f"NOT EXISTS (SELECT 1 FROM {one} k WHERE k.subject_id = t.subject_id)"
                for one in known
            )
            there |= BitMap(
                connection.execute(
                    text(
                        f"SELECT DISTINCT t.subject_id FROM {place.name} t "
                        f"WHERE t.subject_id IS NOT NULL AND {without}"
                    )
                ).scalars()
            )
    return there
