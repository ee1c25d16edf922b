# SPDX-License-Identifier: Apache-2.0
"""Proof of identity: who is written to, what counts, what nobody learns, and what never happens."""

import json
import re
import statistics
import time
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import event

from audit.clock import DAY, HOUR, SECOND
from audit.errors import Conflict, Refused
from governance import authority, retention
from governance.actor import Actor
from governance.choice import choices
from governance.identity import challenges, mandate
from governance.identity.contacts import contacts
from governance.identity.messages import send_waiting
from governance.identity.notices import cancel, notify_all
from governance.requests import desk, erasing, executing, proving, row
from governance.requests.machine import State
from governance.settings import Settings
from tests.knowing import CLERK, Post, code_in, token_in
from tests.workshop import as_reviewer, code_of

ATTACKER = "eve@elsewhere.example"
WRONG = "00000000"


@pytest.fixture
def post(tmp_path):
    opened = Post(tmp_path)
    yield opened
    opened.close()


def with_settings(ws, **changes):
    values = {name.replace("__", "."): value for name, value in changes.items()}
    ws.settings = Settings({**ws.settings.values, **values}, ws.settings.origins)


def entries(post, act):
    post.ws.evidence.drain()
    found = [json.loads(entry) for entry in post.ws.evidence.entries()]
    return [entry for entry in found if entry["act"] == act]


# --- who is written to ---------------------------------------------------------------------


@pytest.mark.law("CA-7060", "GDPR-12-6")
def test_a_code_goes_to_a_contact_on_file_and_makes_the_person_known(post):
    who = post.person(email="ann@shop.example", city="Köln")
    ref = post.asks(who, "restriction")
    asked = post.challenged(ref)
    assert (asked.state, asked.minutes) == ("verifying", 15)
    assert post.last()["To"] == "ann@shop.example"
    after = proving.answer(post.ws, ref, code_in(post.last()))
    assert (after.state, after.known) == (State.OPEN, 1)
    assert [e["obj"]["level"] for e in entries(post, "identity.proved")] == [1]


def test_the_token_of_the_link_does_as_well_as_the_code(post):
    with_settings(post.ws, delivery__link="https://shop.example/confirm")
    ref = post.asks(post.person(email="ann@shop.example"), "restriction")
    post.challenged(ref)
    token = re.search(rf"confirm#{ref}\.([\w-]{{43}})\n", post.last().get_content())[1]
    assert proving.answer(post.ws, ref, f" {token}\n").state == State.OPEN


def test_an_address_that_somebody_writes_into_a_request_is_never_written_to(post):
    who = post.person(email="ann@shop.example", phone="+49 170 1234567")
    said = {"statement": f"write to {ATTACKER}", "email": ATTACKER, "contact": ATTACKER}
    for requester in ("self", "agent"):
        ref = post.asks(who, said=said, requester=requester)
        for contact in ("", "phone", "email"):
            post.challenged(ref, contact)
    with post.ws.store.write() as unit:
        notify_all(post.ws, unit, ref, who)
    send_waiting(post.ws)
    to = {letter["To"] or letter["X-Phone"] for letter in post.sent()}
    assert to == {"ann@shop.example", "+49 170 1234567"}
    assert all(ATTACKER not in letter.as_string() for letter in post.sent())


def test_only_attributes_of_the_categories_of_contacts_are_contacts(post):
    who = post.person(
        email="ann@shop.example", street="x@street.example", city="y@city.example", phone="n/a"
    )
    with post.ws.store.read() as connection:
        found = contacts(post.ws, connection, who)
    assert [(one.kind, one.masked) for one in found] == [("email", "a…@s….example")]
    assert "ann" not in repr(found)


@pytest.mark.parametrize(
    "value", ["a@b.example\nBcc: eve@x.example", "a@b.example, eve@x.example", "<a@b.example>", "a"]
)
def test_a_value_that_is_no_address_is_no_contact(post, value):
    ref = post.asks(post.person(email=value))
    post.challenged(ref)
    assert post.sent() == []


