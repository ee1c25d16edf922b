# SPDX-License-Identifier: Apache-2.0
"""What tags say about a sealed attribute: one tag, all pairs, the whole set; from counts.

The model of the whole set predicts the attribute: it is a dangerous object. It lives in one function
call, is applied to counts only, and is never returned.
"""

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

from audit.bias import significance
from audit.bias.policy import FairnessPolicy
from audit.bias.rates import Floats, Ints

ROWS: Final = 1 << 16
SAMPLE: Final = 50_000
"""People from whom trees learn, at the most."""

LN2: Final = float(np.log(2))
SCANS: Final = 3
"""Single tags, pairs, the whole set: together they raise a false alarm no more often than `alpha`."""


@dataclass(frozen=True, slots=True, eq=False)
class Leaks:
    """What some tables of tag by attribute say, each in bits."""

    bits: Floats
    """Mutual information as counted."""
    corrected: Floats
    """Less what chance alone gives on average (Miller and Madow), not below 0."""
    p: Floats
    """Of no relation; not adjusted."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two tags that together say more than the policy allows."""

    first: int
    second: int
    bits: float
    beyond_single: float
    """Bits above what the two say one by one."""
    p: float
    """Adjusted by Holm over all pairs."""


@dataclass(frozen=True, slots=True)
class Auc:
    """How well the whole tag set tells an attribute value from the rest, on people not learnt from."""

    auc: float
    error: float
    """Standard error after Hanley and McNeil."""
    above: bool
    """Above the limit, and not by chance."""


