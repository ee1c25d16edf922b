# SPDX-License-Identifier: Apache-2.0
"""A calendar that the operator gives: the days off and the make-up workdays of a year.

One document for each calendar and year; a year given here replaces the built-in one whole.
Refuses, with every problem at once, days of another year, days named twice, a day both off and on,
a make-up workday that no weekend has, and a Chinese year without its statutory days.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

from pydantic import Field

from audit.errors import Problems
from policies.document import Document, Strict, nearest, read_documents, validate
from policies.periods import clocks
from policies.rules import Texts

_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(?:/(\d{4}-\d{2}-\d{2}))?\Z", re.ASCII)
_LONGEST = 31
_FIXED_IN_CHINA = ((1, 1), (5, 1), (10, 1))
_FEWEST_IN_CHINA = 11
"""Statutory days of a year since 2008; 13 since 2025."""


@dataclass(frozen=True, slots=True)
class YearTable:
    """A year of a calendar as the operator gives it."""

    calendar: str
    year: int
    source: str
    holidays: frozenset[date]
    make_up: frozenset[date]


class CalendarYear(Strict):
    """The document."""

    api_version: Literal["tagwarden/v1"] = Field(alias="apiVersion")
    kind: Literal["Calendar"]
    calendar: str
    year: int = Field(ge=2000, le=2100)
    source: str = Field(min_length=3)
    holidays: Texts = Field(min_length=1)
    make_up_workdays: Texts = ()


def read_calendar_file(path: Path) -> tuple[YearTable, ...]:
    """Return the years in a file; raises BadInput with every problem of it."""
    return tables_of(read_documents(path), path.name)


def tables_of(documents: Sequence[Document], name: str) -> tuple[YearTable, ...]:
    """Return the years in documents, in their order; raises BadInput with every problem of them."""
    problems = Problems(name)
    tables: dict[tuple[str, int], YearTable] = {}
    for document in documents:
        year = validate(CalendarYear, document, problems)
        if year is None:
            continue
        if (year.calendar, year.year) in tables:
            line, column = document.place(("year",))
            problems.add(
                "year-twice",
                f"{year.calendar} {year.year} stands in two documents",
                line=line,
                column=column,
                hint="put all its days into one",
            )
        tables[year.calendar, year.year] = _table(year, document, problems)
    if not documents:
        problems.add("no-calendar", "there is no calendar in it")
    problems.raise_if_any("bad-calendar-file", f"{name} is not a usable calendar")
    return tuple(tables.values())


def _table(year: CalendarYear, document: Document, problems: Problems) -> YearTable:
    notes = _Notes(document, problems)
    holidays = _days(year, "holidays", notes)
    make_up = _days(year, "make_up_workdays", notes)
    known = clocks().calendars
    if year.calendar not in known or known[year.calendar].family == "nobody":
        names = [name for name, data in known.items() if data.family != "nobody"]
        notes.note(
            "unknown-calendar",
            f'there is no calendar "{year.calendar}"',
            hint=nearest(year.calendar, names) or "calendars: " + ", ".join(names),
            path=("calendar",),
        )
    elif known[year.calendar].family == "cn":
        _check_china(year.year, holidays, make_up, notes)
    elif make_up:
        notes.note(
            "make-up-elsewhere",
            "only the Chinese calendar has make-up workdays: elsewhere a weekend stays one",
            hint="take make_up_workdays out",
            path=("make_up_workdays",),
        )
    for day in sorted(holidays & make_up):
        notes.note("day-off-and-on", f"{day} is both off and worked", path=("make_up_workdays",))
    return YearTable(year.calendar, year.year, year.source, holidays, make_up)


def _check_china(
    year: int, holidays: frozenset[date], make_up: frozenset[date], notes: "_Notes"
) -> None:
    for month, number in _FIXED_IN_CHINA:
        day = date(year, month, number)
        if day not in holidays:
            notes.note("statutory-day-missing", f"{day} is a day off by law", path=("holidays",))
    if len(holidays) < _FEWEST_IN_CHINA:
        notes.note(
            "too-few-days",
            f"{len(holidays)} days off are fewer than the {_FEWEST_IN_CHINA} of the law",
            hint="copy the whole notice: each holiday from its first to its last day",
            path=("holidays",),
        )
    for day in sorted(make_up):
        if day.isoweekday() < 6:
            notes.note(
                "make-up-on-weekday",
                f"{day} is from Monday to Friday and worked anyway",
                hint="a make-up workday is a Saturday or Sunday",
                path=("make_up_workdays",),
            )


def _days(
    year: CalendarYear, key: Literal["holidays", "make_up_workdays"], notes: "_Notes"
) -> frozenset[date]:
    found: Counter[date] = Counter()
    for number, text in enumerate(getattr(year, key)):
        days = list(_span(text))
        if not days:
            notes.note(
                "bad-day",
                f"{key} {number + 1} is not a day or a span of at most {_LONGEST} days",
                hint="write 2027-10-01, or 2027-10-01/2027-10-07",
                path=(key, number),
            )
        for day in days:
            if day.year != year.year:
                notes.note("day-of-other-year", f"{day} is not in {year.year}", path=(key, number))
        found.update(days)
    for day, times in found.items():
        if times > 1:
            notes.note("day-twice", f"{day} is named twice in {key}", path=(key,))
    return frozenset(found)


def _span(text: str) -> Iterator[date]:
    """Yield the days of `day` or `first/last`; none when it is neither."""
    match = _DAY.match(text)
    if not match:
        return
    try:
        first = date.fromisoformat(match[1])
        last = date.fromisoformat(match[2] or match[1])
    except ValueError:
        return
    length = (last - first).days
    if 0 <= length < _LONGEST:
        yield from (first + timedelta(days=ahead) for ahead in range(length + 1))


@dataclass(frozen=True, slots=True)
class _Notes:
    """Notes problems with their places."""

    document: Document
    problems: Problems

    def note(self, code: str, message: str, *, hint: str = "", path: Sequence[str | int]) -> None:
        line, column = self.document.place(path)
        self.problems.add(code, message, line=line, column=column, hint=hint)


def by_year(tables: Sequence[YearTable], calendar: str) -> Mapping[int, YearTable]:
    """Return the years of one calendar among those given."""
    return {table.year: table for table in tables if table.calendar == calendar}