def test_contacts_are_shown_masked_and_the_look_is_on_record(post):
    ref = post.asks(post.person(email="ann@shop.example", phone="+49 170 1234567"))
    found = proving.contacts_on_file(post.ws, ref)
    assert [one.masked for one in found] == ["a…@s….example", "…67"]
    assert [e["obj"]["what"] for e in entries(post, "read.subject")] == ["contacts"]
    assert proving.contacts_on_file(post.ws, post.asks(None)) == []


def test_a_letter_speaks_the_language_of_the_person_and_its_subject_holds_no_secret(post):
    who = post.person(email="ann@shop.example")
    with post.ws.store.write() as unit:
        unit.connection.exec_driver_sql(
            "INSERT INTO consentevent (subject_id, purpose, state, kind, at, language, recorded_at, "
            "notice, surface, source) VALUES (?, 'p', 'given', '', 0, 'zh-CN', 0, '', '', '')",
            (who,),
        )
    ref = post.asks(who)
    post.challenged(ref)
    letter = post.last()
    assert "请确认" in letter["Subject"]
    assert code_in(letter) not in letter["Subject"]
    assert ref in letter.get_content()


# --- what counts ---------------------------------------------------------------------------


@pytest.mark.law("CA-7060")
def test_two_different_contacts_make_a_person_highly_known(post):
    ref = post.asks(post.person(email="ann@shop.example", phone="+49 170 1234567"))
    assert post.proven(ref).state == State.VERIFYING
    after = post.proven(ref)
    assert (after.state, after.known) == (State.OPEN, 2)
    assert {letter["To"] or letter["X-Phone"] for letter in post.sent()} == {
        "ann@shop.example",
        "+49 170 1234567",
    }


def test_one_contact_under_two_names_is_one_contact(post):
    ref = post.asks(post.person(email="ann@shop.example", work_email="ann@shop.example"))
    post.proven(ref)
    count = len(post.sent())
    post.challenged(ref)
    assert len(post.sent()) == count
    assert entries(post, "identity.messaged")[-1]["obj"]["why"] == "no-contact"
    assert post.request(ref).known == 1


@pytest.mark.law("CA-7060")
def test_a_contact_and_two_data_make_a_person_highly_known(post):
    who = post.person(email="ann@shop.example", city="Köln", plan="Gold Plus")
    ref = post.asks(who)
    stated = {"city": " KÖLN ", "plan": "goldplus"}
    assert code_of(lambda: proving.state_data(post.ws, ref, stated)) == "proof-refused"
    post.proven(ref)
    assert code_of(lambda: proving.state_data(post.ws, ref, {"city": "Köln"})) == "too-few-points"
    after = proving.state_data(post.ws, ref, stated)
    assert (after.state, after.known) == (State.OPEN, 2)


def test_what_is_stated_is_counted_over_the_life_of_a_request(post):
    who = post.person(email="ann@shop.example", city="Köln", plan="gold")
    ref = post.asks(who)
    post.proven(ref)
    for city in ("Bonn", "Rom", "Paris", "", "Köln "):
        wrong = {"city": city, "plan": "silver"}
        assert code_of(lambda said=wrong: proving.state_data(post.ws, ref, said)) == "proof-refused"
    post.ws.clock.at += 2 * DAY
    right = {"city": "Köln", "plan": "gold"}
    assert code_of(lambda: proving.state_data(post.ws, ref, right)) == "proof-refused"


def test_neither_contacts_nor_sensitive_data_nor_what_is_not_on_file_are_points(post):
    who = post.person(email="ann@shop.example", city="Köln", phone="+49 170 1234567")
    post.has(who, class_id=2, diet="halal")
    ref = post.asks(who)
    post.proven(ref)
    for other in ({"email": "ann@shop.example"}, {"diet": "halal"}, {"shoe": ""}, {"plan": ""}):
        stated = {"city": "Köln", **other}
        assert (
            code_of(lambda said=stated: proving.state_data(post.ws, ref, said)) == "proof-refused"
        )


