# SPDX-License-Identifier: Apache-2.0
"""A fact written back in the rule language, for engineers: what is read again is the same fact."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from audit.clock import DAY, HOUR
from tagging.rules.functions import AGGREGATES
from tagging.rules.tree import (
    SCALE,
    Aggregate,
    And,
    Arith,
    Attribute,
    Case,
    Coalesce,
    Column,
    Compare,
    InList,
    IsNull,
    Literal,
    Named,
    Node,
    Not,
    NullIf,
    Or,
    Segment,
    TagRef,
    Tier,
    Window,
)

_NAMES = {function.op: name for name, function in AGGREGATES.items()}


def spell(node: Node) -> str:
    """Return an expression in the rule language, shorthands and features written out or named."""
    return _SPELLINGS[type(node)](node)


def _aggregate(node: Aggregate) -> str:
    parts = [node.column] if node.column else []
    if node.where is not None:
        parts.append(spell(node.where))
    parts += _options(node.window)
    return f"{_NAMES[node.op]}({', '.join(parts)})"


def _options(window: Window) -> list[str]:
    found = []
    if window.span is not None:
        unit, size = ("days", DAY) if window.span % DAY == 0 else ("hours", HOUR)
        found.append(f"{unit} => {window.span // size}")
    if window.ago:
        found.append(f"ago => {window.ago // DAY}")
    return found


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _literal(node: Literal) -> str:
    value = node.value
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return _quoted(value)
    if node.kind == "dec":
        text = f"{Decimal(value) / SCALE:.4f}".rstrip("0")
        return text.rstrip(".") if text.endswith(".") else text
    return repr(value)


def _arith(node: Arith) -> str:
    if isinstance(node.right, Literal) and node.right.value in (1, SCALE) and _converts(node):
        return spell(node.left)
    return f"({spell(node.left)} {node.op} {spell(node.right)})"


def _converts(node: Arith) -> bool:
    to_dec = node.op == "*" and node.kind == "dec" and node.left.kind == "int"
    return to_dec or (node.op == "/" and node.right.kind == "int" and node.kind == "real")


def _joined(node: And | Or) -> str:
    word = " and " if isinstance(node, And) else " or "
    return word.join(
        f"({spell(item)})" if isinstance(item, And | Or) else spell(item) for item in node.items
    )


def _case(node: Case) -> str:
    whens = "".join(f" when {spell(when)} then {spell(value)}" for when, value in node.whens)
    return f"case{whens} else {spell(node.otherwise)} end"


def _list(items: tuple[Node, ...]) -> str:
    return ", ".join(spell(item) for item in items)


_SPELLINGS: dict[type, Callable[[Any], str]] = {
    Aggregate: _aggregate,
    Attribute: lambda n: f"attribute({_quoted(n.key)})",
    TagRef: lambda n: f"tag({_quoted(n.key)})",
    Named: lambda n: f"feature({_quoted(n.key)})",
    Segment: lambda n: f"{n.call}({_quoted(n.name)})",
    Tier: lambda n: f"tier({spell(n.of)}, {n.count})",
    Column: lambda n: str(n.name),
    Literal: _literal,
    Arith: _arith,
    Compare: lambda n: f"{spell(n.left)} {n.op} {spell(n.right)}",
    And: _joined,
    Or: _joined,
    Not: lambda n: f"not ({spell(n.of)})",
    IsNull: lambda n: f"{spell(n.of)} is null",
    InList: lambda n: f"{spell(n.of)} in ({_list(n.values)})",
    Case: _case,
    Coalesce: lambda n: f"coalesce({_list(n.items)})",
    NullIf: lambda n: f"nullif({spell(n.of)}, {spell(n.value)})",
}
