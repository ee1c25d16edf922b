# SPDX-License-Identifier: Apache-2.0
"""People who come in with a file: admitted to the key store, then known to the gate.

The key store goes first: a crash in between leaves people whom nothing refers to, never rows whose
people have no key. Regime and age band of people who are known already are not touched here.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from pyroaring import BitMap
from sqlalchemy import Connection, text

from governance.intake.desk import PEOPLE_BATCH, Desk
from governance.store import bitmaps
from governance.store.unit import Unit
from governance.vault.people import normalise
from tagging.lake import distinct_subjects, know_people

if TYPE_CHECKING:
    from governance.workspace import Workspace

CUSTOMER = "customer"
UNKNOWN_AGE = "unknown"
_INSERT_BATCH = 10_000


def admit(at: Desk, files: str) -> int:
    """Admit the people of staged rows, and make the engine's table `people` of them.

    Returns how many people they are; two spellings of one id are one person.
    """
    batches = (
        at.ws.people.admit(CUSTOMER, [value for value in batch if normalise(value)])
        for batch in distinct_subjects(at.duck, files, PEOPLE_BATCH)
    )
    return know_people(at.duck, batches)


def known_people(at: Desk) -> BitMap:
    """Return the subject_ids of the engine's table `people`."""
    return BitMap(at.duck.integers("SELECT DISTINCT subject_id FROM people"))


def newcomers(connection: Connection, people: BitMap) -> BitMap:
    """Return those of some people whom the gate does not know yet."""
    if not people:
        return BitMap()
    rows = connection.execute(
        text("SELECT subject_id FROM subject WHERE subject_id BETWEEN :a AND :b"),
        {"a": people.min(), "b": people.max()},
    )
    return people - BitMap(row[0] for row in rows)


def enrol(ws: "Workspace", unit: Unit, new: BitMap, *, regime: str) -> None:
    """Make new people known to the gate: one regime, age not known."""
    now = ws.clock.now()
    for batch in _batches(new):
        sids = ws.people.sid(batch)
        unit.connection.execute(
            text(
                "INSERT INTO subject (subject_id, sid, regime, age_class, admitted_at) "
                "VALUES (:i, :s, :r, :a, :t)"
            ),
            [{"i": i, "s": sids[i], "r": regime, "a": UNKNOWN_AGE, "t": now} for i in batch],
        )
    if new:
        bitmaps.add_all(unit.connection, f"regime:{regime}", new)
        bitmaps.add_all(unit.connection, f"age:{UNKNOWN_AGE}", new)


def _batches(people: Iterable[int]) -> Iterator[list[int]]:
    batch: list[int] = []
    for subject_id in people:
        batch.append(subject_id)
        if len(batch) == _INSERT_BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
