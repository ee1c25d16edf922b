# SPDX-License-Identifier: Apache-2.0
"""Requests under random steps by random officers, with crashes between any two statements.

After every step, whatever became of it: one active request at most, every change on record once and in
order, nothing carried out for somebody who was not verified or that was not decided by two, no day that
moved to an earlier one, no dead end.
"""

import itertools
import os
from contextlib import contextmanager
from datetime import date
from functools import partial

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule
from sqlalchemy import event, text

from audit.clock import DAY, FixedClock
from audit.errors import Fault
from governance.requests import desk, doctor, notices, register, row, timing
from governance.requests.days import day_here
from governance.requests.desk import Asked
from governance.requests.machine import ACTIVE, ENDS, LIVE, MOVES, State, Step, may
from governance.requests.moving import handle
from policies.rights import dates, rights
from tests.desk import CLERK, a_desk, a_person
from tests.workshop import NOON, OFFICER, REVIEWER, reopened

OFFICERS = (OFFICER, REVIEWER, CLERK)
REGIMES = ("gdpr", "pipl_cn", "ccpa")
KINDS = ("access", "deletion", "restriction", "personalisation-off", "opt-out")
EXPECTED = {
    "bad-day",
    "duplicate-of",
    "erasure-carries-on",
    "extended-already",
    "held-already",
    "key-reused",
    "needs-review",
    "no-extension",
    "no-such-letter",
    "nobody-there",
    "not-on-hold",
    "not-permitted",
    "not-verified",
    "not-waiting",
    "on-hold",
    "request-ended",
    "right-not-here",
    "same-person",
    "too-late",
    "unknown-ground",
    "waiting-already",
    "waits-outside",
    "wrong-state",
}
TODAY = date(2026, 3, 1).toordinal()
DONE = (State.EXECUTING, State.FULFILLED, State.PARTIALLY_FULFILLED)


def _moved(what, code=""):
    def work(ws, ref):
        with ws.store.write() as unit:
            return desk.moved(ws, unit, ref, what, code)

    return work


def _started(ws, ref):
    with ws.store.write() as unit:
        return desk.start(ws, unit, ref)


def _waits(ws, ref, days, whom="processor"):
    until = date.fromordinal(day_here(ws).toordinal() + days)
    return timing.wait(ws, ref, whom, "data", until=until)


WAYS = {
    Step.VERIFY: lambda ws, ref: desk.vouch(ws, ref, "in-person"),
    Step.SUBMIT: desk.submit,
    Step.APPROVE: desk.approve,
    Step.RETURN: desk.hand_back,
    Step.START: _started,
    Step.FULFIL: _moved(Step.FULFIL),
    Step.FULFIL_IN_PART: _moved(Step.FULFIL_IN_PART, "excessive"),
    Step.WAIT: lambda ws, ref: _waits(ws, ref, 3),
    Step.ARRIVE: timing.arrive,
    Step.STOP: _moved(Step.STOP, "cancelled"),
}


class Crash(BaseException):
    """The process ends here."""


@contextmanager
def crashing_at(engine, number):
    """Let the process end before the statement of that number; 0: never."""
    left = itertools.count(1)

    def before(*_):
        if next(left) == number:
            raise Crash

    event.listen(engine, "before_cursor_execute", before)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", before)


class Shop:
    """A workspace in which examples come one after another, each with people of its own."""

    def __init__(self, folder):
        self.clock = FixedClock(NOON)
        self.ws = a_desk(folder, clock=self.clock)
        self.numbers = itertools.count()
        self.carried = self.ws.evidence.last_source
        self.logged = {}

    def reopen(self):
        self.ws.close()
        self.ws = reopened(self.ws.paths.root, clock=self.clock)

    def entries(self):
        """What the log says of each request, in order."""
        self.ws.actor = OFFICER
        self.ws.evidence.drain()
        for entry in self.ws.evidence.after(self.carried):
            if entry.act.startswith("request."):
                facts = entry.facts
                line = (facts["step"], facts["state"], facts.get("code", ""))
                self.logged.setdefault(facts["ref"], []).append(line)
        self.carried = self.ws.evidence.last_source
        return self.logged


SHOP = {}


