# SPDX-License-Identifier: Apache-2.0
"""Statistics of counts that carry noise: rates, intervals and tests with the noise's variance in them.

Sums are made of the noised numbers as they are, below zero or not, so that they stay right on average. Only
then, for a rate, a number below zero counts as zero. Wherever a deviation of chance stands, that of the
noise is added to it: without it a test takes noise for a difference.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import special

from audit.bias.intervals import Pair, z_of
from audit.bias.rates import Floats, Trials, strict
from audit.bias.significance import nearest_rates

DEVIATIONS: Final = 3
"""A group is compared when it is so many deviations of its noise away from nobody."""
_WIDEST: Final = 1e4
"""The ratio beyond which an interval has no end, and its inverse."""
_HALVINGS: Final = 40


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """Groups of people as noised numbers: with the tag and without, each with its noise's variance."""

    successes: Floats
    failures: Floats
    noise: tuple[Floats, Floats]
    """Variance of the noise in successes, and in failures."""

    @property
    def trials(self) -> Floats:
        """Return how many people there are, with noise; below zero where the noise is."""
        return np.asarray(self.successes + self.failures)

    @property
    def seen(self) -> tuple[Floats, Floats]:
        """Return successes and trials with nothing below zero, as rates are made of them."""
        held = np.maximum(self.successes, 0.0)
        return held, held + np.maximum(self.failures, 0.0)

    @property
    def deviation(self) -> Floats:
        """Return the standard deviation of the noise in the number of people."""
        return np.asarray(np.sqrt(self.noise[0] + self.noise[1]))

    def without(self) -> "Side":
        """Return for each group everybody else."""
        rest = [part.sum() - part for part in (self.successes, self.failures, *self.noise)]
        return Side(rest[0], rest[1], (rest[2], rest[3]))

    def at(self, index: Any) -> "Side":
        """Return some of the groups, or the same ones in another shape."""
        held, free = self.successes[index], self.failures[index]
        return Side(held, free, (self.noise[0][index], self.noise[1][index]))


def side_of(trials: Trials, cells: Trials, variance: float) -> Side:
    """Return groups as a side; `cells` says of how many noised numbers each of theirs is the sum."""
    held, of = trials.successes.astype(np.float64), cells.successes.astype(np.float64)
    noise = variance * of, variance * (cells.trials - of)
    return Side(held, trials.trials - held, noise)


def rate(side: Side) -> Floats:
    """Return the rate of each group; NaN where no people are left after the noise."""
    return np.where(side.trials > 0, strict(*side.seen), np.nan)


def of_rate(side: Side, alpha: float = 0.05) -> Pair:
    """Return the interval of a rate: the rates that the noised numbers do not contradict.

    As Wilson's, with the noise's variance in it, so that it keeps a width where chance alone has none. From
    0 to 1 when the noise is all there is.
    """
    square_z = z_of(alpha) ** 2
    held, n = side.seen
    noise = side.noise
    square = n**2 + square_z * (n - noise[0] - noise[1])
    slope = -2 * held * n - square_z * (n - 2 * noise[0])
    inside = slope**2 - 4 * square * (held**2 - square_z * noise[0])
    with np.errstate(invalid="ignore", divide="ignore"):
        low, high = ((-slope + end * np.sqrt(inside)) / (2 * square) for end in (-1, 1))
    known = (square > 0) & (inside >= 0)
    low, high = np.clip(low, 0.0, 1.0), np.clip(high, 0.0, 1.0)
    return np.where(known, low, 0.0), np.where(known, high, 1.0)


def comparable(side: Side) -> NDArray[np.bool_]:
    """Return which groups are far enough from nobody for their rate to be set against another."""
    return np.asarray(side.trials >= DEVIATIONS * side.deviation)


def score(own: Side, other: Side, limit: Any, *, sampling: bool = True) -> Floats:
    """Return how many errors the rates of groups are above `limit` times those of others.

    The error is that at the limit, of chance (unless `sampling` is false: then the people counted are the
    ones meant) and of noise. NaN where a side has nobody.
    """
    (a, n), (b, m) = own.seen, other.seen
    p, q = nearest_rates(a, n, b, m, limit)
    return _errors(own, other, (p, q), limit, 0.0, sampling=sampling)


