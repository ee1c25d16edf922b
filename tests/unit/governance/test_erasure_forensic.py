# SPDX-License-Identifier: Apache-2.0
"""What was erased is in no file any more: searched for as bytes, with another process at the stores.

People are large, so that whole pages are freed; a control finds every needle before; each sabotage of
the erasure turns the search red.
"""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager

import pytest
from sqlalchemy import event, text

from governance import erasure, registry
from governance.erasure import disk, rows
from governance.erasure import events as lake_events
from governance.erasure.step import Step
from governance.identity.messages import send_waiting
from governance.requests import desk, proving
from governance.requests.desk import Asked
from governance.vault.people import People
from tests.access import Shop
from tests.erasing import REF, begun, later
from tests.holding import setting
from tests.workshop import code_of

NUMBER = "C-7731-canary"
ITEM = "left-handed-teapot-" * 400
CITY = "Castrop-Rauxel-" * 400
MAIL = "kannenfrau@mail.example"
CROWD = 12

READER = """
import sqlite3, sys
stores = [sqlite3.connect(path) for path in sys.argv[2:]]
for store in stores:
    store.execute("BEGIN")
    store.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if sys.argv[1] == "idle":
        store.execute("ROLLBACK")
print("ready", flush=True)
sys.stdin.readline()
"""


