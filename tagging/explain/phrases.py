# SPDX-License-Identifier: Apache-2.0
"""Facts, tiers and calculations in words, with their values or bounds, in English and Chinese.

Both languages are made from the same parts: they carry the same facts and the same digits. A shape
that has no phrase of its own gets a plain one; nothing here is ever SQL.
"""

from collections.abc import Callable
from typing import Any

from tagging.explain.amounts import (
    OR,
    Language,
    Unit,
    bounds,
    exact,
    is_bounds,
    listed,
    number,
    point,
)
from tagging.explain.calculations import calculation_unit, calculation_words, stripped
from tagging.explain.measures import Measure, measure_of
from tagging.explain.naming import PLAIN, Naming
from tagging.explain.regions import SOME_OTHER, Region
from tagging.rules.evaluate import Value
from tagging.rules.tree import Aggregate, Attribute, Compare, Kind, Named, Node, TagRef, Tier

__all__ = ["bounded", "fact_value", "measured", "needed", "say", "say_bound", "written_unit"]


def say(term: Node, value: Value, language: Language, naming: Naming = PLAIN) -> str:
    """Return a term with its value: `3 orders in TEA within 30 days`, `30天内在TEA下了3笔订单`."""
    return say_bound(term, point(value), language, naming)


def say_bound(term: Node, region: Region, language: Language, naming: Naming = PLAIN) -> str:
    """Return a term with what it may be: `at least 3 orders in TEA within 30 days`."""
    speak = _WAYS.get(type(term))
    if speak is not None:
        return speak(term, region, language, naming)
    name = measured(term, language, naming)
    return name + _valued(region, calculation_unit(term), term.kind, language)


def measured(term: Node, language: Language, naming: Naming = PLAIN) -> str:
    """Return what a term measures, without a value: `money spent within 90 days`."""
    if isinstance(term, Named):
        return naming.feature(term.key, language) or measured(term.of, language, naming)
    if isinstance(term, Aggregate):
        return measure_of(term, naming).named(language)
    if isinstance(term, Attribute):
        return naming.attribute(term.key, language)
    if isinstance(term, TagRef):
        return naming.tag(term.key, language)
    if isinstance(term, Tier):
        inner = measured(term.of, language, naming)
        return f"{inner}的档位" if language == "zh" else f"tier of {inner}"
    return calculation_words(term, language, naming, lambda node: measured(node, language, naming))


def needed(term: Node, region: Region, language: Language) -> str:
    """Return only what a term may be: `at least 3`, `至少3笔`; '' when it may be anything."""
    zh = language == "zh"
    inner = stripped(term)
    if region.form == "between":
        if region.low is None and region.high is None:
            return ""
        if isinstance(inner, Tier):
            return _place(inner, region, language)
        return _amount(inner, region, language)
    if region.form == "missing":
        return "没有" if zh else "none"
    names = [_text(value, language) for value in region.values]
    text = listed(names, language, joint=OR)
    if region.form == "among":
        return text
    return (f"{text}以外" if zh else f"anything but {text}") if names else ""


def _amount(term: Node, region: Region, language: Language) -> str:
    zh = language == "zh"
    if not isinstance(term, Aggregate):
        return bounds(region, written_unit(term), term.kind, language)
    shape = measure_of(term, PLAIN).shape
    if shape.unit == "count" and region.low is None and region.high == 0:
        return "没有" if zh else "none"
    text = bounds(region, shape.unit, term.kind, language)
    if shape.form == "days":
        return text + ("天" if zh else _day_word(text, region))
    counter = shape.verb.partition("{q}")[2][:1] if zh and shape.form == "did" else ""
    return text + counter


def _day_word(text: str, region: Region) -> str:
    return (
        " day"
        if text.endswith(" 1") or (text == "1" and 1 in (region.low, region.high))
        else " days"
    )


def bounded(term: Node, region: Region, language: Language) -> str:
    """Return what a measure may be, `any value` where it may be anything."""
    return _amount(stripped(term), region, language)


