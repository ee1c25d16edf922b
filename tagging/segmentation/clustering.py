# SPDX-License-Identifier: Apache-2.0
"""Segmentations of a published synopsis. Free: they read nothing but what everybody may read.

Every model has anchors, points of the box with labels: the segment of a point is the label of its
nearest anchor (of a mixture: its likeliest component). `predict` is a public rule applied to a
person's own features: what it says about that person is not private towards that person.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from audit.errors import BadInput
from tagging.segmentation.cells import pooled
from tagging.segmentation.contract import ONE
from tagging.segmentation.published import Floats, Synopsis
from tagging.segmentation.smoothing import noise_alone
from tagging.segmentation.ward import Hierarchy, hierarchy

Labels = NDArray[np.int64]
NOWHERE: Final = -1
"""The label of a point that is in no segment."""
MOST_CLUSTERS: Final = 100
_MOST_REACH: Final = 100  # farther than any two points of a box of 128 features
_MOST_SAMPLES: Final = 10**9
_SEED: Final = 1  # of a library's starts: public and fixed
_STARTS: Final = 20
_POINTS: Final = 10_000  # synthetic points for methods that look at density
_EACH: Final = 2  # at most so many for a row: of few rows, gaps are chance
_GENTLE: Final = 0.95  # their spread: a little less than measured keeps gaps open
_FARTHER: Final = 1.1  # they are linked a little farther: what is one piece should not break
_STEPS: Final = 8  # cells around a core, where a release is told in larger steps
_PART: Final = 4096
_SURE: Final = 3.0  # deviations of its noise that a segment's size must reach


@dataclass(frozen=True)
class Segmentation:
    """A fitted model: where the segments are and how many subjects they have, noisily."""

    method: str
    cluster_centers_: Floats
    cluster_sizes_: Floats
    """Noisy numbers of subjects."""
    size_noise_: Floats
    """Deviation of the noise of each size, in subjects."""
    spreads_: Floats
    """Root mean square distance to the centre, in the box."""
    anchors_: Floats
    anchor_labels_: Labels
    reach_: float | None = None
    """Farther than this from every anchor a point is in no segment."""
    hierarchy_: Hierarchy | None = None
    variances_: Floats | None = None
    """Of a mixture: per component and feature."""
    shares_: Floats | None = None
    """Of a mixture: the share of each component."""

    def predict(self, points: Floats) -> Labels:
        """Return the segment of points of the box. Not private towards the subject of a point."""
        out = np.empty(len(points), dtype=np.int64)
        if not len(self.anchors_):
            return np.full(len(points), NOWHERE)
        for start in range(0, len(points), _PART):
            part = points[start : start + _PART]
            out[start : start + _PART] = self._nearest(part)
        return out

    def _nearest(self, part: Floats) -> Labels:
        if self.variances_ is not None and self.shares_ is not None:
            apart = densities(part, self.cluster_centers_, self.variances_).sum(axis=2)
            likeliest: Labels = (apart + np.log(self.shares_)).argmax(axis=1)
            return likeliest
        score = np.einsum("kd,kd->k", self.anchors_, self.anchors_) - 2.0 * part @ self.anchors_.T
        best = score.argmin(axis=1)
        label: Labels = self.anchor_labels_[best]
        if self.reach_ is None:
            return label
        away = score[np.arange(len(part)), best] + np.einsum("nd,nd->n", part, part)
        return np.where(away <= self.reach_**2, label, NOWHERE)

    def shown_sizes(self, least: int) -> list[int | None]:
        """Return the noisy sizes that may be shown: None below `least` or three deviations of noise."""
        limit = np.maximum(least, _SURE * self.size_noise_)
        return [
            round(size) if size >= need else None
            for size, need in zip(self.cluster_sizes_.tolist(), limit.tolist(), strict=True)
        ]


class Method(Protocol):
    """What makes a segmentation of a synopsis."""

    def fit(self, synopsis: Synopsis) -> Segmentation:
        """Return the segmentation; reads nothing else, draws nothing new."""
        ...


@dataclass(frozen=True, slots=True)
class DPKMeans:
    """K-Means of scikit-learn on the weighted synopsis."""

    n_clusters: int

    def fit(self, synopsis: Synopsis) -> Segmentation:
        """Return k centres: those that the release refined, where it refined this k."""
        _enough(self.n_clusters, MOST_CLUSTERS)
        _demand_found(synopsis)
        numbers = np.arange(self.n_clusters)
        if len(synopsis.refined) != self.n_clusters:
            centres = _kmeans(*synopsis.sample(), self.n_clusters)
            return _around("kmeans", synopsis, centres, numbers)
        found = _around("kmeans", synopsis, synopsis.refined / ONE, numbers)
        _, noise = pooled(
            found.cluster_sizes_, found.size_noise_, found.cluster_sizes_, synopsis.refined_noise_
        )
        return replace(
            found,
            cluster_sizes_=synopsis.refined_counts.astype(np.float64),
            size_noise_=noise,
        )


@dataclass(frozen=True, slots=True)
class DPAgglomerativeClustering:
    """Ward's hierarchy of the cells; a point belongs to the segment of its nearest cell."""

    n_clusters: int
    linkage: str = "ward"

    def fit(self, synopsis: Synopsis) -> Segmentation:
        """Return the segments at one cut of the hierarchy, with the whole of it in `hierarchy_`."""
        if self.linkage != "ward":
            raise BadInput("segment-linkage", "the only linkage is ward")
        _demand_found(synopsis)
        _enough(self.n_clusters, len(synopsis.counts))
        tree = hierarchy(synopsis.centers_, synopsis.counts.astype(np.float64))
        labels = tree.labels(self.n_clusters)
        return _around("hierarchical", synopsis, synopsis.centers_, labels, tree=tree)


