# SPDX-License-Identifier: Apache-2.0
"""How far a centre follows a noisy step: by what is known of both, and never farther than the step."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagging.segmentation.refining import trusted

SIZES = st.floats(1e-3, 1e9)


@st.composite
def steps(draw):
    """A step of one centre, the variance of its noise, and of what was known before."""
    place = st.floats(-1e5, 1e5)
    return np.array([draw(st.lists(place, min_size=1, max_size=5))]), draw(SIZES), draw(SIZES)


@given(steps())
def test_a_centre_moves_along_its_step_and_not_beyond(world):
    step, noise, doubt = world
    moved, left = trusted(step, np.array([noise]), np.array([doubt]))
    share = left[0] / noise
    assert 0 < share < 1 or share == pytest.approx(1)
    assert np.allclose(moved, share * step)


@given(steps())
def test_what_is_left_of_the_doubt_is_less_than_the_noise_of_the_step_and_than_a_known_doubt(world):
    step, noise, doubt = world
    _, left = trusted(step, np.array([noise]), np.array([doubt]))
    assert left[0] <= noise * (1 + 1e-9)
    _, calm = trusted(step * 0, np.array([noise]), np.array([doubt]))
    assert calm[0] == pytest.approx(1 / (1 / noise + 1 / doubt))
    assert left[0] >= calm[0] * (1 - 1e-9)


@given(SIZES, SIZES, st.integers(1, 16))
def test_a_step_no_longer_than_its_noise_is_weighed_by_precision(noise, doubt, dimensions):
    step = np.full((1, dimensions), noise**0.5)
    moved, _ = trusted(step, np.array([noise]), np.array([doubt]))
    assert moved == pytest.approx(step * doubt / (doubt + noise))


def test_a_step_far_beyond_its_noise_is_followed_whatever_was_known():
    moved, _ = trusted(np.array([[1000.0, 0.0]]), np.array([1.0]), np.array([1e-6]))
    assert moved[0, 0] == pytest.approx(1000, rel=1e-4)
