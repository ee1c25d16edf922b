# SPDX-License-Identifier: Apache-2.0
"""Numbers of subjects that agree with all the counts that were published on the way: free.

The last counts alone are too high where few are (cells that noise made smaller were dropped) and too low
elsewhere. Earlier questions counted the same subjects in other cells, with more noise for each but over
larger parts, and the number of all is known best.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from tagging.segmentation.contract import ONE
from tagging.segmentation.published import Synopsis
from tagging.segmentation.sums import Floats, Points, nearest_exact

_TRIES: Final = 100  # times the number of cells: far more than the method of least squares needs


@dataclass(frozen=True, slots=True)
class Counted:
    """What one question about cells said of how many are nearest to each of its centres."""

    centres: Points
    counts: Floats
    """Noisy; may be negative."""
    noise: float
    """Deviation of the noise of each count, in subjects."""


def agreed(found: Synopsis, asked: Sequence[Counted]) -> Synopsis:
    """Return the synopsis with the counts, none negative, that are nearest to all that was answered.

    A cell stands in an earlier question where its synthetic points are; differences are by their noise.
    Where the method finds none (none such is known) the counts of the last question stay: the release is
    paid for, and they are as good a reading of the same noisy answers, if a coarser one.
    """
    from scipy.optimize import nnls

    places, cell = found.expanded()
    points = np.rint(places * ONE)
    share = 1.0 / np.bincount(cell)[cell]
    every, rows_noise = np.ones((1, len(found.counts))), found.queries[0].sigma
    left, right = [every / rows_noise], [np.array([found.rows / rows_noise])]
    for one in asked:
        centres = one.centres.astype(np.float64)
        home = nearest_exact(points, 2.0 * centres.T, np.einsum("kd,kd->k", centres, centres))
        parts = np.zeros((len(centres), len(found.counts)))
        np.add.at(parts, (home, cell), share)
        left.append(parts / one.noise)
        right.append(one.counts / one.noise)
    most = _TRIES * len(found.counts)
    try:
        counts, _ = nnls(np.concatenate(left), np.concatenate(right), maxiter=most)
    except RuntimeError:  # no convergence
        return found
    return replace(found, counts=np.maximum(np.rint(counts), 1).astype(np.int64))
