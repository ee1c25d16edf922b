# SPDX-License-Identifier: Apache-2.0
"""The bias report of noised counts: one document from the released cells, policy and verdict alone.

It needs no hiding and no merging: nothing in it is exact, and nobody moves it by more than was charged.
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from audit.bias import noised
from audit.bias.comparing import chance, figure, interval
from audit.bias.cube import UNKNOWN
from audit.bias.intervals import z_of
from audit.bias.noised import Side
from audit.bias.noised_verdict import Noised
from audit.bias.policy import FairnessPolicy
from audit.bias.rates import OF_OUTCOME, Floats
from audit.bias.report import Head, identity_of, reason_of
from audit.bias.verdict import Judgement, Status, TagVerdict

OMITTED: Final = ("left-out", "not-opened", "leak", "causes", "drift", "extremes")
"""Parts of a report of exact counts that are not in the noised cells, and so not in this report."""
_WITHIN: Final = z_of(0.05)


def report(
    head: Head,
    found: Noised,
    verdict: TagVerdict,
    policy: FairnessPolicy,
    noise: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the report as plain data of the shape `noised_schema.NoisedBiasReport`.

    `verdict` is that of `found`, corrected over all tags; `noise` has the fields of `NoiseOf` that the
    counts do not know.
    """
    cube = found.cube
    audited = {j.value for j in verdict.judgements}
    tagged = None
    if len(audited) == 1:
        tagged = int(cube.over(["tag"])[cube.axis("tag").values.index(audited.pop())])
    return {
        "apiVersion": "tagwarden/v1",
        "kind": "NoisedBiasReport",
        "identity": identity_of(head, verdict, policy),
        **({"names": head.names} if head.names else {}),
        "verdict": {
            "status": verdict.status.value,
            "reason": reason_of(verdict),
            "people": cube.total,
            "tagged": tagged,
            "reads": policy.reads,
        },
        "sources": [dict(source) for source in head.sources],
        "comparisons": [
            _comparison(j, *sides, policy)
            for j, sides in zip(verdict.judgements, found.sides, strict=True)
        ],
        "waived": [],
        "omitted": list(OMITTED),
        "limits": [
            "noised",
            "noised-" + policy.reads,
            "exact-beside",
            *_PLAIN,
            *(["selective-labels"] if OF_OUTCOME & set(policy.rates) else []),
        ],
        "noise": {
            **noise,
            "axes": [{"name": axis.name, "values": list(axis.values)} for axis in cube.axes],
            "cells": cube.counts.reshape(-1).tolist(),
        },
    }


_PLAIN: Final = ("metrics-not-fairness", "no-legal-number", "no-proxies")


def _comparison(j: Judgement, side: Side, hidden: Side, policy: FairnessPolicy) -> dict[str, Any]:
    alpha, other = float(policy.alpha), side.without()
    rates, best = _rates(side), _best(j, side)
    rest = noised.rate(other)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(rest > 0, rates / rest, np.where(rates > 0, np.inf, np.nan))
    ratio = np.where(np.isnan(rates), np.nan, ratio)
    detectable = noised.detectable_ratio(
        side,
        other,
        floor=float(policy.impact_ratio.floor),
        benefit=j.benefit,
        alpha=alpha / max(int(j.eligible.sum()), 1),
        power=float(policy.power),
    )
    columns = {
        "ratio_rest": (ratio, *noised.of_ratio(side, other, alpha)),
        "ratio_best": (best, np.full(best.shape, np.nan), np.full(best.shape, np.nan)),
        "difference": (rates - rest, *noised.of_difference(side, other, alpha)),
    }
    groups = [
        {
            **_numbers(side, n, alpha),
            "labels": list(labels),
            "status": str(j.statuses[n]),
            "reason": str(j.reasons[n]),
            **{name: interval(column, n) for name, column in columns.items()},
            "p_difference": chance(float(j.p_difference[n])),
            "p_breach": chance(float(j.p_breach[n])),
            "detectable": figure(float(detectable[n])),
        }
        for n, labels in enumerate(j.known.labels)
    ]
    unknown = None
    if len(j.attributes) == 1 and len(hidden.successes):
        said = {"labels": [UNKNOWN], "status": Status.INSUFFICIENT.value, "reason": UNKNOWN}
        unknown = said | _numbers(hidden, 0, alpha)
    return {
        "rate": j.rate,
        "value": j.value,
        "benefit": j.benefit,
        "attributes": list(j.attributes),
        "status": j.status.value,
        "reason": j.reason,
        "groups": groups,
        "unknown": unknown,
    }


def _numbers(side: Side, n: int, alpha: float) -> dict[str, Any]:
    """Return the noised numbers of one group, how far the noise reaches, and its rate."""
    return {
        "people": int(side.trials[n]),
        "people_within": round(_WITHIN * float(side.deviation[n])),
        "tagged": int(side.successes[n]),
        "tagged_within": round(_WITHIN * float(np.sqrt(side.noise[0][n]))),
        "rate": interval((_rates(side), *noised.of_rate(side, alpha)), n),
    }


def _rates(side: Side) -> Floats:
    """Return the rate of each group; NaN where noise alone could have made the number of people."""
    return np.where(noised.comparable(side), noised.rate(side), np.nan)


def _best(j: Judgement, side: Side) -> Floats:
    """Return the ratio of each group to the one that looks best among those that are judged."""
    rates = noised.rate(side)
    able = rates[j.eligible]
    if not len(able):
        return np.full(rates.shape, np.nan)
    top = able.max() if j.benefit else able.min()
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(top > 0, rates / top, np.nan)
