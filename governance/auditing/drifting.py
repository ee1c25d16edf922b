# SPDX-License-Identifier: Apache-2.0
"""Who had a tag at the end of each of the last months: counts by group, from the history of assignments.

The people are those of today. What is shown is made of numbers that are rounded to a multiple of k: from
exact ones of two months one could work out the few who moved between them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap
from sqlalchemy import Connection, text

from audit.bias.cube import Axis, Cube, Kind, cube_of, tally_members
from audit.bias.drift import Drift, drift, drift_of_all
from audit.bias.policy import FairnessPolicy
from audit.clock import Micros, from_micros, to_micros
from audit.errors import BadInput, Refused
from governance.assignments import holders
from governance.auditing.opening import Opened, numbers_of
from governance.catalogue import Active

LEAST: Final = 2


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


def check(tags: Sequence[Active], count: int, policy: FairnessPolicy) -> None:
    """Raise BadInput `audit-question` for a drift that is not asked rightly; 0 is none."""
    if not count:
        return
    if not LEAST <= count <= policy.drift.periods:
        raise BadInput(
            "audit-question",
            f"drift is over {LEAST} to {policy.drift.periods} months",
            hint="the most stands in the policy: drift: {periods: 12}",
        )
    for tag in tags:
        if tag.root.kind != "bool":
            raise BadInput(
                "audit-question",
                f'"{tag.tag.key}" has values: drift is of yes-no tags',
                hint="audit it without --drift",
            )


def by_month(  # noqa: PLR0917  (one caller)
    connection: Connection,
    tag: Active,
    here: BitMap,
    attributes: Sequence[Opened],
    places: NDArray[np.int64],
    at: Micros,
    count: int,
) -> Cube:
    """Return attributes by month by tag; `places` are the positions of `here` among the opened.

    Raises Refused `too-few-months` for a version that was first computed this month.
    """
    first = connection.execute(
        text(
            "SELECT min(a.valid_from) FROM assignment a JOIN tagvalue v ON v.tv = a.tv "
            "WHERE v.definition_id = :d"
        ),
        {"d": tag.id},
    ).scalar()
    told = [one for one in months(at, count) if first is not None and one.at >= first]
    if len(told) < LEAST:
        raise Refused(
            "too-few-months",
            f'version {tag.version} of "{tag.tag.key}" has not been in use at the end of a month',
            hint="audit it without --drift, and again in a month",
        )
    shape = tuple(len(one.axis.values) for one in attributes)
    cell = np.zeros(len(places), dtype=np.int64)
    for one in attributes:
        cell = cell * len(one.axis.values) + one.codes[places]
    ids = numbers_of(here)
    held = [
        holders(connection, tag, one.at, present=False).get("true", BitMap()) & here for one in told
    ]
    rows = tally_members(
        cell,
        int(np.prod(shape)),
        [np.arange(len(ids)), *(np.searchsorted(ids, numbers_of(who)) for who in held)],
    )
    yes = rows[1:].T
    counts = np.stack([rows[:1].T - yes, yes], axis=-1).reshape(*shape, len(told), 2)
    axes = [
        *(one.axis for one in attributes),
        Axis("month", Kind.PERIOD, tuple(one.name for one in told)),
        Axis("tag", Kind.TAG, ("no", "yes")),
    ]
    return cube_of(tag.tag.key, tag.version, axes, counts)


def drifts(months: Sequence[Cube | None], policy: FairnessPolicy) -> list[list[Drift]]:
    """Return the drifts in each cube, p corrected over all of them, figures of rounded numbers.

    None has no drift: it is there for all, or for none.
    """
    cubes = [cube for cube in months if cube is not None]
    if not cubes:
        return [[] for _ in months]
    exact = [drift(cube, policy) for cube in cubes]
    adjusted = iter(drift_of_all([one for found in exact for one in found]))
    rough = [drift(_rounded(cube, policy.release.k), policy) for cube in cubes]
    return [
        [
            replace(next(adjusted), ratio=shown.ratio, low=shown.low, high=shown.high)
            for shown in found
        ]
        for found in rough
    ]


def _rounded(cube: Cube, k: int) -> Cube:
    return cube_of(cube.tag, cube.version, list(cube.axes), (cube.counts + k // 2) // k * k)
