# SPDX-License-Identifier: Apache-2.0
"""What a person gets, and what is withheld with a reason, is all that a search of every store finds."""

import json
import sqlite3
from collections import Counter
from contextlib import closing

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pyroaring import BitMap
from sqlalchemy import text

from audit.clock import iso
from governance import access, correcting, subject
from governance.explaining import explain
from governance.registry import PLACES
from governance.requests import desk, proving
from governance.settings import Settings
from governance.store.tables import METADATA
from tests.access import PURPOSE, Shop

NAMES = ("ann", "bob", "eve")
WITHHELD = {place.code for place in PLACES if place.withheld}
CATEGORIES = ("tea", "cup", "hat")

LIFE = [
    ("says", "ann", "given"),
    ("says", "eve", "given"),
    ("buys", "eve", "cup"),
    ("has", "ann", "city"),
    ("has", "ann", "diet"),
    ("corrects", "ann", "city"),
    ("asks", "ann", ""),
    ("buys", "ann", "tea"),
    ("buys", "ann", "cup"),
    ("stores", "ann", ""),
    ("buys", "ann", "hat"),
    ("runs", "ann", ""),
    ("blocks", "ann", "interest.cup"),
    ("look", "ann", "explain"),
    ("buys", "ann", "tea"),
    ("stuck", "ann", ""),
]
"""Somebody of whom there is something in every place, and somebody who has a tag."""

people = st.sampled_from(NAMES)
acts = st.one_of(
    st.tuples(st.just("says"), people, st.sampled_from(["given", "refused", "withdrawn"])),
    st.tuples(st.just("decides"), people, st.sampled_from(["object", "restrict", "opt-out"])),
    st.tuples(st.just("blocks"), people, st.sampled_from(["interest.tea", "interest.cup"])),
    st.tuples(st.just("buys"), people, st.sampled_from(CATEGORIES)),
    st.tuples(st.just("buys"), people, st.sampled_from(CATEGORIES)),
    st.tuples(st.just("has"), people, st.sampled_from(["city", "diet"])),
    st.tuples(st.just("corrects"), people, st.sampled_from(["city", "diet"])),
    st.tuples(st.just("asks"), people, st.just("")),
    st.tuples(st.just("stores"), people, st.just("")),
    st.tuples(st.just("runs"), people, st.just("")),
    st.tuples(st.just("look"), people, st.sampled_from(["show", "explain"])),
    st.tuples(st.just("stuck"), people, st.just("")),
)


class World:
    """A shop whose people live on from example to example."""

    def __init__(self, folder):
        self.shop = Shop(folder)
        self.ws = self.shop.ws
        self.people = {name: self.shop.admits(name) for name in NAMES}
        more = {"delivery.folder": str(folder / "post"), "identity.max_per_hour": 10**6}
        self.ws.settings = Settings({**self.ws.settings.values, **more}, {})

    def does(self, act, name, what):
        """Let something happen to somebody."""
        who = self.people[name]
        match act:
            case "says":
                self.shop.says(who, what)
            case "decides":
                self.shop.decides(who, what, PURPOSE if what == "object" else "")
            case "blocks":
                self.shop.decides(who, "block-tag", what)
            case "buys":
                self.shop.buys(who, what)
            case "has":
                self.shop.has(who, **{what: f"of {name}"})
            case "corrects" | "asks":
                getattr(self, act)(who, what)
            case "look" if what == "show":
                subject.show(self.ws, who, PURPOSE)
            case "look":
                explain(self.ws, who, None, depth="subject")
            case "stuck":  # evidence that does not reach the log for now
                drain, self.ws.store.after_commit = self.ws.store.after_commit, lambda: None
                subject.show(self.ws, who, PURPOSE)
                self.ws.store.after_commit = drain
            case _:
                getattr(self.shop, act)()

    def asks(self, who, _what):
        """Ask for a copy, and be asked for proof."""
        ref = desk.open_request(self.ws, desk.Asked("access"), who).ref
        proving.challenge(self.ws, ref)

    def corrects(self, who, attribute):
        """Correct one attribute; have the other one deleted."""
        with self.ws.store.read() as connection:
            known = connection.execute(text("SELECT key FROM attribute")).scalars().all()
        if attribute in known and attribute == "city":
            correcting.correct(self.ws, who, attribute, "of nobody")
        elif attribute in known:
            correcting.delete(self.ws, who, attribute)


# --- an independent search ------------------------------------------------------------------


