# SPDX-License-Identifier: Apache-2.0
"""`python -m benchmarks.segments [PART …] [--data FOLDER]`: what private segments lose, beside diffprivlib.

Loss is the sum of squares of the private centres by that of non-private K-Means (ten starts; three from
100,000 rows), on the contract's box. Noise is exact; the seeds were not used to choose any constant.
Each measurement is one line of JSON. Parts: mixtures small large real wide many ward density number
sizes ledger speed.
"""

import argparse
import itertools
import sys
import time
import tracemalloc
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks import populations
from benchmarks.density import density
from benchmarks.measure import Result
from benchmarks.populations import box, mixture
from tagging.segmentation.accounting import PrivacyBudget, releases_within
from tagging.segmentation.clustering import (
    DPAgglomerativeClustering,
    DPKMeans,
    choose_clusters,
)
from tagging.segmentation.contract import ONE, FeatureContract
from tagging.segmentation.estimate import estimate_utility
from tagging.segmentation.noise import DiscreteGaussian
from tagging.segmentation.published import Synopsis
from tagging.segmentation.synopsis import DPSynopsis

SEEDS = (201, 202, 203, 204, 205)
DIMENSIONS, GROUPS = (2, 4, 8, 16), (4, 8, 16)
APART = 3.0  # groups that do not overlap: their middles, by the sum of their deviations
EPSILONS = (0.5, 1.0, 2.0, 4.0)


def squares(points: Any, centres: Any) -> float:
    """Return the sum of squared distances to the nearest centre."""
    total = 0.0
    for start in range(0, len(points), 20_000):
        part = points[start : start + 20_000]
        away = (part**2).sum(1)[:, None] - 2 * part @ centres.T + (centres**2).sum(1)
        total += float(np.maximum(away.min(axis=1), 0).sum())
    return total


def plain(points: Any, groups: int) -> float:
    """Return the sum of squares of non-private K-Means."""
    from sklearn.cluster import KMeans

    starts = 10 if len(points) < 100_000 else 3
    return float(KMeans(groups, n_init=starts, random_state=0).fit(points).inertia_)


