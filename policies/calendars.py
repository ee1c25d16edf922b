# SPDX-License-Identifier: Apache-2.0
"""Working days: which days are off, where a day rolls to, which is the n-th working day.

The only module that knows the holiday packages; they are imported when a year is first needed.
Refuses a year for which a package has no data: one of them would answer with weekends alone, the
other knows the Chinese make-up workdays only after the State Council has published them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from typing import Final

from audit.errors import Refused
from policies.calendar_file import YearTable, by_year
from policies.periods import CalendarData, calendar_key, clocks

SATURDAY: Final = 6
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Off:
    """A day off. `holiday` names it in English and Chinese; None: it is a weekend day."""

    day: date
    holiday: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Calendar:
    """A calendar in use: its data, and the years that the operator gave."""

    name: str
    data: CalendarData
    given: Mapping[int, YearTable] = field(default_factory=dict)


def calendar_named(name: str, given: Sequence[YearTable] = ()) -> Calendar:
    """Return a calendar by name, with the operator's years; raises NotFound."""
    key = calendar_key(name)
    return Calendar(key, clocks().calendars[key], by_year(given, key))


def day_off(day: date, calendar: Calendar) -> Off | None:
    """Return why a day is off, or None for a working day; raises Refused for an unknown year."""
    if table := calendar.given.get(day.year):
        if day in table.holidays:
            return Off(day, ("day off by the calendar file", "日历文件所列休息日"))
        return None if day in table.make_up else _weekend(day)
    if calendar.data.family == "nobody":
        return _weekend(day)
    if calendar.data.family == "cn":
        return _off_in_china(day)
    names = _public_holidays(calendar.name, day.year)
    return Off(day, (names[day], names[day])) if day in names else _weekend(day)


def is_working_day(day: date, calendar: Calendar) -> bool:
    """Return whether a day is a working day; raises Refused for an unknown year."""
    return day_off(day, calendar) is None


def missing_years(name: str, years: Iterable[int], given: Sequence[YearTable] = ()) -> list[int]:
    """Return those of some years whose days off are not known for a calendar."""
    calendar = calendar_named(name, given)
    found = []
    for year in sorted(set(years)):
        try:
            day_off(date(year, 1, 1), calendar)
        except Refused:
            found.append(year)
    return found


def roll_forward(day: date, calendar: Calendar) -> date:
    """Return the day itself or the next working day; raises Refused for an unknown year."""
    while not is_working_day(day, calendar):
        day += _DAY
    return day


def add_working_days(day: date, number: int, calendar: Calendar) -> date:
    """Return the n-th working day after a day, which is not counted; raises Refused."""
    while number > 0:
        day += _DAY
        number -= is_working_day(day, calendar)
    return day


def sources_of(calendar: Calendar, years: Sequence[int]) -> tuple[str, ...]:
    """Return where the days off of these years come from: a package and version, or a file."""
    if calendar.data.family == "nobody":
        return ()
    package = "chinesecalendar" if calendar.data.family == "cn" else "holidays"
    found = [
        f"{year}: {calendar.given[year].source}"
        if year in calendar.given
        else f"{year}: {package} {_version(package)}"
        for year in sorted(set(years))
    ]
    return tuple(found)


@cache
def _version(package: str) -> str:
    from importlib.metadata import version  # noqa: PLC0415  (not needed to look at a calendar)

    return version(package)


def _weekend(day: date) -> Off | None:
    return Off(day) if day.isoweekday() >= SATURDAY else None


def _off_in_china(day: date) -> Off | None:
    import chinese_calendar

    try:
        off, name = chinese_calendar.get_holiday_detail(day)
    except NotImplementedError:
        raise _unavailable("CN", day.year) from None
    if not off:
        return None
    if name is None:
        return Off(day)
    return Off(day, (name, chinese_calendar.Holiday(name).chinese))


@cache
def _public_holidays(name: str, year: int) -> Mapping[date, str]:
    """Return the public holidays of a year with their English names."""
    import holidays

    data = clocks().calendars[name]
    found = holidays.country_holidays(
        data.country or name,
        subdiv=data.subdivision,
        years=year,
        expand=False,
        observed=True,
        language="en_US",
        categories=("public",),
    )
    if not found.start_year <= year <= found.end_year:
        raise _unavailable(name, year)
    names = {
        day: "; ".join(t for t in title.split("; ") if not t.startswith(data.leave_out))
        for day, title in found.items()
        if day.year == year
    }
    return {day: title for day, title in names.items() if title}


def _unavailable(name: str, year: int) -> Refused:
    return Refused(
        "calendar-unavailable",
        f"the days off of {year} are not known for the calendar {name}, and are not guessed",
        hint=f"write them into a file, then: tagwarden policy calendar FILE.yaml, or --calendar-file FILE.yaml: apiVersion: tagwarden/v1, "
        f"kind: Calendar, calendar: {name}, year: {year}, source, holidays"
        + (", make_up_workdays" if name == "CN" else ""),
        facts={"calendar": name, "year": year},
    )