def fact_value(term: Node, value: Value, language: Language) -> str:
    """Return a value as people write it: money with cents, texts as they are."""
    if value is None:
        return "无" if language == "zh" else "none"
    if isinstance(value, str | bool):
        return _text(value, language)
    return number(value, written_unit(term), term.kind)


def written_unit(term: Node) -> Unit:
    """Return how the numbers of a measure are written: a share as per cent, what is counted as whole."""
    inner = stripped(term)
    if isinstance(inner, Aggregate):
        return measure_of(inner, PLAIN).shape.unit
    return calculation_unit(term)


def _text(value: str | bool, language: Language) -> str:
    zh = language == "zh"
    if isinstance(value, bool):
        return ("有" if value else "没有") if zh else ("yes" if value else "no")
    if value == SOME_OTHER:
        return "其他值" if zh else "another value"
    return value or ("（空）" if zh else "(empty)")


# --- aggregates -----------------------------------------------------------------------------


def _named(term: Any, region: Region, language: Language, naming: Naming) -> str:
    name = naming.feature(term.key, language)
    inner = say_bound(term.of, region, language, naming)
    return inner if name is None else f"{name}{'：' if language == 'zh' else ': '}{inner}"


def _aggregate(term: Any, region: Region, language: Language, naming: Naming) -> str:
    measure = measure_of(term, naming)
    return _SPOKEN[measure.shape.form](measure, region, language)


def _did(measure: Measure, region: Region, language: Language) -> str:
    shape = measure.shape
    around, when = measure.conditions.around(language), measure.window(language)
    notes = measure.notes(language)
    none = shape.unit in ("count", "quantity") and region.high == 0 and region.low in (None, 0)
    if none and region.form == "between":
        if language == "zh":
            return f"{when}没有{measure.never()}{notes}"
        return f"no {shape.noun[1]}{around} {when}{notes}"
    amount = bounds(region, shape.unit, measure.fact.kind, language)
    if language == "zh":
        return f"{when}{around}{shape.verb.format(q=amount)}{notes}"
    one = exact(region) == (1 if measure.fact.kind == "int" else 10_000) or _least_is_one(
        measure, region
    )
    return f"{amount} {shape.noun[0 if one else 1]}{around} {when}{notes}"


def _least_is_one(measure: Measure, region: Region) -> bool:
    """Return whether the words end with `1`: at least 1 order, fewer than 1 order."""
    unit = 1 if measure.fact.kind == "int" else 10_000
    if region.low is not None and region.high is not None:
        return False
    return region.low == unit or (region.high == 0 and measure.shape.unit == "count")


def _is(measure: Measure, region: Region, language: Language) -> str:
    name = measure.named(language)
    return name + _valued(region, measure.shape.unit, measure.fact.kind, language)


def _valued(region: Region, unit: Unit, kind: Kind, language: Language) -> str:
    zh = language == "zh"
    if region.form == "missing":
        return "：无" if zh else ": none"
    if region.form == "between":
        return is_bounds(region, unit, kind, language)
    text = listed([_text(value, language) for value in region.values], language, joint=OR)
    if region.form == "besides":
        return f"不是{text}" if zh else f": not {text}"
    return f"是{text}" if zh else f": {text}"


def _days(measure: Measure, region: Region, language: Language) -> str:
    shape = measure.shape
    zh = language == "zh"
    around, when = measure.conditions.around(language), measure.window(language)
    notes = measure.notes(language)
    if region.form == "missing":
        if zh:
            return f"{when}没有{measure.never()}{notes}"
        return f"no {shape.noun[1]}{around} {when}{notes}"
    if region.low is None and region.high is None:
        if zh:
            return f"{when}有{measure.never()}{notes}"
        return f"a {shape.noun[1]}{around} {when}{notes}"
    if exact(region) == 0 or (region.low is None and region.high == 0):
        days = "不到1天" if zh else "less than 1 day"
    else:
        days = bounds(region, "plain", "int", language)
        days += "天" if zh else _day_word(days, region)
    if zh:
        return f"{shape.verb}{around}{shape.record}距今{days}{notes}"
    return f"{shape.noun[0]} {shape.noun[1]}{around} {days} ago{notes}"


