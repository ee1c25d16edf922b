# SPDX-License-Identifier: Apache-2.0
"""Calendars: which days are off, and the file that an operator gives when the package has no year."""

from datetime import date

import pytest

from audit.errors import BadInput, Refused
from policies.calendar_file import read_calendar_file
from policies.calendars import (
    add_working_days,
    calendar_named,
    day_off,
    is_working_day,
    roll_forward,
)
from policies.periods import clocks

GOOD = """\
apiVersion: tagwarden/v1
kind: Calendar
calendar: CN
year: 2027
source: notice of the State Council
holidays: [2027-01-01/2027-01-03, 2027-02-06/2027-02-12, 2027-05-01/2027-05-02, 2027-10-01/2027-10-03]
make_up_workdays: [2027-02-14]
"""


@pytest.fixture
def read(tmp_path):
    def from_text(text):
        path = tmp_path / "calendar.yaml"
        path.write_text(text, "utf-8")
        return read_calendar_file(path)

    return from_text


@pytest.fixture
def codes(read):
    def of(text):
        with pytest.raises(BadInput) as caught:
            read(text)
        assert caught.value.code == "bad-calendar-file"
        assert all(problem.line for problem in caught.value.problems)
        return {problem.code for problem in caught.value.problems}

    return of


def test_a_given_year_is_used_whole_and_other_years_stay(read):
    china = calendar_named("CN", read(GOOD))
    assert not is_working_day(date(2027, 2, 12), china)
    assert is_working_day(date(2027, 2, 14), china)  # a Sunday made up
    assert not is_working_day(date(2027, 2, 13), china)  # a Saturday like others
    assert is_working_day(date(2027, 2, 15), china)
    assert not is_working_day(date(2026, 10, 1), china)
    with pytest.raises(Refused):
        is_working_day(date(2028, 1, 4), china)


def test_a_given_year_replaces_the_days_of_the_package(read):
    text = GOOD.replace("2027", "2026")
    china = calendar_named("CN", read(text))
    assert is_working_day(date(2026, 6, 19), china)  # Dragon Boat, not in the file
    assert not is_working_day(date(2026, 6, 19), calendar_named("CN"))


def test_years_of_another_calendar_do_not_count(read):
    assert calendar_named("DE", read(GOOD)).given == {}


def test_several_years_stand_in_one_file(read):
    later = GOOD.replace("2027", "2028").replace("2028-02-14", "2028-02-13")
    assert {table.year for table in read(GOOD + "---\n" + later)} == {2027, 2028}


def test_every_problem_of_a_file_is_told_at_once(codes):
    text = """\
apiVersion: tagwarden/v1
kind: Calendar
calendar: CN
year: 2027
source: notice
holidays: [2027-01-01/2027-01-03, 2027-01-03, 2027-02-30, 2028-02-01, 2027-05-05/2027-05-01]
make_up_workdays: [2027-01-02, 2027-02-15, soon]
---
apiVersion: tagwarden/v1
kind: Calendar
calendar: CN
year: 2027
source: notice
holidays: [2027-01-01]
colour: red
---
apiVersion: tagwarden/v1
kind: Calendar
calendar: C
year: 2027
source: notice
holidays: [2027-01-01]
---
apiVersion: tagwarden/v1
kind: Calendar
calendar: DE
year: 2027
source: notice
holidays: [2027-01-01]
make_up_workdays: [2027-01-02]
"""
    assert codes(text) == {
        "day-twice", "bad-day", "day-of-other-year", "statutory-day-missing", "too-few-days",
        "make-up-on-weekday", "day-off-and-on", "unknown-key", "unknown-calendar", "make-up-elsewhere",
    }  # fmt: skip


def test_a_year_in_two_documents_is_refused(codes):
    assert codes(GOOD + "---\n" + GOOD) == {"year-twice"}


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("year: 2027", "year: 27", "bad-value"),
        ("kind: Calendar", "kind: Tag", "bad-value"),
        ("calendar: CN", "calendar: none", "unknown-calendar"),
        ("calendar: CN", "calendar: cn", "unknown-calendar"),
        ("source: notice of the State Council\n", "", "missing-key"),
        ("2027-02-06/2027-02-12", "2027-02-06/2027-04-12", "bad-day"),
        ("2027-02-06/2027-02-12", "２０２７-02-06", "bad-day"),
        ("2027-05-01/2027-05-02, ", "", "statutory-day-missing"),
        ("2027-10-01/2027-10-03", "2027-10-01", None),
        ("2027-02-06/2027-02-12", "2027-02-06", "too-few-days"),
    ],
)
def test_each_mistake_has_its_code(read, codes, old, new, code):
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    if code is None:
        assert read(text)
    else:
        assert code in codes(text)


def test_an_empty_file_and_one_that_is_not_there_are_refused(read, tmp_path):
    with pytest.raises(BadInput) as caught:
        read("")
    assert [problem.code for problem in caught.value.problems] == ["no-calendar"]
    with pytest.raises(BadInput) as caught:
        read_calendar_file(tmp_path / "none.yaml")
    assert caught.value.code == "file-unreadable"


@pytest.mark.parametrize("name", list(clocks().calendars))
def test_every_calendar_knows_new_year_and_an_ordinary_working_day(name):
    calendar = calendar_named(name)
    off = day_off(date(2026, 1, 1), calendar)
    assert (off is None) == (name == "none")
    assert off is None or (off.holiday is not None and all(off.holiday))
    assert is_working_day(date(2026, 1, 14), calendar)  # a Wednesday
    assert not is_working_day(date(2026, 1, 17), calendar)  # a Saturday


def test_there_is_a_calendar_for_each_of_the_27_states():
    states = [name for name, data in clocks().calendars.items() if data.family == "eu"]
    assert len(states) == 27
    assert {"DE", "FR", "NL", "PT"} < set(states)


@pytest.mark.parametrize(
    ("calendar", "day"),
    [("HU", date(2026, 8, 21)), ("LV", date(2026, 6, 22)), ("BG", date(2026, 1, 2)),
     ("US-CA-state", date(2029, 2, 15))],
)  # fmt: skip
def test_a_day_without_work_that_is_no_public_holiday_is_a_working_day(calendar, day):
    import holidays

    data = clocks().calendars[calendar]
    listed = holidays.country_holidays(
        data.country or calendar, subdiv=data.subdivision, years=day.year
    )
    assert day in listed  # the package lists it: this is why it is left out
    assert is_working_day(day, calendar_named(calendar))


def test_a_day_that_is_two_things_stays_off_for_the_other_one():
    presidents_day = date(2027, 2, 15)  # Susan B. Anthony Day, too
    off = day_off(presidents_day, calendar_named("US-CA-state"))
    assert off is not None
    assert off.holiday == ("Presidents' Day", "Presidents' Day")


def test_an_observed_day_of_next_year_is_off_in_this_one():
    assert not is_working_day(date(2027, 12, 31), calendar_named("US-federal"))


def test_rolling_and_counting_over_the_turn_of_the_year():
    federal = calendar_named("US-federal")
    assert roll_forward(date(2027, 12, 31), federal) == date(2028, 1, 3)
    assert add_working_days(date(2027, 12, 30), 1, federal) == date(2028, 1, 3)
    assert add_working_days(date(2027, 12, 30), 0, federal) == date(2027, 12, 30)
