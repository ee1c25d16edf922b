# SPDX-License-Identifier: Apache-2.0
"""What an erasure takes, and what it keeps with a ground, is all that a search of every store finds."""

import json
import sqlite3
from contextlib import closing

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pyroaring import BitMap
from sqlalchemy import text

from governance import erasure
from governance.erasure import EVERYTHING, Scope
from governance.erasure.preview import UNCOUNTED
from governance.registry import PLACES
from governance.store import bitmaps
from governance.store.tables import METADATA
from tests.access import PURPOSE
from tests.erasing import erased
from tests.property.test_access import LIFE, NAMES, QUICK, World, acts, lake_rows, people

GROUNDS = {place.code for place in PLACES if place.ground}
SEVERED = {place.code for place in PLACES if place.ground and not place.keeps_number}
"""Places of which something is kept that leads to nobody any more."""
UNTOLD = {"log.entry", "store.outbox"}
"""Places whose entries of one person nobody counts: all of them become unreadable."""
SCOPES = [
    EVERYTHING,
    Scope("tag", "interest.cup"),
    Scope("purpose", PURPOSE),
    Scope("category", "user.demographic"),
]

more = st.one_of(acts, acts, st.tuples(st.just("garbles"), people, st.just("")))


class Town(World):
    """A shop whose people live on; who is erased comes back as somebody else."""

    def __init__(self, folder):
        super().__init__(folder)
        self.numbers = dict(zip(NAMES, NAMES, strict=True))
        self.files = 0

    def does(self, act, name, what):
        if act != "garbles":
            super().does(act, name, what)
            return
        self.files += 1  # a row that could not be read, with the number in one cell of it
        folder = self.ws.paths.quarantine
        folder.mkdir(exist_ok=True)
        cells = json.dumps({"who": self.numbers[name], "when": "?"})
        with (folder / f"in-{self.files}.csv").open("w", encoding="utf-8", newline="") as file:
            file.write("line,row,reason,column,content\r\n2,1,unreadable-time,when,")
            file.write('"' + cells.replace('"', '""') + '"\r\n')

    def replaced(self, name):
        self.files += 1
        self.numbers[name] = f"{name}-{self.files}"
        self.people[name] = self.shop.admits(self.numbers[name])


def scan(ws, who, number):
    """Count what is there of a person, living or erased, without asking registry or erasers."""
    found = {"file.lake": len(lake_rows(ws, who))}
    with closing(sqlite3.connect(ws.paths.control)) as store:
        for (name,) in store.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table'"
        ).fetchall():
            columns = {row[1] for row in store.execute(f"PRAGMA table_info({name})")}
            if "subject_id" in columns:
                query = f"SELECT count(*) FROM {name} WHERE subject_id = ?"
                (found[f"store.{name}"],) = store.execute(query, (who,)).fetchone()
        sets = store.execute("SELECT members FROM bitmap").fetchall()
        found["store.bitmap"] = sum(who in BitMap.deserialize(blob) for (blob,) in sets)
    with closing(sqlite3.connect(ws.paths.keystore)) as keys:
        for name in ("person", "dek", "ident", "name"):
            query = f"SELECT count(*) FROM {name} WHERE subject_id = ?"
            (found[f"keystore.{name}"],) = keys.execute(query, (who,)).fetchone()
    found["file.quarantine"] = sum(
        f'""{number}""' in line
        for path in ws.paths.quarantine.glob("*")
        for line in path.read_text("utf-8").splitlines()
    )
    return {place: count for place, count in found.items() if count}


def left_alone(town, name):
    """What is there of somebody whom the erasure does not concern, and the sets they are in."""
    ws, who = town.ws, town.people[name]
    found = scan(ws, who, town.numbers[name])
    with ws.store.read() as connection:
        names = bitmaps.names(connection, "")
        sets = {one for one in names if who in bitmaps.members(connection, one)}
    return {p: n for p, n in found.items() if not p.startswith("store.bitmap")}, sets


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    opened = Town(tmp_path_factory.mktemp("erasure") / "ws")
    yield opened
    opened.shop.close()


