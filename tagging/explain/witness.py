# SPDX-License-Identifier: Apache-2.0
"""Which values of facts bring a calculation into a region, or turn a whole rule.

Every answer has been tried on the rule itself before it is given.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor, isfinite
from typing import cast

from tagging.explain.domains import domain_of
from tagging.explain.linear import NotLinear, turning_points
from tagging.explain.regions import SOME_OTHER, Line, Number, Region, distance
from tagging.explain.variables import facts_in, rebuilt
from tagging.explain.ways import ORDER, Move, way_of
from tagging.rules.evaluate import Value, evaluate
from tagging.rules.lower import Cuts
from tagging.rules.tree import (
    Aggregate,
    And,
    Arith,
    Attribute,
    Compare,
    Fact,
    InList,
    IsNull,
    Literal,
    Named,
    Node,
    Not,
    NullIf,
    TagRef,
    Tier,
    facts,
    walk,
)

Facts = Mapping[Fact, Value]
_LADDER = tuple(sign * 10**power for power in range(13) for sign in (1, -1))
_MAX_TRIES = 120
_MAX_MOVES = 3


def reach(term: Node, region: Region, known: Facts, cuts: Cuts) -> tuple[Move, ...] | None:
    """Return moves of few facts that bring a tier or a calculation into a region, or None."""
    return turn(_condition(term, region), known, cuts)


def turn(goal: Node, known: Facts, cuts: Cuts) -> tuple[Move, ...] | None:
    """Return moves of few facts after which a condition is true, or None.

    The last fact to be moved is searched exactly where the condition is piecewise linear in it. What
    a person can do comes before what only time does, then the smaller step.
    """
    search = _Search(goal, known, cuts, facts(goal))
    for depth in range(1, min(_MAX_MOVES, len(search.own)) + 1):
        found = search.deeper((), depth)
        if found is not None or search.tries > _MAX_TRIES:
            return found
    return None


@dataclass(slots=True)
class _Search:
    goal: Node
    known: Facts
    cuts: Cuts
    own: list[Fact]
    tries: int = 0

    def deeper(self, moved: tuple[Move, ...], depth: int) -> tuple[Move, ...] | None:
        """Return the moves so far and `depth` more, or None."""
        if depth == 1:
            return self._last(moved)
        values = _after(self.known, moved)
        for fact in self._unmoved(moved):
            for value in _values_to_try(self.goal, fact, values, self.cuts):
                found = self.deeper((*moved, (fact, self.known.get(fact), value)), depth - 1)
                if found is not None or self.tries > _MAX_TRIES:
                    return found
        return None

    def _last(self, moved: tuple[Move, ...]) -> tuple[Move, ...] | None:
        self.tries += len(self.own)
        values = _after(self.known, moved)
        best: tuple[tuple[int, float], Move] | None = None
        for fact in self._unmoved(moved):
            for value in _values_that_matter(self.goal, fact, values, self.cuts):
                move = (fact, self.known.get(fact), value)
                cost = ORDER.index(way_of(*move)), distance(fact.kind, *move[1:])
                better = best is None or cost < best[0]
                if better and evaluate(self.goal, {**values, fact: value}, self.cuts) is True:
                    best = (cost, move)
        return None if best is None else (*moved, best[1])

    def _unmoved(self, moved: tuple[Move, ...]) -> list[Fact]:
        return [fact for fact in self.own if all(fact != move[0] for move in moved)]


def _after(known: Facts, moved: tuple[Move, ...]) -> Facts:
    return {**known, **{fact: value for fact, _, value in moved}}


def region_around(goal: Node, move: Move, known: Facts, cuts: Cuts) -> Region:
    """Return the values of a moved fact that do as well as its new one, the others being known."""
    fact, _, value = move
    line = _line(goal, fact, known, cuts, lambda value: value)
    at = -1 if line is None else line.index(value)
    if line is not None and at >= 0:
        return line.join(1 << at, at)
    if value is None:
        return Region("missing")
    if isinstance(value, str | bool):
        return Region("among", values=(value,))
    return Region("between", value, value)


def _condition(term: Node, region: Region) -> Node:
    """Return the condition that a term lies in a region."""
    kind = term.kind
    if region.form == "missing":
        return IsNull(term)
    if region.form in ("among", "besides"):
        found = InList(term, tuple(Literal(value, kind) for value in region.values))
        return found if region.form == "among" else Not(found)
    parts: list[Node] = [Not(IsNull(term))]
    if region.low is not None:
        parts.append(Compare(">" if region.low_open else ">=", term, Literal(region.low, kind)))
    if region.high is not None:
        parts.append(Compare("<" if region.high_open else "<=", term, Literal(region.high, kind)))
    return And(tuple(parts))


# --- one fact, the others being known -------------------------------------------------------


def _values_that_matter(root: Node, fact: Fact, known: Facts, cuts: Cuts) -> list[Value]:
    """Return values of a fact, nearest first: one for each way in which the rule can answer."""
    present = known.get(fact)
    line = _line(root, fact, known, cuts, lambda value: (type(value), value))
    if line is not None:
        found = [region.nearest(present, line.domain) for region in line.regions]
    else:
        domain = domain_of(fact, cuts)
        alone, _ = _with_constants(root, fact, known, cuts)
        found = [value for value in _guesses(alone, fact, present) if domain.holds(value)]
    return sorted(
        (value for value in dict.fromkeys(found) if value != present),
        key=lambda value: distance(fact.kind, present, value),
    )


def _values_to_try(root: Node, fact: Fact, known: Facts, cuts: Cuts) -> list[Value]:
    """Return more values of a fact, nearest first, for a move after which another follows."""
    present = known.get(fact)
    domain = domain_of(fact, cuts)
    base = present if isinstance(present, int | float) else 0
    more: list[Value] = []
    if fact.kind not in ("text", "bool"):
        more = [value for value in (base + step for step in _LADDER[:6]) if domain.holds(value)]
    found = dict.fromkeys([*_values_that_matter(root, fact, known, cuts), *more])
    return sorted(found, key=lambda value: distance(fact.kind, present, value))


def _line(
    root: Node, fact: Fact, known: Facts, cuts: Cuts, sign: Callable[[Value], object]
) -> Line | None:
    """Return the rule as a function of one fact; None when it is not made of straight pieces."""
    alone, inner = _with_constants(root, fact, known, cuts)
    points: set[Number] = set()
    try:
        for point in turning_points(alone, inner):
            points |= {float(point)} if fact.kind == "real" else {floor(point), ceil(point)}
    except NotLinear:
        return None
    domain = domain_of(fact, cuts)
    return Line(domain, points, _texts(alone), lambda v: sign(evaluate(alone, {fact: v}, inner)))


def _texts(root: Node) -> set[str]:
    literals = (part for part in walk(root) if isinstance(part, Literal))
    return {part.value for part in literals if isinstance(part.value, str)}


def _with_constants(root: Node, fact: Fact, known: Facts, cuts: Cuts) -> tuple[Node, Cuts]:
    """Return the rule with every part that does not depend on the fact replaced by its value."""
    inner = dict(cuts)

    def fixed(node: Node) -> Node:
        if isinstance(node, Literal):
            return node
        if fact not in facts_in(node):
            return Literal(evaluate(node, known, cuts), node.kind)
        new = rebuilt(node, fixed)
        if isinstance(node, Tier) and isinstance(new, Tier) and node in cuts:
            inner[new] = cuts[node]
        return new

    return fixed(root), inner


# --- a fact that stands in a divisor --------------------------------------------------------


def _guesses(alone: Node, fact: Fact, present: Value) -> list[Value]:
    """Return values at which a rule that is not linear in a fact may change."""
    if fact.kind == "text":
        return [*sorted(_texts(alone)), SOME_OTHER, None]
    if fact.kind == "bool":
        return [True, False, None]
    found: list[Value] = [None, 0, 1]
    for place in _roots(alone):
        found += [floor(place) - 1, floor(place), ceil(place), ceil(place) + 1]
    base = present if isinstance(present, int | float) else 0
    return found + [base + step for step in _LADDER]


_Ratio = tuple[Fraction, Fraction, Fraction, Fraction]
"""(p, q, r, s) stands for (p·x + q) / (r·x + s)."""


def _roots(alone: Node) -> set[Fraction]:
    """Return the values of the one fact at which two sides of a comparison meet, and the poles."""
    found: set[Fraction] = set()
    for part in walk(alone):
        sides: list[tuple[Node, Node]] = []
        if isinstance(part, Compare):
            sides = [(part.left, part.right)]
        elif isinstance(part, InList):
            sides = [(part.of, value) for value in part.values]
        for left, right in sides:
            ratios = _ratio(left), _ratio(right)
            if None not in ratios:
                found |= _zeros(*cast("tuple[_Ratio, _Ratio]", ratios))
    return found


def _zeros(left: _Ratio, right: _Ratio) -> set[Fraction]:
    """Return where two ratios meet, when one of them is constant, and where they have no value."""
    found = {-s / r for _, _, r, s in (left, right) if r}
    for (p, q, r, s), (a, level, b, _) in ((left, right), (right, left)):
        if not a and not b and p != level * r:
            found.add((level * s - q) / (p - level * r))
    return found


def _ratio(node: Node) -> _Ratio | None:
    """Return a number expression of one fact as a ratio of two lines, or None."""
    zero, one = Fraction(0), Fraction(1)
    if isinstance(node, Literal):
        number = isinstance(node.value, int | float) and isfinite(node.value)
        return (zero, Fraction(cast("Number", node.value)), zero, one) if number else None
    if isinstance(node, Aggregate | Attribute | TagRef):
        return one, zero, zero, one
    if isinstance(node, Named | NullIf):
        return _ratio(node.of)
    if not isinstance(node, Arith):
        return None
    left, right = _ratio(node.left), _ratio(node.right)
    return None if left is None or right is None else _joined(node.op, left, right)


def _joined(op: str, left: _Ratio, right: _Ratio) -> _Ratio | None:
    """Return a calculation with two ratios as a ratio, if it still is one of two lines."""
    (p, q, r, s), (a, b, c, d) = left, right
    if op == "/":
        return _product(left, (c, d, a, b)) if a or b else None
    if op == "*":
        return _product(left, right)
    sign = 1 if op == "+" else -1
    if (r, s) == (c, d):
        return p + sign * a, q + sign * b, r, s
    if not a and not c:
        return p + sign * b * r, q + sign * b * s, r, s
    return (q * c + sign * a, q * d + sign * b, c, d) if not p and not r else None


def _product(left: _Ratio, right: _Ratio) -> _Ratio | None:
    (p, q, r, s), (a, b, c, d) = left, right
    if (r, s) == (a, b):
        return _divided(p, q, c, d)
    if (p, q) == (c, d):
        return _divided(a, b, r, s)
    if (p and a) or (r and c):
        return None
    return _divided(p * b + q * a, q * b, r * d + s * c, s * d)


def _divided(p: Fraction, q: Fraction, r: Fraction, s: Fraction) -> _Ratio | None:
    """Return a ratio of lines, over 1 when the lower line is a constant."""
    if r:
        return p, q, r, s
    return (p / s, q / s, r, Fraction(1)) if s else None
