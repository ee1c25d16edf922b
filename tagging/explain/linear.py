# SPDX-License-Identifier: Apache-2.0
"""Where a part of a rule changes: exactly, when it is made of straight pieces of its one variable."""

from fractions import Fraction
from itertools import product
from typing import cast

from tagging.explain.regions import Number
from tagging.rules.lower import Cuts
from tagging.rules.tree import (
    Aggregate,
    Arith,
    Attribute,
    Case,
    Coalesce,
    Compare,
    InList,
    Literal,
    Named,
    Node,
    NullIf,
    TagRef,
    Tier,
    walk,
)

_NUMBERS = ("int", "dec", "real")


class NotLinear(Exception):  # noqa: N818  (a refusal, as the faults are)
    """An expression is not made of straight pieces."""


_Line = tuple[Fraction, Fraction]

_FINE = 10**14
"""Beyond this, doubles are too coarse to tell neighbouring whole numbers apart."""


def turning_points(node: Node, cuts: Cuts) -> set[Fraction]:
    """Return the values of its one variable at which a part of a rule can change.

    Raises NotLinear when they cannot be known exactly.
    """
    found: set[Fraction] = set()
    for part in walk(node):
        if isinstance(part, Compare) and part.left.kind in _NUMBERS:
            found |= _meeting(_lines(part.left, cuts), _lines(part.right, cuts))
        elif isinstance(part, InList | NullIf) and part.of.kind in _NUMBERS:
            values = part.values if isinstance(part, InList) else (part.value,)
            for value in values:
                found |= _meeting(_lines(part.of, cuts), _lines(value, cuts))
        elif isinstance(part, Tier):
            levels = [(Fraction(0), Fraction(cut)) for cut in cuts.get(part, ())]
            found |= _meeting(_lines(part.of, cuts), levels)
        elif isinstance(part, Arith):
            _lines(part, cuts)
    return found


def _meeting(left: list[_Line], right: list[_Line]) -> set[Fraction]:
    return {(d - b) / (a - c) for (a, b), (c, d) in product(left, right) if a != c}


def _lines(node: Node, cuts: Cuts) -> list[_Line]:
    """Return the straight lines a·x + b of which the value of a part is made."""
    if isinstance(node, Literal):
        return [] if node.value is None else [(Fraction(0), Fraction(cast("Number", node.value)))]
    if isinstance(node, Aggregate | Attribute | TagRef):
        return [(Fraction(1), Fraction(0))]
    if isinstance(node, Named | NullIf):
        return _lines(node.of, cuts)
    if isinstance(node, Tier):
        return [(Fraction(0), Fraction(tier)) for tier in range(1, node.count + 1)]
    if isinstance(node, Arith):
        pairs = product(_lines(node.left, cuts), _lines(node.right, cuts))
        lines = [_combined(node.op, left, right) for left, right in pairs]
        if node.kind == "real" and any(a and abs(b / a) > _FINE for a, b in lines):
            raise NotLinear
        return lines
    if isinstance(node, Case | Coalesce):
        items = (
            node.items
            if isinstance(node, Coalesce)
            else [*(v for _, v in node.whens), node.otherwise]
        )
        return [line for item in items for line in _lines(item, cuts)]
    raise NotLinear


def _combined(op: str, left: _Line, right: _Line) -> _Line:
    (a, b), (c, d) = left, right
    if op in ("+", "-"):
        sign = 1 if op == "+" else -1
        return a + sign * c, b + sign * d
    if op == "*" and (a == 0 or c == 0):
        return a * d + c * b, b * d
    if op == "/" and c == 0 and d != 0:
        return a / d, b / d
    raise NotLinear
