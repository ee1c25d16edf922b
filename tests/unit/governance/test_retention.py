# SPDX-License-Identifier: Apache-2.0
"""What is past its time goes without being asked; what a hold or a law keeps does not."""

import json
import os

import pytest
from sqlalchemy import text

from audit.clock import DAY, FixedClock, Micros
from governance import erasure, retention
from governance.requests import desk, erasing
from governance.retention import sweeps
from tagging import lake_without
from tests.access import Shop, a_person
from tests.erasing import erased, later
from tests.holding import does, events_of, held, rows_of, setting


@pytest.fixture
def shop(tmp_path):
    opened = Shop(tmp_path / "shop")
    yield opened
    opened.close()


@pytest.fixture
def ws(shop):
    return shop.ws


def found(ws):
    return {one.code: one.count for one in retention.due(ws) if one.count}


def days_old(ws, who):
    return sorted((ws.clock.now() - at) // DAY for _, at in events_of(ws, who))


def in_a(ws, days):
    ws.clock = FixedClock(Micros(ws.clock.now() + days * DAY))


@pytest.mark.law("GDPR-5-1-e", "CN-PIPL-19", "CN-PIPL-47-1", "CA-100-a3")
@pytest.mark.parametrize("stored", [True, False])
def test_events_go_when_every_purpose_that_uses_them_is_over(shop, ws, stored):
    who = shop.admits("C-1")
    for days in (10, 364, 366, 800):
        does(ws, who, "view", days_ago=days, stored=stored)
    assert found(ws) == {"events": 2}
    assert days_old(ws, who) == [10, 364, 366, 800]  # a look changes nothing
    retention.run(ws)
    assert days_old(ws, who) == [10, 364]
    assert found(ws) == {}
    assert retention.run(ws)[0].count == 0


def test_a_setting_says_how_long_events_are_kept(shop, ws):
    setting(ws, retention_events_days=30)
    who = shop.admits("C-1")
    for days in (10, 40):
        does(ws, who, "view", days_ago=days, stored=True)
    retention.run(ws)
    assert days_old(ws, who) == [10]


def test_without_a_part_that_holds_events_no_engine_is_opened(shop, ws, monkeypatch):
    opened = []
    usual = lake_without.DuckEngine
    monkeypatch.setattr(
        lake_without, "DuckEngine", lambda *args, **more: opened.append(1) or usual(*args, **more)
    )
    who = shop.admits("C-1")
    assert found(ws) == {}
    assert opened == []
    does(ws, who, "view", days_ago=400, stored=True)
    assert found(ws) == {"events": 1}
    assert opened


def test_without_any_purpose_no_limit_is_set(shop, ws):
    with ws.store.write() as unit:
        unit.connection.execute(text("DELETE FROM purpose"))
    who = shop.admits("C-1")
    does(ws, who, "view", days_ago=4000, stored=True)
    assert retention.due(ws)[0].before == retention.NEVER
    retention.run(ws)
    assert days_old(ws, who) == [4000]


@pytest.mark.law("GDPR-17-3", "CN-PIPL-47-2")
def test_a_hold_spares_what_it_keeps_and_nothing_else(shop, ws):
    free, all_of_it, trades = (shop.admits(name) for name in ("C-1", "C-2", "C-3"))
    held(ws, all_of_it, "everything")
    held(ws, trades, "transactions")
    for who in (free, all_of_it, trades):
        for kind in ("view", "purchase"):
            does(ws, who, kind, days_ago=400, stored=True)
            does(ws, who, kind, days_ago=410)
    assert found(ws) == {"events": 6}
    retention.run(ws)
    assert events_of(ws, free) == []
    assert len(events_of(ws, all_of_it)) == 4
    assert [kind for kind, _ in events_of(ws, trades)] == ["purchase", "purchase"]
    later(ws, 61 * 24)
    retention.run(ws)
    assert events_of(ws, all_of_it) == events_of(ws, trades) == []


@pytest.mark.law("CN-ECOM-31")
def test_a_platform_keeps_the_transactions_of_living_customers_for_three_years(shop, ws):
    setting(ws, policy_role="online_platform")
    here, there = shop.admits("C-1", "pipl_cn"), shop.admits("C-2", "gdpr")
    for who in (here, there):
        for days in (400, 1090, 1100):
            does(ws, who, "purchase", days_ago=days, stored=True)
        does(ws, who, "view", days_ago=400, stored=True)
    retention.run(ws)
    assert days_old(ws, here) == [400, 1090]
    assert events_of(ws, there) == []


@pytest.mark.law("CN-ECOM-31", "CN-PIPL-47-1")
def test_what_is_stored_only_goes_piece_by_piece_as_its_years_are_over(shop, ws):
    setting(ws, policy_role="online_platform")
    who = shop.admits("C-1", "pipl_cn")
    for days in (10, 1000):
        does(ws, who, "purchase", days_ago=days, stored=True)
    assert erased(ws, who).held
    assert days_old(ws, who) == [13, 1003]
    in_a(ws, 100)
    retention.run(ws)
    assert days_old(ws, who) == [113]


@pytest.mark.law("GDPR-5-1-e", "CN-PIPL-19")
def test_tags_that_ended_go_when_their_purposes_are_over(shop, ws):
    who = a_person(shop)
    with ws.store.write() as unit:
        unit.connection.execute(text("UPDATE assignment SET valid_to = :t"), {"t": ws.clock.now()})
    rows = rows_of(ws, "assignment", who)
    assert rows
    in_a(ws, 364)
    assert "assignments" not in found(ws)
    in_a(ws, 2)
    assert found(ws)["assignments"] == rows
    retention.run(ws)
    assert rows_of(ws, "assignment", who) == 0


def test_a_tag_that_somebody_still_has_stays(shop, ws):
    who = a_person(shop)
    with ws.store.write() as unit:
        unit.connection.execute(text("UPDATE assignment SET valid_to = NULL"))
    rows = rows_of(ws, "assignment", who)
    in_a(ws, 500)
    retention.run(ws)
    assert rows_of(ws, "assignment", who) == rows > 0


@pytest.mark.law("CN-PIPL-47-1", "GDPR-17-1", "GDPR-7-3", "CN-PIPL-15")
def test_attributes_go_when_consent_was_withdrawn_and_nothing_else_permits_them(shop, ws):
    gone, here, held_one, stopped, silent = (
        shop.admits(name) for name in ("C-1", "C-2", "C-3", "C-4", "C-5")
    )
    for who in (gone, here, held_one, stopped, silent):
        shop.says(who)
        shop.has(who, city="x")
    for who in (gone, held_one, stopped):
        shop.says(who, "withdrawn", days_ago=1)
    held(ws, held_one, "everything")
    shop.decides(stopped, "restrict", "")
    assert "attributes" not in found(ws)  # the person has spoken only now
    in_a(ws, 31)
    assert found(ws)["attributes"] == 1
    retention.run(ws)
    there = {
        name for name in (gone, here, held_one, stopped, silent) if rows_of(ws, "sealedblob", name)
    }
    assert there == {here, held_one, stopped, silent}


@pytest.mark.law("GDPR-5-1-e", "GDPR-17-1")
def test_people_of_whom_nothing_was_heard_are_erased(shop, ws):
    setting(ws, retention_people_days=200)
    silent, seen, held_one = shop.admits("C-1"), shop.admits("C-2"), shop.admits("C-3")
    held(ws, held_one, "everything", days=400)
    in_a(ws, 150)
    does(ws, seen, "view", stored=True)
    assert found(ws) == {}
    in_a(ws, 51)
    assert found(ws) == {"people": 1}
    retention.run(ws)
    assert found(ws) == {}  # it is on its way
    erasing.carry_on(ws)
    assert [one.waiting for one in erasure.sagas(ws)] == ["grace"]
    later(ws)
    erasing.carry_on(ws)
    assert [rows_of(ws, "subject", who) for who in (silent, seen, held_one)] == [0, 1, 1]


def test_files_of_unreadable_rows_go_after_their_days(ws):
    ws.paths.quarantine.mkdir(exist_ok=True)
    now = ws.clock.now() // 10**6
    for name, days in (("old", 31), ("new", 29)):
        path = ws.paths.quarantine / f"{name}.csv"
        path.write_text("line,row,reason,column,content\r\n", "utf-8")
        os.utime(path, (now - days * 86400, now - days * 86400))
    assert found(ws) == {"quarantine": 1}
    retention.run(ws)
    assert [path.name for path in ws.paths.quarantine.iterdir()] == ["new.csv"]


def test_a_sweep_leaves_evidence_and_an_empty_one_none(shop, ws):
    does(ws, shop.admits("C-1"), "view", days_ago=400)
    retention.run(ws)
    retention.run(ws)
    ws.evidence.drain()
    said = [json.loads(entry) for entry in ws.evidence.entries()]
    assert [one["obj"] for one in said if one["act"] == "retention.swept"] == [
        {"what": "events", "count": 1}
    ]


def test_every_kind_has_words():
    assert {sweep.code for sweep in retention.SWEEPS} == retention.WHAT.keys()
    assert all(words.en and words.zh for words in retention.WHAT.values())


def test_what_cannot_be_noted_is_not_taken(shop, ws, monkeypatch):
    who = a_person(shop)
    shop.says(who, "withdrawn", 0)
    in_a(ws, 400)
    assert found(ws)["attributes"]

    def fails(*_):
        raise RuntimeError

    monkeypatch.setattr(sweeps, "_note", fails)
    for sweep in ("assignments", "attributes"):
        (one,) = (one for one in retention.SWEEPS if one.code == sweep)
        monkeypatch.setattr(sweeps, "SWEEPS", (one,))
        with pytest.raises(RuntimeError):
            retention.run(ws)
    assert rows_of(ws, "assignment", who)
    assert rows_of(ws, "sealedblob", who)


def notified(ws, ref, state, recipient="processor"):
    """A recipient was told something about somebody, as the table of notifications says it."""
    at = ws.clock.now()
    with ws.store.write() as unit:
        unit.connection.exec_driver_sql(
            "INSERT INTO notification (id, ref, recipient, what, reference, state, made_at, moved_at) "
            "VALUES (?, ?, ?, 'correct', 'r', ?, ?, ?)",
            (f"nt-{ref}-{recipient}", ref, recipient, state, at, at),
        )


def refs_in(ws, table):
    with ws.store.read() as connection:
        return set(connection.execute(text(f"SELECT ref FROM {table}")).scalars())


@pytest.mark.law("GDPR-5-1-e", "CA-7101")
def test_what_recipients_were_told_without_a_request_goes_with_its_time(ws):
    notified(ws, "nr-1", "acknowledged")
    notified(ws, "nr-2", "pending")
    notified(ws, "nr-3", "impossible")
    notified(ws, "nr-4", "acknowledged")
    notified(ws, "nr-4", "failed", "third_party")
    in_a(ws, 36 * 30)
    assert found(ws) == {}
    in_a(ws, 30)
    assert found(ws) == {"notifications": 2}
    retention.run(ws)
    assert refs_in(ws, "notification") == {"nr-2", "nr-4"}  # somebody has still to be told


def test_certificates_of_erasures_that_nobody_asked_for_go_with_their_time(shop, ws):
    setting(ws, retention_people_days=30, retention_events_days=1)
    shop.admits("C-1")
    in_a(ws, 40)
    retention.run(ws)
    later(ws)
    erasing.carry_on(ws)
    (ref,) = refs_in(ws, "erasure")
    assert ref.startswith("rt-")
    in_a(ws, 366 * 3)
    assert "notifications" in found(ws)
    retention.run(ws)
    assert refs_in(ws, "erasure") == set()


def test_what_belongs_to_a_request_goes_with_the_request(shop, ws):
    ref = desk.open_request(ws, desk.Asked("access"), shop.admits("C-1")).ref
    notified(ws, ref, "acknowledged")
    in_a(ws, 2000)
    retention.run(ws)
    assert refs_in(ws, "notification") == {ref}  # the request has not ended
