# SPDX-License-Identifier: Apache-2.0
"""Pictures of a leak report as SVG: bits by tag against the limit, AUC of all tags by group."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final, NamedTuple

from audit.bias.pictures import COLOURS, point
from audit.bias.pictures import svg as drawn

_LEFT, _PLOT, _ROW = 330, 300, 28
_LOWEST: Final = 0.4
"""Left end of the axis of AUC, unless an interval begins further left."""
_GUESS: Final = 0.5
_STEPS: Final = (0.005, 0.01, 0.02, 0.05, 0.1)
_MARKS: Final = 6
"""Marks of an axis of bits, at the most."""


class Bar(NamedTuple):
    """A tag of the picture: what people call it, its bits (None: not told), whether it is over the limit."""

    name: str
    bits: str | None
    over: bool


def bars(rows: Sequence[Bar], limit: float, words: Mapping[str, str]) -> str:
    """Return tags as bars of bits; one that is not told has its verdict and no bar.

    `words` are `over`, `inside` and `untold`. The dashed line is the limit of the policy.
    """
    most = max([limit, *(float(one.bits) for one in rows if one.bits)]) * 1.1
    high = len(rows) * _ROW
    edge = _LEFT + _PLOT * limit / most
    step = next((one for one in _STEPS if most / one <= _MARKS), 0.25)
    marks = [step * n for n in range(_MARKS + 1) if step * n <= most]
    parts = [_grid(marks, 0.0, most, high, 3)]
    for number, one in enumerate(rows):
        y = number * _ROW + 4
        colour = COLOURS["breach" if one.over else "within"]
        verdict = words["over" if one.over else "inside"]
        parts.append(_label(one.name, y + 15))
        if one.bits is None:
            parts.append(
                f'<text x="{_LEFT + _PLOT + 12}" y="{y + 15}">'
                f'{escape(verdict)}; <tspan fill="#555">{escape(words["untold"])}</tspan></text>'
            )
            continue
        wide = _PLOT * float(one.bits) / most
        parts.append(
            f'<rect x="{_LEFT}" y="{y + 3}" width="{wide:.1f}" height="15" fill="{colour}" '
            'fill-opacity=".55"/>'
            f'<text x="{_LEFT + _PLOT + 12}" y="{y + 15}">{float(one.bits):.4f}; {escape(verdict)}</text>'
        )
    parts.append(_limit(edge, high))
    return drawn(high + 34, "".join(parts), wide=960)


def points(rows: Sequence[tuple[str, Mapping[str, Any], str]], limit: float) -> str:
    """Return the AUC of each group of (name, set of the report, verdict) as a point with its interval.

    The grey line is a guess, the dashed one the limit of the policy.
    """
    told = [one for _, one, _ in rows if one["auc"] is not None]
    low = min([_LOWEST, *(float(one["low"]) for one in told)])
    high = len(rows) * _ROW

    def at(auc: float) -> float:
        return _LEFT + _PLOT * (auc - low) / (1 - low)

    marks = [value for value in (0.0, 0.2, 0.4, 0.5, 0.6, 0.8, 1.0) if value >= low]
    guess = f'<path d="M{at(_GUESS):.1f} 0V{high + 6}" stroke="#777" stroke-width="2"/>'
    parts = [_grid(marks, low, 1.0, high, 1), guess]
    for number, (name, one, said) in enumerate(rows):
        y = number * _ROW + 14
        parts.append(_label(name, y + 5))
        if one["auc"] is None:
            parts.append(
                f'<text x="{_LEFT + _PLOT + 12}" y="{y + 5}" fill="#555">{escape(said)}</text>'
            )
            continue
        value, left, right = (at(float(one[end])) for end in ("auc", "low", "high"))
        parts.append(
            point(value, left, right, y, "breach" if one["over"] else "within")
            + f'<text x="{_LEFT + _PLOT + 12}" y="{y + 5}">{one["auc"]}; {escape(said)}</text>'
        )
    parts.append(_limit(at(limit), high))
    return drawn(high + 34, "".join(parts), wide=960)


def _grid(marks: Sequence[float], low: float, most: float, high: int, digits: int) -> str:
    parts = []
    for mark in marks:
        x = _LEFT + _PLOT * (mark - low) / (most - low)
        parts.append(
            f'<path d="M{x:.1f} 0V{high + 6}" stroke="#ddd"/>'
            f'<text x="{x:.1f}" y="{high + 24}" text-anchor="middle" fill="#555">{mark:.{digits}f}</text>'
        )
    return "".join(parts)


def _limit(x: float, high: int) -> str:
    return f'<path d="M{x:.1f} 0V{high + 6}" stroke="#1b1b1b" stroke-width="2" stroke-dasharray="3 2"/>'


def _label(name: str, y: int) -> str:
    return f'<text x="{_LEFT - 8}" y="{y}" text-anchor="end">{escape(name)}</text>'
