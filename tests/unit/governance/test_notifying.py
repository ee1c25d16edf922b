# SPDX-License-Identifier: Apache-2.0
"""Recipients are told of what was erased, corrected or restricted; nothing is called done that is not."""

import json
from dataclasses import replace

import pytest
from sqlalchemy import text

from governance import access, correcting, notifying
from governance.choice import ChoiceFact
from governance.requests import desk, erasing, executing, row
from governance.requests.desk import Asked
from tests.access import PERSON, a_shop
from tests.erasing import REF, erased, later
from tests.holding import body
from tests.workshop import as_reviewer, code_of


@pytest.fixture
def shop(tmp_path, request):
    opened = a_shop(tmp_path / "shop", request)
    yield opened
    opened.close()


@pytest.fixture
def ws(shop):
    return shop.ws


@pytest.fixture
def who(shop):  # noqa: ARG001  (the shop has the person in it)
    return PERSON[0]


def granted(ws, who, kind, target="", said=None):
    """Open a request, see who it is, decide it by two people; returns its number."""
    ref = desk.open_request(ws, Asked(kind, target, said=said), who).ref
    with ws.store.read() as connection:
        opened = row.load(connection, ref)
    if opened.state == "received":
        desk.vouch(ws, ref, "in-person")
    if opened.standing.reviewed:
        executing.submit(ws, ref)
        as_reviewer(ws, lambda: executing.approve(ws, ref))
    if kind != "deletion":
        executing.execute(ws, ref)
    return ref


def state(ws, ref):
    return [
        (one.recipient, one.what, one.state) for one in notifying.listed(ws, ref, everything=True)
    ]


@pytest.mark.law("GDPR-19", "CA-105")
def test_an_erasure_owes_each_recipient_a_notification_and_waits_for_none(ws, who):
    ref = granted(ws, who, "deletion")
    assert notifying.listed(ws) == []  # it can still be cancelled
    later(ws)
    erasing.carry_on(ws)
    assert state(ws, ref) == [("processor", "erase", "pending")]
    assert body(ws, ref)["open"] == ["processor:erase:pending"]
    with ws.store.read() as connection:
        assert row.load(connection, ref).state == "fulfilled"
        assert [one.recipient for one in notifying.open_for(connection, ref)] == ["processor"]


@pytest.mark.law("GDPR-19")
@pytest.mark.parametrize(
    ("kind", "target", "what"),
    [("restriction", "", "restrict"), ("block-tag", "interest.tea", "erase")],
)
def test_recipients_are_told_of_other_requests_too(ws, who, kind, target, what):
    ref = granted(ws, who, kind, target)
    assert state(ws, ref) == [("processor", what, "pending")]


@pytest.mark.law("CA-7221")
@pytest.mark.parametrize("asked", [True, False])
@pytest.mark.parametrize(
    ("regime", "effect", "told"),
    [
        ("ccpa", "legal_or_similarly_significant", [("processor", "decisions", "pending")]),
        ("ccpa", "none", []),  # they decide nothing of weight by it
        ("gdpr", "legal_or_similarly_significant", []),  # no law has them told
    ],
)
def test_californians_who_want_no_decision_by_technology_have_recipients_told(  # noqa: PLR0917
    ws, who, regime, effect, told, asked
):
    with ws.store.write() as unit:
        unit.connection.execute(text("UPDATE subject SET regime = :r"), {"r": regime})
        unit.connection.execute(
            text("UPDATE definition SET document = json_set(document, '$.effect', :e)"),
            {"e": effect},
        )
    if asked:
        granted(ws, who, "decisions-opt-out")
    else:
        correcting.choose(ws, ChoiceFact(who, "admt-opt-out", "", True, ws.clock.now(), "cli"))
    told_now = notifying.listed(ws, everything=True)
    assert [(one.recipient, one.what, one.state) for one in told_now] == told


@pytest.mark.law("GDPR-19", "CA-106")
def test_recipients_are_told_of_a_correction(ws, who):
    ref = granted(ws, who, "correction", "city", {"value": "Bonn"})
    assert state(ws, ref) == [("processor", "correct", "pending")]


def test_nobody_is_told_of_somebody_of_whom_they_got_nothing(shop, ws):
    stranger = shop.admits("C-2")
    erased(ws, stranger)
    assert notifying.listed(ws, everything=True) == []


def test_only_recipients_of_a_tag_are_told_of_that_tag(ws, who):
    with ws.store.write() as unit:
        assert notifying.owe(ws, unit, "erase", {who: "R1"}, {"interest.none"}) == 0
        assert notifying.owe(ws, unit, "erase", {who: "R1"}, {"interest.tea"}) == 1
        notifying.owe(ws, unit, "erase", {who: "R1"})
    assert len(notifying.listed(ws, "R1")) == 1  # once each


