# SPDX-License-Identifier: Apache-2.0
"""How a row is judged. Nothing is met without evidence, and what only a person can see is never met.

A check that looks at a part of what the law asks can turn a row red, never green: what is left is for a
person. A row without a check is for a person.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

from audit.compliance.facts import Facts, Paper


class Status(StrEnum):
    """What an audit says of an obligation, the worst first."""

    NOT_MET = "not_met"
    PERSON = "needs_a_person"
    MET = "met"


class Said(NamedTuple):
    """A sentence: its code in `words`, and what stands in it."""

    code: str
    values: Mapping[str, str | int] = {}


@dataclass(frozen=True, slots=True)
class Found:
    """What a check found: `good` is None where it could not tell, and a person must look."""

    good: bool | None
    says: tuple[Said, ...]
    papers: tuple[Paper, ...] = ()
    figures: tuple[tuple[str, int], ...] = ()
    tests: tuple[str, ...] = ()
    settled: bool = False
    """Whether nothing is left to look at, since what the row is about is not there."""
    timed: bool = False
    """Whether it rests on what time it is: on a clock that stands still nothing is ever overdue."""

    @property
    def shown(self) -> bool:
        """Whether there is any evidence."""
        return bool(self.papers or self.figures or self.tests)


Run = Callable[[Facts, str], Found]
"""A check: facts and the id of the row → what it found."""


@dataclass(frozen=True, slots=True)
class Check:
    """A check of a row; `whole` says that it looks at all that the row asks for."""

    run: Run
    whole: bool = False


def judge(check: Check | None, facts: Facts, row: str) -> tuple[Status, Found]:
    """Return the status of a row, and what was found."""
    if check is None:
        return Status.PERSON, Found(None, ())
    found = check.run(facts, row)
    if found.good and found.timed and facts.settings.get("clock.fixed"):
        found = replace(found, good=None, says=(*found.says, Said("clock.fixed")))
    if found.good is False:
        return Status.NOT_MET, found
    if found.good and found.shown and (check.whole or found.settled):
        return Status.MET, found
    return Status.PERSON, found


def both(*runs: Run) -> Run:
    """Return a check that is good when all are, bad when one is, and unsure when one is."""

    def run(facts: Facts, row: str) -> Found:
        found = [one(facts, row) for one in runs]
        goods = {one.good for one in found}
        return Found(
            False if False in goods else None if None in goods else True,
            tuple(said for one in found for said in one.says),
            tuple(dict.fromkeys(paper for one in found for paper in one.papers)),
            tuple(dict.fromkeys(figure for one in found for figure in one.figures)),
            tuple(dict.fromkeys(test for one in found for test in one.tests)),
            all(one.settled for one in found),
            any(one.timed for one in found),
        )

    return run


def worst(statuses: "list[Status]") -> Status:
    """Return the worst of some statuses; without any, a person must look."""
    return next((status for status in Status if status in statuses), Status.PERSON)
