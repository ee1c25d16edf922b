# SPDX-License-Identifier: Apache-2.0
"""Runs: who is tagged, what changes, what comes back and what does not, whatever happens meanwhile."""

import shutil
from contextlib import contextmanager

import pytest
from pyroaring import BitMap
from sqlalchemy import text

from audit.clock import DAY, FixedClock, Micros
from governance import catalogue, choice, consent, purpose
from governance.assignments import audience, held_by
from governance.changing import lifecycle
from governance.explaining import explain
from governance.intake.people import enrol
from governance.running import publish
from governance.running.live import Live
from governance.running.run import run_all, run_due, run_some, run_triggered
from governance.store import bitmaps
from tests.workshop import a_workspace, applied

NOW = 20_000 * DAY
PURPOSE = "recommendation"
E4 = 10_000

PURPOSES = """
apiVersion: tagwarden/v1
kind: Purpose
key: recommendation
name: {en: Recommendations, zh: 推荐}
says: {en: We show what suits you., zh: 我们展示适合您的商品。}
use: first_party_recommendation
personalised: true
retention: 365d
recipients: []
"""

TAG = """
apiVersion: tagwarden/v1
kind: Tag
key: {key}
name: {{en: Name, zh: 名称}}
says: {{en: "a sentence", zh: "一句话"}}
owner: growth-team
dimension: interest
derivation: inferred
sources: [user.behavior.purchase_history]
asserts: [user.demographic.profile]
purposes: [recommendation]
basis: {{gdpr: consent, pipl_cn: consent, ccpa: notice}}
ttl: {ttl}
refresh: {{every: 1d, on: [purchase, return]}}
value: "{value}"
purge_on_withdrawal: immediately
"""


class Store:
    """A shop with people who all agreed, and an easy way to let them buy."""

    def __init__(self, ws, folder, people=()):
        self.ws, self.folder, self.people = ws, folder, dict(people)
        if not people:
            (folder / "purposes.yaml").write_text(PURPOSES, "utf-8")
            purpose.apply(ws, [folder / "purposes.yaml"])

    def admit(self, *names, agree=True):
        found = self.ws.people.admit("customer", list(names))
        with self.ws.store.write() as unit:
            enrol(self.ws, unit, BitMap(found.values()), regime="gdpr")
        self.people |= found
        for name in names if agree else ():
            self.say(name, "given")

    def say(self, name, state):
        now = self.ws.clock.now()
        fact = consent.ConsentFact(
            self.people[name], PURPOSE, state, "ordinary", now, None, "v1", "en", "test", "test"
        )
        return consent.submit(self.ws, fact)

    def tags(self, **rules):
        text_ = "---".join(
            TAG.format(key=key.replace("__", "."), value=rule, ttl="90d")
            for key, rule in rules.items()
        )
        (self.folder / "tags.yaml").write_text(text_, "utf-8")
        return applied(self.ws, self.folder / "tags.yaml")

    def buys(self, name, *days_ago, category="tea", amount=10, kind="purchase"):
        with live(self.ws) as door:
            for number, days in enumerate(days_ago):
                sign = -1 if kind == "return" else 1
                door.record(
                    self.people[name],
                    {
                        "ts": NOW - int(days * DAY),
                        "event_type": kind,
                        "category": category,
                        "session": f"{name}-{days}-{number}-{kind}",
                        "amount": sign * amount * E4,
                        "quantity": sign * E4,
                    },
                )

    def having(self, key, value="true", at=None):
        with self.ws.store.read() as connection:
            tags = catalogue.active(connection)
            people = audience(
                connection, tags[key], PURPOSE, at or self.ws.clock.now(), value=value
            )
        return {name for name, number in self.people.items() if number in people}

    def rows(self):
        with self.ws.store.read() as connection:
            found = connection.execute(
                text(
                    "SELECT subject_id, tv, valid_from, valid_to, lapses_at, closed_by FROM assignment"
                )
            )
            return [tuple(row) for row in found]


@contextmanager
def live(ws):
    door = Live(ws)
    try:
        yield door
    finally:
        door.close()


@pytest.fixture
def shop(tmp_path):
    ws = a_workspace(tmp_path / "ws", clock=FixedClock(Micros(NOW)))
    yield Store(ws, tmp_path)
    ws.close()


