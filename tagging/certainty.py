# SPDX-License-Identifier: Apache-2.0
"""What a condition can come out as, whoever the person is: true, false, nothing.

Errs on one side only: an outcome that is left out cannot happen; one that is listed may not happen
either. Intervals of one expression are met with each other; two different ones are never compared.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from typing import Final

from tagging.explain.domains import domain_of
from tagging.rules.tree import (
    SCALE,
    Aggregate,
    And,
    Arith,
    Case,
    Column,
    Compare,
    InList,
    IsNull,
    Kind,
    Literal,
    Named,
    Node,
    Not,
    Or,
    Segment,
    TagRef,
    Tier,
    walk,
)

Outcome = bool | None
ALL: Final[frozenset[Outcome]] = frozenset({True, False, None})

_INF = float("inf")
_OPPOSITE: Mapping[str, str] = {"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_MIRROR: Mapping[str, str] = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "=", "<>": "<>"}
_EVENT: Mapping[str, tuple[int, int]] = {"hour": (0, 23), "weekday": (1, 7)}

Roots = Mapping[str, Node]
"""The rules of other tags, for what a reference to them can be."""


@dataclass(frozen=True, slots=True)
class Range:
    """Values of one expression: an interval, or some values, or all but some."""

    low: float = -_INF
    high: float = _INF
    low_open: bool = False
    high_open: bool = False
    among: frozenset[object] | None = None
    but: frozenset[object] = frozenset()

    def meet(self, other: "Range") -> "Range":
        """Return the values that are in both."""
        low, low_open = max((self.low, self.low_open), (other.low, other.low_open))
        high, shut = min((self.high, not self.high_open), (other.high, not other.high_open))
        among = self.among if other.among is None else other.among
        if self.among is not None and other.among is not None:
            among = self.among & other.among
        return Range(low, high, low_open, not shut, among, self.but | other.but)

    def has(self, value: object) -> bool:
        """Return whether a value is in it."""
        if value in self.but or (self.among is not None and value not in self.among):
            return False
        if not isinstance(value, int | float):
            return True
        above = value > self.low or (value == self.low and not self.low_open)
        return above and (value < self.high or (value == self.high and not self.high_open))

    def empty(self) -> bool:
        """Return whether no value can be in it."""
        if self.among is not None:
            return not any(self.has(value) for value in self.among)
        if self.low == self.high:
            return self.low_open or self.high_open or self.low in self.but
        return self.low > self.high

    def within(self, other: "Range") -> bool:
        """Return whether every value of it is certainly in the other."""
        if self.among is not None:
            return all(other.has(value) for value in self.among if self.has(value))
        if other.among is not None or not other.but <= self.but:
            return False
        return self.meet(Range(other.low, other.high, other.low_open, other.high_open)) == self


def outcomes(node: Node, roots: Roots) -> frozenset[Outcome]:
    """Return every outcome that a condition may have; what is not in it cannot happen."""
    node = _bare(node, {})
    if isinstance(node, And | Or):
        return _joined(node.items, roots, stops=isinstance(node, Or))
    if isinstance(node, Not):
        return frozenset(None if x is None else not x for x in outcomes(node.of, roots))
    if isinstance(node, IsNull):
        return ALL - {None} if nullable(node.of) else frozenset({False})
    if isinstance(node, Literal):
        return frozenset({node.value if isinstance(node.value, bool) else None})
    atom = _atom(node)
    return _outcomes_of(*atom, roots) if atom is not None else ALL


def possible(node: Node, roots: Roots) -> bool:
    """Return whether a condition can be true at all."""
    return True in outcomes(node, roots)


def ranges(node: Node) -> dict[Node, Range]:
    """Return what must hold of each expression for a condition to be true, as far as it is plain."""
    found: dict[Node, Range] = {}
    for part in node.items if isinstance(node, And) else (node,):
        atom = _atom(part)
        if atom is not None:
            of, allowed = atom
            found[of] = found[of].meet(allowed) if of in found else allowed
    return found


def plain(node: Node) -> bool:
    """Return whether `ranges` says everything about a condition."""
    return all(
        _atom(part) is not None for part in (node.items if isinstance(node, And) else (node,))
    )


def texts(node: Node, roots: Roots) -> frozenset[str] | None:
    """Return the texts that an expression can be; None when its shape does not say."""
    node = _bare(node, roots)
    if isinstance(node, Literal):
        return frozenset({str(node.value)} if node.value is not None else ())
    if isinstance(node, Case):
        parts = [texts(value, roots) for value in (*(v for _, v in node.whens), node.otherwise)]
        known = [part for part in parts if part is not None]
        return frozenset().union(*known) if len(known) == len(parts) else None
    return _listed(node) if isinstance(node, Aggregate) and node.op == "top" else None


def domain(node: Node, roots: Roots) -> Range:
    """Return the values that an expression can have besides nothing."""
    node = _bare(node, roots)
    if isinstance(node, Segment):
        return Range(1, node.model.count)
    if isinstance(node, Tier):
        return Range(1, node.count)
    if isinstance(node, Column):
        return Range(*_EVENT.get(node.name, (-_INF, _INF)))
    if node.kind == "text":
        return Range(among=texts(node, roots))
    return Range() if node.kind == "bool" or not _bounded(node) else _interval(node)


def nullable(node: Node) -> bool:
    """Return whether an expression can have no value."""
    node = _bare(node, {})
    if isinstance(node, Literal):
        return node.value is None
    if isinstance(node, TagRef | Tier | Segment | Column) or node.kind in ("text", "bool"):
        return True
    return not _bounded(node) or domain_of(node, {}).nullable


def _bare(node: Node, roots: Roots) -> Node:
    """Return what a name stands for: a feature, and a tag whose rule is known."""
    while isinstance(node, Named | TagRef):
        if isinstance(node, Named):
            node = node.of
        elif node.key in roots:
            node = roots[node.key]
        else:
            break
    return node


def _interval(node: Node) -> Range:
    found = domain_of(node, {})
    low = -_INF if found.low is None else found.low
    return Range(low, _INF if found.high is None else found.high)


def _bounded(node: Node) -> bool:
    """Return whether the bounds of a calculation can be trusted: no tiers, no sums of two scales."""
    for part in walk(node):
        if isinstance(part, Tier | Segment | TagRef | Case):
            return False
        if isinstance(part, Arith) and part.op in "+-":
            kinds = {part.kind, part.left.kind, part.right.kind}
            if len(kinds) > 1 or "real" in kinds:
                return False
    return True


def _outcomes_of(of: Node, allowed: Range, roots: Roots) -> frozenset[Outcome]:
    whole = domain(of, roots)
    found: set[Outcome] = {None} if nullable(of) else set()
    if not whole.meet(allowed).empty():
        found.add(True)
    if not whole.within(allowed):
        found.add(False)
    return frozenset(found)


def _joined(items: tuple[Node, ...], roots: Roots, *, stops: bool) -> frozenset[Outcome]:
    """Return the outcomes of `and` (which a false item stops) or `or` (which a true one stops)."""
    each = [outcomes(item, roots) for item in items]
    found: set[Outcome] = set()
    if any(stops in part for part in each):
        found.add(stops)
    if any(None in part for part in each):
        found.add(None)
    if all((not stops) in part for part in each) and _together(items, roots, negated=stops):
        found.add(not stops)
    if all(part == {stops} for part in each):
        found &= {stops}
    return frozenset(found)


def _together(items: Iterable[Node], roots: Roots, *, negated: bool) -> bool:
    """Return whether all items (or, negated, their opposites) can hold at once."""
    met: dict[Node, list[Range]] = {}
    for item in items:
        atom = _atom(item, negated=negated)
        if atom is not None:
            met.setdefault(atom[0], [domain(atom[0], roots)]).append(atom[1])
    return not any(reduce(Range.meet, found).empty() for found in met.values())


def _atom(node: Node, *, negated: bool = False) -> tuple[Node, Range] | None:
    """Return (expression, values for which it holds) of a comparison with constants."""
    if isinstance(node, Not):
        return _atom(node.of, negated=not negated)
    if isinstance(node, InList):
        values = frozenset(_constant(item, node.of.kind) for item in node.values)
        return node.of, Range(but=values) if negated else Range(among=values)
    if not isinstance(node, Compare):
        return None
    op: str = node.op
    left, right = node.left, node.right
    if isinstance(left, Literal) and not isinstance(right, Literal):
        op, left, right = _MIRROR[op], right, left
    if not isinstance(right, Literal) or isinstance(left, Literal) or right.value is None:
        return None
    value = _constant(right, left.kind)
    return left, _range(_OPPOSITE[op] if negated else op, value, left.kind)


def _constant(literal: Literal, kind: Kind) -> object:
    """Return a constant in the scale of what it is compared with."""
    value = literal.value
    if isinstance(value, bool) or not isinstance(value, int | float) or literal.kind == kind:
        return value
    number = Fraction(value) / (SCALE if literal.kind == "dec" else 1)
    number *= SCALE if kind == "dec" else 1
    return int(number) if number.denominator == 1 else float(number)


def _range(op: str, value: object, kind: Kind) -> Range:
    if op == "=":
        return Range(among=frozenset({value}))
    if op == "<>":
        return Range(but=frozenset({value}))
    if not isinstance(value, int | float):
        return Range()
    whole = kind != "real" and isinstance(value, int)
    if op in (">", ">="):
        strict = op == ">"
        return Range(low=value + 1) if strict and whole else Range(low=value, low_open=strict)
    strict = op == "<"
    return Range(high=value - 1) if strict and whole else Range(high=value, high_open=strict)


def _listed(node: Aggregate) -> frozenset[str] | None:
    """Return the values to which the condition of a `top` narrows its own column."""
    for of, allowed in ranges(node.where).items() if node.where is not None else ():
        if isinstance(of, Column) and of.name == node.column and allowed.among is not None:
            return frozenset(str(value) for value in allowed.among)
    return None
