# SPDX-License-Identifier: Apache-2.0
"""Erasing one person and many: `python -m benchmarks.erasure [--people 100000] [--gone 10000]`.

People have ten events each, twenty tags that were run over them, consents, sealed attributes. Measured on
the wall, from the end of the grace to the certificates, and the preview with the beginning apart. Beside
it the same rows deleted from the control store alone, by hand, which erases neither lake nor keys.
"""

import argparse
import resource
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from sqlalchemy import text

from audit.clock import HOUR
from benchmarks import generate, shop
from benchmarks.measure import Result, peak
from governance import erasure
from governance.erasure import EVERYTHING
from governance.erasure.begin import Wanted
from governance.running.run import run_all
from governance.workspace import Workspace

_BATCH = 20_000
_TABLES = ("subject", "sealedblob", "consentstate", "assignment")


def built(place: Path, people: int) -> None:
    """Make the workspace in which people are erased."""
    shop.build(place, generate.thin(place / "lake", people=people))
    with closing(shop.opened(place)) as ws:
        for start in range(1, people + 1, _BATCH):
            numbers = range(start, min(start + _BATCH, people + 1))
            cells = ws.people.seal((n, 3, {"city": f"town {n % 300}"}) for n in numbers)
            with ws.store.write() as unit:
                unit.connection.execute(
                    text(
                        "INSERT INTO sealedblob (subject_id, class_id, cell, sealed_at) "
                        "VALUES (:s, :c, :b, 0)"
                    ),
                    [{"s": s, "c": c, "b": cell} for s, c, cell in cells],
                )
        run_all(ws)


def _used() -> float:
    """Return the processor seconds of this process and of those that have ended below it."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in both)


def _erased(ws: Workspace, people: Sequence[int]) -> tuple[float, float, float]:
    """Return the seconds of everything after the grace, the same in processor time, and of beginning."""
    started = time.perf_counter()
    with ws.store.write() as unit:
        seen = erasure.previews(ws, unit.connection, people, EVERYTHING)
    with ws.store.write() as unit:
        erasure.begin_many(unit, ws, [Wanted(f"R{who:012d}", seen[who]) for who in people])
    begun = time.perf_counter() - started
    ws.clock = shop.clock(ws.clock.now() + 73 * HOUR)
    started, used = time.perf_counter(), _used()
    done = erasure.carry_on(ws, f"R{people[0]:012d}" if len(people) == 1 else None)
    after, cpu = time.perf_counter() - started, _used() - used
    if any(item.waiting or item.step.code != "closed" for item in done):
        raise RuntimeError("an erasure did not end")
    return after, cpu, begun


def _by_hand(control: Path, people: Sequence[int]) -> float:
    """Return the seconds of deleting the rows of some people from a copy of the control store."""
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place) / "copy.db"
        shutil.copy(control, copy)
        with closing(sqlite3.connect(copy)) as store:
            store.execute("PRAGMA secure_delete=ON")
            started = time.perf_counter()
            store.execute("CREATE TEMP TABLE gone (subject_id INTEGER PRIMARY KEY)")
            store.executemany("INSERT INTO gone VALUES (?)", [(who,) for who in people])
            for table in _TABLES:
                store.execute(f"DELETE FROM {table} WHERE subject_id IN (SELECT * FROM gone)")
            store.commit()
            return time.perf_counter() - started


def results(place: Path, people: int, gone: int) -> Iterator[Result]:
    """Measure one person, then many more, in the same workspace."""
    built(place, people)
    with closing(shop.opened(place)) as ws:
        with ws.store.read() as connection:
            everyone = list(connection.execute(text("SELECT subject_id FROM subject")).scalars())
        few, many = everyone[5:10], everyone[100 : 100 + gone]
        hand = _by_hand(ws.paths.control, many)
        after, cpu, begun = sorted(_erased(ws, [who]) for who in few)[len(few) // 2]
        name, facts = (
            f"of {people:,} people, {people * 10:,} events",
            {"cpu_s": cpu, "begin_s": begun},
        )
        yield Result(f"erasure of one, {name}", after, None, "s", "", "<= 1 s", facts)
        after, cpu, begun = _erased(ws, many)
        facts = {"cpu_s": cpu, "begin_s": begun, "peak_mib": peak()}
        against = "rows alone, by hand"
        yield Result(f"erasure of {gone:,}, {name}", after, hand, "s", against, "<= 60 s", facts)


def main() -> None:
    """Run the measurements and print them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.erasure", description=__doc__)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--gone", type=int, default=10_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tagwarden-bench-") as place:
        for found in results(Path(place), given.people, given.gone):
            print(found.line(), flush=True)


if __name__ == "__main__":
    main()