def beyond(
    own: Side, other: Side, *, floor: float, benefit: bool, sampling: bool = True
) -> tuple[Floats, Floats]:
    """Return (p that the group is within the limit although it looks worse, p of the opposite).

    As `significance.beyond`, with the noise in the error.
    """
    z = score(own, other, floor if benefit else 1 / floor, sampling=sampling)
    z = z if benefit else -z
    return special.ndtr(z), special.ndtr(-z)


def p_of_difference(own: Side, other: Side) -> Floats:
    """Return two-sided p of one rate in groups and others."""
    return np.asarray(2 * special.ndtr(-np.abs(score(own, other, 1.0))))


def of_ratio(own: Side, other: Side, alpha: float = 0.05) -> Pair:
    """Return the interval of the ratio of rates: those that `score` does not contradict.

    From 0, or without an upper end, where no ratio is too small or too large.
    """
    far = np.log(_WIDEST)
    low, high = _agreeing(lambda at: score(own, other, np.exp(at)), -far, far, alpha)
    low = np.where(low == -far, 0.0, np.exp(low))
    return low, np.where(high == far, np.inf, np.exp(high))


def of_difference(own: Side, other: Side, alpha: float = 0.05) -> Pair:
    """Return the interval of the rate of groups less that of others: those that are not contradicted."""
    (a, n), (b, m) = own.seen, other.seen

    def apart(gap: Floats) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            q = np.clip(
                (a + b - gap * n) / (n + m), np.maximum(0.0, -gap), np.minimum(1.0, 1.0 - gap)
            )
        return _errors(own, other, (q + gap, q), 1.0, gap, sampling=True)

    return _agreeing(apart, -1.0, 1.0, alpha)


def detectable_ratio(
    own: Side, other: Side, *, floor: float, benefit: bool, alpha: float, power: float
) -> Floats:
    """Return the mildest ratio beyond the limit that would be found with `power`; NaN for none.

    As `significance.detectable_ratio`, for groups of the size that is seen.
    """
    need = special.ndtri(1 - alpha) + special.ndtri(power)
    n, base = own.seen[1], rate(other)
    limit = floor if benefit else 1 / floor

    def found(ratio: Floats) -> Any:
        held = np.minimum(ratio * base, 1.0) * n
        z = score(Side(held, n - held, own.noise), other, limit)
        return (z if benefit else -z) <= -need

    with np.errstate(divide="ignore"):
        worst = np.full(n.shape, 1e-9) if benefit else 1 / np.maximum(base, 1e-12)
    possible = ~np.isnan(base) & (n > 0) & (base > 0) & found(worst)
    bad, good = np.where(possible, worst, np.nan), np.full(n.shape, limit)
    for _ in range(_HALVINGS):
        middle = (bad + good) / 2
        seen = found(middle)
        bad, good = np.where(seen, middle, bad), np.where(seen, good, middle)
    return bad


def _errors(
    own: Side, other: Side, rates: tuple[Floats, Floats], times: Any, more: Any, *, sampling: bool
) -> Floats:
    """Return how many errors the rate of `own` is above `times` that of `other` plus `more`.

    The error is that at these rates.
    """
    (a, n), (b, m) = own.seen, other.seen
    with np.errstate(invalid="ignore", divide="ignore"):
        spread, rest = (
            (
                (1 - p) ** 2 * side.noise[0]
                + p**2 * side.noise[1]
                + (people * p * (1 - p) if sampling else 0.0)
            )
            / people**2
            for side, people, p in zip((own, other), (n, m), rates, strict=True)
        )
        z = (a / n - times * b / m - more) / np.sqrt(spread + times**2 * rest)
    return np.where((n > 0) & (m > 0), z, np.nan)


def _agreeing(test: Callable[[Floats], Floats], least: float, most: float, alpha: float) -> Pair:
    """Return the ends of what a falling test does not contradict; NaN where it says nothing."""
    z, shape = z_of(alpha), test(np.array(least)).shape
    ends = []
    for sign, start, goal in ((1, least, most), (-1, most, least)):
        apart, close = np.full(shape, start), np.full(shape, goal)
        for _ in range(_HALVINGS):
            middle = (apart + close) / 2
            outside = sign * test(middle) > z
            apart, close = np.where(outside, middle, apart), np.where(outside, close, middle)
        inside = ~(sign * test(np.full(shape, start)) > z)
        ends.append(np.where(inside, start, close))
    known = ~np.isnan(test(np.full(shape, (least + most) / 2)))
    return np.where(known, ends[0], np.nan), np.where(known, ends[1], np.nan)
