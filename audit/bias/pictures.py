# SPDX-License-Identifier: Apache-2.0
"""Pictures of audits as SVG: the rate of each group, or its price against everybody else's."""

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any, Final

COLOURS: Final = {"breach": "#d55e00", "within": "#0072b2", "insufficient": "#777777"}
"""Told apart by people who do not see all colours; the verdict stands beside each bar as a word."""
_WIDE, _LEFT, _ROW, _PLOT = 800, 190, 34, 380
_NARROW: Final = 290


def rates(comparison: Mapping[str, Any], floor: float, words: Mapping[str, str]) -> str:
    """Return the groups of a comparison as bars; a hidden group has a row and no bar.

    `words` are `hidden`, `undefined`, `unknown` and the three verdicts. The mark on a row is the rate at which the limit of
    the policy lies for this group, given what everybody else has.
    """
    rows = [*comparison["groups"]]
    unknown = comparison["unknown"]
    if unknown is not None:
        rows.append(unknown)
    top = _scale(rows)
    parts = [_grid(top, len(rows))]
    for number, group in enumerate(rows):
        parts.append(_row(number, group, top, comparison, floor, words))
    return svg(len(rows) * _ROW + 34, "".join(parts))


def _row(  # noqa: PLR0917  (one caller)
    number: int,
    group: Mapping[str, Any],
    top: float,
    comparison: Mapping[str, Any],
    floor: float,
    words: Mapping[str, str],
) -> str:
    y = number * _ROW + 6
    is_unknown = group is comparison["unknown"]
    name = escape(words["unknown"] if is_unknown else " × ".join(group["labels"]))
    label = f'<text x="{_LEFT - 8}" y="{y + 16}" text-anchor="end">{name}</text>'
    said = "" if is_unknown else words[group["status"]]
    colour = "#bbbbbb" if is_unknown else COLOURS[group["status"]]
    rate = group.get("rate") or {}
    if group["hidden"] or rate.get("value") is None:
        text = words["hidden"] if group["hidden"] else words["undefined"]
        quiet = escape(f"{text}{'; ' + said if said else ''}")
        return f'{label}<text x="{_LEFT + 4}" y="{y + 16}" fill="#555">{quiet}</text>'
    value, low, high = (float(rate[part]) for part in ("value", "low", "high"))
    at = [_LEFT + _PLOT * x / top for x in (value, low, min(high, top))]
    bar = (
        f'<rect x="{_LEFT}" y="{y + 4}" width="{at[0] - _LEFT:.1f}" height="16" fill="{colour}" '
        f'fill-opacity=".55"/>'
        f'<path d="M{at[1]:.1f} {y + 12}H{at[2]:.1f}M{at[1]:.1f} {y + 8}v8M{at[2]:.1f} {y + 8}v8" '
        'stroke="#1b1b1b" stroke-width="1.5" fill="none"/>'
    )
    text = f"{percent(rate['value'])}  {said}".strip()
    told = f'<text x="{_LEFT + _PLOT + 12}" y="{y + 16}">{escape(text)}</text>'
    return label + bar + _limit(group, y, top, floor, good=comparison["benefit"]) + told


def _limit(group: Mapping[str, Any], y: int, top: float, floor: float, *, good: bool) -> str:
    """Return the mark of the limit; nothing where the rate of the others is not told."""
    ratio = (group.get("ratio_rest") or {}).get("value")
    if ratio in (None, "inf") or float(ratio) == 0:
        return ""
    others = float(group["rate"]["value"]) / float(ratio)
    limit = others * floor if good else others / floor
    if limit > top:
        return ""
    x = _LEFT + _PLOT * limit / top
    return f'<path d="M{x:.1f} {y}v24" stroke="#1b1b1b" stroke-width="2" stroke-dasharray="3 2"/>'


def _scale(rows: Sequence[Mapping[str, Any]]) -> float:
    """Return the right end of the axis: a round share above every interval."""
    ends = [
        float(row["rate"]["high"])
        for row in rows
        if not row["hidden"] and row["rate"]["high"] is not None
    ]
    most = max(ends, default=1.0)
    return next(
        (end for end in (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75) if most <= end), 1.0
    )


def _grid(top: float, rows: int) -> str:
    parts = []
    for part in range(5):
        x = _LEFT + _PLOT * part / 4
        label = f"{top * part / 4 * 100:.4g} %"
        parts.append(
            f'<path d="M{x:.1f} 0V{rows * _ROW + 6}" stroke="#ddd"/>'
            f'<text x="{x:.1f}" y="{rows * _ROW + 24}" text-anchor="middle" fill="#555">{label}</text>'
        )
    return "".join(parts)


