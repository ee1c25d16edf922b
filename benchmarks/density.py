# SPDX-License-Identifier: Apache-2.0
"""How far DBSCAN of a release agrees with scikit-learn's on the rows, at the same settings.

Noise is exact. The seeds, and the half of the customers of CDNOW, chose no constant. A segment
with fewer than one in a hundred is a sliver, and not counted, on either side.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np

from benchmarks import populations
from benchmarks.measure import Result
from benchmarks.populations import box, mixture
from tagging.segmentation.accounting import PrivacyBudget
from tagging.segmentation.clustering import DPDBSCAN, NOWHERE
from tagging.segmentation.contract import ONE, FeatureContract, Grid
from tagging.segmentation.histogram import DPHistogram
from tagging.segmentation.synopsis import DPSynopsis

SEEDS: Final = (201, 202, 203, 204, 205)
PEOPLE: Final = 10
"""Around a core."""
SLIVER: Final = 0.01


@dataclass(frozen=True)
class Shape:
    """One set of rows, and how it is to be clustered."""

    name: str
    contract: FeatureContract
    rows: Grid
    eps: float
    goal: str = ""
    histogram: bool = False
    whole: tuple[bool, ...] = ()


def shapes(seed: int, folder: Path | None) -> Iterator[Shape]:
    """Yield the sets of a seed; few features by a histogram as well."""
    from sklearn.datasets import make_circles, make_moons

    for n, goal in ((2_500, ""), (10_000, ">= .999")):
        moons = make_moons(n, noise=0.06, random_state=seed)[0] / 3
        yield Shape(f"moons {n:,}", box(2), box(2).points(moons), 0.05, goal)
    circles = make_circles(10_000, noise=0.04, factor=0.5, random_state=seed)[0] / 1.5
    yield Shape("circles 10,000", box(2), box(2).points(circles), 0.06, ">= .999")
    for d, k, eps, goal in (
        (2, 4, 0.03, ">= .89"),
        (3, 6, 0.07, ">= .89"),
        (4, 8, 0.1, ">= .89"),
        (8, 8, 0.25, ">= .985"),
    ):
        rows = box(d).points(mixture(10_000, d, k, seed))
        one = Shape(f"mixture d{d} k{k}", box(d), rows, eps, goal)
        yield one
        if d == 2:
            yield replace(one, histogram=True)
    if folder is None or not (folder / "lifetimes").is_dir():
        return
    _, contract, values = populations.cdnow(folder)
    others = values[1::2]
    values = others[np.random.default_rng(seed).permutation(len(others))[:10_000]]
    for name, features, eps, goal in (
        ("CDNOW recency, orders", 2, 0.07, ">= .97"),
        ("CDNOW recency, orders, spend", 3, 0.08, ">= .81"),
    ):
        part = FeatureContract(contract.features[:features])
        whole = (True, True, False)[:features]
        one = Shape(name, part, part.points(values[:, :features]), eps, goal, whole=whole)
        yield from (one, replace(one, histogram=True))


def released(one: Shape) -> Any:
    """Return the release of a shape at epsilon 1."""
    budget = PrivacyBudget(1.0)
    if one.histogram:
        return DPHistogram(one.contract, budget, one.eps, one.whole).fit_grid(one.rows)
    return DPSynopsis(one.contract, budget).fit_grid(one.rows)


@dataclass(frozen=True)
class Run:
    """What came of one release."""

    agreement: float
    theirs: int
    """Segments of scikit-learn on the rows, without slivers."""
    ours: int
    """Segments of the release, without slivers by their noisy size."""
    lost: float
    """Share of the people whom only scikit-learn has in a segment."""


def run(one: Shape) -> Run:
    """Return how DBSCAN of a release agrees with scikit-learn's."""
    from sklearn.cluster import DBSCAN
    from sklearn.metrics import adjusted_rand_score

    points = one.rows / ONE
    plain = DBSCAN(eps=one.eps, min_samples=PEOPLE).fit(points).labels_
    model = DPDBSCAN(one.eps, PEOPLE).fit(released(one))
    labels = model.predict(points)
    sizes = np.bincount(plain[plain >= 0])
    return Run(
        float(adjusted_rand_score(plain, labels)),
        int((sizes >= SLIVER * len(points)).sum()),
        int((model.cluster_sizes_ >= SLIVER * len(points)).sum()),
        float(((labels == NOWHERE) & (plain != NOWHERE)).mean()),
    )


def density(folder: Path | None) -> Iterator[Result]:
    """Measure DBSCAN's agreement with scikit-learn's at the same settings."""
    found: dict[tuple[str, str], list[Run]] = {}
    for seed in SEEDS:
        for one in shapes(seed, folder):
            way = "histogram" if one.histogram else "levels"
            found.setdefault((f"{one.name}, {way}", one.goal), []).append(run(one))
    for (name, goal), runs in found.items():
        facts = {
            "each": [round(x.agreement, 3) for x in runs],
            "segments": [[x.theirs, x.ours] for x in runs],
            "off_by_more_than_one": sum(abs(x.theirs - x.ours) > 1 for x in runs),
            "lost": round(median(x.lost for x in runs), 3),
        }
        yield Result(
            f"DBSCAN, {name}", median(x.agreement for x in runs), None, "ARI", "scikit-learn", goal,
            facts, smaller_is_better=False,
        )  # fmt: skip