def scan(ws, who):
    """Count what every store holds about a person, without asking registry or package."""
    with ws.store.read() as connection:
        yield from _tables(ws, connection, who)
    with closing(sqlite3.connect(ws.paths.keystore)) as keys:
        sid = keys.execute("SELECT sid FROM person WHERE subject_id = ?", (who,)).fetchone()[0]
        assert sid == ws.people.sid([who])[who]
        for (name,) in keys.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table'"
        ).fetchall():
            columns = {row[1] for row in keys.execute(f"PRAGMA table_info({name})")}
            if "subject_id" in columns:
                query = f"SELECT count(*) FROM {name} WHERE subject_id = ?"
                yield f"keystore.{name}", keys.execute(query, (who,)).fetchone()[0]
    with closing(sqlite3.connect(ws.paths.evidence)) as log:
        entries = log.execute("SELECT bytes FROM entry").fetchall()
        yield "log.entry", sum(about(ws, who, entry) for (entry,) in entries)
    yield "file.lake", len(lake_rows(ws, who))


def _tables(ws, connection, who):
    for name, table in METADATA.tables.items():
        if name == "sealedblob":  # many attributes in one cell
            rows = connection.execute(table.select().where(table.c.subject_id == who)).all()
            cells = [(row.subject_id, row.class_id, row.cell) for row in rows]
            yield f"store.{name}", sum(len(values) for *_, values in ws.people.unseal(cells))
        elif "subject_id" in table.columns:
            rows = connection.execute(table.select().where(table.c.subject_id == who))
            yield f"store.{name}", len(rows.all())
        elif "members" in table.columns:
            rows = connection.execute(table.select())
            yield f"store.{name}", sum(who in BitMap.deserialize(row.members) for row in rows)
        elif name == "requestevent":
            query = "SELECT 1 FROM requestevent WHERE ref IN (SELECT ref FROM request WHERE subject_id = :s)"
            yield f"store.{name}", len(connection.execute(text(query), {"s": who}).all())
        elif name == "outbox":
            rows = connection.execute(text("SELECT entry FROM outbox"))
            yield f"store.{name}", sum(about(ws, who, row.entry) for row in rows)


def about(ws, who, entry):
    said = json.loads(entry)
    return "sub" in said and said["sub"] == ws.people.reference(who, said["req"])


def lake_rows(ws, who):
    import pyarrow.parquet as pq

    return [
        (iso(row["ts"]), row["event_type"], row["category"], row["session"])
        for path in sorted(ws.paths.lake.rglob("*.parquet"))
        for row in pq.read_table(path, partitioning=None).to_pylist()
        if row["subject_id"] == who
    ]


def assignments(ws, who):
    with ws.store.read() as connection:
        rows = connection.execute(
            text(
                "SELECT d.key, a.valid_from FROM assignment a JOIN tagvalue v ON v.tv = a.tv "
                "JOIN definition d ON d.id = v.definition_id WHERE a.subject_id = :s"
            ),
            {"s": who},
        )
        return Counter((row.key, iso(row.valid_from)) for row in rows)


# --- the law --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    opened = World(tmp_path_factory.mktemp("access") / "ws")
    yield opened
    opened.shop.close()


QUICK = settings(
    max_examples=1,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@pytest.mark.law("GDPR-15", "CN-PIPL-44-45", "CA-110")
@given(st.lists(acts, min_size=4, max_size=9))
@example(LIFE)
@QUICK
def test_exported_and_withheld_is_what_a_search_finds(world, happens):
    check(world, happens)


@pytest.mark.slow
@given(st.lists(acts, min_size=1, max_size=20))
@settings(QUICK, max_examples=150, derandomize=False, print_blob=True)
def test_it_is_so_after_many_more_lives(world, happens):
    check(world, happens)


def check(world, happens):
    ws = world.ws
    for act, name, what in happens:
        world.does(act, name, what)
    out = ws.paths.root.parent / "me.json"
    for who in world.people.values():
        ws.evidence.drain()
        if happens[-1][0] == "stuck":
            world.does(*happens[-1])
        there = {place: count for place, count in scan(ws, who) if count}
        lake, held = lake_rows(ws, who), assignments(ws, who)
        counts = access.export(ws, who, out, form="json", force=True).counts
        assert dict(counts) == {p: n for p, n in there.items() if p not in WITHHELD}
        found = json.loads(out.read_text("utf-8"))
        assert {item["place"] for item in found["withheld"]} == WITHHELD
        assert there.keys() - counts.keys() <= WITHHELD
        rows = {section["code"]: section["records"] for section in found["sections"]}
        events = [(r["at"], r["event_type"], r["category"], r["session"]) for r in rows["events"]]
        assert Counter(events) == Counter(lake)
        lists = (*rows["sets"], *rows["set-changes"])
        assert all(row["meaning"] != row["set"] for row in lists)
        tags = (*rows["tags"], *rows["past-tags"])
        assert Counter((tag["tag"], tag["since"]) for tag in tags) == held
