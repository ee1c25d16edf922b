# SPDX-License-Identifier: Apache-2.0
"""Pictures of a consent report as SVG: how people stand to each purpose; how fast each no took effect."""

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

from audit.consent.words import lasting

PARTS: Final = {
    "covered": "#0072b2",
    "never": "#d9d9d9",
    "expired": "#e69f00",
    "refused": "#cc79a7",
    "withdrawn": "#d55e00",
    "stopped": "#7f7f7f",
}
"""Parts of a line and their colours, told apart by people who do not see all colours; a legend names them."""
_WIDE, _LEFT, _PLOT, _ROW = 900, 330, 430, 34
_LINE: Final = 48
"""Height of a row with three lines of labels."""
_SIZE, _SMALL = 13, 11
_LONG: Final = 48
"""How wide a label may be, in Latin letters of the usual size: the table below has it whole."""
_TOP: Final = 30 * 86_400
"""Right end of the picture of effects: 30 days. Left of one second everything is at once."""


def coverage(
    lines: Sequence[tuple[str, str, str, Mapping[str, Any]]], words: Mapping[str, str]
) -> str:
    """Return one bar a line of (label, law, what is needed, coverage), cut into its parts.

    What is rounded away stays blank. `words` name the parts. A line whose people are hidden has no bar.
    """
    drawn = [_legend(words)]
    for number, (label, law, needed, line) in enumerate(lines):
        y = 36 + number * _LINE
        drawn.append(_label(label, y - 10))
        drawn.append(_label(law, y + 4, _SMALL))
        drawn.append(_label(needed, y + 17, _SMALL))
        left = float(_LEFT)
        total = line["people"] or 0
        for part, colour in PARTS.items():
            width = _PLOT * (line[part] or 0) / total if total else 0
            if width:
                drawn.append(
                    f'<rect x="{left:.1f}" y="{y + 4}" width="{width:.1f}" height="18" fill="{colour}"/>'
                )
            left += width
        share = f"{(line['covered'] or 0) / total * 100:.0f} %" if total else words["hidden"]
        drawn.append(f'<text x="{_LEFT + _PLOT + 10}" y="{y + 18}">{escape(share)}</text>')
    return _svg(36 + len(lines) * _LINE, "".join(drawn))


def effects(
    lines: Sequence[tuple[str, Mapping[str, Any]]],
    limit: int,
    words: Mapping[str, str],
    language: str,
) -> str:
    """Return one row a no of (label, effect): median, 95th percentile and longest on a log axis.

    The dashed mark is the limit, where tags must end at once. `words` are `standing`, `few`, `none` (no
    assignment stood on it) and `open` (none of them has ended).
    """
    drawn = [_axis(len(lines), language)]
    for number, (label, line) in enumerate(lines):
        y = 4 + number * _ROW
        drawn.append(_label(label, y))
        bad = line["at_once"] and (line["late"] or line["standing"])
        colour = "#d55e00" if bad else "#0072b2"
        times = [line["ended"][name] for name in ("median", "p95", "longest")]
        if line["at_once"]:
            x = _place(limit)
            drawn.append(
                f'<path d="M{x:.1f} {y + 2}v24" stroke="#1b1b1b" stroke-width="2" stroke-dasharray="3 2"/>'
            )
        if times[0] is not None:
            at = [_place(float(one)) for one in times]
            drawn.append(
                f'<path d="M{at[0]:.1f} {y + 14}H{at[2]:.1f}" stroke="{colour}" stroke-width="3"/>'
                f'<circle cx="{at[0]:.1f}" cy="{y + 14}" r="6" fill="{colour}"/>'
                f'<path d="M{at[1]:.1f} {y + 7}v14M{at[2]:.1f} {y + 7}v14" stroke="{colour}" stroke-width="3"/>'
            )
        else:
            said = words["none"] if line["rested"] == 0 else words["open"]
            drawn.append(f'<text x="{_LEFT + 6}" y="{y + 19}" fill="#555">{escape(said)}</text>')
        if line["standing"] != 0:
            many = words["few"] if line["standing"] is None else f"{line['standing']:,}"
            said = f"{words['standing']}: {many}"
            drawn.append(
                f'<text x="{_LEFT + _PLOT + 10}" y="{y + 19}" fill="{colour}">{escape(said)}</text>'
            )
    return _svg(len(lines) * _ROW + 36, "".join(drawn))


def _place(seconds: float) -> float:
    """Return where a time stands on the axis: at once, then 1 second to 30 days by logarithm."""
    if seconds < 1:
        return _LEFT + 12.0
    return _LEFT + 62 + (_PLOT - 62) * min(math.log(seconds) / math.log(_TOP), 1.0)


def _axis(rows: int, language: str) -> str:
    parts = []
    for seconds in ("0", "1", "60", "3600", "86400", str(_TOP)):
        x = _place(float(seconds))
        parts.append(
            f'<path d="M{x:.1f} 0V{rows * _ROW + 8}" stroke="#ddd"/>'
            f'<text x="{x:.1f}" y="{rows * _ROW + 26}" text-anchor="middle" fill="#555" '
            f'font-size="11">{lasting(seconds, language)}</text>'
        )
    return "".join(parts)


def _legend(words: Mapping[str, str]) -> str:
    parts, x = [], 0
    for part, colour in PARTS.items():
        parts.append(
            f'<rect x="{x}" y="4" width="12" height="12" fill="{colour}"/>'
            f'<text x="{x + 17}" y="15" font-size="12">{escape(words[part])}</text>'
        )
        x += 122
    return "".join(parts)


def _label(label: str, y: int, size: int = _SIZE) -> str:
    width, cut = 0, len(label)
    for place, sign in enumerate(label):
        width += 2 if sign > "\u2e80" else 1
        if width * size > _LONG * _SIZE:
            cut = place
            break
    label = label if cut == len(label) else f"{label[:cut]}…"
    style = "" if size == _SIZE else f' font-size="{size}" fill="#555"'
    return f'<text x="{_LEFT - 8}" y="{y + 18}" text-anchor="end"{style}>{escape(label)}</text>'


def _svg(high: int, inside: str) -> str:
    return (
        f'<svg role="img" width="{_WIDE}" height="{high}" viewBox="0 0 {_WIDE} {high}" '
        f'font-family="system-ui,\'Noto Sans CJK SC\',sans-serif" font-size="{_SIZE}">{inside}</svg>'
    )
