# SPDX-License-Identifier: Apache-2.0
"""Ward's hierarchy of weighted points: which two groups cost least to join, again and again.

Joining groups of weight a and b at distance t adds a·b/(a+b)·t^2 to the sum of squares; distances to
the joined group follow from those to its parts (Lance and Williams, 1967).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """All joins of K points: K - 1 of them, cheapest first."""

    children_: NDArray[np.int64]
    """Two groups per join; below K a point, else the group of join number - K."""
    costs_: Floats
    """What each join adds to the sum of squared distances, in subjects times squared units."""
    weights_: Floats
    """Weight of each joined group."""

    @property
    def linkage_(self) -> Floats:
        """Return the joins in SciPy's format, as `scipy.cluster.hierarchy.dendrogram` draws them."""
        heights = np.sqrt(2.0 * self.costs_)
        return np.column_stack([self.children_.astype(float), heights, self.weights_])

    def labels(self, clusters: int) -> NDArray[np.int64]:
        """Return the group of each point when the joins stop at so many groups."""
        points = len(self.children_) + 1
        group = np.arange(2 * points - 1)
        for join in range(points - clusters):
            group[self.children_[join]] = points + join
        for one in range(2 * points - 2, -1, -1):  # a group is joined later than it is made
            group[one] = group[group[one]]
        _, labels = np.unique(group[:points], return_inverse=True)
        return labels.astype(np.int64)


def hierarchy(points: Floats, weights: Floats) -> Hierarchy:
    """Return Ward's hierarchy of points with positive weights; K^2 memory, K^2 to K^3 time."""
    count = len(points)
    mass = weights.astype(np.float64).copy()
    lengths = np.einsum("kd,kd->k", points, points)
    squares = np.maximum(lengths[:, None] + lengths - 2.0 * points @ points.T, 0.0)
    cost = squares * (mass[:, None] * mass / (mass[:, None] + mass))
    np.fill_diagonal(cost, np.inf)
    name = np.arange(count)
    children = np.zeros((max(count - 1, 0), 2), dtype=np.int64)
    costs, joined = np.zeros(len(children)), np.zeros(len(children))
    for join in range(len(children)):
        a, b = sorted(int(i) for i in np.unravel_index(int(cost.argmin()), cost.shape))
        children[join] = sorted((name[a], name[b]))
        costs[join], joined[join] = cost[a, b], mass[a] + mass[b]
        total = mass[a] + mass[b] + mass
        merged = (
            (mass[a] + mass) * cost[a] + (mass[b] + mass) * cost[b] - mass * cost[a, b]
        ) / total
        merged[[a, b]] = np.inf
        merged[~np.isfinite(cost[a]) & ~np.isfinite(cost[b])] = np.inf
        cost[a], cost[:, a] = merged, merged
        cost[b], cost[:, b] = np.inf, np.inf
        mass[a], name[a] = joined[join], count + join
    return Hierarchy(children, np.maximum(costs, 0.0), joined)