FAN = {"interest__tea": "orders(category = 'tea', days => 30) >= 3"}


@pytest.mark.law("GDPR-6-1", "CA-140-v1K")
def test_only_people_who_agreed_are_tagged_and_the_others_are_counted(shop):
    shop.admit("ann", "bob")
    shop.admit("eve", agree=False)
    for name in ("ann", "eve"):
        shop.buys(name, 1, 2, 3)
    shop.tags(**FAN)
    report = run_all(shop.ws).to_dict()
    assert shop.having("interest.tea") == {"ann"}
    assert report["tags"]["interest.tea"]["gated_out"] == {"no-consent": 1}
    assert report["tags"]["interest.tea"]["permitted"] == 2


def test_a_second_run_changes_nothing(shop):
    shop.admit("ann")
    shop.buys("ann", 1, 2, 3)
    shop.tags(**FAN)
    run_all(shop.ws)
    before = shop.rows()
    again = run_all(shop.ws).to_dict()
    assert (again["opened"], again["closed"]) == (0, 0)
    assert shop.rows() == before


def test_one_event_gives_what_a_run_would_give(shop):
    shop.admit("ann", "bob")
    shop.tags(**FAN, level__spend="case when spend(days => 30) >= 25 then 'high' else 'low' end")
    run_all(shop.ws)
    shop.buys("ann", 5, 4, 3)
    live_tags = shop.having("interest.tea"), shop.having("level.spend", "high")
    assert live_tags == ({"ann"}, {"ann"})
    report = run_all(shop.ws).to_dict()
    assert (report["opened"], report["closed"]) == (0, 0)


def test_a_return_takes_the_tag_back_at_once(shop):
    shop.admit("ann")
    shop.tags(level__spend="spend(days => 30) >= 25")
    run_all(shop.ws)
    shop.buys("ann", 3, 2, 1)
    assert shop.having("level.spend") == {"ann"}
    shop.buys("ann", 0.5, kind="return")
    assert shop.having("level.spend") == set()


@pytest.mark.law("GDPR-5-1-e", "CN-PIPL-19")
def test_a_tag_ends_at_the_exact_instant_at_which_its_event_leaves_the_window(shop):
    shop.admit("ann")
    shop.buys("ann", 20, 10, 1)
    shop.tags(**FAN)
    run_all(shop.ws)
    last = NOW + 10 * DAY
    assert shop.having("interest.tea", at=last - 1) == {"ann"}
    assert shop.having("interest.tea", at=last) == set()
    shop.ws.clock.at = Micros(last + 5 * DAY)
    run_due(shop.ws)
    assert [(row[3], row[5]) for row in shop.rows()] == [(last, "lapsed")]


def test_new_events_move_the_instant_at_which_a_tag_ends(shop):
    shop.admit("ann")
    shop.buys("ann", 20, 10, 1)
    shop.tags(**FAN)
    run_all(shop.ws)
    shop.buys("ann", 0.5)
    assert shop.having("interest.tea", at=NOW + 10 * DAY) == {"ann"}
    assert shop.having("interest.tea", at=NOW + 20 * DAY) == set()


@pytest.mark.law("GDPR-7-3")
def test_a_withdrawal_is_effective_at_the_next_read_and_survives_every_kind_of_run(shop):
    shop.admit("ann")
    shop.buys("ann", 3, 2, 1)
    shop.tags(**FAN)
    run_all(shop.ws)
    assert shop.say("ann", "withdrawn") == 1
    assert shop.having("interest.tea") == set()
    shop.buys("ann", 0.5)
    run_all(shop.ws)
    run_some(shop.ws, BitMap(shop.people.values()))
    assert shop.having("interest.tea") == set()


@pytest.mark.law("GDPR-7-3")
def test_a_withdrawal_during_a_run_is_seen_before_it_publishes(shop, monkeypatch):
    shop.admit("ann", "bob")
    for name in ("ann", "bob"):
        shop.buys(name, 3, 2, 1)
    shop.tags(**FAN)
    flush = publish.Publisher.flush

    def withdrawn_meanwhile(self):
        flush(self)
        shop.say("ann", "withdrawn")

    monkeypatch.setattr(publish.Publisher, "flush", withdrawn_meanwhile)
    run_all(shop.ws)
    monkeypatch.undo()
    assert shop.having("interest.tea") == {"bob"}
    assert {row[0] for row in shop.rows()} == {shop.people["bob"]}


