# SPDX-License-Identifier: Apache-2.0
"""The one door to people: admitted once, found by one spelling, sealed, and known by no name."""

import gc
import json
import shutil
import sqlite3
import traceback
from contextlib import closing

import pytest

from audit.errors import Fault
from audit.ids import SystemIds
from governance.vault.identity import normalise
from governance.vault.people import People
from governance.vault.ring import create_ring
from tests.workshop import a_workspace, code_of, reopened


@pytest.fixture
def ws(tmp_path):
    opened = a_workspace(tmp_path)
    yield opened
    opened.close()


def rows_of(ws, query):
    with closing(sqlite3.connect(ws.paths.keystore)) as connection:
        return connection.execute(query).fetchall()


def test_people_who_are_new_get_numbers_and_keep_them(ws):
    first = ws.people.admit("customer", ["A-1", "A-2", "A-1"])
    assert sorted(first.values()) == [1, 2]
    second = ws.people.admit("customer", ["A-2", "A-3"])
    assert (second["A-2"], second["A-3"]) == (first["A-2"], 3)
    assert len(set(ws.people.sid([1, 2, 3]).values())) == 3


def test_finding_admits_nobody(ws):
    ws.people.admit("customer", ["A-1"])
    assert ws.people.find("customer", ["A-1", "A-2", ""]) == {"A-1": 1}
    assert rows_of(ws, "SELECT count(*) FROM person") == [(1,)]


def test_another_process_finds_the_same_person(ws):
    found = ws.people.admit("customer", ["A-1"])
    other = reopened(ws.paths.root)
    assert other.people.admit("customer", ["A-1"]) == found
    other.close()


def test_somebody_who_was_quicker_in_between_admits_the_person(ws):
    other = reopened(ws.paths.root)
    usual = ws.people._store.find

    def slow(tags):
        known = usual(tags)
        other.people.admit("customer", ["A-0", "A-1"])
        return known

    ws.people._store.find = slow
    assert ws.people.admit("customer", ["A-1", "A-2"]) == {"A-1": 2, "A-2": 3}
    other.close()


def test_spellings_of_one_identity_are_one_person_and_case_counts(ws):
    same = ws.people.admit("customer", ["A1", " A1 ", "\uff21\uff11", "A1\u3000"])
    assert set(same.values()) == {1}
    assert ws.people.admit("customer", ["a1"]) == {"a1": 2}
    assert ws.people.admit("customer", ["007", "7"]) == {"007": 3, "7": 4}


@pytest.mark.parametrize("value", ["", "  ", "\u3000", "a\nb", "a\0", "x" * 201, "\ud800"])
def test_an_unusable_identity_is_refused_and_nobody_is_admitted(ws, value):
    assert normalise(value) == ""
    with pytest.raises(Fault) as caught:
        ws.people.admit("customer", ["fine", value])
    assert caught.value.code == "unusable-identity"
    assert rows_of(ws, "SELECT count(*) FROM person") == [(0,)]


def test_an_unknown_kind_of_identity_is_refused(ws):
    assert code_of(lambda: ws.people.admit("passport", ["1"])) == "unknown-identity-kind"


def test_identities_are_revealed_in_their_normal_spelling(ws):
    names = ["C-1", "客户甲", "é", "x" * 200, "ends with\u00b7"]
    numbers = ws.people.admit("customer", names)
    assert ws.people.reveal("customer", [*numbers.values(), 99]) == {
        number: normalise(name) for name, number in numbers.items()
    }


def test_attributes_open_again_and_their_length_is_hidden(ws):
    one, two = ws.people.admit("customer", ["A", "B"]).values()
    values = {"city": "München", "name": "王小明", "note": "", "quote": '"\\ }'}
    items = [(one, 3, values), (two, 3, {"city": "x"}), (two, 4, {})]
    cells = ws.people.seal(items)
    assert [(s, c) for s, c, _ in cells] == [(one, 3), (two, 3), (two, 4)]
    assert list(ws.people.unseal(cells)) == items
    assert {(len(cell) - 35) % 64 for _, _, cell in cells} == {0}
    assert len(cells[1][2]) == len(ws.people.seal([(two, 3, {"city": "a longer town"})])[0][2])


def test_a_decomposed_value_is_sealed_composed(ws):
    (one,) = ws.people.admit("customer", ["A"]).values()
    (cell,) = ws.people.seal([(one, 1, {"name": "e\u0301"})])
    assert next(ws.people.unseal([cell]))[2] == {"name": "\u00e9"}


@pytest.mark.law("GDPR-32")
def test_a_cell_of_somebody_else_or_of_another_class_does_not_open(ws):
    one, two = ws.people.admit("customer", ["A", "B"]).values()
    ((_, _, cell),) = ws.people.seal([(one, 3, {"city": "x"})])
    for place in [
        (two, 3, cell),
        (one, 4, cell),
        (99, 3, cell),
        (one, 3, b""),
        (one, 3, cell[:-1]),
    ]:
        assert code_of(lambda place=place: list(ws.people.unseal([place]))) == "unsealing-failed"


def test_nobody_unknown_is_sealed_or_referred_to(ws):
    assert code_of(lambda: ws.people.seal([(5, 1, {})])) == "subject-unknown"
    assert code_of(lambda: ws.people.reference(5, "req-1")) == "subject-unknown"


