# SPDX-License-Identifier: Apache-2.0
"""Who had a tag at the end of each of the last months: counts by group, from the history of assignments.

The people are those of today; the line of a number is that of the report, in every month. What is shown is
made of numbers that are rounded to a multiple of k: from exact ones of two months one could work out the few
who moved between them.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap
from sqlalchemy import Connection, text

from audit.bias.cube import Axis, Cube, Kind, cube_of, tally_members
from audit.bias.drift import Drift, RuleOf, drift, drift_of_all
from audit.bias.policy import FairnessPolicy
from audit.clock import Micros, from_micros, to_micros
from audit.errors import BadInput, Refused
from governance.assignments import held_at
from governance.auditing.opening import Opened, numbers_of
from governance.catalogue import Active

LEAST: Final = 2
NONE: Final = "none"
"""The value of a tag with values, for who has none of them."""


@dataclass(frozen=True, slots=True)
class Month:
    """A month (UTC) by its name, and the instant at which its tags are counted: its end, or now."""

    name: str
    at: Micros


def months(at: Micros, count: int) -> list[Month]:
    """Return the month in which `at` lies, counted at `at`, and those before it, the oldest first."""
    start = from_micros(at).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    found = [Month(f"{start:%Y-%m}", at)]
    while len(found) < count:
        end = to_micros(start)
        start = from_micros(end - 1).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        found.append(Month(f"{start:%Y-%m}", end))
    return found[::-1]


def check(
    tags: Sequence[Active], scored: Sequence[bool], count: int, policy: FairnessPolicy
) -> None:
    """Raise BadInput `audit-question` for a drift that is not asked rightly; 0 is none.

    `scored` says of which tags the value is a number with an order.
    """
    if not count:
        return
    if not LEAST <= count <= policy.drift.periods:
        raise BadInput(
            "audit-question",
            f"drift is over {LEAST} to {policy.drift.periods} months",
            hint="the most stands in the policy: drift: {periods: 12}",
        )
    for tag, score in zip(tags, scored, strict=True):
        if tag.root.kind != "bool" and not score:
            raise BadInput(
                "audit-question",
                f'"{tag.tag.key}" has values without an order: drift is of yes-no tags and of numbers',
                hint="audit it without --drift",
            )


@dataclass(frozen=True, slots=True)
class _Version:
    """A version of a tag, and the first instant at which somebody had it."""

    id: int
    number: int
    rule: str
    first: Micros


def by_month(  # noqa: PLR0917  (one caller)
    connection: Connection,
    tag: Active,
    here: BitMap,
    attributes: Sequence[Opened],
    places: NDArray[np.int64],
    at: Micros,
    count: int,
) -> tuple[Cube, tuple[RuleOf, ...]]:
    """Return (attributes by month by value of the tag, where another version took over).

    `places` are the positions of `here` among the opened. Each month is of the version that was in use
    at its end; for a tag with numbers, where older tiers may be others, only of the present one.
    Raises Refused `too-few-months` for a tag that was first computed this month.
    """
    versions = _versions(connection, tag)
    told = [
        (one, known[-1])
        for one in months(at, count)
        if (known := [version for version in versions if version.first <= one.at])
    ]
    if len(told) < LEAST:
        raise Refused(
            "too-few-months",
            f'version {tag.version} of "{tag.tag.key}" has not been in use at the end of a month',
            hint="audit it without --drift, and again in a month",
        )
    held = [held_at(connection, version.id, one.at) for one, version in told]
    values, names = ["true"], ["no", "yes"]
    if tag.root.kind != "bool":
        values = sorted({value for month in held for value in month})
        names = [NONE, *values]
    counts = _counts(here, attributes, places, [[m.get(v, BitMap()) for v in values] for m in held])
    axes = [
        *(one.axis for one in attributes),
        Axis("month", Kind.PERIOD, tuple(one.name for one, _ in told)),
        Axis("tag", Kind.TAG, tuple(names)),
    ]
    rules = [RuleOf(one.name, version.number, version.rule) for one, version in told]
    first = [n for n, rule in enumerate(rules) if not n or rule.version != rules[n - 1].version]
    taken_over = tuple(rules[n] for n in first) if len(first) > 1 else ()
    return cube_of(tag.tag.key, tag.version, axes, counts), taken_over


def _versions(connection: Connection, tag: Active) -> list[_Version]:
    """Return the versions that can be laid beside the present one, the oldest first."""
    rows = connection.execute(
        text(
            "SELECT d.id, d.version, d.document, min(a.valid_from) AS first FROM definition d "
            "JOIN tagvalue v ON v.definition_id = d.id JOIN assignment a ON a.tv = v.tv "
            "WHERE d.key = :k AND d.version <= :v GROUP BY d.id, d.version, d.document "
            "HAVING max(v.value) = 'true' AND min(v.value) = 'true' OR d.id = :d ORDER BY d.version"
        ),
        {"k": tag.tag.key, "v": tag.version, "d": tag.id},
    )
    found = [
        _Version(row.id, row.version, json.loads(row.document)["value"], Micros(row.first))
        for row in rows
    ]
    return found if tag.root.kind == "bool" else [one for one in found if one.id == tag.id]


def _counts(
    here: BitMap,
    attributes: Sequence[Opened],
    places: NDArray[np.int64],
    held: Sequence[Sequence[BitMap]],
) -> NDArray[np.int64]:
    """Return counts by attributes, month and value; the first value is to have none of the others."""
    shape = tuple(len(one.axis.values) for one in attributes)
    cell = np.zeros(len(places), dtype=np.int64)
    for one in attributes:
        cell = cell * len(one.axis.values) + one.codes[places]
    ids = numbers_of(here)
    rows = tally_members(
        cell,
        int(np.prod(shape)),
        [
            np.arange(len(ids)),
            *(np.searchsorted(ids, numbers_of(who & here)) for month in held for who in month),
        ],
    )
    with_it = rows[1:].T.reshape(-1, len(held), len(held[0]))
    without = rows[:1].T - with_it.sum(axis=2)
    counts = np.concatenate([without[..., None], with_it], axis=-1)
    return np.asarray(counts.reshape(*shape, len(held), -1))


def drifts(months: Sequence[Cube | None], policy: FairnessPolicy) -> list[list[Drift]]:
    """Return the drifts in each cube, p corrected over all of them, figures of rounded numbers.

    None has no drift: it is there for all, or for none.
    """
    cubes = [cube for cube in months if cube is not None]
    if not cubes:
        return [[] for _ in months]
    exact = [drift(cube, policy, value=_last(cube)) for cube in cubes]
    adjusted = iter(drift_of_all([one for found in exact for one in found]))
    rough = [drift(_rounded(cube, policy.release.k), policy, value=_last(cube)) for cube in cubes]
    return [
        [
            replace(next(adjusted), ratio=shown.ratio, low=shown.low, high=shown.high)
            for shown in found
        ]
        for found in rough
    ]


def _last(cube: Cube) -> str:
    """Return the value that is compared: yes, or above the line."""
    (tag,) = cube.of_kind(Kind.TAG)
    return tag.values[-1]


def _rounded(cube: Cube, k: int) -> Cube:
    return cube_of(cube.tag, cube.version, list(cube.axes), (cube.counts + k // 2) // k * k)
