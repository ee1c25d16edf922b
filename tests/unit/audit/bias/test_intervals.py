"""Intervals cover what they state; coverage is summed exactly, not drawn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from audit.bias import intervals

GRID = [(n, p) for n in (5, 10, 20, 50, 200, 2000) for p in (0.02, 0.1, 0.3, 0.5)]


@pytest.mark.parametrize(("n", "p"), GRID)
def test_a_rate_is_covered_and_the_interval_is_not_wasteful(n, p):
    k = np.arange(n + 1)
    chance = stats.binom.pmf(k, n, p)
    low, high = intervals.of_rate(k, np.full(n + 1, n))
    assert chance[(low <= p) & (p <= high)].sum() >= 0.93
    narrow_low, narrow_high = intervals.wilson(k, np.full(n + 1, n))
    assert (chance * (high - low)).sum() <= 1.35 * (chance * (narrow_high - narrow_low)).sum()


@given(st.integers(1, 500), st.data())
def test_clopper_and_wilson_agree_with_scipy(n, data):
    a = data.draw(st.integers(0, n))
    for ours, name in ((intervals.clopper, "exact"), (intervals.wilson, "wilson")):
        low, high = ours(np.array([a]), np.array([n]))
        theirs = stats.binomtest(a, n).proportion_ci(0.95, method=name)
        assert low[0] == pytest.approx(theirs.low, abs=1e-9)
        assert high[0] == pytest.approx(theirs.high, abs=1e-9)


def test_nobody_there_has_no_interval():
    low, high = intervals.of_rate(np.array([0, 0]), np.array([0, 3]))
    assert np.isnan(low[0])
    assert np.isnan(high[0])
    assert (low[1], high[1] > 0.5) == (0.0, True)  # 0 of 3 is not a rate of zero


@pytest.mark.parametrize(("n", "p", "q"), [(30, 0.3, 0.3), (100, 0.1, 0.2), (300, 0.05, 0.04)])
def test_differences_and_ratios_are_covered(n, p, q):
    rng = np.random.default_rng(4)
    m, draws = 5000, 20_000
    a, b = rng.binomial(n, p, draws), rng.binomial(m, q, draws)
    low, high = intervals.of_difference(a, np.full(draws, n), b, np.full(draws, m))
    assert ((low <= p - q) & (p - q <= high)).mean() >= 0.93
    low, high = intervals.of_ratio(a, np.full(draws, n), b, np.full(draws, m))
    assert ((low <= p / q) & (p / q <= high)).mean() >= 0.93


def test_a_ratio_to_nobody_has_no_upper_end_and_of_nothing_is_undefined():
    low, high = intervals.of_ratio(*(np.array([x]) for x in (5, 50, 0, 50)))
    assert (low[0] > 0, high[0]) == (True, np.inf)
    low, high = intervals.of_ratio(*(np.array([x]) for x in (0, 50, 0, 50)))
    assert np.isnan(low[0])
    assert np.isnan(high[0])
