# SPDX-License-Identifier: Apache-2.0
"""How well a model foretold a later time: everything is counted from one table of scores and outcomes.

The table has a row for each step of 5 per cent and a column for each outcome; one person is in one cell.
For a private model it gets noise and is charged, and all that follows from it is free.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tagging.learning.scoring import THRESHOLDS, Scorer, Whole
from tagging.segmentation.contract import Grid
from tagging.segmentation.noise import Gate, Noise, Query, sigma_for

STEPS: Final = len(THRESHOLDS) + 1


def table_of(scorer: Scorer, rows: Grid, outcomes: NDArray[np.bool_]) -> Whole:
    """Return the exact table: steps by outcome (no, yes)."""
    cells = scorer.bins(rows) * 2 + outcomes.astype(np.int64)
    return np.bincount(cells, minlength=2 * STEPS).reshape(STEPS, 2).astype(np.int64)


def noisy(table: Whole, rho: Fraction, noise: Noise) -> tuple[Whole, list[Query]]:
    """Return the table with noise that costs at most rho, and the question that it was."""
    gate = Gate(noise, rho)
    query = Query("scores-and-outcomes", table.size, 1, sigma_for(1, rho), 1)
    return gate.ask(query, table.reshape(-1)).reshape(table.shape), gate.queries


@dataclass(frozen=True, slots=True)
class Figures:
    """What a threshold would have done."""

    threshold: int
    right_yes: int
    wrong_yes: int
    wrong_no: int
    right_no: int

    @property
    def precision(self) -> float | None:
        """Return the share of those given the tag who had the outcome."""
        return _share(self.right_yes, self.right_yes + self.wrong_yes)

    @property
    def recall(self) -> float | None:
        """Return the share of those with the outcome who were given the tag."""
        return _share(self.right_yes, self.right_yes + self.wrong_no)

    @property
    def f1(self) -> float:
        """Return the harmonic mean of both; 0 when nobody was found."""
        return _share(2 * self.right_yes, 2 * self.right_yes + self.wrong_yes + self.wrong_no) or 0

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as plain data."""
        return {
            **{name: getattr(self, name) for name in self.__slots__},
            "precision": _round(self.precision),
            "recall": _round(self.recall),
        }


def figures(table: Sequence[Sequence[int]]) -> list[Figures]:
    """Return the figures of every threshold; cells below zero (noise) count as nobody."""
    counted = np.maximum(np.array(table, dtype=np.int64), 0)
    below = np.cumsum(counted, axis=0)
    no, yes = (int(x) for x in below[-1])
    return [
        Figures(threshold, yes - int(under[1]), no - int(under[0]), int(under[1]), int(under[0]))
        for threshold, under in zip(THRESHOLDS, below, strict=False)
    ]


def best(found: Sequence[Figures]) -> int:
    """Return the threshold with the best balance of precision and recall (F1); the higher of equals."""
    return max(found, key=lambda one: (one.f1, one.threshold)).threshold


def calibration(table: Sequence[Sequence[int]], least: int) -> list[Mapping[str, Any]]:
    """Return, for each step with enough people, the score that was given and the share that it was."""
    rows: list[Mapping[str, Any]] = []
    for number, (no, yes) in enumerate(table):
        people = max(no, 0) + max(yes, 0)
        if people >= least:
            rows.append(
                {
                    "from": number * 5,
                    "to": number * 5 + 5,
                    "people": people,
                    "observed": round(100 * max(yes, 0) / people, 1),
                }
            )
    return rows


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _round(share: float | None) -> float | None:
    return None if share is None else round(share, 4)
