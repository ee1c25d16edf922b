# SPDX-License-Identifier: Apache-2.0
"""Rights requests: what may follow what, who decides, by when, and what a stranger learns."""

from dataclasses import replace
from datetime import date

import pytest

from audit.clock import DAY
from audit.errors import Conflict, Fault
from governance import authority
from governance.actor import Actor
from governance.requests import desk, proving, row, timing
from governance.requests.desk import Asked
from governance.requests.machine import ENDS, LIVE, MOVES, Standing, State, Step, may, step
from policies.rights import rights
from tests.workshop import a_workspace

CLERK = Actor("clerk", "dsr")


@pytest.fixture
def ws(tmp_path):
    opened = a_workspace(tmp_path)
    authority.add(opened, CLERK.name, ["dsr"])
    yield opened
    opened.close()


def a_person(ws, number="7", regime="gdpr"):
    who = ws.people.admit("customer", [number])[number]
    with ws.store.write() as unit:
        unit.connection.exec_driver_sql(
            "INSERT OR IGNORE INTO subject VALUES (?, ?, ?, '18+', 0)",
            (who, ws.people.sid([who])[who], regime),
        )
    return who


def as_clerk(ws, work):
    who, ws.actor = ws.actor, CLERK
    try:
        return work()
    finally:
        ws.actor = who


def code_of(work):
    with pytest.raises(Fault) as caught:
        work()
    return caught.value.code


def states_reachable(now):
    seen, waiting = {now.state}, [now]
    while waiting:
        here = waiting.pop()
        for what in MOVES:
            if may(here, what):
                there = step(here, what, level=2)
                if there.state not in seen or there.known > here.known:
                    seen.add(there.state)
                    waiting.append(replace(there, known=there.needs))
    return seen


@pytest.mark.parametrize("state", sorted(LIVE))
@pytest.mark.parametrize("held", [True, False])
@pytest.mark.parametrize("reviewed", [True, False])
def test_no_state_is_a_dead_end(state, held, reviewed):
    here = Standing(State(state), needs=2, reviewed=reviewed, held=held)
    assert states_reachable(here) & ENDS


@pytest.mark.parametrize("state", sorted(LIVE))
def test_nothing_is_carried_out_for_somebody_who_was_not_verified(state):
    here = Standing(State(state), needs=2, reviewed=True, known=1)
    for what in (Step.ADMIT, Step.SUBMIT, Step.APPROVE, Step.START):
        assert not may(here, what)


def test_an_end_is_an_end():
    for state in ENDS:
        for what in MOVES:
            with pytest.raises(Conflict, match="ended"):
                step(Standing(state, 0, reviewed=False), what)


@pytest.mark.law("GDPR-12-3", "CA-7021-a")
def test_the_deadline_is_counted_from_the_day_of_receipt_by_the_law_of_the_person(ws):
    made = desk.open_request(ws, Asked("access", received_on=date(2026, 1, 31)), a_person(ws))
    assert (made.received_on, made.due, made.extended_due) == (
        date(2026, 1, 31),
        date(2026, 3, 2),
        date(2026, 4, 30),
    )
    other = desk.open_request(ws, Asked("access"), a_person(ws, "8", "ccpa"))
    assert (other.due, other.ack_due) == (date(2026, 4, 15), date(2026, 3, 13))


def test_a_choice_needs_no_proof_and_is_open_at_once(ws):
    made = desk.open_request(ws, Asked("personalisation-off"), a_person(ws, regime="pipl_cn"))
    assert (made.state, made.due) == (State.OPEN, made.received_on)


def test_a_stranger_and_a_person_who_is_known_get_the_same_answer(ws):
    known = desk.open_request(ws, Asked("access"), a_person(ws))
    stranger = desk.open_request(ws, Asked("access"), None)
    shown = ("kind", "target", "regime", "state", "received_on", "due", "extended_due", "ack_due")
    assert {name: getattr(known, name) for name in shown} == {
        name: getattr(stranger, name) for name in shown
    }


def test_the_same_key_gives_the_same_request_and_another_content_is_refused(ws):
    who = a_person(ws)
    first = desk.open_request(ws, Asked("access", key="k1"), who)
    assert desk.open_request(ws, Asked("access", key="k1"), who).ref == first.ref
    assert (
        code_of(lambda: desk.open_request(ws, Asked("portability", key="k1"), who)) == "key-reused"
    )
    with ws.store.read() as connection:
        assert len(row.select(connection)) == 1


