# SPDX-License-Identifier: Apache-2.0
"""People without a data key are not here any more: an older store or lake that was put back loses them.

The key is the licence to exist (security 5.8), so that no list of erased people is needed.
"""

from contextlib import closing
from typing import TYPE_CHECKING

from pyroaring import BitMap
from sqlalchemy import text

from governance.erasure import aside, disk, events, rows
from governance.erasure.certified import kept_until
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
        rows.erase(unit, people, kept_until=kept_until(ws, ws.clock.now()))
        unit.log(ws.evidence.entry("erasure.swept", people=len(people)))
    disk.settle(ws.store)
    return len(people)


def _unkeyed(ws: "Workspace") -> BitMap:
    """Return who is in the store and has no key; not those whose erasure is on its way."""
    with closing(KeyStore.open(ws.paths.keystore)) as store:
        keyed = BitMap(store.numbers())
    with ws.store.read() as connection:
        there = BitMap(connection.execute(text("SELECT subject_id FROM subject")).scalars())
        moving = BitMap(
            connection.execute(
                text("SELECT subject_id FROM erasure WHERE subject_id IS NOT NULL AND step > 1")
            ).scalars()
        )
    return there - keyed - moving
