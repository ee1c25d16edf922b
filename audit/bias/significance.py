# SPDX-License-Identifier: Apache-2.0
"""Tests and their corrections: is there a difference, is it beyond the limit, could it be seen at all."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from audit.bias.intervals import log_ratio
from audit.bias.rates import Floats, strict

EXACT_BELOW: Final = 1_000
"""Expected people below which a difference is tested exactly; above, the exact and the normal tail agree."""


def of_difference(a: NDArray[Any], n: NDArray[Any], b: NDArray[Any], m: NDArray[Any]) -> Floats:
    """Return two-sided p of a/n against b/m: twice Fisher's smaller tail, at most 1.

    From 1,000 expected people in the smallest cell on, the score test with correction. NaN where a
    side has nobody.
    """
    a, n, b, m = (np.asarray(x, dtype=np.int64) for x in (a, n, b, m))
    both, held = n + m, a + b
    least = np.minimum(held, both - held) * (np.minimum(n, m) / np.maximum(both, 1))
    found = np.full(np.broadcast(a, b).shape, np.nan)
    known = (n > 0) & (m > 0)
    few = known & (least < EXACT_BELOW)
    if few.any():
        low = stats.hypergeom.cdf(a[few], both[few], held[few], n[few])
        high = stats.hypergeom.sf(a[few] - 1, both[few], held[few], n[few])
        found[few] = np.minimum(2 * np.minimum(low, high), 1.0)
    many = known & ~few
    if many.any():
        pooled = held[many] / both[many]
        error = np.sqrt(pooled * (1 - pooled) * (1 / n[many] + 1 / m[many]))
        gap = np.abs(a[many] / n[many] - b[many] / m[many])
        gap = np.maximum(gap - 0.5 * (1 / n[many] + 1 / m[many]), 0.0)
        found[many] = 2 * special.ndtr(-gap / error)
    return found


def beyond(
    a: NDArray[Any],
    n: NDArray[Any],
    b: NDArray[Any],
    m: NDArray[Any],
    *,
    floor: float,
    benefit: bool,
) -> tuple[Floats, Floats]:
    """Return (p that the group is within the limit although it looks worse, p of the opposite).

    The limit is `floor` for the ratio of the group's rate to the others', or of theirs to the
    group's when the tag is a burden. A small first p says breach, a small second says within. NaN
    where a side has nobody, or nobody is tagged. The score test of Farrington and Manning (1990):
    that of Miettinen and Nurminen (1985) without its factor N/(N-1), so at a ratio of one its square is
    Pearson's chi-square. A Wald test of the logarithm says "within" too often in small groups.
    """
    limit = floor if benefit else 1 / floor
    a, n, b, m = (np.asarray(x, dtype=float) for x in (a, n, b, m))
    z = _score(a, n, b, m, limit)
    z = z if benefit else -z
    return special.ndtr(z), special.ndtr(-z)


def nearest_rates(a: Any, n: Any, b: Any, m: Any, limit: Any) -> tuple[Floats, Floats]:
    """Return the likeliest rates of both sides if that of a/n were `limit` times that of b/m."""
    twice = n * limit + a + m + b * limit
    held = 2 * (n + m) * limit
    with np.errstate(invalid="ignore", divide="ignore"):
        other = (twice - np.sqrt(np.maximum(twice**2 - 2 * held * (a + b), 0.0))) / held
    return np.minimum(limit * other, 1.0), other


def _score(a: Floats, n: Floats, b: Floats, m: Floats, limit: float) -> Floats:
    """Return how many errors a/n is above `limit` times b/m, the error as if the limit held."""
    own, other = nearest_rates(a, n, b, m, limit)
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.sqrt(own * (1 - own) / n + limit**2 * other * (1 - other) / m)
        z = (a / n - limit * b / m) / error
    return np.where((n > 0) & (m > 0) & (error > 0), z, np.nan)


def global_p(successes: NDArray[Any], trials: NDArray[Any]) -> float:
    """Return p of the chi-square test that all groups have one rate; NaN when it cannot be asked."""
    n = trials[trials > 0].astype(float)
    a = successes[trials > 0]
    held = a.sum() / n.sum() if len(n) else 0.0
    if len(n) < 2 or held in {0.0, 1.0}:
        return float("nan")
    value = float((((a - n * held) ** 2) / (n * held * (1 - held))).sum())
    return float(special.chdtrc(len(n) - 1, value))


def association(table: NDArray[Any]) -> tuple[float, float]:
    """Return (Cramér's V, p) of a table of counts, for tags with several values; NaN when undefined."""
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0].astype(float)
    least = min(table.shape) - 1
    if least < 1:
        return float("nan"), float("nan")
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    value = float(((table - expected) ** 2 / expected).sum())
    freedom = (table.shape[0] - 1) * (table.shape[1] - 1)
    return float(np.sqrt(value / table.sum() / least)), float(special.chdtrc(freedom, value))


