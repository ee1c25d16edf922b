# SPDX-License-Identifier: Apache-2.0
"""Whole runs, publishing alone, and one event at a time, on a copy of a workspace that may change."""

import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing as closed
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from audit.clock import DAY, Micros
from benchmarks import shop
from benchmarks.generate import AS_OF
from benchmarks.measure import Sample, timed
from governance import closing
from governance.running import publish
from governance.running.live import Live
from governance.running.report import RunReport
from governance.running.run import run_all
from governance.workspace import Workspace

VALUES = 20
"""Tag values of the published load."""

_COLUMNS = "subject_id, tv, valid_from, valid_to, lapses_at, lapse_known, run_id, evidence"
_INSERT = f"INSERT INTO assignment ({_COLUMNS}) VALUES (?, ?, ?, NULL, NULL, 0, ?, ?)"


@contextmanager
def copy_of(folder: Path) -> Iterator[Path]:
    """Give a copy of a workspace with a key ring of its own; it is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="tagwarden-bench-") as place:
        target = Path(place)
        shutil.copytree(folder / "ring", target / "ring", copy_function=shutil.copy2)
        shutil.copytree(folder / "shop", target / "shop", copy_function=_link_or_copy)
        for part in (target, target / "ring"):
            part.chmod(0o700)
        settings = target / "shop" / "tagwarden.toml"
        text = settings.read_text("utf-8").replace(str(folder), str(target))
        settings.unlink()
        settings.write_text(text, "utf-8")
        yield target


def _link_or_copy(source: str, target: str) -> None:
    if source.endswith(".parquet"):
        Path(target).hardlink_to(source)
    else:
        shutil.copy2(source, target)


def runs(folder: Path) -> dict[str, Sample]:
    """Return a first run, a run a week later, and the same run once more."""
    with copy_of(folder) as place:
        return {
            "first": _run(place, 0),
            "later": _run(place, 7),
            "again": _run(place, 7),
        }


def _run(place: Path, later_days: int) -> Sample:
    ws = shop.opened(place, later_days=later_days)
    try:
        with timed() as used:
            report = run_all(ws)
            sample = used()
    finally:
        ws.close()
    return Sample(sample.cpu, sample.wall, sample.peak, _counts(report))


def _counts(report: RunReport) -> dict[str, int]:
    plain: dict[str, Any] = report.to_dict()
    return {"opened": int(plain["opened"]), "closed": int(plain["closed"])}


def published(folder: Path, rows: int) -> dict[str, Sample]:
    """Return what it takes to publish that many assignments at once, and a difference of 4 %."""
    with copy_of(folder) as place:
        ws = shop.opened(place)
        try:
            return {"first": _publish(ws, rows), "difference": _exchange(ws, rows)}
        finally:
            ws.close()


def _publish(ws: Workspace, rows: int) -> Sample:
    people = range(1, rows // VALUES + 1)
    publisher = publish.begin(ws, "all", Micros(AS_OF))
    with timed() as used:
        publisher.open(_opening(value, people) for value in range(VALUES))
        publisher.flush()
        return used()


def _exchange(ws: Workspace, rows: int) -> Sample:
    """Close 2 % of the assignments and open as many."""
    each = rows // VALUES
    few = max(each // 50, 1)
    publisher = publish.begin(ws, "all", Micros(AS_OF + DAY))
    _published_again(ws, rows)
    with timed() as used:
        publisher.open(_opening(value, range(each + 1, each + few + 1)) for value in range(VALUES))
        publisher.flush()
        with ws.store.write() as unit:
            for value in range(VALUES):
                now = Micros(AS_OF + DAY)
                closing.close(unit.connection, 1_000 + value, range(1, few + 1), now, "rule")
        sample = used()
    return Sample(sample.cpu, sample.wall, sample.peak, {"changes": 2 * few * VALUES})


def _published_again(ws: Workspace, rows: int) -> None:
    """Put the load back: a run that begins discards what the unfinished one before has written."""
    with ws.store.write() as unit:
        unit.connection.exec_driver_sql(_INSERT, _plain_rows(rows))


def _opening(value: int, people: range) -> publish.Opening:
    n = len(people)
    return publish.Opening(1_000 + value, people, [(None, False)] * n, ["[3,12500]"] * n)


def _plain_rows(rows: int) -> list[tuple[object, ...]]:
    return [
        (person, 1_000 + value, AS_OF, 1, "[3,12500]")
        for person in range(1, rows // VALUES + 1)
        for value in range(VALUES)
    ]


def plain_rows(folder: Path, rows: int) -> Sample:
    """Return what the bare database takes for the same rows: one sorted executemany."""
    with copy_of(folder) as place, closed(_bare(place)) as db:
        made = _plain_rows(rows)
        with timed() as used:
            db.execute("BEGIN IMMEDIATE")
            db.executemany(_INSERT, made)
            db.execute("COMMIT")
            return used()


def _bare(place: Path) -> sqlite3.Connection:
    db = sqlite3.connect(place / "shop" / "data" / "control.db", isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "secure_delete=ON"):
        db.execute(f"PRAGMA {pragma}").close()
    return db


def events(folder: Path, count: int) -> dict[str, list[float]]:
    """Return the seconds of each of some events, by turns: ours, settling (each), theirs a bare insert."""
    with copy_of(folder) as place:
        _run(place, 0)
        ws = shop.opened(place, later_days=1)
        live = Live(ws)
        try:
            with closed(_bare(place)) as db:
                db.execute("CREATE TABLE plain (subject_id, ts, event_type, fields)")
                return _by_turns(live, db, _some_people(ws, count))
        finally:
            live.close()
            ws.close()


def _some_people(ws: Workspace, count: int) -> list[int]:
    with ws.store.read() as connection:
        rows = connection.exec_driver_sql("SELECT subject_id FROM subject ORDER BY 1").all()
    step = max(len(rows) // count, 1)
    return [row[0] for row in rows[::step]][:count]


IDLE_EVERY = 50
"""After so many events there is a pause, in which lapses are settled; it is measured by itself."""


def _by_turns(live: Live, db: sqlite3.Connection, people: Sequence[int]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {"ours": [], "theirs": [], "settling": []}
    for number, person in enumerate(people):
        event = {
            "ts": AS_OF + number * 1_000_000,
            "event_type": "purchase",
            "category": "SOFT DRINKS",
            "session": f"live-{number}",
            "amount": 25_000,
            "quantity": 10_000,
            "hour": 12,
            "weekday": 2,
        }
        started = time.perf_counter()
        live.record(person, event)
        found["ours"].append(time.perf_counter() - started)
        if number % IDLE_EVERY == IDLE_EVERY - 1:
            started = time.perf_counter()
            live.settle()
            found["settling"].append((time.perf_counter() - started) / IDLE_EVERY)
        started = time.perf_counter()
        db.execute("INSERT INTO plain VALUES (?, ?, 'purchase', '{}')", (person, event["ts"]))
        found["theirs"].append(time.perf_counter() - started)
    return found
