# SPDX-License-Identifier: Apache-2.0
"""The verdict on a tag: breach, within the policy, or not enough evidence; never "fair" for lack of data.

- Breach: the data contradict that the group is within the limit, after Holm's correction over all
  groups of the tag.
- Within: the data contradict that the group is beyond the limit.
- Insufficient: neither, with the reason, and the mildest ratio that would have been found.
People whose attribute is unknown are nobody's comparison; they are counted and shown apart.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from audit.bias import intervals, significance
from audit.bias.cube import UNKNOWN, Cube, Kind, groupings
from audit.bias.policy import FairnessPolicy
from audit.bias.rates import Floats, Trials, groups, strict
from audit.bias.scoring import ABOVE

Texts = NDArray[np.str_]


class Status(StrEnum):
    """What can be said about a group, an attribute, or a tag."""

    BREACH = "breach"
    WITHIN = "within"
    INSUFFICIENT = "insufficient"


NO_PEOPLE: Final = "no-people"
NOBODY_TAGGED: Final = "nobody-tagged"
TOO_FEW: Final = "too-few"
TOO_FEW_TAGGED: Final = "too-few-tagged"
TOO_NOISY: Final = "too-noisy"
SMALL_CATEGORY: Final = "small-category"
NO_OTHERS: Final = "no-others"
TOO_CLOSE: Final = "too-close"
ALL_UNKNOWN: Final = "all-unknown"
MANY_UNKNOWN: Final = "many-unknown"
BEYOND: Final = "beyond-limit"
SHOWN: Final = "shown-within"
OTHER_TAGS: Final = "not-after-all-tags"
OF_SCORE: Final = {NOBODY_TAGGED: "nobody-above", TOO_FEW_TAGGED: "too-few-above"}
"""What is said of a score instead."""
REASONS: Final = (
    NO_PEOPLE,
    NOBODY_TAGGED,
    TOO_FEW,
    TOO_FEW_TAGGED,
    TOO_NOISY,
    SMALL_CATEGORY,
    NO_OTHERS,
    TOO_CLOSE,
    ALL_UNKNOWN,
    MANY_UNKNOWN,
    BEYOND,
    SHOWN,
    OTHER_TAGS,
    *OF_SCORE.values(),
)


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """One rate over the groups of one attribute, or of several crossed; arrays go by group."""

    rate: str
    value: str
    benefit: bool
    known: Trials
    unknown: tuple[int, int]
    """(successes, trials) of the people with an unknown attribute."""
    others: tuple[NDArray[np.int64], NDArray[np.int64]]
    eligible: NDArray[np.bool_]
    reasons: Texts
    p_difference: Floats
    p_breach: Floats
    p_within: Floats
    statuses: Texts
    status: Status
    reason: str

    @property
    def attributes(self) -> tuple[str, ...]:
        """The attributes whose groups are compared."""
        return self.known.attributes


@dataclass(frozen=True, slots=True, eq=False)
class TagVerdict:
    """What the audit says about a tag: the worst of its parts."""

    tag: str
    version: int
    judgements: tuple[Judgement, ...]
    status: Status
    p: float
    """Smallest adjusted p of a breach; NaN when nothing could be tested."""

    @property
    def corrected_away(self) -> bool:
        """Whether a breach of the tag alone does not hold over all the tags of the audit."""
        own = worst(one.status for one in self.judgements)
        return own is Status.BREACH and self.status is not own


def judge(cube: Cube, policy: FairnessPolicy, benefit: Mapping[str, bool]) -> TagVerdict:
    """Return the verdict on a tag.

    `benefit` says for each value of the tag that is audited whether having it is good for a person
    (the low rate is then the harmed one) or a burden. Raises BadInput when the cube lacks an axis
    that the policy names.
    """
    found = [
        _measure(groups(cube, names, rate=rate, value=value), rate, value, good, policy)
        for value, good in benefit.items()
        for rate in policy.rates
        for names in groupings(policy.attributes, policy.intersections)
    ]
    return concluded(cube, found, policy, certain=policy.reads == "census")


def concluded(
    cube: Cube, found: Sequence[Judgement], policy: FairnessPolicy, *, certain: bool
) -> TagVerdict:
    """Return the verdict on a tag from measured groups, corrected by Holm over all of them.

    `certain` says that the ratio as counted decides; else the tests do.
    """
    p_difference = significance.holm(np.concatenate([j.p_difference for j in found]))
    p_breach = significance.holm(np.concatenate([j.p_breach for j in found]))
    ends = np.cumsum([len(j.p_breach) for j in found])[:-1]
    judged = [
        _decide(j, difference, breach, policy, certain=certain)
        for j, difference, breach in zip(
            found, np.split(p_difference, ends), np.split(p_breach, ends), strict=True
        )
    ]
    tested = p_breach[~np.isnan(p_breach)]
    least = float(tested.min()) if len(tested) else float("nan")
    return TagVerdict(cube.tag, cube.version, tuple(judged), worst(j.status for j in judged), least)


def judge_all(verdicts: Sequence[TagVerdict], policy: FairnessPolicy) -> list[TagVerdict]:
    """Return the verdicts with breaches that hold over all the tags; where the policy reads a census, all."""
    return list(verdicts) if policy.reads == "census" else corrected(verdicts, float(policy.alpha))


def corrected(verdicts: Sequence[TagVerdict], alpha: float) -> list[TagVerdict]:
    """Return the verdicts with breaches that hold after Benjamini and Hochberg over all the tags.

    A breach that does not hold becomes insufficient.
    """
    adjusted = significance.benjamini_hochberg(np.array([v.p for v in verdicts]))
    return [
        replace(verdict, p=float(p), status=_without_breach(verdict, p, alpha))
        for verdict, p in zip(verdicts, adjusted, strict=True)
    ]


def _without_breach(verdict: TagVerdict, p: float, alpha: float) -> Status:
    if verdict.status is Status.BREACH and not p < alpha:
        return Status.INSUFFICIENT
    return verdict.status


def worst(statuses: Iterator[Status]) -> Status:
    """Return breach when there is one, insufficient when something or everything is, else within."""
    found = set(statuses)
    if Status.BREACH in found:
        return Status.BREACH
    return Status.WITHIN if found == {Status.WITHIN} else Status.INSUFFICIENT


def _measure(
    trials: Trials, rate: str, value: str, good: bool, policy: FairnessPolicy
) -> Judgement:
    is_known = np.array([UNKNOWN not in label for label in trials.labels], dtype=bool)
    hidden = (int(trials.successes[~is_known].sum()), int(trials.trials[~is_known].sum()))
    known = trials.keep(is_known)
    a, n = known.successes, known.trials
    b, m = a.sum() - a, n.sum() - n
    reasons = _why_not(a, n, policy)
    eligible = reasons == ""
    p_difference = np.where(eligible, significance.of_difference(a, n, b, m), np.nan)
    breach, within = _against(known, (b, m), eligible, good, policy)
    return Judgement(
        rate,
        value,
        good,
        known,
        hidden,
        (b, m),
        eligible,
        reasons,
        p_difference,
        breach,
        within,
        reasons,
        Status.INSUFFICIENT,
        "",
    )


def _why_not(a: NDArray[np.int64], n: NDArray[np.int64], policy: FairnessPolicy) -> Texts:
    """Return for each group why it cannot be judged; '' when it can."""
    people, tagged = int(n.sum()), int(a.sum())
    expected = n * (tagged / people if people else 0.0)
    cases = [
        (n == 0, NO_PEOPLE),
        (np.full(n.shape, tagged == 0), NOBODY_TAGGED),
        (n == people, NO_OTHERS),
        (n < float(policy.exclude_share_below) * people, SMALL_CATEGORY),
        (n < policy.n_min, TOO_FEW),
        (expected < policy.n_pos_min, TOO_FEW_TAGGED),
        (people - n < policy.n_min, NO_OTHERS),
    ]
    return np.select([case for case, _ in cases], [name for _, name in cases], default="")


def _against(
    known: Trials,
    others: tuple[NDArray[np.int64], NDArray[np.int64]],
    eligible: NDArray[np.bool_],
    good: bool,
    policy: FairnessPolicy,
) -> tuple[Floats, Floats]:
    floor = float(policy.impact_ratio.floor)
    a, n = known.successes, known.trials
    if policy.impact_ratio.against == "rest":
        breach, within = significance.beyond(a, n, *others, floor=floor, benefit=good)
    else:  # against every other group: the best is not chosen by looking
        breach, within = significance.beyond(
            a[:, None], n[:, None], a[None, :], n[None, :], floor=floor, benefit=good
        )
        breach, within, eligible = against_each(breach, within, eligible)
    return np.where(eligible, breach, np.nan), np.where(eligible, within, np.nan)


def against_each(
    breach: Floats, within: Floats, eligible: NDArray[np.bool_]
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Return (p of a breach, p of the opposite, who has a rival) of each group from those against each other.

    The least p of a breach counts by the number of rivals (Bonferroni); within is who is so against all.
    """
    pair = eligible[:, None] & eligible[None, :] & ~np.eye(len(eligible), dtype=bool)
    rivals = np.maximum(pair.sum(axis=1), 1)
    one = np.minimum(np.where(pair, breach, 1.0).min(axis=1, initial=1.0) * rivals, 1.0)
    every = np.where(pair, within, 0.0).max(axis=1, initial=0.0)
    return one, every, eligible & pair.any(axis=1)


