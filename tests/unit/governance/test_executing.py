# SPDX-License-Identifier: Apache-2.0
"""What is done when a request is granted: nothing twice, nothing half, and the next read obeys."""

import json
from datetime import timedelta
from functools import partial

import pytest

from audit.clock import HOUR, FixedClock
from audit.errors import Fault
from governance import authority, choice, consent, erasure
from governance.actor import Actor
from governance.requests import desk, erasing, executing, row, timing
from governance.requests.days import day_here
from governance.requests.desk import Asked
from governance.requests.executing import How
from governance.requests.machine import State
from tests.access import PURPOSE, Shop, a_person
from tests.holding import setting
from tests.workshop import as_reviewer

PLAIN = {"encrypt": False}


@pytest.fixture
def shop(tmp_path):
    opened = Shop(tmp_path)
    yield opened
    opened.close()


def asked(shop, who, kind, target="", **more):
    ref = desk.open_request(shop.ws, Asked(kind, target, **more), who).ref
    with shop.ws.store.read() as connection:
        found = row.load(connection, ref)
    if found.state == State.RECEIVED:
        desk.vouch(shop.ws, ref, "in-person")
    return ref


def stands(shop, ref):
    with shop.ws.store.read() as connection:
        return row.load(connection, ref).state


def chosen(shop, who):
    with shop.ws.store.read() as connection:
        return {(one.kind, one.target) for one in choice.choices(connection, who)}


def code_of(work):
    with pytest.raises(Fault) as caught:
        work()
    return caught.value.code


def granted(shop, ref):
    executing.submit(shop.ws, ref)
    return as_reviewer(shop.ws, lambda: executing.approve(shop.ws, ref))


@pytest.mark.law("GDPR-15", "CN-PIPL-44-45")
def test_a_package_is_made_once_and_for_the_person_only(shop, tmp_path):
    ref, out = asked(shop, a_person(shop), "access"), tmp_path / "me.json"
    done = executing.execute(shop.ws, ref, How(out, "json", **PLAIN))
    assert done.request.state == State.FULFILLED
    assert json.loads(out.read_text("utf-8"))["kind"] == "AccessPackage"
    assert out.stat().st_mode & 0o077 == 0
    again = tmp_path / "again.json"
    assert code_of(lambda: executing.execute(shop.ws, ref, How(again))) == "request-ended"
    assert not again.exists()


def test_a_package_is_sealed_unless_somebody_says_otherwise(shop, tmp_path):
    ref, out = asked(shop, a_person(shop), "access"), tmp_path / "me.age"
    done = executing.execute(shop.ws, ref, How(out))
    assert out.read_bytes().startswith(b"age-encryption.org/")
    assert done.passphrase
    assert done.passphrase not in repr(done)


@pytest.mark.law("GDPR-20")
def test_what_is_taken_along_holds_nothing_that_was_inferred(shop, tmp_path):
    ref, out = asked(shop, a_person(shop), "portability"), tmp_path / "me.json"
    executing.execute(shop.ws, ref, How(out, "json", **PLAIN))
    found = json.loads(out.read_text("utf-8"))
    assert found["kind"] == "PortablePackage"
    assert "interest.tea" not in out.read_text("utf-8")


def test_what_fails_on_the_way_is_repeated_and_nothing_is_begun_without_a_place(shop, tmp_path):
    ref = asked(shop, a_person(shop), "access")
    assert code_of(lambda: executing.execute(shop.ws, ref)) == "needs-out"
    assert stands(shop, ref) == State.OPEN
    there = tmp_path / "there.json"
    there.write_text("mine", "utf-8")
    assert code_of(lambda: executing.execute(shop.ws, ref, How(there, **PLAIN))) == "file-exists"
    assert (stands(shop, ref), there.read_text("utf-8")) == (State.EXECUTING, "mine")
    other = tmp_path / "other.html"
    assert executing.execute(shop.ws, ref, How(other, **PLAIN)).request.state == State.FULFILLED


def test_what_cannot_be_carried_out_goes_back(shop):
    ref = asked(shop, a_person(shop), "access")
    with shop.ws.store.write() as unit:
        desk.start(shop.ws, unit, ref)
    assert executing.stop(shop.ws, ref).state == State.OPEN


@pytest.mark.law("CA-110")
def test_the_categories_are_told_without_the_data(shop):
    ref = asked(shop, shop.admits("C-2", "ccpa"), "categories")
    (line,) = executing.execute(shop.ws, ref).lines[:1]
    assert "C-2" not in line