@pytest.mark.law("GDPR-25")
def test_a_person_has_another_pseudonym_in_each_request(ws):
    one, two = ws.people.admit("customer", ["A", "B"]).values()
    pseudonyms = {ws.people.reference(s, r) for s in (one, two) for r in ("req-1", "req-2")}
    assert len(pseudonyms) == 4
    assert ws.people.reference(one, "req-1") in pseudonyms
    assert all(len(p) == 32 and int(p, 16) >= 0 for p in pseudonyms)


def test_the_collector_of_garbage_is_at_work_again_after_many_people(ws):
    assert code_of(lambda: ws.people.admit("customer", ["A", "\0"])) == "unusable-identity"
    ws.people.seal([(i, 3, {}) for i in ws.people.admit("customer", ["A", "B"]).values()])
    assert code_of(lambda: ws.people.seal([(99, 3, {})])) == "subject-unknown"
    assert gc.isenabled()


def test_numbers_are_never_given_twice(ws):
    ws.people.admit("customer", ["A", "B"])
    with closing(sqlite3.connect(ws.paths.keystore)) as connection, connection:
        for table in ("person", "dek", "ident", "name"):
            connection.execute(f"DELETE FROM {table} WHERE subject_id = 2")
    assert ws.people.admit("customer", ["B"]) == {"B": 3}


@pytest.mark.law("GDPR-25", "GDPR-32")
def test_the_files_hold_no_identity_and_no_value(ws):
    (one,) = ws.people.admit("customer", ["NEEDLE-4711"]).values()
    (cell,) = ws.people.seal([(one, 1, {"city": "NEEDLE-TOWN"})])
    files = [p for p in ws.paths.root.rglob("*") if p.is_file()]
    assert any(p.name.endswith("-wal") and p.stat().st_size for p in files)
    for needle in (b"NEEDLE-4711", b"NEEDLE-TOWN"):
        assert needle not in cell[2]
        assert [p.name for p in files if needle in p.read_bytes()] == []


def test_no_secret_and_no_identity_is_in_a_traceback_or_a_representation(ws):
    name, town = "NEEDLE-4711", {"city": "NEEDLE-TOWN"}
    (one,) = ws.people.admit("customer", [name]).values()
    ring = json.loads(ws.paths.ring.read_text())
    cells = ws.people.seal([(one, 1, town)])
    texts = [repr(ws.people), repr(list(ws.people._keys([one]).values()))]
    for work in (
        lambda: list(ws.people.unseal([(one, 2, cells[0][2])])),
        lambda: ws.people.admit("customer", [name, name + "\0"]),
        lambda: ws.people.seal([(one, 1, town), (7, 1, town)]),
    ):
        with pytest.raises(Fault) as caught:
            work()
        texts.append("".join(traceback.format_exception(caught.value)))
    for secret in ("NEEDLE", ring["idx"], ring["kek"]["1"]["key"], ring["tenant"]):
        assert not any(secret in text for text in texts)


def test_the_ring_of_another_workspace_is_refused(ws):
    ws.close()
    ws.paths.ring.unlink()
    create_ring(ws.paths.ring, SystemIds(), root=ws.paths.root)
    assert code_of(lambda: People.open(ws)) == "ring-foreign"


def test_a_missing_key_store_is_told_and_never_made_anew(ws):
    shutil.rmtree(ws.paths.keystore.parent)
    assert code_of(lambda: ws.people) == "key-store-missing"
    assert not ws.paths.keystore.parent.exists()


def test_a_key_store_that_others_may_use_is_refused(ws):
    ws.paths.keystore.chmod(0o640)
    assert code_of(lambda: ws.people) == "key-store-mode"


def test_a_damaged_key_store_is_a_fault_and_not_a_trace(ws):
    ws.paths.keystore.write_bytes(b"no database at all" * 100)
    assert code_of(lambda: ws.people) == "key-store-unreadable"


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE dek SET ver = 9999999999",
        "UPDATE dek SET suite = 1",
        "UPDATE dek SET kek_id = 2",
        "UPDATE dek SET wrapped = zeroblob(60)",
        "UPDATE dek SET commitment = x''",
        "UPDATE person SET sid = zeroblob(17)",
    ],
)
def test_a_changed_key_record_opens_nothing(ws, change):
    (one,) = ws.people.admit("customer", ["A"]).values()
    with closing(sqlite3.connect(ws.paths.keystore)) as connection, connection:
        connection.execute(change)
    assert code_of(lambda: ws.people.reference(one, "req-1")) == "unsealing-failed"


def test_a_failure_in_the_middle_admits_nobody(ws):
    usual = ws.people._store.add

    def breaking(kind, people):
        usual(kind, people)
        raise Fault("broken", "on purpose")

    ws.people._store.add = breaking
    assert code_of(lambda: ws.people.admit("customer", ["A", "B", "C"])) == "broken"
    del ws.people._store.add
    assert ws.people.find("customer", ["A"]) == {}
    assert ws.people.admit("customer", ["A"]) == {"A": 1}


def test_a_key_store_in_use_elsewhere_is_a_conflict(ws):
    ws.people._store._db.execute("PRAGMA busy_timeout=10")
    with closing(sqlite3.connect(ws.paths.keystore, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert code_of(lambda: ws.people.admit("customer", ["A"])) == "workspace-busy"
        other.execute("ROLLBACK")
    assert ws.people.admit("customer", ["A"]) == {"A": 1}


@pytest.mark.slow
def test_a_hundred_thousand_people_take_a_few_seconds(ws):
    from time import process_time

    names = [f"C-{i}" for i in range(100_000)]
    start = process_time()
    new = ws.people.admit("customer", names)
    between = process_time()
    assert ws.people.admit("customer", names) == new
    assert (between - start, process_time() - between) < (12, 4)