def _decide(
    j: Judgement, difference: Floats, breach: Floats, policy: FairnessPolicy, *, certain: bool
) -> Judgement:
    alpha = float(policy.alpha)
    with np.errstate(invalid="ignore"):
        if certain:
            ratio = observed_ratio(j, policy.impact_ratio.against)
            harmed = j.eligible & (ratio < float(policy.impact_ratio.floor))
            inside = j.eligible & (ratio >= float(policy.impact_ratio.floor))
        else:
            harmed = j.eligible & (breach < alpha)
            inside = j.eligible & (j.p_within < alpha) & ~harmed
    statuses = np.select(
        [harmed, inside], [Status.BREACH, Status.WITHIN], default=Status.INSUFFICIENT
    )
    reasons = np.select([harmed, inside, j.eligible], [BEYOND, SHOWN, TOO_CLOSE], default=j.reasons)
    status, reason = _of_all(j, statuses, policy)
    if j.value == ABOVE:
        reasons = np.array([OF_SCORE.get(code, code) for code in reasons.tolist()], dtype=np.str_)
        reason = OF_SCORE.get(reason, reason)
    return replace(
        j,
        p_difference=difference,
        p_breach=breach,
        statuses=statuses,
        reasons=reasons,
        status=status,
        reason=reason,
    )


