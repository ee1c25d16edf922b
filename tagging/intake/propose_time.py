# SPDX-License-Identifier: Apache-2.0
"""Tells how times are written, from examples; says so where day and month could change places."""

import re
from collections.abc import Sequence

_ISO = re.compile(r"[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}([T ].*)?\Z")
_EPOCH = re.compile(r"[0-9]{10}\Z|[0-9]{13}\Z|[0-9]{16}\Z|[0-9]{8}\Z|[0-9]{14}\Z")
_PARTS = re.compile(
    r"([0-9]{1,2})([/.-])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})"
    r"(?:(\s+)([0-9]{1,2}):([0-9]{2})(:[0-9]{2})?(\s*[AaPp][Mm])?)?\Z"
)
_CHINESE = re.compile(
    r"[0-9]{4}年[0-9]{1,2}月[0-9]{1,2}日(\s*)([0-9]{1,2}:[0-9]{2}(:[0-9]{2})?)?\Z"
)
_MONTHS = 12


def time_format(values: Sequence[str]) -> tuple[str, str]:
    """Return the form of times (auto when it needs none), and a doubt about it or ''."""
    if not values:
        return "auto", "the column is empty in the first rows"
    if all(_ISO.match(v) or _EPOCH.match(v) for v in values):
        return "auto", ""
    if found := _CHINESE.match(values[0]):
        clock = f"{found[1]}%H:%M{':%S' if found[3] else ''}" if found[2] else ""
        return f"%Y年%m月%d日{clock}", ""
    parts = [found for value in values if (found := _PARTS.match(value))]
    if not parts or len(parts) * 2 < len(values):
        return "auto", "the form of these times is not known: say format:"
    return _day_and_month(parts)


def looks_like_time(values: Sequence[str]) -> bool:
    """Return whether all these values are times: dates, or seconds since 1970 in our days."""
    return all(
        _ISO.match(v)
        or _PARTS.match(v)
        or _CHINESE.match(v)
        or re.match(r"1[0-9]{9}([0-9]{3})?\Z", v)
        for v in values
    )


def _day_and_month(parts: Sequence[re.Match[str]]) -> tuple[str, str]:
    first = max(int(found[1]) for found in parts)
    second = max(int(found[3]) for found in parts)
    sample = parts[0]
    sign = sample[2]
    year = "%Y" if len(sample[4]) == len("2017") else "%y"
    clock = ""
    if sample[5]:
        hour = "%I" if sample[9] else "%H"
        half = " %p" if sample[9] and sample[9].startswith(" ") else "%p" if sample[9] else ""
        clock = f" {hour}:%M{':%S' if sample[8] else ''}{half}"
    day_first = f"%d{sign}%m{sign}{year}{clock}"
    month_first = f"%m{sign}%d{sign}{year}{clock}"
    if first > _MONTHS and second > _MONTHS:
        return day_first, "both day/month and month/day stand in this file"
    if first > _MONTHS:
        return day_first, ""
    if second > _MONTHS:
        return month_first, ""
    return day_first, f"day first, or month first ({month_first})? the first rows do not tell"
