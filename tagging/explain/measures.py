# SPDX-License-Identifier: Apache-2.0
"""What an aggregate measures, in words: the shorthands by their business names, the rest by parts."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal as OneOf

from tagging.explain.amounts import OR, Language, Unit, listed
from tagging.explain.conditions import Conditions, column_unit, window_words
from tagging.explain.naming import ANY_EVENT, EventWords, Naming, event_words
from tagging.rules.functions import AGGREGATES, SHORTHANDS
from tagging.rules.tree import Aggregate, And, Column, Compare, InList, Literal, Node


@dataclass(frozen=True, slots=True)
class Shape:
    """How a measure is spoken of.

    `did`: `3 orders`, `下了3笔订单`. `is`: `highest price: 9.00`, `最高单价为9.00`. `days`: `last
    purchase 12 days ago`. Pairs are English and Chinese.
    """

    form: OneOf["did", "is", "days"]
    unit: Unit
    name: tuple[str, str]
    noun: tuple[str, str] = ("", "")
    """English, one and many; for days: the event."""
    verb: str = ""
    """Chinese, with {q}; for days: the event."""
    never: str = ""
    """Chinese, after 没有; a `record` instead where there is no better word."""
    record: str = ""
    notes: tuple[tuple[str, str], ...] = ()


_BY_NAME = {
    "orders": Shape(
        "did",
        "count",
        ("number of orders", "订单数"),
        ("order", "orders"),
        "下了{q}笔订单",
        "下过订单",
    ),
    "spend": Shape("did", "money", ("money spent", "消费金额"), ("spent", "spent"), "消费{q}"),
    "units": Shape(
        "did",
        "quantity",
        ("quantity bought", "购买数量"),
        ("unit bought", "units bought"),
        "购买了{q}件商品",
        "购买过商品",
    ),
}
_GROSS = ("before returns", "未扣除退货")


@dataclass(frozen=True, slots=True)
class Measure:
    """An aggregate taken apart for speaking: its shape, its conditions, its window."""

    fact: Aggregate
    shape: Shape
    conditions: Conditions

    def window(self, language: Language) -> str:
        """Return the window in words."""
        return window_words(self.fact.window, language)

    def notes(self, language: Language) -> str:
        """Return the further conditions in brackets, or nothing."""
        zh = language == "zh"
        found = [note[zh] for note in self.shape.notes] + self.conditions.notes(language)
        if not found:
            return ""
        return f"（{'，'.join(found)}）" if zh else f" ({', '.join(found)})"

    def named(self, language: Language) -> str:
        """Return what is measured, without a value: `number of orders in TEA within 30 days`."""
        zh = language == "zh"
        around, notes = self.conditions.around(language), self.notes(language)
        when = self.window(language)
        name = self.shape.name[zh]
        if self.shape.form == "days":
            bounded = self.fact.window.span is not None or self.fact.window.ago > 0
            name = name.format(c=around)
            if not bounded:
                return name + notes
            return f"{when}{name}{notes}" if zh else f"{name} {when}{notes}"
        if zh:
            return f"{when}{around}{'' if '的' in name else '的'}{name}{notes}"
        return f"{name}{around} {when}{notes}"

    def never(self) -> str:
        """Return, in Chinese, what comes after 没有: `在TEA下过订单`, `购买记录`."""
        around, record = self.conditions.around("zh"), self.shape.record
        if not record:
            return around + self.shape.never
        if len(record) > 2:
            return f"{around}{record}的记录"
        return f"{around}{'的' if around else ''}{record}记录"


def measure_of(fact: Aggregate, naming: Naming) -> Measure:
    """Return an aggregate taken apart."""
    types, rest = _split(fact.where)
    shape = _shape(fact, types, naming)
    return Measure(fact, shape, Conditions(rest, naming))


def _split(where: Node | None) -> tuple[tuple[str, ...], list[Node]]:
    """Return the types of event that are counted (none: all) and the other conditions."""
    types: tuple[str, ...] = ()
    rest: list[Node] = []
    for item in _items(where):
        found = _types(item)
        if found and not types:
            types = found
        else:
            rest.append(item)
    return types, rest


def _items(where: Node | None) -> Iterator[Node]:
    if isinstance(where, And):
        yield from where.items
    elif where is not None:
        yield where


def _types(item: Node) -> tuple[str, ...]:
    of = item.of if isinstance(item, InList) else item.left if isinstance(item, Compare) else None
    if not isinstance(of, Column) or of.name != "event_type":
        return ()
    if isinstance(item, InList):
        return tuple(str(value.value) for value in item.values)
    same = isinstance(item, Compare) and item.op == "=" and isinstance(item.right, Literal)
    return (str(item.right.value),) if same else ()  # type: ignore[union-attr]


def _shorthand(fact: Aggregate, types: tuple[str, ...]) -> str:
    for name, short in SHORTHANDS.items():
        same = AGGREGATES[short.function].op == fact.op and short.column == fact.column
        if same and set(_types(short.where)) == set(types):
            return name
    return ""


def _shape(fact: Aggregate, types: tuple[str, ...], naming: Naming) -> Shape:
    known = _BY_NAME.get(_shorthand(fact, types))
    if known is not None:
        return known
    if fact.op == "sum" and types == ("purchase",) and fact.column in ("amount", "quantity"):
        name = "spend" if fact.column == "amount" else "units"
        return replace(_BY_NAME[name], notes=(_GROSS,))
    if fact.op == "count":
        return _counted(types)
    if fact.op == "distinct":
        return _different(fact, types, naming)
    if fact.op in ("since_first", "since_last"):
        return _days(fact, types)
    return _of_column(fact, types, naming)


def _joined(types: tuple[str, ...]) -> EventWords:
    """Return the words of some types of event together."""
    if not types:
        return ANY_EVENT
    every = [event_words(code) for code in types]
    if len(every) == 1:
        return every[0]
    zh = listed([words.zh for words in every], "zh", joint=OR)
    return EventWords(
        listed([words.one for words in every], "en", joint=OR),
        listed([words.many for words in every], "en", joint=OR),
        listed([words.done for words in every], "en", joint=OR),
        zh,
        zh + "共{q}次",
    )


def _counted(types: tuple[str, ...]) -> Shape:
    words = _joined(types)
    zh = "行为记录数" if words is ANY_EVENT else f"{words.zh}次数"
    name = (f"number of {words.many}", zh)
    nouns = (words.one, words.many)
    return Shape("did", "count", name, nouns, words.counted, record=words.zh)


_THINGS = {
    "item": ("item", "items", "种商品", "商品"),
    "category": ("category", "categories", "个品类的商品", "商品"),
}


def _different(fact: Aggregate, types: tuple[str, ...], naming: Naming) -> Shape:
    column = fact.column or ""
    words = _joined(types)
    note = (f"only {words.many}", f"仅{words.zh}")
    if column == "session":
        visits = ("number of visits", "访问次数")
        shape = Shape("did", "count", visits, ("visit", "visits"), "访问了{q}次", record="访问")
        return replace(shape, notes=(note,)) if types else shape
    thing = _THINGS.get(column)
    if thing is not None and types in (("purchase",), ("view",)):
        one, many, counted, zh = thing
        name = (f"number of different {many} {words.done}", f"{words.zh}的不同{zh}数")
        if column == "category":
            name = (f"number of different {many} {words.done}", f"{words.zh}的品类数")
        nouns = (f"different {one} {words.done}", f"different {many} {words.done}")
        return Shape(
            "did", "count", name, nouns, f"{words.zh}了{{q}}{counted}", f"{words.zh}过{zh}"
        )
    en, zh = naming.column(column, "en"), naming.column(column, "zh")
    name = (f"number of different values of {en}", f"不同{zh}的个数")
    shape = Shape("is", "count", name)
    return replace(shape, notes=(note,)) if types else shape


def _days(fact: Aggregate, types: tuple[str, ...]) -> Shape:
    words = _joined(types)
    first = fact.op == "since_first"
    en, zh = ("first", "首次") if first else ("last", "最近一次")
    name = (f"days since the {en} {words.one}{{c}}", f"距{zh}{{c}}{words.zh}的天数")
    return Shape("days", "plain", name, (en, words.one), zh, record=words.zh)


_COLUMN_NAMES = {
    "sum": ("total {}", "{}合计"),
    "min": ("lowest {}", "最低{}"),
    "max": ("highest {}", "最高{}"),
}


def _of_column(fact: Aggregate, types: tuple[str, ...], naming: Naming) -> Shape:
    column = fact.column or ""
    words = _joined(types)
    en, zh = naming.column(column, "en"), naming.column(column, "zh")
    if fact.op == "top":
        most = (f"{en} {words.done} most often", f"{words.zh}最多的{zh}")
        return Shape("is", "plain", most if types else (f"most frequent {en}", f"最常见的{zh}"))
    names = _COLUMN_NAMES[fact.op]
    shape = Shape("is", column_unit(column), (names[0].format(en), names[1].format(zh)))
    return replace(shape, notes=((f"only {words.many}", f"仅{words.zh}"),)) if types else shape
