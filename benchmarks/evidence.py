# SPDX-License-Identifier: Apache-2.0
"""The evidence log against plain rows in SQLite: carrying entries, checking them all, proving one.

`python -m benchmarks.evidence [ENTRIES]` runs it alone.
"""

import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from random import Random
from statistics import median

from audit.clock import FixedClock, Micros
from audit.evidence.entry import Entry
from audit.evidence.tree import included, inclusion_proof, leaf_hash
from benchmarks.measure import Result
from governance.actor import Actor
from governance.evidence.log import Log, Row
from governance.evidence.verification import verify_log
from governance.init import init
from governance.store import sqlite_file
from governance.workspace import open_workspace

BATCH = 100
BATCHES = 200
_AT_MS = 1_790_000_000_000
_PLAIN = "CREATE TABLE entry (idx INTEGER PRIMARY KEY, bytes BLOB NOT NULL);"


def results(entries: int) -> Iterator[Result]:
    """Yield the measurements; the log that is checked and proven from has this many entries."""
    with tempfile.TemporaryDirectory(prefix="tagwarden-bench-") as place:
        folder = Path(place)
        count = BATCH * BATCHES
        ours, theirs = carried(folder, count), inserted(folder / "plain.db", some(count))
        yield Result(
            f"evidence, {BATCH} entries a commit",
            count / ours,
            count / theirs,
            "1/s",
            "plain rows",
            ">= 5,000",
            smaller_is_better=False,
        )
        made(folder / "large" / "log.db", entries)
        with closing(Log.open(folder / "large" / "log.db")) as log:
            yield Result(
                f"check of {entries:,} entries",
                checked(log),
                scanned(log),
                "s",
                "read and hash",
                "<= 10 s for 1 M",
            )
            middle, last = proven(log, entries)
            yield Result(
                f"inclusion proof, {entries:,} entries",
                middle * 1000,
                None,
                "ms",
                "",
                "<= 5 ms",
                {"p99_ms": round(last * 1000, 2)},
            )


def some(count: int) -> list[bytes]:
    """Return entries as they are usual."""
    return [
        Entry(
            "consent.recorded",
            _AT_MS + number,
            "op:0123456789abcdef",
            "dpo",
            f"req-{number:016x}",
            subject=f"{number:032x}",
            facts={"purpose": "recommendation"},
        ).encode()
        for number in range(count)
    ]


def carried(folder: Path, count: int) -> float:
    """Return the seconds in which a workspace carries entries from its outbox, durably."""
    actor, clock = Actor("bench", "admin"), FixedClock(Micros(_AT_MS * 1000))
    init(folder / "shop", name="Shop", ring=folder / "ring" / "r.json", clock=clock, actor=actor)
    used = 0.0
    with closing(open_workspace(folder / "shop", clock=clock, actor=actor)) as ws:
        for batch in _batches(some(count)):
            with ws.store.engine.begin() as connection:
                connection.exec_driver_sql(
                    "INSERT INTO outbox (entry) VALUES (?)", [(entry,) for entry in batch]
                )
            started = time.perf_counter()
            ws.evidence.drain()
            used += time.perf_counter() - started
    return used


def inserted(path: Path, entries: Sequence[bytes]) -> float:
    """Return the seconds in which SQLite takes the same bytes as plain rows, as durably."""
    sqlite_file.create(path, _PLAIN)
    with closing(sqlite_file.open_file(path, "plain rows")) as db:
        started = time.perf_counter()
        for batch in _batches(entries):
            with sqlite_file.writing(db, "plain rows"):
                db.executemany(
                    "INSERT INTO entry (bytes) VALUES (?)", [(entry,) for entry in batch]
                )
        return time.perf_counter() - started


def made(path: Path, count: int) -> None:
    """Make a log of some length."""
    Log.create(path)
    entries = some(count)
    with closing(Log.open(path)) as log:
        for first in range(0, count, 5_000):
            with log.writing() as state:
                rows = [
                    Row(idx, idx + 1, entries[idx], leaf_hash(entries[idx]))
                    for idx in range(first, min(count, first + 5_000))
                ]
                for row in rows:
                    state.tree.append(row.leaf)
                state.root, state.latest_ms = state.tree.root(), _AT_MS + rows[-1].idx
                log.append(rows, state)


def checked(log: Log) -> float:
    """Return the seconds of a full check; raises RuntimeError when it finds something."""
    with log.reading() as state:
        head = state.head
    started = time.perf_counter()
    if not verify_log(log, lambda: head, contiguous=True).good:
        raise RuntimeError("the log is not good")
    return time.perf_counter() - started


def scanned(log: Log) -> float:
    """Return the seconds of reading and hashing the same rows, and nothing else."""
    started = time.perf_counter()
    with log.reading():
        for row in log.rows():
            sha256(row.entry)
    return time.perf_counter() - started


def proven(log: Log, size: int) -> tuple[float, float]:
    """Return the median and the 99th percentile of the seconds of an inclusion proof."""
    random, times = Random(7), []
    with log.reading() as state:
        for _ in range(500):
            index = random.randrange(size)
            started = time.perf_counter()
            proof = inclusion_proof(log, index, size)
            times.append(time.perf_counter() - started)
            (leaf,) = log.hashes(0, index, 1)
            if not included(leaf, index, size, proof, state.root):
                raise RuntimeError("a proof does not hold")
    return median(times), sorted(times)[int(len(times) * 0.99) - 1]


def _batches(entries: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    for first in range(0, len(entries), BATCH):
        yield entries[first : first + BATCH]


if __name__ == "__main__":
    for found in results(int(sys.argv[1]) if sys.argv[1:] else 1_000_000):
        print(found.line(), flush=True)
