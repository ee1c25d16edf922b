# SPDX-License-Identifier: Apache-2.0
"""The verdict on a tag from noised counts: the three values of `verdict`, by tests that know of the noise.

Also where the policy reads a census the noise leaves a doubt: a test decides, without the chance of sampling.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audit.bias import noised
from audit.bias.cube import UNKNOWN, Cube, groupings
from audit.bias.noised import Side, side_of
from audit.bias.policy import FairnessPolicy
from audit.bias.rates import Floats, groups
from audit.bias.verdict import (
    NO_OTHERS,
    SMALL_CATEGORY,
    TOO_FEW,
    TOO_FEW_TAGGED,
    TOO_NOISY,
    Judgement,
    Status,
    TagVerdict,
    Texts,
    against_each,
    concluded,
)


@dataclass(frozen=True, slots=True, eq=False)
class Noised:
    """A tag judged from noised counts; `sides` are, for each judgement, its groups and who is unknown."""

    cube: Cube
    variance: float
    """Of the noise in one cell."""
    verdict: TagVerdict
    sides: Sequence[tuple[Side, Side]]


def judge(
    cube: Cube, variance: float, policy: FairnessPolicy, benefit: Mapping[str, bool]
) -> Noised:
    """Return the verdict on a tag; `cube` has noised cells, some of which may be below zero.

    `benefit` as for `verdict.judge`. Raises BadInput when the cube lacks an axis that the policy names.
    """
    cells = Cube(cube.tag, cube.version, cube.axes, np.ones_like(cube.counts))
    measured, sides = [], []
    for value, good in benefit.items():
        for rate in policy.rates:
            for names in groupings(policy.attributes, policy.intersections):
                trials = groups(cube, names, rate=rate, value=value)
                of = groups(cells, names, rate=rate, value=value)
                is_known = np.array([UNKNOWN not in label for label in trials.labels], dtype=bool)
                hidden = side_of(trials.keep(~is_known), of.keep(~is_known), variance)
                known = trials.keep(is_known)
                side = side_of(known, of.keep(is_known), variance)
                unknown = int(hidden.successes.sum()), int(hidden.trials.sum())
                others = tuple(part.sum() - part for part in (known.successes, known.trials))
                why = _why_not(side, policy)
                able = why == ""
                differs = np.where(able, noised.p_of_difference(side, side.without()), np.nan)
                tests = _against(side, able, policy, good=good)
                measured.append(
                    Judgement(
                        rate, value, good, known, unknown, (others[0], others[1]), able, why,
                        differs, *tests, why, Status.INSUFFICIENT, "",
                    )
                )  # fmt: skip
                sides.append((side, hidden))
    return Noised(cube, variance, concluded(cube, measured, policy, certain=False), sides)


def _why_not(side: Side, policy: FairnessPolicy) -> Texts:
    """Return for each group why it cannot be judged; '' when it can. All by noised numbers."""
    n, people = side.trials, max(float(side.trials.sum()), 1.0)
    overall = min(max(float(side.successes.sum()) / people, 0.0), 1.0)
    cases = [
        (n < float(policy.exclude_share_below) * people, SMALL_CATEGORY),
        (n < policy.n_min, TOO_FEW),
        (~noised.comparable(side), TOO_NOISY),
        (n * overall < policy.n_pos_min, TOO_FEW_TAGGED),
        (people - n < policy.n_min, NO_OTHERS),
        (~noised.comparable(side.without()), TOO_NOISY),
    ]
    return np.select([case for case, _ in cases], [name for _, name in cases], default="")


def _against(
    side: Side, able: NDArray[np.bool_], policy: FairnessPolicy, *, good: bool
) -> tuple[Floats, Floats]:
    """Return p of a breach and of the opposite for each group, as the policy compares them."""
    floor, sampling = float(policy.impact_ratio.floor), policy.reads == "sample"
    if policy.impact_ratio.against == "rest":
        breach, within = noised.beyond(
            side, side.without(), floor=floor, benefit=good, sampling=sampling
        )
    else:  # against every other group: the best is not chosen by looking
        own, other = side.at(np.s_[:, None]), side.at(np.s_[None, :])
        breach, within = noised.beyond(own, other, floor=floor, benefit=good, sampling=sampling)
        breach, within, able = against_each(breach, within, able)
    return np.where(able, breach, np.nan), np.where(able, within, np.nan)