@pytest.mark.parametrize(
    ("kind", "regime", "target", "held"),
    [
        ("restriction", "gdpr", "", ("restrict", "")),
        ("objection", "gdpr", PURPOSE, ("object", PURPOSE)),
        ("block-tag", "pipl_cn", "interest.tea", ("block-tag", "interest.tea")),
        ("personalisation-off", "pipl_cn", "", ("depersonalise", "")),
        ("opt-out", "ccpa", "", ("opt-out", "")),
        ("limit", "ccpa", "", ("limit", "")),
        ("decisions-opt-out", "ccpa", "", ("admt-opt-out", "")),
    ],
)
def test_a_choice_holds_when_its_request_is_carried_out(shop, kind, regime, target, held):
    who = shop.admits("C-3", regime)
    ref = asked(shop, who, kind, target)
    assert executing.execute(shop.ws, ref).request.state == State.FULFILLED
    assert chosen(shop, who) == {held}


def test_a_blocked_tag_may_be_selected_again(shop):
    who = shop.admits("C-3", "pipl_cn")
    executing.execute(shop.ws, asked(shop, who, "block-tag", "interest.tea"))
    later(shop, 1)
    executing.execute(shop.ws, asked(shop, who, "select-tag", "interest.tea"))
    assert chosen(shop, who) == set()


@pytest.mark.law("GDPR-7-3", "CN-PIPL-15")
def test_a_withdrawal_ends_the_consent(shop):
    who = a_person(shop)
    executing.execute(shop.ws, asked(shop, who, "withdrawal", PURPOSE))
    with shop.ws.store.read() as connection:
        now = consent.state_at(connection, who, PURPOSE, shop.ws.clock.now())
    assert now.given == frozenset()


@pytest.mark.law("CN-PIPL-48")
def test_the_rules_are_explained_to_whoever_asks(shop, tmp_path):
    ref = desk.open_request(shop.ws, Asked("rules", regime="pipl_cn"), None).ref
    out = tmp_path / "rules.html"
    executing.execute(shop.ws, ref, How(out, language="zh"))
    assert "优惠" in out.read_text("utf-8")


@pytest.mark.law("GDPR-15-1-h", "CN-PIPL-24-3")
def test_a_tag_is_explained_in_the_words_for_the_person(shop):
    ref = asked(shop, a_person(shop), "explanation", "interest.tea")
    assert any("Tea lover" in line for line in executing.execute(shop.ws, ref).lines)


@pytest.mark.law("CA-7222")
def test_how_technology_decided_is_told_in_california_to_who_is_well_known_and_by_a_last_day(shop):
    who = shop.admits("C-4", "ccpa")
    for days_ago in (2, 4):
        shop.buys(who, "tea", days_ago)
    shop.runs()
    wanted = Asked("decisions-access", "interest.tea")
    ref = desk.open_request(shop.ws, wanted, who).ref
    desk.vouch(shop.ws, ref, "known-contact")
    assert code_of(lambda: executing.execute(shop.ws, ref)) == "not-verified"
    desk.vouch(shop.ws, ref, "in-person")
    told = "\n".join(executing.execute(shop.ws, ref).lines)
    assert "Tea lover: yes" in told
    assert "the rule asks for" in told
    with shop.ws.store.read() as connection:
        found = row.load(connection, ref)
    assert (found.due - found.received_on).days == 45


@pytest.mark.law("GDPR-16", "CN-PIPL-46")
def test_a_correction_is_decided_and_then_the_sealed_words_count(shop):
    who = a_person(shop)
    ref = asked(shop, who, "correction", "city", said={"value": "Bonn"})
    assert code_of(lambda: executing.execute(shop.ws, ref)) == "needs-review"
    granted(shop, ref)
    assert executing.execute(shop.ws, ref).request.state == State.FULFILLED
    assert attributes(shop, who)["city"] == "Bonn"


def attributes(shop, who):
    with shop.ws.store.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT subject_id, class_id, cell FROM sealedblob WHERE subject_id = ?", (who,)
        ).all()
    cells = [(r.subject_id, r.class_id, r.cell) for r in rows]
    return {k: v for _, _, values in shop.ws.people.unseal(cells) for k, v in values.items()}


@pytest.mark.law("GDPR-18", "GDPR-22-3")
def test_a_contested_tag_is_out_of_use_while_it_is_looked_at(shop):
    who = a_person(shop)
    contested = ("contest-tag", "interest.tea")
    ref = asked(shop, who, "contest-tag", "interest.tea")
    assert contested not in chosen(shop, who)
    executing.submit(shop.ws, ref)
    assert contested in chosen(shop, who)
    later(shop, 1)
    executing.deny(shop.ws, ref, "is-right")
    assert contested not in chosen(shop, who)


def test_a_tag_that_was_wrong_goes_for_good(shop):
    who = a_person(shop)
    ref = asked(shop, who, "contest-tag", "interest.tea")
    granted(shop, ref)
    executing.execute(shop.ws, ref)
    assert ("block-tag", "interest.tea") in chosen(shop, who)


