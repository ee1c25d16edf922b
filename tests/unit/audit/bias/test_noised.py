# SPDX-License-Identifier: Apache-2.0
"""Counts with noise: intervals that cover, verdicts that take no noise for a difference, three values."""

import json
from decimal import Decimal

import numpy as np
import pytest

from audit.bias import noised, noised_report, noised_verdict
from audit.bias.cube import Axis, Cube, Kind
from audit.bias.noised import Side
from audit.bias.rates import Trials, groups
from audit.bias.report import Head
from audit.bias.verdict import TOO_NOISY, Status, judge
from tagging.segmentation.accounting import PrivacyBudget
from tagging.segmentation.crosstab import question
from tests.bias import binary, drawn, policy, with_noise

DRAWS = 6_000
EPSILON = (0.1, 0.3, 1.0)


def sigma_of(epsilon):
    return question(PrivacyBudget(epsilon), 8).sigma


def a_side(rng, n, p, sigma, cells=1):
    """Draws of one group of n people at a rate of p, its noise over so many cells on each side."""
    held = rng.binomial(n, p, DRAWS)
    deviation = sigma * np.sqrt(cells)
    counts = [part + np.rint(rng.normal(0, deviation, DRAWS)) for part in (held, n - held)]
    return Side(counts[0], counts[1], (np.full(DRAWS, deviation**2),) * 2)


def covers(found, truth):
    low, high = found
    told = ~np.isnan(low)
    return float(((low <= truth * (1 + 1e-9)) & (truth <= high))[told].mean())


GRID = [
    (200, 0.02, 1), (200, 0.5, 1), (200, 0.1, 8), (1000, 0.02, 8), (1000, 0.3, 1), (10_000, 0.9, 8)
]  # fmt: skip


@pytest.mark.parametrize("epsilon", EPSILON)
@pytest.mark.parametrize(("n", "p", "cells"), GRID)
def test_every_interval_covers_what_it_says(epsilon, n, p, cells):
    rng, sigma = np.random.default_rng(7), sigma_of(epsilon)
    own, other = a_side(rng, n, p, sigma, cells), a_side(rng, 3000, p / 1.1, sigma, 3 * cells)
    assert covers(noised.of_rate(own), p) >= 0.93
    assert covers(noised.of_ratio(own, other), 1.1) >= 0.93
    assert covers(noised.of_difference(own, other), p - p / 1.1) >= 0.93


def test_an_interval_that_forgets_the_noise_covers_far_less():
    rng, sigma = np.random.default_rng(7), sigma_of(0.1)
    own, other = a_side(rng, 1000, 0.1, sigma), a_side(rng, 3000, 0.1, sigma, 3)
    deaf = [Side(s.successes, s.failures, (np.zeros(DRAWS),) * 2) for s in (own, other)]
    assert covers(noised.of_rate(deaf[0]), 0.1) < 0.6
    assert covers(noised.of_ratio(*deaf), 1.0) < 0.6


def test_where_the_noise_is_all_there_is_an_interval_says_nothing():
    side = Side(np.array([3.0]), np.array([-5.0]), (np.array([400.0]),) * 2)
    assert [float(end[0]) for end in noised.of_rate(side)] == [0.0, 1.0]


def test_numbers_below_zero_stay_in_sums_and_give_no_share():
    cube = Cube(
        "t.x", 1, binary([1, 1, 1], [0, 0, 0]).axes, np.array([[9, -4], [20, 30], [-9, -1]])
    )
    side = noised.side_of(groups(cube, ["group"]), _cells(cube), 25.0)
    assert side.trials.tolist() == [5, 50, -10]
    assert side.without().trials.tolist() == [40, -5, 55]
    assert side.without().successes.tolist() == [29, -5, 26]
    rates = noised.rate(side)
    assert rates[:2].tolist() == [0.0, 0.6]
    assert np.isnan(rates[2])


def _cells(cube) -> Trials:
    ones = Cube(cube.tag, cube.version, cube.axes, np.ones_like(cube.counts))
    return groups(ones, ["group"])


