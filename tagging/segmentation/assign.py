# SPDX-License-Identifier: Apache-2.0
"""Which segment a person is in, and exactly why: whole numbers, one share per feature.

With c the nearest anchor of the segment and e the nearest anchor of any other, the margin is
|x - e|^2 - |x - c|^2. It is a sum over the features, and every part of it is a whole number, so that
the explanation adds up to the last digit. The margin is never negative.

An assignment is a public rule on a person's own record. It is not private towards that person.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audit.errors import BadInput
from tagging.segmentation.clustering import NOWHERE, Segmentation
from tagging.segmentation.contract import ONE, Grid

Whole = NDArray[np.int64]
_FAR = 2**62
_PART = 4096


@dataclass(frozen=True, slots=True)
class Anchors:
    """What is needed to assign: published points on the lattice with their segments."""

    points: Whole
    labels: Whole
    reach_squared: int | None = None


@dataclass(frozen=True, slots=True)
class Assigned:
    """Segments of some rows, with the margins that explain them."""

    labels: Whole
    """-1 for who is in no segment."""
    runner_up: Whole
    """The segment that came second; -1 where there is no other."""
    margin: Whole
    """How much farther the runner-up is, in squared lattice steps."""
    parts: Whole
    """The margin by feature: rows by features; positive speaks for the segment, negative against."""


def anchors_of(model: Segmentation) -> Anchors:
    """Return the anchors of a model on the lattice; raises BadInput for a mixture (it has none)."""
    if model.variances_ is not None:
        raise BadInput(
            "segment-no-anchors",
            "a mixture assigns by likelihood, which has no exact explanation",
            hint="use kmeans, hierarchical or dbscan for segments that people are told about",
        )
    points = np.clip(np.rint(model.anchors_ * ONE), -ONE, ONE).astype(np.int64)
    reach = None if model.reach_ is None else round((model.reach_ * ONE) ** 2)
    return Anchors(points, model.anchor_labels_.astype(np.int64), reach)


def assign(rows: Grid, anchors: Anchors) -> Assigned:
    """Return the segment of each row and what speaks for it. Each row is looked at alone."""
    count, width = rows.shape
    out = Assigned(
        np.full(count, NOWHERE),
        np.full(count, NOWHERE),
        np.zeros(count, dtype=np.int64),
        np.zeros((count, width), dtype=np.int64),
    )
    if not len(anchors.points):
        return out
    for start in range(0, count, _PART):
        part = slice(start, min(start + _PART, count))
        _assign(rows[part].astype(np.int64), anchors, out, part)
    return out


def _assign(rows: Whole, anchors: Anchors, out: Assigned, part: slice) -> None:
    away = _distances(rows, anchors.points)
    line = np.arange(len(rows))
    best = away.argmin(axis=1)
    label = anchors.labels[best]
    others = np.where(anchors.labels[None, :] == label[:, None], _FAR, away)
    second = others.argmin(axis=1)
    there = others[line, second] < _FAR
    near = anchors.points[best]
    far = np.where(there[:, None], anchors.points[second], near)
    parts = (rows - far) ** 2 - (rows - near) ** 2
    if anchors.reach_squared is not None:
        inside = away[line, best] <= anchors.reach_squared
        label, there = np.where(inside, label, NOWHERE), there & inside
        parts = np.where(inside[:, None], parts, 0)
    out.labels[part] = label
    out.runner_up[part] = np.where(there, anchors.labels[second], NOWHERE)
    out.parts[part] = parts
    out.margin[part] = parts.sum(axis=1)


def _distances(rows: Whole, points: Whole) -> Whole:
    """Return squared distances: every number whole and below 2^53, so that floats hold them exactly."""
    plain, other = rows.astype(np.float64), points.astype(np.float64)
    lengths = np.einsum("nd,nd->n", plain, plain)[:, None]
    inner = np.einsum("kd,kd->k", other, other) - 2.0 * plain @ other.T
    squares: Whole = (lengths + inner).astype(np.int64)
    return squares