def observed_ratio(j: Judgement, against: str) -> Floats:
    """Return the ratio that the limit holds for, as counted: group to others, or the inverse."""
    own = strict(j.known.successes, j.known.trials)
    if against == "rest":
        other = strict(*j.others)
    else:
        able = own[j.eligible]
        best = (able.max() if j.benefit else able.min()) if len(able) else np.nan
        other = np.full(own.shape, best)
    top, bottom = (own, other) if j.benefit else (other, own)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(bottom > 0, top / bottom, np.where(top > 0, np.inf, np.nan))


def _of_all(j: Judgement, statuses: Texts, policy: FairnessPolicy) -> tuple[Status, str]:
    """Return the verdict over the groups. Small categories and empty groups do not hold it up."""
    people, unknown = int(j.known.trials.sum()), j.unknown[1]
    if (statuses == Status.BREACH).any():
        return Status.BREACH, BEYOND
    if people <= 0:
        return Status.INSUFFICIENT, ALL_UNKNOWN if unknown > 0 else NO_PEOPLE
    if unknown > float(policy.unknown.max_share) * (people + unknown):
        return Status.INSUFFICIENT, MANY_UNKNOWN
    passed = np.isin(j.reasons, (SMALL_CATEGORY, NO_PEOPLE))
    counted = statuses[~passed]
    if len(counted) and (counted == Status.WITHIN).all():
        return Status.WITHIN, SHOWN
    for reason in (NOBODY_TAGGED, TOO_FEW, TOO_NOISY, TOO_FEW_TAGGED, NO_OTHERS):
        if (j.reasons == reason).any():
            return Status.INSUFFICIENT, reason
    return Status.INSUFFICIENT, TOO_CLOSE if len(counted) else TOO_FEW


def detectable(j: Judgement, policy: FairnessPolicy) -> Floats:
    """Return for each group the mildest ratio beyond the limit that would be found; NaN for none."""
    tested = max(int(j.eligible.sum()), 1)
    return significance.detectable_ratio(
        j.known.trials,
        *j.others,
        floor=float(policy.impact_ratio.floor),
        benefit=j.benefit,
        alpha=float(policy.alpha) / tested,
        power=float(policy.power),
    )


def association(cube: Cube, attribute: str) -> tuple[float, float]:
    """Return (Cramér's V, p) of the whole tag and an attribute, among those whose attribute is known."""
    (tag,) = cube.of_kind(Kind.TAG)
    known = [n for n, value in enumerate(cube.axis(attribute).values) if value != UNKNOWN]
    return significance.association(cube.over([attribute, tag.name])[known])


def rate_interval(j: Judgement, policy: FairnessPolicy) -> intervals.Pair:
    """Return the interval of each group's rate, at the level of the policy."""
    return intervals.of_rate(j.known.successes, j.known.trials, float(policy.alpha))