class Requests(RuleBasedStateMachine):
    """The desk, its officers, and their people."""

    refs = Bundle("refs")
    officers = st.sampled_from(OFFICERS)
    crashes = st.one_of(st.just(0), st.just(0), st.integers(1, 30))

    def __init__(self):
        super().__init__()
        self.shop = SHOP["shop"]
        self.shop.ws.actor = OFFICER
        self.shop.clock.at = NOON
        self.run = next(self.shop.numbers)
        self.people = [a_person(self.shop.ws, f"{self.run}-{regime}", regime) for regime in REGIMES]
        self.first_due = {}
        self.mine = set()

    @property
    def ws(self):
        return self.shop.ws

    def does(self, officer, crash, work):
        """Let an officer do something; returns its answer, or None when it was refused or died."""
        before = self.requests()
        self.ws.actor = officer
        try:
            with crashing_at(self.ws.store.engine, crash):
                return work(self.ws)
        except Fault as fault:
            code = fault.code
        except Crash:
            self.shop.reopen()
            return None
        assert code in EXPECTED, code
        assert self.requests() == before
        return None

    def requests(self):
        with self.ws.store.read() as connection:
            return {one.ref: one for one in self.some(connection)}

    def some(self, connection):
        known = ", ".join(map(str, self.people))
        mine = row.select(connection, f"subject_id IN ({known})")
        strangers = row.select(connection, "subject_id IS NULL")
        return [*mine, *(one for one in strangers if one.ref in self.mine)]

    @rule(
        target=refs,
        officer=officers,
        crash=crashes,
        who=st.sampled_from([0, 1, 2, 0, 1, 2, None]),
        kind=st.sampled_from(KINDS),
        how=st.tuples(
            st.sampled_from(["self", "self", "self", "agent"]),
            st.sampled_from(["", "", "k1", "k2"]),
            st.sampled_from([0, 0, 3, 40]),
        ),
    )
    def opens(self, officer, crash, *, who, kind, how):
        by, key, ago = how
        asked = Asked(
            kind,
            requester=by,
            received_on=date.fromordinal(TODAY - ago),
            key=f"{self.run}-{key}" if key else "",
        )
        subject = None if who is None else self.people[who]
        before = self.requests()
        made = self.does(officer, crash, lambda ws: desk.open_request(ws, asked, subject))
        if made is None:
            return multiple()
        self.mine.add(made.ref)
        if key:
            again = self.does(officer, 0, lambda ws: desk.open_request(ws, asked, subject))
            assert again is not None
            assert again.ref == made.ref
            assert len(self.requests()) <= len(before) + 1
        return made.ref

    @rule(officer=officers, crash=crashes, ref=refs)
    def asks(self, officer, crash, ref):
        def work(ws):
            with ws.store.write() as unit:
                return desk.asked_for_proof(ws, unit, ref, "challenge")

        self.does(officer, crash, work)

    @rule(
        officer=officers,
        crash=crashes,
        ref=refs,
        how=st.sampled_from(["in-person", "session", "known-contact"]),
    )
    def vouches(self, officer, crash, ref, how):
        self.does(officer, crash, lambda ws: desk.vouch(ws, ref, how))

    @rule(
        officer=officers,
        crash=crashes,
        ref=refs,
        act=st.sampled_from(["submit", "submit", "approve", "approve", "hand_back", "revoke"]),
    )
    def handles(self, officer, crash, ref, act):
        step = Step.REVOKE if act == "revoke" else None
        work = partial(handle, ref=ref, what=step) if step else partial(getattr(desk, act), ref=ref)
        self.does(officer, crash, work)

    @rule(
        officer=officers,
        crash=crashes,
        ref=refs,
        ground=st.sampled_from(["not-identified", "excessive", "fraudulent"]),
    )
    def denies(self, officer, crash, ref, ground):
        self.does(officer, crash, lambda ws: desk.deny(ws, ref, ground))

    @rule(officer=officers, crash=crashes, ref=refs)
    def extends(self, officer, crash, ref):
        self.does(officer, crash, lambda ws: timing.extend(ws, ref, "complexity"))

    @rule(officer=officers, crash=crashes, ref=refs, days=st.integers(-1, 60))
    def holds(self, officer, crash, ref, days):
        until = date.fromordinal(day_here(self.ws).toordinal() + days)
        self.does(officer, crash, lambda ws: timing.hold(ws, ref, "fee", until))

    @rule(officer=officers, crash=crashes, ref=refs)
    def releases(self, officer, crash, ref):
        self.does(officer, crash, lambda ws: timing.release(ws, ref))

    @rule(
        officer=officers,
        crash=crashes,
        ref=refs,
        days=st.integers(-1, 60),
        whom=st.sampled_from(sorted(rights().outside)),
    )
    def waits(self, officer, crash, ref, *, days, whom):
        self.does(officer, crash, lambda ws: _waits(ws, ref, days, whom))

    @rule(officer=officers, crash=crashes, ref=refs, without=st.booleans())
    def arrives(self, officer, crash, ref, without):
        self.does(officer, crash, lambda ws: timing.arrive(ws, ref, without=without))

    @rule(officer=officers, crash=crashes, ref=refs, what=st.sampled_from(sorted(WAYS)))
    def carries_out(self, officer, crash, ref, what):
        self.does(officer, crash, lambda ws: WAYS[what](ws, ref))

    @rule(officer=officers, crash=crashes, ref=refs)
    def tells(self, officer, crash, ref):
        self.does(officer, crash, lambda ws: notices.give(ws, ref))

    @rule(
        crash=crashes,
        pick=st.sampled_from([0, 0, 0, 1, 2, 5]),
        ways=st.lists(st.integers(0, 50), min_size=1, max_size=4),
        second=st.booleans(),
    )
    def goes_on(self, crash, pick, ways, second):
        """Take steps that may follow, by somebody who may take them; the last may end in a crash."""
        living = sorted(
            (one for one in self.requests().values() if one.state in LIVE),
            key=lambda one: (one.state not in (State.IN_REVIEW, State.EXECUTING), one.received_at),
        )
        if not living:
            return
        ref = living[pick % len(living)].ref
        for number, way in enumerate(ways, 1):
            one = self.requests()[ref]
            steps = [step for step in WAYS if step != Step.WAIT and may(one.standing, step)]
            if not steps:
                return
            officer = REVIEWER if second or one.submitted_by == OFFICER.ref else OFFICER
            work = partial(WAYS[steps[way % len(steps)]], ref=ref)
            self.does(officer, crash if number == len(ways) else 0, work)

    @rule(
        crash=crashes,
        who=st.integers(0, 2),
        kind=st.sampled_from(["deletion", "deletion", "access", "restriction"]),
    )
    def comes_proven(self, crash, who, kind):
        made = self.does(
            OFFICER, 0, lambda ws: desk.open_request(ws, Asked(kind), self.people[who])
        )
        if made:
            self.does(OFFICER, crash, lambda ws: desk.vouch(ws, made.ref, "in-person"))

    @rule(officer=officers, crash=crashes)
    def expires(self, officer, crash):
        before = self.requests()
        self.does(officer, crash, timing.expire)
        for ref, one in self.requests().items():
            if one.state == State.EXPIRED != before[ref].state:
                assert one.deadline < day_here(self.ws)
                mandated = one.requester == "self" or before[ref].mandate
                proven = before[ref].known >= one.standing.needs and one.subject_id is not None
                assert not (proven and mandated)

    @rule(days=st.sampled_from([1, 1, 10, 31, 60, -1]))
    def time_passes(self, days):
        self.shop.clock.at += days * DAY

    @rule()
    def is_opened_again(self):
        self.shop.reopen()

    @invariant()
    def one_is_active(self):
        active = ", ".join(f"'{state}'" for state in sorted(ACTIVE))
        with self.ws.store.read() as connection:
            found = connection.execute(
                text(
                    f"SELECT count(*) FROM request WHERE state IN ({active}) AND subject_id IS NOT "
                    "NULL GROUP BY subject_id, kind, target HAVING count(*) > 1"
                )
            ).all()
        assert found == []

    @invariant()
    def every_change_is_on_record_once_and_in_order(self):
        logged = self.shop.entries()
        with self.ws.store.read() as connection:
            for one in self.some(connection):
                steps = row.steps(connection, one.ref)
                noted = [(step.step, step.state, step.code) for step in steps]
                assert noted == logged.get(one.ref, []), one.ref
                assert steps[-1].state == one.state
                assert [step.step for step in steps].count("open") == 1
                assert [step.at for step in steps] == sorted(step.at for step in steps)
                follows(steps)

    @invariant()
    def nothing_is_done_unverified_or_undecided(self):
        for one in self.requests().values():
            if one.state in DONE:
                assert one.known >= one.standing.needs
                assert one.subject_id is not None
                if one.standing.reviewed:
                    assert one.submitted_by
                    assert one.decided_by
            if one.state in DONE and one.standing.reviewed:
                assert one.submitted_by != one.decided_by

    @invariant()
    def what_waits_for_somebody_outside_says_for_whom_and_goes_no_further(self):
        for one in self.requests().values():
            assert bool(one.waiting) == bool(one.awaited) == (one.outside is not None)
            if one.outside:
                assert one.state in ACTIVE
                assert one.received_on <= one.outside.since <= one.outside.until
                forward = (Step.SUBMIT, Step.APPROVE, Step.START, Step.FULFIL, Step.FULFIL_IN_PART)
                assert not any(may(one.standing, step) for step in forward)
                assert may(one.standing, Step.ARRIVE)

    @invariant()
    def no_day_moves_to_an_earlier_one(self):
        for one in self.requests().values():
            law = dates(rights().kinds[one.kind].regimes[one.regime], one.received_on)
            due = self.first_due.setdefault(one.ref, one.due)
            assert law.due == due
            assert one.due >= due
            assert one.deadline >= one.due

    @invariant()
    def there_is_a_way_out_and_the_doctor_names_it(self):
        with self.ws.store.read() as connection:
            tasks = doctor.tasks(connection, self.ws.settings, day_here(self.ws))
        waiting = {task.ref for task in tasks if task.what != "letter"}
        for one in self.requests().values():
            assert (one.ref in waiting) == (one.state in LIVE)
            if one.state in LIVE:
                ways = [step for step in MOVES if may(one.standing, step)]
                assert any(MOVES[step][1] in ENDS for step in ways) or Step.STOP in ways
            proven = one.subject_id is not None and one.known >= one.standing.needs
            mandated = one.requester == "self" or one.mandate
            if one.state in (State.RECEIVED, State.VERIFYING) and proven and mandated:
                assert one.hold

    @invariant()
    def the_register_agrees(self):
        today = day_here(self.ws)
        with self.ws.store.read() as connection:
            told = notices.given(connection)
        for one in self.requests().values():
            line = register.line_of(one, told.get(one.ref, {}), self.ws.settings, today)
            assert (line.kept == "no") == bool(line.missed)
            assert line.due >= one.due
            if line.kept == "yes":
                assert one.ended


