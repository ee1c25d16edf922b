# SPDX-License-Identifier: Apache-2.0
"""Lays the reports of a tag side by side: the same groups, the same cells, the oldest first.

- What the last report put together is put together again, and no more.
- A value of an attribute that the last report did not name goes to `other`: some of its people were there.
- A value that only one of the reports has is there in the others, too, with nobody.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from audit.bias.cube import Cube, Kind
from audit.bias.merging import OTHER, merge
from audit.bias.policy import FairnessPolicy
from audit.bias.protection import Release
from audit.bias.statements import Key, Statements, statements
from audit.errors import BadInput

Merges = Mapping[str, Mapping[str, str]]
"""Attribute → value → what it was put into."""


@dataclass(frozen=True, slots=True, eq=False)
class Before:
    """An earlier report on the same people: what was counted, put together, and shown."""

    cube: Cube
    merged: Merges
    shown: frozenset[Key]
    k: int
    at: str
    """Until when its people were counted."""


@dataclass(frozen=True, slots=True, eq=False)
class Dated:
    """An earlier report, laid beside the one that is made now."""

    at: str
    version: int
    """The version of the tag."""
    release: Release


def side_by_side(
    cube: Cube, policy: FairnessPolicy, earlier: Sequence[Before]
) -> tuple[Cube, Merges, list[Dated]]:
    """Return (the counts as they are printed, what was put together, the earlier reports).

    `cube` has the values of the last report (`widened`). Raises BadInput `release-not-of-cube` when an
    earlier report does not belong to its counts.
    """
    if not earlier:
        merged, steps = merge(cube, policy.attributes, policy.release.k)
        return merged, steps, []
    into = _as_before(cube, earlier[-1])
    merged = merged_again(cube, into)
    return merged, into, [_beside(merged, one, policy) for one in earlier]


def widened(cube: Cube, earlier: Sequence[Before]) -> Cube:
    """Return the counts with all the values that earlier reports had; those that are new hold nobody."""
    return _with_values_of(earlier[-1].cube, cube) if earlier else cube


def merged_again(cube: Cube, merged: Merges) -> Cube:
    """Return the cube with values put together as they were before."""
    for name, into in merged.items():
        cube = cube.merged(name, into)
    return cube


def stated(cube: Cube, policy: FairnessPolicy) -> Statements:
    """Return the numbers that a report under a policy could show."""
    return statements(cube, policy.attributes, policy.intersections, policy.rates)


def _as_before(cube: Cube, last: Before) -> Merges:
    into = {name: dict(found) for name, found in last.merged.items()}
    for axis in cube.of_kind(Kind.ATTRIBUTE):
        named = {*last.cube.axis(axis.name).values, OTHER}
        for value in axis.values:
            if value not in named:
                found = into.setdefault(axis.name, {})
                found[value] = found.get(OTHER, OTHER)
    return into


def _with_values_of(other: Cube, cube: Cube) -> Cube:
    """Return a cube with the values of another one, too; those that are new hold nobody."""
    axes = []
    for mine in cube.axes:
        values = tuple(dict.fromkeys((*other.axis(mine.name).values, *mine.values)))
        axes.append(replace(mine, values=values))
    counts = np.zeros([len(axis.values) for axis in axes], dtype=np.int64)
    pairs = zip(axes, cube.axes, strict=True)
    places = [[axis.values.index(value) for value in mine.values] for axis, mine in pairs]
    counts[np.ix_(*places)] = cube.counts
    return Cube(cube.tag, cube.version, tuple(axes), counts)


def _beside(merged: Cube, before: Before, policy: FairnessPolicy) -> Dated:
    """Return an earlier report over the cells of this one; a group it did not have is known to be empty."""
    own = merged_again(before.cube, before.merged)
    had = frozenset(stated(own, policy).keys)
    if not before.shown <= had:
        raise BadInput(
            "release-not-of-cube",
            "an earlier release does not belong to its counts",
            hint="take the counts, the policy and the release of one report",
        )
    wanted = stated(_with_values_of(merged, own), policy)
    shown = [key in before.shown or key not in had for key in wanted.keys]
    return Dated(before.at, own.version, Release(wanted, np.array(shown, dtype=bool), before.k))
