# SPDX-License-Identifier: Apache-2.0
"""A tag whose value is a number as a yes-no question: who is above the median of everybody counted.

The share above the median is the scoring rate of New York City Local Law 144 (6 RCNY 5-300). From counts
by value only. Who has no value stands below every value; who is exactly at the median is not above it.

The line is drawn in the first report on a version, and kept while it would be the median again if fewer
than k people were elsewhere. A median drawn anew each time would tell of the one who came between two
reports on which side they stand: it moves, or it does not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Final

import numpy as np
from numpy.typing import NDArray

from audit.bias.cube import Axis, Cube, Kind, cube_of

ABOVE: Final = "above-median"
REST: Final = "not-above"


@dataclass(frozen=True, slots=True)
class Score:
    """Where the median lies."""

    median: str
    """The value that at least half of the people are at or below, when the line was drawn."""
    ties: int
    """How many people were exactly there then."""


def above_median(cube: Cube, none: str, *, drawn: Score | None, k: int) -> tuple[Cube, Score]:
    """Return the cube of a yes-no tag, `REST` or `ABOVE`, and the line; `none` stands for no value.

    `drawn` is what the report before on this version said, and is said again while it holds. Raises ValueError for a value that is no number.
    """
    (tag,) = cube.of_kind(Kind.TAG)
    numbers = _numbers(tag.values, none)
    people = cube.over([tag.name])
    order = np.argsort(numbers, kind="stable")
    half = np.flatnonzero(2 * np.cumsum(people[order]) >= people.sum())
    line = tag.values[int(order[half[0]])]
    if drawn is not None:
        (at,) = _numbers((drawn.median,), none)
        not_above, below = people[numbers <= at].sum(), people[numbers < at].sum()
        if 2 * (not_above + k) > people.sum() and 2 * (below - k) < people.sum():
            return above(cube, none, drawn.median), drawn
    (at,) = _numbers((line,), none)
    return above(cube, none, line), Score(line, int(people[numbers == at].sum()))


def above(cube: Cube, none: str, line: str) -> Cube:
    """Return the cube of a yes-no tag, `REST` or `ABOVE`: who has a value above the line."""
    (tag,) = cube.of_kind(Kind.TAG)
    place = cube.place(tag.name)
    (at,) = _numbers((line,), none)
    over = _numbers(tag.values, none) > at
    counts = np.stack(
        [cube.counts.compress(side, axis=place).sum(axis=place) for side in (~over, over)], place
    )
    axes = list(cube.axes)
    axes[place] = Axis(tag.name, Kind.TAG, (REST, ABOVE))
    return cube_of(cube.tag, cube.version, axes, counts)


def _numbers(values: Sequence[str], none: str) -> NDArray[np.float64]:
    return np.array([-inf if value == none else float(value) for value in values])
