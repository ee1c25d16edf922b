# SPDX-License-Identifier: Apache-2.0
"""What is called impossible never happens: outcomes of random rules for random people."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from tagging.certainty import outcomes, plain, ranges, texts
from tagging.rules.evaluate import evaluate
from tests.property.explained import Maker, made, pool, some_cuts, some_facts

SEEDS = st.integers(0, 2**48)
RULES = 8
PEOPLE = 12


def conditions(seed, *, depth, wild=False):
    """Some small rules of a seed, each with its cut points: small ones say the most."""
    random = Random(seed)  # noqa: S311
    for _ in range(RULES):
        maker = Maker(random, random.sample(pool(16), 2), wild=wild)
        root = maker.rule(depth)
        yield random, root, some_cuts(random, root)


@given(SEEDS, st.booleans(), st.integers(0, 2))
@settings(max_examples=250, deadline=None)
def test_an_outcome_that_is_left_out_never_happens(seed, wild, depth):
    for random, root, cuts in conditions(seed, depth=depth, wild=wild):
        possible = outcomes(root, {})
        for _ in range(PEOPLE):
            assert evaluate(root, some_facts(random, root), cuts) in possible


@given(SEEDS, st.integers(0, 1))
@settings(max_examples=250, deadline=None)
def test_who_fulfils_a_condition_is_within_its_ranges_and_who_is_within_a_plain_one_fulfils_it(
    seed, depth
):
    for random, root, cuts in conditions(seed, depth=depth):
        allowed = ranges(root)
        for _ in range(PEOPLE):
            known = some_facts(random, root)
            values = [(evaluate(of, known, cuts), area) for of, area in allowed.items()]
            inside = all(value is not None and area.has(value) for value, area in values)
            true = evaluate(root, known, cuts) is True
            assert inside or not true
            assert inside == true or not plain(root)


@given(SEEDS)
@settings(max_examples=200, deadline=None)
def test_a_text_that_is_left_out_is_never_the_value(seed):
    random, root, cuts = made(seed, wild=True, kind="text")
    possible = texts(root, {})
    for _ in range(PEOPLE):
        value = evaluate(root, some_facts(random, root), cuts)
        assert possible is None or value is None or value in possible
