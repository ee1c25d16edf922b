"""Drift over months: found where it is, with the month, and corrected over all tags."""

import numpy as np
import pytest

from audit.bias.cube import Axis, Kind, cube_of
from audit.bias.drift import drift, drift_of_all
from tests.bias import YESNO, policy

MONTHS = tuple(f"2026-{n:02}" for n in range(1, 13))


def world(rng, ratio_from=None, people=(3000, 20_000)):
    n = np.array([[people[0]] * 12, [people[1]] * 12])
    rates = np.full((2, 12), 0.2)
    if ratio_from is not None:
        rates[0, ratio_from:] *= 0.7
    a = rng.binomial(n, rates)
    axes = [
        Axis("group", Kind.ATTRIBUTE, ("small", "large")),
        Axis("month", Kind.PERIOD, MONTHS),
        Axis("tag", Kind.TAG, YESNO),
    ]
    return cube_of("t.x", 1, axes, np.stack([n - a, a], axis=-1))


def test_the_month_of_the_jump_is_named():
    found = drift(world(np.random.default_rng(1), ratio_from=7), policy())
    assert found[0].p < 1e-6
    assert found[0].jump == "2026-08"
    assert found[0].ratio[:7].mean() == pytest.approx(1, abs=0.05)
    assert found[0].ratio[7:].mean() == pytest.approx(0.7, abs=0.05)


def test_many_tags_without_drift_raise_few_alarms():
    rng = np.random.default_rng(2)
    found = [one for _ in range(100) for one in drift(world(rng), policy()) if one.group == "small"]
    assert sum(one.p < 0.05 for one in drift_of_all(found)) <= 1


def test_only_the_last_periods_count_and_few_people_are_not_asked():
    found = drift(world(np.random.default_rng(3)), policy(drift={"periods": 3}))
    assert found[0].periods == MONTHS[-3:]
    found = drift(world(np.random.default_rng(4), people=(20, 400)), policy())
    assert np.isnan(found[0].p)
