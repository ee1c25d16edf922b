"""Tests and corrections against brute force, scipy and planted worlds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from audit.bias import significance

table = st.tuples(*[st.integers(0, 60)] * 4).filter(lambda t: t[0] + t[1] and t[2] + t[3])


def two_sided(a, n, b, m):
    return significance.of_difference(*(np.array([x]) for x in (a, n, b, m)))[0]


@given(table)
def test_a_difference_is_at_most_twice_the_smaller_exact_tail(cells):
    a, na, b, nb = cells
    tails = [
        stats.fisher_exact([[a, na], [b, nb]], alternative=side).pvalue
        for side in ("less", "greater")
    ]
    assert two_sided(a, a + na, b, b + nb) == pytest.approx(min(2 * min(tails), 1), abs=1e-9)


@pytest.mark.parametrize("away", [-110, -60, -25, 30, 60, 110])
def test_where_the_exact_test_stops_the_normal_one_agrees(away, monkeypatch):
    n, m, held = 3700, 30_000, 9200  # a thousand expected in the smallest cell
    a = round(n * held / (n + m)) + away
    exact = two_sided(a, n, held - a, m)
    monkeypatch.setattr(significance, "EXACT_BELOW", 0)
    assert two_sided(a, n, held - a, m) == pytest.approx(exact, rel=0.3)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_is_what_its_definition_says(p):
    found = significance.holm(np.array(p))
    order = sorted(range(len(p)), key=lambda i: p[i])
    worst = 0.0
    for rank, i in enumerate(order):
        worst = max(worst, min(1.0, (len(p) - rank) * p[i]))
        assert found[i] == pytest.approx(worst)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_benjamini_hochberg_agrees_with_scipy(p):
    found = significance.benjamini_hochberg(np.array(p))
    assert found == pytest.approx(stats.false_discovery_control(p))


def test_what_cannot_be_asked_is_no_test():
    p = np.array([0.02, np.nan, 0.03])
    assert significance.holm(p)[0] == pytest.approx(0.04)
    assert np.isnan(significance.holm(p)[1])


@pytest.mark.parametrize("benefit", [True, False])
def test_the_detectable_ratio_is_detected_with_its_power(benefit):
    n, m, rate, draws = 2000, 18_000, 0.2, 20_000
    found = significance.detectable_ratio(
        np.array([n]), np.array([int(m * rate)]), np.array([m]),
        floor=0.8, benefit=benefit, alpha=0.01, power=0.8,
    )[0]  # fmt: skip
    assert found < 0.8 if benefit else found > 1.25
    rng = np.random.default_rng(1)
    a, b = rng.binomial(n, found * rate, draws), rng.binomial(m, rate, draws)
    p, _ = significance.beyond(
        a, np.full(draws, n), b, np.full(draws, m), floor=0.8, benefit=benefit
    )
    assert (p < 0.01).mean() == pytest.approx(0.8, abs=0.03)


def test_where_nothing_could_be_found_there_is_no_detectable_ratio():
    found = significance.detectable_ratio(
        np.array([5, 0]), np.array([100, 100]), np.array([1000, 1000]),
        floor=0.8, benefit=True, alpha=0.01, power=0.8,
    )  # fmt: skip
    assert np.isnan(found).all()


@pytest.mark.parametrize("m", [300, 10_000])
def test_a_ratio_at_the_limit_is_called_beyond_no_more_often_than_stated(m):
    rng = np.random.default_rng(2)
    draws, n = 40_000, 309
    a, b = rng.binomial(n, 0.8 * 0.2, draws), rng.binomial(m, 0.2, draws)
    n, m = np.full(draws, n), np.full(draws, m)
    breach, within = significance.beyond(a, n, b, m, floor=0.8, benefit=True)
    assert (breach < 0.05).mean() <= 0.06
    assert (within < 0.05).mean() <= 0.06


def test_drawing_from_the_cube_is_drawing_rows():
    rng = np.random.default_rng(3)
    counts = np.array([[30, 5], [12, 3]])
    rows = np.repeat(np.arange(4), counts.ravel())
    by_rows = np.array([np.bincount(rng.choice(rows, len(rows)), minlength=4) for _ in range(3000)])
    by_cube = significance.resample(counts, 3000, rng).reshape(3000, 4)
    for cell in range(4):
        assert stats.ks_2samp(by_rows[:, cell], by_cube[:, cell]).pvalue > 0.01
    assert (by_cube.sum(axis=1) == 50).all()


def test_extremes_under_equality_are_expected_not_alarming():
    rng = np.random.default_rng(4)
    n = np.full(18, 200)
    p = [
        significance.spread_under_equality(rng.binomial(n, 0.2), n, 300, rng)[1] for _ in range(200)
    ]
    assert np.mean(np.array(p) < 0.05) <= 0.1


def test_a_ratio_that_changes_is_found_and_one_that_stays_is_not():
    rng = np.random.default_rng(5)
    n, m = np.full((200, 12), 3000), np.full((200, 12), 20_000)
    rates = np.full((200, 12), 0.2)
    rates[:10, 6:] *= 0.85
    a, b = rng.binomial(n, rates), rng.binomial(m, 0.2)
    found = significance.benjamini_hochberg(significance.heterogeneity(a, n, b, m)) < 0.05
    assert found[:10].mean() >= 0.9
    assert found[10:].mean() <= 0.02


def test_association_of_one_row_is_undefined():
    assert np.isnan(significance.association(np.array([[3, 4], [0, 0]]))[0])
    strength, p = significance.association(np.array([[50, 0], [0, 50]]))
    assert (strength, p < 1e-9) == (pytest.approx(1.0), True)


def test_the_score_at_a_ratio_of_one_is_pearsons_chi_square():
    """So it is the test of Farrington and Manning; that of Miettinen and Nurminen is (N-1)/N of it."""
    (a, n), (b, m) = (12, 40), (31, 55)
    p, _ = significance.beyond(*(np.array([x]) for x in (a, n, b, m)), floor=1.0, benefit=True)
    table = np.array([[a, n - a], [b, m - b]])
    pearson = stats.chi2_contingency(table, correction=False).statistic
    assert stats.norm.ppf(p[0]) ** 2 == pytest.approx(pearson, rel=1e-9)
