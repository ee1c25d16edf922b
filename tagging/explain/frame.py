# SPDX-License-Identifier: Apache-2.0
"""A rewritten rule, prepared for questions: the regions of its variables, and its gates.

Parts of an AND or OR that share no variable are taken apart; parts that do become one diagram.
"""

from collections.abc import Iterator
from dataclasses import replace
from math import ceil, floor

from tagging.explain.diagram import Diagram, TooLarge
from tagging.explain.gates import At, Fixed, Gate, Knot, Many, One, Opposite, Whole
from tagging.explain.linear import turning_points
from tagging.explain.regions import Domain, Line, Number
from tagging.explain.variables import Rule, Variable, parts_of_one
from tagging.rules.evaluate import Value, evaluate
from tagging.rules.lower import Cuts
from tagging.rules.tree import (
    And,
    Arith,
    Case,
    Coalesce,
    Compare,
    Fact,
    InList,
    IsNull,
    Literal,
    Node,
    Not,
    NullIf,
    Or,
    facts,
    walk,
)

MAX_NODES = 3000
"""A diagram with more nodes is not built."""


class Frame:
    """The regions and gates of one rule.

    `marked` are values of the tag that must be told from all others, where the value of a variable
    may become that of the tag. `relaxed` drops what is known of the values that facts can take, for
    a person whose facts defy it.
    """

    def __init__(
        self, rule: Rule, cuts: Cuts, marked: tuple[Value, ...] = (), *, relaxed: bool = False
    ) -> None:
        self._cuts = cuts
        self._marked = (*marked, *_nulled(rule.root)) if rule.raw else ()
        self._number = {variable.leaf: n for n, variable in enumerate(rule.variables)}
        parts: dict[Fact, list[Node]] = {variable.leaf: [] for variable in rule.variables}
        for leaf, part in parts_of_one(rule.root):
            parts[leaf].append(part)
        self.lines = [
            self._line(variable, parts[variable.leaf], relaxed=relaxed)
            for variable in rule.variables
        ]
        self._samples = [
            [region.nearest(None, line.domain) for region in line.regions] for line in self.lines
        ]
        self._diagram = Diagram([len(line.regions) for line in self.lines], MAX_NODES)
        self.gate = self._gate(rule.root)

    @property
    def outcomes(self) -> list[Value]:
        """The values that the rule can take, by the number of the outcome."""
        return self._diagram.values

    def outcome(self, value: Value) -> int | None:
        """Return the number of a value, None when the rule never takes it."""
        known = self.outcomes
        return next((n for n, v in enumerate(known) if v == value and type(v) is type(value)), None)

    # --- regions --------------------------------------------------------------------------------

    def _line(self, variable: Variable, parts: list[Node], *, relaxed: bool) -> Line:
        leaf = variable.leaf
        domain = Domain(leaf.kind) if relaxed else variable.domain
        texts: set[str] = set()
        points: set[Number] = set()
        for part in (*parts, *self._marks(parts)):
            texts |= {
                node.value
                for node in walk(part)
                if isinstance(node, Literal) and isinstance(node.value, str)
            }
            for point in turning_points(part, self._cuts):
                points |= {float(point)} if leaf.kind == "real" else {floor(point), ceil(point)}

        def sign(value: Value) -> tuple[tuple[type, Value], ...]:
            values = [evaluate(part, {leaf: value}, self._cuts) for part in parts]
            return tuple((type(value), value) for value in values)

        return Line(domain, points, texts, sign)

    def _marks(self, parts: list[Node]) -> Iterator[Node]:
        """Yield comparisons with the marked values, for the parts that may be the tag's value."""
        for part in parts:
            for value in self._marked:
                if value is not None and isinstance(value, str) == (part.kind == "text"):
                    yield Compare("=", part, Literal(value, part.kind))

    # --- gates ----------------------------------------------------------------------------------

    def _gate(self, node: Node) -> Gate:
        leaves = facts(node)
        if not leaves:
            return Fixed(~self._diagram.outcome(evaluate(node, {}, self._cuts)))
        if len(leaves) == 1:
            return self._one(node, leaves[0])
        if isinstance(node, Not):
            return Opposite(self._gate(node.of))
        if isinstance(node, And | Or):
            groups = _clusters(node.items)
            if len(groups) > 1:
                kind = type(node)
                gates = tuple(
                    self._gate(group[0] if len(group) == 1 else kind(tuple(group)))
                    for group in groups
                )
                return Many(gates, any_=kind is Or, exact=True)
        return self._knot(node, leaves)

    def _one(self, node: Node, leaf: Fact) -> Gate:
        number = self._number[leaf]
        return One(number, tuple(~outcome for outcome in self._table(node, leaf)))

    def _table(self, node: Node, leaf: Fact) -> tuple[int, ...]:
        samples = self._samples[self._number[leaf]]
        values = [evaluate(node, {leaf: sample}, self._cuts) for sample in samples]
        return tuple(self._diagram.outcome(value) for value in values)

    def _knot(self, node: Node, leaves: list[Fact]) -> Gate:
        numbers = tuple(self._number[leaf] for leaf in leaves)
        try:
            root = self._draw(node)
        except TooLarge:
            return self._rough(node, numbers)
        if root < 0:
            return Fixed(~root)
        return Knot(
            self._diagram, root, numbers, lambda v, allowed, at: self.lines[v].run(allowed, at)
        )

    def _rough(self, node: Node, numbers: tuple[int, ...]) -> Gate:
        """Return a gate that is right, but does not find the smallest answers."""
        if isinstance(node, And | Or):
            gates = tuple(self._gate(item) for item in node.items)
            return Many(gates, any_=isinstance(node, Or), exact=False)

        def now(at: At) -> int:
            leaves = {leaf: self._samples[n][at[n]] for leaf, n in self._number.items()}
            return ~self._diagram.outcome(evaluate(node, leaves, self._cuts))

        return Whole({n: len(self.lines[n].regions) for n in numbers}, now)

    # --- diagrams -------------------------------------------------------------------------------

    def _draw(self, node: Node) -> int:
        leaves = facts(node)
        if not leaves:
            return self._diagram.outcome(evaluate(node, {}, self._cuts))
        if len(leaves) == 1:
            return self._diagram.node(self._number[leaves[0]], self._table(node, leaves[0]))
        first, *rest = _steps(node)
        drawn = self._combine(*first)
        for shape, parts in rest:
            drawn = self._combine(shape, parts, drawn)
        return drawn

    def _combine(self, shape: Node, parts: tuple[Node, ...], *before: int) -> int:
        places = (*before, *(self._draw(part) for part in parts))
        return self._diagram.apply(
            lambda values: evaluate(_filled(shape, values), {}, self._cuts), places
        )


