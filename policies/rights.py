# SPDX-License-Identifier: Apache-2.0
"""The rights of people as data: what can be asked for, under which law, by which clocks. Pure.

Reads `library/rights.yaml`. `dates` counts the days of a request; where the official calendar of a
year is not known yet, fifteen working days are counted as fifteen days: that is never late.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from audit.errors import NotFound, Problems, Refused
from policies.calendar_file import YearTable
from policies.clocks import Due, due
from policies.document import Strict, nearest, parse_documents, validate
from policies.periods import calendars_of, clock_rule
from policies.rules import Texts, Why

Act = Literal[
    "package",
    "categories",
    "portable",
    "correct",
    "contest",
    "erase",
    "restrict",
    "object",
    "withdraw",
    "rules",
    "explain",
    "block",
    "unblock",
    "depersonalise",
    "opt-out",
    "limit",
    "decisions-opt-out",
]
Target = Literal["", "tag", "purpose", "attribute", "scope"]
Identity = Literal["none", "reasonable", "high"]
By = Literal["self", "agent", "guardian", "relative"]

LEVELS: Final[Mapping[str, int]] = {"none": 0, "reasonable": 1, "high": 2}


def _known_clock(name: str) -> str:
    clock_rule(name)
    return name


class Under(Strict):
    """A right under one regime."""

    cites: Texts = Field(min_length=1)
    clocks: tuple[Annotated[str, AfterValidator(_known_clock)], ...] = Field(min_length=1)
    refusals: Texts = ()


class Right(Strict):
    """One kind of request."""

    name: Why
    act: Act
    target: Target = ""
    identity: Identity
    review: bool = False
    regimes: dict[str, Under]

    @property
    def level(self) -> int:
        """How well the person must be known: 0 not at all, 1 reasonably, 2 highly (11 CCR 7062)."""
        return LEVELS[self.identity]


class Refusal(Strict):
    """A ground on which a request is refused."""

    cites: Texts = Field(min_length=1)
    text: Why


class Words(Strict):
    """What people read for a code."""

    acts: dict[Act, Why]
    states: dict[str, Why]
    by: dict[By, Why]


class Rights(Strict):
    """The whole file."""

    api_version: Literal["tagwarden/v1"] = Field(alias="apiVersion")
    kind: Literal["Rights"]
    version: str
    kinds: dict[str, Right]
    refusals: dict[str, Refusal]
    extensions: dict[str, Why]
    holds: dict[str, Why]
    outside: dict[str, Why]
    awaited: dict[str, Why]
    words: Words


@cache
def rights() -> Rights:
    """Return the rights that come with the product."""
    return read_rights((files("policies") / "library" / "rights.yaml").read_bytes(), "rights.yaml")


def read_rights(data: bytes, file: str) -> Rights:
    """Return the rights in a YAML document; raises BadInput with every problem of it."""
    problems = Problems(file)
    document = parse_documents(data, file)[0]
    found = validate(Rights, document, problems)
    for name, right in found.kinds.items() if found else ():
        for regime, under in right.regimes.items():
            for code in under.refusals:
                if found and code not in found.refusals:
                    line, column = document.place(("kinds", name, "regimes", regime, "refusals"))
                    problems.add(
                        "unknown-refusal",
                        f"{name}: there is no ground {code}",
                        line=line,
                        column=column,
                    )
    problems.raise_if_any("bad-rights", f"{file} does not hold usable rights")
    if found is None:  # pragma: no cover  (rights that do not validate have problems)
        raise AssertionError(file)
    return found


def right(kind: str, regime: str) -> tuple[Right, Under]:
    """Return a kind of request, and what a regime says of it.

    Raises NotFound `unknown-right`, and Refused `right-not-here` where that law does not know it.
    """
    known = rights().kinds
    if kind not in known:
        raise NotFound(
            "unknown-right",
            f'there is no kind of request "{kind}"',
            hint=nearest(kind, known) or "kinds: " + ", ".join(known),
        )
    found = known[kind]
    if regime not in found.regimes:
        here = [name for name, other in known.items() if regime in other.regimes]
        raise Refused(
            "right-not-here",
            f"{regime} does not know the right {kind}",
            hint="it knows: " + ", ".join(here),
        )
    return found, found.regimes[regime]


_LAWS: Final = {
    "GDPR": "gdpr",
    "CJEU": "gdpr",
    "PIPL": "pipl_cn",
    "NDSR": "pipl_cn",
    "GB/T": "pipl_cn",
    "Algorithm": "pipl_cn",
    "Civ.": "ccpa",
    "11": "ccpa",
}


def articles(ground: str, regime: str) -> tuple[str, ...]:
    """Return the articles of one law for a ground of refusal; `18(1)` goes on with the law before it."""
    law, found = "", []
    for cite in rights().refusals[ground].cites:
        law = _LAWS.get(cite.split(" ")[0], law)
        if law == regime:
            found.append(cite)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Dates:
    """The days of a request; each is the last one that is in time. None: there is none."""

    clock: str
    """The clock whose end comes first."""
    due: date
    extended_due: date | None
    ack_due: date | None
    estimated: bool = False
    """Whether the official calendar was not known, so that an earlier day was taken."""


def dates(
    under: Under,
    received: date,
    *,
    calendar: str = "",
    identity: tuple[date, date] | None = None,
    given: Sequence[YearTable] = (),
) -> Dates:
    """Return the days of a request that came in on a day: the earliest end of its clocks.

    `identity` is when proof was asked for and came, where that stops the clock (GDPR Art. 12(6)); `given`
    are years whose days off the operator has given.
    """
    found = [_dates(name, received, calendar, identity, given) for name in under.clocks]
    first = min(found, key=lambda one: one.due)
    return replace(first, estimated=any(one.estimated for one in found))


PAUSED: Final = {"gdpr.month": "gdpr.month_with_identity_pause"}


def _dates(
    clock: str,
    received: date,
    calendar: str,
    identity: tuple[date, date] | None,
    given: Sequence[YearTable],
) -> Dates:
    asked = answered = None
    if identity and clock in PAUSED:
        (asked, answered), clock = identity, PAUSED[clock]
    rule = clock_rule(clock)
    used = calendar if calendar in calendars_of(rule) else None
    try:
        found: Due = due(
            clock,
            received,
            calendar=used,
            identity_requested=asked,
            identity_received=answered,
            overrides=given,
        )
    except Refused as unknown:
        if unknown.code != "calendar-unavailable" or rule.due.working_days is None:
            raise
        sooner = received + timedelta(days=rule.due.working_days)
        return Dates(clock, sooner, None, None, estimated=True)
    return Dates(clock, found.due, found.extended_due, found.ack_due)
