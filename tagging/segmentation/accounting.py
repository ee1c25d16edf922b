# SPDX-License-Identifier: Apache-2.0
"""What a release costs: zCDP added up as fractions, turned into (epsilon, delta) only to report.

The conversion is dp-accounting's (Renyi orders, optimised), with its own default orders, so that a
reader who has the record and that library gets the same figure.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from audit.errors import BadInput

if TYPE_CHECKING:
    from tagging.segmentation.noise import Query

NANO: Final = 10**9
"""Charges are whole billionths of rho."""
NEIGHBOURS: Final = "add_or_remove_one"
MOST_EPSILON: Final = 10.0
_PRECISION = 80  # halvings: far below a nano-rho


@dataclass(frozen=True, slots=True)
class PrivacyBudget:
    """What one release may cost at most, as people say it."""

    epsilon: float
    delta: float = 1e-6

    def __post_init__(self) -> None:
        """Raise BadInput when the figures promise nothing."""
        if not 0 < self.epsilon <= MOST_EPSILON:
            raise BadInput(
                "budget-epsilon",
                f"epsilon is more than 0 and at most {MOST_EPSILON:g}",
                hint="1 is usual; above 4 a release says a lot about each person",
            )
        if not 0 < self.delta <= 1e-5:
            raise BadInput("budget-delta", "delta is more than 0 and at most 1e-5")

    @property
    def nano_rho(self) -> int:
        """Return the charge: the largest whole number of nano-rho that keeps the promise."""
        return _nano_rho(self.epsilon, self.delta)

    @property
    def rho(self) -> Fraction:
        """Return the charge in zCDP."""
        return Fraction(self.nano_rho, NANO)


def epsilon_of(rho: Fraction | float, delta: float) -> float:
    """Return the epsilon that a sum of zCDP charges means at one delta."""
    if rho <= 0:
        return 0.0
    from dp_accounting import ZCDpEvent
    from dp_accounting.rdp import RdpAccountant

    accountant = RdpAccountant()
    accountant.compose(ZCDpEvent(rho=math.nextafter(float(rho), math.inf)))
    return float(accountant.get_epsilon(delta))


def charge_of(queries: "Iterable[Query]") -> int:
    """Return what noisy questions cost together, in whole nano-rho, rounded up."""
    total = sum((query.rho for query in queries), Fraction())
    return math.ceil(total * NANO)


def dp_event(queries: "Iterable[Query]") -> Any:
    """Return the questions as an event tree of dp-accounting."""
    from dp_accounting import ComposedDpEvent, ZCDpEvent

    return ComposedDpEvent([ZCDpEvent(rho=float(query.rho)) for query in queries])


def releases_within(lifetime: PrivacyBudget, release: PrivacyBudget) -> int:
    """Return how many such releases a lifetime allows."""
    return lifetime.nano_rho // release.nano_rho


def mu_of(budget: PrivacyBudget) -> float:
    """Return the signal parameter sqrt(2 rho) of a budget."""
    return math.sqrt(2 * float(budget.rho))


@lru_cache(maxsize=64)
def _nano_rho(epsilon: float, delta: float) -> int:
    low, high = 0.0, epsilon  # rho-zCDP implies more than epsilon = rho
    for _ in range(_PRECISION):
        middle = (low + high) / 2
        if epsilon_of(middle, delta) <= epsilon:
            low = middle
        else:
            high = middle
    nano = math.floor(low * NANO)
    if nano < 1 or epsilon_of(Fraction(nano, NANO), delta) > epsilon:
        raise BadInput("budget-epsilon", "so small an epsilon buys nothing")
    return nano
