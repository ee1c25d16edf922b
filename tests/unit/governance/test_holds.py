# SPDX-License-Identifier: Apache-2.0
"""What a hold keeps is not erased; what it does not keep is; and all of it goes when the hold is over."""

import json
from datetime import date

import pytest
from sqlalchemy import text

from audit.clock import DAY
from governance import access, authority, consent, correcting, erasure, holds
from governance.actor import Actor
from governance.erasure import EVERYTHING, Scope
from governance.requests import desk, erasing, executing, row
from governance.requests.desk import Asked
from governance.vault.traces import traces
from tests.access import Shop, a_person
from tests.erasing import REF, begun, erased, later
from tests.holding import body, does, events_of, held, in_days, kinds_of, rows_of, setting
from tests.workshop import as_reviewer, code_of

CLERK = Actor("clerk", "dsr")


@pytest.fixture
def shop(tmp_path):
    opened = Shop(tmp_path / "shop")
    yield opened
    opened.close()


@pytest.fixture
def ws(shop):
    return shop.ws


def somebody(shop, regime="gdpr", name="C-1001"):
    """Somebody with attributes, tags and consents, who looked, bought and gave back, here and there."""
    if regime == "gdpr":
        who = a_person(shop, name)
    else:
        who = shop.admits(name, regime)
        shop.says(who)
        shop.has(who, city="x")
    for kind in ("cart", "return", "view", "purchase"):
        does(shop.ws, who, kind, days_ago=5)
        does(shop.ws, who, kind, days_ago=6, stored=True)
        does(shop.ws, who, kind, days_ago=7)
    does(shop.ws, who, "view", days_ago=8)  # beside a purchase, in the store
    return who


def finished(ws, ref):
    with ws.store.read() as connection:
        return connection.execute(
            text("SELECT step, subject_id FROM erasure WHERE ref = :r"), {"r": ref}
        ).one_or_none()


# --- placing, confirming, lifting -----------------------------------------------------------


def test_a_hold_is_in_force_at_once_and_lapses_when_nobody_else_confirms_it(shop, ws):
    who = shop.admits("C-1")
    placed = holds.place(ws, who, "everything", "legal-claims", in_days(ws, 30))
    assert placed.state == "unconfirmed"
    assert placed.holds
    assert code_of(lambda: holds.confirm(ws, placed.id)) == "same-person"
    later(ws, 7 * 24 - 1)
    assert [one.state for one in holds.listed(ws)] == ["unconfirmed"]
    later(ws, 1)
    assert holds.listed(ws) == []
    assert [one.state for one in holds.listed(ws, everything=True)] == ["lapsed"]
    assert code_of(lambda: as_reviewer(ws, lambda: holds.confirm(ws, placed.id))) == "hold-over"


def test_a_confirmed_hold_holds_to_the_end_of_its_last_day(shop, ws):
    who = shop.admits("C-1")
    confirmed = held(ws, who, days=30)
    assert confirmed.state == "in-force"
    assert code_of(lambda: as_reviewer(ws, lambda: holds.confirm(ws, confirmed.id))) == (
        "hold-confirmed"
    )
    later(ws, 30 * 24)
    assert [one.state for one in holds.listed(ws)] == ["in-force"]
    later(ws, 24)
    assert [one.state for one in holds.listed(ws, everything=True)] == ["over"]


def test_a_hold_is_lifted_by_another_officer_only(shop, ws):
    who = shop.admits("C-1")
    name = held(ws, who).id
    assert code_of(lambda: holds.lift(ws, name)) == "same-person"
    authority.add(ws, CLERK.name, ["dsr"])
    officer, ws.actor = ws.actor, CLERK
    assert code_of(lambda: holds.lift(ws, name)) == "not-permitted"
    ws.actor = officer
    assert as_reviewer(ws, lambda: holds.lift(ws, name)).state == "lifted"
    assert code_of(lambda: as_reviewer(ws, lambda: holds.lift(ws, name))) == "hold-over"


