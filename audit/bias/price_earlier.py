# SPDX-License-Identifier: Apache-2.0
"""Lays the price reports that were made beside the next one: two over nearly the same people name nobody.

A figure that moved by less than the k people who weigh most could move it is not told anew. The one told last
stands, with its date: from two figures that differ by one person, what they paid could be worked out, and
whoever knows what they paid could see of which group they are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from audit.clock import Micros, iso


@dataclass(frozen=True, slots=True)
class Earlier:
    """A price report that was made: its window, its exact counts, and what it told."""

    since: Micros
    until: Micros
    made: str
    counts: Sequence[Mapping[str, Any]]
    """As `price_report.counts_of`."""
    parts: Sequence[Mapping[str, Any]]
    """As in the report."""


@dataclass(frozen=True, slots=True)
class _Before:
    report: Earlier
    stratum: Sequence[str]
    exact: Sequence[Any]
    told: Mapping[str, Any]


EFFECT: Final = 4
REACH: Final = -1


def told_beside(
    group: Mapping[str, Any],
    part: Mapping[str, Any],
    exact: Sequence[Any],
    window: tuple[Micros, Micros],
    earlier: Sequence[Earlier],
) -> dict[str, Any]:
    """Return a group of a part as it may be told beside earlier reports (oldest first) with common time.

    `exact` is its row of `price_report.counts_of`.
    """
    found = dict(group) | {"as_of": None}
    if group["hidden"]:
        return found
    before = [one for one in _before(group, part, earlier) if _overlap(one.report, window)]
    for one in reversed(before):
        alike = list(one.stratum) == list(part["stratum"])
        if alike and _near(one.exact, exact):
            return found | {name: one.told[name] for name in _FIGURES} | {"as_of": _as_of(one)}
        if not alike and one.told["raw"] != group["raw"]:
            found["raw"] = None  # without strata both are of the same purchases
    return found


_FIGURES: Final = ("people", "strata", "covered", "raw", "effect")


def _before(
    group: Mapping[str, Any], part: Mapping[str, Any], earlier: Sequence[Earlier]
) -> list[_Before]:
    """Return where a group was told anew."""
    found = []
    for report in earlier:
        for counted, told in zip(report.counts, report.parts, strict=True):
            if (told["by"], told["measure"]) != (part["by"], part["measure"]):
                continue
            rows = zip(counted["groups"], told["groups"], strict=True)
            found += [
                _Before(report, told["stratum"], exact, one)
                for exact, one in rows
                if one["group"] == group["group"] and not one["hidden"] and not one["as_of"]
            ]
    return found


def _overlap(one: Earlier, window: tuple[Micros, Micros]) -> bool:
    return one.since < window[1] and window[0] < one.until


def _near(was: Sequence[Any], now: Sequence[Any]) -> bool:
    """Return whether fewer than k people could be what differs; not where nothing does."""
    if list(was) == list(now) or None in (was[EFFECT], now[EFFECT]):
        return False
    step = abs(float(was[EFFECT]) - float(now[EFFECT]))
    return step < max(float(was[REACH]), float(now[REACH]))


def _as_of(one: _Before) -> dict[str, str]:
    return {
        "made": one.report.made,
        "since": iso(one.report.since),
        "until": iso(one.report.until),
    }
