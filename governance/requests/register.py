# SPDX-License-Identifier: Apache-2.0
"""The register of requests: when each came in, was due, done and told, and what was missed.

It names nobody. An answer counts from the day on which it was told; what is simply done, such as an
opt-out, from the day on which it was done.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection

from audit.clock import Micros
from governance.authority import demand
from governance.requests import row
from governance.requests.days import day_at, day_here, last_day
from governance.requests.machine import State
from governance.requests.notices import ANSWERS, OUTCOME, given
from governance.requests.row import Outside, Request
from policies.periods import clock_rule

if TYPE_CHECKING:
    from governance.settings import Settings
    from governance.workspace import Workspace

_UNANSWERED: Final = frozenset({State.REVOKED, State.DUPLICATE_OF})
"""Ends of which the law asks for no answer of their own."""


@dataclass(frozen=True, slots=True)
class Line:
    """One request in the register. None: it has not happened, or there is no such day."""

    ref: str
    regime: str
    kind: str
    target: str
    requester: str
    channel: str
    received: date
    due: date
    """The last day that is in time, with an extension that was told."""
    extended: bool
    acknowledge_by: date | None
    acknowledged: date | None
    state: State
    outside: Outside | None
    """For whom outside it waits."""
    ground: str
    ended: date | None
    answered: date | None
    """The day on which the answer was told, or what needs none was done."""
    kept: str
    """yes, no, or open: nothing is missed so far."""
    missed: tuple[str, ...]
    """What came late or is late now: acknowledgement, extension, answer."""

    @property
    def days(self) -> int | None:
        """Days from receipt to the answer."""
        return None if self.answered is None else (self.answered - self.received).days


def register(ws: "Workspace", first: date | None = None, last: date | None = None) -> list[Line]:
    """Return the requests that came in from `first` to `last`, in the order of receipt."""
    demand(ws, "request.read")
    with ws.store.read() as connection:
        return lines_in(connection, ws.settings, day_here(ws), first, last)


def lines_in(
    connection: Connection,
    settings: "Settings",
    today: date,
    first: date | None = None,
    last: date | None = None,
) -> list[Line]:
    """Return the same as they stand on a day, for a use case that has asked for its own role."""
    values = {"a": (first or date.min).isoformat(), "b": (last or date.max).isoformat()}
    where = "received_on BETWEEN :a AND :b"
    told = given(connection, where, **values)
    found = row.select(connection, where, **values)
    lines = [line_of(one, told.get(one.ref, {}), settings, today) for one in found]
    return sorted(lines, key=lambda line: (line.received, line.ref))


def line_of(one: Request, told: Mapping[str, Micros], settings: "Settings", today: date) -> Line:
    """Return a request as it stands in the register on a day; `told`: letter → when it was given."""
    days = {kind: day_at(settings, at) for kind, at in told.items()}
    ended = None if one.ended_at is None else day_at(settings, one.ended_at)
    due = last_day(one, told, settings, today)
    answered = _answered(one, days, ended)
    by = max(due, ended) if ended and one.state == State.EXPIRED else due
    missed = tuple(
        name
        for name, late in (
            ("acknowledgement", _late(one.ack_due, _heard(one, days, ended), today)),
            ("extension", bool(one.extension) and _late(one.due, days.get("extension"), today)),
            ("answer", _late(by, answered, today)),
        )
        if late
    )
    return Line(
        ref=one.ref,
        regime=one.regime,
        kind=one.kind,
        target=one.target,
        requester=one.requester,
        channel=one.channel,
        received=one.received_on,
        due=due,
        extended=bool(one.extension),
        acknowledge_by=one.ack_due,
        acknowledged=days.get("acknowledgement"),
        state=one.state,
        outside=one.outside,
        ground=one.code if one.state == State.DENIED else "",
        ended=ended,
        answered=None if one.state in _UNANSWERED else answered,
        kept="no" if missed else "yes" if answered else "open",
        missed=missed,
    )


def _answered(one: Request, days: Mapping[str, date], ended: date | None) -> date | None:
    """Return the day from which nothing is owed any more."""
    if ended is None:
        return None
    done = one.state != State.DENIED and clock_rule(one.clock).means == "act"
    if one.state in _UNANSWERED or (done and one.state != State.EXPIRED):
        return ended
    return _first(days, ANSWERS)


def _heard(one: Request, days: Mapping[str, date], ended: date | None) -> date | None:
    """Return the day on which the person first heard that the request had come in."""
    if one.state in _UNANSWERED:
        return ended
    return _first(days, {"acknowledgement", *OUTCOME.values()})


def _first(days: Mapping[str, date], kinds: Iterable[str]) -> date | None:
    return min((days[kind] for kind in kinds if kind in days), default=None)


def _late(by: date | None, happened: date | None, today: date) -> bool:
    return by is not None and (happened or today) > by
