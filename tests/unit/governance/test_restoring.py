# SPDX-License-Identifier: Apache-2.0
"""A control store that was put back from a copy: what protects people holds again, the rest is told."""

import shutil
from contextlib import closing

import pytest

from audit.clock import DAY, FixedClock, from_micros
from governance import choice, consent, erasure, holds, purpose, restoring
from governance.budget import ledger, limits
from governance.budget.verification import verify
from governance.choice import ChoiceFact
from governance.consent import ConsentFact
from governance.erasure import EVERYTHING, Scope
from tagging.segmentation.accounting import PrivacyBudget
from tests.access import Shop
from tests.access import a_person as buyer
from tests.erasing import REF, begun, erased, later
from tests.holding import body, held, kinds_of
from tests.ledger import a_request
from tests.unit.governance.test_asking_again import PURPOSE, PURPOSES, a_person
from tests.workshop import NOON, a_workspace, as_reviewer, code_of, reopened

DAY_AHEAD = from_micros(NOON + 60 * DAY).date()


@pytest.fixture
def ws(tmp_path):
    opened = a_workspace(tmp_path, clock=FixedClock(NOON))
    (tmp_path / "purposes.yaml").write_text(PURPOSES, "utf-8")
    purpose.apply(opened, [tmp_path / "purposes.yaml"])
    yield opened
    opened.close()


def put_back(ws, then):
    """Copy the control store, go on with the original, put the copy back; give it reopened."""
    copy = ws.paths.root / "copy.db"
    ws.close()
    shutil.copy(ws.paths.control, copy)
    with closing(reopened(ws.paths.root)) as later:
        later.clock = FixedClock(NOON + DAY)
        then(later)
    shutil.move(copy, ws.paths.control)
    back = reopened(ws.paths.root)
    back.clock = FixedClock(NOON + 2 * DAY)
    return back


def says(ws, who, state, at=None):
    kind = "" if state == "withdrawn" else "ordinary"
    consent.submit(ws, ConsentFact(who, PURPOSE, state, kind, at or ws.clock.now()))


def given(ws, who):
    with ws.store.read() as connection:
        return bool(consent.state_at(connection, who, PURPOSE, ws.clock.now()).given)


def chosen(ws, who):
    with ws.store.read() as connection:
        return {(item.kind, item.target) for item in choice.choices(connection, who)}


@pytest.mark.law("GDPR-7-3", "CN-PIPL-15", "GDPR-21-1", "CN-ALGO-17-2")
def test_who_said_no_after_the_copy_has_said_no(ws):
    ann, bob, eve = (a_person(ws, regime) for regime in ("gdpr", "pipl_cn", "ccpa"))
    for who in (ann, bob, eve):
        says(ws, who, "given")

    def then(later):
        says(later, ann, "withdrawn")
        choice.submit(later, ChoiceFact(eve, "object", PURPOSE, True, later.clock.now()))
        choice.submit(later, ChoiceFact(bob, "depersonalise", "", True, later.clock.now()))

    with closing(put_back(ws, then)) as back:
        assert given(back, ann)  # what makes it dangerous
        done = restoring.accept(back)
        assert done == restoring.Accepted({"choice.recorded": 2, "consent.recorded": 1}, 3, 0)
        assert [given(back, who) for who in (ann, bob, eve)] == [False, True, True]
        assert chosen(back, eve) == {("object", PURPOSE)}
        assert chosen(back, bob) == {("depersonalise", "")}
        assert back.evidence.verify().good
        assert code_of(lambda: restoring.accept(back)) == "store-in-step"
        says(back, ann, "given")  # and life goes on
        assert back.evidence.verify().good


def test_what_was_begun_on_the_copy_is_kept_with_its_evidence(ws):
    ann, bob = a_person(ws, "gdpr"), a_person(ws, "pipl_cn")
    with closing(put_back(ws, lambda later: says(later, ann, "refused"))) as back:
        assert code_of(lambda: says(back, bob, "refused")) == "store-rolled-back"
        assert restoring.accept(back).lost == {"consent.recorded": 1}
        found = back.evidence.verify()
        assert found.good
        assert found.size == sum(1 for _ in back.evidence.after(0))
        with back.store.read() as connection:
            assert consent.state_at(connection, bob, PURPOSE, NOON + 2 * DAY).kinds
            assert consent.state_at(connection, ann, PURPOSE, NOON + 2 * DAY).kinds


def test_people_and_purposes_that_the_copy_does_not_know_are_told(ws):
    def then(later):
        says(later, a_person(later, "gdpr"), "refused")

    with closing(put_back(ws, then)) as back:
        done = restoring.accept(back)
    assert (done.renewed, done.not_renewed) == (0, 1)


