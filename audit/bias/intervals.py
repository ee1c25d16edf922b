# SPDX-License-Identifier: Apache-2.0
"""Intervals for rates, differences and ratios, each with the coverage it states.

Clopper-Pearson below 200 people, where Wilson's dips under its level; Wilson's from there on;
Newcombe's for a difference; the logarithm with half a person added for a ratio. Never a percentile
bootstrap: it has no width at 0 of n, and says 9 % where it means 95 %.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import special

from audit.bias.rates import Floats, strict

CLOPPER_BELOW: Final = 200
Pair = tuple[Floats, Floats]


def z_of(alpha: float) -> float:
    """Return the two-sided normal quantile of an error level."""
    return float(special.ndtri(1 - alpha / 2))


def wilson(successes: NDArray[Any], trials: NDArray[Any], alpha: float = 0.05) -> Pair:
    """Return Wilson's interval; NaN where there are no trials."""
    z = z_of(alpha)
    n = np.where(trials > 0, trials, np.nan).astype(float)
    with np.errstate(invalid="ignore"):
        middle = (successes + z * z / 2) / (n + z * z)
        half = z / (n + z * z) * np.sqrt(successes * (n - successes) / n + z * z / 4)
        return np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0)


def clopper(successes: NDArray[Any], trials: NDArray[Any], alpha: float = 0.05) -> Pair:
    """Return the exact interval of Clopper and Pearson; NaN where there are no trials."""
    a, n = np.asarray(successes, float), np.asarray(trials, float)
    known = n > 0
    with np.errstate(invalid="ignore"):
        low = np.where(a > 0, special.betaincinv(np.maximum(a, 1), n - a + 1, alpha / 2), 0.0)
        high = np.where(a < n, special.betaincinv(a + 1, np.maximum(n - a, 1), 1 - alpha / 2), 1.0)
    return np.where(known, low, np.nan), np.where(known, high, np.nan)


def of_rate(successes: NDArray[Any], trials: NDArray[Any], alpha: float = 0.05) -> Pair:
    """Return the interval that is published for a rate."""
    exact, score = clopper(successes, trials, alpha), wilson(successes, trials, alpha)
    few = np.asarray(trials) < CLOPPER_BELOW
    return np.where(few, exact[0], score[0]), np.where(few, exact[1], score[1])


def of_difference(
    a: NDArray[Any], n: NDArray[Any], b: NDArray[Any], m: NDArray[Any], alpha: float = 0.05
) -> Pair:
    """Return Newcombe's interval (his method 10) of a/n - b/m."""
    p, q = strict(a, n), strict(b, m)
    low_p, high_p = wilson(a, n, alpha)
    low_q, high_q = wilson(b, m, alpha)
    low = p - q - np.sqrt((p - low_p) ** 2 + (high_q - q) ** 2)
    high = p - q + np.sqrt((high_p - p) ** 2 + (q - low_q) ** 2)
    return np.maximum(low, -1.0), np.minimum(high, 1.0)


def log_ratio(
    a: NDArray[Any], n: NDArray[Any], b: NDArray[Any], m: NDArray[Any]
) -> tuple[Floats, Floats]:
    """Return the logarithm of (a/n) / (b/m) and its standard error, half a person added to each side.

    NaN where a side has no trials.
    """
    known = (np.asarray(n) > 0) & (np.asarray(m) > 0)
    value = np.log((a + 0.5) / (n + 1.0)) - np.log((b + 0.5) / (m + 1.0))
    error = np.sqrt(1 / (a + 0.5) - 1 / (n + 1.0) + 1 / (b + 0.5) - 1 / (m + 1.0))
    return np.where(known, value, np.nan), np.where(known, error, np.nan)


def of_ratio(
    a: NDArray[Any], n: NDArray[Any], b: NDArray[Any], m: NDArray[Any], alpha: float = 0.05
) -> Pair:
    """Return the interval of (a/n) / (b/m); from 0, without an upper end, when nobody is tagged."""
    value, error = log_ratio(a, n, b, m)
    z = z_of(alpha)
    low, high = np.exp(value - z * error), np.exp(value + z * error)
    low = np.where(np.asarray(a) == 0, 0.0, low)
    high = np.where(np.asarray(b) == 0, np.inf, high)
    nothing = (np.asarray(a) == 0) & (np.asarray(b) == 0)
    known = ~np.isnan(value) & ~nothing
    return np.where(known, low, np.nan), np.where(known, high, np.nan)
