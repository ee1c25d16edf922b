# SPDX-License-Identifier: Apache-2.0
"""Sealing and rotating keys: `python -m benchmarks.keys [--people 1000000]`.

Ours beside Fernet (one token for the same values under one key for all: no key of a person, no place, no
erasure by key) and beside the same rows unsealed in SQLite, in one run. Each measurement is one line of
JSON. While the keys are rotated, a second process opens people one by one: the p99 of its waits.
"""

import argparse
import json
import multiprocessing
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path

from cryptography.fernet import Fernet

from benchmarks.measure import Result, timed
from governance import authority
from governance.actor import Actor
from governance.custody.rotate import rotate
from governance.init import init
from governance.workspace import open_workspace

BATCH = 20_000
OFFICER, CUSTODIAN = Actor("bench", "dpo"), Actor("keeper", "custodian")


def values(number: int) -> dict[str, str]:
    return {"city": f"town {number % 300}", "birth_year": str(1940 + number % 70), "plan": "gold"}


def parts(people: int) -> Iterator[range]:
    return (range(at, min(at + BATCH, people)) for at in range(0, people, BATCH))


def sealing(place: Path, people: int) -> Iterator[Result]:
    """Measure admitting people and sealing one class of attributes each, and opening one again."""
    with closing(open_workspace(place / "shop", actor=OFFICER)) as ws:
        with timed() as used:
            for part in parts(people):
                ws.people.admit("customer", [f"C-{n}" for n in part])
            admitted = used()
        with timed() as used:
            for part in parts(people):
                cells = ws.people.seal((n + 1, 3, values(n)) for n in part)
            sealed = used()
        started = time.process_time()
        for cell in cells[:5_000]:
            list(ws.people.unseal([cell]))
        opened = (time.process_time() - started) / min(len(cells), 5_000)
    fernet = Fernet(Fernet.generate_key())
    with timed() as used:
        for number in range(people):
            fernet.encrypt(json.dumps(values(number)).encode())
        plain_fernet = used()
    with timed() as used:
        plain_rows(place / "plain.db", people)
        rows = used()
    goal = f"<= {15 * people / 1_000_000:g}"
    name = f"seal the attributes of {people:,} people"
    yield Result(name, sealed.cpu, plain_fernet.cpu, "CPU s", "Fernet", goal)
    yield Result(f"admit {people:,} people", admitted.cpu, rows.cpu, "CPU s", "plain SQLite")
    token = fernet.encrypt(json.dumps(values(1)).encode())
    started = time.process_time()
    for _ in range(5_000):
        json.loads(fernet.decrypt(token))
    theirs = (time.process_time() - started) / 5_000
    yield Result("open one, warm", opened * 1e6, theirs * 1e6, "us", "Fernet", "<= 20")


def plain_rows(path: Path, people: int) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as store:
        store.execute("PRAGMA journal_mode=WAL")
        store.execute("CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT UNIQUE, class TEXT)")
        for part in parts(people):
            store.execute("BEGIN")
            rows = ((n, f"C-{n}", json.dumps(values(n))) for n in part)
            store.executemany("INSERT INTO person VALUES (?, ?, ?)", rows)
            store.execute("COMMIT")


def reading(place: str, people: int, pipe: Connection) -> None:
    """Open people one by one until told to stop; send how long each took."""
    waits = []
    with closing(open_workspace(Path(place) / "shop", actor=OFFICER)) as ws:
        pipe.send("ready")
        number = 0
        while not pipe.poll():
            number = (number + 7919) % people
            started = time.perf_counter()
            ws.people.reveal("customer", [number + 1])
            waits.append(time.perf_counter() - started)
            time.sleep(0.001)
    pipe.send(sorted(waits))


def rotation(place: Path, people: int) -> Iterator[Result]:
    """Measure a rotation, and how long readers wait meanwhile."""
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    reader = multiprocessing.get_context("spawn").Process(
        target=reading, args=(str(place), people, theirs)
    )
    reader.start()
    ours.recv()
    with closing(open_workspace(place / "shop", actor=CUSTODIAN)) as ws, timed() as used:
        done = rotate(ws)
        sample = used()
    ours.send("stop")
    waits = ours.recv()
    reader.join()
    assert done.wrapped == people  # noqa: S101
    facts = {"wall": sample.wall, "keys": done.wrapped}
    yield Result(
        f"rotate the keys of {people:,} people",
        sample.cpu,
        None,
        "CPU s",
        "",
        f"<= {12 * people / 1_000_000:g}",
        facts,
    )
    last = waits[int(len(waits) * 0.99) - 1] * 1000
    yield Result("readers meanwhile, p99", last, None, "ms", "", "<= 100", {"reads": len(waits)})


def results(people: int) -> Iterator[Result]:
    """Yield the measurements, in a workspace of their own."""
    with tempfile.TemporaryDirectory(prefix="tagwarden-keys-") as folder:
        place = Path(folder)
        init(place / "shop", name="Bench", ring=place / "ring" / "ring.json", actor=OFFICER)
        with closing(open_workspace(place / "shop", actor=OFFICER)) as ws:
            authority.add(ws, CUSTODIAN.name, ["custodian"])
        yield from sealing(place, people)
        yield from rotation(place, people)


def main() -> None:
    """Run the measurements and print them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.keys", description=__doc__)
    parser.add_argument("--people", type=int, default=1_000_000)
    for found in results(parser.parse_args().people):
        print(found.line(), flush=True)


if __name__ == "__main__":
    main()
