# SPDX-License-Identifier: Apache-2.0
"""A control store that was put back from a copy: what protects people holds again, the rest is told."""

import shutil
from contextlib import closing

import pytest

from audit.clock import DAY, FixedClock
from governance import choice, consent, purpose, restoring
from governance.choice import ChoiceFact
from governance.consent import ConsentFact
from tests.unit.governance.test_asking_again import PURPOSE, PURPOSES, a_person
from tests.workshop import NOON, a_workspace, code_of, reopened


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
