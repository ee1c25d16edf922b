# SPDX-License-Identifier: Apache-2.0
"""People are forgotten: no byte of their keys and names stays, and nothing brings them back."""

import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager

import pytest

from governance.store import sqlite_file
from governance.vault.journal import Journal
from governance.vault.keystore import KeyStore
from tests.keeping import after, kill, killed_in_a_child
from tests.workshop import NOON, a_folder, a_workspace, code_of, reopened

MANY, GONE = 900, 600


@pytest.fixture
def ws(tmp_path):
    opened = a_workspace(tmp_path)
    yield opened
    opened.close()


def a_crowd(ws, count=MANY):
    """Admit people whose names fill their place, so that whole pages are freed when they go."""
    found = ws.people.admit("customer", [f"C-{n:05}-".ljust(200, "x") for n in range(count)])
    return sorted(found.values())


def needles(ws, people):
    """Return every secret byte string that the key store holds about people."""
    marks = ",".join(map(str, people))
    with closing(sqlite3.connect(ws.paths.keystore)) as store:
        wanted = [
            f"SELECT sid FROM person WHERE subject_id IN ({marks})",
            f"SELECT wrapped FROM dek WHERE subject_id IN ({marks})",
            f"SELECT commitment FROM dek WHERE subject_id IN ({marks})",
            f"SELECT sealed FROM name WHERE subject_id IN ({marks})",
            f"SELECT tag FROM ident WHERE subject_id IN ({marks})",
        ]
        return [row[0] for query in wanted for row in store.execute(query)]


EMPTY = re.compile(rb"\0{33,}")


def found_in(ws, wanted):
    """Return how many of the byte strings stand in some file of the workspace."""
    files = [path for path in ws.paths.root.rglob("*") if path.is_file()]
    everything = b"\n".join(path.read_bytes() for path in files)
    everything = EMPTY.sub(bytes(32), everything)  # most of it, and no such string has that many
    return sum(needle in everything for needle in wanted)


READER = """
import sqlite3, sys
store = sqlite3.connect(sys.argv[1], isolation_level=None)
if sys.argv[2] == "reads":
    store.execute("BEGIN")
store.execute("SELECT count(*) FROM dek").fetchall()
print("there", flush=True)
sys.stdin.read()
"""