@pytest.mark.law("GDPR-17-1", "CA-105")
@given(st.lists(more, min_size=4, max_size=9), st.just(EVERYTHING))
@example([*LIFE[:-1], ("garbles", "ann", ""), ("garbles", "eve", "")], EVERYTHING)
@example(LIFE, Scope("tag", "interest.cup"))
@example(LIFE, Scope("purpose", PURPOSE))
@example(LIFE, Scope("category", "user.demographic"))
@QUICK
def test_erased_and_kept_with_a_ground_is_what_a_search_finds(town, happens, scope):
    check(town, happens, scope)


@pytest.mark.slow
@given(st.lists(more, min_size=1, max_size=20), st.sampled_from(SCOPES))
@settings(QUICK, max_examples=60, derandomize=False, print_blob=True)
def test_it_is_so_after_many_more_lives(town, happens, scope):
    check(town, happens, scope)


def check(town, happens, scope):
    ws, name = town.ws, happens[0][1]
    for act, one, what in happens:
        town.does(act, one, what)
    ws.evidence.drain()
    who, number = town.people[name], town.numbers[name]
    before = scan(ws, who, number)
    others = {n: left_alone(town, n) for n in town.people if n != name}
    seen = {line.place: line for line in erasure.preview(ws, who, scope).lines}
    town.files += 1
    done = erased(ws, who, f"R{town.files}", scope)
    after = scan(ws, who, number)
    town.replaced(name)
    assert done.step.code == "closed", done
    assert {n: left_alone(town, n) for n in town.people if n != name} == others
    if not scope.whole:
        gone = {place: line.count for place, line in seen.items()}
        check_part(scope, gone, before, after)
        assert erasure.preview(ws, who, scope).lines == ()
        return
    told = {place: line.count for place, line in seen.items() if place not in UNTOLD}
    assert told == before
    assert {place for place, line in seen.items() if line.count == UNCOUNTED} == UNTOLD
    kept = {place for place, line in seen.items() if line.what == "retain"}
    assert kept == told.keys() & GROUNDS
    assert after.keys() <= GROUNDS - SEVERED
    assert after.keys() >= kept - SEVERED
    assert all(after[place] >= before[place] for place in kept - SEVERED)


def check_part(scope, told, before, after):
    """The part is gone, everything else is as it was; what was decided is on record."""
    said = {"store.choiceevent", "store.choicestate", "store.consentevent", "store.consentstate"}
    moved = {"store.bitmap", "store.bitmapdelta"}
    if scope.kind == "category":  # what went is noted, so that no import brings it back
        said.add("store.correction")
        assert after.get("store.correction", 0) >= told.get("store.sealedblob", 0)
    for place in before.keys() - said - moved - {"store.assignment", "store.sealedblob"}:
        assert after.get(place) == before[place], place
    gone = told.get("store.assignment", 0)
    assert after.get("store.assignment", 0) == before.get("store.assignment", 0) - gone
    if scope.kind == "category":
        assert "store.sealedblob" not in after


def test_every_table_of_people_is_met_by_the_search():
    named = {name for name, table in METADATA.tables.items() if "subject_id" in table.columns}
    assert {f"store.{name}" for name in named} <= {place.code for place in PLACES}


def test_a_value_of_goods_leaves_the_list_with_the_last_event_that_has_it(town):
    ws = town.ws
    town.replaced("bob")
    for name, goods in (("bob", "left-handed mug"), ("bob", "spoon"), ("eve", "spoon")):
        town.does("buys", name, goods)
    town.does("stores", "bob", "")
    with ws.store.write() as unit:
        unit.connection.execute(  # fewer than there are: not every import counts
            text("INSERT INTO category VALUES ('category', :v, 1)"),
            [{"v": "left-handed mug"}, {"v": "spoon"}],
        )
    town.files += 1
    erased(ws, town.people["bob"], f"R{town.files}")
    with ws.store.read() as connection:
        rows = connection.execute(text("SELECT value, row_count FROM category")).all()
    assert [tuple(row) for row in rows] == [("spoon", 1)]
    town.replaced("bob")