def test_no_hold_is_without_a_day_a_ground_and_something_to_keep(shop, ws):
    who = shop.admits("C-1")

    def refused(category="everything", ground="legal-claims", until=None):
        day = until or in_days(ws, 5)
        return code_of(lambda: holds.place(ws, who, category, ground, day))

    assert refused(category="photos") == "unknown-hold-category"
    assert refused(ground="because") == "unknown-hold-ground"
    assert refused(ground="tax-records") == "unknown-hold-ground"  # the law's own
    assert refused(until=in_days(ws, -1)) == "bad-hold-day"
    assert refused(until=in_days(ws, 1096)) == "bad-hold-day"
    assert code_of(lambda: holds.place(ws, 999, "everything", "legal-claims", in_days(ws, 1))) == (
        "subject-unknown"
    )
    assert code_of(lambda: holds.confirm(ws, "hd-0")) == "unknown-hold"
    assert holds.listed(ws, everything=True) == []
    for one in holds.GROUNDS.values():
        assert one.text.en
        assert one.text.zh
        assert one.articles


def test_every_step_of_a_hold_is_in_the_log(shop, ws):
    who = shop.admits("C-1")
    name = held(ws, who).id
    as_reviewer(ws, lambda: code_of(lambda: holds.lift(ws, name)))
    ws.evidence.drain()
    acts = [json.loads(entry)["act"] for entry in ws.evidence.entries()]
    assert [act for act in acts if act.startswith("hold.")] == [
        "hold.placed",
        "hold.confirmed",
        "hold.lifted",
    ]


@pytest.mark.law("GDPR-17-3", "CA-105-d")
def test_the_person_sees_the_hold_and_its_ground(shop, ws, tmp_path):
    who = shop.admits("C-1")
    until = held(ws, who).until
    out = tmp_path / "mine.json"
    access.export(ws, who, out, form="json", language="en", encrypt=False)
    (section,) = [
        one for one in json.loads(out.read_text("utf-8"))["sections"] if one["code"] == "holds"
    ]
    (shown,) = section["records"]
    assert shown["ground"] == "legal claims are made, or are to be met"
    assert shown["articles"] == ["GDPR Art. 17(3)(e)", "Civ. Code 1798.145(a)"]
    assert shown["until"] == until.isoformat()


# --- a hold on everything -------------------------------------------------------------------


@pytest.mark.law("GDPR-17-3", "CN-PIPL-47-2")
@pytest.mark.parametrize("scope", [EVERYTHING, Scope("tag", "interest.tea")])
def test_an_erasure_waits_for_a_hold_on_everything_and_nothing_is_used(shop, ws, scope):
    who = somebody(shop)
    before = events_of(ws, who), rows_of(ws, "assignment", who)
    held(ws, who, "everything", days=30)
    assert "hold-waits" in begun(ws, who, scope=scope).remains
    later(ws)
    (moved,) = erasure.carry_on(ws, REF)
    assert (moved.step.code, moved.waiting) == ("restricted", "hold")
    assert [one.waiting for one in erasure.sagas(ws)] == ["hold"]
    assert (events_of(ws, who), rows_of(ws, "assignment", who)) == before
    assert rows_of(ws, "choicestate", who) >= 1
    later(ws, 31 * 24)
    (moved,) = erasure.carry_on(ws, REF)
    assert moved.step.code == "closed"
    if scope.whole:
        assert events_of(ws, who) == []


def test_a_hold_comes_too_late_when_the_erasure_is_committed(shop, ws, monkeypatch):
    who = somebody(shop)
    monkeypatch.setattr(ws.people, "settle", lambda: False)
    moved = erased(ws, who)
    assert moved.waiting == "reader"
    refusal = code_of(lambda: holds.place(ws, who, "everything", "legal-claims", in_days(ws, 1)))
    assert refusal == "erasure-committed"


def test_a_hold_that_is_placed_at_the_last_moment_stops_the_commitment(shop, ws, monkeypatch):
    from governance.erasure import steps

    who = somebody(shop)
    begun(ws, who)
    later(ws)
    counting = steps._going

    def placing(*given):
        monkeypatch.setattr(steps, "_going", counting)
        holds.place(ws, who, "everything", "legal-claims", in_days(ws, 1))
        return counting(*given)

    monkeypatch.setattr(steps, "_going", placing)
    assert code_of(lambda: erasure.carry_on(ws, REF)) == "hold-placed"
    assert erasure.carry_on(ws, REF)[0].waiting == "hold"
    assert events_of(ws, who)