def test_the_noise_of_a_sum_is_that_of_all_its_cells():
    axes = [
        Axis("group", Kind.ATTRIBUTE, ("a", "b")),
        Axis("age", Kind.ATTRIBUTE, ("x", "y", "z")),
        Axis("tag", Kind.TAG, ("none", "one", "two")),
    ]
    cube = Cube("t.x", 1, tuple(axes), np.ones((2, 3, 3), dtype=np.int64))
    side = noised.side_of(
        groups(cube, ["group"], value="one"), groups(cube, ["group"], value="one"), 4.0
    )
    assert side.noise[0].tolist() == [12.0, 12.0]  # three ages
    assert side.noise[1].tolist() == [24.0, 24.0]  # three ages, two other values


def verdicts(worlds, shares, rates, epsilon, *, people=20_000, seed=5, **limits):
    """The statuses of each group over planted worlds, from noised counts."""
    rng, sigma = np.random.default_rng(seed), sigma_of(epsilon)
    chosen = policy(**limits)
    found = []
    for _ in range(worlds):
        cube = with_noise(rng, drawn(rng, people, shares, rates), sigma)
        found.append(noised_verdict.judge(cube, sigma**2, chosen, {"yes": True}).verdict)
    return found


@pytest.mark.parametrize("epsilon", EPSILON)
def test_equal_groups_are_no_breach(epsilon):
    shares = np.geomspace(0.01, 0.3, 8)
    found = verdicts(300, shares, 0.2, epsilon, people=5000)
    assert sum(one.status is Status.BREACH for one in found) <= 3


def test_a_test_that_forgets_the_noise_takes_it_for_a_breach(monkeypatch):
    honest = noised.side_of
    monkeypatch.setattr(noised_verdict, "side_of", lambda a, b, _variance: honest(a, b, 0.0))
    found = verdicts(100, np.geomspace(0.01, 0.3, 8), 0.2, 0.1, people=5000)
    assert sum(one.status is Status.BREACH for one in found) > 50


@pytest.mark.parametrize("benefit", [True, False])
def test_at_the_limit_itself_a_breach_is_called_no_more_often_than_the_level(benefit):
    rng, sigma, calls = np.random.default_rng(3), sigma_of(0.3), 0
    chosen = policy(impact_ratio={"floor": 0.8, "against": "rest"})
    rates = np.array([0.24, 0.3]) if benefit else np.array([0.3, 0.24])
    for _ in range(600):
        cube = with_noise(rng, drawn(rng, 4000, [1, 1], rates), sigma)
        found = noised_verdict.judge(cube, sigma**2, chosen, {"yes": benefit}).verdict
        calls += found.status is Status.BREACH
    assert calls <= 0.05 * 600 + 3 * np.sqrt(0.05 * 0.95 * 600)


def test_a_planted_ratio_is_found_and_nobody_else_is_blamed():
    rates = np.full(6, 0.3)
    rates[2] = 0.15
    found = verdicts(60, np.ones(6), rates, 0.3, people=12_000)
    statuses = np.array([one.judgements[0].statuses for one in found])
    assert (statuses[:, 2] == Status.BREACH).mean() > 0.95
    assert not (np.delete(statuses, 2, axis=1) == Status.BREACH).any()


def test_with_little_noise_the_verdict_is_that_of_the_exact_counts():
    rng = np.random.default_rng(11)
    for _ in range(40):
        cube = drawn(rng, 6000, [1, 2, 3], rng.uniform(0.1, 0.5, 3))
        exact = judge(cube, policy(), {"yes": True})
        found = noised_verdict.judge(cube, 1e-6, policy(), {"yes": True}).verdict
        assert found.judgements[0].statuses.tolist() == exact.judgements[0].statuses.tolist()


def test_a_group_as_small_as_the_noise_is_not_judged_and_nothing_is_called_fair():
    cube, limits = binary([150, 4000], [75, 2000]), policy(exclude_share_below=0)
    found = noised_verdict.judge(cube, 60.0**2, limits, {"yes": True}).verdict
    assert (found.status, found.judgements[0].reason) == (Status.INSUFFICIENT, TOO_NOISY)
    assert found.judgements[0].reasons.tolist() == [TOO_NOISY, TOO_NOISY]