def later(shop, hours):
    shop.ws.clock = FixedClock(shop.ws.clock.now() + hours * HOUR)


@pytest.mark.law("GDPR-17-1")
def test_a_deletion_is_granted_from_its_preview_and_ends_with_a_certificate(shop):
    who = a_person(shop)
    other = asked(shop, who, "access")
    ref = asked(shop, who, "deletion")
    assert code_of(lambda: executing.execute(shop.ws, ref)) == "needs-review"
    assert granted(shop, ref).state == State.EXECUTING
    assert chosen(shop, who) >= {("restrict", "")}
    assert code_of(lambda: executing.execute(shop.ws, ref)) == "erasure-carries-on"
    assert [one.waiting for one in erasing.carry_on(shop.ws)] == ["grace"]
    later(shop, 73)
    erasing.carry_on(shop.ws)
    with shop.ws.store.read() as connection:
        done, severed = row.load(connection, ref), row.load(connection, other)
    assert (done.state, done.subject_id, done.said) == (State.FULFILLED, None, None)
    assert (severed.state, severed.code, severed.subject_id) == (State.DENIED, "erased", None)


def test_a_deletion_is_taken_back_while_it_can_be(shop):
    who = a_person(shop)
    ref = asked(shop, who, "deletion")
    granted(shop, ref)
    later(shop, 1)
    assert executing.revoke(shop.ws, ref).state == State.REVOKED
    assert ("restrict", "") not in chosen(shop, who)
    ref = asked(shop, who, "deletion")
    granted(shop, ref)
    later(shop, 73)
    erasing.carry_on(shop.ws)
    assert code_of(lambda: executing.revoke(shop.ws, ref)) == "request-ended"


def test_all_officers_together_do_not_erase_many_people_in_an_hour(shop):
    setting(shop.ws, erasure_max_per_hour=2)
    refs = [asked(shop, a_person(shop, f"C-{n}"), "deletion") for n in range(4)]
    assert [granted(shop, ref).state for ref in refs[:2]] == [State.EXECUTING] * 2
    assert code_of(lambda: granted(shop, refs[2])) == "too-many-deletions"
    assert stands(shop, refs[2]) == State.IN_REVIEW
    tag = asked(shop, a_person(shop, "C-9"), "deletion", "tag:interest.tea")
    assert granted(shop, tag).state == State.EXECUTING  # nobody is gone by that
    authority.add(shop.ws, "third", ["dpo"])
    first, shop.ws.actor = shop.ws.actor, Actor("third", "dpo")
    assert code_of(lambda: executing.approve(shop.ws, refs[2])) == "too-many-deletions"
    shop.ws.actor = first
    later(shop, 2)
    as_reviewer(shop.ws, lambda: executing.approve(shop.ws, refs[2]))
    assert granted(shop, refs[3]).state == State.EXECUTING
    for ref in refs:
        executing.revoke(shop.ws, ref)
    later(shop, 73)
    erasing.carry_on(shop.ws)
    with shop.ws.store.read() as connection:
        assert len(row.select(connection, "subject_id IS NOT NULL")) == 5  # and everybody is there


def test_a_deletion_on_its_way_is_not_put_back_among_the_open_ones(shop):
    ref = asked(shop, a_person(shop), "deletion")
    granted(shop, ref)
    assert code_of(lambda: executing.stop(shop.ws, ref)) == "erasure-carries-on"
    later(shop, 73)
    erasing.carry_on(shop.ws)
    assert stands(shop, ref) == State.FULFILLED


def test_a_tag_that_was_on_its_way_ends_with_the_person(shop):
    who = a_person(shop)
    part = asked(shop, who, "deletion", "tag:interest.tea")
    granted(shop, part)
    ref = asked(shop, who, "deletion")
    granted(shop, ref)
    later(shop, 73)
    erasing.carry_on(shop.ws, ref)
    erasing.carry_on(shop.ws)
    assert (stands(shop, ref), stands(shop, part)) == (State.FULFILLED, State.FULFILLED)
    mine, whole = (erasure.certificate_of(shop.ws, one) for one in (part, ref))
    assert mine == whole
    assert shop.ws.evidence.verify().good


def test_a_preview_that_is_too_old_is_not_enough(shop):
    ref = asked(shop, a_person(shop), "deletion")
    executing.submit(shop.ws, ref)
    later(shop, 25)
    approve = as_reviewer(shop.ws, lambda: code_of(lambda: executing.approve(shop.ws, ref)))
    assert (approve, stands(shop, ref)) == ("preview-stale", State.IN_REVIEW)
    desk.hand_back(shop.ws, ref)
    assert granted(shop, ref).state == State.EXECUTING