# --- a hold on transactions -----------------------------------------------------------------


@pytest.mark.law("GDPR-17-3", "CN-PIPL-47-2", "CA-105-d")
def test_everything_goes_but_transactions_which_are_stored_only(shop, ws):
    other = somebody(shop, name="C-1002")
    who = somebody(shop)
    assert rows_of(ws, "liveevent", who) == 2
    theirs = events_of(ws, other)
    traded = [one for one in events_of(ws, who) if one[0] in ("purchase", "return")]
    held(ws, who, days=60)
    seen = begun(ws, who)
    assert "held-stored-only" in seen.remains
    later(ws)
    (moved,) = erasure.carry_on(ws, REF)
    assert (moved.step.code, moved.held) == ("closed", True)
    assert events_of(ws, who) == traded
    for table in ("sealedblob", "assignment", "consentstate", "correction"):
        assert rows_of(ws, table, who) == 0, table
    assert ws.people.reveal("customer", [who]) == {who: "C-1001"}
    with ws.store.read() as connection:
        choices = connection.execute(
            text("SELECT kind FROM choicestate WHERE subject_id = :s"), {"s": who}
        ).scalars()
        assert list(choices) == ["restrict"]
    assert events_of(ws, other) == theirs
    assert rows_of(ws, "sealedblob", other) == 1
    told = {line.place: line.count for line in seen.lines if line.what == "retain"}
    assert told["file.lake"] + told.get("store.liveevent", 0) == len(traded)


@pytest.mark.law("GDPR-17-3", "CA-105-d")
def test_the_certificate_says_what_is_held_why_and_until_when(shop, ws):
    who = somebody(shop)
    until = held(ws, who, days=60).until
    erased(ws, who)
    said = body(ws)
    count = len(events_of(ws, who))
    why = {"ground": "legal-claims", "until": until.isoformat()}
    assert said["held"] == [{"category": "transactions", **why}]
    kept = [one for one in said["retained"] if one["ground"] == "legal-claims"]
    assert {one["store"] for one in kept} == {"file.lake", "store.liveevent"}
    assert sum(one["rows"] for one in kept) == count
    assert said["keys"] == []
    assert said["l1"] == ""
    assert "held-stored-only" in said["remains"]


@pytest.mark.law("GDPR-17-1", "CN-PIPL-47-1")
def test_what_was_held_goes_when_the_hold_is_over_with_a_certificate_of_its_own(shop, ws):
    who = somebody(shop)
    held(ws, who, days=60)
    erased(ws, who)
    erasure.carry_on(ws)
    assert finished(ws, f"{REF}.2") is None  # nothing is begun while the hold stands
    later(ws, 61 * 24)
    erasure.carry_on(ws)
    assert finished(ws, f"{REF}.2") == (9, None)
    assert finished(ws, REF) == (9, None)
    assert events_of(ws, who) == []
    assert traces(ws.paths.keystore, [who]) == {}
    for table in ("subject", "hold", "choicestate"):
        assert rows_of(ws, table, who) == 0
    said = body(ws, f"{REF}.2")
    assert said["held"] == []
    assert said["keys"]
    erasure.carry_on(ws)
    assert finished(ws, f"{REF}.3") is None


def test_nothing_is_added_about_somebody_whose_transactions_are_stored_only(shop, ws):
    who = somebody(shop)
    held(ws, who)
    erased(ws, who)
    assert ws.people.admit("customer", ["C-1001"]) == {}
    flow = shop.runs
    flow()
    assert rows_of(ws, "assignment", who) == 0
    assert code_of(lambda: begun(ws, who, "R0000000000ZZ")) == "erasure-under-way"


def test_a_preview_that_a_hold_has_changed_does_not_hold(shop, ws):
    who = somebody(shop)
    seen = erasure.preview(ws, who, EVERYTHING)
    held(ws, who)
    with ws.store.write() as unit:
        refusal = code_of(lambda: erasure.begin(unit, ws, REF, who, seen))
    assert refusal == "preview-stale"


