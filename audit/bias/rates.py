# SPDX-License-Identifier: Apache-2.0
"""Rates of groups from counts, strictly: a rate without people behind it is undefined, never 0.

A rate is a number of people by a number of people, both sums of the four cells (not due and not
tagged, not due but tagged, due but not tagged, due and tagged), so every rate has its own trials.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from audit.bias.cube import Cube, Kind

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RATES: Final[dict[str, tuple[tuple[int, ...], tuple[int, ...]]]] = {
    #                 of whom:  TN FP FN TP   among: TN FP FN TP
    "selection": ((0, 1, 0, 1), (1, 1, 1, 1)),
    "tpr": ((0, 0, 0, 1), (0, 0, 1, 1)),
    "fnr": ((0, 0, 1, 0), (0, 0, 1, 1)),
    "fpr": ((0, 1, 0, 0), (1, 1, 0, 0)),
    "tnr": ((1, 0, 0, 0), (1, 1, 0, 0)),
    "precision": ((0, 0, 0, 1), (0, 1, 0, 1)),
    "fdr": ((0, 1, 0, 0), (0, 1, 0, 1)),
    "for": ((0, 0, 1, 0), (1, 0, 1, 0)),
    "npv": ((1, 0, 0, 0), (1, 0, 1, 0)),
    "accuracy": ((1, 0, 0, 1), (1, 1, 1, 1)),
    "prevalence": ((0, 0, 1, 1), (1, 1, 1, 1)),
}
OF_OUTCOME: Final = frozenset(RATES) - {"selection"}


@dataclass(frozen=True, slots=True, eq=False)
class Trials:
    """Successes and trials of each group; `labels` name the groups, one value an attribute."""

    attributes: tuple[str, ...]
    labels: tuple[tuple[str, ...], ...]
    successes: Ints
    trials: Ints

    def keep(self, which: NDArray[np.bool_]) -> "Trials":
        """Return only some groups."""
        labels = tuple(label for label, kept in zip(self.labels, which, strict=True) if kept)
        return Trials(self.attributes, labels, self.successes[which], self.trials[which])


def trials_of(cells: NDArray[Any], rate: str) -> tuple[Ints, Ints]:
    """Return (successes, trials) of a rate over the last two axes: outcome by tag."""
    flat = cells.reshape(*cells.shape[:-2], 4)
    among, of = RATES[rate][1], RATES[rate][0]
    return flat @ np.array(of, dtype=np.int64), flat @ np.array(among, dtype=np.int64)


def strict(successes: NDArray[Any], trials: NDArray[Any]) -> Floats:
    """Return successes by trials; NaN where nobody was there to be counted."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(trials > 0, successes / np.maximum(trials, 1), np.nan)


def groups(
    cube: Cube, attributes: Sequence[str], *, rate: str = "selection", value: str = "yes"
) -> Trials:
    """Return a rate's trials for each group of some attributes, `value` of the tag against the rest.

    Groups nobody belongs to stay in the list. A rate of an outcome needs an outcome axis with the
    values no, yes; people whose outcome is unknown stay out of it.
    """
    (tag,) = cube.of_kind(Kind.TAG)
    names = [*attributes]
    if rate in OF_OUTCOME:
        (outcome,) = cube.of_kind(Kind.OUTCOME)
        counts = cube.over([*names, outcome.name, tag.name])
        seen = [outcome.values.index("no"), outcome.values.index("yes")]
        counts = counts[..., seen, :]
    else:
        counts = cube.over([*names, tag.name])[..., None, :]
        counts = np.concatenate([counts, np.zeros_like(counts)], axis=-2)
    held = counts[..., tag.values.index(value)]
    cells = np.stack([counts.sum(axis=-1) - held, held], axis=-1)
    axes = [cube.axis(name) for name in names]
    shape = tuple(len(axis.values) for axis in axes)
    labels = tuple(
        tuple(axis.values[n] for axis, n in zip(axes, at, strict=True)) for at in np.ndindex(*shape)
    )
    successes, trials = trials_of(cells.reshape(-1, 2, 2), rate)
    return Trials(tuple(names), labels, successes, trials)


def spread(rates: Floats) -> dict[str, float]:
    """Return min, max, difference and ratio of the defined rates; NaN when that is not defined.

    Shown next to its null distribution only (`significance.spread_under_equality`).
    """
    known = rates[~np.isnan(rates)]
    if len(known) < 2:
        return dict.fromkeys(("min", "max", "difference", "ratio"), np.nan)
    low, high = float(known.min()), float(known.max())
    ratio = low / high if high > 0 else np.nan
    return {"min": low, "max": high, "difference": high - low, "ratio": ratio}


def above_median(histogram: NDArray[Any]) -> tuple[Ints, Ints]:
    """Return (people above the median of all, people) for each group of a score histogram.

    The rule of LL144 for scores: bins ascend; the bin in which the median lies is not above it.
    """
    total = np.cumsum(histogram.sum(axis=0))
    middle = int(np.searchsorted(total, (total[-1] + 1) // 2))
    return histogram[:, middle + 1 :].sum(axis=1), histogram.sum(axis=1)


def calibration(cells: NDArray[Any]) -> tuple[Ints, Ints]:
    """Return (outcome seen, people) over group by score bin from counts group, outcome, bin."""
    return cells[:, 1, :], cells.sum(axis=1)
