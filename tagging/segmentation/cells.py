# SPDX-License-Identifier: Apache-2.0
"""From noisy sums to cells, and from cells to the next centres: free, for it reads only what is noisy.

Means and variances are shrunk (James and Stein) by as much as the noise explains. Lengths are in
lattice steps of the box (contract.ONE per unit).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tagging.segmentation.contract import ONE
from tagging.segmentation.sums import Floats, Points, Weights, usual_square

REACH: Final = 1.4
"""Radius of a cell by its measured spread, where there are just enough rows."""
PLENTY: Final = 16.0
"""From so many times enough rows on, a cell reaches farther: noise is small, tails are worth keeping."""
FARTHEST: Final = 3.0
"""The largest radius by spread."""
FULL: Final = 1.15
"""The root of the radius by spread from which on nothing is missed."""
CUBE: Final = 1.2
"""Half a side of the cube of starts, by that of the cube in the first ball."""
EVENING: Final = 2
"""Steps of Lloyd's method that spread the starts evenly."""
APART: Final = 0.8
"""How far the two halves of a split move, in deviations."""
ENOUGH: Final = 1.0
"""Rows that a cell should have, in deviations of the noise of its count."""
_LEAST: Final = 1.0
_ACROSS: Final = 2**25  # more than the longest way across a box of 128 features


@dataclass(frozen=True, slots=True)
class Cells:
    """Noisy cells: centres, how many rows, variance per axis. Nothing private is in them."""

    centres: Points
    counts: Floats
    variances: Floats
    """Per cell and axis, in squared steps; never negative."""
    flat: NDArray[np.bool_]
    """True where the axes of a cell cannot be told apart from noise."""

    @property
    def spread(self) -> Floats:
        """Return the root of the summed variances of each cell."""
        spread: Floats = np.sqrt(self.variances.sum(axis=1))
        return spread

    def take(self, chosen: NDArray[np.bool_]) -> "Cells":
        """Return some of the cells."""
        return Cells(
            self.centres[chosen], self.counts[chosen], self.variances[chosen], self.flat[chosen]
        )


def measured(
    sums: Floats,
    centres: Points,
    radius: Points,
    weights: Weights,
    sigma: int,
    *,
    empty: float = 1.0,
) -> Cells:
    """Return the cells that noisy sums describe: the centres moved, the empty dropped.

    A cell is dropped when its count is below `empty` deviations of its noise; the largest one always stays.
    """
    counts = sums[:, 0] / weights.presence
    noise = sigma / weights.presence
    keep = counts >= empty * noise
    keep[int(np.argmax(counts))] = True
    sums, centres, counts = sums[keep], centres[keep], np.maximum(counts[keep], noise)
    reach = radius[keep].astype(np.float64)
    dimensions = centres.shape[1]
    scale = reach / (weights.place * counts)
    step = sums[:, 1 : 1 + dimensions] * scale[:, None]
    step *= shrunk(step, sigma * scale)[:, None]
    moved = np.clip(np.rint(centres + step), -ONE, ONE).astype(np.int64)
    scale2 = reach**2 * usual_square(dimensions) / (weights.square * counts)
    raw = sums[:, 1 + dimensions :] * scale2[:, None] - step**2
    raw_noise = np.sqrt((sigma * scale2) ** 2 + 2 * (sigma * scale) ** 4)
    variances, flat = _variances(raw, raw_noise, (reach / REACH) ** 2 / dimensions)
    return Cells(moved, counts, variances, flat)


