# SPDX-License-Identifier: Apache-2.0
"""Noisy steps of Lloyd's method for the centres of one k, after the cells of a synopsis are known.

A centre moves as far as its step is better known than the centre was: the cells already say where a
large group is, and little about a small one.
"""

from dataclasses import replace
from typing import Final

import numpy as np

from tagging.segmentation import sums
from tagging.segmentation.cells import caught, least_rows, pooled, radii
from tagging.segmentation.clustering import DPKMeans, Segmentation
from tagging.segmentation.contract import ONE, Grid
from tagging.segmentation.noise import Gate, Query, sigma_for
from tagging.segmentation.published import Synopsis
from tagging.segmentation.sums import REFINING, STEPS, Floats, Points

TURNS: Final = 2
"""Steps, equal parts of what is left: a row finds its group better when the centres have moved once."""
NEAREST: Final = 0.8
"""Radius of a step by the spread of its cluster, where there are just enough rows."""


def refined(gate: Gate, rows: Grid, found: Synopsis, clusters: int) -> Synopsis:
    """Return the synopsis with the centres of one k, for all that the gate has left."""
    model = DPKMeans(clusters).fit(found)
    dimensions = found.contract.dimensions
    centres, spread = _lattice(model.cluster_centers_ * ONE), model.spreads_ * ONE
    counts, noise, doubt = model.cluster_sizes_, model.size_noise_, _doubt(found, model)
    sigma = sigma_for(REFINING.sensitivity_squared, (gate.limit - gate.spent) / TURNS)
    size = len(centres) * (1 + dimensions)
    for turn in range(TURNS):
        reach = radii(spread, counts / least_rows(sigma, REFINING, dimensions), NEAREST)
        answer = gate.ask(
            Query(f"refine-{turn + 1}", size, REFINING.sensitivity_squared, sigma, STEPS),
            sums.cell_sums(rows, centres, reach, REFINING).ravel(),
        ).reshape(len(centres), -1)
        mine = sigma / REFINING.presence
        counts, noise = pooled(counts, noise, answer[:, 0] / REFINING.presence, mine)
        counts = np.maximum(counts, mine)
        scale = reach / (REFINING.place * counts * caught(reach, spread))
        step, doubt = trusted(answer[:, 1:] * scale[:, None], (sigma * scale) ** 2, doubt)
        centres = _lattice(centres + step)
    return replace(
        found,
        queries=tuple(gate.queries),
        refined=centres,
        refined_counts=np.maximum(np.rint(counts), 1).astype(np.int64),
    )


def trusted(steps: Floats, noise: Floats, doubt: Floats) -> tuple[Floats, Floats]:
    """Return how far centres should move, and the doubt that is left: variances, one per centre.

    `noise` is that of the step, `doubt` what noise is known to have done to the centre before. A step
    longer than both explain raises the doubt: the group is not where its cells were.
    """
    excess = np.einsum("kd,kd->k", steps, steps) / steps.shape[1] - noise
    doubt = np.maximum(doubt, excess)
    kept = doubt / (doubt + noise)
    return steps * kept[:, None], kept * noise


def _doubt(found: Synopsis, model: Segmentation) -> Floats:
    """Return the variance per axis that noise gave the centre of each cluster of cells.

    Noise moved a cell by about its spread times the noise of its count, which also gave it a wrong weight.
    """
    home = model.predict(found.centers_)
    away = ((found.centres - model.cluster_centers_[home] * ONE) ** 2).mean(axis=1)
    moved = found.noise_scale_**2 * ((found.deviations**2).sum(axis=1) + away)
    total = np.bincount(home, weights=moved, minlength=len(model.cluster_sizes_))
    doubt: Floats = total / np.maximum(model.cluster_sizes_, 1.0) ** 2
    return doubt


def _lattice(centres: Floats) -> Points:
    whole: Points = np.clip(np.rint(centres), -ONE, ONE).astype(np.int64)
    return whole
