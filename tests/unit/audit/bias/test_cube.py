"""The counts cube: what it keeps, what it refuses, and that its digest sees every count."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from audit.bias.cube import (
    Axis,
    Kind,
    cube_of,
    groupings,
    read_cube,
    tally,
    tally_members,
)
from audit.errors import BadInput
from tests.bias import YESNO, binary

AXES = [
    Axis("gender", Kind.ATTRIBUTE, ("f", "m", "unknown")),
    Axis("age", Kind.ATTRIBUTE, ("18-34", "35+"), ordered=True),
    Axis("tag", Kind.TAG, YESNO),
]
counted = hnp.arrays(np.int64, (3, 2, 2), elements=st.integers(0, 50))


@given(counted)
def test_a_cube_is_read_back_as_it_was_written(counts):
    cube = cube_of("t.x", 3, AXES, counts)
    again = read_cube(cube.document())
    assert again.document() == cube.document()
    assert (again.counts == counts).all()
    assert again.digest() == cube.digest()


@given(counted, st.integers(0, 11))
def test_one_more_person_in_any_cell_is_another_digest(counts, at):
    cube = cube_of("t.x", 3, AXES, counts)
    more = counts.copy()
    more.flat[at] += 1
    assert cube_of("t.x", 3, AXES, more).digest() != cube.digest()


@given(counted)
def test_margins_in_any_order_count_the_same_people(counts):
    cube = cube_of("t.x", 3, AXES, counts)
    assert (cube.over(["age", "gender"]) == cube.over(["gender", "age"]).T).all()
    assert cube.subset(["age"]).total == cube.total
    assert cube.at("gender", "m").total == counts[1].sum()


@given(counted)
def test_merging_loses_nobody(counts):
    cube = cube_of("t.x", 3, AXES, counts)
    merged = cube.merged("gender", {"f": "known", "m": "known"})
    assert merged.axis("gender").values == ("known", "unknown")
    assert (merged.over(["gender", "tag"])[0] == counts[:2].sum(axis=(0, 1))).all()
    assert merged.total == cube.total


@given(st.integers(0, 400), st.integers(0, 2**32 - 1))
def test_tally_counts_rows_as_a_loop_would(rows, seed):
    rng = np.random.default_rng(seed)
    sizes = (3, 2, 4)
    columns = [rng.integers(0, size, rows).astype(np.uint8) for size in sizes]
    found = np.zeros(sizes, dtype=np.int64)
    for row in zip(*columns, strict=True):
        found[row] += 1
    assert (tally(columns, sizes) == found).all()


def test_members_are_counted_by_the_cell_of_each_person():
    code = np.array([0, 1, 1, 2, 0], dtype=np.uint8)
    found = tally_members(code, 3, [np.array([0, 1, 2]), np.array([], dtype=int)])
    assert found.tolist() == [[1, 2, 0], [0, 0, 0]]


@pytest.mark.parametrize(
    "change",
    [
        {"cells": [[0, 0, -1]]},
        {"cells": [[0, 0, 1], [0, 0, 2]]},
        {"cells": [[7, 0, 1]]},
        {"axes": [{"name": "group"}]},
        {"version": "two"},
    ],
)
def test_what_is_no_cube_is_refused(change):
    with pytest.raises(BadInput) as caught:
        read_cube(binary([3, 4], [1, 2]).document() | change)
    assert caught.value.code == "cube-malformed"


def test_an_attribute_that_was_not_counted_is_named():
    with pytest.raises(BadInput, match="age_band"):
        binary([1], [1]).over(["age_band"])


def test_groupings_are_single_attributes_first():
    assert groupings(["a", "b", "c"], 2) == [
        ("a",), ("b",), ("c",), ("a", "b"), ("a", "c"), ("b", "c"),
    ]  # fmt: skip
