# SPDX-License-Identifier: Apache-2.0
"""What one row adds to a noisy sum: whole numbers, of a bounded length, from that row alone.

Distances are compared in whole numbers below 2^53, where floating point is exact whatever the order
of its additions; after that only + - * / sqrt and truncation are used, which IEEE 754 fixes to the bit.
So a row is mapped the same way wherever it stands. Last of all the length of the whole-number vector
is checked exactly: a row over the claimed sensitivity adds nothing at all.
"""

import math
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tagging.segmentation.contract import ONE, Grid

STEPS: Final = 2**16
"""Lattice steps per unit of a noisy sum."""
RINGS: Final = 64
_CHUNK: Final = 4096

Points = NDArray[np.int64]
"""Published points in the box: whole numbers in [-ONE, ONE]."""
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Weights:
    """How long the parts of a row's vector may be: its presence, its place in the cell, its squares."""

    presence: int
    place: int
    square: int

    @property
    def sensitivity_squared(self) -> int:
        """Return the square of the greatest length of a row's vector, in lattice steps."""
        return self.presence**2 + self.place**2 + self.square**2


WEIGHTS: Final = Weights(presence=7 * STEPS // 10, place=STEPS, square=7 * STEPS // 10)
"""Of the levels of a synopsis."""
REFINING: Final = Weights(presence=35 * STEPS // 100, place=STEPS, square=0)
"""Of the step that refines the centres of one k."""


def cell_sums(rows: Grid, centres: Points, radius: Points, weights: Weights) -> NDArray[np.int64]:
    """Return one line per cell: presence, places, squared places, added up over the rows.

    A row belongs to the nearest centre (the first of equals). Its place is y = (x - c) / r, shortened
    to length one; the vector of y^2 is shortened to `usual_square`, which makes room for more signal.
    Squares are left out when their weight is nought.
    """
    width = 1 + rows.shape[1] * (2 if weights.square else 1)
    doubled = np.ascontiguousarray(2.0 * centres.T.astype(np.float64))
    lengths: Floats = np.einsum("kd,kd->k", centres, centres).astype(np.float64)
    around = centres.T.astype(np.float64)
    reach = radius.astype(np.float64)

    def part(chunk: Grid) -> NDArray[np.int64]:
        plain = chunk.astype(np.float64)
        cell = nearest_exact(plain, doubled, lengths)
        vectors = _vectors(plain.T, around[:, cell], reach[cell], weights)
        sums = [np.bincount(cell, weights=v, minlength=len(centres)) for v in vectors]
        return np.stack(sums, axis=1).astype(np.int64)

    return _added(rows, part, (len(centres), width))


def usual_square(dimensions: int) -> float:
    """Return the length of (y_1^2, ...) for y of length one in a direction without preference."""
    return math.sqrt(3 / (dimensions + 2))


def nearest_exact(plain: Floats, doubled: Floats, lengths: Floats) -> NDArray[np.intp]:
    """Return the nearest centre of each row: |c|^2 - 2 x·c, every number whole and below 2^53."""
    if len(lengths) == 1:
        return np.zeros(len(plain), dtype=np.intp)
    score = plain @ doubled
    nearest: NDArray[np.intp] = np.subtract(lengths, score, out=score).argmin(axis=1)
    return nearest


def centre_sums(rows: Grid) -> NDArray[np.int64]:
    """Return the sums of x / sqrt(d) over the rows, in lattice steps; a row's length is at most one."""
    dimensions = rows.shape[1]
    shrink = STEPS / ONE / np.sqrt(np.float64(dimensions))

    def part(chunk: Grid) -> NDArray[np.int64]:
        vectors = np.trunc(chunk.T * shrink)
        _drop_long(vectors, STEPS**2)
        added: NDArray[np.int64] = vectors.sum(axis=1).astype(np.int64)
        return added

    return _added(rows, part, (dimensions,))


def ring_edges(dimensions: int) -> NDArray[np.int64]:
    """Return the squared outer edges of the rings, ascending: each ring is 2^(1/4) times the last."""
    far = 4 * dimensions * ONE**2  # the square of the longest way across the box
    return np.array([int(far / 2 ** ((RINGS - 1 - ring) / 2)) for ring in range(RINGS)])


def ring_counts(rows: Grid, centre: Points) -> NDArray[np.int64]:
    """Return how many rows lie in each ring around a published centre."""
    edges = ring_edges(rows.shape[1])

    def part(chunk: Grid) -> NDArray[np.int64]:
        away = chunk.T - centre[:, None]
        ring = np.searchsorted(edges, np.einsum("dn,dn->n", away, away))
        return np.bincount(ring, minlength=RINGS)

    return _added(rows, part, (RINGS,))


def cell_counts(rows: Grid, edges: Sequence[Points]) -> NDArray[np.int64]:
    """Return how many rows lie in each cell of a grid, the last axis first to change.

    `edges` has, axis by axis, the first step of every cell but the first. A row is in one cell.
    """
    shape = tuple(len(cuts) + 1 for cuts in edges)
    cells = math.prod(shape)

    def part(chunk: Grid) -> NDArray[np.int64]:
        along = zip(edges, chunk.T, strict=True)
        index = [np.searchsorted(cuts, column, side="right") for cuts, column in along]
        return np.bincount(np.ravel_multi_index(index, shape), minlength=cells)

    return _added(rows, part, (cells,))


def _vectors(plain: Floats, around: Floats, reach: Floats, weights: Weights) -> Floats:
    """Return the whole-number vectors of the rows of a chunk, one column per row."""
    dimensions = len(plain)
    away = plain - around
    length = np.sqrt(np.einsum("dn,dn->n", away, away))  # the sum is whole and below 2^53
    away /= np.maximum(reach, length)
    out = np.empty((1 + dimensions * (2 if weights.square else 1), plain.shape[1]))
    out[0] = weights.presence
    np.multiply(away, weights.place, out=out[1 : 1 + dimensions])
    if weights.square:
        out[1 + dimensions :] = _squares(away, weights.square)
    np.trunc(out, out=out)
    _drop_long(out, weights.sensitivity_squared)
    return out


def _squares(places: Floats, length: int) -> Floats:
    """Return squared places, scaled so that the usual length becomes `length`, and no longer."""
    most = STEPS * usual_square(len(places))
    squares = np.trunc(places * places * STEPS)
    lengths = np.sqrt(np.einsum("dn,dn->n", squares, squares))  # whole and below 2^53 again
    scaled: Floats = squares * (length / np.maximum(lengths, most))
    return scaled


def _drop_long(vectors: Floats, limit: int) -> None:
    """Make every column over the limit nought. Squares are whole and below 2^53, so this is exact."""
    long = np.einsum("dn,dn->n", vectors, vectors) > limit
    if long.any():
        vectors[:, long] = 0.0


def _added(
    rows: Grid, part: Callable[[Grid], NDArray[np.int64]], shape: tuple[int, ...]
) -> NDArray[np.int64]:
    """Return the sum of the parts over chunks of rows. Whole numbers: the order does not matter."""
    total = np.zeros(shape, dtype=np.int64)
    chunks: Iterator[Grid] = (rows[n : n + _CHUNK] for n in range(0, len(rows), _CHUNK))
    if len(rows) <= 4 * _CHUNK:
        for chunk in chunks:
            total += part(chunk)
        return total
    from threadpoolctl import threadpool_limits

    workers = min(8, os.cpu_count() or 1)
    with threadpool_limits(1), ThreadPoolExecutor(max_workers=workers) as pool:
        for found in pool.map(part, chunks):
            total += found
    return total