def _variances(raw: Floats, noise: Floats, prior: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the variances per axis, drawn to their mean, and the mean to what the radius suggests."""
    trust = prior**2 / (prior**2 + noise**2 / raw.shape[1])
    mean = prior + trust * (raw.mean(axis=1) - prior)
    mean = np.clip(mean, prior / 16, 4 * prior)
    apart = raw - raw.mean(axis=1, keepdims=True)
    kept = shrunk(apart, noise)
    out = mean[:, None] + apart * kept[:, None]
    return np.maximum(out, np.maximum(mean[:, None] / 16, _LEAST)), kept <= 0


def shrunk(vectors: Floats, noise: Floats) -> Floats:
    """Return the share of each vector that noise of that size per axis does not explain."""
    lengths = np.einsum("kd,kd->k", vectors, vectors)
    explained = vectors.shape[1] * noise**2
    excess = np.maximum(lengths - explained, 0.0)
    kept: Floats = np.divide(excess, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    return kept


def split(cells: Cells, least: float, stream: np.random.Generator) -> tuple[Points, Points]:
    """Return the centres and radii of the next level: cells with enough rows become two.

    `least` is the number of rows that each half should have. The axis is that of the largest
    variance, or a direction drawn from the public stream where the axes differ by noise only.
    """
    wide = cells.counts >= 2 * least
    keep, halve = cells.take(~wide), cells.take(wide)
    axes = np.zeros(halve.variances.shape)
    axes[np.arange(len(axes)), halve.variances.argmax(axis=1)] = 1.0
    drawn = stream.standard_normal(halve.variances.shape)
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    axes = np.where(halve.flat[:, None], drawn, axes)
    along = np.einsum("kd,kd->k", halve.variances, axes**2)
    shift = axes * (APART * np.sqrt(along))[:, None]
    left = halve.variances.sum(axis=1) - APART**2 * along
    inner = np.sqrt(np.maximum(left, halve.variances.sum(axis=1) / 4))
    centres = np.concatenate([keep.centres, halve.centres + shift, halve.centres - shift])
    spread = np.concatenate([keep.spread, inner, inner])
    counts = np.concatenate([keep.counts, halve.counts / 2, halve.counts / 2])
    return np.clip(np.rint(centres), -ONE, ONE).astype(np.int64), radii(spread, counts / least)


def least_rows(sigma: int, weights: Weights, dimensions: int) -> float:
    """Return how many rows a cell should have under that noise."""
    return float(ENOUGH * sigma / weights.presence * max(1.0, dimensions**0.5 / 2))


def radii(spread: Floats, plenty: Floats, least: float = REACH) -> Points:
    """Return the radii of cells, given how many times enough rows they have."""
    reach = np.clip(least * np.sqrt(np.maximum(plenty, 0.0) / PLENTY), least, FARTHEST)
    return np.clip(np.rint(reach * spread), 1, _ACROSS).astype(np.int64)


def caught(radius: Points, spread: Floats) -> Floats:
    """Return about how much of a shift of its rows the mean of places shortened to a radius shows.

    Short places meet less noise, but rows beyond the radius pull less than they should.
    """
    share: Floats = np.minimum(1.0, np.sqrt(radius / np.maximum(spread, 1.0)) / FULL)
    return share


def pooled(one: Floats, noise: Floats, other: Floats, others: float) -> tuple[Floats, Floats]:
    """Return the better of two noisy readings of the same numbers, and the deviation of its noise."""
    trust = others**2 / (noise**2 + others**2)
    return other + trust * (one - other), np.sqrt(trust) * noise


def starts(
    number: int, centre: Points, radius: int, stream: np.random.Generator
) -> tuple[Points, Points]:
    """Return public starts, spread evenly over the cube about a ball, and radii to begin with."""
    dimensions = len(centre)
    drawn = stream.uniform(-1.0, 1.0, (8 * number, dimensions))
    places = drawn[:number]
    for _ in range(EVENING):
        near = _squares(drawn, places).argmin(axis=1)
        count = np.maximum(np.bincount(near, minlength=number), 1)
        sums = [np.bincount(near, weights=x, minlength=number) for x in drawn.T]
        places = np.stack(sums, axis=1) / count[:, None]
    centres = centre + places * (CUBE * radius / dimensions**0.5)
    away = _squares(centres, centres)
    np.fill_diagonal(away, np.inf)
    apart = int(np.sqrt(max(float(np.median(away.min(axis=1))), 1.0)))
    whole = np.clip(np.rint(centres), -ONE, ONE).astype(np.int64)
    return whole, np.full(number, min(apart, _ACROSS))


def _squares(points: Floats, others: Floats) -> Floats:
    lengths = np.einsum("nd,nd->n", points, points)[:, None]
    inner = np.einsum("kd,kd->k", others, others) - 2.0 * points @ others.T
    squares: Floats = np.maximum(lengths + inner, 0.0)
    return squares