def information(tables: NDArray[Any]) -> Leaks:
    """Return what tables of counts (the last two axes: tag value, attribute value) say."""
    counts = np.asarray(tables, dtype=float)
    total = counts.sum(axis=(-2, -1))
    rows, columns = counts.sum(axis=-1), counts.sum(axis=-2)
    freedom = np.maximum((rows > 0).sum(axis=-1) - 1, 0) * np.maximum(
        (columns > 0).sum(axis=-1) - 1, 0
    )
    nats = _nlogn(counts, (-2, -1)) - _nlogn(rows, (-1,)) - _nlogn(columns, (-1,))
    nats = np.maximum(nats + special.xlogy(total, total), 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        bits = np.where(total > 0, nats / total / LN2, np.nan)
        chance = np.where(total > 0, freedom / (2 * total * LN2), np.nan)
    p = np.where(freedom > 0, special.chdtrc(np.maximum(freedom, 1), 2 * nats), np.nan)
    return Leaks(bits, np.maximum(bits - chance, 0.0), p)


def gram(bits: NDArray[np.uint8], code: NDArray[Any], groups: int) -> Ints:
    """Return how many people of each group hold both of each two tags: group by tag by tag.

    `bits` goes by person and tag, `code` is the group of each person. Exact: blocks are small enough
    for whole numbers in single precision.
    """
    tags = bits.shape[1]
    found = np.zeros((groups, tags, tags), dtype=np.int64)
    for start in range(0, len(bits), ROWS):
        block, part = bits[start : start + ROWS], code[start : start + ROWS]
        for group in range(groups):
            held = block[part == group].astype(np.float32)
            found[group] += (held.T @ held).astype(np.int64)
    return found


def pair_tables(held: Ints, sizes: Ints) -> tuple[Ints, Ints]:
    """Return (pairs, tables): each pair of tags and its counts (none, first, second, both) by group."""
    first, second = np.triu_indices(held.shape[1], k=1)
    both = held[:, first, second]
    alone = np.diagonal(held, axis1=1, axis2=2)
    one, other = alone[:, first] - both, alone[:, second] - both
    none = sizes[:, None] - both - one - other
    return np.column_stack([first, second]), np.stack([none, one, other, both]).transpose(2, 0, 1)


def scan(held: Ints, sizes: Ints) -> tuple[Ints, Leaks, Floats]:
    """Return (pairs, what each pair says, what it says beyond its two tags) for all pairs of tags."""
    pairs, tables = pair_tables(held, sizes)
    found, single = information(tables), information(singles(held, sizes)).bits
    return pairs, found, found.bits - single[pairs[:, 0]] - single[pairs[:, 1]]


def singles(held: Ints, sizes: Ints) -> Ints:
    """Return the tables (without, with the tag) by group for each single tag."""
    alone = np.diagonal(held, axis1=1, axis2=2).T
    return np.stack([sizes[None, :] - alone, alone], axis=1)


def over_single(held: Ints, sizes: Ints, policy: FairnessPolicy) -> list[int]:
    """Return the tags that alone say more than the policy allows, and not by chance."""
    found = information(singles(held, sizes))
    over = found.corrected > float(policy.leak.tag_bits)
    sure = significance.holm(found.p) < float(policy.alpha) / SCANS
    return np.flatnonzero(over & sure).tolist()


def over_pairs(held: Ints, sizes: Ints, policy: FairnessPolicy) -> list[Pair]:
    """Return the pairs that say more than the policy allows, and not by chance; the worst first."""
    pairs, found, beyond = scan(held, sizes)
    p = significance.holm(found.p)
    with np.errstate(invalid="ignore"):
        over = (found.corrected > float(policy.leak.pair_bits)) & (p < float(policy.alpha) / SCANS)
    chosen = np.flatnonzero(over)
    chosen = chosen[np.argsort(-found.corrected[chosen], kind="stable")]
    return [
        Pair(
            int(pairs[n, 0]),
            int(pairs[n, 1]),
            float(found.corrected[n]),
            float(beyond[n]),
            float(p[n]),
        )
        for n in chosen
    ]


def joint_auc(
    patterns: NDArray[np.uint8],
    counts: NDArray[np.int64],
    policy: FairnessPolicy,
    *,
    model: Literal["pairs", "trees"] = "pairs",
) -> Auc:
    """Return how well all tags together tell an attribute value from the rest.

    `patterns` are the different sets of tags (pattern by tag), `counts` the people with each
    (pattern by rest, value). People are dealt into folds by the seed of the policy; each fold is
    judged by a model of the others. `pairs`: Bayes' rule over tags and the pairs that say more
    together. `trees` needs scikit-learn, and finds what takes three tags and more.
    """
    rng = np.random.default_rng(policy.seed)
    folds = policy.leak.folds
    dealt = rng.multinomial(counts, np.full(folds, 1 / folds)).transpose(2, 0, 1)
    wins = weight = 0.0
    for held_out in dealt:
        learnt = counts - held_out
        if not (learnt.sum(axis=0).all() and held_out.sum(axis=0).all()):
            continue
        score = _bayes(patterns, learnt) if model == "pairs" else _trees(patterns, learnt, policy)
        worth = float(held_out[:, 0].sum()) * float(held_out[:, 1].sum())
        wins += auc(score, held_out) * worth
        weight += worth
    if not weight:
        return Auc(float("nan"), float("nan"), above=False)
    value = wins / weight
    error = _hanley(value, *counts.sum(axis=0).tolist())
    limit = float(policy.leak.auc)
    sure = value - special.ndtri(1 - float(policy.alpha) / SCANS) * error > limit
    return Auc(value, error, above=bool(sure))


def auc(score: Floats, counts: NDArray[np.int64]) -> float:
    """Return the share of (rest, value) pairs of people in which the value scores higher; ties half."""
    _, place = np.unique(score, return_inverse=True)
    rest, value = (np.bincount(place, weights=counts[:, n]) for n in (0, 1))
    below = np.cumsum(rest) - rest
    return float((value * (below + rest / 2)).sum() / (rest.sum() * value.sum()))


def _nlogn(counts: Any, axes: tuple[int, ...]) -> Any:
    return special.xlogy(counts, counts).sum(axis=axes)


def _hanley(value: float, rest: int, held: int) -> float:
    first, second = value / (2 - value), 2 * value**2 / (1 + value)
    spread = (
        value * (1 - value) + (held - 1) * (first - value**2) + (rest - 1) * (second - value**2)
    )
    return float(np.sqrt(max(spread, 0.0) / (rest * held)))


def _bayes(patterns: NDArray[np.uint8], counts: NDArray[np.int64]) -> Floats:
    """Return the log odds of each pattern; only what pays for its parameters takes part (AIC)."""
    bits = patterns.astype(np.float64)
    held = np.stack([(bits.T @ (bits * counts[:, [c]])) for c in (0, 1)]).astype(np.int64)
    sizes = counts.sum(axis=0)
    total = float(sizes.sum())
    pairs, tables = pair_tables(held, sizes)
    alone = singles(held, sizes)
    single_bits = information(alone).bits
    gain = information(tables).bits - single_bits[pairs[:, 0]] - single_bits[pairs[:, 1]]
    price = 2 * (1 + np.log(max(len(pairs), 1)))
    score = np.full(len(patterns), np.log(sizes[1] / sizes[0]))
    times = (2 * total * LN2 * single_bits > 2).astype(int)  # each tag once; a pair brings both
    tree = list(range(patterns.shape[1]))  # pairs make no circle: nothing is counted twice
    linked = np.zeros(patterns.shape[1], dtype=int)
    for n in np.argsort(-gain, kind="stable"):
        if 2 * total * LN2 * gain[n] <= price:
            break
        first, second = pairs[n].tolist()
        one, other = tree[first], tree[second]
        if one != other:
            tree = [one if root == other else root for root in tree]
            linked[[first, second]] += 1
            cell = patterns[:, first].astype(int) + 2 * patterns[:, second].astype(int)
            score += _log_odds(tables[n], sizes)[cell]
    times = np.where(linked > 0, 1 - linked, times)
    for tag in np.flatnonzero(times).tolist():
        score += times[tag] * _log_odds(alone[tag], sizes)[patterns[:, tag].astype(int)]
    return score


def _log_odds(table: NDArray[np.int64], sizes: NDArray[np.int64]) -> Floats:
    shares = (table + 0.5) / (sizes + 0.5 * len(table))
    return np.asarray(np.log(shares[:, 1] / shares[:, 0]))


def _trees(
    patterns: NDArray[np.uint8], counts: NDArray[np.int64], policy: FairnessPolicy
) -> Floats:
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415  (an extra)

    flat = counts.ravel()
    if flat.sum() > SAMPLE:
        flat = np.random.default_rng(policy.seed).multinomial(SAMPLE, flat / flat.sum())
    rows = np.repeat(np.repeat(patterns, 2, axis=0), flat, axis=0)
    held = np.repeat(np.tile([0, 1], len(patterns)), flat)
    model = HistGradientBoostingClassifier(random_state=policy.seed)
    model.fit(rows, held)
    return np.asarray(model.decision_function(patterns))
