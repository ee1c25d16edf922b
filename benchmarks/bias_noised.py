# SPDX-License-Identifier: Apache-2.0
"""Audits by noised counts over planted worlds: what intervals cover, false breaches, and what is still found.

Beside each figure stands the same without the noise's variance in intervals and tests: what a reader of
noised counts gets from the formulas for exact ones.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from audit.bias import noised, noised_verdict
from audit.bias.cube import Axis, Cube, Kind
from audit.bias.noised import Side
from audit.bias.policy import FairnessPolicy
from audit.bias.verdict import Status, judge
from benchmarks.measure import Result
from tagging.segmentation.accounting import PrivacyBudget
from tagging.segmentation.crosstab import question

EPSILON = (0.1, 0.3, 1.0)
FORGOTTEN = "the same without the noise's variance"


def sigma_of(epsilon: float) -> int:
    return question(PrivacyBudget(epsilon), 2).sigma


def intervals(draws: int) -> Iterator[Result]:
    """Bar 4: coverage of every interval that is published, groups of 1 and of 8 cells on a side."""
    rng = np.random.default_rng(14)
    for epsilon in EPSILON:
        lowest: dict[str, list[float]] = {}
        for n in (200, 1000, 10_000):
            for m in (400, 10_000):
                for p in (0.02, 0.1, 0.3, 0.5, 0.9):
                    for ratio in (0.6, 0.8, 1.0, 1.4):
                        for cells in (1, 8):
                            if p / ratio < 0.95:
                                _covered(
                                    lowest, rng, draws, sigma_of(epsilon), n, m, p, ratio, cells
                                )
        for name, (honest, deaf) in sorted(lowest.items()):
            yield Result(
                f"lowest coverage, noised, {name}, epsilon {epsilon}", honest, deaf, "share", FORGOTTEN, ">= 0.93"
            )  # fmt: skip


def _covered(  # noqa: PLR0917  (one row of a grid)
    lowest: dict[str, list[float]],
    rng: Any,
    draws: int,
    sigma: int,
    n: int,
    m: int,
    p: float,
    ratio: float,
    cells: int,
) -> None:
    own = _side(rng, draws, n, p, sigma * np.sqrt(cells))
    other = _side(rng, draws, m, p / ratio, sigma * np.sqrt(3 * cells))
    deaf = [Side(s.successes, s.failures, (np.zeros(draws),) * 2) for s in (own, other)]
    for place, (one, rest) in enumerate(((own, other), deaf)):
        for name, (low, high), truth in (
            ("rate", noised.of_rate(one), p),
            ("ratio", noised.of_ratio(one, rest), ratio),
            ("difference", noised.of_difference(one, rest), p - p / ratio),
        ):
            told = ~np.isnan(low)
            slack = 1e-9 * abs(truth)
            share = float(((low <= truth + slack) & (truth - slack <= high))[told].mean())
            worst = lowest.setdefault(name, [1.0, 1.0])
            worst[place] = min(worst[place], share)


def _side(rng: Any, draws: int, n: int, p: float, deviation: float) -> Side:
    held = rng.binomial(n, p, draws)
    with_it, without = (
        part + np.rint(rng.normal(0, deviation, draws)) for part in (held, n - held)
    )
    return Side(with_it, without, (np.full(draws, deviation**2),) * 2)


def verdicts(worlds: int, limits: FairnessPolicy) -> Iterator[Result]:
    """Bar 5: equal groups are no breach; a planted ratio is found, beside what exact counts find."""
    rng = np.random.default_rng(15)
    shares = np.geomspace(0.001, 0.17, 18)
    for epsilon in EPSILON:
        for people in (3_000, 20_000, 100_000):
            alarms = deaf = 0
            for _ in range(worlds):
                cube = _noised(rng, people, shares, np.full(18, 0.2), sigma_of(epsilon))
                alarms += _status(cube, epsilon, limits) is Status.BREACH
                deaf += _status(cube, None, limits) is Status.BREACH
            name = f"false breach, noised, 18 equal groups, {people:,}, epsilon {epsilon}"
            yield Result(name, alarms / worlds, deaf / worlds, "share", FORGOTTEN, "<= 0.01")
    rates = np.full(10, 0.2)
    rates[4] = 0.12
    for epsilon in EPSILON:
        for people in (5_000, 20_000, 100_000):
            hit = wrong = exact = 0
            for _ in range(worlds):
                true = _drawn(rng, people, np.ones(10), rates)
                cube = _with_noise(rng, true, sigma_of(epsilon))
                verdict = noised_verdict.judge(
                    cube, float(sigma_of(epsilon) ** 2), limits, {"yes": True}
                ).verdict
                breach = verdict.judgements[0].statuses == Status.BREACH
                hit += breach[4]
                wrong += np.delete(breach, 4).any()
                exact += (
                    judge(true, limits, {"yes": True}).judgements[0].statuses[4] == Status.BREACH
                )
            facts = {"wrong_group": float(wrong / worlds)}
            name = f"ratio 0.6 found, noised, n = {people // 10:,}, epsilon {epsilon}"
            yield Result(name, hit / worlds, exact / worlds, "share", "exact counts", "", facts)


def _status(cube: Cube, epsilon: float | None, limits: FairnessPolicy) -> Status:
    """Return the verdict; without epsilon that of tests that take the noise for people."""
    variance = 1e-9 if epsilon is None else float(sigma_of(epsilon) ** 2)
    return noised_verdict.judge(cube, variance, limits, {"yes": True}).verdict.status


def _drawn(rng: Any, people: int, shares: Any, rates: Any) -> Cube:
    n = rng.multinomial(people, shares / shares.sum())
    a = rng.binomial(n, rates)
    names = tuple(f"g{i}" for i in range(len(n)))
    axes = (Axis("group", Kind.ATTRIBUTE, names), Axis("tag", Kind.TAG, ("no", "yes")))
    return Cube("t.x", 1, axes, np.stack([n - a, a], axis=1))


def _with_noise(rng: Any, cube: Cube, sigma: int) -> Cube:
    noise = np.rint(rng.normal(0, sigma, cube.counts.shape)).astype(np.int64)
    return Cube(cube.tag, cube.version, cube.axes, cube.counts + noise)


def _noised(rng: Any, people: int, shares: Any, rates: Any, sigma: int) -> Cube:
    return _with_noise(rng, _drawn(rng, people, shares, rates), sigma)
