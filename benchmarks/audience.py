# SPDX-License-Identifier: Apache-2.0
"""Audience "A and not B" of people who consent: roaring bitmaps of the store against an SQL anti-join."""

import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from statistics import median

from pyroaring import BitMap

from governance.store import bitmaps
from governance.store.engine import open_engine
from governance.store.tables import METADATA
from governance.store.unit import Store

_SHARES = {"tv:1": 0.3, "tv:2": 0.4, "consent:marketing:ordinary": 0.7}
_SQL = """SELECT count(*) FROM one a JOIN consent c USING (subject_id)
WHERE NOT EXISTS (SELECT 1 FROM other b WHERE b.subject_id = a.subject_id)"""


def measured(people: int) -> tuple[float, float]:
    """Return the median seconds of the store's bitmaps and of the same in SQL.

    Raises RuntimeError when the two do not count the same people.
    """
    sets = {name: _some(people, share, n) for n, (name, share) in enumerate(_SHARES.items())}
    with tempfile.TemporaryDirectory(prefix="tagwarden-bench-") as place:
        ours, found = _bitmaps(Path(place) / "control.db", sets)
        theirs, counted = _tables(Path(place) / "plain.db", sets)
    if found != counted:
        raise RuntimeError("bitmaps and SQL give different audiences")
    return ours, theirs


def _some(people: int, share: float, seed: int) -> BitMap:
    import numpy as np

    chance = np.random.default_rng(seed).random(people)
    return BitMap(np.flatnonzero(chance < share).astype(np.uint32))


def _bitmaps(path: Path, sets: dict[str, BitMap]) -> tuple[float, int]:
    store = Store(open_engine(f"sqlite:///{path}"))
    try:
        METADATA.create_all(store.engine)
        with store.write() as unit:
            for name, members in sets.items():
                bitmaps.put(unit.connection, name, members)
        one, other, consent = sets

        def audience() -> int:
            with store.read() as connection:
                people = bitmaps.members(connection, one) - bitmaps.members(connection, other)
                return len(people & bitmaps.members(connection, consent))

        return _median(audience, 51), audience()
    finally:
        store.close()


def _tables(path: Path, sets: dict[str, BitMap]) -> tuple[float, int]:
    with closing(sqlite3.connect(path)) as db:
        for table, members in zip(("one", "other", "consent"), sets.values(), strict=True):
            db.execute(f"CREATE TABLE {table} (subject_id INTEGER PRIMARY KEY)")
            db.executemany(f"INSERT INTO {table} VALUES (?)", ((person,) for person in members))
        db.commit()

        def audience() -> int:
            return int(db.execute(_SQL).fetchone()[0])

        return _median(audience, 3), audience()


def _median(work: Callable[[], int], times: int) -> float:
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return median(taken)