def _nulled(root: Node) -> Iterator[Value]:
    """Yield the constants that become NULL somewhere in a rule."""
    for part in walk(root):
        if isinstance(part, NullIf):
            yield part.value.value


def _steps(node: Node) -> Iterator[tuple[Node, tuple[Node, ...]]]:
    """Yield the steps in which a part is computed: two items at a time, one condition at a time."""
    if isinstance(node, And | Or | Coalesce):
        yield node, node.items[:2]
        for item in node.items[2:]:
            yield node, (item,)
    elif isinstance(node, Case):
        (when, value), *others = node.whens
        rest = replace(node, whens=tuple(others)) if others else node.otherwise
        yield node, (when, value, rest)
    elif isinstance(node, Compare | Arith):
        yield node, (node.left, node.right)
    else:
        assert isinstance(node, Not | IsNull | InList | NullIf)  # noqa: S101
        yield node, (node.of,)


def _filled(shape: Node, values: list[Value]) -> Node:
    """Return a node of the same shape over constants."""
    parts = tuple(Literal(value, "int") for value in values)
    if isinstance(shape, And | Or | Coalesce):
        return replace(shape, items=parts)
    if isinstance(shape, Case):
        return replace(shape, whens=(parts[:2],), otherwise=parts[2])  # type: ignore[arg-type]
    if isinstance(shape, Compare | Arith):
        return replace(shape, left=parts[0], right=parts[1])
    assert isinstance(shape, Not | IsNull | InList | NullIf)  # noqa: S101
    return replace(shape, of=parts[0])


def _clusters(items: tuple[Node, ...]) -> list[list[Node]]:
    """Return the items in groups that share no variable, in order."""
    groups: list[tuple[set[Fact], list[Node]]] = []
    for item in items:
        leaves, members = set(facts(item)), [item]
        apart: list[tuple[set[Fact], list[Node]]] = []
        place = len(groups)
        for group in groups:
            if group[0] & leaves:
                leaves |= group[0]
                members = [*group[1], *members] if place == len(groups) else [*members, *group[1]]
                place = min(place, len(apart))
            else:
                apart.append(group)
        apart.insert(min(place, len(apart)), (leaves, members))
        groups = apart
    return [members for _, members in groups]