def test_only_a_tag_goes_when_only_a_tag_was_asked_for(shop):
    who = a_person(shop)
    ref = asked(shop, who, "deletion", "tag:interest.tea")
    granted(shop, ref)
    erasing.carry_on(shop.ws)
    assert stands(shop, ref) == State.FULFILLED
    assert ("block-tag", "interest.tea") in chosen(shop, who)
    assert attributes(shop, who)["city"]


def test_an_unverified_deletion_has_no_preview(shop):
    ref = desk.open_request(shop.ws, Asked("deletion"), a_person(shop)).ref
    assert code_of(lambda: erasing.preview(shop.ws, ref)) == "not-verified"
    assert code_of(lambda: executing.submit(shop.ws, ref)) == "not-verified"


def test_a_clerk_carries_out_what_needs_no_decision(shop):
    authority.add(shop.ws, "clerk", ["dsr"])
    who, shop.ws.actor = shop.admits("C-9", "pipl_cn"), Actor("clerk", "dsr")
    ref = asked(shop, who, "personalisation-off")
    assert executing.execute(shop.ws, ref).request.state == State.FULFILLED


@pytest.mark.law("GDPR-12-3")
def test_what_waits_for_somebody_outside_goes_no_further_until_that_arrived_or_without_it(shop):
    who = a_person(shop)
    ref = asked(shop, who, "access")
    soon = day_here(shop.ws) + timedelta(days=3)
    timing.wait(shop.ws, ref, "processor", "data", until=soon)
    out = shop.ws.paths.root.parent / "package.html"
    how = How(out, **PLAIN)
    assert code_of(lambda: executing.execute(shop.ws, ref, how)) == "waits-outside"
    assert not out.exists()
    again = lambda: timing.wait(shop.ws, ref, "authority", "decision", until=soon)  # noqa: E731
    assert code_of(again) == "waiting-already"
    timing.arrive(shop.ws, ref)
    assert code_of(lambda: timing.arrive(shop.ws, ref)) == "not-waiting"
    assert executing.execute(shop.ws, ref, how).request.state == State.FULFILLED
    with shop.ws.store.read() as connection:
        found = [(one.step, one.code) for one in row.steps(connection, ref)]
    assert ("wait", "processor:data") in found
    assert ("arrive", "arrived") in found


def test_a_correction_that_was_granted_waits_before_anything_is_changed(shop):
    who = a_person(shop)
    ref = asked(shop, who, "contest-tag", "interest.tea")
    granted(shop, ref)
    timing.wait(shop.ws, ref, "controller", "instruction", until=day_here(shop.ws))
    assert code_of(lambda: executing.execute(shop.ws, ref)) == "waits-outside"
    timing.arrive(shop.ws, ref, without=True)
    assert executing.execute(shop.ws, ref).request.state == State.FULFILLED


def test_for_whom_and_for_what_is_a_code_and_a_deletion_that_is_approved_waits_for_nobody(shop):
    who = a_person(shop)
    ref = asked(shop, who, "deletion")
    today = day_here(shop.ws)
    wait = partial(timing.wait, shop.ws, ref)
    assert code_of(lambda: wait("Lena Maier", "data", until=today)) == "unknown-outside"
    assert code_of(lambda: wait("processor", "her letter", until=today)) == "unknown-awaited"
    yesterday = today - timedelta(days=1)
    assert code_of(lambda: wait("processor", "data", until=yesterday)) == "bad-day"
    assert code_of(lambda: wait("processor", "data", until=today, since=yesterday)) == "bad-day"
    wait("processor", "data", until=today)
    assert code_of(lambda: executing.submit(shop.ws, ref)) == "waits-outside"
    timing.arrive(shop.ws, ref)
    granted(shop, ref)
    assert code_of(lambda: wait("processor", "data", until=today)) == "erasure-carries-on"


def test_the_person_reads_for_whom_it_waited_in_words(shop, tmp_path):
    who = a_person(shop)
    ref, out = asked(shop, who, "access"), tmp_path / "me.json"
    timing.wait(shop.ws, ref, "processor", "data", until=day_here(shop.ws))
    timing.arrive(shop.ws, ref)
    executing.execute(shop.ws, ref, How(out, "json", **PLAIN))
    text = out.read_text("utf-8")
    assert "a processor that works for us: what it holds about the person" in text


def test_what_the_law_lets_nobody_refuse_is_said(shop):
    ref = asked(shop, shop.admits("C-3", "pipl_cn"), "rules")
    with pytest.raises(Fault) as caught:
        executing.deny(shop.ws, ref, "excessive")
    assert caught.value.hint == "the law knows none: it is carried out"
