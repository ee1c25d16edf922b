# SPDX-License-Identifier: Apache-2.0
"""The shop's clock: offsets from UTC over the years, as SQL over whole microseconds.

The rules come from one time-zone database (Python's), not from the engine's own, so that batch and
single events get the same hour. An hour that comes twice, and one that is skipped, are told apart.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from audit.clock import DAY, HOUR, SECOND, to_micros

_STEP = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Change:
    """From this instant on the offset from UTC is `after`, where it was `before`."""

    at: int
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Clock:
    """The offsets of a zone between two years, in microseconds."""

    first: int
    changes: tuple[Change, ...]

    def offset_of_utc(self, ts: str) -> str:
        """Return SQL for the offset at an instant."""
        return self._case([(f"{ts} < {c.at}", c.before) for c in self.changes])

    def offset_of_local(self, local: str, *, later: bool) -> str:
        """Return SQL for the offset of a local time.

        An hour that comes twice is taken as the earlier one, or the later one. An hour that is
        skipped is read with the offset before the change: it moves forward by what was skipped.
        """
        steps = []
        for c in self.changes:
            twice = c.after < c.before
            edge = c.at + (c.after if twice and later else max(c.before, c.after))
            steps.append((f"{local} < {edge}", c.before))
        return self._case(steps)

    def is_twice(self, local: str) -> str:
        """Return SQL that is true for a local time that comes twice."""
        spans = [(c.at + c.after, c.at + c.before) for c in self.changes if c.after < c.before]
        return _any(local, spans)

    def is_skipped(self, local: str) -> str:
        """Return SQL that is true for a local time that never comes."""
        spans = [(c.at + c.before, c.at + c.after) for c in self.changes if c.after > c.before]
        return _any(local, spans)

    def _case(self, steps: list[tuple[str, int]]) -> str:
        last = self.changes[-1].after if self.changes else self.first
        if not steps:
            return f"CAST({last} AS BIGINT)"
        # most events are recent: ask for the newest time first, by turning the ladder round
        newest_first = []
        for number in range(len(steps) - 1, -1, -1):
            condition, _ = steps[number]
            newest_first.append(f"WHEN NOT ({condition}) THEN {self.changes[number].after}")
        return f"CASE {' '.join(newest_first)} ELSE {self.first} END"


@lru_cache(maxsize=16)
def clock(zone: str, first_year: int, last_year: int) -> Clock:
    """Return the offsets of a zone from the first day of one year to the last day of another."""
    info = ZoneInfo(zone)
    here = datetime(first_year, 1, 1, tzinfo=UTC) - timedelta(days=2)
    end = datetime(last_year + 1, 1, 1, tzinfo=UTC) + timedelta(days=2)
    first = _offset(info, here)
    changes: list[Change] = []
    while here < end:
        there = here + _STEP
        if _offset(info, here) != _offset(info, there):
            changes.append(_change(info, here, there))
            there = datetime.fromtimestamp(changes[-1].at / SECOND, UTC)
        here = there
    return Clock(first, tuple(changes))


def hour(local: str) -> str:
    """Return SQL for the hour (0 to 23) of a local time."""
    return f"(({local} // {HOUR}) % 24)"


def weekday(local: str) -> str:
    """Return SQL for the weekday of a local time: 1 is Monday, 7 is Sunday."""
    return f"(({local} // {DAY} + 3) % 7 + 1)"


def day(local: str) -> str:
    """Return SQL for the number of days since 1970-01-01 of a local time."""
    return f"({local} // {DAY})"


def _change(info: ZoneInfo, low: datetime, high: datetime) -> Change:
    before = _offset(info, low)
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        middle = middle.replace(microsecond=0)
        if middle in (low, high):
            break
        if _offset(info, middle) == before:
            low = middle
        else:
            high = middle
    return Change(to_micros(high), before, _offset(info, high))


def _offset(info: ZoneInfo, at: datetime) -> int:
    delta = at.astimezone(info).utcoffset() or timedelta()
    return (delta.days * 86400 + delta.seconds) * SECOND


def _any(local: str, spans: list[tuple[int, int]]) -> str:
    if not spans:
        return "false"
    tests = [f"({local} >= {low} AND {local} < {high})" for low, high in reversed(spans)]
    return f"({' OR '.join(tests)})"
