# SPDX-License-Identifier: Apache-2.0
"""One person more or less moves every noisy question by at most what is claimed, by brute force."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tagging.segmentation import sums
from tagging.segmentation.contract import ONE
from tagging.segmentation.sums import REFINING, STEPS, WEIGHTS
from tests.segments import plain_contract

EDGES = st.sampled_from([-ONE, -ONE + 1, -1, 0, 1, ONE - 1, ONE])
PLACES = st.one_of(EDGES, st.integers(-ONE, ONE))
VALUES = st.one_of(st.floats(allow_nan=True, allow_infinity=True), st.floats(-1.5, 1.5))


@st.composite
def worlds(draw):
    """A few rows, one more person anywhere among them, some cells."""
    dimensions = draw(st.integers(1, 4))
    row = st.lists(VALUES, min_size=dimensions, max_size=dimensions)
    rows = draw(st.lists(row, max_size=6))
    position = draw(st.integers(0, len(rows)))
    larger = [*rows[:position], draw(row), *rows[position:]]
    point = st.lists(PLACES, min_size=dimensions, max_size=dimensions)
    centres = draw(st.lists(point, min_size=1, max_size=4))
    radius = [draw(st.one_of(st.just(1), st.integers(1, 4 * ONE))) for _ in centres]
    contract = plain_contract(dimensions)
    grids = [contract.points(np.array(x).reshape(len(x), dimensions)) for x in (rows, larger)]
    return *grids, np.array(centres), np.array(radius)


def moved(question, rows, larger):
    change = question(larger).ravel() - question(rows).ravel()
    return sum(int(x) ** 2 for x in change)


@given(worlds())
def test_a_level_moves_by_at_most_its_claim(world):
    rows, larger, centres, radius = world
    for weights in (WEIGHTS, REFINING):
        found = moved(lambda x, w=weights: sums.cell_sums(x, centres, radius, w), rows, larger)
        assert found <= weights.sensitivity_squared


@given(worlds())
def test_the_first_ball_moves_by_at_most_its_claim(world):
    rows, larger, centres, _ = world
    assert moved(sums.centre_sums, rows, larger) <= STEPS**2
    assert moved(lambda x: sums.ring_counts(x, centres[0]), rows, larger) == 1


@given(worlds())
def test_a_row_adds_the_same_wherever_it_stands(world):
    _, rows, centres, radius = world
    whole = sums.cell_sums(rows, centres, radius, WEIGHTS)
    alone = sum(sums.cell_sums(rows[n : n + 1], centres, radius, WEIGHTS) for n in range(len(rows)))
    assert (whole == alone).all()
    assert (whole == sums.cell_sums(rows[::-1], centres, radius, WEIGHTS)).all()


@given(st.integers(1, 128), st.integers(0, 2**32 - 1))
def test_many_features_far_apart_are_still_exact(dimensions, seed):
    stream = np.random.default_rng(seed)
    rows = (stream.choice([-1, 1], (50, dimensions)) * ONE).astype(np.int32)
    centres = stream.choice([-ONE, ONE - 1, ONE], (3, dimensions))
    by_hand = ((rows[:, None].astype(object) - centres[None].astype(object)) ** 2).sum(axis=2)
    doubled, lengths = (2.0 * centres).T.copy(), (centres**2).sum(axis=1).astype(float)
    near = sums.nearest_exact(rows.astype(float), doubled, lengths)
    assert near.tolist() == [min(range(3), key=lambda k, line=line: line[k]) for line in by_hand]
    assert (
        moved(
            lambda x: sums.cell_sums(x, centres, np.array([7, 7, 7]), WEIGHTS), rows[:0], rows[:1]
        )
        <= WEIGHTS.sensitivity_squared
    )
