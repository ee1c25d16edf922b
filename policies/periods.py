# SPDX-License-Identifier: Apache-2.0
"""The statutory clocks as data: rules, calendars and the words in which a date is explained.

Reads `library/clocks.yaml`. Refuses a rule or calendar that is not there, with the nearest name.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal, Self

from pydantic import Field, model_validator

from audit.errors import NotFound, Problems
from policies.document import Strict, nearest, parse_documents, validate
from policies.rules import Provenance, Texts, Why

Family = Literal["eu", "us", "cn", "nobody"]
Starts = Literal["receipt", "change", "demand", "event"]
Means = Literal["answer", "act", "keep"]
Identity = Literal["other_rule", "required", "runs_on", "none_here"]


class Period(Strict):
    """A length of time in one unit; the day from which it runs is not counted."""

    months: int | None = Field(default=None, ge=1)
    days: int | None = Field(default=None, ge=0)
    working_days: int | None = Field(default=None, ge=1)
    rolls: bool = False

    @model_validator(mode="after")
    def _one_unit(self) -> Self:
        given = (self.months, self.days, self.working_days)
        if sum(number is not None for number in given) != 1:
            raise ValueError("a period has one unit: months, days or working_days")
        return self


class ClockRule(Strict):
    """One statutory clock."""

    provenance: Provenance
    cites: Texts = Field(min_length=1)
    starts: Starts
    means: Means
    calendars: Family
    default_calendar: str
    due: Period
    extended: Period | None = None
    ack: Period | None = None
    at_most_days: int | None = Field(default=None, ge=1)
    identity: Identity
    text: Why


class CalendarData(Strict):
    """Where a calendar's days off come from."""

    family: Family
    country: str | None = None
    subdivision: str | None = None
    leave_out: Texts = ()
    text: Why


class Words(Strict):
    """What people read, in the languages of the packs."""

    starts: dict[Starts, Why]
    means: dict[Means, Why]
    ends: dict[str, Why]
    weekdays: dict[str, Why]
    steps: dict[str, Why]


class Clocks(Strict):
    """The whole file."""

    api_version: Literal["tagwarden/v1"] = Field(alias="apiVersion")
    kind: Literal["Clocks"]
    version: str
    rules: dict[str, ClockRule]
    calendars: dict[str, CalendarData]
    words: Words


@cache
def clocks() -> Clocks:
    """Return the clocks that come with the product."""
    return read_clocks((files("policies") / "library" / "clocks.yaml").read_bytes(), "clocks.yaml")


def read_clocks(data: bytes, file: str) -> Clocks:
    """Return the clocks in a YAML document; raises BadInput with every problem of it."""
    problems = Problems(file)
    document = parse_documents(data, file)[0]
    found = validate(Clocks, document, problems)
    for name, rule in found.rules.items() if found else ():
        calendar = found.calendars.get(rule.default_calendar) if found else None
        if calendar is None or calendar.family not in (rule.calendars, "nobody"):
            line, column = document.place(("rules", name, "default_calendar"))
            problems.add(
                "bad-rule", f"{name}: its calendar is not one of its own", line=line, column=column
            )
    problems.raise_if_any("bad-clocks", f"{file} does not hold usable clocks")
    if found is None:  # pragma: no cover  (clocks that do not validate have problems)
        raise AssertionError(file)
    return found


def clock_rule(name: str) -> ClockRule:
    """Return the rule of that name; raises NotFound with the nearest one."""
    known = clocks().rules
    if name not in known:
        raise NotFound(
            "unknown-rule",
            "there is no clock of that name",
            hint=nearest(name, known) or "rules: " + ", ".join(known),
        )
    return known[name]


def calendar_key(name: str) -> str:
    """Return the calendar's name as it is written here; raises NotFound with the nearest one."""
    known = {key.casefold(): key for key in clocks().calendars}
    found = known.get(name.strip().casefold())
    if found is None:
        raise NotFound(
            "unknown-calendar",
            "there is no calendar of that name",
            hint=nearest(name, known.values()) or "calendars: " + ", ".join(known.values()),
        )
    return found


def calendars_of(rule: ClockRule) -> Mapping[str, CalendarData]:
    """Return the calendars on which a rule may be counted.

    Chinese working days need the official one: without make-up workdays a date could come late.
    """
    fitting = {rule.calendars} if rule.calendars == "cn" else {rule.calendars, "nobody"}
    return {key: data for key, data in clocks().calendars.items() if data.family in fitting}