@pytest.mark.law("CN-PIPL-47-2", "GDPR-17-3", "CA-105-d", "CN-NDSR-24")
def test_a_request_for_deletion_ends_as_partially_fulfilled(shop, ws):
    who = somebody(shop)
    held(ws, who)
    ref = desk.open_request(ws, Asked("deletion"), who).ref
    desk.vouch(ws, ref, "in-person")
    executing.submit(ws, ref)
    as_reviewer(ws, lambda: executing.approve(ws, ref))
    later(ws)
    erasing.carry_on(ws)
    with ws.store.read() as connection:
        assert row.load(connection, ref).state == "partially_fulfilled"
    later(ws, 61 * 24)
    erasing.carry_on(ws)
    assert finished(ws, f"{ref}.2") == (9, None)
    with ws.store.read() as connection:
        ended = row.load(connection, ref)
    assert (ended.state, ended.subject_id) == ("partially_fulfilled", None)


# --- what the law keeps by itself -----------------------------------------------------------


@pytest.mark.law("CN-ECOM-31", "CN-PIPL-47-2")
def test_a_platform_keeps_transactions_for_three_years_and_no_longer(shop, ws):
    setting(ws, policy_role="online_platform")
    who = somebody(shop, "pipl_cn")
    does(ws, who, "purchase", days_ago=3 * 365 + 2)  # over: it goes with the rest
    seen = begun(ws, who)
    kept = [line for line in seen.lines if line.ground == "platform-transactions"]
    assert {line.place for line in kept} >= {"file.lake", "keystore.dek"}
    later(ws)
    erasure.carry_on(ws, REF)
    assert {kind for kind, _ in events_of(ws, who)} == {"purchase", "return"}
    assert min(at for _, at in events_of(ws, who)) > ws.clock.now() - 20 * DAY
    (hold,) = holds.listed(ws)
    assert (hold.ground, hold.until) == ("platform-transactions", date(2029, 2, 24))
    assert body(ws)["held"][0]["until"] == "2029-02-24"
    assert code_of(lambda: as_reviewer(ws, lambda: holds.lift(ws, hold.id))) == "hold-of-law"
    ws.clock.at = ws.clock.now() + (date(2029, 2, 24) - in_days(ws, 0)).days * DAY
    erasure.carry_on(ws)
    assert events_of(ws, who)
    later(ws, 24)
    erasure.carry_on(ws)
    assert events_of(ws, who) == []
    assert rows_of(ws, "hold", who) == 0


@pytest.mark.law("CN-NDSR-24", "CN-PIPL-47-1")
@pytest.mark.parametrize(("regime", "role"), [("pipl_cn", "own_shop"), ("gdpr", "online_platform")])
def test_who_is_no_platform_in_china_keeps_nothing_by_that_law(shop, ws, regime, role):
    setting(ws, policy_role=role)
    who = somebody(shop, regime)
    erased(ws, who)
    assert events_of(ws, who) == []
    assert body(ws)["held"] == []


@pytest.mark.law("GDPR-17-3")
def test_tax_law_keeps_transactions_as_long_as_the_setting_says(shop, ws):
    setting(ws, retention_transactions_years=8)
    who = somebody(shop)
    does(ws, who, "purchase", days_ago=7 * 365)
    does(ws, who, "purchase", days_ago=9 * 365)
    erased(ws, who)
    assert kinds_of(ws, who) == ["purchase", "return"]
    assert [one.ground for one in holds.listed(ws)] == ["tax-records"]
    assert min(at for _, at in events_of(ws, who)) > ws.clock.now() - 8 * 365 * DAY


def test_who_bought_nothing_leaves_nothing(shop, ws):
    setting(ws, retention_transactions_years=8)
    who = shop.admits("C-9")
    consent.submit(
        ws,
        consent.ConsentFact(who, "offers", "given", "ordinary", ws.clock.now(), None, "", "en", ""),
    )
    does(ws, who, "view")
    assert not erased(ws, who).held
    assert rows_of(ws, "subject", who) == 0


def test_no_attribute_is_deleted_while_everything_is_held(shop, ws):
    who = somebody(shop)
    held(ws, who, "everything", days=5)
    assert code_of(lambda: correcting.delete(ws, who, "city")) == "held"
    assert correcting.correct(ws, who, "city", "Bonn").changed  # what is wrong is put right
    later(ws, 6 * 24)
    assert correcting.delete(ws, who, "city").changed
