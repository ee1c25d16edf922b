# SPDX-License-Identifier: Apache-2.0
"""`python -m benchmarks.google FOLDER [--data FOLDER]`: private segments beside Google's clustering.

FOLDER is `learning` in a copy of github.com/google/differential-privacy, which is no package on PyPI.
Its K-Means (a tree of locality-sensitive hashes) gets the same rows, epsilon and delta; besides the
exact radius of the rows, which nobody would tell it, since it asks for one. Loss as in
`benchmarks.segments`, on the same shapes and seeds; one line of JSON for each population and epsilon.
"""

import argparse
import itertools
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks import populations
from benchmarks.measure import Result
from benchmarks.segments import (
    DIMENSIONS,
    EPSILONS,
    GROUPS,
    SEEDS,
    Data,
    drawn,
    mean_loss,
    plain,
    released,
    squares,
)
from tagging.segmentation.clustering import DPKMeans
from tagging.segmentation.contract import ONE

DELTA = 1e-6
Centres = Callable[[Any, int, float], Any]


def found_in(folder: Path) -> Centres:
    """Return their K-Means: (rows, groups, epsilon) → centres."""
    sys.path.insert(0, str(folder))
    from clustering import (  # type: ignore[import-not-found]  # no package: read from the folder
        clustering_algorithm,
        clustering_params,
    )

    logging.getLogger("absl").setLevel(logging.ERROR)

    def centres(points: Any, groups: int, epsilon: float) -> Any:
        radius = float(np.sqrt((points**2).sum(axis=1).max()))
        found = clustering_algorithm.private_lsh_clustering(
            groups,
            clustering_params.Data(points, radius=radius),
            clustering_params.DifferentialPrivacyParam(epsilon, DELTA),
        )
        return np.asarray(found.centers)

    return centres


def cells(theirs: Centres, data: Data, shapes: list[tuple[int, int]]) -> Iterator[tuple[Any, ...]]:
    """Yield for each epsilon the median loss of each shape, ours and theirs."""
    runs: dict[Any, list[tuple[float, float]]] = {}
    for (d, k), seed in itertools.product(shapes, SEEDS):
        contract, grid = data(d, k, seed)
        points = grid / ONE
        base = plain(points, k)
        for epsilon in EPSILONS:
            model = DPKMeans(k).fit(released(contract, grid, epsilon, k))
            ours = squares(points, model.cluster_centers_) / base
            other = squares(points, theirs(points, k, epsilon)) / base
            runs.setdefault((epsilon, d, k), []).append((ours, other))
    for epsilon in EPSILONS:
        mine = {key[1:]: list(zip(*v, strict=True)) for key, v in runs.items() if key[0] == epsilon}
        yield (
            epsilon,
            {key: median(v[0]) for key, v in mine.items()},
            {key: median(v[1]) for key, v in mine.items()},
        )


def results(theirs: Centres, folder: Path | None) -> Iterator[Result]:
    """Measure mixtures of two sizes, and the real populations that are there."""
    sets: list[tuple[str, Data, list[tuple[int, int]]]] = [
        (f"mixtures of {count:,}", drawn(count), list(itertools.product(DIMENSIONS, GROUPS)))
        for count in (2_500, 10_000)
    ]
    for name, contract, rows in populations.real(folder):
        if len(rows) < 100_000:
            grid = contract.points(rows)
            shapes = [(contract.dimensions, k) for k in GROUPS if len(grid) > 10_000 or k < 16]
            sets.append((name, lambda *_, c=contract, g=grid: (c, g), shapes))
    for name, data, shapes in sets:
        for epsilon, ours, other in cells(theirs, data, shapes):
            facts = {
                "worst": [round(max(ours.values()), 4), round(max(other.values()), 4)],
                "better_cells": f"{sum(ours[c] < other[c] for c in other)} of {len(other)}",
                "excess_share": round(
                    median((ours[c] - 1) / max(other[c] - 1, 1e-9) for c in other), 4
                ),
            }
            yield Result(
                f"loss, {name}, epsilon {epsilon:g}", mean_loss(ours), mean_loss(other), "x",
                "Google's clustering", "better in every cell", facts,
            )  # fmt: skip


def main() -> int:
    """Run the measurements and print them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.google", description=__doc__)
    parser.add_argument("folder", type=Path, help="folder that holds their package `clustering`")
    parser.add_argument("--data", type=Path, help="folder with more real populations")
    given = parser.parse_args()
    for found in results(found_in(given.folder), given.data):
        print(found.line(), flush=True)
        sys.stderr.write(f"{found.name:<48} {found.ours:10.4f} {found.theirs:10.4f}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
