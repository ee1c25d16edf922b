# SPDX-License-Identifier: Apache-2.0
"""Parts of a bias report that come from other counts: leaks of the one tag, causes, what-if.

A figure is told only where every count that it is made of, and every count that follows from several of
them, is that of nobody or of at least k people.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from audit.bias.causes import Causes, causes, numbers
from audit.bias.comparing import is_shown
from audit.bias.cube import UNKNOWN, Kind
from audit.bias.leak import information
from audit.bias.policy import FairnessPolicy
from audit.bias.rates import strict
from audit.bias.report import Examined, Further, LeakFound
from audit.bias.statements import PEOPLE, Key
from audit.bias.whatif import Outlook, evaluate
from governance.auditing.apart import Apart

Numbers = dict[str, dict[str, list[int]]]
"""Counts behind the parts of a report: part and attribute → group → numbers; -1 where one is not told."""


def leak_of(found: Examined, policy: FairnessPolicy) -> list[LeakFound]:
    """Return what the tag says about each attribute, among those whose attribute is known.

    Bits are told only where every number that they are made of is shown: else a reader could try which
    hidden numbers give them.
    """
    (tag,) = found.cube.of_kind(Kind.TAG)
    leaks = []
    for name in policy.attributes:
        values = found.cube.axis(name).values
        known = [n for n, value in enumerate(values) if value != UNKNOWN]
        single = information(found.cube.over([tag.name, name])[:, known])
        sure = bool(np.nan_to_num(single.p, nan=1.0) < float(policy.alpha) / len(policy.attributes))
        over = sure and bool(single.corrected > float(policy.leak.tag_bits))
        keys = [Key(what, (name,), (values[n],)) for n in known for what in (PEOPLE, *tag.values)]
        if not is_shown(found.release, keys):
            hidden = np.asarray(np.nan)
            single = replace(single, corrected=hidden, p=hidden)
        leaks.append(LeakFound(name, single, over))
    return leaks


def further(
    found: Examined,
    apart: Apart | None,
    policy: FairnessPolicy,
    earlier: Sequence[Numbers] = (),
    *,
    outcome: bool,
) -> tuple[Further, Numbers]:
    """Return the parts of a report besides its comparisons, and the numbers that causes and what-if tell of.

    What is told must not step by 1 to k - 1 people since one of the `earlier` ones: two reports would tell
    of the few who moved between them.
    """
    leaks = leak_of(found, policy)
    beside = _Beside(earlier, {}, policy.release.k)
    if apart is None:
        return Further(leaks=leaks), beside.told
    parts = [_causes(found, apart, name, beside) for name in policy.attributes]
    told = [part for part in parts if part is not None]
    outlooks = [
        _outlook(found, apart, name, beside, outcome=outcome)
        for name in policy.attributes[:1]
        if name in apart.scores
    ]
    together = None
    if told:
        together = Causes(
            apart.rule.conditions,
            np.concatenate([one.gap for one, _ in told]),
            np.concatenate([one.without for one, _ in told]),
            np.concatenate([one.share for one, _ in told]),
        )
    more = Further(
        leaks=leaks,
        causes=together,
        cause_groups=[labels for _, names in told for labels in names],
        outlook=next((one for one, _ in outlooks if one is not None), None),
        untold=len(told) < len(parts) or any(less for _, less in outlooks),
    )
    return more, beside.told


@dataclass(frozen=True, slots=True)
class _Beside:
    """What earlier reports told of the same rule, and what this one tells."""

    earlier: Sequence[Numbers]
    told: Numbers
    k: int

    def may(self, part: str, labels: Sequence[str], now: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which numbers (by group, then number) moved since no report by 1 to k - 1 in any group."""
        able = np.ones(now.shape[1], dtype=np.bool_)
        for then in self.earlier:
            for label, own in zip(labels, now, strict=True):
                old = np.array(then.get(part, {}).get(label, []), dtype=np.int64)
                if len(old) == len(own):
                    step = np.abs(own - old)
                    able &= (old < 0) | (step == 0) | (step >= self.k)
        return able

    def tell(
        self, part: str, labels: Sequence[str], now: NDArray[np.int64], told: NDArray[np.bool_]
    ) -> None:
        """Note what is told."""
        rows = np.where(told, now, -1).tolist()
        self.told[part] = dict(zip(labels, rows, strict=True))