@dataclass(frozen=True, slots=True)
class DPDBSCAN:
    """DBSCAN of scikit-learn on synthetic points, or on the cells of a histogram; published are the cores.

    `eps` is a distance in the box, where each feature runs from -1 to 1; it is not the epsilon of
    the release. `min_samples` counts subjects.
    """

    eps: float
    min_samples: int = 5

    def fit(self, synopsis: Synopsis) -> Segmentation:
        """Return the dense segments; those that noise could have made are dropped."""
        from sklearn.cluster import DBSCAN

        if not 0 < self.eps <= _MOST_REACH or not 1 <= self.min_samples <= _MOST_SAMPLES:
            raise BadInput(
                "segment-density",
                f"eps is more than 0 and at most {_MOST_REACH}, min_samples 1 to {_MOST_SAMPLES:,}",
            )
        if synopsis.gridded:
            points, weights = synopsis.centers_, synopsis.counts.astype(np.float64)
            self._demand_steps(synopsis.step_)
            within, sure = self.eps, max(_SURE, noise_alone(synopsis.noisy_cells_))
        else:
            points, weights = synopsis.sample(min(_EACH * synopsis.rows, _POINTS), within=_GENTLE)
            within, sure = self.eps * _FARTHER, _SURE
        model = DBSCAN(eps=within, min_samples=self.min_samples)
        model.fit(points, sample_weight=weights)
        core = model.core_sample_indices_
        anchors, labels = points[core], model.labels_[core].astype(np.int64)
        draft = _around("dbscan", synopsis, anchors, labels, reach=self.eps)
        kept = np.flatnonzero(draft.cluster_sizes_ >= sure * draft.size_noise_)
        rank = np.full(len(draft.cluster_sizes_) + 1, NOWHERE)
        rank[kept] = np.arange(len(kept))
        stays = rank[labels] >= 0
        return _around("dbscan", synopsis, anchors[stays], rank[labels[stays]], reach=self.eps)

    def _demand_steps(self, step: int) -> None:
        """Raise BadInput when one published cell would be a core for that it stands for many."""
        least = _STEPS * step
        if step > 1 and self.min_samples < least:
            raise BadInput(
                "segment-steps",
                f"the cells of this release are told in steps of {step} people: too coarse",
                hint=f"--min-samples {least} or more; a release with a larger eps has fewer cells",
            )


@dataclass(frozen=True, slots=True)
class DPGaussianMixture:
    """A Gaussian mixture with one variance per feature, on synthetic points; approximate."""

    n_components: int

    def fit(self, synopsis: Synopsis) -> Segmentation:
        """Return the components; `predict` gives the likeliest."""
        from sklearn.mixture import GaussianMixture

        _demand_found(synopsis)
        points, weights = synopsis.sample()
        _enough(self.n_components, len(points))
        # the library takes no weights: every point as often as its weight, systematically
        steps = (np.arange(_POINTS) + 0.5) / _POINTS * weights.sum()
        drawn = points[np.searchsorted(np.cumsum(weights), steps).clip(max=len(points) - 1)]
        model = GaussianMixture(
            self.n_components, covariance_type="diag", n_init=_STARTS // 4, random_state=_SEED
        )
        model.fit(drawn)
        shape = _around("gmm", synopsis, model.means_, np.arange(self.n_components))
        return _with_density(synopsis, shape, model.covariances_, model.weights_)


def densities(points: Floats, means: Floats, variances: Floats) -> Floats:
    """Return the log density of each point in each component, feature by feature."""
    away = (points[:, None, :] - means[None]) ** 2 / variances[None]
    return -0.5 * (away + np.log(2.0 * np.pi * variances[None]))


@dataclass(frozen=True, slots=True)
class Choice:
    """How many segments the synopsis suggests, and the score of each number tried."""

    n_clusters: int
    scores: Mapping[int, float]


