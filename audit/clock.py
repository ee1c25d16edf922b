# SPDX-License-Identifier: Apache-2.0
"""Time is a parameter. This is the only module that reads the machine's clock.

Inside, an instant is an integer: microseconds since 1970-01-01T00:00:00Z. Text that people and
documents see is ISO 8601 in UTC.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NewType, Protocol

Micros = NewType("Micros", int)
"""Microseconds since the epoch, UTC."""

SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR


class Clock(Protocol):
    """Tells the present instant."""

    def now(self) -> Micros:
        """Return the present instant."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> Micros:
        """Return the machine's time."""
        return to_micros(datetime.now(UTC))  # noqa: TID251  (the one place that may)


@dataclass(slots=True)
class FixedClock:
    """A clock that stands still until somebody moves it: for demonstrations and tests."""

    at: Micros

    def now(self) -> Micros:
        """Return the instant at which this clock stands."""
        return self.at


def to_micros(moment: datetime) -> Micros:
    """Return the instant of an aware datetime; raises ValueError for a naive one."""
    if moment.tzinfo is None:
        raise ValueError("a time needs a zone")
    delta = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return Micros((delta.days * 86400 + delta.seconds) * SECOND + delta.microseconds)


def from_micros(at: int) -> datetime:
    """Return the aware UTC datetime of an instant."""
    seconds, micros = divmod(at, SECOND)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=micros)


def parse_time(text: str) -> Micros:
    """Return the instant of an ISO 8601 text; a bare date is its midnight UTC, no zone is UTC.

    Raises ValueError for anything else.
    """
    moment = datetime.fromisoformat(text.strip())
    return to_micros(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def iso(at: int | None) -> str:
    """Return an instant as ISO text in UTC, without a fraction when it is whole; '' for None."""
    if at is None:
        return ""
    moment = from_micros(at)
    return moment.isoformat(timespec="microseconds" if moment.microsecond else "seconds").replace(
        "+00:00", "Z"
    )
