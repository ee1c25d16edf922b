# SPDX-License-Identifier: Apache-2.0
"""Figures about the requests of a year, as 11 CCR 7102 asks for them; the same for the other laws.

They count the requests that came in in that year, and how they stand today.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from statistics import fmean, median
from typing import TYPE_CHECKING, Final

from governance.requests.machine import State
from governance.requests.register import Line, register
from policies.rights import Act, rights

if TYPE_CHECKING:
    from governance.workspace import Workspace

GROUPS: Final[Mapping[Act, str]] = {
    "package": "know",
    "categories": "know",
    "portable": "know",
    "erase": "delete",
    "block": "delete",
    "correct": "correct",
    "contest": "correct",
    "opt-out": "opt-out",
    "withdraw": "opt-out",
    "depersonalise": "opt-out",
    "limit": "limit",
    "explain": "admt-access",
    "decisions-opt-out": "admt-opt-out",
}
"""What is done → the group of requests that 11 CCR 7102(a)(1) counts."""


@dataclass(frozen=True, slots=True)
class Figures:
    """How many requests of one kind, or of one group, came in and what became of them."""

    regime: str
    name: str
    """A kind of request, or a group of 11 CCR 7102."""
    received: int
    whole: int
    part: int
    denied: int
    denied_by: Mapping[str, int]
    """Ground → refusals."""
    expired: int
    revoked: int
    repeated: int
    open: int
    agents: int
    """Those that an authorised agent made."""
    in_time: int
    late: int
    median_days: float | None
    """From receipt to the answer, of those that were answered: in whole, in part, or by a refusal."""
    mean_days: float | None


@dataclass(frozen=True, slots=True)
class Metrics:
    """The figures of a year: by law and kind, and for California by the groups of 7102."""

    year: int
    kinds: tuple[Figures, ...]
    groups: tuple[Figures, ...]


def metrics(ws: "Workspace", year: int) -> Metrics:
    """Return the figures of a year; `days` are calendar days."""
    return metrics_of(register(ws, date(year, 1, 1), date(year, 12, 31)), year)


def metrics_of(lines: Sequence[Line], year: int) -> Metrics:
    """Return the figures of lines of the register that came in in a year."""
    californian = [line for line in lines if line.regime == "ccpa" and _group(line)]
    return Metrics(
        year,
        tuple(_by(lines, lambda line: (line.regime, line.kind))),
        tuple(_by(californian, lambda line: (line.regime, _group(line)))),
    )


def _group(line: Line) -> str:
    return GROUPS.get(rights().kinds[line.kind].act, "")


def _by(lines: Iterable[Line], key: Callable[[Line], tuple[str, str]]) -> Iterator[Figures]:
    for (regime, name), some in groupby(sorted(lines, key=key), key=key):
        yield figures(regime, name, list(some))


def figures(regime: str, name: str, lines: Sequence[Line]) -> Figures:
    """Return the figures of some requests."""
    states = Counter(line.state for line in lines)
    answered = (State.FULFILLED, State.PARTIALLY_FULFILLED, State.DENIED)
    days = [line.days for line in lines if line.state in answered and line.days is not None]
    kept = Counter(line.kept for line in lines)
    return Figures(
        regime=regime,
        name=name,
        received=len(lines),
        whole=states[State.FULFILLED],
        part=states[State.PARTIALLY_FULFILLED],
        denied=states[State.DENIED],
        denied_by=dict(sorted(Counter(line.ground for line in lines if line.ground).items())),
        expired=states[State.EXPIRED],
        revoked=states[State.REVOKED],
        repeated=states[State.DUPLICATE_OF],
        open=sum(line.ended is None for line in lines),
        agents=sum(line.requester == "agent" for line in lines),
        in_time=kept["yes"],
        late=kept["no"],
        median_days=round(float(median(days)), 1) if days else None,
        mean_days=round(fmean(days), 1) if days else None,
    )