@pytest.mark.law("CN-ALGO-17-2")
def test_a_deleted_tag_does_not_come_back_by_runs_events_or_imports(shop):
    shop.admit("ann", "bob")
    for name in ("ann", "bob"):
        shop.buys(name, 3, 2, 1)
    shop.tags(**FAN)
    run_all(shop.ws)
    fact = choice.ChoiceFact(
        shop.people["ann"], "block-tag", "interest.tea", active=True, at=Micros(NOW), source="test"
    )
    assert choice.submit(shop.ws, fact) == 1
    shop.buys("ann", 0.7, 0.6)
    run_all(shop.ws)
    run_triggered(shop.ws)
    assert shop.having("interest.tea") == {"bob"}


def test_a_run_that_was_killed_leaves_nothing_that_anybody_can_see(shop, monkeypatch):
    shop.admit("ann")
    shop.buys("ann", 3, 2, 1)
    shop.tags(**FAN)

    def killed(*_args):
        raise KeyboardInterrupt

    monkeypatch.setattr(publish, "finish", killed)
    with pytest.raises(KeyboardInterrupt):
        run_all(shop.ws)
    monkeypatch.undo()
    assert shop.having("interest.tea") == set()
    run_all(shop.ws)
    assert shop.having("interest.tea") == {"ann"}
    assert len(shop.rows()) == 1


def test_a_changed_rule_is_a_new_version_and_the_old_assignments_end(shop):
    shop.admit("ann")
    shop.buys("ann", 3, 2, 1)
    shop.tags(**FAN)
    run_all(shop.ws)
    (change,) = shop.tags(interest__tea="orders(category = 'tea', days => 30) >= 4")
    assert (change.what, change.version) == ("new version", 2)
    assert shop.having("interest.tea") == set()
    run_all(shop.ws)
    assert [row[5] for row in shop.rows()] == ["version"]


def test_a_tag_that_refers_to_another_sees_only_what_that_one_may_say(shop):
    shop.admit("ann", "bob")
    for name in ("ann", "bob"):
        shop.buys(name, 3, 2, 1)
    shop.tags(**FAN, interest__host="tag('interest.tea') and orders() >= 1")
    fact = choice.ChoiceFact(
        shop.people["ann"], "block-tag", "interest.tea", active=True, at=Micros(NOW), source="test"
    )
    choice.submit(shop.ws, fact)
    run_all(shop.ws)
    assert shop.having("interest.host") == {"bob"}


def test_tiers_share_equal_values_and_stay_frozen_between_runs(shop):
    shop.admit("a", "b", "c", "d")
    for name, amount in (("a", 10), ("b", 20), ("c", 20), ("d", 40)):
        shop.buys(name, 3, amount=amount)
    shop.tags(level__tier="tier(spend(days => 365), 2)")
    run_all(shop.ws)
    assert shop.having("level.tier", "1") == {"a", "b", "c"}
    shop.buys("a", 1, amount=35)
    assert shop.having("level.tier", "2") == {"a", "d"}


@pytest.mark.law("GDPR-5-1-e", "CN-PIPL-19", "CA-100-a3")
def test_a_tag_that_was_not_computed_in_its_lifetime_is_not_shown(shop):
    shop.admit("ann")
    shop.buys("ann", 3, 2, 1)
    shop.tags(interest__ever="orders() >= 3")
    run_all(shop.ws)
    assert shop.having("interest.ever", at=NOW + 90 * DAY - 1) == {"ann"}
    assert shop.having("interest.ever", at=NOW + 90 * DAY) == set()


def test_a_suspended_tag_is_shown_and_computed_by_nobody(shop):
    shop.admit("ann")
    shop.buys("ann", 3, 2, 1)
    shop.tags(**FAN)
    run_all(shop.ws)
    lifecycle.suspend(shop.ws, "interest.tea")
    assert shop.having("interest.tea") == set()
    lifecycle.resume(shop.ws, "interest.tea")
    assert shop.having("interest.tea") == {"ann"}


