# SPDX-License-Identifier: Apache-2.0
"""Every engine means what the oracle means: batch and one person, both gates, all kinds of rules."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagging.rules.tree import Compare, Literal, Tier
from tests.property.scene import QUICK, SLOW, check
from tests.property.strategies import people, rules
from tests.property.test_engine_edges import SPENT
from tests.unit.tagging.test_rules import GOOD


@QUICK
@given(tags=rules(), seed=st.integers(0, 2**32))
def test_all_engines_mean_what_the_oracle_means(folder, tags, seed):
    check(folder, tags, people(seed, 60), seed)


@pytest.mark.slow
def test_all_engines_mean_the_same_in_a_hundred_thousand_evaluations(folder):
    compared = 0

    @settings(SLOW, max_examples=250)
    @given(tags=rules(), seed=st.integers(0, 2**32))
    def run(tags, seed):
        nonlocal compared
        compared += check(folder, tags, people(seed, 80), seed)

    run()
    assert compared >= 100_000


@settings(QUICK, max_examples=4)
@given(tags=rules(classes=(0, 1, 61, 62, 63, 124, 130)), seed=st.integers(0, 2**32))
def test_more_gate_classes_than_a_number_has_bits(folder, tags, seed):
    check(folder, tags, people(seed, 40, (0, 1, 61, 62, 63, 124, 130, 131)), seed)


def test_every_good_text_means_the_same_in_all_engines(folder):
    tags = {f"good.{number}": (root, number % 3) for number, root in enumerate(GOOD.values())}
    tags["big.spender"] = (Compare(">", SPENT, Literal(10_000, "dec")), 1)
    tags["level"] = (Tier(SPENT, 3), 2)
    check(folder, tags, people(7, 60), 7)