def test_a_secret_counts_once_in_time_and_for_its_own_request(post):
    who = post.person(email="ann@shop.example")
    one, two = post.asks(who), post.asks(who)
    post.challenged(one)
    code = code_in(post.last())
    post.challenged(two)
    assert code_of(lambda: proving.answer(post.ws, two, code)) == "proof-refused"
    proving.answer(post.ws, one, code)
    assert code_of(lambda: proving.answer(post.ws, one, code)) == "proof-refused"
    late = code_in(post.last())
    post.ws.clock.at += 15 * 60 * SECOND
    assert code_of(lambda: proving.answer(post.ws, two, late)) == "proof-refused"


def test_a_clock_that_goes_back_makes_no_code_valid_again(post):
    who = post.person(email="ann@shop.example")
    ref = post.asks(who)
    post.challenged(ref)
    code = code_in(post.last())
    post.ws.clock.at += DAY
    post.asks(who, "portability")  # its entry carries the later time
    post.ws.clock.at -= DAY
    assert code_of(lambda: proving.answer(post.ws, ref, code)) == "proof-refused"


def test_a_new_code_takes_the_place_of_the_one_before(post):
    ref = post.asks(post.person(email="ann@shop.example"))
    post.challenged(ref)
    first = code_in(post.last())
    post.challenged(ref)
    assert code_of(lambda: proving.answer(post.ws, ref, first)) == "proof-refused"
    assert proving.answer(post.ws, ref, code_in(post.last())).known == 1


def test_five_attempts_and_then_the_right_code_is_refused_too(post):
    ref = post.asks(post.person(email="ann@shop.example"))
    post.challenged(ref)
    for _ in range(challenges.TRIES):
        assert code_of(lambda: proving.answer(post.ws, ref, WRONG)) == "proof-refused"
    right = code_in(post.last())
    assert code_of(lambda: proving.answer(post.ws, ref, right)) == "proof-refused"
    assert len(entries(post, "identity.refused")) == challenges.TRIES


def test_three_challenges_a_day_for_a_person_over_all_requests_in_their_name(post):
    who = post.person(email="ann@shop.example")
    refs = [post.asks(who) for _ in range(4)]
    for ref in refs:
        assert post.challenged(ref).state == "verifying"
    assert len(post.sent()) == challenges.PER_PERSON
    code = code_in(post.last())
    post.challenged(refs[2])  # over the limit: what went out still counts
    assert proving.answer(post.ws, refs[2], code).known == 1
    post.ws.clock.at += DAY + 1
    post.challenged(refs[3])
    assert len(post.sent()) == challenges.PER_PERSON + 1


def test_over_the_limit_of_the_hour_nobody_is_challenged_known_or_not(post):
    with_settings(post.ws, identity__max_per_hour=2)
    refs = [post.asks(post.person(email="a@shop.example")), post.asks(None), post.asks(None)]
    assert [code_of(lambda r=ref: proving.challenge(post.ws, r)) for ref in refs] == [
        "",
        "",
        "too-many-challenges",
    ]
    known = post.asks(post.person(email="b@shop.example"))
    assert code_of(lambda: proving.challenge(post.ws, known)) == "too-many-challenges"
    assert post.request(known).state == State.RECEIVED


@pytest.mark.law("CA-7060")
def test_a_contact_that_changed_lately_does_not_count_for_an_erasure(post):
    who = post.person(at=post.ws.clock.now() - 13 * DAY, email="new@shop.example")
    deletion, access = post.asks(who, "deletion"), post.asks(who)
    post.challenged(deletion)
    assert post.sent() == []
    assert entries(post, "identity.messaged")[-1]["obj"]["why"] == "changed-lately"
    post.challenged(access)
    assert len(post.sent()) == 1
    post.ws.clock.at += DAY
    post.challenged(deletion)
    assert len(post.sent()) == 2


# --- what nobody learns --------------------------------------------------------------------