def theirs(points: Any, groups: int, epsilon: float) -> float:
    """Return the sum of squares of diffprivlib's K-Means, at its own statement of epsilon."""
    from diffprivlib.models import KMeans

    width = np.ones(points.shape[1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = KMeans(n_clusters=groups, epsilon=epsilon, bounds=(-width, width)).fit(points)
    return squares(points, np.clip(model.cluster_centers_, -1, 1))


def released(contract: FeatureContract, grid: Any, epsilon: float, refine: int = 0) -> Synopsis:
    """Return a release with exact noise."""
    return DPSynopsis(contract, PrivacyBudget(epsilon), refine).fit_grid(grid)


def mean_loss(cells: Mapping[Any, float]) -> float:
    """Return the geometric mean of some losses."""
    return float(np.exp(np.mean(np.log(list(cells.values())))))


Data = Callable[[int, int, int], tuple[FeatureContract, Any]]


def drawn(count: int) -> Data:
    """Return a function that draws mixtures of a size: (dimensions, groups, seed) → contract, grid."""
    return lambda d, k, seed: (box(d), box(d).points(mixture(count, d, k, seed)))


def losses(
    data: Data,
    shapes: Sequence[tuple[int, int]],
    seeds: Sequence[int],
    anchor: Sequence[float],
    *,
    theirs: Callable[[Any, int, float], float] = theirs,
    epsilons: Sequence[float] = EPSILONS,
) -> Iterator[tuple[float, dict[Any, float], dict[Any, float], list[tuple[float, float]]]]:
    """Yield for each epsilon: the median loss of each shape, ours and theirs, and what was foreseen."""
    found: dict[Any, list[Any]] = {}
    for (d, k), seed in itertools.product(shapes, seeds):
        contract, grid = data(d, k, seed)
        points = grid / ONE
        base = plain(points, k)
        for epsilon in epsilons:
            model = DPKMeans(k).fit(released(contract, grid, epsilon, k))
            ours = squares(points, model.cluster_centers_) / base
            other = theirs(points, k, epsilon) / base if epsilon in anchor else None
            hoped = estimate_utility(len(grid), d, k, PrivacyBudget(epsilon)).loss_p90
            found.setdefault((epsilon, d, k), []).append((ours, other, hoped))
    for epsilon in epsilons:
        mine = {key[1:]: v for key, v in found.items() if key[0] == epsilon}
        a = {key: median(x[0] for x in v) for key, v in mine.items()}
        b = {key: median(x[1] for x in v) for key, v in mine.items()} if epsilon in anchor else {}
        seen = [(x[2], x[0]) for v in mine.values() for x in v if x[2] is not None]
        yield epsilon, a, b, seen


def told(name: str, epsilon: float, ours: Any, other: Any, *, goal: str, seen: Any) -> Result:
    """Return one line about the losses at one epsilon."""
    facts: dict[str, Any] = {
        "worst": round(max(ours.values()), 4),
        "cells": {f"d{d} k{k}": round(v, 4) for (d, k), v in ours.items()},
        "foreseen_p90_held": f"{sum(y <= x for x, y in seen)} of {len(seen)}",
    }
    if other:
        facts["better_cells"] = f"{sum(ours[c] < other[c] for c in other)} of {len(other)}"
        facts["excess_share"] = round(
            median((ours[c] - 1) / max(other[c] - 1, 1e-9) for c in other), 4
        )
    value = mean_loss(other) if other else None
    return Result(
        f"loss, {name}, epsilon {epsilon:g}",
        mean_loss(ours),
        value,
        "x",
        "diffprivlib",
        goal,
        facts,
    )


def mixtures(
    count: int, seeds: Sequence[int], goals: Mapping[float, str], anchor: Sequence[float]
) -> Iterator[Result]:
    """Measure the loss on mixtures of one size."""
    shapes = list(itertools.product(DIMENSIONS, GROUPS))
    for epsilon, ours, other, seen in losses(drawn(count), shapes, seeds, anchor):
        yield told(
            f"mixtures of {count:,}", epsilon, ours, other, goal=goals.get(epsilon, ""), seen=seen
        )


def real(folder: Path | None) -> Iterator[Result]:
    """Measure the loss on real populations."""
    goals = {0.5: "<= 1.055", 1.0: "<= 1.030", 2.0: "<= 1.018", 4.0: "<= 1.009"}
    every: dict[float, tuple[dict[Any, float], dict[Any, float]]] = {}
    for name, contract, rows in populations.real(folder):
        grid = contract.points(rows)
        shapes = [(contract.dimensions, k) for k in (4, 8, 16) if len(grid) > 10_000 or k < 16]
        seeds = SEEDS if len(grid) < 100_000 else SEEDS[:3]
        for epsilon, ours, other, seen in losses(
            lambda *_, c=contract, g=grid: (c, g), shapes, seeds, EPSILONS
        ):
            yield told(name, epsilon, ours, other, goal="", seen=seen)
            a, b = every.setdefault(epsilon, ({}, {}))
            a.update({(name, k): v for (_, k), v in ours.items()})
            b.update({(name, k): v for (_, k), v in other.items()})
    for epsilon, (ours, other) in every.items():
        yield Result(
            f"loss, all real, epsilon {epsilon:g}", mean_loss(ours), mean_loss(other), "x",
            "diffprivlib", goals[epsilon], {"worst": round(max(ours.values()), 4)},
        )  # fmt: skip


def wide(folder: Path | None) -> Iterator[Result]:
    """Measure a box thirty times too wide."""
    sets: list[tuple[str, Any, int]] = [
        ("mixture d4", mixture(10_000, 4, 8, 206), 4),
        ("mixture d8", mixture(10_000, 8, 8, 206), 8),
    ]
    for name, contract, rows in populations.real(folder):
        if len(rows) < 100_000:
            sets.append((name, contract.points(rows) / ONE, contract.dimensions))
    for name, values, d in sets:
        tight, loose = box(d).points(values) / ONE, box(d, 30.0)
        base = plain(tight, 8)
        grid = loose.points(tight)
        ours, other = [], []
        for _ in SEEDS:
            model = DPKMeans(8).fit(released(loose, grid, 1.0, 8))
            ours.append(squares(tight, model.cluster_centers_ * 30) / base)
            other.append(theirs(grid / ONE, 8, 1.0) * 900 / base)
        yield Result(
            f"loss, box 30 times too wide, {name}",
            median(ours),
            median(other),
            "x",
            "diffprivlib",
            "<= 1.04",
        )


def many(folder: Path | None) -> Iterator[Result]:
    """Measure one charge of epsilon 1 for three k, against three charges of a third each."""
    sets = [("mixture d8 k8", box(8), mixture(10_000, 8, 8, 207))]
    sets += [one for one in populations.real(folder) if len(one[2]) < 100_000]
    every = {}
    for name, contract, rows in sets:
        grid = contract.points(rows)
        points = grid / ONE
        base = {k: plain(points, k) for k in GROUPS}
        made = [released(contract, grid, 1.0) for _ in SEEDS]
        ours = {
            k: median(
                squares(points, DPKMeans(k).fit(one).cluster_centers_) / base[k] for one in made
            )
            for k in GROUPS
        }
        other = {k: median(theirs(points, k, 1 / 3) / base[k] for _ in SEEDS) for k in GROUPS}
        every.update({(name, k): v for k, v in ours.items()})
        yield Result(
            f"loss, one charge, k 4 8 16, {name}", mean_loss(ours), mean_loss(other), "x",
            "diffprivlib at a third each", "<= 1.03", {str(k): round(v, 4) for k, v in ours.items()},
        )  # fmt: skip
    yield Result("loss, one charge, all of these", mean_loss(every), None, "x", "", "<= 1.03")


def ward(folder: Path | None) -> Iterator[Result]:
    """Measure Ward's hierarchy against scikit-learn's, with the agreement of its own half samples."""
    from sklearn.cluster import AgglomerativeClustering
    from sklearn.metrics import adjusted_rand_score as agreement

    sets = [(f"mixture d{d} k8", box(d), mixture(10_000, d, 8, 208), 8) for d in (4, 8)]
    for name, contract, rows in populations.real(folder):
        if len(rows) < 100_000:
            chosen = np.random.default_rng(208).permutation(len(rows))[:10_000]
            sets.append((name, contract, rows[chosen], 8))
    for name, contract, rows, k in sets:
        grid = contract.points(rows)
        points = grid / ONE
        started = time.perf_counter()
        whole = AgglomerativeClustering(k).fit(points).labels_
        plain_time = time.perf_counter() - started
        half = np.random.default_rng(1).permutation(len(points))[: len(points) // 2]
        part = AgglomerativeClustering(k).fit(points[half]).labels_
        ratios, same, took = [], [], []
        for _ in SEEDS:
            started = time.perf_counter()
            model = DPAgglomerativeClustering(k).fit(released(contract, grid, 1.0))
            labels = model.predict(points)
            took.append(time.perf_counter() - started)
            ratios.append(within(points, labels) / within(points, whole))
            same.append(agreement(whole, labels))
        yield Result(
            f"Ward, sum of squares, {name}", median(ratios), None, "x", "scikit-learn", "<= 1.01",
            {"agreement": round(median(same), 3), "ceiling": round(agreement(whole[half], part), 3),
             "times_faster": round(plain_time / median(took), 1)},
        )  # fmt: skip


def within(points: Any, labels: Any) -> float:
    """Return the sum of squares within labels."""
    parts = (points[labels == one] for one in np.unique(labels))
    return float(sum(((part - part.mean(axis=0)) ** 2).sum() for part in parts))


def number() -> Iterator[Result]:
    """Measure how often the release suggests the true number of groups."""
    hits, off, runs, as_plain = 0, 0, 0, 0
    apart: list[bool] = []
    for (d, k), seed in itertools.product(itertools.product((4, 8, 16), (4, 8)), SEEDS):
        grid = box(d).points(mixture(10_000, d, k, seed))
        chosen = choose_clusters(released(box(d), grid, 1.0), range(2, 13)).n_clusters
        raw = plain_number(grid / ONE)
        hits, off, runs = hits + (chosen == k), max(off, abs(chosen - k)), runs + 1
        as_plain += chosen == raw
        if populations.gap(d, k, seed) >= APART:
            apart.append(chosen == k)
    facts = {
        "runs": runs,
        "farthest": off,
        "as_on_the_rows": as_plain / runs,
        "groups_apart": f"{sum(apart)} of {len(apart)}",
    }
    yield Result(
        "number of groups found",
        hits / runs,
        None,
        "share",
        "truth",
        ">= .95",
        facts,
        smaller_is_better=False,
    )


def plain_number(points: Any) -> int:
    """Return the number of groups that the rows themselves suggest by the same score."""
    from sklearn.cluster import KMeans
    from sklearn.metrics import calinski_harabasz_score

    labels = {k: KMeans(k, n_init=5, random_state=0).fit_predict(points) for k in range(2, 13)}
    return max(labels, key=lambda k: calinski_harabasz_score(points, labels[k]))


def sizes() -> Iterator[Result]:
    """Measure how far sizes of eight segments are from the number of rows nearest to each centre."""
    sets = [
        (f"mixtures of {count:,}", box(d), box(d).points(mixture(count, d, 8, seed)))
        for count, d, seed in itertools.product((2_500, 10_000), DIMENSIONS, SEEDS)
    ]
    name, contract, rows = populations.household()
    sets += [(name, contract, contract.points(rows))] * len(SEEDS)
    found: dict[str, list[float]] = {}
    for name, contract, grid in sets:
        model = DPKMeans(8).fit(released(contract, grid, 1.0))
        true = np.bincount(model.predict(grid / ONE), minlength=8)
        found.setdefault(name, []).append(
            float(np.sqrt(((model.cluster_sizes_ - true) ** 2).mean()))
        )
    for name, runs in found.items():
        yield Result(f"sizes of 8 segments, {name}", median(runs), None, "people off", "", "")


def ledger() -> Iterator[Result]:
    """Count the releases that a lifetime of epsilon 4 allows, against basic composition."""
    for epsilon, goal in ((0.5, ">= 46"), (1.0, ">= 12")):
        yield Result(
            f"releases of epsilon {epsilon:g} within 4", releases_within(PrivacyBudget(4.0), PrivacyBudget(epsilon)),
            4 / epsilon, "releases", "diffprivlib's accountant", goal, smaller_is_better=False,
        )  # fmt: skip


def speed() -> Iterator[Result]:
    """Measure a million rows against scikit-learn's K-Means, memory, and the price of exact noise."""
    from sklearn.cluster import KMeans

    contract, values = box(8), mixture(1_000_000, 8, 8, 209)
    matrix, subjects = values.nbytes / 2**20, np.arange(len(values))
    released(contract, contract.points(values[:1000]), 1.0, 8)  # imports
    started = time.perf_counter()
    grid = contract.grid(values, subjects)
    DPKMeans(8).fit(released(contract, grid, 1.0, 8))
    ours = time.perf_counter() - started
    tracemalloc.start()
    released(contract, contract.grid(values, subjects), 1.0, 8)
    extra = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    points = grid / ONE
    started = time.perf_counter()
    KMeans(8, n_init=10, random_state=0).fit(points)
    other = time.perf_counter() - started
    yield Result(
        "1,000,000 rows, wall", ours, other, "s", "scikit-learn K-Means", "<= 1.0",
        {"peak_by_matrix": round((extra + matrix) / matrix, 2)},
    )  # fmt: skip
    grid = box(16).points(mixture(10_000, 16, 8, 209))
    took = {}
    for noise in (DiscreteGaussian(), _Quick()):
        runs = []
        for _ in range(5):
            started = time.perf_counter()
            DPSynopsis(box(16), PrivacyBudget(1.0), 8, noise).fit_grid(grid)
            runs.append(time.perf_counter() - started)
        took[noise.source] = median(runs)
    exact, quick = took.values()
    yield Result("price of exact noise, d 16", exact - quick, None, "s", "", "<= .2")


class _Quick:
    source = "INSECURE BENCHMARK"

    def add(self, values: Any, sigma: int) -> Any:
        drawn = np.random.default_rng().standard_normal(len(values)) * sigma
        return values + np.rint(drawn).astype(np.int64)


PARTS: Mapping[str, Callable[[Path | None], Iterator[Result]]] = {
    "mixtures": lambda _: mixtures(
        10_000, SEEDS, dict.fromkeys(EPSILONS, "<= 1.006 over all, worst 1.06"), EPSILONS
    ),
    "small": lambda _: mixtures(2_500, SEEDS, {0.5: "<= 1.19", 1.0: "<= 1.045"}, EPSILONS),
    "large": lambda _: mixtures(
        100_000, SEEDS[:3], dict.fromkeys(EPSILONS, "<= 1.0015, worst 1.015"), (1.0,)
    ),
    "real": real,
    "wide": wide,
    "many": many,
    "ward": ward,
    "density": density,
    "number": lambda _: number(),
    "sizes": lambda _: sizes(),
    "ledger": lambda _: ledger(),
    "speed": lambda _: speed(),
}


def main() -> int:
    """Run the measurements and print them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.segments", description=__doc__)
    parser.add_argument("parts", nargs="*", help="parts to measure; all without one")
    parser.add_argument("--data", type=Path, help="folder with more real populations")
    given = parser.parse_args()
    for part in given.parts or PARTS:
        for found in PARTS[part](given.data):
            print(found.line(), flush=True)
            other = "" if found.theirs is None else f"{found.theirs:10.4f}"
            sys.stderr.write(
                f"{found.name:<48} {found.ours:10.4f} {other:>10} {found.unit:<6} {found.goal}\n"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