def test_a_store_in_step_is_left_alone_and_a_stranger_is_refused(ws):
    from governance.actor import Actor

    assert code_of(lambda: restoring.accept(ws)) == "store-in-step"
    ann = a_person(ws, "gdpr")
    with closing(put_back(ws, lambda later: says(later, ann, "refused"))) as back:
        back.actor = Actor("stranger")
        assert code_of(lambda: restoring.accept(back)) == "unknown-operator"
        assert given(back, ann) is False


# --- erasures and holds that the copy does not know -----------------------------------------


@pytest.fixture
def shop(tmp_path):
    opened = Shop(tmp_path / "shop")
    yield opened
    opened.close()


def places_of(ws, who, scope=EVERYTHING):
    with ws.store.read() as connection:
        seen = erasure.previews(ws, connection, [who], scope)[who]
    return {line.place for line in seen.lines if line.count > 0}


@pytest.mark.law("GDPR-17-1", "GDPR-17-3")
def test_who_was_erased_but_for_transactions_is_so_again(shop):
    who = buyer(shop)
    shop.stores()

    def then(later):
        held(later, who)
        assert erased(later, who).held

    with closing(put_back(shop.ws, then)) as back:
        assert "store.sealedblob" in places_of(back, who)
        later(back)
        done = restoring.accept(back)
        assert (done.held, done.begun, done.erased) == (1, 1, 0)
        erasure.carry_on(back)
        left = places_of(back, who)
        assert not left & {"store.sealedblob", "store.assignment", "store.consentstate"}
        assert set(kinds_of(back, who)) == {"purchase"}
        assert body(back)["held"]
        assert back.evidence.verify().good


@pytest.mark.law("GDPR-17-1")
@pytest.mark.parametrize(
    "scope",
    [
        Scope("tag", "interest.tea"),
        Scope("purpose", "offers"),
        Scope("category", "user.demographic"),
    ],
)
def test_a_part_that_was_erased_goes_again(shop, scope):
    who = buyer(shop)
    with closing(put_back(shop.ws, lambda later: erased(later, who, scope=scope))) as back:
        assert places_of(back, who, scope)
        later(back)
        assert restoring.accept(back).begun == 1
        erasure.carry_on(back)
        assert places_of(back, who, scope) == set()
        assert erasure.sagas(back, REF)[0].step.code == "closed"


def test_what_was_begun_begins_again_with_its_grace_and_what_was_cancelled_does_not(shop):
    ann, bob = buyer(shop), buyer(shop, "C-1002")

    def then(later):
        begun(later, ann)
        begun(later, bob, "R0000000000BB")
        erasure.cancel(later, "R0000000000BB")

    with closing(put_back(shop.ws, then)) as back:
        assert restoring.accept(back).begun == 1
        (waits,) = erasure.carry_on(back)
        assert (waits.ref, waits.waiting) == (REF, "grace")
        assert chosen(back, bob) == {("block-tag", "interest.cup")}


def test_an_erasure_that_was_cancelled_after_the_copy_stays_cancelled(shop):
    who = buyer(shop)
    begun(shop.ws, who)
    with closing(put_back(shop.ws, lambda later: erasure.cancel(later, REF))) as back:
        assert restoring.accept(back).begun == 0
        later(back)
        erasure.carry_on(back)
        assert "store.sealedblob" in places_of(back, who)


def test_a_hold_that_was_lifted_or_confirmed_after_the_copy_is_so_again(shop):
    who = buyer(shop)
    one, two = (holds.place(shop.ws, who, "everything", "legal-claims", DAY_AHEAD) for _ in "12")

    def then(later):
        as_reviewer(later, lambda: (holds.confirm(later, one.id), holds.lift(later, two.id)))

    with closing(put_back(shop.ws, then)) as back:
        restoring.accept(back)
        with back.store.read() as connection:
            stand = {h.id: h.state for h in holds.of_person(connection, who, NOON + 20 * DAY)}
        assert stand == {one.id: "in-force", two.id: "lifted"}


def test_what_the_privacy_budget_was_charged_after_the_copy_is_not_given_back(ws):
    limits.set_limit(ws, "all", PrivacyBudget(1))
    with closing(put_back(ws, lambda later: ledger.reserve(later, a_request(0.9)))) as back:
        assert restoring.accept(back).charged == 1
        assert code_of(lambda: ledger.reserve(back, a_request(0.5))) == "budget-exhausted"
        assert not verify(back).problems
        assert ledger.close_interrupted(back) == 1  # what it bought is lost
        limits.set_limit(back, "all", PrivacyBudget(2))
        ledger.reserve(back, a_request(0.5))
        assert not verify(back).problems
