# SPDX-License-Identifier: Apache-2.0
"""Segmentations of a published synopsis. Free: they read nothing but what everybody may read.

Every model has `anchors_` (points of the box) with `anchor_labels_`: the segment of a point is the
label of its nearest anchor. `predict` is therefore a public rule applied to a person's own features:
what it says about that person is not differentially private towards that person.
"""

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from audit.errors import BadInput
from tagging.segmentation.published import Floats, Synopsis

Labels = NDArray[np.int64]
_SEED: Final = 1  # of a library's starts: public and fixed
_STARTS: Final = 20
_GENTLE: Final = 0.9
_POINTS: Final = 8000


@dataclass(frozen=True)
class Segmentation:
    """A fitted model: where the segments are and how many subjects they have, noisily."""

    cluster_centers_: Floats
    cluster_sizes_: Floats
    """Noisy numbers of subjects."""
    spreads_: Floats
    """Root mean square distance to the centre, as the synopsis has it."""
    anchors_: Floats
    anchor_labels_: Labels
    reach_: float | None = None
    """Farther than this from every anchor a point belongs to no segment (-1)."""
    noise_scale_: float = 0.0
    """Deviation of the noise of one cell's count, in subjects."""
    cells_: Labels = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """Number of cells in each segment, for the noise of its size."""

    def predict(self, points: Floats) -> Labels:
        """Return the segment of points of the box. Not private towards the subject of a point."""
        out = np.empty(len(points), dtype=np.int64)
        lengths = np.einsum("kd,kd->k", self.anchors_, self.anchors_)
        for start in range(0, len(points), 8192):
            part = points[start : start + 8192]
            score = lengths - 2.0 * part @ self.anchors_.T
            best = score.argmin(axis=1)
            label = self.anchor_labels_[best]
            if self.reach_ is not None:
                away = score[np.arange(len(part)), best] + np.einsum("nd,nd->n", part, part)
                label = np.where(away <= self.reach_**2, label, -1)
            out[start : start + 8192] = label
        return out


@dataclass(frozen=True, slots=True)
class DPKMeans:
    """K-Means of scikit-learn on the weighted synopsis."""

    n_clusters: int

    def fit(self, synopsis: Synopsis) -> Segmentation:
        """Return k centres; those that the release refined for this k, where it did."""
        from sklearn.cluster import KMeans

        points, weights = synopsis.sample()
        _at_most(self.n_clusters, len(points))
        if len(synopsis.refined) == self.n_clusters:
            return _around(synopsis, synopsis.refined / _one(), points, weights)
        model = KMeans(self.n_clusters, n_init=_STARTS, random_state=_SEED)
        model.fit(points, sample_weight=weights)
        return _around(synopsis, model.cluster_centers_, points, weights)


def _one() -> float:
    from tagging.segmentation.contract import ONE

    return float(ONE)


def _around(
    synopsis: Synopsis, centres: Floats, points: Floats, weights: Floats
) -> Segmentation:
    away = ((points[:, None, :] - centres[None]) ** 2).sum(axis=2)
    label = away.argmin(axis=1)
    sizes = np.bincount(label, weights=weights, minlength=len(centres))
    inner = np.bincount(label, weights=weights * away.min(axis=1), minlength=len(centres))
    return Segmentation(
        cluster_centers_=centres,
        cluster_sizes_=sizes,
        spreads_=np.sqrt(inner / np.maximum(sizes, 1e-12)),
        anchors_=centres,
        anchor_labels_=np.arange(len(centres)),
        noise_scale_=synopsis.noise_scale_,
    )


def _at_most(clusters: int, points: int) -> None:
    if not 2 <= clusters <= points:
        raise BadInput("segment-count", f"2 to {points} segments can be made of this release")