def test_a_second_request_repeats_the_first_only_when_it_is_verified(ws):
    who = a_person(ws)
    false, true = (desk.open_request(ws, Asked("access"), who).ref for _ in range(2))
    assert desk.vouch(ws, true, "in-person").state == State.OPEN
    again = desk.vouch(ws, false, "in-person")
    assert (again.state, again.code) == (State.DUPLICATE_OF, true)


def test_an_unverified_request_blocks_nobody(ws):
    who = a_person(ws)
    for _ in range(3):
        desk.open_request(ws, Asked("deletion"), who)
    mine = desk.open_request(ws, Asked("deletion"), who)
    assert desk.vouch(ws, mine.ref, "session").state == State.OPEN


@pytest.mark.law("CN-PIPL-50")
def test_who_submits_does_not_decide(ws):
    ref = desk.open_request(ws, Asked("deletion"), a_person(ws)).ref
    desk.vouch(ws, ref, "in-person")
    desk.submit(ws, ref)
    assert code_of(lambda: desk.approve(ws, ref)) == "same-person"
    assert as_clerk(ws, lambda: code_of(lambda: desk.approve(ws, ref))) == "not-permitted"
    desk.hand_back(ws, ref)
    as_clerk(ws, lambda: desk.submit(ws, ref))
    assert desk.approve(ws, ref).state == State.EXECUTING


def test_what_needs_a_decision_cannot_be_started_without(ws):
    ref = desk.open_request(ws, Asked("deletion"), a_person(ws)).ref
    desk.vouch(ws, ref, "in-person")
    with ws.store.write() as unit:
        assert code_of(lambda: desk.start(ws, unit, ref)) == "needs-review"


def test_reasonable_proof_does_not_do_where_high_is_asked_for(ws):
    ref = desk.open_request(ws, Asked("access"), a_person(ws)).ref
    assert desk.vouch(ws, ref, "known-contact").state == State.RECEIVED
    assert desk.vouch(ws, ref, "session").state == State.OPEN


@pytest.mark.law("GDPR-12-4")
def test_a_refusal_names_a_ground_that_its_law_knows(ws):
    ref = desk.open_request(ws, Asked("access"), a_person(ws)).ref
    assert code_of(lambda: desk.deny(ws, ref, "transaction")) == "unknown-ground"
    denied = desk.deny(ws, ref, "not-identified")
    assert (denied.state, denied.code) == (State.DENIED, "not-identified")
    assert code_of(lambda: desk.vouch(ws, ref, "in-person")) == "request-ended"


@pytest.mark.law("GDPR-12-3")
def test_more_time_is_taken_once_for_a_reason_and_in_time(ws):
    ref = desk.open_request(ws, Asked("access"), a_person(ws)).ref
    assert code_of(lambda: timing.extend(ws, ref, "holidays")) == "unknown-reason"
    longer = timing.extend(ws, ref, "complexity")
    assert longer.deadline == longer.extended_due
    assert code_of(lambda: timing.extend(ws, ref, "number")) == "extended-already"
    late = Asked("access", received_on=date(2025, 12, 1))
    ref = desk.open_request(ws, late, a_person(ws, "9")).ref
    assert code_of(lambda: timing.extend(ws, ref, "number")) == "too-late"
    cn = desk.open_request(ws, Asked("access"), a_person(ws, "10", "pipl_cn")).ref
    assert code_of(lambda: timing.extend(ws, cn, "number")) == "no-extension"


@pytest.mark.law("CA-7021-b")
def test_what_nobody_proves_to_be_theirs_expires_after_its_time_and_not_before(ws):
    now = Asked("access", received_on=date(2026, 2, 28))
    kept = desk.open_request(ws, now, a_person(ws)).ref
    gone = desk.open_request(ws, replace(now, received_on=date(2025, 12, 1)), None).ref
    assert [one.ref for one in timing.expire(ws)] == [gone]
    with ws.store.read() as connection:
        assert row.load(connection, gone).state == State.EXPIRED
        assert row.load(connection, kept).state == State.RECEIVED


def test_a_hold_stops_the_work_and_not_the_clock_and_ends_on_its_day(ws):
    ref = desk.open_request(ws, Asked("access"), a_person(ws)).ref
    due = desk.vouch(ws, ref, "in-person").due
    held = timing.hold(ws, ref, "fee", date(2026, 3, 10))
    assert (held.hold, held.due) == ("fee", due)
    with ws.store.write() as unit:
        assert code_of(lambda: desk.start(ws, unit, ref)) == "on-hold"
    assert timing.release(ws, ref).hold == ""


