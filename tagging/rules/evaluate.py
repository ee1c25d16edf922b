# SPDX-License-Identifier: Apache-2.0
"""Evaluates a rule on the facts of one person, in plain Python: for replay and explanation.

NULL is None and follows SQL's three-valued logic. It gives what every lowering gives.
"""

from collections.abc import Callable, Mapping
from typing import Any

from tagging.rules.lower import Cuts
from tagging.rules.tree import (
    Aggregate,
    And,
    Arith,
    Attribute,
    Case,
    Coalesce,
    Compare,
    Fact,
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
)

_LIMIT = 2**63 - 1

Value = int | float | str | bool | None
Facts = Mapping[Fact, Value]


def evaluate(node: Node, facts: Facts, cuts: Cuts) -> Value:
    """Return the value of a rule on the given facts; a fact that is not given is None."""
    return _EVALUATORS[type(node)](node, facts, cuts)


def tier_of(value: Value, cuts: Any) -> int | None:
    """Return 1 plus the number of cut points below the value; None stays None."""
    if value is None or cuts is None:
        return None
    return 1 + sum(1 for cut in cuts if value > cut)


def compare(op: str, left: Value, right: Value) -> bool | None:
    """Return left op right, None when one of them is None."""
    if left is None or right is None:
        return None
    return _COMPARE[op](left, right)


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def _all(values: list[Value]) -> bool | None:
    if any(value is False or (value == 0 and value is not None) for value in values):
        return False
    return None if any(value is None for value in values) else True


def _any(values: list[Value]) -> bool | None:
    if any(value for value in values if value is not None):
        return True
    return None if any(value is None for value in values) else False


def _arith(node: Any, facts: Facts, cuts: Cuts) -> Value:
    left: Any = evaluate(node.left, facts, cuts)
    right: Any = evaluate(node.right, facts, cuts)
    if left is None or right is None:
        return None
    if node.op == "/":
        return None if right == 0 else float(left) / float(right)
    results = {"+": left + right, "-": left - right, "*": left * right}
    result: int | float = results[node.op]
    return None if isinstance(result, int) and abs(result) >= _LIMIT else result


def _in(node: Any, facts: Facts, cuts: Cuts) -> Value:
    value = evaluate(node.of, facts, cuts)
    return None if value is None else any(value == item.value for item in node.values)


def _case(node: Any, facts: Facts, cuts: Cuts) -> Value:
    for condition, value in node.whens:
        if evaluate(condition, facts, cuts):
            return evaluate(value, facts, cuts)
    return evaluate(node.otherwise, facts, cuts)


def _coalesce(node: Any, facts: Facts, cuts: Cuts) -> Value:
    for item in node.items:
        value = evaluate(item, facts, cuts)
        if value is not None:
            return value
    return None


def _segment(node: Any, facts: Facts, cuts: Cuts) -> Value:
    found: Value = node.model.one([evaluate(part, facts, cuts) for part in node.of])
    return found == 1 if node.kind == "bool" else found


def _nullif(node: Any, facts: Facts, cuts: Cuts) -> Value:
    value = evaluate(node.of, facts, cuts)
    return None if value == node.value.value else value


def _not(node: Any, facts: Facts, cuts: Cuts) -> Value:
    value = evaluate(node.of, facts, cuts)
    return None if value is None else not value


_EVALUATORS: dict[type, Callable[[Any, Facts, Cuts], Value]] = {
    Literal: lambda n, _f, _c: n.value,
    Aggregate: lambda n, f, _c: f.get(n),
    Attribute: lambda n, f, _c: f.get(n),
    TagRef: lambda n, f, _c: f.get(n),
    Tier: lambda n, f, c: tier_of(evaluate(n.of, f, c), c.get(n)),
    Segment: _segment,
    Named: lambda n, f, c: evaluate(n.of, f, c),
    Arith: _arith,
    Compare: lambda n, f, c: compare(n.op, evaluate(n.left, f, c), evaluate(n.right, f, c)),
    And: lambda n, f, c: _all([evaluate(item, f, c) for item in n.items]),
    Or: lambda n, f, c: _any([evaluate(item, f, c) for item in n.items]),
    Not: _not,
    IsNull: lambda n, f, c: evaluate(n.of, f, c) is None,
    InList: _in,
    Case: _case,
    Coalesce: _coalesce,
    NullIf: _nullif,
}