def test_nobody_at_all_is_not_fair():
    cube = Cube("t.x", 1, binary([1, 1], [0, 0]).axes, np.array([[-3, 1], [2, -4]]))
    found = noised_verdict.judge(cube, 25.0, policy(), {"yes": True}).verdict
    assert found.status is Status.INSUFFICIENT


def test_a_census_is_judged_by_the_noise_alone():
    """Ratio 0.75 of 400 against 400: too few to speak of tomorrow, clear enough of those counted."""
    cube = binary([400, 400], [150, 200])
    reads = {
        way: noised_verdict.judge(cube, 25.0, policy(reads=way), {"yes": True}).verdict.status
        for way in ("sample", "census")
    }
    assert reads == {"sample": Status.INSUFFICIENT, "census": Status.BREACH}


def test_against_the_best_every_other_group_is_asked():
    cube = binary([2000, 2000, 2000], [600, 600, 300])
    found = noised_verdict.judge(
        cube, 25.0, policy(impact_ratio={"floor": 0.8, "against": "best"}), {"yes": True}
    ).verdict
    assert found.judgements[0].statuses.tolist() == ["within", "within", "breach"]


def test_a_detectable_ratio_is_found_as_often_as_it_says():
    own = Side(np.array([600.0]), np.array([1400.0]), (np.array([225.0]),) * 2)
    other = Side(np.array([1800.0]), np.array([4200.0]), (np.array([675.0]),) * 2)
    how = {"floor": 0.8, "benefit": True, "alpha": 0.05, "power": 0.8}
    (ratio,) = noised.detectable_ratio(own, other, **how)
    rng = np.random.default_rng(2)
    held = rng.binomial(2000, 0.3 * ratio, DRAWS)
    near = [x + np.rint(rng.normal(0, 15, DRAWS)) for x in (held, 2000 - held)]
    base = rng.binomial(6000, 0.3, DRAWS)
    far = [x + np.rint(rng.normal(0, np.sqrt(675), DRAWS)) for x in (base, 6000 - base)]
    one = Side(near[0], near[1], (np.full(DRAWS, 225.0),) * 2)
    rest = Side(far[0], far[1], (np.full(DRAWS, 675.0),) * 2)
    p, _ = noised.beyond(one, rest, floor=0.8, benefit=True)
    assert abs((p < 0.05).mean() - 0.8) < 0.03


def a_report(cube, sigma, **limits):
    chosen = policy(**limits)
    found = noised_verdict.judge(cube, sigma**2, chosen, {"yes": True})
    head = Head("r", "o", ("p",), {"gdpr": "consent"}, "s", "u", "m", "a", "", "0")
    told = {"counts": "c", "digest": "d", "charge": "x", "population": "all", "purpose": "p",
            "epsilon": "1.0", "delta": "1e-06", "nano_rho": 1, "unit": "subject",
            "neighbours": "add_or_remove_one", "sensitivity": 1, "sigma": sigma, "source": "s"}  # fmt: skip
    return noised_report.report(head, found, found.verdict, chosen, told)


def test_the_document_follows_from_its_own_cells():
    """Whoever has the document has all that it was made of: made again from its cells it is the same."""
    rng = np.random.default_rng(1)
    first = a_report(with_noise(rng, drawn(rng, 3000, [1, 2, 0.1], 0.3), 15), 15)
    axes = [
        Axis(
            axis["name"],
            Kind.TAG if axis["name"] == "tag" else Kind.ATTRIBUTE,
            tuple(axis["values"]),
        )
        for axis in first["noise"]["axes"]
    ]
    cells = np.array(first["noise"]["cells"]).reshape([len(axis.values) for axis in axes])
    again = a_report(Cube("t.x", 1, tuple(axes), cells), 15)
    assert json.dumps(again) == json.dumps(first)


def test_figures_are_text_and_numbers_are_whole():
    rng = np.random.default_rng(1)

    def walk(value):
        yield value
        for item in (
            value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        ):
            yield from walk(item)

    document = a_report(with_noise(rng, drawn(rng, 300, [1, 2, 0.1], 0.1), 44), 44)
    assert not [item for item in walk(document) if isinstance(item, float | Decimal | np.generic)]
