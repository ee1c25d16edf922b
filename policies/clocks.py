# SPDX-License-Identifier: Apache-2.0
"""Statutory clocks: by which day a request must be answered, a duty done, a record kept. Pure.

The day of receipt is a day, not an instant: whoever receives says which day it was where they are.
Refuses a time of day, a calendar that a rule is not counted on, a pause that a rule does not know,
and a year without an official calendar. Dates of the extension run from receipt in one step.
"""

import calendar as gregorian
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import groupby

from audit.errors import BadInput
from policies.calendar_file import YearTable
from policies.calendars import (
    Calendar,
    Off,
    add_working_days,
    calendar_named,
    day_off,
    roll_forward,
    sources_of,
)
from policies.periods import ClockRule, Means, Period, calendars_of, clock_rule, clocks
from policies.rules import Provenance, Why

_ISO = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)
FIRST_YEAR, LAST_YEAR = 2000, 2100


@dataclass(frozen=True, slots=True)
class Step:
    """One step of how a date came about."""

    code: str
    end: str
    day: date
    text: Why


@dataclass(frozen=True, slots=True)
class Due:
    """The dates of a clock; each is the last day that is in time. None: the rule has no such date.

    `extension_notice_due` is the day by which the person must hear of an extension; for the GDPR
    it is the first date as rolled, since Art. 12(3) gives the notice the same month.
    """

    rule: str
    received: date
    due: date
    extended_due: date | None
    extension_notice_due: date | None
    ack_due: date | None
    calendar: str
    means: Means
    provenance: Provenance
    cites: tuple[str, ...]
    text: Why
    sources: tuple[str, ...]
    trace: tuple[Step, ...]


def due(
    rule: str,
    received: date,
    *,
    calendar: str | None = None,
    identity_requested: date | None = None,
    identity_received: date | None = None,
    overrides: Sequence[YearTable] = (),
) -> Due:
    """Return the dates of a clock that starts on a day.

    Raises NotFound for an unknown rule or calendar, BadInput for days that make no sense, Refused
    when a year has no official calendar.
    """
    found = clock_rule(rule)
    _check_day(received)
    used = _calendar(found, calendar, overrides)
    pause = _pause(found, received, identity_requested, identity_received)
    count = _Count(found, used, received, pause)
    count.start(identity_requested)
    _check_in_time(identity_requested, count)
    first = count.end("due", found.due)
    extended = count.end("extended", found.extended) if found.extended else None
    if extended:
        count.note("notice", "notice", first)
    ack = count.end("ack", found.ack) if found.ack else None
    return Due(
        rule=rule,
        received=received,
        due=first,
        extended_due=extended,
        extension_notice_due=first if extended else None,
        ack_due=ack,
        calendar=used.name,
        means=found.means,
        provenance=found.provenance,
        cites=found.cites,
        text=found.text,
        sources=sources_of(used, sorted(count.years)),
        trace=tuple(count.steps),
    )


def read_day(text: str, what: str = "the day of receipt") -> date:
    """Return the day written as YYYY-MM-DD; raises BadInput for anything else."""
    if not _ISO.match(text):
        raise _bad_day(what)
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise _bad_day(what) from None
    _check_day(day, what)
    return day


def _check_day(day: date, what: str = "the day of receipt") -> None:
    if type(day) is not date or not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise _bad_day(what)


def _bad_day(what: str) -> BadInput:
    return BadInput(
        "bad-date",
        f"{what} is not a day from {FIRST_YEAR} to {LAST_YEAR}",
        hint="write YYYY-MM-DD, without a time: the day it was where the request came in",
    )


def _calendar(rule: ClockRule, name: str | None, overrides: Sequence[YearTable]) -> Calendar:
    used = calendar_named(name or rule.default_calendar, overrides)
    fitting = calendars_of(rule)
    if used.name not in fitting:
        raise BadInput(
            "calendar-not-of-rule",
            f"this clock is not counted on the calendar {used.name}",
            hint="calendars of this clock: " + ", ".join(fitting),
        )
    return used


def _pause(rule: ClockRule, received: date, asked: date | None, answered: date | None) -> int:
    """Return for how many days the clock stood; raises BadInput when the rule knows no pause."""
    if rule.identity != "required":
        if asked is not None or answered is not None:
            raise BadInput(
                "identity-dates",
                "asking for identity does not stop this clock",
                hint="use --rule gdpr.month_with_identity_pause"
                if rule.identity == "other_rule"
                else "leave the two days of identity out",
            )
        return 0
    if asked is None or answered is None:
        raise BadInput(
            "identity-dates",
            "this clock needs the day identity was asked for and the day it was shown; "
            "until the answer is there, the clock stands still",
            hint="--identity-requested DATE --identity-received DATE, or --rule gdpr.month",
        )
    _check_day(asked, "the day identity was asked for")
    _check_day(answered, "the day identity was shown")
    if not received <= asked <= answered:
        raise BadInput(
            "identity-dates",
            "the days do not follow each other: receipt, question about identity, answer",
            hint="check --received, --identity-requested and --identity-received",
        )
    return (answered - asked).days


