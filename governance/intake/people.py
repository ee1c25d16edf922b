# SPDX-License-Identifier: Apache-2.0
"""People who come in with a file: admitted to the key store, then known to the gate.

The key store goes first: a crash in between leaves people whom nothing refers to, never rows whose
people have no key. Regime and age band of people who are known already are not touched here.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from pyroaring import BitMap
from sqlalchemy import Connection, text

from governance.intake.desk import CUSTOMER, PEOPLE_BATCH, Desk
from governance.store import bitmaps
from governance.store.unit import Unit
from governance.vault.identity import normalise
from tagging.lake import count_of, distinct_subjects, know_people

if TYPE_CHECKING:
    from governance.workspace import Workspace

UNKNOWN_AGE = "unknown"
_INSERT_BATCH = 10_000


def admit(at: Desk, files: str) -> int:
    """Admit the people of staged rows, and make the engine's table `people` of them.

    People who were erased are not admitted: returns how many rows are about them. Two spellings of one
    id are one person.
    """
    suppressed: list[str] = []

    def batches() -> Iterator[Mapping[str, int]]:
        for batch in distinct_subjects(at.duck, files, PEOPLE_BATCH):
            usable = [value for value in batch if normalise(value)]
            admitted = at.ws.people.admit(CUSTOMER, usable)
            if len(admitted) < len(usable):
                suppressed.extend(value for value in usable if value not in admitted)
            yield admitted

    know_people(at.duck, batches())
    return count_of(at.duck, files, suppressed)


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
