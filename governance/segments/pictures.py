# SPDX-License-Identifier: Apache-2.0
"""Pictures of a fit as SVG: a map of the middles, the tree of the segments, bars of one segment."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from governance.segments.fits import Fit
from tagging.segmentation.contract import ONE
from tagging.segmentation.ward import hierarchy

COLOURS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#555555")
"""Told apart by people who do not see all colours; the number stands beside them."""
_WIDE, _HIGH, _EDGE = 640, 400, 60


def map_of(fit: Fit) -> str:
    """Return the middles along the two directions in which they differ most, with noisy sizes."""
    centres = np.array(fit.document["centres"], dtype=np.float64) / ONE
    sizes = [size or 0 for size in fit.document["sizes"]]
    most = max([*sizes, 1])
    marks = []
    for number, (x, y) in enumerate(_flat(centres)):
        left, top = _EDGE + x * (_WIDE - 2 * _EDGE), _EDGE + y * (_HIGH - 2 * _EDGE)
        radius = 8 + 34 * (sizes[number] / most) ** 0.5
        dashed = "" if sizes[number] else ' stroke-dasharray="4 3"'
        marks.append(
            f'<circle cx="{left:.1f}" cy="{top:.1f}" r="{radius:.1f}" fill="{_colour(number)}" '
            f'fill-opacity=".35" stroke="{_colour(number)}" stroke-width="2"{dashed}/>'
            f'<text x="{left:.1f}" y="{top + 5:.1f}" text-anchor="middle">{number + 1}</text>'
        )
    return _svg(_WIDE, _HIGH, "".join(marks))


def dendrogram(fit: Fit) -> str:
    """Return the tree of the segments (Ward, by middles and noisy sizes), cheapest joins lowest."""
    centres = np.array(fit.document["centres"], dtype=np.float64) / ONE
    count = len(centres)
    if count < 2:
        return ""
    weights = np.array([max(size or 1, 1) for size in fit.document["sizes"]], dtype=np.float64)
    tree = hierarchy(centres, weights)
    heights = np.sqrt(tree.costs_)
    tall = max(float(heights.max()), 1e-9)
    floor, top = _HIGH - 30, 20
    order = list(_leaves(tree.children_, count, 2 * count - 2))
    step = (_WIDE - 2 * _EDGE) / max(count - 1, 1)
    spot: dict[int, tuple[float, float]] = {
        leaf: (_EDGE + place * step, float(floor)) for place, leaf in enumerate(order)
    }
    parts = [
        f'<text x="{spot[leaf][0]:.1f}" y="{floor + 20}" text-anchor="middle" '
        f'fill="{_colour(leaf)}">{leaf + 1}</text>'
        for leaf in order
    ]
    for join, (a, b) in enumerate(tree.children_.tolist()):
        level = floor - float(heights[join]) / tall * (floor - top)
        (xa, ya), (xb, yb) = spot[a], spot[b]
        parts.append(
            f'<path d="M{xa:.1f} {ya:.1f}V{level:.1f}H{xb:.1f}V{yb:.1f}" fill="none" stroke="#333"/>'
        )
        spot[count + join] = ((xa + xb) / 2, level)
    return _svg(_WIDE, _HIGH, "".join(parts))


def bars(places: Sequence[float]) -> Iterator[str]:
    """Yield a bar for each feature of a segment: left of the middle of all, or right of it."""
    for place in places:
        length = min(abs(place), 1.0) * 100
        left = 110 if place >= 0 else 110 - length
        yield _svg(
            220,
            16,
            '<line x1="110" y1="0" x2="110" y2="16" stroke="#999"/>'
            f'<rect x="{left:.1f}" y="3" width="{length:.1f}" height="10" '
            f'fill="{COLOURS[0] if place >= 0 else COLOURS[1]}"/>',
        )


def _flat(centres: Any) -> list[tuple[float, float]]:
    """Return points of the plane from 0 to 1: the two main directions of the centres."""
    if not len(centres):
        return []
    around = centres - centres.mean(axis=0)
    _, _, axes = np.linalg.svd(around, full_matrices=False)
    plane = np.zeros((len(centres), 2))
    found = around @ axes[:2].T
    plane[:, : found.shape[1]] = found
    span = max(float((plane.max(axis=0) - plane.min(axis=0)).max()), 1e-9)
    middle = (plane.max(axis=0) + plane.min(axis=0)) / 2
    return [(float(x), float(y)) for x, y in (plane - middle) / span + 0.5]


def _leaves(children: Any, count: int, group: int) -> Iterator[int]:
    waiting = [group]
    while waiting:
        here = waiting.pop()
        if here < count:
            yield here
        else:
            a, b = children[here - count].tolist()
            waiting += [b, a]


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]


def _svg(wide: int, high: int, inside: str) -> str:
    return (
        f'<svg role="img" width="{wide}" height="{high}" viewBox="0 0 {wide} {high}" '
        f'font-family="sans-serif" font-size="14">{inside}</svg>'
    )
