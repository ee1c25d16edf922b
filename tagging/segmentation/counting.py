# SPDX-License-Identifier: Apache-2.0
"""The noisy number of people in an audience: one question, which one person moves by at most one."""

from fractions import Fraction
from typing import Final

import numpy as np

from tagging.segmentation.accounting import PrivacyBudget, charge_of
from tagging.segmentation.noise import Gate, Noise, Query, sigma_for

MECHANISM: Final = "audience-count/1"
LEAST_SHOWN: Final = 20
"""No size below this is shown, however small the noise is."""
DEVIATIONS: Final = 3
"""Nor one below so many deviations of its noise."""


def question(budget: PrivacyBudget) -> Query:
    """Return the question that a budget buys: a count with discrete Gaussian noise."""
    return Query("count", 1, 1, sigma_for(1, budget.rho), 1)


def price(budget: PrivacyBudget) -> int:
    """Return what is charged, in billionths of rho: what the question costs.

    That is less than the budget, for its noise is of whole people.
    """
    return charge_of([question(budget)])


def least(query: Query) -> int:
    """Return the smallest noisy size that is shown."""
    return max(LEAST_SHOWN, DEVIATIONS * query.sigma)


def noisy(count: int, budget: PrivacyBudget, noise: Noise) -> int | None:
    """Return a count with noise, or None when the noisy number is too small to show.

    `price(budget)` must have been charged before the count was read.
    """
    query = question(budget)
    answer = Gate(noise, Fraction(budget.rho)).ask(query, np.array([count], dtype=np.int64))
    size = int(answer[0])
    return size if size >= least(query) else None