def choose_clusters(synopsis: Synopsis, numbers: Iterable[int] = range(2, 21)) -> Choice:
    """Return the number of K-Means segments with the best score of Calinski and Harabasz. Free."""
    _demand_found(synopsis)
    points, weights = synopsis.sample()
    total = weights.sum()
    mean = weights @ points / total
    whole = float(weights @ ((points - mean) ** 2).sum(axis=1))
    scores: dict[int, float] = {}
    for count in numbers:
        centres = _kmeans(points, weights, count)
        inner = float(weights @ _away(points, centres).min(axis=1))
        scores[count] = (whole - inner) / (count - 1) / max(inner / (total - count), 1e-300)
    if not scores:
        raise BadInput("segment-count", "no number of segments was given to choose from")
    return Choice(max(scores, key=lambda count: scores[count]), scores)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Segmentations side by side, all from the synopsis."""

    methods: tuple[str, ...]
    segments: tuple[int, ...]
    explained: tuple[float, ...]
    """Share of the squared distances that the centres explain."""
    outside: tuple[float, ...]
    """Share of the subjects in no segment."""
    agreement: tuple[tuple[float, ...], ...]
    """Adjusted Rand index of each pair: 1 the same, 0 by chance."""


def compare(synopsis: Synopsis, models: Sequence[Segmentation]) -> Comparison:
    """Return how segmentations of one release differ. Free."""
    from sklearn.metrics import adjusted_rand_score

    points, weights = synopsis.sample()
    mean = weights @ points / weights.sum()
    whole = float(weights @ ((points - mean) ** 2).sum(axis=1))
    labels = [model.predict(points) for model in models]
    explained, outside = [], []
    for model, label in zip(models, labels, strict=True):
        around = np.concatenate([model.cluster_centers_, mean[None]])  # -1 is the mean of all
        inner = float(weights @ ((points - around[label]) ** 2).sum(axis=1))
        explained.append(1 - inner / whole if whole else 0.0)
        outside.append(float(weights[label == NOWHERE].sum() / weights.sum()))
    return Comparison(
        tuple(model.method for model in models),
        tuple(len(model.cluster_sizes_) for model in models),
        tuple(explained),
        tuple(outside),
        tuple(tuple(float(adjusted_rand_score(a, b)) for b in labels) for a in labels),
    )


def _kmeans(points: Floats, weights: Floats, clusters: int) -> Floats:
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    _enough(clusters, len(points))
    model = KMeans(clusters, n_init=_STARTS, random_state=_SEED)
    with threadpool_limits(1):  # few points; and the same result on every machine's threads
        model.fit(points, sample_weight=weights)
    centres: Floats = model.cluster_centers_.astype(np.float64)
    return centres


def _away(points: Floats, centres: Floats) -> Floats:
    lengths = np.einsum("nd,nd->n", points, points)[:, None]
    inner = np.einsum("kd,kd->k", centres, centres) - 2.0 * points @ centres.T
    away: Floats = np.maximum(lengths + inner, 0.0)
    return away


def _around(
    method: str,
    synopsis: Synopsis,
    anchors: Floats,
    labels: Labels,
    *,
    reach: float | None = None,
    tree: Hierarchy | None = None,
) -> Segmentation:
    """Return the segmentation of labelled anchors, measured on the synopsis."""
    count = int(labels.max()) + 1 if len(labels) else 0
    blank = Segmentation(
        method, np.zeros((count, anchors.shape[1])), np.zeros(count), np.zeros(count),
        np.zeros(count), anchors, labels, reach, tree,
    )  # fmt: skip
    return _measured(synopsis, blank, centred=method == "kmeans")


def _measured(synopsis: Synopsis, model: Segmentation, *, centred: bool) -> Segmentation:
    """Return the model with sizes, noise, spreads, and (unless it has them) centres."""
    count = len(model.cluster_sizes_)
    points, weights = synopsis.sample()
    label = model.predict(points)
    inside = label >= 0
    points, weights, label = points[inside], weights[inside], label[inside]
    sizes: Floats = np.bincount(label, weights=weights, minlength=count).astype(np.float64)
    if centred:
        centres = model.anchors_
    else:
        totals = [np.bincount(label, weights=weights * x, minlength=count) for x in points.T]
        centres = np.stack(totals, axis=1) / np.maximum(sizes, 1e-12)[:, None]
    squares = ((points - centres[label]) ** 2).sum(axis=1)
    inner = np.bincount(label, weights=weights * squares, minlength=count)
    home = model.predict(synopsis.centers_)
    cells = np.maximum(np.bincount(home[home >= 0], minlength=count), 1)
    return replace(
        model,
        cluster_centers_=centres,
        cluster_sizes_=sizes,
        size_noise_=synopsis.noise_scale_ * np.sqrt(cells),
        spreads_=np.sqrt(inner / np.maximum(sizes, 1e-12)),
    )


def _with_density(
    synopsis: Synopsis, model: Segmentation, variances: Any, shares: Any
) -> Segmentation:
    model = replace(model, cluster_centers_=model.anchors_, variances_=variances, shares_=shares)
    return replace(_measured(synopsis, model, centred=True), variances_=variances, shares_=shares)


def _demand_found(synopsis: Synopsis) -> None:
    """Raise BadInput for a histogram: a few rows that noise put far away would pull at every middle."""
    if synopsis.gridded:
        raise BadInput(
            "segment-histogram",
            "this release counts the cells of a grid: only dbscan can be fitted to it",
            hint="--method dbscan; for another method, a release for a number of segments",
        )


def _enough(clusters: int, points: int) -> None:
    most = min(points, MOST_CLUSTERS)
    if not 2 <= clusters <= most:
        raise BadInput("segment-count", f"2 to {most} segments can be made of this release")
