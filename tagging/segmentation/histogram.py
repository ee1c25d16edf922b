# SPDX-License-Identifier: Apache-2.0
"""A noisy histogram: every cell of a public grid over few features is counted, once. For DBSCAN.

1. a noisy number of rows;
2. one noisy count of every cell, empty or not. A row is in one cell, so they cost as much as one count;
3. the free part smooths the counts, and publishes the patches of cells that noise does not explain.

The grid is made from the contract and one public distance alone. A feature of whole numbers is cut
between its values. docs/synopsis-proof.md has the proof.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from audit.errors import BadInput
from tagging.segmentation import sums
from tagging.segmentation.accounting import PrivacyBudget
from tagging.segmentation.contract import ONE, FeatureBounds, FeatureContract, Grid
from tagging.segmentation.noise import DiscreteGaussian, Gate, Noise, Query, sigma_for
from tagging.segmentation.published import CELLS, Synopsis, unrefined
from tagging.segmentation.smoothing import noise_alone, smoothed
from tagging.segmentation.sums import STEPS, Points

MECHANISM: Final = "histogram/1"
MOST_FEATURES: Final = 3
MOST_CELLS: Final = 2**18
"""Exact noise for so many takes about three seconds, and no more memory than some megabytes."""
MOST_PUBLISHED: Final = 10_000
"""A person is compared with each of the cells later."""
MOST_VALUES: Final = 2**16
"""A feature of more whole numbers is cut like one of any numbers."""
FINER: Final = 1.5
"""The distance by the diagonal of a cell: what lies within it is several cells."""
ROWS: Final = Fraction(4, 1000)
"""Part of rho for the number of rows; the cells have the rest."""
LEAST: Final = 0.1
"""Expected rows below which a cell is taken for empty."""


@dataclass(frozen=True, slots=True)
class Axis:
    """How one feature is cut into cells, in lattice steps: public, made from its bounds alone."""

    edges: Points
    """The first step of every cell but the first, ascending."""
    places: Points
    """Of each cell: where its rows stand when its values are equally likely."""
    deviations: Points
    """Of each cell: how far they then are from there."""

    @property
    def cells(self) -> int:
        """Return the number of cells."""
        return len(self.places)


@dataclass(frozen=True, slots=True)
class DPHistogram:
    """Releases a noisy histogram as a synopsis: `DPHistogram(contract, budget, eps).fit(X, subject_id)`.

    `budget.nano_rho` must have been charged before `fit` is called; it never costs more.
    """

    contract: FeatureContract
    budget: PrivacyBudget
    eps: float
    """The smallest distance in the box, where each feature runs from -1 to 1, that is of interest."""
    whole: tuple[bool, ...] = ()
    """By feature, whether its values are whole numbers; none is where it is left out."""
    noise: Noise = field(default_factory=DiscreteGaussian)

    def __post_init__(self) -> None:
        """Raise BadInput when the grid would have too many features or cells."""
        cells_of(self.contract, self.eps, self.whole)

    @property
    def axes(self) -> tuple[Axis, ...]:
        """Return the public grid, feature by feature."""
        width = width_of(self.eps, self.contract.dimensions)
        whole = self.whole or (False,) * self.contract.dimensions
        features = zip(self.contract.features, whole, strict=True)
        return tuple(_axis(feature, width, whole=one) for feature, one in features)

    def fit(self, values: NDArray[Any], subject_id: NDArray[Any]) -> Synopsis:
        """Return the published histogram of one row per subject.

        Raises what `FeatureContract.grid` raises, before any number leaves the rows.
        """
        return self.fit_grid(self.contract.grid(values, subject_id))

    def fit_grid(self, rows: Grid) -> Synopsis:
        """Return the published histogram of rows that the contract has put on its lattice."""
        gate, axes = Gate(self.noise, self.budget.rho), self.axes
        sigma = sigma_for(1, gate.limit * ROWS)
        answer = gate.ask(Query("rows", 1, 1, sigma, 1), np.array([len(rows)], dtype=np.int64))
        count = max(int(answer[0]), 1)
        shape = tuple(axis.cells for axis in axes)
        sigma = sigma_for(
            STEPS**2, gate.limit - gate.spent
        )  # in steps: whole people are too coarse
        answer = gate.ask(
            Query(CELLS, math.prod(shape), STEPS**2, sigma, STEPS),
            STEPS * sums.cell_counts(rows, [axis.edges for axis in axes]),
        )
        noise = sigma / STEPS
        expected = _seen(smoothed(answer.reshape(shape) / STEPS, noise), noise)
        cells, counts = _published(expected.ravel())
        index = np.unravel_index(cells, shape)
        return unrefined(
            self.contract,
            self.budget,
            MECHANISM,
            self.noise.source,
            gate.queries,
            rows=count,
            centres=_columns([axis.places for axis in axes], index),
            counts=counts,
            deviations=np.maximum(_columns([axis.deviations for axis in axes], index), 1),
        )


def width_of(eps: float, dimensions: int) -> float:
    """Return the widest side of a cell in the box."""
    return eps / (FINER * math.sqrt(dimensions))


def cells_of(contract: FeatureContract, eps: float, whole: Sequence[bool] = ()) -> int:
    """Return how many cells the grid of a distance has.

    Raises BadInput when there are too many features or cells, or the distance is none.
    """
    if not 0 < eps <= 2 * MOST_FEATURES**0.5:
        raise BadInput("histogram-distance", "eps is more than 0 and no farther than the box")
    if contract.dimensions > MOST_FEATURES:
        raise BadInput(
            "histogram-features",
            f"a histogram has at most {MOST_FEATURES} features, this one would have {contract.dimensions}",
            hint="leave some out, or write segments instead of dbscan: DBSCAN can be fitted to that too",
        )
    found = _cells(contract, eps, whole)
    if found > MOST_CELLS:
        thousandths = range(1, math.ceil(2000 * MOST_FEATURES**0.5) + 1)
        least = bisect_left(
            thousandths, True, key=lambda n: _cells(contract, n / 1000, whole) <= MOST_CELLS
        )
        raise BadInput(
            "histogram-cells",
            f"a grid for eps {eps:g} would have more than {MOST_CELLS:,} cells",
            hint=f"eps from {thousandths[least] / 1000:g} on, fewer features, or narrower bounds",
        )
    return found


def _cells(contract: FeatureContract, eps: float, whole: Sequence[bool]) -> int:
    width = width_of(eps, contract.dimensions)
    marks = whole or (False,) * contract.dimensions
    cells = 1
    for feature, one in zip(contract.features, marks, strict=True):
        values = _values(feature) if one else None
        cells *= _even(width) if values is None else len(_firsts(values, width))
    return cells


def _even(width: float) -> int:
    """Return how many cells of the same width an axis needs; none is narrower than a step of the lattice."""
    return math.ceil(2.0 / max(width, 1 / ONE) - 1e-9)


def _values(feature: FeatureBounds) -> Points | None:
    """Return the places of the whole numbers of a feature on the lattice; None: they are too many."""
    low, high = math.ceil(feature.lower), math.floor(feature.upper)
    if not 0 <= high - low < MOST_VALUES:
        return None
    numbers = np.arange(low, high + 1, dtype=np.float64)[:, None]
    return np.unique(FeatureContract((feature,)).points(numbers)[:, 0].astype(np.int64))


def _firsts(values: Points, width: float) -> list[int]:
    """Return where the cells begin among the values: each as long as its values span no more than a width."""
    firsts, reach = [0], math.floor(width * ONE)
    while (after := int(np.searchsorted(values, values[firsts[-1]] + reach, side="right"))) < len(
        values
    ):
        firsts.append(after)
    return firsts


def _axis(feature: FeatureBounds, width: float, *, whole: bool) -> Axis:
    values = _values(feature) if whole else None
    if values is None:
        ends = np.rint(np.linspace(-ONE, ONE, _even(width) + 1)).astype(np.int64)
        spread = np.rint(np.diff(ends) / 12**0.5).astype(np.int64)
        return Axis(ends[1:-1], (ends[:-1] + ends[1:]) // 2, spread)
    firsts = _firsts(values, width)
    parts = np.split(values, firsts[1:])
    before, after = values[np.array(firsts[1:], dtype=int) - 1], values[firsts[1:]]
    return Axis(
        (before + after + 1) // 2,
        np.array([round(part.mean()) for part in parts], dtype=np.int64),
        np.array([round(part.std()) for part in parts], dtype=np.int64),
    )


def _seen(expected: NDArray[np.float64], noise: float) -> NDArray[np.float64]:
    """Return expected counts without the patches that noise alone would give, and without the empty cells.

    A patch is made of cells with a side in common; it stays when it has more rows than `noise_alone`
    deviations of the noise of all its cells.
    """
    from scipy.ndimage import label

    patch, count = label(expected >= LEAST)
    cells = np.bincount(patch.ravel(), minlength=count + 1)
    rows = np.bincount(patch.ravel(), weights=expected.ravel(), minlength=count + 1)
    stays = rows >= noise_alone(expected.size) * noise * np.sqrt(cells)
    stays[0] = False  # what is in no patch
    return np.where(stays[patch], expected, 0.0)


def _published(expected: NDArray[np.float64]) -> tuple[NDArray[np.intp], Points]:
    """Return the cells that are published, ascending, at least one, and whole numbers of rows for them.

    Cells of less than a row are added up along the last axis until there is one: how many rows lie
    about a place stays right. Where too many cells would be left, until there are 2, 4, 8 …
    """
    reached, unit = np.cumsum(expected), 1
    while True:
        steps = np.floor(reached / unit + 0.5).astype(np.int64)
        rows = np.diff(steps, prepend=0) * unit
        cells = np.flatnonzero(rows)
        if len(cells) <= MOST_PUBLISHED:
            break
        unit *= 2
    if len(cells):
        return cells, rows[cells]
    return np.array([int(np.argmax(expected))]), np.ones(1, dtype=np.int64)


def _columns(along: Sequence[Points], index: tuple[NDArray[np.intp], ...]) -> Points:
    columns = [one[chosen] for one, chosen in zip(along, index, strict=True)]
    return np.stack(columns, axis=1)
