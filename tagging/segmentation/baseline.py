# SPDX-License-Identifier: Apache-2.0
"""K-Means of diffprivlib 0.6.6 as a named baseline: the only module that imports it for clustering.

It runs on the box [-1, 1], which is symmetric about 0. Exact labels and inertia are dropped here. Its
budget is divided between counts and sums the wrong way round, so that it spends (1 + d·e)/(d + e) of
what it is told, with e = (4·0.225²·d)^(1/3); that is what is charged. It also leaves out a cluster that
has nobody, takes its number of steps from the exact number of rows, and uses floating-point noise: the
charge does not cover that, and the statement says so. Not for a release that people must rely on.
"""

import warnings
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from audit.errors import Refused
from tagging.segmentation.contract import ONE, Grid

MECHANISM: Final = "diffprivlib-kmeans/0.6.6"
FORMAT: Final = "tagwarden/baseline/v1"
"""Of a release that holds the centres of one K-Means and nothing else."""
NOISE: Final = "diffprivlib laplace and geometric, floating point"


def true_epsilon(epsilon: float, dimensions: int) -> float:
    """Return what the baseline spends when it is told epsilon."""
    other = float(np.cbrt(4 * dimensions * 0.225**2))
    return epsilon * max(1.0, (1 + dimensions * other) / (dimensions + other))


def nano_rho(epsilon: float) -> int:
    """Return a pure epsilon as a charge: epsilon^2 / 2 in billionths, rounded up."""
    from fractions import Fraction

    return -((-(Fraction(repr(epsilon)) ** 2 / 2) * 10**9) // 1)


def fit(rows: Grid, clusters: int, epsilon: float) -> NDArray[np.int64]:
    """Return the centres on the lattice; nothing else of the model is kept.

    Raises Refused `baseline-people` when there are fewer rows than clusters, which the library refuses.
    """
    from diffprivlib.models import KMeans

    if len(rows) < clusters:
        raise Refused(
            "baseline-people",
            "the gate lets fewer people through than the baseline has to make segments",
            hint="ask for fewer segments, or release a synopsis, which takes any number of people",
        )
    box = (-np.ones(rows.shape[1]), np.ones(rows.shape[1]))
    model: Any = KMeans(n_clusters=clusters, epsilon=epsilon, bounds=box)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(rows / ONE)
    centres: NDArray[np.int64] = np.clip(np.rint(model.cluster_centers_ * ONE), -ONE, ONE).astype(
        np.int64
    )
    return centres