def _by_group(
    found: Examined, name: str, before: Sequence[str], counts: NDArray[np.int64]
) -> tuple[list[str], NDArray[np.int64]]:
    """Return the groups that the report names, without unknown, and their counts."""
    values = found.cube.axis(name).values
    into = found.merged.get(name, {})
    whole = np.zeros((len(values), *counts.shape[1:]), dtype=np.int64)
    for n, value in enumerate(before):
        whole[values.index(into.get(value, value))] += counts[n]
    known = [n for n, value in enumerate(values) if value != UNKNOWN]
    return [values[n] for n in known], whole[known]


def _rounded(counts: NDArray[np.int64], k: int) -> NDArray[np.int64]:
    return (counts + k // 2) // k * k


def _safe(counts: NDArray[np.int64], k: int) -> bool:
    return not bool(((counts > 0) & (counts < k)).any())


def _causes(
    found: Examined, apart: Apart, name: str, beside: _Beside
) -> tuple[Causes, list[tuple[str, ...]]] | None:
    labels, counts = _by_group(found, name, apart.values[name], apart.met[name])
    if not _safe(counts, beside.k):
        return None
    told_of, part = numbers(counts, apart.rule), f"causes:{name}"
    told_of = np.column_stack([told_of, counts.reshape(len(counts), -1)])
    able = beside.may(part, labels, told_of)
    if not able.all():
        return None
    beside.tell(part, labels, told_of, able)
    return causes(counts, apart.rule), [(label,) for label in labels]


def _outlook(
    found: Examined, apart: Apart, name: str, beside: _Beside, *, outcome: bool
) -> tuple[Outlook | None, bool]:
    """Return (one threshold for all, each that can be told, whether some is not).

    From 1 on, since 0 is everybody. Of two thresholds, and of one and the tag as it is, the difference is
    a number of people, too. Gaps and ratios are of rounded numbers: exact ones would tell the rates of
    groups that the report hides.
    """
    labels, counts = _by_group(found, name, apart.values[name], apart.scores[name])
    k, part = beside.k, f"outlook:{name}"
    above = counts.sum(axis=1)[:, ::-1].cumsum(axis=1)[:, ::-1]
    known = [np.zeros_like(above[:, 0]), above[:, 0], _tagged(found, name)]
    wanted = [t for t in range(1, above.shape[1]) if above[:, t].any()]
    able = beside.may(part, labels, above)
    told = []
    for t in wanted:
        if able[t] and all(_safe(np.abs(above[:, t] - one), k) for one in known):
            told.append(t)
            known.append(above[:, t])
    less = len(told) < len(wanted)
    beside.tell(part, labels, above, np.isin(np.arange(above.shape[1]), [0, *told]))
    if not told:
        return None, less
    found_all = evaluate(counts, np.repeat(np.array(told)[:, None], len(counts), axis=1))
    rates = strict(_rounded(above[:, told], k), _rounded(above[:, :1], k))[above[:, 0] > 0]
    gap = ratio = np.full(len(told), np.nan)
    if len(rates) > 1:
        least, most = rates.min(axis=0), rates.max(axis=0)
        gap = most - least
        ratio = np.divide(least, most, out=ratio.copy(), where=most > 0)
    found_all = replace(found_all, gap=gap, ratio=ratio)
    if not outcome:
        found_all = replace(found_all, correct=np.zeros_like(found_all.correct))
    return found_all, less


def _tagged(found: Examined, name: str) -> NDArray[np.int64]:
    """Return how many of each known group have the tag, as the report says."""
    (tag,) = found.cube.of_kind(Kind.TAG)
    known = [n for n, value in enumerate(found.cube.axis(name).values) if value != UNKNOWN]
    counts = found.cube.over([tag.name, name])
    return np.asarray(counts[tag.values.index("yes")][known], dtype=np.int64)
