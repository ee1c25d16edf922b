# SPDX-License-Identifier: Apache-2.0
"""Requests under load: `python -m benchmarks.requests [--each 500] [--open 10000]`.

Taking requests in, by one process and by four at once, each request durable with its evidence in the
log; beside a bare row with a commit of its own, as durable, in SQLite. Then the doctor over many open
requests. Each measurement is one line of JSON.
"""

import argparse
import multiprocessing
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from statistics import median

from sqlalchemy import text

from benchmarks.measure import Result
from governance.actor import Actor
from governance.init import init
from governance.requests import desk, doctor
from governance.requests.desk import Asked
from governance.requests.register import register
from governance.workspace import Workspace, open_workspace

OFFICER = Actor("bench", "dpo")
REGIMES = ("gdpr", "pipl_cn", "ccpa")
PROCESSES = 4


def people(ws: Workspace, first: int, count: int) -> list[int]:
    """Return new people, of the three laws by turns."""
    numbers = [f"C-{n}" for n in range(first, first + count)]
    found = ws.people.admit("customer", numbers)
    names = ws.people.sid(list(found.values()))
    with ws.store.write() as unit:
        unit.connection.execute(
            text("INSERT INTO subject VALUES (:s, :n, :r, '18+', 0)"),
            [
                {"s": who, "n": names[who], "r": REGIMES[number % 3]}
                for number, who in enumerate(found.values())
            ],
        )
    return list(found.values())


def taking_in(shop: str, whom: list[int]) -> list[float]:
    """Take in a request of each person; returns the seconds of each."""
    times = []
    with closing(open_workspace(Path(shop), actor=OFFICER)) as ws:
        for who in whom:
            started = time.perf_counter()
            desk.open_request(ws, Asked("access"), who)
            times.append(time.perf_counter() - started)
    return times


def bare(path: Path, count: int) -> list[float]:
    """Write rows with a durable commit each; returns the seconds of each."""
    times = []
    with closing(sqlite3.connect(path, isolation_level=None)) as plain:
        plain.execute("PRAGMA journal_mode = WAL")
        plain.execute("PRAGMA synchronous = FULL")
        plain.execute("CREATE TABLE request (ref TEXT PRIMARY KEY, who INTEGER, kind TEXT)")
        for number in range(count):
            started = time.perf_counter()
            plain.execute("INSERT INTO request VALUES (?, ?, 'access')", (f"rq-{number}", number))
            times.append(time.perf_counter() - started)
    return times


def p99(times: list[float]) -> float:
    """Return the 99th percentile, in milliseconds."""
    return sorted(times)[max(int(len(times) * 0.99) - 1, 0)] * 1000


def load(place: Path, each: int) -> Iterator[Result]:
    """Measure taking requests in, by one process and by several."""
    shop, plain = str(place / "shop"), bare(place / "bare.db", each)
    with closing(open_workspace(place / "shop", actor=OFFICER)) as ws:
        whom = people(ws, 0, each * (PROCESSES + 1))
    alone = taking_in(shop, whom[:each])
    parts = [whom[each * n : each * (n + 1)] for n in range(1, PROCESSES + 1)]
    started = time.perf_counter()
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        several = [
            one
            for times in pool.starmap(taking_in, [(shop, part) for part in parts])
            for one in times
        ]
    wall = time.perf_counter() - started
    for name, times, seconds in (
        ("one process", alone, sum(alone)),
        (f"{PROCESSES} processes", several, wall),
    ):
        facts = {
            "per_s": round(len(times) / seconds, 1),
            "p50_ms": round(median(times) * 1000, 2),
            "requests": len(times),
        }
        yield Result(
            f"taking a request in, p99, {name}",
            p99(times),
            p99(plain),
            "ms",
            "bare row, one process",
            "",
            facts,
        )


def many(place: Path, count: int) -> Iterator[Result]:
    """Measure the doctor and the register over many open requests."""
    with closing(open_workspace(place / "shop", actor=OFFICER)) as ws:
        whom = people(ws, 1_000_000, count)
        first = desk.open_request(ws, Asked("access"), whom[0]).ref
        with ws.store.write() as unit:
            copied = [{"r": first, "n": f"rq-copy{n}", "s": who} for n, who in enumerate(whom[1:])]
            for table, names in (
                ("request", _columns(ws, "request", "ref", "subject_id", "once")),
                ("requestevent", _columns(ws, "requestevent", "ref", "id")),
            ):
                own = "ref, subject_id" if table == "request" else "ref"
                new = ":n, :s" if table == "request" else ":n"
                unit.connection.execute(
                    text(
                        f"INSERT INTO {table} ({own}, {names}) SELECT {new}, {names} "
                        f"FROM {table} WHERE ref = :r"
                    ),
                    copied,
                )
        for name, work in (("doctor", doctor.waiting), ("register", register)):
            started = time.perf_counter()
            found = len(work(ws))
            yield Result(
                f"{name} over {count:,} open requests",
                (time.perf_counter() - started) * 1000,
                None,
                "ms",
                "",
                "<= 1000",
                {"lines": found},
            )


def _columns(ws: Workspace, table: str, *without: str) -> str:
    with ws.store.read() as connection:
        names = connection.exec_driver_sql(f"SELECT name FROM pragma_table_info('{table}')")
        return ", ".join(name for name in names.scalars() if name not in without)


def results(each: int, count: int) -> Iterator[Result]:
    """Yield the measurements, in a workspace of their own."""
    with tempfile.TemporaryDirectory(prefix="tagwarden-requests-") as folder:
        place = Path(folder)
        init(place / "shop", name="Bench", ring=place / "ring" / "ring.json", actor=OFFICER)
        yield from load(place, each)
        yield from many(place, count)


def main() -> None:
    """Run the measurements and print them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.requests", description=__doc__)
    parser.add_argument("--each", type=int, default=500)
    parser.add_argument("--open", type=int, default=10_000)
    given = parser.parse_args()
    for found in results(given.each, given.open):
        print(found.line(), flush=True)


if __name__ == "__main__":
    main()
