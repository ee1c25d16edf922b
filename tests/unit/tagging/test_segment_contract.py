# SPDX-License-Identifier: Apache-2.0
"""A contract bounds what one person can change, or is refused with the reason."""

import math
from dataclasses import replace

import numpy as np
import pytest

from audit.errors import BadInput, Refused
from tagging.segmentation.contract import LEARNED, ONE, FeatureBounds, FeatureContract

RECENCY = FeatureBounds("recency", 0, 365, 365)
SPEND = FeatureBounds("spend", 0, 10_000, 0, "log")
CONTRACT = FeatureContract((RECENCY, SPEND))


def refused(*features: FeatureBounds, rows: int = 1) -> set[str]:
    with pytest.raises(BadInput) as caught:
        FeatureContract(features, rows)
    return {problem.code for problem in caught.value.problems}


def test_bounds_become_the_ends_of_the_box():
    points = CONTRACT.grid(np.array([[0.0, 0.0], [365.0, 10_000.0], [182.5, 99.0]]), np.arange(3))
    assert points.tolist()[:2] == [[-ONE, -ONE], [ONE, ONE]]
    assert points[2, 0] == 0
    assert abs(points[2, 1] / ONE) < 1e-4  # ln(100) is half of ln(10 001), nearly


def test_whatever_a_cell_holds_becomes_a_whole_number_in_the_box():
    odd = [math.nan, math.inf, -math.inf, 1e308, -1e308, 5e-324, -0.0, 366.0]
    points = CONTRACT.points(np.array([[x, x] for x in odd]))
    assert points.dtype == np.int32
    assert np.abs(points).max() <= ONE
    fill = CONTRACT.points(np.array([[365.0, 0.0]]))
    assert points[:3].tolist() == [fill[0].tolist()] * 3  # no number at all: the fill value
    assert points[3].tolist() == [ONE, ONE]


def test_points_read_back_in_the_units_of_the_features():
    values = np.array([[12.0, 0.0], [300.0, 250.0]])
    assert np.allclose(CONTRACT.values(CONTRACT.points(values)), values, rtol=1e-4, atol=1e-3)


def test_a_second_row_of_somebody_is_refused():
    with pytest.raises(Refused, match="two rows") as caught:
        CONTRACT.grid(np.zeros((3, 2)), np.array([4, 9, 4]))
    assert caught.value.code == "feature-subject-twice"
    assert "9" not in caught.value.message


def test_rows_without_a_subject_or_of_another_shape_are_refused():
    for values, subjects in (
        (np.zeros((2, 3)), np.arange(2)),
        (np.zeros(2), np.arange(2)),
        (np.zeros((2, 2)), np.arange(3)),
        (np.zeros((2, 2)), np.array(["a", "b"])),
        (np.array([["a", "b"]]), np.arange(1)),
        (np.array([[None, 1.0]], dtype=object), np.arange(1)),
    ):
        with pytest.raises(BadInput) as caught:
            CONTRACT.grid(values, subjects)
        assert caught.value.code == "feature-shape"


@pytest.mark.parametrize("way", LEARNED)
def test_what_is_learned_from_other_people_is_refused_with_the_reason(way):
    with pytest.raises(BadInput) as caught:
        FeatureContract((replace(RECENCY, derived=way),))
    assert caught.value.problems[0].code == "feature-not-local"
    assert LEARNED[way] in caught.value.problems[0].message


def test_an_unknown_way_to_derive_is_not_believed():
    assert refused(replace(RECENCY, derived="clever")) == {"feature-not-local"}


def test_every_problem_is_told_at_once():
    assert refused(
        replace(RECENCY, upper=math.inf),
        replace(SPEND, lower=-1),
        FeatureBounds("a", 1, 1, 1),
        FeatureBounds("b", 0, 1, 2),
        FeatureBounds("Bad name", 0, 1, 0),
        RECENCY,
        RECENCY,
        rows=3,
    ) == {
        "feature-bounds-infinite",
        "feature-log-negative",
        "feature-bounds-order",
        "feature-fill-outside",
        "feature-name",
        "feature-twice",
        "feature-rows-many",
    }
    assert refused() == {"feature-count"}


def test_the_name_of_a_contract_changes_with_its_bounds():
    other = FeatureContract((replace(RECENCY, upper=366), SPEND))
    assert CONTRACT.id == FeatureContract((RECENCY, SPEND)).id != other.id
