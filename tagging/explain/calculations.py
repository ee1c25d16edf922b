# SPDX-License-Identifier: Apache-2.0
"""Ratios, shares, averages, sums and differences of facts, in words and in the right unit."""

from collections.abc import Callable

from tagging.explain.amounts import AND, Language, Unit, listed, number
from tagging.explain.measures import Measure, measure_of
from tagging.explain.naming import PLAIN, Naming
from tagging.rules.tree import (
    SCALE,
    Aggregate,
    And,
    Arith,
    Case,
    Coalesce,
    Literal,
    Named,
    Node,
    NullIf,
    facts,
)

Words = Callable[[Node], str]


def stripped(node: Node) -> Node:
    """Return a term without what changes no meaning: names, conversions, care for zero and NULL."""
    if isinstance(node, Named | NullIf):
        return stripped(node.of)
    if isinstance(node, Coalesce) and all(isinstance(item, Literal) for item in node.items[1:]):
        return stripped(node.items[0])
    if isinstance(node, Arith) and isinstance(node.right, Literal) and _converts(node):
        return stripped(node.left)
    return node


def is_ratio(node: Node) -> bool:
    """Return whether a term divides one measure by another."""
    inner = stripped(node)
    return isinstance(inner, Arith) and inner.op == "/" and inner.kind == "real"


def _converts(node: Arith) -> bool:
    if node.op == "/" and node.kind == "real":
        return node.right == Literal(1, "int") or (
            node.left.kind == "dec" and node.right == Literal(SCALE, "int")
        )
    return node.op == "*" and node.right == Literal(SCALE, "int") and node.kind == "dec"


def _average_of(node: Node) -> tuple[Measure, Measure] | None:
    """Return the two measures of a ratio over the same window, or None."""
    if not isinstance(node, Arith) or node.op != "/":
        return None
    over, under = stripped(node.left), stripped(node.right)
    if not isinstance(over, Aggregate) or not isinstance(under, Aggregate):
        return None
    if over.window != under.window:
        return None
    return measure_of(over, PLAIN), measure_of(under, PLAIN)


def _is_share(over: Measure, under: Measure) -> bool:
    """Return whether the upper measure is the lower one with further conditions."""
    one, all_ = over.fact, under.fact
    if (one.op, one.column) != (all_.op, all_.column) or one == all_:
        return False
    wide = set(all_.where.items if isinstance(all_.where, And) else (all_.where,)) - {None}
    narrow = set(one.where.items if isinstance(one.where, And) else (one.where,))
    return wide < narrow


def calculation_unit(node: Node) -> Unit:
    """Return how the value of a calculation is written."""
    inner = stripped(node)
    if isinstance(inner, Aggregate):
        return measure_of(inner, PLAIN).shape.unit
    pair = _average_of(inner)
    if pair is not None and _is_share(*pair):
        return "share"
    if isinstance(inner, Arith) and inner.op == "/":
        over, under = calculation_unit(inner.left), calculation_unit(inner.right)
        scaled = stripped(inner.left) is not inner.left or inner.left.kind != "dec"
        return "money" if over == "money" and under == "count" and scaled else "plain"
    units = {calculation_unit(part) for part in _operands(inner)}
    if isinstance(inner, Arith) and inner.op in ("+", "-") and units == {"money"}:
        return "money"
    return "plain"


def _operands(node: Node) -> list[Node]:
    parts = [node.left, node.right] if isinstance(node, Arith) else []
    return [part for part in parts if not isinstance(part, Literal)]


def calculation_words(node: Node, language: Language, naming: Naming, words: Words) -> str:
    """Return a calculation in words; `words` says what its parts measure."""
    zh = language == "zh"
    inner = stripped(node)
    if isinstance(inner, Literal):
        return _constant(inner, language)
    if not isinstance(inner, Arith):
        return words(inner) if inner is not node else _further(inner, language, words)
    pair = _average_of(inner)
    if pair is not None:
        over, under = (measure_of(measure.fact, naming) for measure in pair)
        if _is_share(over, under):
            return _share(over, under, language)
        if under.shape.unit == "count" and under.shape.form == "did":
            return _average(over, under, language)
    left, right = _part(inner.left, words, language), _part(inner.right, words, language)
    if inner.op == "/":
        return f"{left}与{right}之比" if zh else f"ratio of {left} to {right}"
    joint = {"+": ("plus", "加"), "-": ("minus", "减去"), "*": ("times", "乘以")}[inner.op]
    return f"{left}{joint[1]}{right}" if zh else f"{left} {joint[0]} {right}"


def _part(node: Node, words: Words, language: Language) -> str:
    inner = stripped(node)
    if isinstance(inner, Literal):
        return _constant(inner, language)
    text = words(inner)
    if isinstance(inner, Arith):
        return f"（{text}）" if language == "zh" else f"({text})"
    return text


def _constant(node: Literal, language: Language) -> str:
    if isinstance(node.value, int | float) and not isinstance(node.value, bool):
        return number(node.value, "plain", node.kind)
    if node.value is None:
        return "无" if language == "zh" else "none"
    return str(node.value)


def _share(over: Measure, under: Measure, language: Language) -> str:
    narrow, wide = over.conditions.around(language), under.conditions.around(language)
    when, notes = over.window(language), over.notes(language)
    name = over.shape.name[language == "zh"]
    if language == "zh":
        part = narrow or "符合条件的部分"
        return f"{when}{wide}的{name}中，{part}{notes}的占比"
    part = narrow.strip() or "that fulfils the condition"
    whole = name.removeprefix("number of ")
    return f"of the {whole}{wide} {when}, the share {part}{notes}"


def _average(over: Measure, under: Measure, language: Language) -> str:
    same = over.conditions.around("en") == under.conditions.around("en")
    when = over.window(language)
    first, second = over.conditions.around(language), under.conditions.around(language)
    notes = over.notes(language) + under.notes(language)
    if language == "zh":
        of = "" if same else first
        per = under.shape.verb.format(q="1").split("1")[-1] or "次"
        return f"{when}{second}平均每{per}的{of}{over.shape.name[1]}{notes}"
    of = "" if same else first
    return f"average {over.shape.name[0]}{of} per {under.shape.noun[0]}{second} {when}{notes}"


def _further(node: Node, language: Language, words: Words) -> str:
    """Return a plain phrase for any other shape, with what goes into it."""
    zh = language == "zh"
    parts = [words(fact) for fact in facts(node)]
    if not parts:
        return "固定值" if zh else "a constant value"
    joined = listed(parts, language, joint=AND)
    if isinstance(node, Case):
        return f"由{joined}依条件得出的值" if zh else f"a value that depends on {joined}"
    return f"由{joined}计算得出的值" if zh else f"a value calculated from {joined}"
