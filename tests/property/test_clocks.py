# SPDX-License-Identifier: Apache-2.0
"""Laws of the statutory clocks, for every rule and calendar; days are counted again by brute force."""

import calendar as gregorian
from datetime import date, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from audit.errors import Refused
from policies.calendars import add_working_days, calendar_named, is_working_day, roll_forward
from policies.clocks import due
from policies.periods import calendars_of, clocks

PAUSED = "gdpr.month_with_identity_pause"
PAIRS = [(name, key) for name, rule in clocks().rules.items() for key in calendars_of(rule)]
DAYS = st.dates(date(2018, 5, 25), date(2035, 12, 31))
CHINESE = st.dates(date(2010, 1, 1), date(2026, 11, 1))
ONE = timedelta(days=1)


def days_for(calendar):
    return CHINESE if calendar == "CN" else DAYS


@st.composite
def received(draw):
    rule, calendar = draw(st.sampled_from(PAIRS))
    days = days_for(calendar)
    return rule, calendar, draw(days), draw(days)


def identity(rule, day, wait=0, pause=0):
    if rule != PAUSED:
        return {}
    asked = day + timedelta(days=wait)
    return {"identity_requested": asked, "identity_received": asked + timedelta(days=pause)}


def all_dates(found):
    dates = (found.due, found.extended_due, found.extension_notice_due, found.ack_due)
    return [day for day in dates if day is not None]


def counted_by_hand(first, last, calendar):
    """Working days after `first`, up to and with `last`, from the raw lists of days off."""
    import chinese_calendar
    import holidays

    count, day = 0, first
    while day < last:
        day += ONE
        weekend = day.weekday() in (5, 6)
        if calendar == "CN":
            off = day in chinese_calendar.holidays or (
                weekend and day not in chinese_calendar.workdays
            )
        elif calendar == "none":
            off = weekend
        else:
            state = {"US-federal": "US"}.get(calendar, calendar)
            off = weekend or day in holidays.country_holidays(state)
        count += not off
    return count


@settings(max_examples=300)
@given(received())
def test_no_date_comes_before_receipt_and_no_extension_before_the_first_date(drawn):
    rule, calendar, day, _ = drawn
    found = due(rule, day, calendar=calendar, **identity(rule, day))
    assert min(all_dates(found)) >= day
    if found.extended_due:
        assert found.extended_due > found.due
        assert found.extension_notice_due == found.due
    if found.ack_due:
        assert day < found.ack_due < found.due


@settings(max_examples=300)
@given(received())
def test_who_comes_later_is_never_due_earlier(drawn):
    rule, calendar, one, other = drawn
    first, second = sorted((one, other))
    earlier = due(rule, first, calendar=calendar, **identity(rule, first))
    later = due(rule, second, calendar=calendar, **identity(rule, second))
    for before, after in zip(all_dates(earlier), all_dates(later), strict=True):
        assert before <= after


@settings(max_examples=200)
@given(received(), st.integers(1, 40))
def test_neighbouring_days_keep_their_order(drawn, ahead):
    rule, calendar, day, _ = drawn
    other = day + timedelta(days=ahead)
    assume(calendar != "CN" or other <= date(2026, 11, 1))
    before = due(rule, day, calendar=calendar, **identity(rule, day))
    after = due(rule, other, calendar=calendar, **identity(rule, other))
    assert before.due <= after.due


@settings(max_examples=300)
@given(DAYS, st.sampled_from([key for rule, key in PAIRS if rule == "gdpr.month"]))
def test_a_rolled_date_is_the_first_working_day_from_the_month_end(day, key):
    found = due("gdpr.month", day, calendar=key)
    used = calendar_named(key)
    for end, months in ((found.due, 1), (found.extended_due, 3)):
        year, month = day.year, day.month + months
        if month > 12:
            year, month = year + 1, month - 12
        unrolled = date(year, month, min(day.day, gregorian.monthrange(year, month)[1]))
        assert is_working_day(end, used)
        assert unrolled <= end <= unrolled + timedelta(days=7)
        between = [unrolled + timedelta(days=n) for n in range((end - unrolled).days)]
        assert not any(is_working_day(one, used) for one in between)


@settings(max_examples=300)
@given(DAYS, st.sampled_from([key for rule, key in PAIRS if rule == "gdpr.month"]))
def test_a_holiday_never_makes_a_date_earlier_than_weekends_alone(day, key):
    assert due("gdpr.month", day).due <= due("gdpr.month", day, calendar=key).due


@settings(max_examples=200)
@given(DAYS, st.integers(0, 28), st.integers(0, 60))
def test_the_pause_moves_the_end_by_its_days(day, wait, pause):
    found = due(PAUSED, day, **identity(PAUSED, day, wait, pause))
    plain = due("gdpr.month", day)
    weekend = timedelta(days=2)
    assert found.due.isoweekday() < 6
    moved = found.due - plain.due
    assert timedelta(days=pause) - weekend <= moved <= timedelta(days=pause) + weekend


@pytest.mark.parametrize("key", ["DE", "PT", "US-federal", "CN", "none"])
@settings(max_examples=60, deadline=None)
@given(data=st.data(), number=st.integers(1, 40))
def test_n_working_days_on_there_are_exactly_n_of_them_between(key, data, number):
    day = data.draw(days_for(key))
    used = calendar_named(key)
    try:
        end = add_working_days(day, number, used)
    except Refused:
        assert key == "CN"
        return
    assert is_working_day(end, used)
    assert counted_by_hand(day, end, key) == number
    assert counted_by_hand(day, end - ONE, key) == number - 1


@settings(max_examples=200)
@given(CHINESE, st.sampled_from(list(clocks().calendars)))
def test_rolling_twice_is_rolling_once(day, key):
    used = calendar_named(key)
    once = roll_forward(day, used)
    assert roll_forward(once, used) == once >= day