def test_known_and_unknown_people_get_the_same_answers_to_the_same_steps(post):
    def told(who):
        ref = post.asks(who)
        steps = [vars_of(post.challenged(ref))]
        for _ in range(challenges.TRIES + 2):
            try:
                proving.answer(post.ws, ref, WRONG)
            except Refused as fault:
                steps.append((fault.code, fault.message, fault.hint))
        steps += [vars_of(post.challenged(ref)) for _ in range(3)]
        now = post.request(ref)
        return [*steps, now.state, now.known, now.asked_on, now.due]

    def vars_of(asked):
        return replace(asked, ref="")

    people = [post.person(email="ann@shop.example"), post.person(city="Köln"), None]
    known, unreachable, unknown = map(told, people)
    assert known == unreachable == unknown


def test_rows_of_known_and_unknown_people_are_alike(post):
    refs = [post.asks(post.person(email="ann@shop.example")), post.asks(None)]
    for ref in refs:
        proving.challenge(post.ws, ref)
    one, two = (post.rows(ref)[0] for ref in refs)
    shown = ("purpose", "contact", "attribute", "tries", "expires_at", "used_at")
    assert [getattr(one, name) for name in shown] == [getattr(two, name) for name in shown]
    assert [len(one.code), len(one.token)] == [len(two.code), len(two.token)] == [32, 32]


def test_an_unknown_request_is_refused_as_a_wrong_code_is(post):
    assert code_of(lambda: proving.answer(post.ws, "rq-nothing", WRONG)) == "proof-refused"


def test_the_same_statements_and_keys_are_worked_through_for_nobody(post, monkeypatch):
    from governance.vault import people

    done, key = [], people.pseudonym_key

    def unwrapped(*given):
        done.append("key")
        return key(*given)

    monkeypatch.setattr(people, "pseudonym_key", unwrapped)
    event.listen(
        post.ws.store.engine, "before_cursor_execute", lambda *given: done.append(given[2])
    )

    def work(who):
        ref = post.asks(who)
        done.clear()
        proving.challenge(post.ws, ref)
        for _ in range(challenges.TRIES + 1):
            assert code_of(lambda: proving.answer(post.ws, ref, WRONG)) == "proof-refused"
        return sorted(done)

    known, unreachable, unknown = map(
        work, [post.person(email="ann@shop.example"), post.person(city="Köln"), None]
    )
    assert known == unreachable == unknown
    assert known.count("key") == 2 + challenges.TRIES


@pytest.mark.slow
def test_it_takes_the_same_time_for_known_and_unknown_people(post):
    """Of the processor: the disk of a machine that tests share says nothing."""
    with_settings(post.ws, identity__max_per_hour=10_000)
    people = [
        lambda: post.person(email="a@shop.example"),
        lambda: post.person(city="x"),
        lambda: None,
    ]
    took = [[] for _ in people]
    for _ in range(120):
        for times, make in zip(took, people, strict=True):
            ref = post.asks(make())
            start = time.process_time()
            proving.challenge(post.ws, ref)
            assert code_of(lambda r=ref: proving.answer(post.ws, r, WRONG)) == "proof-refused"
            times.append(time.process_time() - start)
    medians = [statistics.median(times) for times in took]
    assert max(medians) / min(medians) < 1.1, medians


# --- what is sent, and when ----------------------------------------------------------------


def test_without_a_way_to_send_nothing_is_begun(post):
    with_settings(post.ws, delivery__folder="")
    ref = post.asks(post.person(email="ann@shop.example"))
    assert code_of(lambda: proving.challenge(post.ws, ref)) == "no-delivery"
    with_settings(post.ws, delivery__folder=str(post.folder / "data" / "post"))
    assert code_of(lambda: proving.challenge(post.ws, ref)) == "delivery-place"
    assert post.rows(ref) == []
    assert post.request(ref).state == State.RECEIVED