@pytest.mark.law("GDPR-19")
def test_a_state_says_what_is_known_and_no_more(ws, who):
    ref = granted(ws, who, "restriction")
    (owed,) = notifying.listed(ws, ref)
    assert code_of(lambda: notifying.acknowledge(ws, owed.id, "A-1")) == "cannot-follow"
    assert notifying.failed(ws, owed.id).state == "failed"
    assert notifying.sent(ws, owed.id).state == "sent"
    assert code_of(lambda: notifying.acknowledge(ws, owed.id, "")) == "bad-receipt"
    assert code_of(lambda: notifying.acknowledge(ws, owed.id, "Mr. Who said so")) == "bad-receipt"
    assert notifying.listed(ws, ref)  # still open
    assert notifying.acknowledge(ws, owed.id, "A-1").code == "A-1"
    assert notifying.listed(ws, ref) == []
    assert code_of(lambda: notifying.impossible(ws, owed.id, "impossible")) == "cannot-follow"
    assert notifying.open_of(ws, ref) == []
    (receipt,) = notifying.receipts_of(ws, ref)
    assert (receipt["target"], receipt["ref"]) == ("processor", "A-1")


@pytest.mark.law("GDPR-19", "CA-105")
def test_not_telling_needs_a_ground(ws, who):
    ref = granted(ws, who, "restriction")
    (owed,) = notifying.listed(ws, ref)
    assert code_of(lambda: notifying.impossible(ws, owed.id, "too-much-work")) == "unknown-ground"
    assert notifying.impossible(ws, owed.id, "disproportionate").state == "impossible"
    assert notifying.open_of(ws, ref) == ["processor:restrict:impossible"]
    assert notifying.listed(ws, ref) == []
    assert code_of(lambda: notifying.sent(ws, "nt-0")) == "unknown-notification"


def test_a_recipient_knows_the_person_by_a_name_of_its_own(ws, who):
    sid = ws.people.sid([who])[who]
    ring = ws.keys.ring
    names = {ring.recipient_reference(one, sid) for one in ("processor", "affiliate")}
    assert len(names) == 2
    ref = granted(ws, who, "restriction")
    (owed,) = notifying.listed(ws, ref)
    assert owed.reference in names
    assert "C-1001" not in str(owed)
    assert sid.hex() not in str(owed)


@pytest.mark.law("GDPR-19")
def test_the_person_is_told_who_the_recipients_are(ws, who, tmp_path):
    granted(ws, who, "restriction")
    out = tmp_path / "mine.json"
    access.export(ws, who, out, form="json", language="en", encrypt=False)
    sections = json.loads(out.read_text("utf-8"))["sections"]
    (shown,) = [one for one in sections if one["code"] == "notifications"]
    assert [one["recipient"] for one in shown["records"]] == ["processors that act for the shop"]


def test_each_step_is_in_the_log_without_the_person(ws, who):
    ref = granted(ws, who, "restriction")
    (owed,) = notifying.listed(ws, ref)
    notifying.sent(ws, owed.id)
    ws.evidence.drain()
    said = [json.loads(entry) for entry in ws.evidence.entries()]
    mine = [one for one in said if one["act"].startswith("notification.")]
    assert [one["act"] for one in mine] == ["notification.owed", "notification.moved"]
    assert not any("sub" in one for one in mine)


def test_what_was_noted_stays_after_the_person_is_gone_and_leads_to_nobody(ws, who):
    correcting.correct(ws, who, "city", "Bonn")
    erased(ws, who)
    with ws.store.read() as connection:
        rows = connection.execute(text("SELECT * FROM notification")).mappings().all()
    assert [one["what"] for one in rows if one["ref"] == REF] == ["erase"]
    assert len(rows) == 2  # and one of the correction
    assert "subject_id" not in rows[0]


@pytest.mark.law("GDPR-19", "CA-105", "CA-120", "CA-121", "CA-7027")
@pytest.mark.parametrize(
    ("kind", "target", "what"),
    [
        ("restrict", "", "restrict"),
        ("opt-out", "", "opt-out"),
        ("limit", "", "opt-out"),
        ("block-tag", "interest.tea", "erase"),
    ],
)
def test_a_choice_without_a_request_owes_a_notification_too(ws, who, kind, target, what):
    fact = ChoiceFact(who, kind, target, True, ws.clock.now(), "cli")
    correcting.choose(ws, fact)
    assert state(ws, None) == [("processor", what, "pending")]
    correcting.choose(ws, replace(fact, active=False))  # what is taken back
    assert len(state(ws, None)) == 1


def test_a_choice_that_concerns_no_recipient_owes_nothing(ws, who):
    correcting.choose(ws, ChoiceFact(who, "depersonalise", "", True, ws.clock.now(), "cli"))
    nobody = ws.people.admit("customer", ["C-9"])["C-9"]
    correcting.choose(ws, ChoiceFact(nobody, "restrict", "", True, ws.clock.now(), "cli"))
    assert state(ws, None) == []


@pytest.mark.law("GDPR-19")
def test_a_correction_is_told_once_with_a_request_and_without(ws, who):
    correcting.correct(ws, who, "city", "Bonn")
    assert state(ws, None) == [("processor", "correct", "pending")]
    ref = granted(ws, who, "correction", "city", {"value": "Jena"})
    assert state(ws, ref) == [("processor", "correct", "pending")]
    assert len(state(ws, None)) == 2