def follows(steps):
    """Each step could follow the one before: no state without its step."""
    state = State(steps[0].state)
    for one in steps[1:]:
        if one.step == "notice":
            assert one.state == state
            continue
        come_from, to = MOVES[Step(one.step)]
        assert state in come_from
        assert one.state == (to or state)
        state = State(one.state)


def play(folder, examples, steps, *, same=False):
    """Play many examples in one workspace; return the steps that were taken."""
    SHOP["shop"] = Shop(folder)
    try:
        profile = settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=same,
            phases=(Phase.generate,) if same else tuple(Phase),
            suppress_health_check=list(HealthCheck),
        )
        machine = type("Played", (Requests,), {}).TestCase
        machine.settings = profile
        machine("runTest").runTest()
    finally:
        shop = SHOP.pop("shop")
        shop.ws.close()
    return {step for steps in shop.logged.values() for step, _, _ in steps}


@pytest.mark.law("GDPR-12-3", "CN-PIPL-50", "CA-7101")
def test_requests_hold_their_rules_whatever_happens(tmp_path):
    seen = play(tmp_path, examples=18, steps=30, same=True)
    assert seen >= {"open", "admit", "verify", "submit", "approve", "start", "release", "notice"}


@pytest.mark.slow
def test_requests_hold_their_rules_for_longer(tmp_path):
    seen = play(tmp_path, examples=int(os.environ.get("TAGWARDEN_EXAMPLES", "300")), steps=60)
    every = {"open", "notice", *map(str, Step)}
    assert seen <= every
    assert (
        len(every - seen) <= 2
    )  # which steps chance takes differs; the other test names the main ones
