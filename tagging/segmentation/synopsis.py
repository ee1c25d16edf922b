# SPDX-License-Identifier: Apache-2.0
"""The synopsis of a population: cells found by coarse-to-fine noisy splitting, published once.

1. a noisy number of rows, a noisy centre, a noisy histogram of distances from it: the first ball;
2. levels: each row adds one bounded vector to the cell of its nearest published centre; the sums get
   noise; the free part moves centres, drops empty cells and splits the others;
3. optionally one noisy step of Lloyd's method for the centres of one k.

Rows are read in `sums` only, and every number that leaves them passes the gate of `noise`. Questions,
their number and their noise depend on published answers only. docs/synopsis-proof.md has the proof.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from audit.errors import BadInput
from tagging.segmentation import sums
from tagging.segmentation.accounting import PrivacyBudget
from tagging.segmentation.cells import Cells, measured, radii, shrunk, split
from tagging.segmentation.clustering import DPKMeans
from tagging.segmentation.contract import ONE, FeatureContract, Grid
from tagging.segmentation.noise import DiscreteGaussian, Gate, Noise, Query, Whole, sigma_for
from tagging.segmentation.published import Synopsis
from tagging.segmentation.sums import REFINING, RINGS, STEPS, WEIGHTS, Points, Weights

MECHANISM: Final = "lbg-synopsis/1"
MOST_LEVELS: Final = 9
MOST_REFINED: Final = 64
SHARES: Final[Mapping[str, Fraction]] = {
    "rows": Fraction(4, 1000),
    "centre": Fraction(8, 1000),
    "rings": Fraction(8, 1000),
    "refine": Fraction(200, 1000),
}
"""Parts of rho; the levels have the rest, each twice as much as the one before."""
INSIDE: Final = 0.95
"""Share of the rows that the first ball holds."""
ENOUGH: Final = 1.0
"""Rows that a cell should have, in deviations of the noise of its count."""
GROWTH: Final = Fraction(2)
"""Share of a level by that of the level before."""
_STREAM: Final = 20_011  # of the free part: public and fixed, never noise


@dataclass(frozen=True, slots=True)
class DPSynopsis:
    """Releases a synopsis: `DPSynopsis(contract, budget).fit(X, subject_id)`.

    `budget.nano_rho` must have been charged before `fit` is called; it never costs more.
    """

    contract: FeatureContract
    budget: PrivacyBudget
    refine: int = 0
    """Number of clusters whose centres get a step of their own (a fifth of the budget); 0 for none."""
    noise: Noise = field(default_factory=DiscreteGaussian)

    def __post_init__(self) -> None:
        """Raise BadInput when the number of clusters to refine makes no sense."""
        if self.refine < 0 or self.refine == 1 or self.refine > MOST_REFINED:
            raise BadInput("release-refine", f"refine 2 to {MOST_REFINED} clusters, or none")

    def fit(self, values: NDArray[Any], subject_id: NDArray[Any]) -> Synopsis:
        """Return the published synopsis of one row per subject.

        Raises what `FeatureContract.grid` raises, before any number leaves the rows.
        """
        return self.fit_grid(self.contract.grid(values, subject_id))

    def fit_grid(self, rows: Grid) -> Synopsis:
        """Return the published synopsis of rows that the contract has put on its lattice."""
        gate = Gate(self.noise, self.budget.rho)
        count, centre, radius = _ball(gate, rows)
        cells = self._levels(gate, rows, count, centre, radius)
        found = Synopsis(
            contract=self.contract,
            epsilon=repr(float(self.budget.epsilon)),
            delta=repr(float(self.budget.delta)),
            nano_rho=self.budget.nano_rho,
            mechanism=MECHANISM,
            noise=self.noise.source,
            queries=tuple(gate.queries),
            rows=count,
            centres=cells.centres,
            counts=np.maximum(np.rint(cells.counts), 1).astype(np.int64),
            deviations=np.maximum(np.rint(np.sqrt(cells.variances)), 1).astype(np.int64),
            refined=np.zeros((0, self.contract.dimensions), dtype=np.int64),
            refined_counts=np.zeros(0, dtype=np.int64),
        )
        return _refined(gate, rows, found, self.refine) if self.refine else found

    def _levels(self, gate: Gate, rows: Grid, count: int, centre: Points, radius: int) -> Cells:
        """Ask level after level, each on the cells that the published answers before it gave."""
        parts = (SHARES["rows"], SHARES["centre"], SHARES["rings"])
        rho = gate.limit * (1 - sum(parts) - (SHARES["refine"] if self.refine else 0))
        sigmas = level_sigmas(rho, count, self.contract.dimensions)
        stream = np.random.default_rng(_STREAM)
        centres, reach = centre[None, :], np.array([radius])
        for level, sigma in enumerate(sigmas):
            width = 1 + 2 * self.contract.dimensions
            answer = gate.ask(
                Query(
                    f"level-{level + 1}",
                    len(centres) * width,
                    WEIGHTS.sensitivity_squared,
                    sigma,
                    STEPS,
                ),
                sums.cell_sums(rows, centres, reach, WEIGHTS).ravel(),
            )
            cells = measured(
                answer.reshape(-1, width).astype(np.float64), centres, reach, WEIGHTS, sigma
            )
            if level + 1 < len(sigmas):
                least = least_rows(sigmas[level + 1], WEIGHTS, self.contract.dimensions)
                centres, reach = split(cells, least, stream)
        return cells


def level_sigmas(rho: Fraction, count: int, dimensions: int) -> list[int]:
    """Return the noise of each level: as many levels as the noisy count of rows can fill."""
    for levels in range(MOST_LEVELS, 0, -1):
        parts = [GROWTH**level for level in range(levels)]
        shares = [rho * part / sum(parts) for part in parts]
        sigmas = [sigma_for(WEIGHTS.sensitivity_squared, share) for share in shares]
        if levels == 1 or count / 2 ** (levels - 1) >= least_rows(sigmas[-1], WEIGHTS, dimensions):
            break
    return sigmas


def least_rows(sigma: int, weights: Weights, dimensions: int) -> float:
    """Return how many rows a cell should have under that noise."""
    return float(ENOUGH * sigma / weights.presence * max(1.0, dimensions**0.5 / 2))


def _ball(gate: Gate, rows: Grid) -> tuple[int, Points, int]:
    """Return a noisy count, a noisy centre and a radius around most rows."""
    limit, dimensions = gate.limit, rows.shape[1]
    sigma = sigma_for(1, limit * SHARES["rows"])
    answer = gate.ask(Query("rows", 1, 1, sigma, 1), np.array([len(rows)], dtype=np.int64))
    count = max(int(answer[0]), 1)
    sigma = sigma_for(STEPS**2, limit * SHARES["centre"])
    answer = gate.ask(Query("centre", dimensions, STEPS**2, sigma, STEPS), sums.centre_sums(rows))
    mean = answer / STEPS * dimensions**0.5 / count * ONE
    centre = np.clip(np.rint(mean), -ONE, ONE).astype(np.int64)
    sigma = sigma_for(1, limit * SHARES["rings"])
    answer = gate.ask(Query("rings", RINGS, 1, sigma, 1), sums.ring_counts(rows, centre))
    return count, centre, _radius(answer, sigma, dimensions)


def _radius(answer: Whole, sigma: int, dimensions: int) -> int:
    """Return the radius within which most rows lie, after rings that noise explains are emptied."""
    counts = np.where(answer > 2 * sigma, answer, 0)
    if not counts.any():
        counts[int(np.argmax(answer))] = 1
    reached = np.cumsum(counts) >= INSIDE * counts.sum()
    edge = sums.ring_edges(dimensions)[int(np.argmax(reached))]
    return max(int(edge**0.5), 1)


def _refined(gate: Gate, rows: Grid, found: Synopsis, clusters: int) -> Synopsis:
    """Return the synopsis with one noisy, bounded Lloyd step for the centres of one k."""
    model = DPKMeans(clusters).fit(found)
    centres = np.clip(np.rint(model.cluster_centers_ * ONE), -ONE, ONE).astype(np.int64)
    dimensions = found.contract.dimensions
    width = 1 + dimensions
    sigma = sigma_for(REFINING.sensitivity_squared, gate.limit - gate.spent)
    plenty = model.cluster_sizes_ / least_rows(sigma, REFINING, dimensions)
    reach = radii(model.spreads_ * ONE, plenty)
    answer = gate.ask(
        Query("refine", len(centres) * width, REFINING.sensitivity_squared, sigma, STEPS),
        sums.cell_sums(rows, centres, reach, REFINING).ravel(),
    ).reshape(-1, width)
    noise = sigma / REFINING.presence
    counts = np.maximum(answer[:, 0] / REFINING.presence, noise)
    scale = reach / (REFINING.place * counts)
    step = answer[:, 1:] * scale[:, None]
    step *= shrunk(step, sigma * scale)[:, None]
    moved = np.clip(np.rint(centres + step), -ONE, ONE).astype(np.int64)
    return replace(
        found,
        queries=tuple(gate.queries),
        refined=moved,
        refined_counts=np.maximum(np.rint(counts), 1).astype(np.int64),
    )
