# SPDX-License-Identifier: Apache-2.0
"""`python -m benchmarks.google FOLDER [--data FOLDER]`: private segments beside Google's clustering.

FOLDER is `learning` in a copy of github.com/google/differential-privacy, which is no package on PyPI.
Its K-Means (a tree of locality-sensitive hashes) gets the same rows, epsilon and delta; besides the
exact radius of the rows, which nobody would tell it, since it asks for one. Loss as in
`benchmarks.segments`, on the same shapes and seeds; one line of JSON for each population and epsilon.
At the end the two sets of their own README, with their generator and their numbers of groups.
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
from benchmarks.populations import box
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
        for epsilon, ours, other, seen in losses(data, shapes, SEEDS, EPSILONS, theirs=theirs):
            made = told(name, epsilon, ours, other, goal="better in every cell", seen=seen)
            worst = {"worst_of_theirs": round(max(other.values()), 4)}
            yield replace(made, against="Google's clustering", facts={**made.facts, **worst})


def own(theirs: Squares, folder: Path | None) -> Iterator[Result]:
    """Measure the sets that they show: letters, and their 64 groups in 100 features, at epsilon 1."""
    from clustering.demo import data_generation  # type: ignore[import-not-found]  # likewise

    np.random.seed(209)  # noqa: NPY002  (theirs draws from it)
    made = data_generation.generate_synthetic_dataset(100_000, 100, 64).datapoints
    sets: list[tuple[str, Any, Any, tuple[int, ...]]] = [
        ("their 64 groups in 100 features", box(100), made, (16, 32, 64))
    ]
    if folder is not None and (folder / "mlbench").is_dir():
        sets.append((*populations.letter(folder), (8, 16, 32, 64)))
    for name, contract, rows, groups in sets:
        grid = contract.points(rows)
        for k in groups:
            shapes, data = [(contract.dimensions, k)], lambda *_, c=contract, g=grid: (c, g)
            ours = losses(data, shapes, SEEDS[:3], (1.0,), theirs=theirs, epsilons=(1.0,))
            for epsilon, mine, other, seen in ours:
                goal = {("letter", 16): "<= 1.03", ("letter", 64): "<= 1.16"}.get((name, k), "")
                goal = "<= 1.15" if (contract.dimensions, k) == (100, 64) else goal
                line = told(f"{name}, k {k}", epsilon, mine, other, goal=goal, seen=seen)
                yield replace(line, against="Google's clustering")


def main() -> int:
    """Run the measurements and print them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.google", description=__doc__)
    parser.add_argument("folder", type=Path, help="folder that holds their package `clustering`")
    parser.add_argument(
        "parts", nargs="*", help="same (sets as ours), own (theirs); both without one"
    )
    parser.add_argument("--data", type=Path, help="folder with more real populations")
    given = parser.parse_args()
    theirs = found_in(given.folder)
    parts = {"same": results, "own": own}
    lines = (line for part in given.parts or parts for line in parts[part](theirs, given.data))
    for found in lines:
        print(found.line(), flush=True)
        sys.stderr.write(f"{found.name:<48} {found.ours:10.4f} {found.theirs:10.4f}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
