"""What-if and causes: recounted on rows, exact in sums."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.bias.causes import Rule, applied, causes
from audit.bias.rates import above_median, calibration
from audit.bias.whatif import candidates, evaluate, front
from audit.errors import BadInput

BINS = 32


def rows(seed, groups=2, people=3000):
    rng = np.random.default_rng(seed)
    group = rng.integers(0, groups, people)
    due = rng.integers(0, 2, people)
    score = np.clip(rng.normal(12 + 6 * due + 3 * group, 6, people), 0, BINS - 1).astype(int)
    histogram = np.zeros((groups, 2, BINS), dtype=np.int64)
    np.add.at(histogram, (group, due, score), 1)
    return group, due, score, histogram


@pytest.mark.parametrize("groups", [2, 4])
def test_every_policy_is_what_a_recount_of_rows_says(groups):
    group, due, score, histogram = rows(1, groups)
    outlook = evaluate(histogram, candidates(histogram))
    rng = np.random.default_rng(2)
    for n in rng.integers(0, len(outlook.reach), 100):
        tag = score >= outlook.thresholds[n][group]
        rates = [tag[group == g].mean() for g in range(groups)]
        assert outlook.reach[n] == tag.sum()
        assert outlook.correct[n] == (tag == due).sum()
        assert outlook.gap[n] == pytest.approx(max(rates) - min(rates), abs=1e-12)


@given(st.integers(0, 10_000))
def test_nothing_beats_the_front(seed):
    histogram = rows(seed, people=300)[3]
    outlook = evaluate(histogram, candidates(histogram))
    best = front(outlook)
    for n in range(len(outlook.reach)):
        beaten = (best.gap <= outlook.gap[n]) & (best.correct >= outlook.correct[n])
        assert beaten.any()
    assert (np.diff(best.gap) > 0).all()
    assert (np.diff(best.correct) > 0).all()


def test_one_threshold_for_all_is_told_from_thresholds_by_group():
    outlook = evaluate(rows(3)[3], np.array([[4, 4], [4, 5]]))
    assert outlook.uniform.tolist() == [True, False]


def test_a_group_without_people_has_no_part_in_the_gap():
    histogram = rows(4, groups=3)[3]
    histogram[2] = 0
    assert not np.isnan(evaluate(histogram, np.array([[5, 5, 5]])).gap[0])
    histogram[1] = 0
    assert np.isnan(evaluate(histogram, np.array([[5, 5, 5]])).gap[0])


def test_above_the_median_and_calibration_are_counts():
    histogram = np.array([[5, 0, 5], [0, 10, 0]])
    assert [x.tolist() for x in above_median(histogram)] == [[5, 0], [10, 10]]
    seen, people = calibration(np.array([[[3, 1], [1, 3]]]))
    assert (seen.tolist(), people.tolist()) == ([[1, 3]], [[4, 4]])


AND = np.array([[False, False], [False, True]])
OR = np.array([[False, True], [True, True]])


def test_the_condition_that_differs_carries_the_gap():
    # both groups meet the first condition equally; the second only half as often in group 1
    counts = np.array([[[300, 300], [200, 200]], [[450, 150], [300, 100]]])
    found = causes(counts, Rule(("spend", "night"), (True, True), AND))
    assert found.gap[1] == pytest.approx(-0.1)
    assert found.without[1].tolist() == pytest.approx([-0.25, 0.0])
    assert found.share[1, 1] == pytest.approx(found.gap[1] - found.share[1, 0])
    assert abs(found.share[1, 1]) > abs(found.share[1, 0])


@given(st.integers(0, 2**32 - 1), st.integers(1, 4))
def test_the_shares_sum_to_the_gap_for_any_rule(seed, size):
    rng = np.random.default_rng(seed)
    table = rng.random((2,) * size) < 0.5
    neutral = tuple(bool(x) for x in rng.integers(0, 2, size))
    counts = rng.integers(1, 50, (3, *(2,) * size))
    found = causes(counts, Rule(tuple(f"c{n}" for n in range(size)), neutral, table))
    assert found.share.sum(axis=1) == pytest.approx(found.gap, abs=1e-9)


def test_a_dropped_condition_takes_its_neutral_answer():
    rule = Rule(("a", "b"), (False, False), OR)
    assert applied(rule, frozenset({1})).tolist() == [[False, True], [False, True]]


def test_a_rule_too_wide_or_other_counts_are_refused():
    with pytest.raises(BadInput, match="10 are"):
        causes(
            np.ones((1, *(2,) * 11), int), Rule(("c",) * 11, (True,) * 11, np.ones((2,) * 11, bool))
        )
    with pytest.raises(BadInput):
        causes(np.ones((1, 2), int), Rule(("a", "b"), (True, True), AND))
