# SPDX-License-Identifier: Apache-2.0
"""Prices and discounts, like for like: same thing, same channel, same time; people, not lines, vary.

What a group paid is held against what everybody else paid in the same stratum. The interval comes from
drawing people with replacement: lines of one person are no independent witnesses. Each line carries
the position of its person, which stays where the counting is done; sums by person and stratum suffice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from audit.bias.intervals import z_of
from audit.bias.policy import FairnessPolicy
from audit.bias.rates import Floats, Ints
from audit.bias.verdict import NO_OTHERS, SHOWN, TOO_CLOSE, TOO_FEW, Status
from audit.errors import BadInput

BEYOND_TOLERANCE = "beyond-tolerance"
Measure = Literal["price", "share"]


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Sums by person and stratum. `amount` by `base` is compared: paid by units, discount by list price,
    coupons refused by coupons presented. Whole numbers (cents, units).
    """

    person: Ints
    stratum: Ints
    group: Ints
    amount: Ints
    base: Ints


@dataclass(frozen=True, slots=True)
class Compared:
    """A group against everybody else, like for like."""

    group: str
    people: int
    strata: int
    """Strata in which the group and others both stand."""
    effect: float
    """`price`: relative to the others' (0.01 is one percent more). `share`: difference of shares."""
    low: float
    high: float
    status: Status
    reason: str


@dataclass(frozen=True, slots=True)
class SetApart:
    """Lines that a registered exception of the policy explains, and those that nothing explains."""

    code: str
    lines: int
    reason: str
    """'' when the policy does not name the code, or no longer."""


def compare(
    lines: Lines,
    labels: Sequence[str],
    policy: FairnessPolicy,
    *,
    measure: Measure,
    low_is_harm: bool,
) -> list[Compared]:
    """Return each group against everybody else within strata, with a verdict by the tolerance.

    `low_is_harm` is true for discounts and offers, false for prices and refusals. Intervals of all
    groups hold together (Bonferroni). Raises BadInput for a negative base.
    """
    _check(lines)
    own, other, base = _influence(lines, len(labels), measure)
    level = float(policy.alpha) / max(len(labels), 1)
    rng = np.random.default_rng(policy.seed)
    effect, low, high = _resampled(own, base, policy.draws, level, rng)
    people = [
        len(np.unique(lines.person[(lines.group == g) & (lines.base > 0)]))
        for g in range(len(labels))
    ]
    total = len(np.unique(lines.person[lines.base > 0]))
    found = []
    for g, label in enumerate(labels):
        few = people[g] < policy.n_min
        alone = total - people[g] < policy.n_min or not other[g]
        status, reason = _judge(low[g], high[g], low_is_harm, float(policy.price.tolerance))
        if few or alone:
            status, reason = Status.INSUFFICIENT, TOO_FEW if few else NO_OTHERS
        found.append(
            Compared(
                label,
                people[g],
                int(other[g]),
                float(effect[g]),
                float(low[g]),
                float(high[g]),
                status,
                reason,
            )
        )
    return found


def set_apart(
    lines: Lines, codes: NDArray[Any], policy: FairnessPolicy, today: str
) -> tuple[Lines, list[SetApart]]:
    """Return the lines to compare, and what was taken out of them under which exception.

    `codes` is the exception that each line claims, '' for none. Only one that the policy names and
    that has not run out takes a line out; others stay in, and are listed without a reason.
    """
    reasons = {one.code: one.reason for one in policy.price.exceptions if one.until >= today}
    kept = ~np.isin(codes, list(reasons))
    found = [
        SetApart(str(code), int((codes == code).sum()), reasons.get(str(code), ""))
        for code in np.unique(codes)
        if code
    ]
    return (
        Lines(
            lines.person[kept],
            lines.stratum[kept],
            lines.group[kept],
            lines.amount[kept],
            lines.base[kept],
        ),
        found,
    )


def _check(lines: Lines) -> None:
    if lines.base.size and lines.base.min() < 0:
        raise BadInput(
            "price-base-negative",
            "a line counts fewer than nothing",
            hint="take returns out, or set them against the purchase they return",
        )


def _influence(lines: Lines, groups: int, measure: Measure) -> tuple[Any, Ints, Any]:
    """Return (numerators by person and group, strata compared by group, bases by person and group).

    The effect of a group is the sum of its numerators by the sum of its bases. The part of everybody
    else sums to nothing, and carries how much their price would vary with other people.
    """
    people, person = np.unique(lines.person, return_inverse=True)
    _, stratum = np.unique(lines.stratum, return_inverse=True)
    strata = int(stratum.max(initial=-1)) + 1
    amount_all = np.bincount(stratum, lines.amount, strata)
    base_all = np.bincount(stratum, lines.base, strata)
    top = np.zeros((len(people), groups))
    bottom = np.zeros((len(people), groups))
    compared = np.zeros(groups, dtype=np.int64)
    for g in range(groups):
        mine = lines.group == g
        base_own = np.bincount(stratum[mine], lines.base[mine], strata)
        amount_own = np.bincount(stratum[mine], lines.amount[mine], strata)
        base_rest, amount_rest = base_all - base_own, amount_all - amount_own
        both = (base_own > 0) & (base_rest > 0)
        if measure == "price":
            both &= amount_rest > 0
        rest = np.divide(amount_rest, base_rest, out=np.zeros(strata), where=both)
        weight = np.divide(base_own, base_rest, out=np.zeros(strata), where=both)
        there = both[stratum]
        off = np.where(there, lines.amount - lines.base * rest[stratum], 0.0)
        scale = lines.base * (rest[stratum] if measure == "price" else 1.0)
        scale = np.where(mine & there, scale, 0.0)
        # a price of others that is higher by one percent lowers 1 + effect by one percent
        whole = scale.sum()
        pull = 1 + off[mine].sum() / whole if measure == "price" and whole else 1.0
        off = np.where(mine, off, -pull * off * weight[stratum])
        top[:, g] = np.bincount(person, off, len(people))
        bottom[:, g] = np.bincount(person, scale, len(people))
        compared[g] = both.sum()
    return top, compared, bottom


def _resampled(
    top: Floats, bottom: Floats, draws: int, level: float, rng: np.random.Generator
) -> tuple[Floats, Floats, Floats]:
    """Return (effect, low, high) by group; people are drawn with replacement."""
    people = len(top)
    with np.errstate(invalid="ignore", divide="ignore"):
        effect = top.sum(axis=0) / bottom.sum(axis=0)
        drawn = np.empty((draws, top.shape[1]))
        for n in range(draws):
            weight = np.bincount(rng.integers(0, people, people), minlength=people)
            drawn[n] = (weight @ top) / (weight @ bottom)
    spread = np.full(top.shape[1], np.nan)
    able = np.isfinite(effect) & np.isfinite(drawn).all(
        axis=0
    )  # some draw may hold nobody of a group
    spread[able] = drawn[:, able].std(axis=0, ddof=1)
    half = z_of(level) * spread
    return effect, effect - half, effect + half


def _judge(low: float, high: float, low_is_harm: bool, tolerance: float) -> tuple[Status, str]:
    """Return breach when the whole interval is beyond the tolerance on the side that harms."""
    if np.isnan(low) or np.isnan(high):
        return Status.INSUFFICIENT, NO_OTHERS
    worst, mildest = (-low, -high) if low_is_harm else (high, low)
    if mildest > tolerance:
        return Status.BREACH, BEYOND_TOLERANCE
    return (Status.WITHIN, SHOWN) if worst <= tolerance else (Status.INSUFFICIENT, TOO_CLOSE)
