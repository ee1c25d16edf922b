# SPDX-License-Identifier: Apache-2.0
"""How well a model foretold a later time: everything is counted from one table of scores and outcomes.

The table has a row for each step of 5 per cent and a column for each outcome; one person is in one cell.
For a private model it gets noise and is charged, and all that follows from it is free. Cells stay as the
noise left them, also below zero, so that sums of them are not too high; a share that noise hides is not told.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tagging.learning.scoring import THRESHOLDS, Scorer, Whole
from tagging.segmentation.accounting import PrivacyBudget, charge_of
from tagging.segmentation.contract import Grid
from tagging.segmentation.counting import DEVIATIONS
from tagging.segmentation.noise import Gate, Noise, Query, sigma_for

STEPS: Final = len(THRESHOLDS) + 1


def table_of(scorer: Scorer, rows: Grid, outcomes: NDArray[np.bool_]) -> Whole:
    """Return the exact table: steps by outcome (no, yes)."""
    cells = scorer.bins(rows) * 2 + outcomes.astype(np.int64)
    return np.bincount(cells, minlength=2 * STEPS).reshape(STEPS, 2).astype(np.int64)


def noisy(table: Whole, rho: Fraction, noise: Noise) -> tuple[Whole, list[Query]]:
    """Return the table with noise that costs at most rho, and the question that it was."""
    gate, query = Gate(noise, rho), question(rho)
    return gate.ask(query, table.reshape(-1)).reshape(table.shape), gate.queries


def question(rho: Fraction) -> Query:
    """Return the question that a charge buys: all cells of the table, each with noise."""
    return Query("scores-and-outcomes", 2 * STEPS, 1, sigma_for(1, rho), 1)


def price(budget: PrivacyBudget) -> int:
    """Return what is charged, in billionths of rho: what the question costs, whose noise is of whole people.

    The question that this buys is the same one.
    """
    return charge_of([question(budget.rho)])


def sure(sigma: int, cells: int) -> int:
    """Return the smallest sum of so many noisy cells that says something: three deviations of its noise."""
    return math.ceil(DEVIATIONS * sigma * math.sqrt(cells))


@dataclass(frozen=True, slots=True)
class Figures:
    """What a threshold would have done."""

    threshold: int
    right_yes: int
    wrong_yes: int
    wrong_no: int
    right_no: int
    sigma: int = 0
    """Deviation of the noise of each cell of the table."""

    @property
    def precision(self) -> float | None:
        """Return the share of those given the tag who had the outcome; None: nobody, or noise hides it."""
        above = 2 * (STEPS - THRESHOLDS.index(self.threshold) - 1)
        return self._told(self.right_yes, self.right_yes + self.wrong_yes, above)

    @property
    def recall(self) -> float | None:
        """Return the share of those with the outcome who were given the tag; None likewise."""
        return self._told(self.right_yes, self.right_yes + self.wrong_no, STEPS)

    def _told(self, part: int, whole: int, cells: int) -> float | None:
        return _share(part, whole) if whole >= sure(self.sigma, cells) else None

    @property
    def f1(self) -> float:
        """Return the harmonic mean of both; 0 when nobody was found."""
        return _share(2 * self.right_yes, 2 * self.right_yes + self.wrong_yes + self.wrong_no) or 0

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as plain data."""
        return {
            **{name: getattr(self, name) for name in self.__slots__ if name != "sigma"},
            "precision": _round(self.precision),
            "recall": _round(self.recall),
        }


def figures(table: Sequence[Sequence[int]], sigma: int = 0) -> list[Figures]:
    """Return the figures of every threshold; a sum below zero (noise) counts as nobody."""
    below = np.cumsum(np.array(table, dtype=np.int64), axis=0)
    found = []
    for threshold, (under_no, under_yes) in zip(THRESHOLDS, below, strict=False):
        above_no, above_yes = below[-1, 0] - under_no, below[-1, 1] - under_yes
        a, b, c, d = np.maximum([above_yes, above_no, under_yes, under_no], 0).tolist()
        found.append(Figures(threshold, a, b, c, d, sigma))
    return found


def best(found: Sequence[Figures]) -> int:
    """Return the threshold with the best balance of precision and recall (F1); the higher of equals."""
    return max(found, key=lambda one: (one.f1, one.threshold)).threshold


def calibration(table: Sequence[Sequence[int]], least: int) -> list[Mapping[str, Any]]:
    """Return, for each step with enough people, the score that was given and the share that it was."""
    rows: list[Mapping[str, Any]] = []
    for number, (no, yes) in enumerate(table):
        people = no + yes
        if people >= least:
            rows.append(
                {
                    "from": number * 5,
                    "to": number * 5 + 5,
                    "people": people,
                    "observed": round(100 * min(max(yes / people, 0.0), 1.0), 1),
                }
            )
    return rows


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _round(share: float | None) -> float | None:
    return None if share is None else round(share, 4)
