# SPDX-License-Identifier: Apache-2.0
"""A comparison of groups as a report prints it: a figure only where all its numbers are shown."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from audit.bias import intervals, significance
from audit.bias.cube import UNKNOWN, Cube
from audit.bias.policy import FairnessPolicy
from audit.bias.protection import Release
from audit.bias.rates import OF_OUTCOME, Floats, strict
from audit.bias.statements import AMONG, KNOWN, OF, PEOPLE, Key, side
from audit.bias.successive import Dated
from audit.bias.verdict import Judgement, Status, association, detectable

HIDDEN: Final = "hidden"


def figure(value: float, digits: int = 4) -> str | None:
    """Return a figure as text; None when it is not defined, `inf` when it has no end."""
    if np.isnan(value):
        return None
    return "inf" if np.isinf(value) else f"{value + 0.0:.{digits}f}"


def chance(p: float) -> str | None:
    """Return a p value to two digits."""
    return None if np.isnan(p) else f"{p:.2g}"


def keys_of(j: Judgement, labels: tuple[str, ...]) -> tuple[Key, Key]:
    """Return which numbers the successes and the trials of a group are."""
    of, among = j.value, PEOPLE
    if j.rate in OF_OUTCOME:
        of, among = side(j.value, j.rate, OF), side(j.value, j.rate, AMONG)
    return Key(of, j.attributes, labels), Key(among, j.attributes, labels)


def is_shown(release: Release, keys: Sequence[Key]) -> bool:
    """Return whether all these numbers are shown."""
    return all(release.shown[release.statements.keys.index(key)] for key in keys)


def comparison(
    j: Judgement,
    cube: Cube,
    release: Release,
    policy: FairnessPolicy,
    earlier: Sequence[Dated] = (),
) -> dict[str, Any]:
    """Return a comparison as `schema.Comparison`.

    For a group that is hidden now, the figures of the last report that showed it stand, with their date.
    """
    visible = np.array(
        [is_shown(release, keys_of(j, labels)) for labels in j.known.labels], dtype=bool
    )
    whole = is_shown(release, keys_of(j, (KNOWN,)))
    columns = _columns(j, policy, visible)
    groups = [
        _group(n, j, columns, visible=bool(visible[n]), whole=whole)
        for n in range(len(j.known.labels))
    ]
    unknown = _unknown(j, release, policy) if len(j.attributes) == 1 else None
    for group in (*groups, *([unknown] if unknown else [])):
        if group["hidden"]:
            group["last"] = _last(j, tuple(group["labels"]), cube.version, policy, earlier)
    all_seen = whole and bool(visible.all())
    single = len(j.attributes) == 1
    strength = float("nan")
    if single and all_seen and j.rate == "selection":
        strength = association(cube, j.attributes[0])[0]
    return {
        "rate": j.rate,
        "value": j.value,
        "benefit": j.benefit,
        "attributes": list(j.attributes),
        "status": j.status.value,
        "reason": j.reason,
        "unknown": unknown,
        "groups": groups,
        "extremes": _extremes(j, policy) if all_seen else None,
        "association": figure(strength),
    }


def _columns(
    j: Judgement, policy: FairnessPolicy, visible: NDArray[np.bool_]
) -> dict[str, tuple[Floats, Floats, Floats]]:
    """Return (value, low, high) of each figure for all groups."""
    a, n = j.known.successes, j.known.trials
    b, m = j.others
    alpha = float(policy.alpha)
    rate, rest = strict(a, n), strict(b, m)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(rest > 0, rate / rest, np.where(rate > 0, np.inf, np.nan))
    able = np.flatnonzero(visible & j.eligible)
    best = np.full(rate.shape, np.nan)
    best_low, best_high = best, best
    if len(able):
        order = rate[able] if j.benefit else -rate[able]
        top = able[int(order.argmax())]
        with np.errstate(invalid="ignore", divide="ignore"):
            best = np.where(rate[top] > 0, rate / rate[top], np.nan)
        best_low, best_high = intervals.of_ratio(
            a, n, np.full(a.shape, a[top]), np.full(n.shape, n[top]), alpha
        )
    return {
        "rate": (rate, *intervals.of_rate(a, n, alpha)),
        "ratio_rest": (ratio, *intervals.of_ratio(a, n, b, m, alpha)),
        "ratio_best": (best, best_low, best_high),
        "difference": (rate - rest, *intervals.of_difference(a, n, b, m, alpha)),
        "detectable": (detectable(j, policy), rate, rate),
    }


def _group(
    n: int,
    j: Judgement,
    columns: Mapping[str, tuple[Floats, Floats, Floats]],
    *,
    visible: bool,
    whole: bool,
) -> dict[str, Any]:
    status = str(j.statuses[n])
    labels = list(j.known.labels[n])
    if not visible:
        reason = HIDDEN if status == Status.INSUFFICIENT else str(j.reasons[n])
        return {"labels": labels, "hidden": True, "status": status, "reason": reason}
    group: dict[str, Any] = {
        "labels": labels,
        "hidden": False,
        "status": status,
        "reason": str(j.reasons[n]),
        "people": int(j.known.trials[n]),
        "tagged": int(j.known.successes[n]),
        "rate": interval(columns["rate"], n),
        "ratio_best": interval(columns["ratio_best"], n),
    }
    if whole:  # what everybody else has can be worked out anyhow
        total = int(j.known.successes.sum())
        group |= {
            "ratio_rest": interval(columns["ratio_rest"], n),
            "difference": interval(columns["difference"], n),
            "share": figure(int(j.known.successes[n]) / total) if total else None,
            "p_difference": chance(float(j.p_difference[n])),
            "p_breach": chance(float(j.p_breach[n])),
            "detectable": figure(float(columns["detectable"][0][n])),
        }
    return group


def interval(column: tuple[Floats, Floats, Floats], n: int) -> dict[str, Any]:
    """Return one row of (value, low, high) as `schema.Interval`."""
    return {
        name: figure(float(part[n]))
        for name, part in zip(("value", "low", "high"), column, strict=True)
    }


def _unknown(j: Judgement, release: Release, policy: FairnessPolicy) -> dict[str, Any] | None:
    """Return the people whose attribute is unknown; None when the attribute has no such value."""
    keys = keys_of(j, (UNKNOWN,))
    if keys[0] not in release.statements.keys:
        return None
    base = {"labels": [UNKNOWN], "status": Status.INSUFFICIENT.value, "reason": UNKNOWN}
    if not is_shown(release, keys):
        return base | {"hidden": True}
    a, n = (np.array([number]) for number in j.unknown)
    rate = (strict(a, n), *intervals.of_rate(a, n, float(policy.alpha)))
    return base | {
        "hidden": False,
        "people": j.unknown[1],
        "tagged": j.unknown[0],
        "rate": interval(rate, 0),
    }


def _last(
    j: Judgement,
    labels: tuple[str, ...],
    version: int,
    policy: FairnessPolicy,
    earlier: Sequence[Dated],
) -> dict[str, Any] | None:
    """Return the newest figures of a group in earlier reports on this version of the tag, dated."""
    for old in reversed(earlier):
        tagged, people = (old.release.value(key) for key in keys_of(j, labels))
        if old.version == version and tagged is not None and people:
            a, n = np.array([tagged]), np.array([people])
            rate = (strict(a, n), *intervals.of_rate(a, n, float(policy.alpha)))
            return {"at": old.at, "people": people, "tagged": tagged, "rate": interval(rate, 0)}
    return None


def _extremes(j: Judgement, policy: FairnessPolicy) -> dict[str, Any]:
    rng = np.random.default_rng(policy.seed)
    rates = strict(j.known.successes, j.known.trials)
    seen = rates[~np.isnan(rates)]
    middle, p = significance.spread_under_equality(
        j.known.successes, j.known.trials, policy.draws, rng
    )
    gap = float(seen.max() - seen.min()) if len(seen) > 1 else float("nan")
    return {"difference": figure(gap), "by_chance": figure(middle), "p": chance(p)}
