# SPDX-License-Identifier: Apache-2.0
"""Nothing that is held is erased; nothing past its time and not held survives; what is kept is listed."""

from dataclasses import dataclass, field
from datetime import date

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from audit.clock import DAY, FixedClock, Micros, from_micros
from governance import erasure, holds, retention
from governance.erasure import EVERYTHING
from governance.erasure.begin import Wanted, begin_many
from tests.access import Shop
from tests.holding import body, does, events_of, held, in_days, rows_of, setting
from tests.property.test_access import QUICK
from tests.workshop import as_reviewer

KEPT_DAYS = 365
"""The retention of the shop's only purpose."""
GRACE = 3
TRADES = ("purchase", "return")
KINDS = st.sampled_from(["view", "cart", *TRADES])
PEOPLE = st.integers(0, 2)

acts = st.one_of(
    st.tuples(st.just("does"), PEOPLE, KINDS, st.integers(0, 800)),
    st.tuples(st.just("does"), PEOPLE, KINDS, st.integers(300, 400)),
    st.tuples(st.just("stores"), PEOPLE, st.just(""), st.just(0)),
    st.tuples(
        st.just("holds"),
        PEOPLE,
        st.sampled_from(["everything", "transactions"]),
        st.integers(0, 90),
    ),
    st.tuples(
        st.just("proposes"), PEOPLE, st.sampled_from(["everything", "transactions"]), st.just(90)
    ),
    st.tuples(st.just("lifts"), PEOPLE, st.just(""), st.just(0)),
    st.tuples(st.just("erases"), PEOPLE, st.just(""), st.just(0)),
    st.tuples(st.just("waits"), PEOPLE, st.just(""), st.integers(1, 60)),
)

LIFE = [
    ("does", 0, "purchase", 400),
    ("does", 0, "view", 10),
    ("does", 1, "purchase", 400),
    ("does", 1, "return", 10),
    ("does", 1, "view", 400),
    ("does", 2, "purchase", 500),
    ("stores", 0, "", 0),
    ("does", 1, "view", 5),
    ("holds", 0, "everything", 20),
    ("holds", 1, "transactions", 40),
    ("proposes", 2, "transactions", 90),
    ("erases", 0, "", 0),
    ("erases", 1, "", 0),
    ("waits", 0, "", 5),
    ("waits", 0, "", 20),
    ("waits", 0, "", 20),
]
"""Somebody who waits, somebody of whom transactions stay, and a hold that nobody confirms."""


@dataclass
class Person:
    """What the rules say is there of somebody: written apart from the product."""

    who: int
    name: str
    events: set = field(default_factory=set)
    keeps: list = field(default_factory=list)
    """(number, category, last day, lapses at): lapses when nobody confirmed it."""
    begun: int | None = None
    bare: bool = False
    gone: bool = False

    def under(self, category, now):
        """Whether a hold on a category is in force."""
        today = from_micros(now).date()
        return any(
            kind == category and today <= until and (lapses is None or now < lapses)
            for _, kind, until, lapses in self.keeps
        )

    def passes(self, now):
        """Let the rules take what they take, as retention and then the erasures do."""
        if self.under("everything", now):
            return
        trades = self.under("transactions", now)
        limit = now - KEPT_DAYS * DAY
        if not self.bare:
            self.events = {
                (kind, at) for kind, at in self.events if at >= limit or (trades and kind in TRADES)
            }
        if self.bare and not trades:
            self.events, self.gone, self.keeps = set(), True, []
        elif self.begun is not None and not self.bare and self.begun + GRACE * DAY <= now:
            self.events = {(kind, at) for kind, at in self.events if trades and kind in TRADES}
            self.bare, self.gone = trades, not trades
            self.keeps = self.keeps if trades else []


class Town:
    """A shop in which new people live in each example."""

    def __init__(self, folder):
        self.shop = Shop(folder)
        self.ws = self.shop.ws
        setting(self.ws, retention_attributes_days=0)
        self.count = 0
        self.people = []

    def settle(self):
        """Let new people in."""
        self.people = []
        for _ in range(3):
            self.count += 1
            name = f"N{self.count}"
            self.people.append(Person(self.shop.admits(name), name))

    def lives(self, act, person, what, days):
        """Let something happen, in the shop and in the rules."""
        if act == "waits":
            self.ws.clock = FixedClock(Micros(self.ws.clock.now() + days * DAY))
            return
        if person.gone or (person.begun is not None and act in ("does", "erases")):
            return
        getattr(self, act)(person, what, days)

    def does(self, person, kind, days):
        does(self.ws, person.who, kind, days_ago=days)
        person.events.add((kind, self.ws.clock.now() - days * DAY))

    def stores(self, _person, _what, _days):
        self.shop.stores()

    def holds(self, person, category, days):
        one = held(self.ws, person.who, category, days=days)
        person.keeps.append((one.id, category, one.until, None))

    def proposes(self, person, category, days):
        one = holds.place(self.ws, person.who, category, "authority-order", in_days(self.ws, days))
        person.keeps.append((one.id, category, one.until, self.ws.clock.now() + 7 * DAY))

    def lifts(self, person, _what, _days):
        standing = {one.id for one in holds.listed(self.ws)}
        for one in person.keeps:
            if one[0] in standing:
                as_reviewer(self.ws, lambda name=one[0]: holds.lift(self.ws, name))
        person.keeps = []

    def erases(self, person, _what, _days):
        with self.ws.store.write() as unit:
            seen = erasure.previews(self.ws, unit.connection, [person.who], EVERYTHING)
            begin_many(unit, self.ws, [Wanted(f"R{person.name}", seen[person.who])])
        person.begun = self.ws.clock.now()

    def passes(self):
        """Sweep, and carry erasures on until nothing moves."""
        retention.run(self.ws)
        erasure.carry_on(self.ws)
        for person in self.people:
            if not person.gone:
                person.passes(self.ws.clock.now())


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    opened = Town(tmp_path_factory.mktemp("holding") / "ws")
    yield opened
    opened.shop.close()


@pytest.mark.law("GDPR-17-3", "GDPR-5-1-e", "CN-PIPL-47-1", "CN-PIPL-47-2", "CA-105-d")
@given(st.lists(acts, min_size=6, max_size=16))
@example(LIFE)
@settings(QUICK, max_examples=5)
def test_what_is_held_stays_and_what_is_not_goes(town, happens):
    check(town, happens)


@pytest.mark.slow
@given(st.lists(acts, min_size=6, max_size=30))
@settings(QUICK, max_examples=60, derandomize=False, print_blob=True)
def test_it_is_so_after_many_more_lives(town, happens):
    check(town, happens)


def check(town, happens):
    town.settle()
    for act, number, what, days in happens:
        town.lives(act, town.people[number], what, days)
        if act == "waits":
            town.passes()
            agree(town)
    town.passes()
    agree(town)


def agree(town):
    """What is there is what the rules say, and what is kept of the erased is listed."""
    standing = {}
    for one in holds.listed(town.ws):
        standing.setdefault(one.subject_id, []).append(one)
    for person in town.people:
        assert set(events_of(town.ws, person.who)) == person.events, person
        assert bool(rows_of(town.ws, "subject", person.who)) != person.gone, person
        if person.bare and not person.gone:
            assert any(one.ground and one.until >= today(town.ws) for one in standing[person.who])
            kept = body(town.ws, f"R{person.name}")["held"]
            assert kept
            assert all(date.fromisoformat(one["until"]) and one["ground"] for one in kept)


def today(ws):
    return from_micros(ws.clock.now()).date()