def effects(
    part: Mapping[str, Any], words: Mapping[str, str], form: Callable[[str | None], str]
) -> str:
    """Return the groups of a price comparison as points with intervals around no difference.

    `words` are `hidden` and the three verdicts; `form` writes a figure. The band is the tolerance.
    """
    told = [g for g in part["groups"] if not g["hidden"] and g["effect"]["low"] is not None]
    tolerance = float(part["tolerance"])
    ends = [abs(float(group["effect"][end])) for group in told for end in ("low", "high")]
    most = max([*ends, 1.5 * tolerance, 0.005])
    rows = len(part["groups"])

    def at(value: float) -> float:
        return _LEFT + _NARROW / 2 * (1 + value / most)

    band = (
        f'<rect x="{at(-tolerance):.1f}" y="0" width="{at(tolerance) - at(-tolerance):.1f}" '
        f'height="{rows * _ROW + 6}" fill="#eee"/>'
    )
    parts = [band]
    parts += [
        f'<path d="M{at(value):.1f} 0V{rows * _ROW + 6}" stroke="{"#777" if not value else "#ddd"}"/>'
        f'<text x="{at(value):.1f}" y="{rows * _ROW + 24}" text-anchor="middle" fill="#555">'
        f"{escape(form(f'{value:.4f}'))}</text>"
        for value in (-most, 0.0, most)
    ]
    for number, group in enumerate(part["groups"]):
        y = number * _ROW + 18
        parts.append(
            f'<text x="{_LEFT - 8}" y="{y + 4}" text-anchor="end">{escape(group["group"])}</text>'
        )
        if group not in told:
            text = words["hidden"] if group["hidden"] else words[group["status"]]
            parts.append(f'<text x="{_LEFT + 4}" y="{y + 4}" fill="#555">{escape(text)}</text>')
            continue
        value, low, high = (at(float(group["effect"][end])) for end in ("value", "low", "high"))
        said = f"{form(group['effect']['value'])}  {words[group['status']]}"
        parts.append(
            point(value, low, high, y, group["status"])
            + f'<text x="{_LEFT + _NARROW + 12}" y="{y + 4}">{escape(said)}</text>'
        )
    return svg(rows * _ROW + 34, "".join(parts))


def point(value: float, low: float, high: float, y: int, status: str) -> str:
    """Return a figure as a point with its interval, all three as places on the axis, in the verdict's colour."""
    return (
        f'<path d="M{low:.1f} {y}H{high:.1f}M{low:.1f} {y - 4}v8M{high:.1f} {y - 4}v8" '
        'stroke="#1b1b1b" stroke-width="1.5" fill="none"/>'
        f'<circle cx="{value:.1f}" cy="{y}" r="5" fill="{COLOURS[status]}"/>'
    )


def ratios(found: Sequence[Mapping[str, Any]], limit: float) -> str:
    """Return the ratios of one group over periods as a line, with the limit of the policy."""
    values = [float(one["value"]) if one["value"] not in (None, "inf") else None for one in found]
    top = 1.1 * max([*(value for value in values if value is not None), 1.0])
    wide, high = 200, 44

    def at(number: int, value: float) -> str:
        x = 4 + (wide - 8) * number / max(len(values) - 1, 1)
        return f"{x:.1f} {high - high * value / top:.1f}"

    points = [at(n, value) for n, value in enumerate(values) if value is not None]
    edge = high - high * limit / top
    return (
        f'<svg role="img" width="{wide}" height="{high}" viewBox="0 0 {wide} {high}">'
        f'<path d="M0 {edge:.1f}H{wide}" stroke="#1b1b1b" stroke-dasharray="3 2"/>'
        f'<path d="M{"L".join(points)}" stroke="#0072b2" stroke-width="2" fill="none"/></svg>'
        if points
        else ""
    )


def percent(share: str | None) -> str:
    """Return a share of the report in per cent, one digit after the point; '' when not defined."""
    return "" if share is None else f"{float(share) * 100:.1f} %"


def svg(high: int, inside: str, wide: int = _WIDE) -> str:
    """Return the frame of a picture."""
    return (
        f'<svg role="img" width="{wide}" height="{high}" viewBox="0 0 {wide} {high}" '
        f'font-family="system-ui,sans-serif" font-size="13">{inside}</svg>'
    )
