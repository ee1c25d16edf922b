# SPDX-License-Identifier: Apache-2.0
"""A trained model as plain numbers, and what it says of a row: whole numbers, the same everywhere.

Trees and forests: the score is the sum over the trees of the share of "yes" at the leaf. Naive Bayes, the
linear SVM and boosted terms: the score is a sum of one part for each feature and a base. The outcome is
foretold when the score is above the cut of a threshold in per cent.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tagging.segmentation.contract import ONE, Grid

Whole = NDArray[np.int64]
SHARE: Final = 10**9
"""A share of 1 at a leaf."""
FINE: Final = 2**40
"""Steps in one unit of log odds, or of the margin of an SVM."""
LEAST_VARIANCE: Final = 1e-3
"""Variances of naive Bayes are not taken below this (in the box from -1 to 1), so that parts stay finite."""
THRESHOLDS: Final = tuple(range(5, 100, 5))
"""Per cent above which a tag may be given."""


@dataclass(frozen=True)
class Tree:
    """Nodes of one tree; a leaf has the feature -1. To the left go rows with a value up to `at`."""

    feature: Whole
    at: Whole
    left: Whole
    right: Whole
    share: Whole

    def leaf(self, rows: Grid) -> Whole:
        """Return the leaf of each row."""
        node = np.zeros(len(rows), dtype=np.int64)
        line = np.arange(len(rows))
        while np.any(inner := self.feature[node] >= 0):
            feature = np.maximum(self.feature[node], 0)
            low = rows[line, feature] <= self.at[node]
            node = np.where(inner, np.where(low, self.left[node], self.right[node]), node)
        return node

    def document(self) -> dict[str, list[int]]:
        """Return the tree as lists of whole numbers."""
        return {name: getattr(self, name).tolist() for name in _PARTS}


_PARTS: Final = ("feature", "at", "left", "right", "share")


@dataclass(frozen=True)
class Scorer:
    """A trained model: its method and its parameters as they are stored."""

    method: str
    parameters: Mapping[str, Any]

    @property
    def linear(self) -> bool:
        """Return whether the score is a sum of parts by feature."""
        return "trees" not in self.parameters

    @cached_property
    def trees(self) -> tuple[Tree, ...]:
        """Return the trees."""
        return tuple(
            Tree(*(np.array(one[name], dtype=np.int64) for name in _PARTS))
            for one in self.parameters["trees"]
        )

    def scores(self, rows: Grid) -> Whole:
        """Return the score of each row. Each row is looked at alone."""
        if self.linear:
            whole: Whole = self.parts(rows).sum(axis=1) + self.base
            return whole
        total = np.zeros(len(rows), dtype=np.int64)
        for tree in self.trees:
            total += tree.share[tree.leaf(rows)]
        return total

    def parts(self, rows: Grid) -> Whole:
        """Return what each feature adds to the score; rows by features."""
        if "weights" in self.parameters:
            weights = np.array(self.parameters["weights"], dtype=np.int64)
            return rows.astype(np.int64) * weights
        if "cuts" in self.parameters:
            return np.stack([term(rows[:, n]) for n, term in enumerate(self._terms)], axis=1)
        (mean0, mean1), (var0, var1) = self._bayes
        plain = rows / ONE
        odds = 0.5 * np.log(var0 / var1)
        odds = odds + (plain - mean0) ** 2 / (2 * var0) - (plain - mean1) ** 2 / (2 * var1)
        parts: Whole = np.rint(odds * FINE).astype(np.int64)
        return parts

    @cached_property
    def base(self) -> int:
        """Return the part of the score that is the same for everybody."""
        if "base" in self.parameters:
            return int(self.parameters["base"])
        no, yes = (float(one) for one in self.parameters["priors"])
        return round(math.log(yes / no) * FINE)

    def cut(self, threshold: int) -> int:
        """Return the score that must be passed, for a threshold in per cent."""
        if self.linear:
            share = threshold / 100
            return round(math.log(share / (1 - share)) * FINE)
        return threshold * len(self.trees) * SHARE // 100

    def per_cent(self, score: int) -> float:
        """Return a score as people read it: from 0 to 100."""
        if self.linear:
            odds = max(-700.0, min(700.0, score / FINE))
            return 100 / (1 + math.exp(-odds))
        return 100 * score / (len(self.trees) * SHARE)

    def bins(self, rows: Grid) -> Whole:
        """Return how many thresholds each row passes, from 0 to all of them."""
        cuts = np.array([self.cut(one) for one in THRESHOLDS], dtype=np.int64)
        found: Whole = np.searchsorted(cuts, self.scores(rows), side="left").astype(np.int64)
        return found

    @cached_property
    def _terms(self) -> list[Callable[[Any], Whole]]:
        """Return, by feature, what its values add: one number from each cut on."""
        pairs = zip(self.parameters["cuts"], self.parameters["scores"], strict=True)
        return [
            partial(_step, np.array(cuts, dtype=np.int64), np.array(scores, dtype=np.int64))
            for cuts, scores in pairs
        ]

    @cached_property
    def _bayes(self) -> tuple[Any, Any]:
        return (
            np.array(self.parameters["means"], dtype=np.float64),
            np.array(self.parameters["variances"], dtype=np.float64),
        )


def _step(cuts: Whole, scores: Whole, values: Any) -> Whole:
    found: Whole = scores[np.searchsorted(cuts, values, side="right")]
    return found