@pytest.mark.law("GDPR-12-6")
def test_the_clock_stops_while_proof_is_awaited_where_the_law_says_so(ws):
    ref = desk.open_request(ws, Asked("access"), a_person(ws)).ref
    with ws.store.write() as unit:
        desk.asked_for_proof(ws, unit, ref, "challenge")
    ws.clock.at += 5 * DAY
    after = desk.vouch(ws, ref, "session")
    assert (after.clock, after.due) == ("gdpr.month_with_identity_pause", date(2026, 4, 6))


def test_proof_that_was_asked_for_too_late_stops_no_clock_and_still_counts(ws):
    ref = desk.open_request(ws, Asked("access", received_on=date(2026, 1, 5)), a_person(ws)).ref
    with ws.store.write() as unit:
        desk.asked_for_proof(ws, unit, ref, "challenge")
    after = desk.vouch(ws, ref, "session")
    assert (after.state, after.clock, after.due) == (State.OPEN, "gdpr.month", date(2026, 2, 5))


def test_what_was_proven_on_hold_goes_on_when_the_hold_ends_and_never_expires(ws):
    who = a_person(ws)
    freed = desk.open_request(ws, Asked("access"), who).ref
    timing.hold(ws, freed, "clarification", date(2026, 9, 1))
    assert desk.vouch(ws, freed, "session").state == State.RECEIVED
    ws.clock.at += 90 * DAY
    assert timing.expire(ws) == []
    assert timing.release(ws, freed).state == State.OPEN
    over = desk.open_request(ws, Asked("portability"), who).ref
    timing.hold(ws, over, "fee", date(2026, 6, 1))
    desk.vouch(ws, over, "session")
    ws.clock.at += 10 * DAY
    assert [(one.ref, one.state) for one in timing.expire(ws)] == [(over, State.OPEN)]


def test_more_time_is_time_before_a_request_expires_too(ws):
    ref = desk.open_request(ws, Asked("access"), a_person(ws)).ref
    timing.extend(ws, ref, "number")
    ws.clock.at += 60 * DAY
    assert timing.expire(ws) == []
    ws.clock.at += 60 * DAY
    assert [one.ref for one in timing.expire(ws)] == [ref]


@pytest.mark.law("CN-PIPL-49")
def test_a_relative_has_a_right_of_their_own_in_china_only_and_shows_a_mandate(ws):
    asked = Asked("access", requester="relative")
    assert code_of(lambda: desk.open_request(ws, asked, a_person(ws))) == "right-not-here"
    who = a_person(ws, "8", "pipl_cn")
    ref = desk.open_request(ws, asked, who).ref
    assert desk.vouch(ws, ref, "in-person").state == State.RECEIVED
    assert proving.mandate_seen(ws, ref, "doc-12").state == State.OPEN


def test_what_is_asked_for_is_there_and_fits_the_kind(ws):
    who = a_person(ws)
    assert code_of(lambda: desk.open_request(ws, Asked("acess"), who)) == "unknown-right"
    assert code_of(lambda: desk.open_request(ws, Asked("opt-out"), who)) == "right-not-here"
    assert code_of(lambda: desk.open_request(ws, Asked("block-tag"), who)) == "bad-target"
    assert code_of(lambda: desk.open_request(ws, Asked("access", "x"), who)) == "bad-target"
    assert (
        code_of(lambda: desk.open_request(ws, Asked("block-tag", "no.tag"), who))
        == "unknown-target"
    )
    assert code_of(lambda: desk.open_request(ws, Asked("deletion", "shop:x"), who)) == "bad-target"
    tomorrow = Asked("access", received_on=date(2026, 3, 2))
    assert code_of(lambda: desk.open_request(ws, tomorrow, who)) == "bad-day"


def test_what_the_person_says_is_sealed(ws):
    asked = Asked("access", said={"statement": "canary words"})
    ref = desk.open_request(ws, asked, a_person(ws)).ref
    assert b"canary words" not in (ws.paths.root / "data" / "control.db").read_bytes()
    with ws.store.read() as connection:
        found = row.load(connection, ref)
    assert ws.people.open_note(found.subject_id, row.row_of(ref), found.said) == asked.said


def test_every_kind_names_its_words_and_only_grounds_that_are_there():
    for right in rights().kinds.values():
        assert right.act in rights().words.acts
    assert {str(state) for state in State} == rights().words.states.keys()
