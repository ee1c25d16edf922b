# SPDX-License-Identifier: Apache-2.0
"""A clock that jumps by a year and back: evidence stays in order, and no answer is lost or made up."""

from contextlib import closing

import pytest

from audit.clock import DAY, FixedClock
from governance import consent, purpose
from governance.consent import ConsentFact
from governance.store import bitmaps
from policies.vocabulary import Consent
from tests.faults.scene import FIRST
from tests.workshop import NOON, a_workspace, code_of, reopened

YEAR = 365 * DAY
PURPOSE = "recommendation"


@pytest.fixture
def ws(tmp_path):
    opened = a_workspace(tmp_path, clock=FixedClock(NOON))
    opened.people.admit("customer", ["A-1"])
    purpose.apply(opened, [FIRST / "purposes.yaml"])
    yield opened
    opened.close()


def say(ws, state, at, **more):
    kind = "ordinary" if state == "given" else ""
    return consent.submit(ws, ConsentFact(1, PURPOSE, state, kind, at, **more))


def permitted(ws):
    standing = consent.look_up(ws, 1, PURPOSE, ws.clock.now())
    return standing.satisfies(Consent.ORDINARY)


@pytest.mark.parametrize("jump", [-YEAR, YEAR], ids=["back", "ahead"])
def test_the_log_stays_in_order_and_good_whatever_the_clock_does(ws, jump):
    latest = []
    for at in (NOON, NOON + jump, NOON + DAY, NOON + jump, NOON + 2 * DAY):
        ws.clock.at = at
        say(ws, "given", at)
        latest.append(ws.evidence.latest_ms)
    assert latest == sorted(latest)
    with closing(reopened(ws.paths.root)) as later:
        assert later.evidence.verify().problems == ()


@pytest.mark.parametrize("jump", [-YEAR, YEAR], ids=["back", "ahead"])
def test_consent_with_an_end_stands_as_before_when_the_clock_is_right_again(ws, jump):
    say(ws, "given", NOON, expires_at=NOON + 30 * DAY)
    assert permitted(ws)
    ws.clock.at = NOON + jump
    assert not permitted(ws)  # not yet given, or over: neither is a yes
    ws.clock.at = NOON + DAY
    assert permitted(ws)
    with ws.store.read() as connection:
        assert list(bitmaps.members(connection, f"consent:{PURPOSE}:ordinary")) == [1]


def test_a_clock_that_went_back_takes_no_consent_of_the_future(ws):
    ws.clock.at = NOON - YEAR
    assert code_of(lambda: say(ws, "given", NOON + DAY)) == "bad-consent"


def test_a_withdrawal_holds_although_the_clock_went_back_before_it(ws):
    say(ws, "given", NOON)
    ws.clock.at = NOON - YEAR
    say(ws, "withdrawn", ws.evidence.now())
    ws.clock.at = NOON + DAY
    assert not permitted(ws)
