# SPDX-License-Identifier: Apache-2.0
"""The doctor of requests: what each waits for, who must act, by when, and what happens then."""

import shlex
from datetime import date

import pytest

from governance.cli.app import _load
from governance.doctor import examine
from governance.requests import desk, doctor, executing, timing
from governance.requests.doctor import waiting
from governance.requests.notices import give
from governance.requests.words import THEN, WHAT, WHO
from tests.desk import Step, a_desk, a_person, as_reviewer, decided, ended, later, opened, verified


@pytest.fixture
def ws(tmp_path):
    made = a_desk(tmp_path)
    yield made
    made.close()


def main_of(ws, ref):
    """The one thing that a request waits for, besides letters."""
    (task,) = (task for task in waiting(ws) if task.ref == ref and task.what != "letter")
    return task


def letters_of(ws, ref):
    return {task.detail: task for task in waiting(ws) if task.ref == ref and task.what == "letter"}


def test_each_state_says_what_it_waits_for_and_who_must_act(ws):
    who = a_person(ws)
    ref = opened(ws, "deletion", who)
    assert (main_of(ws, ref).what, main_of(ws, ref).who) == ("question", "clerk")
    with ws.store.write() as unit:
        desk.asked_for_proof(ws, unit, ref, "challenge")
    assert (main_of(ws, ref).what, main_of(ws, ref).who) == ("proof", "person")
    verified(ws, ref)
    assert (main_of(ws, ref).what, main_of(ws, ref).who) == ("work", "clerk")
    as_reviewer(ws, lambda: desk.submit(ws, ref))
    assert (main_of(ws, ref).what, main_of(ws, ref).who) == ("decision", "second")
    desk.approve(ws, ref)
    assert (main_of(ws, ref).what, main_of(ws, ref).who) == ("erasure", "time")


@pytest.mark.law("GDPR-12-3")
def test_who_waits_for_somebody_outside_sees_until_when_and_the_clock_that_never_stood(ws):
    ref = opened(ws, "access", a_person(ws))
    verified(ws, ref)
    timing.wait(ws, ref, "processor", "data", until=date(2026, 3, 10))
    task = main_of(ws, ref)
    assert (task.what, task.detail, task.who) == ("outside", "processor:data", "outside")
    assert (task.by, task.then, task.last) == (date(2026, 3, 10), "asks-again", date(2026, 4, 1))
    later(ws, 10)
    task = main_of(ws, ref)
    assert (task.who, task.overdue, task.command) == (
        "clerk",
        True,
        f"tagwarden request arrived {ref} --without",
    )
    later(ws, 22)
    assert (main_of(ws, ref).by, main_of(ws, ref).then) == (date(2026, 4, 1), "breach")
    timing.arrive(ws, ref, without=True)
    assert main_of(ws, ref).what == "execution"


def test_waiting_past_the_last_day_of_the_law_is_a_breach_on_that_day(ws):
    ref = opened(ws, "access", a_person(ws))
    verified(ws, ref)
    timing.wait(ws, ref, "authority", "decision", until=date(2026, 9, 1))
    assert (main_of(ws, ref).by, main_of(ws, ref).then) == (date(2026, 4, 1), "breach")


def test_whoever_asks_for_somebody_else_shows_a_mandate(ws):
    ref = opened(ws, "access", a_person(ws, regime="pipl_cn"), requester="relative")
    assert main_of(ws, ref).what == "mandate"


@pytest.mark.law("GDPR-12-5")
def test_a_hold_names_its_ground_and_its_end_and_the_clock_that_never_stood(ws):
    ref = opened(ws, "access", a_person(ws))
    timing.hold(ws, ref, "fee", date(2026, 3, 10))
    task = main_of(ws, ref)
    assert (task.what, task.detail, task.who) == ("hold", "fee", "person")
    assert (task.by, task.then) == (date(2026, 3, 10), "goes-on")
    timing.release(ws, ref)
    timing.hold(ws, ref, "legal-hold", date(2026, 9, 1))
    task = main_of(ws, ref)
    assert (task.who, task.by, task.then) == ("officer", date(2026, 4, 1), "breach")


def test_somebody_who_is_not_known_is_refused_or_the_request_expires(ws):
    access, wish = opened(ws, "access", None), opened(ws, "personalisation-off", None)
    assert main_of(ws, access).command == (
        f"tagwarden request deny {access} --ground not-identified"
    )
    assert (main_of(ws, wish).what, main_of(ws, wish).who) == ("nobody", "time")


@pytest.mark.law("GDPR-12-3", "CN-PIPL-50", "CA-7021-b")
@pytest.mark.parametrize(
    ("regime", "last", "article"),
    [
        ("gdpr", date(2026, 4, 1), "GDPR Art. 12(3)"),
        ("pipl_cn", date(2026, 3, 20), "GB/T 35273-2020 8.7"),
        ("ccpa", date(2026, 4, 15), "11 CCR 7021(b)"),
    ],
)
def test_what_is_not_done_in_time_is_a_breach_of_an_article(ws, regime, last, article):
    ref = opened(ws, "access", a_person(ws, regime=regime))
    verified(ws, ref)
    later(ws, (last - date(2026, 3, 1)).days)
    task = main_of(ws, ref)
    assert (task.by, task.days, task.overdue, task.soon) == (last, 0, False, True)
    assert task.then == "breach"
    assert any(article.split("(")[0] in cite for cite in task.cites), task.cites
    later(ws, 1)
    assert main_of(ws, ref).overdue