def test_a_program_gets_the_message_on_its_input_and_never_in_its_arguments(post, tmp_path):
    program = tmp_path / "send.py"
    program.write_text(
        "import json, sys\n"
        "json.dump({'argv': sys.argv, 'message': json.load(sys.stdin)}, open(sys.argv[1], 'w'))\n"
    )
    got = tmp_path / "got it.json"
    with_settings(post.ws, delivery__command=f"/usr/bin/env python3 '{program}' '{got}'")
    ref = post.asks(post.person(phone="+49 170 1234567"), "restriction")
    post.challenged(ref)
    seen = json.loads(got.read_text("utf-8"))
    assert seen["argv"] == [str(program), str(got)]
    assert (seen["message"]["kind"], seen["message"]["to"]) == ("phone", "+49 170 1234567")
    code = re.search(r"\b\d{8}\b", seen["message"]["text"])[0]
    assert proving.answer(post.ws, ref, code).state == State.OPEN


@pytest.mark.parametrize("command", ["/bin/false", "/no/such/program", "/bin/sleep 5"])
def test_what_could_not_be_sent_waits_and_is_made_anew(post, command):
    with_settings(post.ws, delivery__command=command, delivery__seconds=1)
    ref = post.asks(post.person(email="ann@shop.example"))
    proving.challenge(post.ws, ref)
    assert send_waiting(post.ws).failed == 1
    before = post.rows(ref)[0]
    with_settings(post.ws, delivery__command="")
    assert send_waiting(post.ws).sent == 1
    after = post.rows(ref)[0]
    assert before.code != after.code
    assert send_waiting(post.ws).sent == 0
    assert proving.answer(post.ws, ref, code_in(post.last())).known == 1


def test_a_letter_is_for_its_owner_only_and_no_secret_stays_in_the_workspace(post):
    ref = post.asks(post.person(email="ann@shop.example"))
    post.challenged(ref)
    (letter,) = post.letters.glob("*.eml")
    assert letter.stat().st_mode & 0o777 == 0o600
    secret = code_in(post.last()).encode()
    for path in post.folder.rglob("*"):
        assert not path.is_file() or secret not in path.read_bytes(), path.name
    assert b"ann@shop" not in b"".join(post.ws.evidence.entries())


def test_two_who_send_at_once_do_not_kill_each_others_secret(post, monkeypatch):
    from governance import delivery

    ref = post.asks(post.person(email="ann@shop.example"))
    proving.challenge(post.ws, ref)
    real, inner = delivery.hand_over, []

    def meanwhile(ws, message):
        if not inner:
            inner.append(send_waiting(ws))
        real(ws, message)

    monkeypatch.setattr(delivery, "hand_over", meanwhile)
    assert send_waiting(post.ws).sent == 1
    assert inner[0].sent == 0
    assert proving.answer(post.ws, ref, code_in(post.last())).known == 1


def test_a_message_for_a_request_that_ended_does_not_go_out(post):
    ref = post.asks(post.person(email="ann@shop.example"))
    proving.challenge(post.ws, ref)
    executing.revoke(post.ws, ref)
    assert send_waiting(post.ws).sent == 0
    assert post.sent() == []


# --- what never happens --------------------------------------------------------------------


def test_nothing_is_carried_out_for_somebody_who_did_not_show_who_they_are(post):
    ref = post.asks(post.person(email="ann@shop.example", phone="+49 170 1234567"))
    post.challenged(ref)
    assert code_of(lambda: proving.answer(post.ws, ref, WRONG)) == "proof-refused"
    post.challenged(ref)
    proving.answer(post.ws, ref, code_in(post.last()))  # one contact; access needs two proofs
    with post.ws.store.write() as unit:
        assert code_of(lambda: desk.start(post.ws, unit, ref)) == "not-verified"
    assert code_of(lambda: desk.submit(post.ws, ref)) == "not-verified"
    assert post.request(ref).state == State.VERIFYING


def test_requests_of_others_in_a_persons_name_do_not_block_their_own(post):
    who = post.person(email="ann@shop.example")
    false = [post.asks(who, "restriction") for _ in range(20)]
    post.challenged(false[0])
    post.challenged(false[1])
    mine = post.asks(who, "restriction")
    assert post.proven(mine).state == State.OPEN
    assert all(post.request(ref).state in (State.RECEIVED, State.VERIFYING) for ref in false)


