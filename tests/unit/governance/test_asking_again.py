# SPDX-License-Identifier: Apache-2.0
"""Whoever said no is left alone for as long as the law, or the operator, says."""

import pytest
from pyroaring import BitMap

from audit.clock import DAY, FixedClock, parse_time
from audit.errors import NotFound
from governance import choice, consent, purpose
from governance.asking_again import may_ask
from governance.choice import ChoiceFact
from governance.consent import ConsentFact
from governance.intake.people import enrol
from tests.unit.governance.test_run import PURPOSES
from tests.workshop import a_workspace

NO = parse_time("2024-02-29T10:30:00Z")
PURPOSE = "recommendation"


@pytest.fixture
def ws(tmp_path):
    opened = a_workspace(tmp_path, clock=FixedClock(NO))
    (tmp_path / "purposes.yaml").write_text(PURPOSES, "utf-8")
    purpose.apply(opened, [tmp_path / "purposes.yaml"])
    yield opened
    opened.close()


def a_person(ws, regime):
    (who,) = ws.people.admit("customer", [regime]).values()
    with ws.store.write() as unit:
        enrol(ws, unit, BitMap([who]), regime=regime)
    return who


def at(ws, when):
    ws.clock = FixedClock(parse_time(when))
    return ws


def says(ws, who, state, when=NO):
    consent.submit(
        ws, ConsentFact(who, PURPOSE, state, "" if state == "withdrawn" else "ordinary", when)
    )


@pytest.mark.law("CN-NDSR-22-5")
@pytest.mark.parametrize("state", ["refused", "withdrawn"])
@pytest.mark.parametrize("regime", ["pipl_cn", "gdpr"])
def test_after_a_refusal_nobody_asks_for_as_many_days_as_the_operator_says(ws, regime, state):
    who = a_person(ws, regime)
    assert may_ask(ws, who, PURPOSE).allowed
    says(ws, who, state)
    found = may_ask(ws, who, PURPOSE)
    assert (found.allowed, found.because) == (False, f"consent-{state}")
    assert found.again_at == NO + 180 * DAY
    assert not may_ask(at(ws, "2024-08-27T10:29:59Z"), who, PURPOSE).allowed
    assert may_ask(at(ws, "2024-08-27T10:30:00Z"), who, PURPOSE).allowed


@pytest.mark.law("CA-135-c4", "CA-7221")
@pytest.mark.parametrize(
    ("kind", "because"),
    [("opt-out", "opted-out"), ("limit", "limited"), ("admt-opt-out", "decisions-off")],
)
def test_after_an_opt_out_in_california_nobody_asks_for_twelve_months(ws, kind, because):
    who, elsewhere = a_person(ws, "ccpa"), a_person(ws, "gdpr")
    for one in (who, elsewhere):
        choice.submit(ws, ChoiceFact(one, kind, "", True, NO))
    found = may_ask(ws, who, PURPOSE)
    assert (found.allowed, found.because) == (False, because)
    assert found.again_at == parse_time("2025-02-28T10:30:00Z")
    assert not may_ask(at(ws, "2025-02-28T10:29:59Z"), who, PURPOSE).allowed
    assert may_ask(at(ws, "2025-02-28T10:30:00Z"), who, PURPOSE).allowed
    assert may_ask(ws, elsewhere, PURPOSE).allowed  # an opt-out of sale is no answer there


def test_the_latest_no_counts_and_a_yes_ends_it(ws):
    who = a_person(ws, "pipl_cn")
    says(ws, who, "refused", NO - 100 * DAY)
    choice.submit(ws, ChoiceFact(who, "object", PURPOSE, True, NO))
    found = may_ask(ws, who, PURPOSE)
    assert (found.because, found.said_at) == ("objected", NO)
    later = at(ws, "2024-03-01").clock.now()
    choice.submit(ws, ChoiceFact(who, "object", PURPOSE, False, later))
    says(ws, who, "given", later)
    assert may_ask(ws, who, PURPOSE).because is None


def test_an_unknown_person_or_purpose_is_refused(ws):
    with pytest.raises(NotFound, match="no purpose"):
        may_ask(ws, a_person(ws, "gdpr"), "nothing")
    with pytest.raises(NotFound, match="no such person"):
        may_ask(ws, 999, PURPOSE)
