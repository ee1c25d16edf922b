# SPDX-License-Identifier: Apache-2.0
"""What noise of whole people costs is charged: no more, no less, and never more than its epsilon allows."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagging.learning import trial
from tagging.segmentation import counting, crosstab
from tagging.segmentation.accounting import NANO, PrivacyBudget, charge_of, epsilon_of
from tagging.segmentation.noise import Query

PRICED = {
    counting: counting.question,
    crosstab: lambda budget: crosstab.question(budget, 40),
    trial: lambda budget: trial.question(budget.rho),
}
EPSILONS = st.floats(0.1, 10)
DELTAS = st.sampled_from([1e-9, 1e-6, 1e-5])


@pytest.mark.parametrize("module", PRICED, ids=lambda one: one.__name__)
@given(EPSILONS, DELTAS)
def test_the_price_is_what_the_question_costs_and_keeps_the_promise(module, epsilon, delta):
    budget = PrivacyBudget(epsilon, delta)
    query, price = PRICED[module](budget), module.price(budget)
    assert query.rho <= Fraction(price, NANO) < query.rho + Fraction(1, NANO)
    assert price <= budget.nano_rho
    assert epsilon_of(Fraction(price, NANO), delta) <= epsilon
    finer = Query(query.name, query.dimension, 1, query.sigma - 1, 1)
    assert (
        query.sigma == 1 or charge_of([finer]) > budget.nano_rho
    )  # no better answer for that epsilon


@given(EPSILONS)
def test_what_is_charged_buys_the_same_trial(epsilon):
    budget = PrivacyBudget(epsilon)
    paid = Fraction(trial.price(budget), NANO)
    assert trial.question(paid) == trial.question(budget.rho)


@given(EPSILONS, EPSILONS)
def test_an_answer_that_cost_as_much_is_as_precise(one, other):
    """So a stored answer, also one for which a whole budget was charged, serves whoever would pay no more."""
    first, second = PrivacyBudget(one), PrivacyBudget(other)
    for paid in (counting.price(first), first.nano_rho):
        if paid >= counting.price(second):
            assert counting.question(first).sigma <= counting.question(second).sigma