def test_who_may_not_handle_requests_may_neither_ask_nor_answer(post):
    ref = post.asks(post.person(email="ann@shop.example"))
    authority.add(post.ws, "writer", ["tagger"])
    post.ws.actor = Actor("writer")
    for work in (
        lambda: proving.challenge(post.ws, ref),
        lambda: proving.answer(post.ws, ref, WRONG),
        lambda: proving.state_data(post.ws, ref, {"a": "b", "c": "d"}),
        lambda: proving.mandate_seen(post.ws, ref, "M-1"),
        lambda: proving.mandate_signed(post.ws, ref, b"{}"),
        lambda: proving.contacts_on_file(post.ws, ref),
        lambda: send_waiting(post.ws),
    ):
        assert code_of(work) == "not-permitted"


# --- agents, guardians ---------------------------------------------------------------------


@pytest.mark.law("CA-7063")
def test_an_agent_goes_on_when_an_officer_has_seen_the_signed_permission(tmp_path):
    post = Post(tmp_path, regime="ccpa")
    ref = post.asks(post.person(email="ann@shop.example"), "opt-out", requester="agent")
    assert post.request(ref).state == State.RECEIVED
    post.ws.actor, officer = CLERK, post.ws.actor
    assert code_of(lambda: proving.mandate_seen(post.ws, ref, "M-1")) == "not-permitted"
    post.ws.actor = officer
    assert code_of(lambda: proving.mandate_seen(post.ws, ref, "Ann's letter")) == "bad-code"
    after = proving.mandate_seen(post.ws, ref, "M-1")
    assert (after.state, after.mandate) == (State.OPEN, "doc:M-1")
    post.close()


@pytest.mark.law("CA-7063")
def test_a_person_confirms_an_agent_through_a_contact_on_file(post):
    who = post.person(email="ann@shop.example")
    ref = post.asks(who, "restriction", requester="agent")
    desk.vouch(post.ws, ref, "known-contact")
    assert post.request(ref).state == State.RECEIVED
    post.challenged(ref)
    assert "act for you" in post.last().get_content()
    after = proving.answer(post.ws, ref, code_in(post.last()))
    assert (after.state, after.mandate) == (State.OPEN, "confirmed")


@pytest.mark.law("CA-7063")
def test_a_mandate_counts_when_the_key_on_file_signed_it_for_this_request(post):
    with_settings(post.ws, identity__key_attribute="key")
    key = Ed25519PrivateKey.generate()
    who = post.person(
        email="ann@shop.example", key=f"ed25519:{key.public_key().public_bytes_raw().hex()}"
    )
    ref = post.asks(who, "restriction", requester="agent")
    good = {"ref": ref, "agent": "Agency", "kinds": ["restriction"], "until": "2027-01-01"}

    def given(by=key, **changes):
        said = mandate.Mandate.model_validate({**good, **changes})
        data = {
            "mandate": said.model_dump(mode="json"),
            "signature": by.sign(mandate.signed_part(said)).hex(),
        }
        return code_of(
            lambda: proving.mandate_signed(post.ws, ref, json.dumps(data).encode("utf-8"))
        )

    assert given(by=Ed25519PrivateKey.generate()) == "proof-refused"
    assert given(ref="rq-other") == "proof-refused"
    assert given(kinds=["deletion"]) == "proof-refused"
    assert given(until="2026-01-01") == "proof-refused"
    assert code_of(lambda: proving.mandate_signed(post.ws, ref, b"[" * 9999)) == "bad-mandate"
    assert given() == ""
    assert post.request(ref).mandate == "signed"
    assert post.proven(ref).state == State.OPEN
    mine = post.asks(who)
    assert code_of(lambda: proving.mandate_seen(post.ws, mine, "M-1")) == "no-mandate-needed"


def test_a_guardian_is_not_confirmed_through_the_childs_contact(post):
    ref = post.asks(post.person(email="kid@shop.example"), "restriction", requester="guardian")
    after = post.proven(ref)
    assert (after.state, after.mandate, after.known) == (State.VERIFYING, "", 1)
    assert proving.mandate_seen(post.ws, ref, "birth/17").state == State.OPEN


# --- notices -------------------------------------------------------------------------------


