# SPDX-License-Identifier: Apache-2.0
"""Several processes at once, and processes that are killed: nothing lost, nothing doubled."""

import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from audit.evidence.reading import decode
from tests.crashing import STEPS
from tests.workshop import a_folder, reopened

ROOT = Path(__file__).parents[3]


def start(*arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "tests.crashing", *map(str, arguments)], cwd=ROOT
    )


def finish(*running):
    assert [process.wait(timeout=120) for process in running] == [0] * len(running)


def places(folder):
    """Return the places named in the log of a workspace, after a new start, which must be good."""
    with closing(reopened(folder)) as ws:
        assert ws.store
        assert ws.evidence.verify().problems == ()
        with ws.store.read() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM outbox").scalar() == 0
    with closing(sqlite3.connect(ws.paths.evidence)) as log:
        entries = [decode(row[0]) for row in log.execute("SELECT bytes FROM entry ORDER BY idx")]
    return [entry.facts["place"] for entry in entries if "place" in entry.facts]


def committed(folder):
    with closing(sqlite3.connect(folder / "data" / "control.db")) as store:
        rows = store.execute("SELECT subject_id FROM consentevent").fetchall()
    return sorted(f"{row[0] // 1000}.{row[0] % 1000}" for row in rows)


@pytest.mark.slow
def test_four_processes_write_at_once_and_a_fifth_carries(tmp_path):
    folder = a_folder(tmp_path)
    finish(
        *(start("write", folder, process, 25) for process in range(4)), start("drain", folder, 1)
    )
    assert sorted(places(folder)) == committed(folder)
    assert len(committed(folder)) == 100


@pytest.mark.slow
def test_two_processes_that_admit_the_same_people_admit_each_once(tmp_path):
    folder = a_folder(tmp_path)
    finish(start("admit", folder, 3000), start("admit", folder, 3000))
    with closing(reopened(folder)) as ws:
        found = ws.people.find("customer", [f"C-{n}" for n in range(3000)])
    assert sorted(found.values()) == list(range(1, 3001))
    with closing(sqlite3.connect(ws.paths.keystore)) as store:
        for table in ("person", "dek", "ident", "name"):
            assert store.execute(f"SELECT count(*) FROM {table}").fetchone() == (3000,)


def test_killed_at_any_step_of_carrying_the_entry_is_in_the_log_once(tmp_path):
    folders = {step: a_folder(tmp_path / step) for step in STEPS}
    finish(start("die", tmp_path, *STEPS))
    assert {step: places(folder) for step, folder in folders.items()} == {
        step: ["kept"] for step in STEPS
    }


@pytest.mark.slow
def test_killed_at_random_times_nothing_that_was_committed_is_lost(tmp_path):
    folder = a_folder(tmp_path)
    moments = random.Random(5)  # noqa: S311
    for number in range(12):
        before = len(committed(folder))
        running = [start("write", folder, number * 2 + p, 900) for p in range(2)]
        while len(committed(folder)) == before:
            assert any(process.poll() is None for process in running), "both ended by themselves"
            time.sleep(0.01)
        time.sleep(moments.random() / 5)
        for process in running:
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert sorted(places(folder)) == committed(folder)
    assert len(committed(folder)) > 12
