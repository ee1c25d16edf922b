# SPDX-License-Identifier: Apache-2.0
"""Places the boxes of a graph without circles in layers from left to right, with few crossings.

A line that passes a layer has a lane there, shared by all lines from one box, so that no line runs
through a box. The same graph always gives the same picture.
"""

from bisect import bisect_right, insort
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

SWEEPS: Final = 12


@dataclass(frozen=True, slots=True)
class Box:
    """Something to place: its height, and the first layer in which it may stand."""

    height: float
    layer: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a box or a lane stands: its layer, from 0, and its middle from the top."""

    layer: int
    middle: float


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything stands. `lanes` are named by the box from which their lines come, and a layer."""

    boxes: Mapping[str, Place]
    lanes: Mapping[tuple[str, int], Place]
    layers: int
    height: float

    def path(self, start: str, end: str) -> list[Place]:
        """Return the places that a line between two boxes passes, both ends included."""
        first, last = self.boxes[start], self.boxes[end]
        between = [self.lanes[start, layer] for layer in range(first.layer + 1, last.layer)]
        return [first, *between, last]


_Item = tuple[str, int]
"""A box (its layer) or a lane (the layer in which it lies)."""


def layout(
    boxes: Mapping[str, Box], lines: Iterable[tuple[str, str]], *, gap: float, lane: float
) -> Layout:
    """Return the places of some boxes; `gap` lies between two of them, `lane` is a lane's height.

    Lines lead from left to right and make no circle; `boxes` has what a line begins at before what
    it ends at.
    """
    pairs = list(lines)
    layer = _layers(boxes, pairs)
    columns: list[list[_Item]] = [[] for _ in range(max(layer.values(), default=-1) + 1)]
    for key in boxes:
        columns[layer[key]].append((key, layer[key]))
    hops: dict[tuple[_Item, _Item], None] = {}
    for start, end in pairs:
        for at in range(layer[start], layer[end]):
            target = (end if at + 1 == layer[end] else start, at + 1)
            hops[(start, at), target] = None
            if target[0] == start and target not in columns[at + 1]:
                columns[at + 1].append(target)
    columns = _few_crossings(columns, list(hops))

    def height(item: _Item) -> float:
        return boxes[item[0]].height if layer[item[0]] == item[1] else lane

    middles = _middles(columns, list(hops), height, gap)
    top = min((y - height(item) / 2 for item, y in middles.items()), default=0.0)
    places = {item: Place(item[1], y - top) for item, y in middles.items()}
    return Layout(
        {key: places[key, layer[key]] for key in boxes},
        {item: place for item, place in places.items() if layer[item[0]] != item[1]},
        len(columns),
        max((place.middle + height(item) / 2 for item, place in places.items()), default=0.0),
    )


def _layers(boxes: Mapping[str, Box], lines: Sequence[tuple[str, str]]) -> dict[str, int]:
    """Return the layer of each box: behind all that leads to it; layers without a box are left out."""
    inputs: dict[str, list[str]] = {key: [] for key in boxes}
    for start, end in lines:
        inputs[end].append(start)
    found: dict[str, int] = {}
    for key, box in boxes.items():
        found[key] = max([box.layer, *(found[start] + 1 for start in inputs[key])])
    used = sorted(set(found.values()))
    return {key: used.index(layer) for key, layer in found.items()}


# --- order ----------------------------------------------------------------------------------------


_Hops = Sequence[tuple[_Item, _Item]]
_Near = Mapping[_Item, Sequence[_Item]]


def _few_crossings(columns: list[list[_Item]], hops: _Hops) -> list[list[_Item]]:
    """Return the layers, each ordered so that lines cross seldom: by the mean of the neighbours."""
    before, behind = _neighbours(hops)
    best, fewest = columns, _crossings(columns, behind)
    for number in range(SWEEPS):
        forth = number % 2 == 0
        columns = [list(column) for column in columns]
        order = range(1, len(columns)) if forth else range(len(columns) - 2, -1, -1)
        for at in order:
            other = columns[at - 1 if forth else at + 1]
            _sort(columns[at], other, before if forth else behind)
        crossings = _crossings(columns, behind)
        if crossings < fewest:
            best, fewest = columns, crossings
    return best


def _neighbours(hops: _Hops) -> tuple[dict[_Item, list[_Item]], dict[_Item, list[_Item]]]:
    """Return what lies before each item, and what lies behind it."""
    before: dict[_Item, list[_Item]] = {}
    behind: dict[_Item, list[_Item]] = {}
    for start, end in hops:
        before.setdefault(end, []).append(start)
        behind.setdefault(start, []).append(end)
    return before, behind


def _sort(column: list[_Item], other: Sequence[_Item], near: _Near) -> None:
    rank = {item: number for number, item in enumerate(other)}
    wanted: dict[_Item, float] = {}
    for number, item in enumerate(column):  # what has no neighbour stays about where it is
        ranks = [rank[one] for one in near.get(item, ())]
        here = number * len(other) / len(column)
        wanted[item] = sum(ranks) / len(ranks) if ranks else here
    column.sort(key=wanted.__getitem__)


def _crossings(columns: Sequence[Sequence[_Item]], behind: _Near) -> int:
    count = 0
    for left, right in pairwise(columns):
        rank = {item: number for number, item in enumerate(right)}
        seen: list[int] = []
        for item in left:
            ends = sorted(rank[end] for end in behind.get(item, ()))
            count += sum(len(seen) - bisect_right(seen, end) for end in ends)
            for end in ends:
                insort(seen, end)
    return count


# --- height ---------------------------------------------------------------------------------------


def _middles(
    columns: Sequence[Sequence[_Item]],
    hops: _Hops,
    height: Callable[[_Item], float],
    gap: float,
) -> dict[_Item, float]:
    """Return the middle of each item: the fullest layer is packed, the others stand beside it."""
    before, behind = _neighbours(hops)
    found: dict[_Item, float] = {}
    if not columns:
        return found
    full = max(range(len(columns)), key=lambda at: sum(height(i) + gap for i in columns[at]))
    for at in (*range(full, -1, -1), *range(full + 1, len(columns))):
        near = behind if at < full else before
        wanted: list[float] = []
        for item in columns[at]:
            ends = [found[one] for one in near.get(item, ()) if one in found]
            last = wanted[-1] if wanted else 0.0
            wanted.append(sum(ends) / len(ends) if ends and at != full else last)
        apart = [(height(one) + height(two)) / 2 + gap for one, two in pairwise(columns[at])]
        found |= dict(zip(columns[at], _spread(wanted, apart), strict=True))
    return found


def _spread(wanted: Sequence[float], apart: Sequence[float]) -> list[float]:
    """Return places in this order, at least so far apart, as near as can be to those wanted.

    Least squares: neighbours that are too near each other move together as one block.
    """
    offsets = [0.0]
    for distance in apart:
        offsets.append(offsets[-1] + distance)
    blocks: list[tuple[float, int]] = []
    for want, offset in zip(wanted, offsets, strict=False):
        total, count = want - offset, 1
        while blocks and blocks[-1][0] / blocks[-1][1] >= total / count:
            more, others = blocks.pop()
            total, count = total + more, count + others
        blocks.append((total, count))
    means = [total / count for total, count in blocks for _ in range(count)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=False)]