def holm(p: NDArray[Any]) -> Floats:
    """Return p values adjusted by Holm; NaN stays NaN and does not count as a test."""
    return _step(np.asarray(p, float), down=True)


def benjamini_hochberg(p: NDArray[Any]) -> Floats:
    """Return p values adjusted by Benjamini and Hochberg; NaN stays NaN."""
    return _step(np.asarray(p, float), down=False)


def _step(p: Floats, *, down: bool) -> Floats:
    found = np.full(p.shape, np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    count = len(order)
    rank = np.arange(1, count + 1)
    if down:
        adjusted = np.maximum.accumulate(p[order] * (count - rank + 1))
    else:
        adjusted = np.minimum.accumulate((p[order] * count / rank)[::-1])[::-1]
    found[order] = np.minimum(adjusted, 1.0)
    return found


def detectable_ratio(
    n: NDArray[Any],
    b: NDArray[Any],
    m: NDArray[Any],
    *,
    floor: float,
    benefit: bool,
    alpha: float,
    power: float,
) -> Floats:
    """Return, for each group, the mildest ratio beyond the limit that would be found with `power`.

    It is the ratio to the others' rate: below `floor` for a benefit, above 1/floor for a burden. NaN
    when not even the worst ratio would be found. `alpha` is one-sided, after correction.
    """
    n, b, m = (np.asarray(x, dtype=float) for x in (n, b, m))
    rate = strict(b, m)
    need = special.ndtri(1 - alpha) + special.ndtri(power)

    def seen(ratio: Floats) -> Any:
        z = _score(np.minimum(ratio * rate, 1.0) * n, n, b, m, floor if benefit else 1 / floor)
        return (z if benefit else -z) <= -need

    worst = np.full(rate.shape, 1e-9) if benefit else 1 / np.maximum(rate, 1e-12)
    limit = np.full(rate.shape, floor if benefit else 1 / floor)
    possible = ~np.isnan(rate) & (n > 0) & (b > 0) & seen(worst)
    bad, good = np.where(possible, worst, np.nan), limit
    for _ in range(50):
        middle = (bad + good) / 2
        found = seen(middle)
        bad, good = np.where(found, middle, bad), np.where(found, good, middle)
    return bad


def heterogeneity(a: NDArray[Any], n: NDArray[Any], b: NDArray[Any], m: NDArray[Any]) -> Floats:
    """Return p of Woolf's test that the ratio is the same in all periods (the last axis).

    Periods without people on one side count for nothing; NaN when fewer than two are left.
    """
    value, error = log_ratio(a, n, b, m)
    known = ~np.isnan(value) & ((np.asarray(a) + np.asarray(b)) > 0)
    weight = np.where(known, 1 / np.where(known, error, 1.0) ** 2, 0.0)
    value = np.where(known, value, 0.0)
    total = weight.sum(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore"):
        middle = (weight * value).sum(axis=-1, keepdims=True) / total
        spread = (weight * (value - middle) ** 2).sum(axis=-1)
    freedom = known.sum(axis=-1) - 1
    return np.where(freedom > 0, special.chdtrc(np.maximum(freedom, 1), spread), np.nan)


def resample(counts: NDArray[Any], draws: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the cube of `draws` samples of people with replacement; the first axis is the draw.

    Rows drawn with replacement are a multinomial draw over the cells: the same law, without rows.
    """
    flat = np.asarray(counts).ravel()
    total = int(flat.sum())
    if not total:
        return np.zeros((draws, *np.shape(counts)), dtype=np.int64)
    return rng.multinomial(total, flat / total, size=draws).reshape(draws, *np.shape(counts))


def spread_under_equality(
    successes: NDArray[Any], trials: NDArray[Any], draws: int, rng: np.random.Generator
) -> tuple[float, float]:
    """Return (median, p) of the largest rate less the smallest if all groups had one rate.

    A gap between the extremes is never zero by chance alone: it means nothing without this.
    """
    a, n = successes[trials > 0], trials[trials > 0]
    if len(n) < 2:
        return float("nan"), float("nan")
    drawn = rng.binomial(n, a.sum() / n.sum(), size=(draws, len(n))) / n
    null = drawn.max(axis=1) - drawn.min(axis=1)
    seen = (a / n).max() - (a / n).min()
    return float(np.median(null)), float((1 + (null >= seen - 1e-12).sum()) / (draws + 1))
