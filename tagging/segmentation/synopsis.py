# SPDX-License-Identifier: Apache-2.0
"""The synopsis of a population: noisy cells, published once.

1. a noisy number of rows, a noisy centre, a noisy histogram of distances from it: the first ball;
2. each row adds one bounded vector to the cell of its nearest published centre, the sums get noise, and
   the free part moves centres and drops empty cells; again and again, in one of two ways:
   levels: one cell at first, and every cell with enough rows becomes two;
   rounds: many starts all over the first ball, which are only moved. Better for few rows;
3. optionally some noisy steps of Lloyd's method for the centres of one k.

Rows are read in `sums` only, and every number that leaves them passes the gate of `noise`. Questions,
their number and their noise depend on published answers only. docs/synopsis-proof.md has the proof.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from audit.errors import BadInput
from tagging.segmentation import sums
from tagging.segmentation.accounting import PrivacyBudget
from tagging.segmentation.agreeing import Counted, agreed
from tagging.segmentation.cells import Cells, least_rows, measured, radii, split, starts
from tagging.segmentation.contract import ONE, FeatureContract, Grid
from tagging.segmentation.estimate import signal
from tagging.segmentation.noise import DiscreteGaussian, Gate, Noise, Query, Whole, sigma_for
from tagging.segmentation.published import Synopsis, unrefined
from tagging.segmentation.refining import refined
from tagging.segmentation.sums import RINGS, STEPS, WEIGHTS, Points

MECHANISM: Final = "synopsis/3"
Way = Literal["levels", "rounds"]
USUAL: Final = 8
"""Segments that a release is for when it refines none."""
FEW: Final = 20.0
"""Up to this signal of a segment (estimate.py) rounds are better than levels,"""
SEEN: Final = 400.0
"""when that of all rows together is enough for the first round to find where they are,"""
LOW, HIGH = 2, 24
"""and there are more features than LOW and at most HIGH. Chosen on mixtures and households."""
MOST_LEVELS: Final = 9
ROUNDS: Final = 4
ROUNDS_GROWTH: Final = Fraction(3, 2)
STARTS: Final = (64, 320)
"""The fewest and the most starts."""
MORE: Final = 4.0
"""Starts by the number of cells that the rows could fill."""
LONE: Final = 0.75
"""Rows below which a round drops a cell, in deviations of the noise of its count: a small group that is
dropped once is lost, and a cell with nobody is dropped by a later round."""
MOST_REFINED: Final = 64
SHARES: Final[Mapping[str, Fraction]] = {
    "rows": Fraction(4, 1000),
    "centre": Fraction(8, 1000),
    "rings": Fraction(8, 1000),
    "refine": Fraction(300, 1000),
}
"""Parts of rho; the levels have the rest, each twice as much as the one before."""
INSIDE: Final = 0.95
"""Share of the rows that the first ball holds."""
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
    """Number of clusters whose centres get steps of their own (three tenths of the budget); 0: none."""
    noise: Noise = field(default_factory=DiscreteGaussian)
    way: Way | None = None
    """How cells are found; None: as suits the noisy number of rows. Both cost the same."""

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
        way = self.way or ("rounds" if self._few(count) else "levels")
        ask = self._rounds if way == "rounds" else self._levels
        cells, counted = ask(gate, rows, count, centre, radius)
        found = unrefined(
            self.contract,
            self.budget,
            MECHANISM,
            self.noise.source,
            gate.queries,
            rows=count,
            centres=cells.centres,
            counts=np.maximum(np.rint(cells.counts), 1).astype(np.int64),
            deviations=np.maximum(np.rint(np.sqrt(cells.variances)), 1).astype(np.int64),
        )
        found = agreed(found, counted)
        return refined(gate, rows, found, self.refine) if self.refine else found

    def _few(self, count: int) -> bool:
        """Return whether rounds suit that (noisy) number of rows better than levels."""
        dimensions = self.contract.dimensions
        each = signal(count, dimensions, self.refine or USUAL, self.budget)
        every = signal(count, 1, 1, self.budget)
        return each <= FEW and every >= SEEN and LOW < dimensions <= HIGH

    def _levels(
        self, gate: Gate, rows: Grid, count: int, centre: Points, radius: int
    ) -> tuple[Cells, list[Counted]]:
        """Ask level after level, each on the cells that the published answers before it gave."""
        sigmas = level_sigmas(self._left(gate), count, self.contract.dimensions)
        stream = np.random.default_rng(_STREAM)
        centres, reach = centre[None, :], np.array([radius])
        counted = []
        for level, sigma in enumerate(sigmas):
            name = f"level-{level + 1}"
            cells, counts = _asked(gate, rows, name, centres, reach, sigma=sigma)
            counted.append(counts)
            if level + 1 < len(sigmas):
                least = least_rows(sigmas[level + 1], WEIGHTS, self.contract.dimensions)
                centres, reach = split(cells, least, stream)
        return cells, counted

    def _rounds(
        self, gate: Gate, rows: Grid, count: int, centre: Points, radius: int
    ) -> tuple[Cells, list[Counted]]:
        """Ask round after round on starts that are the same whatever the data; each moves them."""
        dimensions = self.contract.dimensions
        sigmas = _sigmas(self._left(gate), ROUNDS, ROUNDS_GROWTH)
        wanted = MORE * count / least_rows(sigmas[-1], WEIGHTS, dimensions)
        number = int(np.clip(wanted, *STARTS))
        centres, reach = starts(number, centre, radius, np.random.default_rng(_STREAM))
        counted = []
        for turn, sigma in enumerate(sigmas):
            name = f"round-{turn + 1}"
            cells, counts = _asked(gate, rows, name, centres, reach, sigma=sigma, empty=LONE)
            counted.append(counts)
            if turn + 1 < len(sigmas):
                least = least_rows(sigmas[turn + 1], WEIGHTS, dimensions)
                centres, reach = cells.centres, radii(cells.spread, cells.counts / least)
        return cells, counted

    def _left(self, gate: Gate) -> Fraction:
        """Return what the cells may cost."""
        parts = (SHARES["rows"], SHARES["centre"], SHARES["rings"])
        return gate.limit * (1 - sum(parts) - (SHARES["refine"] if self.refine else 0))


def level_sigmas(rho: Fraction, count: int, dimensions: int) -> tuple[int, ...]:
    """Return the noise of each level: as many levels as the noisy count of rows can fill."""
    for levels in range(MOST_LEVELS, 0, -1):
        sigmas = _sigmas(rho, levels, GROWTH)
        if levels == 1 or count / 2 ** (levels - 1) >= least_rows(sigmas[-1], WEIGHTS, dimensions):
            break
    return sigmas


def _sigmas(rho: Fraction, turns: int, growth: Fraction) -> tuple[int, ...]:
    """Return the noise of each of some questions about cells, whose shares grow."""
    parts = [growth**turn for turn in range(turns)]
    whole = rho / sum(parts)
    return tuple(sigma_for(WEIGHTS.sensitivity_squared, whole * part) for part in parts)


def _asked(
    gate: Gate,
    rows: Grid,
    name: str,
    centres: Points,
    reach: Points,
    *,
    sigma: int,
    empty: float = 1.0,
) -> tuple[Cells, Counted]:
    """Ask what is in cells; return those that are not empty by the answer, and the counts of all."""
    width = 1 + 2 * rows.shape[1]
    answer = gate.ask(
        Query(name, len(centres) * width, WEIGHTS.sensitivity_squared, sigma, STEPS),
        sums.cell_sums(rows, centres, reach, WEIGHTS).ravel(),
    )
    found = answer.reshape(-1, width).astype(np.float64)
    counted = Counted(centres, found[:, 0] / WEIGHTS.presence, sigma / WEIGHTS.presence)
    return measured(found, centres, reach, WEIGHTS, sigma, empty=empty), counted


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
