# SPDX-License-Identifier: Apache-2.0
"""Pictures of a fit as SVG: a map of the middles, the tree of the segments, bars of one segment."""

from collections.abc import Iterator
from html import escape
from typing import Any, Final

import numpy as np

from governance.segments.fits import Fit
from tagging.segmentation.contract import ONE
from tagging.segmentation.ward import hierarchy

COLOURS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#555555")
"""Told apart by people who do not see all colours; the number stands beside them."""
_WIDE, _HIGH, _EDGE = 480, 280, 48


def map_of(fit: Fit, says: str) -> str:
    """Return the middles along the two directions in which they differ most, with noisy sizes."""
    centres = np.array(fit.document["centres"], dtype=np.float64) / ONE
    sizes = [size or 0 for size in fit.document["sizes"]]
    most = max([*sizes, 1])
    spots = _flat(centres)
    span = _WIDE - 2 * _EDGE
    high = round(2 * _EDGE + span * max([y for _, y in spots], default=0))
    marks = [
        f'<rect x=".5" y=".5" width="{_WIDE - 1}" height="{high - 1}" fill="none" stroke="#ddd"/>'
    ]
    for number in sorted(range(len(spots)), key=lambda n: -sizes[n]):
        left, top = _EDGE + spots[number][0] * span, _EDGE + spots[number][1] * span
        radius = 12 + 26 * (sizes[number] / most) ** 0.5
        dashed = "" if sizes[number] else ' stroke-dasharray="4 3"'
        marks.append(
            f'<circle cx="{left:.1f}" cy="{top:.1f}" r="{radius:.1f}" fill="{colour(number)}" '
            f'fill-opacity=".35" stroke="{colour(number)}" stroke-width="2"{dashed}/>'
            f'<text x="{left:.1f}" y="{top + 5:.1f}" text-anchor="middle">{number + 1}</text>'
        )
    return _svg(_WIDE, high, "".join(marks), says)


def dendrogram(fit: Fit, says: str) -> str:
    """Return the tree of the segments (Ward, by middles and noisy sizes), cheapest joins lowest."""
    centres = np.array(fit.document["centres"], dtype=np.float64) / ONE
    count = len(centres)
    if count < 2:
        return ""
    weights = np.array([max(size or 1, 1) for size in fit.document["sizes"]], dtype=np.float64)
    tree = hierarchy(centres, weights)
    heights = np.sqrt(tree.costs_)
    tall = max(float(heights.max()), 1e-9)
    floor, top = _HIGH - 40, 16
    order = list(_leaves(tree.children_, count, 2 * count - 2))
    step = (_WIDE - 2 * _EDGE) / (count - 1)
    spot: dict[int, tuple[float, float]] = {
        leaf: (_EDGE + place * step, float(floor)) for place, leaf in enumerate(order)
    }
    parts = []
    for join, (a, b) in enumerate(tree.children_.tolist()):
        level = floor - float(heights[join]) / tall * (floor - top)
        (xa, ya), (xb, yb) = spot[a], spot[b]
        parts.append(
            f'<path d="M{xa:.1f} {ya:.1f}V{level:.1f}H{xb:.1f}V{yb:.1f}" fill="none" '
            'stroke="#333" stroke-width="1.5"/>'
        )
        spot[count + join] = ((xa + xb) / 2, level)
    parts += [
        f'<circle cx="{spot[leaf][0]:.1f}" cy="{floor + 16}" r="13" fill="{colour(leaf)}" '
        f'fill-opacity=".35" stroke="{colour(leaf)}" stroke-width="2"/>'
        f'<text x="{spot[leaf][0]:.1f}" y="{floor + 21}" text-anchor="middle">{leaf + 1}</text>'
        for leaf in order
    ]
    return _svg(_WIDE, _HIGH, "".join(parts), says)


def bar(place: float, says: str) -> str:
    """Return the bar of a feature of a segment: left of the middle of all, or right of it."""
    length = min(abs(place), 1.0) * 80
    left = 80 if place >= 0 else 80 - length
    return _svg(
        160,
        16,
        '<line x1="80" y1="0" x2="80" y2="16" stroke="#767676"/>'
        f'<rect x="{left:.1f}" y="3" width="{length:.1f}" height="10" '
        f'fill="{COLOURS[0] if place >= 0 else COLOURS[1]}"/>',
        says,
    )


def colour(number: int) -> str:
    """Return the colour of a segment, counted from 0."""
    return COLOURS[number % len(COLOURS)]


def _flat(centres: Any) -> list[tuple[float, float]]:
    """Return points of the plane, from 0 to 1 across: the two main directions of the centres.

    A direction has two signs; the one is taken in which its largest part is positive.
    """
    if not len(centres):
        return []
    around = centres - centres.mean(axis=0)
    _, _, axes = np.linalg.svd(around, full_matrices=False)
    axes = axes[:2] * np.sign([axis[np.abs(axis).argmax()] for axis in axes[:2]])[:, None]
    plane = np.zeros((len(centres), 2))
    found = around @ axes.T
    plane[:, : found.shape[1]] = found
    low = plane.min(axis=0)
    span = max(float((plane.max(axis=0) - low).max()), 1e-9)
    return [(float(x), float(y)) for x, y in (plane - low) / span]


def _leaves(children: Any, count: int, group: int) -> Iterator[int]:
    waiting = [group]
    while waiting:
        here = waiting.pop()
        if here < count:
            yield here
        else:
            a, b = children[here - count].tolist()
            waiting += [b, a]


def _svg(wide: int, high: int, inside: str, says: str) -> str:
    return (
        f'<svg role="img" aria-label="{escape(says)}" width="{wide}" height="{high}" '
        f'viewBox="0 0 {wide} {high}" font-family="sans-serif" font-size="15">{inside}</svg>'
    )