_SPOKEN = {"did": _did, "is": _is, "days": _days}


# --- everything else ------------------------------------------------------------------------


def _attribute(term: Any, region: Region, language: Language, naming: Naming) -> str:
    zh = language == "zh"
    name = naming.attribute(term.key, language)
    if region.form == "missing":
        return f"未填写“{name}”" if zh else f"not declared: {name}"
    if region.form == "between":
        text = bounds(region, "plain", "int", language)
        return f"填写的“{name}”为{text}" if zh else f"declared: {name} = {text}"
    text = listed([_text(value, language) for value in region.values], language, joint=OR)
    if region.form == "besides":
        return f"填写的“{name}”不是{text}" if zh else f"declared: {name} other than {text}"
    return f"填写的“{name}”为{text}" if zh else f"declared: {name} = {text}"


def _tag(term: Any, region: Region, language: Language, naming: Naming) -> str:
    zh = language == "zh"
    name = naming.tag(term.key, language)
    if region.form == "missing":
        return f"标签“{name}”没有结果" if zh else f"no result for the tag “{name}”"
    if region.values == (True,):
        return f"带有标签“{name}”" if zh else f"carries the tag “{name}”"
    if region.values == (False,):
        return f"没有标签“{name}”" if zh else f"does not carry the tag “{name}”"
    return (f"标签“{name}”" if zh else f"the tag “{name}”") + _valued(
        region, "plain", "int", language
    )


def _tier(term: Tier, region: Region, language: Language, naming: Naming) -> str:
    name = measured(term.of, language, naming)
    if region.form == "missing":
        if language == "zh":
            return f"按{name}由低到高分为{term.count}档，未进入任何一档"
        return f"in none of {term.count} tiers by {name}"
    if language == "zh":
        return f"按{name}由低到高分为{term.count}档，处于{_place(term, region, language)}"
    place = _place(term, region, language)
    if "tier" in place:
        return f"in {place} of {term.count} by {name}, counted from the lowest"
    return f"in {place} of {term.count} tiers by {name}"


def _place(term: Tier, region: Region, language: Language) -> str:
    """Return the tiers of a region: `the highest`, `tier 3 or higher`."""
    zh = language == "zh"
    low = None if region.low == 1 else region.low
    high = None if region.high == term.count else region.high
    if region.low == term.count:
        words = ("the highest", "最高档")
    elif region.high == 1:
        words = ("the lowest", "最低档")
    elif low is None and high is None:
        words = ("any", "任一档")
    elif low is None:
        words = (f"tier {high} or lower", f"第{high}档或更低")
    elif high is None:
        words = (f"tier {low} or higher", f"第{low}档或更高")
    elif low == high:
        words = (f"tier {low}", f"第{low}档")
    else:
        words = (f"tier {low} to {high}", f"第{low}至{high}档")
    return words[zh]


def _comparison(term: Compare, region: Region, language: Language, naming: Naming) -> str:
    zh = language == "zh"
    left, right = (measured(side, language, naming) for side in (term.left, term.right))
    if region.form == "missing":
        return f"{left}与{right}无法比较" if zh else f"{left} and {right} cannot be compared"
    same = (region.values == (True,)) == (term.op == "=")
    if zh:
        return f"{left}与{right}{'相同' if same else '不同'}"
    return f"{left} {'equals' if same else 'differs from'} {right}"


_WAYS: dict[type, Callable[[Any, Region, Language, Naming], str]] = {
    Named: _named,
    Aggregate: _aggregate,
    Attribute: _attribute,
    TagRef: _tag,
    Tier: _tier,
    Compare: _comparison,
}