@contextmanager
def reader(ws, how):
    """Another process that has both stores open: idle, or in a transaction that it does not end."""
    paths = [str(ws.paths.control), str(ws.paths.keystore)]
    child = subprocess.Popen(
        [sys.executable, "-c", READER, how, *paths],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert child.stdout.readline() == "ready\n"
        yield
    finally:
        child.communicate("\n", timeout=20)


@pytest.fixture
def shop(tmp_path):
    opened = Shop(tmp_path / "ws")
    yield opened
    opened.close()


def settle_all(ws):
    """Bring everything that is in logs of stores into their files, as time would."""
    assert disk.settle(ws.store)
    assert ws.people.settle()


def a_large_person(shop, number=NUMBER, item=ITEM):
    ws = shop.ws
    who = shop.admits(number)
    shop.says(who)
    shop.has(who, city=CITY)
    shop.buys(who, "tea", 2, item=item)
    shop.buys(who, "tea", 3, item=f"x{item}")
    ws.paths.quarantine.mkdir(exist_ok=True)
    content = json.dumps({"who": number, "when": "?"}).replace('"', '""')
    (ws.paths.quarantine / f"in-{who}.csv").write_text(
        f'line,row,reason,column,content\r\n2,1,unreadable-time,when,"{content}"\r\n', "utf-8"
    )
    return who


def a_letter(shop, who, folder):
    """Somebody asks in the name of a person, and a letter to them lies in the folder of messages."""
    setting(shop.ws, delivery_folder=str(folder))
    with shop.ws.store.write() as unit:
        unit.connection.execute(
            text("INSERT INTO attribute (key, category, class_id) VALUES ('mail', :c, 2)"),
            {"c": "user.contact.email"},
        )
    shop.has(who, city=CITY, mail=MAIL)
    proving.challenge(shop.ws, desk.open_request(shop.ws, Asked("access"), who).ref)
    send_waiting(shop.ws)


def needles_of(ws, who):
    """Byte strings of a person, as their files hold them."""
    with closing(sqlite3.connect(ws.paths.keystore)) as keys:
        sid, wrapped = keys.execute(
            "SELECT p.sid, d.wrapped FROM person p JOIN dek d USING (subject_id) WHERE subject_id = ?",
            (who,),
        ).fetchone()
        tag, name = keys.execute(
            "SELECT tag, sealed FROM name WHERE subject_id = ?", (who,)
        ).fetchone()
    with ws.store.read() as connection:
        cell = connection.execute(
            text("SELECT cell FROM sealedblob WHERE subject_id = :s"), {"s": who}
        ).scalar_one()
    return {
        "number": NUMBER.encode(),
        "item": ITEM[:60].encode(),
        "letter": MAIL.encode(),
        "sid": sid,
        "wrapped key": wrapped,
        "identity tag": tag,
        "sealed name": name,
        "sealed attributes": cell[-200:],  # the last page of a long value
    }


def found(ws, who, needles):
    """Return which needles stand in files, and whether the lake still holds the person, read back.

    Another process reads the bytes: a process that closes a database file loses its locks on it.
    """
    import pyarrow.parquet as pq

    seen = set()
    letters = ws.paths.root.parent / "post"
    for path in sorted([*ws.paths.root.rglob("*"), *letters.rglob("*")]):
        if path.is_file():
            data = subprocess.run(["cat", path], capture_output=True, check=True).stdout
            seen |= {name for name, needle in needles.items() if needle in data}
            if path.suffix == ".parquet":
                table = pq.read_table(path, partitioning=None)
                if who in table.column("subject_id").to_pylist():
                    seen.add("lake")
    return seen


@pytest.fixture
def case(shop):
    """One large person among others, their needles, all found before."""
    ws = shop.ws
    crowd = [a_large_person(shop, f"C-{n}", f"other-{n}-" * 300) for n in range(CROWD)]
    who = a_large_person(shop)
    shop.runs()
    for number, one in enumerate(crowd):
        shop.buys(one, "cup", 1, item=f"late-{number}-" * 300)
    shop.buys(who, "cup", 1, item=ITEM)
    a_letter(shop, who, ws.paths.root.parent / "post")
    needles = needles_of(ws, who)
    begun(ws, who)
    later(ws)
    settle_all(ws)
    assert found(ws, who, needles) == {*needles, "lake"}, "the control finds every needle"
    return ws, who, needles, crowd


@pytest.mark.law("GDPR-17-1", "GDPR-32", "CA-105")
def test_nothing_of_an_erased_person_is_in_any_file(case):
    ws, who, needles, crowd = case
    with reader(ws, "idle"):
        (done,) = erasure.carry_on(ws, REF)
        assert (done.step, done.waiting) == (Step.CLOSED, "")
        assert found(ws, who, needles) == set()
    opened = ws.people.reveal("customer", crowd)
    assert sorted(opened.values()) == sorted(f"C-{n}" for n in range(CROWD))


def test_while_somebody_reads_the_old_pages_there_is_no_certificate(case):
    ws, who, needles, _ = case
    with reader(ws, "reading"):
        (done,) = erasure.carry_on(ws, REF)
        assert done.waiting == "reader"
        assert done.step < Step.DATA_DELETED
        assert code_of(lambda: erasure.certificate_of(ws, REF)) == "not-certified"
    (done,) = erasure.carry_on(ws, REF)
    assert done.step is Step.CLOSED
    assert found(ws, who, needles) == set()
    assert erasure.certificate_of(ws, REF)


def overwriting_off(ws, patch):
    """Neither store overwrites what it deletes; nobody asks."""
    patch.setattr(disk, "require_overwriting", lambda _store: None)
    patch.setattr("governance.vault.keystore.KeyStore.require_overwriting", lambda _self: None)
    event.listen(
        ws.store.engine, "begin", lambda c: c.exec_driver_sql("PRAGMA secure_delete=OFF").close()
    )
    ws.store.engine.dispose()
    ws.people._store._db.execute("PRAGMA secure_delete=OFF")


def one_eraser_left_out(_ws, patch):
    """The registry forgets a place."""
    less = tuple(place for place in registry.PLACES if place.code != "store.liveevent")
    patch.setattr(rows, "places", lambda kind: tuple(p for p in less if p.kind == kind))


def no_checkpoint(_ws, patch):
    """What was deleted stays in the main files, for the change is in their logs only."""
    patch.setattr(disk, "settle", lambda _store: True)
    patch.setattr(People, "settle", lambda _self: True)


def old_parts_left(_ws, patch):
    """The lake is written anew, and the old files stay."""
    patch.setattr(lake_events, "remove_unregistered", lambda _ws: None)


def quarantine_left(_ws, patch):
    """Nobody looks through the rows that were put aside."""
    patch.setattr("governance.erasure.aside.erase", lambda *_: 0)


def letters_left(_ws, patch):
    """Nobody takes the letters out of the folder of messages."""
    patch.setattr("governance.letters.remove", lambda *_: None)


SABOTAGES = {
    one_eraser_left_out: "liveevent",
    overwriting_off: "file:",
    no_checkpoint: "file:",
    old_parts_left: "lake",
    quarantine_left: "quarantine",
    letters_left: "letters",
}
"""What goes wrong, and where the search finds something then."""


@pytest.mark.slow
@pytest.mark.parametrize("sabotage", SABOTAGES)
def test_each_sabotage_is_seen(case, sabotage, monkeypatch):
    ws, who, needles, _ = case
    with reader(ws, "idle"):
        sabotage(ws, monkeypatch)
        erasure.carry_on(ws, REF)
        assert found(ws, who, needles)


@pytest.mark.parametrize(("sabotage", "place"), SABOTAGES.items())
def test_the_search_of_the_erasure_itself_sees_it_and_withholds_the_certificate(
    case, sabotage, place, monkeypatch
):
    ws, _, _, _ = case
    with reader(ws, "idle"):
        sabotage(ws, monkeypatch)
        (done,) = erasure.carry_on(ws, REF)
    assert done.step is Step.DERIVED_PURGED
    assert done.waiting.startswith("found ")
    assert place in done.waiting
    if sabotage is overwriting_off:  # the row is gone, its bytes are not: no repetition mends that
        return
    monkeypatch.undo()
    (done,) = erasure.carry_on(ws, REF)
    assert done.step is Step.CLOSED


def test_a_store_that_does_not_overwrite_is_refused(case):
    ws, _, _, _ = case
    ws.store.engine.dispose()
    event.listen(
        ws.store.engine, "begin", lambda c: c.exec_driver_sql("PRAGMA secure_delete=OFF").close()
    )
    assert code_of(lambda: erasure.carry_on(ws, REF)) == "overwriting-off"
    assert [item.step for item in erasure.sagas(ws, REF)] == [Step.RESTRICTED]
