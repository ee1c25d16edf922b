# SPDX-License-Identifier: Apache-2.0
"""Whether a disparity has changed over periods: Woolf's test, corrected over everything that is asked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from audit.bias import significance
from audit.bias.cube import UNKNOWN, Cube, Kind
from audit.bias.intervals import log_ratio, of_ratio
from audit.bias.policy import FairnessPolicy
from audit.bias.rates import Floats, groups


@dataclass(frozen=True, slots=True)
class RuleOf:
    """The rule of a tag from a period on."""

    period: str
    version: int
    rule: str


@dataclass(frozen=True, slots=True, eq=False)
class Drift:
    """The ratio of one group to everybody else, period by period."""

    tag: str
    version: int
    attribute: str
    group: str
    periods: tuple[str, ...]
    ratio: Floats
    low: Floats
    high: Floats
    p: float
    """Of one ratio in all periods; adjusted after `drift_of_all`; NaN when it cannot be asked."""
    jump: str
    """The period before which the ratio changed most, by its error; '' when there is none."""
    least: int
    """Fewest people, with or without the tag, that any of its figures is made of."""


def drift(cube: Cube, policy: FairnessPolicy, *, value: str = "yes") -> list[Drift]:
    """Return the drift of each group of each attribute of the policy over the last periods."""
    (axis,) = cube.of_kind(Kind.PERIOD)
    periods = axis.values[-policy.drift.periods :]
    found = []
    for attribute in policy.attributes:
        trials = [groups(cube.at(axis.name, one), [attribute], value=value) for one in periods]
        labels = [label[0] for label in trials[0].labels]
        known = np.array([label != UNKNOWN for label in labels])
        a = np.stack([t.successes for t in trials], axis=1)[known]
        n = np.stack([t.trials for t in trials], axis=1)[known]
        b, m = a.sum(axis=0) - a, n.sum(axis=0) - n
        p = significance.heterogeneity(a, n, b, m)
        p = np.where(n.min(axis=1) >= policy.n_min, p, np.nan)
        ratio = np.exp(log_ratio(a, n, b, m)[0])
        low, high = of_ratio(a, n, b, m, float(policy.alpha))
        least = np.minimum(np.minimum(a, n - a), np.minimum(b, m - b)).min(axis=1)
        jumps = _jumps(*log_ratio(a, n, b, m))
        for row, label in enumerate(label for label in labels if label != UNKNOWN):
            jump = periods[jumps[row]] if jumps[row] else ""
            found.append(
                Drift(
                    cube.tag,
                    cube.version,
                    attribute,
                    label,
                    periods,
                    ratio[row],
                    low[row],
                    high[row],
                    float(p[row]),
                    jump,
                    int(least[row]),
                )
            )
    return found


def drift_of_all(found: Sequence[Drift]) -> list[Drift]:
    """Return the drifts with p adjusted by Benjamini and Hochberg over all of them."""
    adjusted = significance.benjamini_hochberg(np.array([one.p for one in found]))
    return [replace(one, p=float(p)) for one, p in zip(found, adjusted, strict=True)]


def _jumps(value: Floats, error: Floats) -> list[int]:
    """Return for each row the later period of the largest change; 0 when no change can be seen."""
    change = np.abs(np.diff(value, axis=1)) / np.sqrt(error[:, 1:] ** 2 + error[:, :-1] ** 2)
    change = np.nan_to_num(change, nan=0.0)
    return [int(row.argmax()) + 1 if row.size and row.max() > 0 else 0 for row in change]