@pytest.mark.law("CA-7021-b")
def test_what_nobody_proves_expires_and_then_the_person_must_be_told(ws):
    ref = opened(ws, "access", a_person(ws, regime="ccpa"))
    give(ws, ref, "acknowledgement")
    assert main_of(ws, ref).then == "expires"
    later(ws, 50)
    assert main_of(ws, ref).command == "tagwarden request expire"
    timing.expire(ws)
    assert letters_of(ws, ref)["expired"].days == 0
    later(ws, 1)
    assert letters_of(ws, ref)["expired"].overdue
    give(ws, ref)
    assert waiting(ws) == []


@pytest.mark.law("CA-7021-a")
def test_receipt_is_confirmed_within_ten_business_days(ws):
    ref = opened(ws, "access", a_person(ws, regime="ccpa"))
    task = letters_of(ws, ref)["acknowledgement"]
    assert (task.by, task.then) == (date(2026, 3, 13), "breach")
    later(ws, 13)
    assert letters_of(ws, ref)["acknowledgement"].overdue
    give(ws, ref, "acknowledgement")
    assert letters_of(ws, ref) == {}
    assert letters_of(ws, opened(ws, "access", a_person(ws, "8"))) == {}


@pytest.mark.law("GDPR-12-3", "CA-7021-b")
def test_an_extension_counts_only_when_it_was_told_within_the_first_time(ws):
    told, untold = (opened(ws, "access", a_person(ws, n)) for n in ("8", "9"))
    assert main_of(ws, told).extend_until == date(2026, 6, 1)
    for ref in (told, untold):
        verified(ws, ref)
        timing.extend(ws, ref, "number")
        assert main_of(ws, ref).by == date(2026, 6, 1)
        assert letters_of(ws, ref)["extension"].by == date(2026, 4, 1)
        assert main_of(ws, ref).extend_until is None
    give(ws, told, "extension")
    later(ws, 32)
    assert main_of(ws, told).by == date(2026, 6, 1)
    assert main_of(ws, untold).by == date(2026, 4, 1)
    assert main_of(ws, untold).overdue
    assert letters_of(ws, untold)["extension"].overdue


@pytest.mark.law("GDPR-12-4", "CN-PIPL-50")
def test_a_refusal_or_an_answer_that_was_not_told_still_waits(ws):
    refused, done = opened(ws, "access", a_person(ws)), opened(ws, "access", a_person(ws, "8"))
    desk.deny(ws, refused, "excessive")
    verified(ws, done)
    ended(ws, done, Step.FULFIL)
    later(ws, 40)
    assert letters_of(ws, refused)["refusal"].overdue
    assert letters_of(ws, done)["answer"].overdue
    give(ws, refused)
    give(ws, done)
    assert waiting(ws) == []


@pytest.mark.law("CN-ALGO-22")
def test_every_right_about_tags_and_personalisation_has_its_last_day_in_china(ws):
    who = a_person(ws, regime="pipl_cn")
    made = {kind: opened(ws, kind, who) for kind in ("personalisation-off", "rules", "access")}
    for ref in made.values():
        assert main_of(ws, ref).by >= date(2026, 3, 1)
    assert main_of(ws, made["personalisation-off"]).days == 0
    assert main_of(ws, made["rules"]).by == date(2026, 3, 20)


def test_a_choice_that_was_carried_out_needs_no_letter_and_an_untold_refusal_does(ws):
    who = a_person(ws, regime="ccpa")
    done, refused = opened(ws, "opt-out", who), opened(ws, "limit", who)
    ended(ws, done, Step.FULFIL)
    desk.deny(ws, refused, "fraudulent")
    assert [(task.ref, task.detail) for task in waiting(ws)] == [(refused, "refusal")]


def test_what_was_taken_back_or_repeats_another_waits_for_nothing(ws):
    who = a_person(ws)
    first, again = opened(ws, "access", who), opened(ws, "access", who)
    verified(ws, first)
    verified(ws, again)
    executing.revoke(ws, first)
    assert waiting(ws) == []


def test_the_most_urgent_comes_first(ws):
    for number, regime in (("1", "ccpa"), ("2", "gdpr"), ("3", "pipl_cn")):
        verified(ws, opened(ws, "access", a_person(ws, number, regime)))
    days = [task.by for task in waiting(ws)]
    assert days == sorted(days)
    assert waiting(ws)[0].detail == "acknowledgement"


def test_every_code_has_words_and_every_command_exists(ws):
    who = a_person(ws, regime="pipl_cn")
    opened(ws, "access", who)
    opened(ws, "access", None)
    opened(ws, "personalisation-off", None)
    opened(ws, "access", who, requester="relative")
    for number, kind in enumerate(("deletion", "portability", "restriction")):
        verified(ws, opened(ws, kind, a_person(ws, f"p{number}")))
    decided(ws, waiting_for(ws, "deletion"), Step.FULFIL)
    found = waiting(ws)
    known = set(_load("request").commands)
    for task in found:
        assert task.what in WHAT
        assert task.who in WHO
        assert task.then in THEN
        assert shlex.split(task.command)[2] in known
    assert {"question", "nobody", "mandate", "execution", "letter"} <= {task.what for task in found}


def waiting_for(ws, kind):
    return next(task.ref for task in waiting(ws) if task.kind == kind)


def test_the_doctor_of_the_workspace_counts_what_is_overdue_and_soon_due(ws):
    def check():
        return next(one for one in examine(ws) if one.code == "requests")

    assert check().result == "ok"
    ref = opened(ws, "access", a_person(ws))
    verified(ws, ref)
    assert check().result == "ok"
    later(ws, 31 - doctor.SOON_DAYS)
    assert (check().result, check().hint) == ("warn", "tagwarden request doctor")
    later(ws, 10)
    assert check().result == "bad"
    assert "overdue for requests of people: 1" in check().what
