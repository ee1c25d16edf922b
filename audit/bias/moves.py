# SPDX-License-Identifier: Apache-2.0
"""Moves of people among the finest cells that leave most sums as they are.

A move swaps people between the corners of a box, in as many directions as differ: every margin that
leaves out one of these directions stays. Besides, one for each cell that only adds people.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Moves:
    """Moves by the cells that gain one person and those that lose one, when made once, forth."""

    gains: NDArray[np.intp]
    """Move by corner; `cells` where there are fewer corners."""
    loses: NDArray[np.intp]
    cells: int

    def forth(self, counts: NDArray[np.int64]) -> Floats:
        """Return how often each move can be made before a cell holds fewer than nobody; inf for ever."""
        return _least(counts, self.loses)

    def back(self, counts: NDArray[np.int64]) -> Floats:
        """Return how often each move can be undone before a cell holds fewer than nobody."""
        return _least(counts, self.gains)

    def only(self, which: slice | list[int]) -> "Moves":
        """Return some of the moves."""
        return Moves(self.gains[which], self.loses[which], self.cells)

    def effect(self, matrix: NDArray[np.int64]) -> NDArray[np.int8]:
        """Return what each move changes in sums of cells (sum by cell): sum by move."""
        wide = np.zeros((len(matrix), self.cells + 1), dtype=np.int8)
        wide[:, :-1] = matrix
        found = np.zeros((len(matrix), len(self.gains)), dtype=np.int8)
        for corner in self.gains.T:
            found += wide[:, corner]
        for corner in self.loses.T:
            found -= wide[:, corner]
        return found

    def one(self, number: int) -> NDArray[np.int64]:
        """Return what one move changes in each cell."""
        found = np.zeros(self.cells + 1, dtype=np.int64)
        np.add.at(found, self.gains[number], 1)
        np.add.at(found, self.loses[number], -1)
        return found[:-1]


def moves_of(shape: Sequence[int], outer: int) -> tuple[Moves, Moves]:
    """Return the moves of a table of this shape, and what they are to the sums over its inner axes.

    The first `outer` axes tell groups of people apart. A swap within a group changes none of its sums.
    """
    ends = [np.triu_indices(size) for size in shape]
    choice = np.indices([len(low) for low, _ in ends]).reshape(len(shape), -1)
    low = np.array([end[0][n] for end, n in zip(ends, choice, strict=True)])
    high = np.array([end[1][n] for end, n in zip(ends, choice, strict=True)])
    cells = int(np.prod(shape))
    corners: tuple[list[Any], list[Any]] = ([], [])
    for corner in product((False, True), repeat=len(shape)):
        place = np.where(np.array(corner)[:, None], high, low)
        code = np.ravel_multi_index(tuple(place), tuple(shape))
        there = ((low != high) | ~np.array(corner)[:, None]).all(axis=0)
        corners[sum(corner) % 2].append(np.where(there, code, cells))
    gains, loses = (np.array(side).T for side in corners)
    groups = int(np.prod(shape[:outer]))
    within = (low[outer:] != high[outer:]).any(axis=0)[:, None]
    size = cells // groups
    gain, lose = (
        np.where(within | (side == cells), groups, side // size) for side in (gains, loses)
    )
    return Moves(gains, loses, cells), Moves(gain, lose, groups)


def _least(counts: NDArray[np.int64], corners: NDArray[np.intp]) -> Floats:
    return np.asarray(np.append(counts.astype(np.float64), np.inf)[corners].min(axis=1))