@contextmanager
def somebody_else(ws, how):
    """Hold the key store open in another process: `idle`, or in a transaction that `reads`."""
    with subprocess.Popen(
        [sys.executable, "-c", READER, str(ws.paths.keystore), how],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout.readline() == b"there\n"
        yield
        other.stdin.close()


def remains(ws):
    """Destroy most of a crowd while another process has the store open; return what is left of them."""
    people = a_crowd(ws)
    ws.people.settle()
    gone = people[: GONE // 2] + people[-GONE // 2 :: 2]
    wanted = needles(ws, gone)
    assert found_in(ws, wanted) == len(wanted) == 5 * len(gone)
    with somebody_else(ws, "idle"):
        assert len(ws.people.destroy(gone)) == len(gone)
        assert ws.people.settle()
        return found_in(ws, wanted)


def test_no_byte_of_a_destroyed_key_or_name_stays_in_any_file(ws):
    assert remains(ws) == 0


@pytest.mark.parametrize("mode", ["OFF", "FAST"])
def test_the_search_sees_what_is_not_overwritten(tmp_path, monkeypatch, mode):
    changed = [p.replace("secure_delete=ON", f"secure_delete={mode}") for p in sqlite_file._PRAGMAS]
    monkeypatch.setattr(sqlite_file, "_PRAGMAS", changed)
    with closing(a_workspace(tmp_path)) as ws:
        assert code_of(lambda: ws.people.destroy(a_crowd(ws, 3))) == "overwriting-off"
        assert ws.people.sid([1, 2, 3]).keys() == {1, 2, 3}
    monkeypatch.setattr(KeyStore, "require_overwriting", lambda _: None)
    with closing(a_workspace(tmp_path / "again")) as ws:
        assert remains(ws) > GONE // 2


def test_the_search_sees_pages_that_were_not_brought_to_the_file(ws, monkeypatch):
    monkeypatch.setattr(KeyStore, "settle", lambda _: True)
    assert remains(ws) > GONE // 2


def test_it_is_not_settled_while_a_reader_holds_the_old_pages(ws, monkeypatch):
    monkeypatch.setattr("governance.vault.keystore.SETTLE_SECONDS", 0.05)
    people = a_crowd(ws, 300)
    ws.people.settle()
    wanted = needles(ws, people)
    with somebody_else(ws, "reads"):
        ws.people.destroy(people)
        assert not ws.people.settle()
        assert found_in(ws, wanted) > 0
    assert ws.people.settle()
    assert found_in(ws, wanted) == 0


def test_destroyed_keys_are_named_once_and_their_people_are_gone(ws):
    one, two = ws.people.admit("customer", ["A", "B"]).values()
    ((_, _, cell),) = ws.people.seal([(one, 3, {"city": "x"})])
    sids = ws.people.sid([one])
    named = ws.people.doomed([one, 99])
    gone = ws.people.destroy([one, one, 99])
    assert gone == named
    assert [(g.subject_id, g.sid, g.ver, g.kek_id) for g in gone] == [(one, sids[one], 1, 1)]
    assert len(bytes.fromhex(gone[0].digest)) == 32
    assert ws.people.destroy([one]) == []
    assert ws.people.find("customer", ["A", "B"]) == {"B": two}
    assert code_of(lambda: list(ws.people.unseal([(one, 3, cell)]))) == "unsealing-failed"
    assert code_of(lambda: ws.people.reference(one, "req")) == "subject-unknown"
    assert ws.people.admit("customer", ["A"]) == {"A": 3}  # nobody suppressed it: somebody new
    assert sids[one].hex() not in repr(gone)


def suppress(ws, *people):
    tags = ws.people.suppression(people)
    ws.people.suppress([tag for own in tags.values() for tag in own], NOON)
    return tags


def test_a_suppressed_identity_is_not_admitted_again_in_any_spelling(ws):
    one, two = ws.people.admit("customer", ["A1", "B"]).values()
    tags = suppress(ws, one, 99)
    assert [len(own) for own in tags.values()] == [1]
    assert ws.people.admit("customer", ["A1", "B", "C"]) == {
        "B": two,
        "C": 3,
    }  # before the key goes
    ws.people.destroy([one])
    other = "\uff21\uff11"
    assert ws.people.admit("customer", [other, " A1", "B"]) == {"B": two}
    assert ws.people.suppressed("customer", ["A1", other, "B", "", "a1"]) == {"A1", other}
    assert ws.people.lift("customer", ["A1", "B"], NOON) == 1
    assert ws.people.lift("customer", ["A1"], NOON) == 0
    assert ws.people.admit("customer", ["A1"]) == {"A1": 4}


def test_suppressing_twice_is_suppressing_once(ws):
    one = a_crowd(ws, 1)[0]
    suppress(ws, one)
    last = ws.people._forgetting._journal.last()
    suppress(ws, one)
    assert ws.people._forgetting._journal.last() == last == 1


def test_an_import_that_is_overtaken_by_a_suppression_admits_nobody(ws):
    one = a_crowd(ws, 1)[0]
    with closing(reopened(ws.paths.root)) as other:
        usual, name = ws.people._store.find, "C-00000-".ljust(200, "x")

        def slow(_tags):
            ws.people._store.find = usual
            suppress(other, one)
            other.people.destroy([one])
            return {}

        ws.people._store.find = slow
        assert ws.people.admit("customer", [name, "new"]) == {"new": 2}


def test_a_person_cannot_be_told_from_their_tags_without_the_ring(ws):
    one, two = ws.people.admit("customer", ["A", "B"]).values()
    tags = ws.people.suppression([one, two])
    ring = ws.keys.ring
    assert len({*tags[one], *tags[two], ring.identity_tag(1, "A"), ring.tomb(b"A")}) == 4
    assert {len(tag) for own in tags.values() for tag in own} == {16}


# --- kills and old copies -------------------------------------------------------------------

STEPS = {
    "before the journal": (Journal, "append", kill),
    "after the journal": (Journal, "append", after(Journal.append)),
    "inside the transaction": (KeyStore, "forget", after(KeyStore.forget)),
    "before its end": (KeyStore, "put_followed", after(KeyStore.put_followed)),
    "before settling": (KeyStore, "settle", kill),
}


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_a_kill_leaves_people_whole_or_the_next_start_forgets_them(tmp_path, step):
    folder = a_folder(tmp_path)
    with closing(reopened(folder)) as ws:
        people = a_crowd(ws, 400)
        gone = people[:200]
        wanted = needles(ws, gone)

    def work():
        setattr(*step)
        with closing(reopened(folder)) as ws:
            ws.people.destroy(gone)
            ws.people.settle()

    killed_in_a_child(work)
    with closing(reopened(folder)) as ws:
        assert ws.people.sid(people).keys() in ({*people}, {*people[200:]})
        with somebody_else(ws, "idle"):
            ws.people.destroy(gone)
            assert ws.people.settle()
            assert found_in(ws, wanted) == 0
        assert ws.people.sid(people).keys() == {*people[200:]}
        assert len(list(ws.people.reveal("customer", people))) == 200


def test_an_old_key_store_that_is_put_back_by_hand_forgets_again_what_was_forgotten_since(tmp_path):
    folder = a_folder(tmp_path)
    with closing(reopened(folder)) as ws:
        one, two, three = ws.people.admit("customer", ["A", "B", "C"]).values()
        suppress(ws, three)
    keys = folder / "keystore" / "keys.db"
    shutil.copy(keys, tmp_path / "old.db")
    with closing(reopened(folder)) as ws:
        suppress(ws, one)
        ws.people.destroy([one])
        ws.people.lift("customer", ["C"], NOON)
    shutil.copy(tmp_path / "old.db", keys)
    with closing(reopened(folder)) as ws:
        assert ws.people.sid([one, two, three]).keys() == {two, three}
        assert ws.people.admit("customer", ["A", "B", "C"]) == {"B": two, "C": three}


def test_an_evidence_log_older_than_the_key_store_is_told(tmp_path):
    folder = a_folder(tmp_path)
    shutil.copy(folder / "evidence" / "log.db", tmp_path / "old.db")
    with closing(reopened(folder)) as ws:
        ws.people.destroy(a_crowd(ws, 2))
    shutil.copy(tmp_path / "old.db", folder / "evidence" / "log.db")
    with closing(reopened(folder)) as ws:
        assert code_of(lambda: ws.people) == "journal-behind"


def test_two_processes_that_forget_at_once_forget_both(ws):
    people = a_crowd(ws, 4)
    sids = ws.people.sid(people)
    theirs = ws.people._forgetting._journal
    theirs.append("tomb", [ws.keys.ring.tomb(sids[people[3]])], NOON)  # and not done yet
    usual = ws.people._forgetting._do

    def overtaken(*given, **named):
        theirs.append("tomb", [ws.keys.ring.tomb(sids[people[2]])], NOON)
        usual(*given, **named)

    ws.people._forgetting._do = overtaken
    assert [gone.subject_id for gone in ws.people.destroy(people[:1])] == people[:1]
    assert ws.people.sid(people).keys() == {people[1]}


def test_what_was_forgotten_cannot_be_changed_in_the_journal(ws):
    ws.people.destroy(a_crowd(ws, 1))
    with closing(sqlite3.connect(ws.paths.evidence)) as log:
        for query in ("DELETE FROM forgotten", "UPDATE forgotten SET at = 1"):
            with pytest.raises(sqlite3.IntegrityError, match="stays forgotten"):
                log.execute(query)
