# SPDX-License-Identifier: Apache-2.0
"""Prices and discounts, like for like: same thing, same channel, same time; people, not lines, vary.

What a group paid is held against what everybody else paid in the same stratum. The interval comes from
drawing people with replacement: lines of one person are no independent witnesses. Each line carries
the position of its person, which stays where the counting is done; sums by person and stratum suffice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from audit.bias.intervals import z_of
from audit.bias.policy import FairnessPolicy
from audit.bias.rates import Floats, Ints
from audit.bias.verdict import NO_OTHERS, SHOWN, TOO_CLOSE, TOO_FEW, Status
from audit.errors import BadInput

BEYOND_TOLERANCE: Final = "beyond-tolerance"
FEW_CARRY: Final = "few-carry"
AT_ONCE: Final = 20
"""Draws whose sums are taken together: the table of people is read once for all of them."""


@dataclass(frozen=True, slots=True)
class Measure:
    """What is compared, and how much of it is too much."""

    code: str
    kind: Literal["price", "share"]
    """`price`: relative to the others' (0.01 is one percent more). `share`: difference of shares."""
    low_is_harm: bool
    """True for discounts and offers, false for prices and refusals."""
    tolerance: float


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

    def only(self, which: NDArray[np.bool_]) -> "Lines":
        """Return some of the lines."""
        return Lines(
            self.person[which],
            self.stratum[which],
            self.group[which],
            self.amount[which],
            self.base[which],
        )


@dataclass(frozen=True, slots=True)
class Compared:
    """A group against everybody else, like for like."""

    group: str
    people: int
    """Of the group, in the strata that are compared."""
    weight: float
    """As how many equal people these count (Kish): one person may have bought most of it."""
    others: int
    others_weight: float
    strata: int
    """Strata in which the group and others both stand."""
    covered: float
    """Share of what the group paid (for shares: of its base) that stands in them."""
    raw: float
    """The same figure without strata, which says what was bought rather than what was asked for it."""
    effect: float
    low: float
    high: float
    reach: float
    """How far k people can move the effect at most."""
    status: Status
    reason: str


@dataclass(frozen=True, slots=True)
class SetApart:
    """Lines that a registered exception of the policy explains, and those that nothing explains."""

    code: str
    lines: int
    people: int
    reason: str
    """'' when the policy does not name the code, or no longer."""
    owner: str
    until: str


@dataclass(frozen=True, slots=True, eq=False)
class _Parts:
    """What each person adds to the effect of each group: person by group. The rest is by group."""

    top: Floats
    bottom: Floats
    own: Floats
    """What the group's people paid (for shares: their base) in the strata compared, person by group."""
    others: Floats
    """The same of everybody else."""
    strata: Ints
    covered: Floats
    raw: Floats


def compare(
    lines: Lines,
    labels: Sequence[str],
    policy: FairnessPolicy,
    measure: Measure,
    *,
    comparisons: int | None = None,
) -> list[Compared]:
    """Return each group against everybody else within strata, with a verdict by the tolerance.

    Intervals of all groups of all `comparisons` (None: of this one) hold together (Bonferroni).
    Raises BadInput `price-base-negative`.
    """
    _check(lines)
    parts = _influence(lines, len(labels), measure)
    level = float(policy.alpha) / max(comparisons or len(labels), 1)
    rng = np.random.default_rng(policy.seed)
    effect, low, high = _resampled(parts.top, parts.bottom, policy.draws, level, rng)
    reach = _reach(parts, effect, policy.release.k)
    people, weight = _witnesses(parts.own)
    others, others_weight = _witnesses(parts.others)
    found = []
    for g, label in enumerate(labels):
        bounds = (effect[g], effect[g]) if policy.reads == "census" else (low[g], high[g])
        status, reason = _judge(*bounds, measure)
        if not parts.strata[g] or others[g] < policy.n_min <= people[g]:
            status, reason = Status.INSUFFICIENT, NO_OTHERS
        elif people[g] < policy.n_min:
            status, reason = Status.INSUFFICIENT, TOO_FEW
        elif min(weight[g], others_weight[g]) < policy.release.k:
            status, reason = Status.INSUFFICIENT, FEW_CARRY
        found.append(
            Compared(
                group=label,
                people=int(people[g]),
                weight=float(weight[g]),
                others=int(others[g]),
                others_weight=float(others_weight[g]),
                strata=int(parts.strata[g]),
                covered=float(parts.covered[g]),
                raw=float(parts.raw[g]),
                effect=float(effect[g]),
                low=float(low[g]),
                high=float(high[g]),
                reach=float(reach[g]),
                status=status,
                reason=reason,
            )
        )
    return found


