# SPDX-License-Identifier: Apache-2.0
"""Which condition of a rule carries the gap, from counts of people by conditions met.

The rule is its truth table over its conditions. A condition is dropped by putting its neutral answer
in its place: yes where it stands under `and`, no under `or`. The shares are Shapley's: the average of
what the condition adds to the gap over all orders of adding; they sum to the gap exactly.
"""

from dataclasses import dataclass
from itertools import combinations
from math import factorial

import numpy as np
from numpy.typing import NDArray

from audit.bias.rates import Floats, strict
from audit.errors import BadInput

MAX_CONDITIONS = 10


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule over conditions: `table[i, j, …]` is its answer to no (0) or yes (1) for each."""

    conditions: tuple[str, ...]
    neutral: tuple[bool, ...]
    table: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Causes:
    """For each group and condition, shares of the gap between the group's rate and the others'."""

    conditions: tuple[str, ...]
    gap: Floats
    without: Floats
    """The gap when one condition is dropped; group by condition."""
    share: Floats
    """What a condition adds to the gap; group by condition; sums to `gap`."""


def causes(counts: NDArray[np.int64], rule: Rule) -> Causes:
    """Return what each condition adds to the gap of each group.

    `counts` goes by group, then by each condition no, yes. Raises BadInput for more than ten
    conditions, or when counts and rule do not fit.
    """
    size = len(rule.conditions)
    if size > MAX_CONDITIONS:
        raise BadInput(
            "rule-too-wide",
            f"a rule of {size} conditions is not taken apart; {MAX_CONDITIONS} are",
            hint="put conditions together and count again",
        )
    if counts.shape[1:] != (2,) * size or rule.table.shape != (2,) * size:
        raise BadInput(
            "cube-malformed", "the counts and the rule have other conditions", hint="count again"
        )
    people = counts.reshape(len(counts), -1).sum(axis=1)
    gaps: dict[frozenset[int], Floats] = {}
    for kept, a in zip(_subsets(size), numbers(counts, rule).T, strict=True):
        gaps[kept] = strict(a, people) - strict(a.sum() - a, people.sum() - people)
    every = frozenset(range(size))
    share = np.zeros((len(counts), size))
    for kept, gap in gaps.items():
        for one in every - kept:
            weight = factorial(len(kept)) * factorial(size - len(kept) - 1) / factorial(size)
            share[:, one] += weight * (gaps[kept | {one}] - gap)
    without = np.stack([gaps[every - {one}] for one in range(size)], axis=1)
    return Causes(rule.conditions, gaps[every], without, share)


def numbers(counts: NDArray[np.int64], rule: Rule) -> NDArray[np.int64]:
    """Return how many of each group meet the rule with only some conditions in it: all that is told of.

    By group, then by the conditions that are left, from none to all.
    """
    flat = counts.reshape(len(counts), -1)
    left = [applied(rule, kept).reshape(-1) for kept in _subsets(len(rule.conditions))]
    return np.asarray(flat @ np.array(left, dtype=np.int64).T)


def applied(rule: Rule, kept: frozenset[int]) -> NDArray[np.bool_]:
    """Return the truth table of the rule with only some conditions left in it."""
    at = tuple(
        slice(None) if n in kept else slice(int(yes), int(yes) + 1)
        for n, yes in enumerate(rule.neutral)
    )
    return np.broadcast_to(rule.table[at], rule.table.shape)


def _subsets(size: int) -> list[frozenset[int]]:
    return [frozenset(some) for n in range(size + 1) for some in combinations(range(size), n)]
