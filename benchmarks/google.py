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
from dataclasses import replace
from pathlib import Path
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
    losses,
    squares,
    told,
)

DELTA = 1e-6
Squares = Callable[[Any, int, float], float]


def found_in(folder: Path) -> Squares:
    """Return their K-Means: (rows, groups, epsilon) → sum of squares."""
    sys.path.insert(0, str(folder))
    from clustering import (  # type: ignore[import-not-found]  # no package: read from the folder
        clustering_algorithm,
        clustering_params,
    )

    logging.getLogger("absl").setLevel(logging.ERROR)

    def theirs(points: Any, groups: int, epsilon: float) -> float:
        radius = float(np.sqrt((points**2).sum(axis=1).max()))
        found = clustering_algorithm.private_lsh_clustering(
            groups,
            clustering_params.Data(points, radius=radius),
            clustering_params.DifferentialPrivacyParam(epsilon, DELTA),
        )
        return squares(points, np.asarray(found.centers))

    return theirs


def results(theirs: Squares, folder: Path | None) -> Iterator[Result]:
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
        for epsilon, ours, other, seen in losses(data, shapes, SEEDS, EPSILONS, theirs):
            made = told(name, epsilon, ours, other, goal="better in every cell", seen=seen)
            worst = {"worst_of_theirs": round(max(other.values()), 4)}
            yield replace(made, against="Google's clustering", facts={**made.facts, **worst})


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
