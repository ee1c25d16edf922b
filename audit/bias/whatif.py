# SPDX-License-Identifier: Apache-2.0
"""What another threshold would do, from counts by group, outcome and score bin: exact, without rows.

A threshold of one number for everybody can be used. Thresholds by group would read the sealed
attribute at every decision: they are computed to show the price of parity, and marked
`simulation`. Nothing here is random, so nobody's answer depends on a seed.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from audit.bias.rates import Floats, Ints, strict

MAX_POLICIES = 300_000
BANDS = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """Threshold policies and what each would do; people of bin >= threshold have the tag."""

    thresholds: Ints
    """Policy by group."""
    reach: Ints
    """How many would have the tag."""
    correct: Ints
    """How many answers would agree with the outcome."""
    gap: Floats
    """Largest rate of a group less the smallest; NaN when fewer than two groups have people."""
    ratio: Floats
    """Smallest rate of a group by the largest; NaN like the gap, and where nobody would have the tag."""
    uniform: NDArray[np.bool_]
    """One threshold for everybody; the others are simulation only."""

    def take(self, which: Any) -> "Outlook":
        """Return only some policies."""
        return Outlook(
            self.thresholds[which],
            self.reach[which],
            self.correct[which],
            self.gap[which],
            self.ratio[which],
            self.uniform[which],
        )


def evaluate(histogram: NDArray[np.int64], thresholds: NDArray[Any]) -> Outlook:
    """Return what threshold policies do. `histogram` goes by group, outcome (no, yes), score bin.

    `thresholds` goes by policy and group, from 0 (everybody) to the number of bins (nobody).
    """
    tagged, right = _by_threshold(histogram)
    people = histogram.sum(axis=(1, 2))
    rates = strict(tagged, np.broadcast_to(people[:, None], tagged.shape))
    reach, correct = (np.zeros(len(thresholds), dtype=np.int64) for _ in range(2))
    low, high = np.full(len(thresholds), np.inf), np.full(len(thresholds), -np.inf)
    uniform = np.ones(len(thresholds), dtype=bool)
    for group, cut in enumerate(thresholds.T):  # a column at a time: policies are many, groups few
        reach += tagged[group].take(cut)
        correct += right[group].take(cut)
        uniform &= cut == thresholds[:, 0]
        if people[group]:
            rate = rates[group].take(cut)
            np.minimum(low, rate, out=low)
            np.maximum(high, rate, out=high)
    nothing = np.full(len(thresholds), np.nan)
    compared = np.count_nonzero(people) > 1
    gap = high - low if compared else nothing
    ratio = np.divide(low, high, out=nothing.copy(), where=high > 0) if compared else nothing
    return Outlook(np.asarray(thresholds, dtype=np.int64), reach, correct, gap, ratio, uniform)


def candidates(histogram: NDArray[np.int64], limit: int = MAX_POLICIES) -> Ints:
    """Return thresholds worth looking at: one for all; by group, pairs or equal rates, up to `limit`.

    For two groups all pairs of thresholds, evenly thinned to the limit. For more, for each rate that
    some threshold gives some group, the thresholds that bring the other groups nearest to it.
    """
    count, _, bins = histogram.shape
    cuts = np.arange(bins + 1)
    if count == 2:
        step = max(int(np.ceil((bins + 1) / np.sqrt(max(limit - bins - 1, 1)))), 1)
        some = cuts[::step]
        by_group = np.array([np.repeat(some, len(some)), np.tile(some, len(some))])
        cuts = cuts[cuts % step > 0]  # the others are among the pairs
    else:
        tagged, _ = _by_threshold(histogram)
        rates = np.nan_to_num(strict(tagged, histogram.sum(axis=(1, 2))[:, None]))
        wanted = np.unique(rates)
        wanted = wanted[:: max(int(np.ceil(len(wanted) / max(limit - bins - 1, 1))), 1)]
        by_group = np.array([_nearest(row, wanted) for row in rates])
        by_group = by_group[:, (by_group != by_group[0]).any(axis=0)]
    if len(cuts):
        by_group = np.concatenate([np.broadcast_to(cuts, (count, len(cuts))), by_group], axis=1)
    return by_group[:, :limit].T


def front(outlook: Outlook, gain: Literal["correct", "reach"] = "correct") -> Outlook:
    """Return the policies that no other beats in both gap and gain, by ascending gap."""
    gains = outlook.correct if gain == "correct" else outlook.reach
    able = _perhaps(outlook.gap, gains)
    order = able[np.lexsort((~outlook.uniform[able], -gains[able], outlook.gap[able]))]
    best = np.maximum.accumulate(gains[order]) if len(order) else order
    first = np.ones(len(order), dtype=bool)
    first[1:] = best[1:] > best[:-1]
    return outlook.take(order[first])


def _perhaps(gap: Floats, gains: Ints) -> NDArray[np.intp]:
    """Return which policies could be on the front: none of a band of smaller gaps gains as much.

    Far fewer than all of them, so that only they need sorting. A gap that is not defined is left out.
    """
    known = np.flatnonzero(~np.isnan(gap))
    band = (gap.take(known) * BANDS).astype(np.intp)  # a larger gap is never in a lower band
    most = np.full(BANDS + 1, -1, dtype=np.int64)
    np.maximum.at(most, band, gains.take(known))
    before = np.concatenate([[-1], np.maximum.accumulate(most)[:-1]])
    return known[gains.take(known) > before.take(band)]


def _by_threshold(histogram: NDArray[np.int64]) -> tuple[Ints, Ints]:
    """Return (tagged, right) by group and threshold."""
    above = np.zeros((*histogram.shape[:2], histogram.shape[2] + 1), dtype=np.int64)
    above[..., :-1] = histogram[..., ::-1].cumsum(axis=-1)[..., ::-1]
    not_due = histogram[:, 0].sum(axis=-1)[:, None]
    return above.sum(axis=1), above[:, 1] + not_due - above[:, 0]


def _nearest(falling: Floats, wanted: Floats) -> Ints:
    """Return for each wanted rate the threshold whose rate is nearest; rates fall with thresholds."""
    rising = falling[::-1]
    right = np.clip(np.searchsorted(rising, wanted), 0, len(rising) - 1)
    left = np.maximum(right - 1, 0)
    take_left = np.abs(rising[left] - wanted) <= np.abs(rising[right] - wanted)
    return len(rising) - 1 - np.where(take_left, left, right)
