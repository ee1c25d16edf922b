# SPDX-License-Identifier: Apache-2.0
"""What each request waits for, since when, who must act, by when, what happens then, and what to type.

A request that has ended may still wait for its letter: an answer that nobody was told is none. The
nearest day comes first. Changes nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import Connection, text

from audit.clock import Micros
from governance.authority import demand
from governance.requests import row
from governance.requests.days import day_at, day_here, last_day, start_of
from governance.requests.machine import LIVE, UNVERIFIED, State
from governance.requests.notices import ANSWERS, OUTCOME, given
from governance.requests.row import Outside, Request
from policies.periods import clock_rule
from policies.rights import right, rights

if TYPE_CHECKING:
    from governance.settings import Settings
    from governance.workspace import Workspace

SOON_DAYS: Final = 5
"""A task is soon due when so many days are left, or fewer."""
_EXPIRE: Final = "tagwarden request expire"


@dataclass(frozen=True, slots=True)
class Task:
    """One thing that a request waits for. The codes have their words in `governance.requests.words`."""

    ref: str
    kind: str
    regime: str
    state: str
    what: str
    detail: str
    """Letter, ground of the hold, whom and what it waits for; '' where there is nothing more to say."""
    who: str
    since: Micros
    by: date
    days: int
    """Days that are left; fewer than 0: it is overdue."""
    then: str
    """What happens after `by`: breach, expires, goes-on or asks-again."""
    last: date
    """The last day that the law gives for the request: a hold and waiting stop no clock."""
    cites: tuple[str, ...]
    """Articles that set the day."""
    extend_until: date | None
    """The day that an extension would give; None when there is none, or it is too late for one."""
    command: str

    @property
    def overdue(self) -> bool:
        """Whether its day is over."""
        return self.days < 0

    @property
    def soon(self) -> bool:
        """Whether its day is near."""
        return 0 <= self.days <= SOON_DAYS


def waiting(ws: "Workspace") -> list[Task]:
    """Return what requests wait for, the most urgent first."""
    demand(ws, "request.read")
    with ws.store.read() as connection:
        return tasks(connection, ws.settings, day_here(ws))


def tasks(connection: Connection, settings: "Settings", today: date) -> list[Task]:
    """Return what the requests of a store wait for on a day, the most urgent first."""
    live, untold = _in(LIVE), _in(frozenset(OUTCOME) - {State.DUPLICATE_OF, State.REVOKED})
    told = given(connection, f"state IN {live}")
    extended = _extended(connection, live)
    found = []
    for one in row.select(connection, f"state IN {live}"):
        desk = _Desk(one, told.get(one.ref, {}), settings, today)
        found += [desk.main(), *desk.letters(extended.get(one.ref))]
    letters = ", ".join(f"'{kind}'" for kind in sorted(ANSWERS))
    without = (
        f"state IN {untold} AND NOT EXISTS (SELECT 1 FROM requestevent e "
        f"WHERE e.ref = request.ref AND e.step = 'notice' AND e.code IN ({letters}))"
    )
    told = given(connection, without)
    for one in row.select(connection, without):
        found += _Desk(one, told.get(one.ref, {}), settings, today).answer()
    return sorted(found, key=lambda task: (task.by, task.ref, task.what, task.detail))


def _extended(connection: Connection, live: str) -> dict[str, Micros]:
    """Return when each live request was extended."""
    rows = connection.execute(
        text(
            "SELECT e.ref, e.at FROM request JOIN requestevent e ON e.ref = request.ref "
            f"WHERE request.state IN {live} AND request.extension <> '' AND e.step = 'extend'"
        )
    )
    return {str(ref): Micros(at) for ref, at in rows}


def _in(states: frozenset[State]) -> str:
    return "(" + ", ".join(f"'{state}'" for state in sorted(states)) + ")"


class _Next(NamedTuple):
    """What must happen, who does it, what they type, and about what it is."""

    what: str
    who: str
    command: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class _Desk:
    """One request, as it lies on the desk today."""

    one: Request
    told: Mapping[str, Micros]
    settings: "Settings"
    today: date

    @property
    def last(self) -> date:
        return last_day(self.one, self.told, self.settings, self.today)

    def main(self) -> Task:
        """Return what must happen next, so that the request goes on."""
        one, by = self.one, self.last
        if one.hold:
            who = "officer" if one.hold == "legal-hold" else "person"
            upcoming = _Next("hold", who, self._type("release"), one.hold)
            if one.hold_until and one.hold_until < by:
                return self._task(upcoming, one.hold_until, "goes-on")
            return self._task(upcoming, by, "breach")
        if one.outside:
            return self._outside(one.outside)
        if one.state not in UNVERIFIED:
            return self._task(self._active(), by, "breach")
        upcoming = self._unverified()
        if by < self.today:
            upcoming = upcoming._replace(who="clerk", command=_EXPIRE)
        return self._task(upcoming, by, "expires")

    def _active(self) -> _Next:
        kind = rights().kinds[self.one.kind]
        if self.one.state == State.IN_REVIEW:
            return _Next("decision", "second", self._type("approve"))
        if self.one.state == State.OPEN and kind.review:
            return _Next("work", "clerk", self._type("submit"))
        if kind.act == "erase":
            return _Next("erasure", "time", f"tagwarden erasure run {self.one.ref}")
        more = "--out FILE" if kind.act in ("package", "portable", "rules") else ""
        return _Next("execution", "clerk", self._type("execute", more))

    def _outside(self, outside: Outside) -> Task:
        """Return how long it waits for somebody outside; after that an officer asks again, or goes on."""
        by, over = self.last, outside.until < self.today
        upcoming = _Next(
            "outside",
            "clerk" if over else "outside",
            self._type("arrived", "--without" if over else ""),
            f"{outside.whom}:{outside.what}",
        )
        asked = start_of(self.settings, outside.since)
        if outside.until < by and self.today <= by:
            return self._task(upcoming, outside.until, "asks-again", asked)
        return self._task(upcoming, by, "breach", asked)

    def _unverified(self) -> _Next:
        one = self.one
        if one.subject_id is None:
            _, under = right(one.kind, one.regime)
            if "not-identified" in under.refusals:
                return _Next("nobody", "officer", self._type("deny", "--ground not-identified"))
            return _Next("nobody", "time", _EXPIRE)
        if one.requester != "self" and not one.mandate:
            return _Next("mandate", "person", self._type("mandate", "--document NUMBER"))
        if one.asked_on is None:
            return _Next("question", "clerk", self._type("challenge"))
        return _Next("proof", "person", self._type("verify", "--by in-person"))

    def letters(self, extended: Micros | None) -> Iterator[Task]:
        """Yield the letters that a request waits for that has not ended."""
        one = self.one
        if one.ack_due and "acknowledgement" not in self.told:
            yield self._letter("acknowledgement", one.ack_due, one.received_at)
        if one.extension and "extension" not in self.told:
            yield self._letter("extension", one.due, extended or one.since)

    def answer(self) -> Iterator[Task]:
        """Yield the letter that says how a request ended. What was done at once needs none."""
        one = self.one
        ended = one.ended_at or one.since
        if one.state == State.EXPIRED:
            yield self._letter("expired", max(self.last, day_at(self.settings, ended)), ended)
        elif one.state == State.DENIED or clock_rule(one.clock).means == "answer":
            yield self._letter(OUTCOME[one.state], self.last, ended)

    def _type(self, verb: str, more: str = "") -> str:
        return f"tagwarden request {verb} {self.one.ref} {more}".rstrip()

    def _letter(self, kind: str, by: date, since: Micros) -> Task:
        command = self._type("notice", f"--kind {kind} --sent")
        return self._task(_Next("letter", "clerk", command, kind), by, "breach", since)

    def _task(self, upcoming: _Next, by: date, then: str, since: Micros | None = None) -> Task:
        one = self.one
        possible = not one.ended and not one.extension and self.today <= one.due
        return Task(
            ref=one.ref,
            kind=one.kind,
            regime=one.regime,
            state=str(one.state),
            what=upcoming.what,
            detail=upcoming.detail,
            who=upcoming.who,
            since=one.since if since is None else since,
            by=by,
            days=(by - self.today).days,
            then=then,
            last=self.last,
            cites=clock_rule(one.clock).cites,
            extend_until=one.extended_due if possible else None,
            command=upcoming.command,
        )