def set_apart(  # noqa: PLR0917  (four columns of one table)
    claims: Ints,
    people: Ints,
    lines: Ints,
    names: Sequence[str],
    policy: FairnessPolicy,
    today: str,
) -> tuple[NDArray[np.bool_], list[SetApart]]:
    """Return which sums stay in, and what is claimed for them under which exception.

    `claims` is the place in `names` of the exception that each claims, -1 for none; `lines` is how many
    lines are in it. Only one that the policy names and that has not run out takes them out; others
    stay in, and are listed without a reason.
    """
    known = {one.code: one for one in policy.price.exceptions if one.until >= today}
    found = []
    kept = np.ones(len(claims), dtype=bool)
    for n, code in enumerate(names):
        here = claims == n
        one = known.get(code)
        said = (one.reason, one.owner, one.until) if one else ("", "", "")
        if one:
            kept &= ~here
        found.append(SetApart(code, int(lines[here].sum()), len(np.unique(people[here])), *said))
    return kept, found


def _check(lines: Lines) -> None:
    if lines.base.size and lines.base.min() < 0:
        raise BadInput(
            "price-base-negative",
            "a line counts fewer than nothing",
            hint="take returns out, or set them against the purchase they return",
        )


def _influence(lines: Lines, groups: int, measure: Measure) -> _Parts:
    """Return the parts of each person in the effect of each group.

    The effect of a group is the sum of its numerators by the sum of its bases. The part of everybody
    else sums to nothing, and carries how much their price would vary with other people.
    """
    from scipy.sparse import csr_array  # noqa: PLC0415

    _, stratum = np.unique(lines.stratum, return_inverse=True)
    strata = int(stratum.max(initial=-1)) + 1
    amount, base = (
        np.bincount(stratum * groups + lines.group, column, strata * groups).reshape(strata, groups)
        for column in (lines.amount, lines.base)
    )
    amount_rest, base_rest = (x.sum(axis=1, keepdims=True) - x for x in (amount, base))
    both = (base > 0) & (base_rest > 0) & ((amount_rest > 0) | (measure.kind == "share"))
    rest = np.divide(amount_rest, base_rest, out=np.zeros(both.shape), where=both)
    weight = np.divide(base, base_rest, out=np.zeros(both.shape), where=both)
    # one row for each person in each group
    unit, row = np.unique(lines.person * groups + lines.group, return_inverse=True)
    usual, there = rest[stratum, lines.group], both[stratum, lines.group]
    off = np.where(there, lines.amount - lines.base * usual, 0.0)
    scale = np.where(there, lines.base * (usual if measure.kind == "price" else 1.0), 0.0)
    mine = np.arange(len(unit)), unit % groups
    bottom = np.zeros((len(unit), groups))
    bottom[mine] = np.bincount(row, scale, len(unit))
    own = np.bincount(row, off, len(unit))
    # a price of others that is higher by one percent lowers 1 + effect by one percent
    pull = np.ones(groups)
    if measure.kind == "price":
        surplus, whole = np.bincount(mine[1], own, groups), bottom.sum(axis=0)
        pull += np.divide(surplus, whole, out=np.zeros(groups), where=whole > 0)
    shape = (len(unit), strata)
    paid, bought = (csr_array((x, (row, stratum)), shape) for x in (lines.amount, lines.base))
    part, size = (paid, amount) if measure.kind == "price" else (bought, base)
    top = -pull * (paid @ weight - bought @ (weight * rest))
    top[mine] = own
    others = part @ both.astype(np.float64)
    stands = np.zeros(others.shape)
    stands[mine], others[mine] = others[mine], 0.0
    starts = np.flatnonzero(np.diff(unit // groups, prepend=-1))
    return _Parts(
        top=_by_person(top, starts),
        bottom=_by_person(bottom, starts),
        own=_by_person(stands, starts),
        others=_by_person(others, starts),
        strata=both.sum(axis=0),
        covered=_by(np.where(both, size, 0).sum(axis=0), size.sum(axis=0)),
        raw=_raw(amount.sum(axis=0), base.sum(axis=0), measure),
    )


def _by_person(rows: Floats, starts: Ints) -> Floats:
    """Return the sums of the rows of each person, which stand together."""
    found: Floats = np.add.reduceat(rows, starts, axis=0) if len(starts) else rows
    return found


def _witnesses(base: Floats) -> tuple[Ints, Floats]:
    """Return how many people have a part, and as how many equal ones they count (Kish)."""
    total, squares = base.sum(axis=0), (base**2).sum(axis=0)
    weight = np.divide(total**2, squares, out=np.zeros(squares.shape), where=squares > 0)
    return (base > 0).sum(axis=0), weight


def _reach(parts: _Parts, effect: Floats, k: int) -> Floats:
    """Return by group how far k people can move the effect at most: those who weigh most, out of what is left.

    Infinite where they are a whole side of the comparison.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        moved = _most(np.abs(parts.top - effect * parts.bottom), k) / parts.bottom.sum(axis=0)
        left = [1 - _most(side, k) / side.sum(axis=0) for side in (parts.bottom, parts.others)]
        found = moved / (left[0] * left[1])
    return np.where(np.minimum(*left) > 0, found, np.inf)


def _most(table: Floats, k: int) -> Floats:
    """Return the sum of the k largest of each column."""
    found: Floats = np.sort(table, axis=0)[-k:].sum(axis=0)
    return found


def _by(top: Floats, bottom: Floats) -> Floats:
    found: Floats = np.divide(top, bottom, out=np.full(top.shape, np.nan), where=bottom > 0)
    return found


def _raw(amount: Floats, base: Floats, measure: Measure) -> Floats:
    own, rest = _by(amount, base), _by(amount.sum() - amount, base.sum() - base)
    return _by(own, rest) - 1 if measure.kind == "price" else own - rest


def _resampled(
    top: Floats, bottom: Floats, draws: int, level: float, rng: np.random.Generator
) -> tuple[Floats, Floats, Floats]:
    """Return (effect, low, high) by group; people are drawn with replacement."""
    people, groups = top.shape
    both = np.hstack([top, bottom])
    with np.errstate(invalid="ignore", divide="ignore"):
        effect = top.sum(axis=0) / bottom.sum(axis=0)
        drawn = np.empty((draws, groups))
        for start in range(0, draws, AT_ONCE):
            times = np.stack(
                [
                    np.bincount(rng.integers(0, people, people), minlength=people)
                    for _ in range(min(AT_ONCE, draws - start))
                ]
            )
            sums = times.astype(np.float64) @ both
            drawn[start : start + AT_ONCE] = sums[:, :groups] / sums[:, groups:]
    spread = np.full(groups, np.nan)
    able = np.isfinite(effect) & np.isfinite(drawn).all(axis=0)  # a draw may hold nobody of a group
    spread[able] = drawn[:, able].std(axis=0, ddof=1)
    half = z_of(level) * spread
    return effect, effect - half, effect + half


def _judge(low: float, high: float, measure: Measure) -> tuple[Status, str]:
    """Return breach when the whole interval is beyond the tolerance on the side that harms."""
    if np.isnan(low) or np.isnan(high):
        return Status.INSUFFICIENT, NO_OTHERS
    worst, mildest = (-low, -high) if measure.low_is_harm else (high, low)
    if mildest > measure.tolerance:
        return Status.BREACH, BEYOND_TOLERANCE
    if worst <= measure.tolerance:
        return Status.WITHIN, SHOWN
    return Status.INSUFFICIENT, TOO_CLOSE