def noticed(post):
    who = post.person(email="ann@shop.example", phone="+49 170 1234567")
    ref = post.asks(who, "deletion")
    with post.ws.store.write() as unit:
        assert notify_all(post.ws, unit, ref, who) == 2
        assert notify_all(post.ws, unit, ref, who) == 0
    assert send_waiting(post.ws).sent == 2
    return ref


def test_every_contact_hears_of_an_erasure_and_each_can_stop_it_once(post):
    ref, done = noticed(post), []
    assert {letter["To"] or letter["X-Phone"] for letter in post.sent()} == {
        "ann@shop.example",
        "+49 170 1234567",
    }
    one, two = map(token_in, post.sent())
    for _ in range(20):  # nobody can use the way out up
        assert code_of(lambda: cancel(post.ws, ref, WRONG, done.append)) == "proof-refused"
    cancel(post.ws, ref, two, done.append)
    assert len(done) == 1
    assert code_of(lambda: cancel(post.ws, ref, one, done.append)) == "proof-refused"
    assert len(entries(post, "identity.cancelled")) == 1


def test_a_stop_that_fails_leaves_the_secret_good(post):
    ref = noticed(post)
    token = token_in(post.last())

    def fails(_unit):
        raise Conflict("busy", "not now")

    assert code_of(lambda: cancel(post.ws, ref, token, fails)) == "busy"
    cancel(post.ws, ref, token, lambda _: None)


def test_after_the_grace_nothing_is_stopped(post):
    ref = noticed(post)
    token = token_in(post.last())
    post.ws.clock.at += 3 * DAY
    assert code_of(lambda: cancel(post.ws, ref, token, lambda _: None)) == "proof-refused"


def test_a_code_of_a_challenge_stops_nothing_and_a_stop_proves_nothing(post):
    ref = noticed(post)
    token = token_in(post.last())
    assert code_of(lambda: proving.answer(post.ws, ref, token)) == "proof-refused"
    post.challenged(ref)
    code = code_in(post.last())
    assert code_of(lambda: cancel(post.ws, ref, code, lambda _: None)) == "proof-refused"


def test_rows_are_forgotten_when_they_serve_nothing_any_more(post):
    old = post.asks(None)
    proving.challenge(post.ws, old)
    post.ws.clock.at += challenges.KEPT + DAY
    fresh = post.asks(post.person(email="ann@shop.example"))
    post.challenged(fresh)
    retention.run(post.ws)
    assert post.rows(old) == []
    assert len(post.rows(fresh)) == 1


def test_whoever_reads_the_mail_of_the_person_stops_a_deletion_in_somebody_elses_name(post):
    ws, who = post.ws, post.person(email="ann@shop.example", phone="+49 170 1234567")
    ref = post.asks(who, "deletion")
    desk.vouch(ws, ref, "in-person")
    executing.submit(ws, ref)
    as_reviewer(ws, lambda: executing.approve(ws, ref))
    told = post.sent()
    assert {letter["To"] or letter["X-Phone"] for letter in told} == {
        "ann@shop.example",
        "+49 170 1234567",
    }
    with pytest.raises(Refused, match="does not show who"):
        executing.stop_with_code(ws, ref, "A" * 43)
    ws.clock.at += HOUR
    executing.stop_with_code(ws, ref, token_in(told[0]))
    with ws.store.read() as connection:
        assert row.load(connection, ref).state == State.REVOKED
        assert choices(connection, who) == []


def test_a_deletion_that_is_committed_is_not_stopped_by_its_code(post):
    ws, who = post.ws, post.person(email="ann@shop.example")
    ref = post.asks(who, "deletion")
    desk.vouch(ws, ref, "in-person")
    executing.submit(ws, ref)
    as_reviewer(ws, lambda: executing.approve(ws, ref))
    code = token_in(post.sent()[0])
    ws.clock.at += 73 * HOUR
    erasing.carry_on(ws)
    with pytest.raises(Refused, match="does not show who"):
        executing.stop_with_code(ws, ref, code)
    with ws.store.read() as connection:
        assert row.load(connection, ref).state == State.FULFILLED
