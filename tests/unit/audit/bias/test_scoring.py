# SPDX-License-Identifier: Apache-2.0
"""Who is above the median, from counts by value."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.bias.cube import Axis, Kind, cube_of
from audit.bias.scoring import ABOVE, REST, Score, above_median

NONE = "none"


def scored(drawn=None, k=1, **by_group):
    """The score of groups whose people have 0, 2, 10 or nothing: counts in the order of the text."""
    axes = [
        Axis("gender", Kind.ATTRIBUTE, tuple(by_group)),
        Axis("tag", Kind.TAG, (NONE, "0", "10", "2")),
    ]
    cube, score = above_median(
        cube_of("t", 1, axes, np.array([*by_group.values()])), NONE, drawn=drawn, k=k
    )
    assert cube.axis("tag").values == (REST, ABOVE)
    return cube.over(["gender", "tag"]).tolist(), score


@pytest.mark.parametrize(
    ("f", "m", "found", "median", "ties"),
    [
        ([0, 5, 5, 0], [0, 5, 0, 5], [[5, 5], [5, 5]], "0", 10),  # half of the people: not above
        ([0, 5, 5, 0], [0, 4, 0, 6], [[5, 5], [10, 0]], "2", 6),  # 10 is more than 2
        ([0, 9, 0, 0], [0, 9, 0, 0], [[9, 0], [9, 0]], "0", 18),  # all equal: nobody is above
        ([8, 1, 0, 0], [2, 0, 1, 0], [[8, 1], [2, 1]], NONE, 10),  # no value is below every value
        ([0, 0, 0, 0], [0, 0, 0, 0], [[0, 0], [0, 0]], NONE, 0),
    ],
)
def test_ties_are_not_above_and_no_value_is_below_every_value(f, m, found, median, ties):
    assert scored(f=f, m=m) == (found, Score(median, ties))


def test_a_value_that_is_no_number_is_refused():
    axes = [Axis("tag", Kind.TAG, (NONE, "gold"))]
    with pytest.raises(ValueError, match="gold"):
        above_median(cube_of("t", 1, axes, np.array([1, 1])), NONE, drawn=None, k=1)


PEOPLE = st.lists(st.integers(0, 60), min_size=4, max_size=4)
"""How many have no value, 0, 2 and 10."""


@given(PEOPLE, st.lists(st.tuples(st.integers(-1, 3), st.integers(-1, 3)), max_size=9))
def test_fewer_than_k_who_come_go_or_move_do_not_move_the_line(people, steps):
    """From place to place; -1 is outside. So the line says of nobody who came on which side they are."""
    none, zero, two, ten = people
    _, before = scored(f=[none, zero, ten, two], m=[0, 0, 0, 0])
    now = [none, zero, ten, two]
    for left, went in steps:
        if left >= 0 and not now[left]:
            continue
        for place, change in ((left, -1), (went, 1)):
            if place >= 0:
                now[place] += change
    _, after = scored(drawn=before, k=10, f=now, m=[0, 0, 0, 0])
    assert after == before


def test_the_line_moves_when_k_people_are_on_the_other_side():
    _, before = scored(f=[0, 50, 50, 0], m=[0, 0, 0, 0])
    assert before.median == "0"
    assert scored(drawn=before, k=10, f=[0, 41, 59, 0], m=[0, 0, 0, 0])[1].median == "0"
    assert scored(drawn=before, k=10, f=[0, 40, 60, 0], m=[0, 0, 0, 0])[1].median == "10"
