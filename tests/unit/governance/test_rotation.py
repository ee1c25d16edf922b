# SPDX-License-Identifier: Apache-2.0
"""Rotation: old copies die, nobody waits, and a kill anywhere leaves nothing that the next does not mend."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from governance.custody import rotate as rotating
from governance.custody.rotate import rotate
from governance.custody.status import status
from governance.store import private_file
from governance.vault import ringfile, rotation
from governance.vault.keystore import KeyStore
from governance.vault.ringfile import RingFile
from tests.keeping import (
    a_kept_folder,
    after,
    entries,
    kept,
    kill,
    killed_in_a_child,
    opens,
    with_people,
)
from tests.workshop import NOON, code_of, reopened

ROOT = Path(__file__).parents[3]


@pytest.fixture
def shop(tmp_path):
    return a_kept_folder(tmp_path)


@pytest.fixture
def ring_path(tmp_path):
    return tmp_path / "rings" / "ring.json"


def rotated(shop, **options):
    with closing(kept(shop)) as ws:
        return rotate(ws, **options)


def test_a_rotation_wraps_every_key_anew_and_destroys_the_old_one(shop, ring_path):
    cells = with_people(shop, 50)
    before = json.loads(ring_path.read_text())["kek"]["1"]["key"]
    done = rotated(shop)
    assert (done.epoch, done.begun, done.wrapped, done.destroyed) == (2, True, 50, [1])
    ring = json.loads(ring_path.read_text())
    assert (list(ring["kek"]), ring["gone"], ring["untold"]) == (["2"], {"1": NOON}, [])
    assert before not in ring_path.read_text()
    assert opens(shop, cells) == 50
    assert entries(shop, "key.rotated") == (1, True)
    assert entries(shop, "key.kek_destroyed") == (1, True)


def test_what_was_wrapped_by_the_rotation_is_the_same_key(shop):
    with_people(shop, 3)
    with closing(sqlite3.connect(shop / "keystore" / "keys.db")) as store:
        query = "SELECT subject_id, ver, suite, commitment, kek_id, wrapped FROM dek"
        before = store.execute(query).fetchall()
        rotated(shop)
        after = store.execute(query).fetchall()
    assert [row[:4] for row in before] == [row[:4] for row in after]
    assert {row[4] for row in after} == {2}
    assert not {row[5] for row in before} & {row[5] for row in after}


@pytest.mark.law("GDPR-32")
def test_an_old_copy_of_the_key_store_opens_nothing_under_the_new_ring(shop, tmp_path):
    cells = with_people(shop, 100)
    with closing(sqlite3.connect(shop / "keystore" / "keys.db")) as store:
        store.execute("VACUUM INTO ?", (str(tmp_path / "old.db"),))
    rotated(shop)
    assert opens(shop, cells) == 100
    for file in (shop / "keystore").iterdir():
        file.unlink()
    shutil.copy(tmp_path / "old.db", shop / "keystore" / "keys.db")
    (shop / "keystore" / "keys.db").chmod(0o600)
    assert code_of(lambda: opens(shop, cells)) == "ring-foreign"
    with closing(sqlite3.connect(shop / "keystore" / "keys.db")) as store, store:
        store.execute("UPDATE canary SET kek_id = 2")  # nor for somebody who gets past the canary
    with closing(kept(shop)) as ws, closing(KeyStore.open(ws.paths.keystore)) as store:
        from governance.vault.journal import Journal
        from governance.vault.people import People

        people = People(store, ws.keys, ws.ids, Journal.open(ws.paths.evidence))
        opened = sum(
            code_of(lambda i=i, cell=cell: list(people.unseal([(i, 3, cell)]))) == ""
            for i, cell in cells.items()
        )
    assert opened == 0


def test_people_who_come_after_it_are_under_the_new_key(shop):
    with_people(shop, 3)
    rotated(shop)
    with_people(shop, 2, start=10)
    with closing(kept(shop)) as ws:
        found = status(ws)
    assert (found.epoch, found.data_keys, found.gone) == (2, {2: 5}, {1: NOON})
    assert (found.unfinished, found.old) == (False, [])


def test_a_person_keeps_the_pseudonym_of_a_request(shop):
    with_people(shop, 2)
    with closing(reopened(shop)) as ws:
        before = ws.people.reference(2, "req-1")
        rotated(shop)
        assert ws.people.reference(2, "req-1") == before


def test_only_a_custodian_rotates(shop):
    with closing(reopened(shop)) as ws:
        assert code_of(lambda: rotate(ws)) == "not-permitted"
    assert entries(shop, "denied") == (1, True)


def test_a_process_that_was_open_before_goes_on_reading_and_writing(shop):
    with closing(reopened(shop)) as ws:
        first = ws.people.admit("customer", ["A", "B"])
        cells = ws.people.seal([(1, 3, {"city": "x"}), (2, 3, {"city": "y"})])
        rotated(shop)
        rotated(shop)
        assert ws.people.find("customer", ["A", "B"]) == first
        assert len(list(ws.people.unseal(cells))) == 2
        assert ws.people.admit("customer", ["C"]) == {"C": 3}
    with closing(kept(shop)) as ws:
        assert status(ws).data_keys == {3: 3}


def test_a_writer_in_the_middle_of_a_rotation_writes_under_the_new_key(shop, monkeypatch):
    with_people(shop, 30)
    monkeypatch.setattr(rotation, "PART", 10)
    with closing(reopened(shop)) as ws:
        _ = ws.people

        def meanwhile(done, _total):
            assert ws.people.admit("customer", [f"new {done}"])
            assert ws.people.reveal("customer", [1, 30]) == {1: "C-0", 30: "C-29"}

        done = rotated(shop, progress=meanwhile)
    assert (done.wrapped, done.destroyed) == (30, [1])
    with closing(kept(shop)) as ws:
        assert status(ws).data_keys == {2: 33}


def test_a_changed_record_stops_the_rotation_and_no_key_is_destroyed(shop):
    cells = with_people(shop, 5)
    with closing(sqlite3.connect(shop / "keystore" / "keys.db")) as store, store:
        store.execute("UPDATE dek SET wrapped = zeroblob(60) WHERE subject_id = 4")
    assert code_of(lambda: rotated(shop)) == "unsealing-failed"
    with closing(kept(shop)) as ws:
        found = status(ws)
        assert (found.unfinished, found.data_keys, list(found.gone)) == (True, {1: 5}, [])
    del cells[4]
    assert opens(shop, cells) == 4


def test_the_file_that_is_replaced_is_overwritten(shop, ring_path, monkeypatch):
    seen = []
    usual = ringfile._overwrite

    def watching(path):
        usual(path)
        seen.append((path.name, set(path.read_bytes())))

    monkeypatch.setattr(ringfile, "_overwrite", watching)
    rotated(shop)
    assert {name for name, _ in seen} == {".ring.json.old"}
    assert {bytes(content) for _, content in seen} == {b"\0"}
    assert sorted(p.name for p in ring_path.parent.iterdir()) == ["ring.json", "ring.json.head"]


def nth(work, number):
    calls = []

    def either(*given, **named):
        calls.append(1)
        return kill() if len(calls) == number else work(*given, **named)

    return either


STEPS = {
    "before the ring": (RingFile, "change", kill),
    "before the new file": (private_file, "replace", kill),
    "after the new file": (private_file, "replace", after(private_file.replace)),
    "after the ring": (rotation, "begin", after(rotation.begin)),
    "before it is told": (rotating, "tell", kill),
    "after it is told": (rotation, "told", kill),
    "before the canary": (KeyStore, "put_canary", kill),
    "after the canary": (KeyStore, "epochs", nth(KeyStore.epochs, 3)),
    "in the first part": (KeyStore, "put_wrapped", after(KeyStore.put_wrapped)),
    "in the third part": (KeyStore, "put_wrapped", nth(KeyStore.put_wrapped, 3)),
    "before the destruction": (rotation, "destroy", kill),
    "in the destruction": (private_file, "replace", nth(private_file.replace, 5)),
    "after the destruction": (rotation, "destroy", after(rotation.destroy)),
    "before it is told too": (rotating, "tell", nth(rotating.tell, 2)),
    "after it is told too": (rotation, "told", nth(rotation.told, 2)),
}


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_a_kill_at_any_step_is_mended_by_the_next_rotation(shop, ring_path, step, monkeypatch):
    monkeypatch.setattr(rotation, "PART", 10)
    cells = with_people(shop, 35)

    def work():
        setattr(*step)
        rotated(shop)

    killed_in_a_child(work)
    assert opens(shop, cells) == 35
    cells |= with_people(shop, 2, start=100)
    done = rotated(shop, only_finish=True)
    with closing(kept(shop)) as ws:
        found = status(ws)
        assert (found.unfinished, found.old, found.epoch) == (False, [], done.epoch)
        assert found.data_keys == {done.epoch: 37}
    assert opens(shop, cells) == 37
    expected = done.epoch - 1
    for act in ("key.rotated", "key.kek_destroyed"):
        count, good = entries(shop, act)
        assert (count in (expected, expected * 2), good) == (True, True)
    assert sorted(p.name for p in ring_path.parent.iterdir()) == ["ring.json", "ring.json.head"]


@pytest.mark.slow
def test_kills_at_random_moments_lose_nothing(shop):
    cells = with_people(shop, 3_000)
    script = (
        "import sys\nfrom governance.vault import rotation\nrotation.PART = 50\n"
        "from tests.keeping import kept\nfrom governance.custody.rotate import rotate\n"
        "ws = kept(__import__('pathlib').Path(sys.argv[1]))\nprint('on', flush=True)\n"
        "while True: rotate(ws)\n"
    )
    for number in range(25):
        child = subprocess.Popen(
            [sys.executable, "-c", script, str(shop)], cwd=ROOT, stdout=subprocess.PIPE
        )
        assert child.stdout.readline() == b"on\n"
        time.sleep(0.01 + number * 0.017)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        child.stdout.close()
        assert opens(shop, cells) == 3_000
    rotated(shop, only_finish=True)
    with closing(kept(shop)) as ws:
        found = status(ws)
    assert (found.unfinished, found.old, found.data_keys) == (False, [], {found.epoch: 3_000})
    assert found.epoch > 5
    assert entries(shop, "key.kek_destroyed")[0] >= found.epoch - 1
