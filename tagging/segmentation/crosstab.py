# SPDX-License-Identifier: Apache-2.0
"""A table of people with noise in every cell: one question, since each person is in one cell.

With one person more or less one cell changes by one, so the L2 sensitivity of the whole table is 1, however
many cells it has. Which cells there are must be known before anybody is looked at.
"""

from fractions import Fraction
from typing import Final

from tagging.segmentation.accounting import PrivacyBudget, charge_of
from tagging.segmentation.noise import Gate, Noise, Query, Whole, sigma_for

MECHANISM: Final = "crosstab/1"


def question(budget: PrivacyBudget, cells: int) -> Query:
    """Return the question that a budget buys: all cells, each with discrete Gaussian noise."""
    return Query("crosstab", cells, 1, sigma_for(1, budget.rho), 1)


def price(budget: PrivacyBudget) -> int:
    """Return what is charged, in billionths of rho: what the question costs, however many cells it has.

    That is less than the budget, for its noise is of whole people.
    """
    return charge_of([question(budget, 1)])


def noisy(counts: Whole, budget: PrivacyBudget, noise: Noise) -> Whole:
    """Return the cells with noise; some may be below zero.

    `price(budget)` must have been charged before the people were counted, each of them in one cell.
    """
    query = question(budget, len(counts))
    return Gate(noise, Fraction(budget.rho)).ask(query, counts)
