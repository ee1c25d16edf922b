# SPDX-License-Identifier: Apache-2.0
"""Numbers and bounds in words. Both languages write the same digits, from the same region.

Whole numbers hide the grain of fixed-point values: more than 50.00, not at least 50.0001.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal as OneOf

from tagging.explain.regions import Number, Region
from tagging.rules.evaluate import Value
from tagging.rules.tree import SCALE, Kind

Language = str
"""`zh`, and English for everything else."""

Unit = OneOf["count", "money", "quantity", "plain", "share"]
"""How numbers are written: money with cents, a share as per cent, all others trimmed."""

_CENT = SCALE // 100
_MOST_LISTED = 6


def point(value: Value) -> Region:
    """Return the region of one value."""
    if value is None:
        return Region("missing")
    if isinstance(value, str | bool):
        return Region("among", values=(value,))
    return Region("between", value, value)


def exact(region: Region) -> Number | None:
    """Return the number that a region consists of, or None."""
    if region.form == "between" and region.low == region.high:
        return region.low
    return None


def number(value: Number, unit: Unit, kind: Kind) -> str:
    """Return a number as people write it: `523.40`, `3`, `0.25`, `40%`."""
    amount = Decimal(value) / SCALE if kind == "dec" else Decimal(repr(value))
    if unit == "share":
        return _trimmed(amount * 100, 2) + "%"
    if unit == "money":
        fine = round(amount, 4)
        return f"{fine:,.2f}" if kind == "real" or fine == round(amount, 2) else f"{fine:,.4f}"
    return _trimmed(amount, 4)


def about(value: float, unit: Unit) -> str:
    """Return a number that is not exact, as people say it: whole what is counted, else three digits that count.

    `25`, `14.1%`, `0.25`, `12,300`. What is less than 1/10000 is nothing.
    """
    if unit == "count":
        return f"{round(value):,}"
    amount = round(value, 4) * (100 if unit == "share" else 1) + 0.0  # no -0
    return _trimmed(Decimal(f"{amount:.3g}"), 4) + ("%" if unit == "share" else "")


def _trimmed(amount: Decimal, places: int) -> str:
    text = f"{amount:,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def bounds(region: Region, unit: Unit, kind: Kind, language: Language) -> str:
    """Return what a region of numbers allows, before a noun: `at least 3`, `至少3`."""
    return _bounds(region, unit, kind, _SLOT["zh" if language == "zh" else "en"])


def is_bounds(region: Region, unit: Unit, kind: Kind, language: Language) -> str:
    """Return what a region of numbers allows, after its subject: `: at least 3`, `不低于3`."""
    if language == "zh":
        return _bounds(region, unit, kind, _COPULA)
    return ": " + bounds(region, unit, kind, language)


_Words = tuple[str, str, str, str, str, str, str, str, str]
"""Any, exactly, at least, more than, at most, less than, fewer than, between, and."""

_SLOT: dict[str, _Words] = {
    "en": (
        "any value",
        "{}",
        "at least {}",
        "more than {}",
        "at most {}",
        "less than {}",
        "fewer than {}",
        "between {} and {}",
        " and ",
    ),
    "zh": ("任意值", "{}", "至少{}", "超过{}", "最多{}", "不到{}", "不到{}", "{}至{}", "且"),
}
_COPULA: _Words = (
    "为任意值",
    "为{}",
    "不低于{}",
    "高于{}",
    "不高于{}",
    "低于{}",
    "少于{}",
    "在{}至{}之间",
    "且",
)


def _bounds(region: Region, unit: Unit, kind: Kind, words: _Words) -> str:
    any_, one, least, more, most, less, fewer, between, joint = words
    value = exact(region)
    if value is not None:
        return one.format(number(value, unit, kind))
    low, low_open = _coarse_low(region, unit, kind)
    high, high_open = _coarse_high(region, unit, kind)
    if low is None and high is None:
        return any_
    if unit == "count" and low is None and high is not None:
        return fewer.format(number(high + 1, unit, kind))
    if low is not None and high is not None and not low_open and not high_open:
        return between.format(number(low, unit, kind), number(high, unit, kind))
    parts = []
    if low is not None:
        parts.append((more if low_open else least).format(number(low, unit, kind)))
    if high is not None:
        parts.append((less if high_open else most).format(number(high, unit, kind)))
    return joint.join(parts)


def _coarse_low(region: Region, unit: Unit, kind: Kind) -> tuple[Number | None, bool]:
    low = region.low
    if kind == "dec" and low is not None and low % _grain(unit) == 1:
        return low - 1, True
    return low, region.low_open


def _coarse_high(region: Region, unit: Unit, kind: Kind) -> tuple[Number | None, bool]:
    high = region.high
    if kind == "dec" and high is not None and (high + 1) % _grain(unit) == 0:
        return high + 1, True
    return high, region.high_open


def _grain(unit: Unit) -> int:
    return _CENT if unit == "money" else 10


def listed(names: Sequence[str], language: Language, *, joint: tuple[str, str]) -> str:
    """Return names joined by `joint` (en, zh); of many only the first, and how many more."""
    zh = language == "zh"
    shown = list(names[:_MOST_LISTED])
    more = len(names) - len(shown)
    if more:
        rest = f"另外{more}项" if zh else f"{more} more"
        shown.append(rest)
    if len(shown) < 2:
        return "".join(shown)
    last = joint[1] if zh else f" {joint[0]} "
    return ("、" if zh else ", ").join(shown[:-1]) + last + shown[-1]


OR = ("or", "或")
AND = ("and", "和")
