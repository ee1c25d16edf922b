# SPDX-License-Identifier: Apache-2.0
"""A tag whose value is a number as a yes-no question: who is above the median of everybody counted.

The share above the median is the scoring rate of New York City Local Law 144 (6 RCNY 5-300). From counts
by value only. Who has no value stands below every value; who is exactly at the median is not above it.
"""

from dataclasses import dataclass
from math import inf
from typing import Final

import numpy as np

from audit.bias.cube import Axis, Cube, Kind, cube_of

ABOVE: Final = "above-median"
REST: Final = "not-above"


@dataclass(frozen=True, slots=True)
class Score:
    """Where the median lies."""

    median: str
    """The value that at least half of the people are at or below."""
    ties: int
    """How many people are exactly there."""


def above_median(cube: Cube, none: str) -> tuple[Cube, Score]:
    """Return the cube of a yes-no tag, `REST` or `ABOVE`, and the median; `none` stands for no value.

    Raises ValueError for a value that is no number.
    """
    (tag,) = cube.of_kind(Kind.TAG)
    place = cube.place(tag.name)
    numbers = np.array([-inf if value == none else float(value) for value in tag.values])
    people = cube.over([tag.name])
    order = np.argsort(numbers, kind="stable")
    half = np.flatnonzero(2 * np.cumsum(people[order]) >= people.sum())
    middle = int(order[half[0]])
    above = numbers > numbers[middle]
    counts = np.stack(
        [cube.counts.compress(side, axis=place).sum(axis=place) for side in (~above, above)], place
    )
    axes = list(cube.axes)
    axes[place] = Axis(tag.name, Kind.TAG, (REST, ABOVE))
    score = Score(tag.values[middle], int(people[middle]))
    return cube_of(cube.tag, cube.version, axes, counts), score
