# SPDX-License-Identifier: Apache-2.0
"""Categories are put together before numbers are hidden, so that fewer have to be."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

from audit.bias.cube import UNKNOWN, Cube, Kind

OTHER: Final = "other"


def merge(cube: Cube, attributes: Sequence[str], k: int) -> tuple[Cube, dict[str, dict[str, str]]]:
    """Return the cube with categories merged until few cells are small, and what went into what.

    Only neighbours of an ordered attribute are merged (`25-34` and `35-44` become `25-34+35-44`); of
    others the two rarest, into `other`. `unknown` stays by itself. Each step is the one that leaves
    the most cells that can be shown; merging stops when no step leaves more.
    """
    (tag,) = cube.of_kind(Kind.TAG)
    into: dict[str, dict[str, str]] = {name: {} for name in attributes}
    best = _quality(cube, attributes, tag.name, k)
    while best[0] < 0:
        steps = [(name, step) for name in attributes for step in _steps(cube, name)]
        tried = [
            (_quality(cube.merged(name, step), attributes, tag.name, k), name, step)
            for name, step in steps
        ]
        if not tried:
            break
        quality, name, step = max(tried, key=lambda one: one[0])
        cube, best = cube.merged(name, step), quality
        into[name] = {
            value: step.get(into[name].get(value, value), into[name].get(value, value))
            for value in {*into[name], *step}
        }
    return cube, {name: found for name, found in into.items() if found}


def _quality(cube: Cube, attributes: Sequence[str], tag: str, k: int) -> tuple[int, int]:
    """Return (minus the share of small cells above a tenth, in thousandths; cells that can be shown)."""
    counts = cube.over([*attributes, tag])
    small = int(((counts > 0) & (counts < k)).sum())
    return min(-(1000 * small // counts.size) + 100, 0), counts.size - small


def _steps(cube: Cube, name: str) -> list[Mapping[str, str]]:
    axis = cube.axis(name)
    known = [value for value in axis.values if value != UNKNOWN]
    if len(known) < 3:  # two groups are the least that can be compared
        return []
    if axis.ordered:
        return [
            dict.fromkeys((first, second), f"{first}+{second}") for first, second in pairwise(known)
        ]
    counts = dict(zip(axis.values, cube.over([name]).tolist(), strict=True))
    rare = sorted(known, key=lambda value: (counts[value], value))[:2]
    return [dict.fromkeys(rare, OTHER)]
