# SPDX-License-Identifier: Apache-2.0
"""Replays private boosting on a neighbour: what moved in each leaf, by the noise that it met.

The library sums residuals in compiled code and hands each sum to Python, where noise is added. There it is
heard. Both runs draw the same splits, from one public seed; were a split, or their number, to follow from
the people, the runs would differ and that is a finding. Low bits of the sums are not looked at.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from audit.errors import Finding
from tagging.learning import boosting
from tagging.segmentation.contract import Grid
from tagging.segmentation.noise import Query

Floats = NDArray[np.float64]
_SEED: Final = 7  # of splits, in an audit only


@dataclass(frozen=True, slots=True)
class Step:
    """One feature in one round: where its bins were split, the true sums of the leaves, what was published."""

    split: tuple[int, ...]
    sums: Floats
    published: Floats


@dataclass(slots=True)
class Heard:
    """Records the steps of a run; with `earlier`, publishes what an earlier run did."""

    weights: Sequence[Floats]
    """Of the bins of each feature, noisy: the sum of a leaf and its noise are divided by those of its bins."""
    earlier: Sequence[Step] | None = None
    steps: list[Step] = field(default_factory=list)
    noise: list[float] = field(default_factory=list)
    """Noise on sums of residuals, one for each leaf."""
    moved: float = 0.0
    """Square of what moved against the earlier run, in residuals."""
    split: tuple[int, ...] = ()

    def step(self, feature: int, sums: Floats, published: Floats) -> Floats:
        """Return what a step publishes; raises Finding when the step is not the earlier one."""
        first = [0, *self.split]
        true = sums[first] / boosting.RATE
        if self.earlier is None:
            leaves = np.add.reduceat(self.weights[feature], first)
            self.noise += (-published[first] * leaves / boosting.RATE - true).tolist()
        else:
            number = len(self.steps)
            if number == len(self.earlier) or self.earlier[number].split != self.split:
                raise Finding("audit-questions-differ", "a neighbour makes boosting ask otherwise")
            before = self.earlier[number]
            self.moved += float(((true - before.sums) ** 2).sum())
            published = before.published
        self.steps.append(Step(self.split, true, published.copy()))
        return published


def audit_boosting(
    rows: Grid, neighbour: Grid, bins: Sequence[boosting.Bins], asked: Query
) -> tuple[float, list[float]]:
    """Return the part of the charge that one pair of neighbours loses, and the noise by its deviation.

    An outcome is the sign of the first feature. Raises Finding when the questions differ, or when more is
    lost than was charged.
    """
    weights = [np.array([*held, 0.0]) for _, held in bins]
    deviation = asked.sigma / asked.lattice
    first = Heard(weights)
    second = Heard(weights, first.steps)
    for heard, people in ((first, rows), (second, neighbour)):
        with _through(heard):
            boosting.fitted(people, people[:, 0] > 0, bins, deviation)
    if len(second.steps) < len(first.steps):
        raise Finding("audit-questions-differ", "a neighbour makes boosting ask less")
    part = second.moved / (2 * deviation**2) / float(asked.rho)
    if part > 1 + 1e-9:
        raise Finding(
            "audit-loss-exceeds", f"one person changes the sums {part:.3f} times too much"
        )
    return part, [one / deviation for one in first.noise]


@contextmanager
def _through(heard: Heard) -> Iterator[None]:
    """Let every step of interpret's boosting be heard, and its splits be drawn from the public seed."""
    from interpret.glassbox._ebm import _ebm as fitting
    from interpret.utils._native import Booster

    splits, publish = Booster.get_term_update_splits, Booster.set_term_update

    def noted(booster: Any) -> Any:
        found = splits(
            booster
        )  # true before the update is read: afterwards every bin counts as a leaf
        heard.split = tuple(found[0].tolist())
        return found

    def published(booster: Any, feature: int, noisy: Floats) -> None:
        publish(booster, feature, heard.step(feature, booster.get_term_update(), noisy))

    seed = fitting.normalize_seed
    Booster.get_term_update_splits, Booster.set_term_update = noted, published
    fitting.normalize_seed = lambda _: _SEED
    try:
        yield
    finally:
        Booster.get_term_update_splits, Booster.set_term_update = splits, publish
        fitting.normalize_seed = seed