def _check_in_time(asked: date | None, count: "_Count") -> None:
    if asked is None:
        return
    unpaused = add_months(count.received, count.rule.due.months or 0)
    if asked > roll_forward(unpaused, count.calendar):
        raise BadInput(
            "identity-dates",
            "identity was asked for after the period had ended: nothing was left to pause",
            hint="use --rule gdpr.month",
        )


def add_months(day: date, months: int) -> date:
    """Return the same day number that many months on, or the last day of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = gregorian.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


@dataclass(slots=True)
class _Count:
    """Counts the ends of one clock and writes down how."""

    rule: ClockRule
    calendar: Calendar
    received: date
    pause: int
    steps: list[Step] = field(default_factory=list)
    years: set[int] = field(default_factory=set)

    def start(self, asked: date | None) -> None:
        what = clocks().words.starts[self.rule.starts]
        step = "happened" if self.rule.due.days == 0 else "started"
        self.note(step, "due", self.received, start=self.received, what=what)
        if asked is not None:
            self.note("prompt", "due", asked, n=(asked - self.received).days)
        if self.rule.calendars != "nobody" and self.calendar.data.family == "nobody":
            self.note("weekends_only", "due", self.received)

    def end(self, name: str, period: Period) -> date:
        """Return the last day of a period."""
        day = self._unrolled(name, period)
        if self.pause:
            day += timedelta(days=self.pause)
            self.note("paused", name, day, n=self.pause)
        if period.rolls:
            day = self._rolled(name, day)
        if self.rule.at_most_days is not None:
            latest = self.received + timedelta(days=self.rule.at_most_days)
            if day > latest:
                day = latest
                self.note("capped", name, day, n=self.rule.at_most_days)
        return day

    def _unrolled(self, name: str, period: Period) -> date:
        if period.months is not None:
            day = add_months(self.received, period.months)
            step = "months" if day.day == self.received.day else "clamped"
            self.note(step, name, day, n=period.months)
        elif period.days is not None:
            day = self.received + timedelta(days=period.days)
            self.note("days" if period.days else "at_once", name, day, n=period.days)
        else:
            day = self._working(name, period.working_days or 0)
        return day

    def _working(self, name: str, number: int) -> date:
        end = add_working_days(self.received, number, self.calendar)
        ahead = range(1, (end - self.received).days + 1)
        days = [self.received + timedelta(days=n) for n in ahead]
        self.years.update(day.year for day in days)
        off = {day: day_off(day, self.calendar) for day in days}
        passed = [found for found in off.values() if found and found.holiday]
        made_up = [Off(day) for day in days if off[day] is None and day.isoweekday() >= 6]
        self.note("working", name, end, n=number)
        if passed:
            self.note("passed", name, end, days=passed)
        if made_up:
            self.note("made_up", name, end, days=made_up)
        return end

    def _rolled(self, name: str, day: date) -> date:
        end = roll_forward(day, self.calendar)
        self.years.update((day.year, end.year))
        if end == day:
            self.note("stays", name, day)
            return day
        ahead = range((end - day).days)
        off = [day_off(day + timedelta(days=n), self.calendar) for n in ahead]
        self.note("rolled", name, end, days=[found for found in off if found])
        return end

    def note(self, code: str, end: str, day: date, **facts: object) -> None:
        """Write one step down, in both languages."""
        words = clocks().words
        label = words.means[self.rule.means] if end == "due" else words.ends[end]
        texts = {}
        for language in ("en", "zh"):
            shown = {key: _shown(value, language) for key, value in facts.items()}
            texts[language] = (
                words.steps[code]
                .in_(language)
                .format(end=_shown(label, language), day=_shown(day, language), **shown)
            )
        self.steps.append(Step(code, end, day, Why(**texts)))


def _shown(value: object, language: str) -> object:
    if isinstance(value, Why):
        return value.zh if language == "zh" else value.en
    if isinstance(value, date):
        weekday = clocks().words.weekdays[str(value.isoweekday())]
        return _named(value, weekday.in_(language), language)
    if isinstance(value, list):
        comma = "、" if language == "zh" else ", "
        return comma.join(_runs(value, language))
    return value


def _named(day: date | str, name: str, language: str) -> str:
    return f"{day}（{name}）" if language == "zh" else f"{day} ({name})"


def _runs(found: Sequence[Off], language: str) -> Iterator[str]:
    """Yield the days off, those of one holiday in a row as a span."""
    for holiday, group in groupby(found, key=lambda off: off.holiday):
        days = [off.day for off in group]
        if holiday is None:
            yield from (str(_shown(day, language)) for day in days)
            continue
        span = str(days[0]) if len(days) == 1 else f"{days[0]}/{days[-1]}"
        yield _named(span, holiday[1 if language == "zh" else 0], language)