def test_a_door_that_was_open_before_computes_no_tag_that_was_suspended_since(shop):
    shop.admit("ann")
    shop.buys("ann", 3, 2)
    shop.tags(**FAN, interest__hot="tag('interest.tea')", interest__any="orders() >= 1")
    event = {"ts": NOW - DAY, "event_type": "purchase", "category": "tea", "session": "late"}
    with live(shop.ws) as door:
        lifecycle.suspend(shop.ws, "interest.tea")
        gained = door.record(shop.people["ann"], event)
    assert [one.key for one in gained] == ["interest.any"]
    assert len(shop.rows()) == 1


def test_audiences_are_the_open_assignments(shop):
    shop.admit("ann", "bob", "eve")
    for name in ("ann", "bob"):
        shop.buys(name, 3, 2, 1)
    shop.tags(**FAN)
    run_all(shop.ws)
    shop.say("bob", "withdrawn")
    with shop.ws.store.read() as connection:
        for row in connection.execute(text("SELECT tv FROM tagvalue")).all():
            open_ = {
                number for number, tv, _, end, *_ in shop.rows() if tv == row.tv and end is None
            }
            assert set(bitmaps.members(connection, f"tv:{row.tv}")) == open_


@pytest.mark.law("GDPR-5-1-d")
def test_every_stored_evidence_replays_to_the_stored_value(shop):
    shop.admit("ann", "bob")
    shop.buys("ann", 3, 2, 1)
    shop.buys("bob", 40, 2)
    shop.tags(
        **FAN,
        level__spend="case when spend(days => 30) >= 25 then 'high' else 'low' end",
        level__tier="tier(spend(days => 365), 2)",
        interest__host="tag('interest.tea') and recency() <= 3",
    )
    run_all(shop.ws)
    for number in shop.people.values():
        answers = explain(shop.ws, number, None, depth="engineer")
        assert answers
        assert all(answer.replays for answer in answers)


@pytest.mark.law("GDPR-5-2")
def test_a_look_at_a_person_is_logged(shop):
    shop.admit("ann")
    shop.tags(**FAN)
    run_all(shop.ws)
    before = shop.ws.evidence.verify().size
    explain(shop.ws, shop.people["ann"], ["interest.tea"], depth="subject")
    assert shop.ws.evidence.verify().size == before + 1


def test_the_same_event_twice_counts_once(shop):
    shop.admit("ann")
    shop.tags(interest__any="orders() >= 1", interest__two="count(event_type = 'purchase') >= 2")
    run_all(shop.ws)
    event = {"ts": NOW - DAY, "dedup": 77, "event_type": "purchase", "session": "s1", "amount": E4}
    with live(shop.ws) as door:
        assert door.record(shop.people["ann"], event)
        assert door.record(shop.people["ann"], event) == []
    run_all(shop.ws)
    assert shop.having("interest.two") == set()


def test_held_tags_are_those_that_an_audience_shows(shop):
    shop.admit("ann", "bob")
    shop.buys("ann", 3, 2, 1)
    shop.tags(**FAN)
    run_all(shop.ws)
    with shop.ws.store.read() as connection:
        tags = catalogue.active(connection)
        held = {
            name
            for name, number in shop.people.items()
            if "interest.tea" in held_by(connection, number, tags, NOW)
        }
    assert held == shop.having("interest.tea")


def test_a_folder_whose_name_looks_like_a_pattern_is_read_as_itself(tmp_path):
    ws = a_workspace(tmp_path / "shop [1] * ?", clock=FixedClock(Micros(NOW)))
    try:
        shop = Store(ws, tmp_path)
        shop.admit("ann")
        shop.buys("ann", 3, 2, 1)
        shop.tags(**FAN)
        run_all(ws)  # moves the events into the lake, and reads them there
        assert shop.having("interest.tea") == {"ann"}
        shutil.copytree(tmp_path / "shop [1] * ?", tmp_path / "shop 1 other x")
        run_all(ws)
        assert shop.having("interest.tea") == {"ann"}
        shop.buys("ann", 0.5)
        assert shop.having("interest.tea") == {"ann"}
    finally:
        ws.close()
