# SPDX-License-Identifier: Apache-2.0
"""The price report: what groups paid like for like, as one document.

Numbers of people are told k people too low or more, those of lines and purchases are rounded down to a multiple
of k. A figure is told only where both sides of the comparison are k people or more, twice k by a tag, none of whom carries most of it, and anew only
where k people or more can have moved it (`price_earlier`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from audit.bias.comparing import HIDDEN, figure
from audit.bias.policy import FairnessPolicy
from audit.bias.price import Compared, Measure, SetApart
from audit.bias.price_earlier import Earlier, told_beside
from audit.bias.schema import (
    NAMES_SAY,
    Figure,
    Interval,
    LeftOut,
    NamesOf,
    Source,
    StatusWord,
)
from audit.bias.verdict import ALL_UNKNOWN, MANY_UNKNOWN, TOO_FEW, Status
from audit.clock import parse_time
from audit.words import Names

MAX_CODES: Final = 40
PRICE: Final = {"en": "price paid for one", "zh": "实付单价"}
DISCOUNT: Final = {"en": "share taken off the price", "zh": "优惠占原价的比例"}


@dataclass(frozen=True, slots=True)
class Part:
    """One measure over the groups of one attribute, or of several crossed."""

    by: tuple[str, ...]
    measure: Measure
    name: Mapping[str, str]
    stratum: tuple[str, ...]
    found: Sequence[Compared]
    known: int
    """People with lines whose group is known, and those with lines in all."""
    people: int


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class GroupPrice(_Model):
    """A group against everybody else. Where `hidden` is true no figure is told, to protect people."""

    group: str
    hidden: bool
    people: int
    strata: int | None
    covered: Figure = Field(description="share of what the group bought that could be compared")
    raw: Figure = Field(
        description="the same figure without strata: what was bought, not its price"
    )
    effect: Interval | None
    as_of: dict[str, str] | None = Field(
        description="report from which the figures are, where too little moved since: made, since, until"
    )
    status: StatusWord
    reason: str


class PartPrice(_Model):
    """One measure over the groups of one attribute, or of several crossed."""

    by: list[str]
    measure: str
    kind: Literal["price", "share"]
    name: dict[str, str]
    stratum: list[str]
    tolerance: str
    low_is_harm: bool
    status: StatusWord
    reason: str
    unknown: int
    groups: list[GroupPrice]


class ExceptionPrice(_Model):
    """A reason to pay another price that lines name; `reason` is '' where the policy has none such."""

    code: str
    reason: str
    owner: str
    until: str
    lines: int
    people: int


class PriceReport(_Model):
    """A price report."""

    apiVersion: Literal["tagwarden/v1"]  # noqa: N815  (as in every document of the product)
    kind: Literal["PriceReport"]
    identity: dict[str, str | int | list[str] | dict[str, str | int]]
    names: NamesOf = Field(default={}, description=NAMES_SAY)
    verdict: dict[str, str | int]
    sources: list[Source]
    left_out: list[LeftOut]
    parts: list[PartPrice]
    exceptions: list[ExceptionPrice]
    limits: list[str]


def price_report(  # noqa: PLR0917  (one caller)
    identity: Mapping[str, Any],
    names: Names,
    sources: Sequence[Mapping[str, Any]],
    left_out: Mapping[str, int],
    parts: Sequence[Part],
    exceptions: Sequence[SetApart],
    policy: FairnessPolicy,
    earlier: Sequence[Earlier] = (),
) -> dict[str, Any]:
    """Return the report as plain data of the shape `PriceReport`; `earlier` are those before, oldest first."""
    k = policy.release.k
    window = parse_time(identity["since"]), parse_time(identity["until"])
    told = [_part(one, policy) for one in parts]
    for part, counted in zip(told, counts_of(parts), strict=True):
        part["groups"] = [
            told_beside(group, part, exact, window, earlier)
            for group, exact in zip(part["groups"], counted["groups"], strict=True)
        ]
    status, reason = _worst([(one["status"], one["reason"]) for one in told])
    tags = any(name.startswith("tag:") for one in parts for name in one.by)
    return {
        "apiVersion": "tagwarden/v1",
        "kind": "PriceReport",
        "identity": dict(identity),
        "names": dict(names),
        "verdict": {
            "status": status,
            "reason": reason,
            "people": at_least(max((one.people for one in parts), default=0), k),
            "reads": policy.reads,
        },
        "sources": [dict(one) for one in sources],
        "left_out": [{"reason": code, "people": n // k * k} for code, n in left_out.items()],
        "parts": told,
        "exceptions": _exceptions(exceptions, k),
        "limits": [
            policy.reads,
            "price-strata",
            *(["price-tag-now"] if tags else []),
            "price-lake",
        ],
    }


def counts_of(parts: Sequence[Part]) -> list[dict[str, Any]]:
    """Return the exact counts behind a report, which stay sealed."""
    return [
        {
            "by": list(one.by),
            "measure": one.measure.code,
            "people": [one.people, one.known],
            "groups": [
                [
                    found.group,
                    found.people,
                    found.others,
                    found.strata,
                    *(figure(x, 9) for x in (found.effect, found.raw, found.covered, found.reach)),
                ]
                for found in one.found
            ],
        }
        for one in parts
    ]


def _part(one: Part, policy: FairnessPolicy) -> dict[str, Any]:
    k, (status, reason) = policy.release.k, _status(one, policy)
    return {
        "by": list(one.by),
        "measure": one.measure.code,
        "kind": one.measure.kind,
        "name": dict(one.name),
        "stratum": list(one.stratum),
        "tolerance": figure(one.measure.tolerance),
        "low_is_harm": one.measure.low_is_harm,
        "status": status,
        "reason": reason,
        "unknown": at_least(one.people - one.known, k),
        "groups": [
            _group(found, k, tag=any(name.startswith("tag:") for name in one.by))
            for found in one.found
        ],
    }


def _status(one: Part, policy: FairnessPolicy) -> tuple[str, str]:
    """Return the verdict on a part: groups that cannot be judged stand against no other."""
    if not one.known:
        return Status.INSUFFICIENT.value, ALL_UNKNOWN if one.people else TOO_FEW
    found = _worst([(group.status.value, group.reason) for group in one.found])
    many = one.people - one.known > float(policy.unknown.max_share) * one.people
    if many and found[0] != Status.BREACH:
        return Status.INSUFFICIENT.value, MANY_UNKNOWN
    return found


def _worst(found: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """Return a breach, then what is too close, then what is within; none of them where none is."""
    for status in (Status.BREACH, Status.INSUFFICIENT, Status.WITHIN):
        for one in found:
            if one[0] == status and (status != Status.INSUFFICIENT or one[1] not in _UNJUDGED):
                return one
    return found[0] if found else (Status.INSUFFICIENT.value, TOO_FEW)


_UNJUDGED: Final = frozenset({"too-few", "few-carry", "no-others"})


def at_least(people: int, k: int) -> int:
    """Return a multiple of k, k people or more below a number: 0 where there is none.

    A bias report may hide how many there are, and show what lies close above; a number just below would do the rest.
    """
    return max(people // k - 1, 0) * k


def _group(one: Compared, k: int, *, tag: bool) -> dict[str, Any]:
    """Return a group. That one by a tag is told says that k have it, so there must be twice as many."""
    least = 2 * k if tag else k
    hidden = min(one.people, one.others) < least or min(one.weight, one.others_weight) < k
    reason = HIDDEN if hidden and one.people else one.reason
    effect = {name: figure(getattr(one, at)) for name, at in _BOUNDS.items()}
    if np.isnan(one.effect) or one.strata == 0:
        effect = dict.fromkeys(_BOUNDS)
    return {
        "group": one.group,
        "hidden": hidden,
        "people": at_least(one.people, k),
        "strata": None if hidden else one.strata,
        "covered": None if hidden else figure(one.covered),
        "raw": None if hidden else figure(one.raw),
        "effect": None if hidden else effect,
        "status": one.status.value,
        "reason": reason,
    }


_BOUNDS: Final = {"value": "effect", "low": "low", "high": "high"}


def _exceptions(found: Sequence[SetApart], k: int) -> list[dict[str, Any]]:
    """Return what is claimed; a code that is no exception of the policy only when k people claim it."""
    told = [one for one in found if one.reason or one.people >= k]
    told.sort(key=lambda one: (not one.reason, -one.lines, one.code))
    return [
        {
            "code": one.code,
            "reason": one.reason,
            "owner": one.owner,
            "until": one.until,
            "lines": one.lines // k * k,
            "people": one.people // k * k,
        }
        for one in told[:MAX_CODES]
    ]
