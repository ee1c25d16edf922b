# SPDX-License-Identifier: Apache-2.0
"""The noise gate: the only way from private sums to a published number.

Every query is a vector of whole numbers with a claimed L2 sensitivity; what comes out is that vector
plus discrete Gaussian noise (Canonne, Kamath, Steinke, NeurIPS 2020), sampled exactly by OpenDP.
A query costs rho = sensitivity^2 / (2 sigma^2), a fraction; the gate refuses to exceed its limit
before it draws. There is no seed: noise that can be repeated can be removed.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from math import isqrt
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from audit.errors import Refused

Whole = NDArray[np.int64]


class Noise(Protocol):
    """Adds noise to whole numbers."""

    @property
    def source(self) -> str:
        """Return where the randomness comes from, for the record."""
        ...

    def add(self, values: Whole, sigma: int) -> Whole:
        """Return the values with independent noise of parameter sigma on each."""
        ...


@dataclass(frozen=True, slots=True)
class DiscreteGaussian:
    """Exact discrete Gaussian noise from OpenDP, seeded by the operating system."""

    source: str = "opendp discrete gaussian"

    def add(self, values: Whole, sigma: int) -> Whole:
        """Return the values plus noise; raises OverflowError when they are not far from 2^63."""
        if np.any(np.abs(values) >= 2**62):
            raise OverflowError("sums beyond 2^62")
        return np.array(measurement(sigma)(values.tolist()), dtype=np.int64)


@lru_cache(maxsize=256)
def measurement(sigma: int) -> Any:
    """Return OpenDP's discrete Gaussian on vectors of 64-bit whole numbers; its map is zCDP."""
    from opendp.domains import atom_domain, vector_domain
    from opendp.measurements import make_gaussian
    from opendp.metrics import l2_distance
    from opendp.mod import enable_features

    enable_features("contrib")
    space = cast("Any", vector_domain)(atom_domain(T="i64"))
    return make_gaussian(space, l2_distance(T="f64"), float(sigma))


@dataclass(frozen=True, slots=True)
class Query:
    """One noisy question as the record keeps it."""

    name: str
    dimension: int
    sensitivity_squared: int
    """Square of the claimed L2 sensitivity, in lattice steps."""
    sigma: int
    """Parameter of the discrete Gaussian, in lattice steps."""
    lattice: int
    """Steps per unit."""

    @property
    def rho(self) -> Fraction:
        """Return what the query costs, in zCDP."""
        return Fraction(self.sensitivity_squared, 2 * self.sigma**2)


@dataclass(slots=True)
class Gate:
    """Asks noisy questions within a limit, and keeps what was asked."""

    noise: Noise
    limit: Fraction
    queries: list[Query] = field(default_factory=list)
    spent: Fraction = Fraction()
    """The sum of what the questions cost."""

    def ask(self, query: Query, values: Whole) -> Whole:
        """Return the noisy answer; raises Refused before the draw when the limit does not suffice."""
        if values.shape != (query.dimension,):
            raise ValueError(f"{query.name} has not the size it claims")
        spent = self.spent + query.rho
        if spent > self.limit:
            raise Refused("release-overspends", f"{query.name} would cost more than was charged")
        self.spent = spent
        self.queries.append(query)
        return self.noise.add(values, query.sigma)


def sigma_for(sensitivity_squared: int, rho: Fraction) -> int:
    """Return the smallest whole sigma with which a query costs at most rho."""
    over, under = sensitivity_squared * rho.denominator, 2 * rho.numerator
    floor = isqrt(over // under)
    return floor if floor > 0 and floor * floor * under >= over else floor + 1
