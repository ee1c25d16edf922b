# SPDX-License-Identifier: Apache-2.0
"""A rule as an expression over variables that can be cut into regions, one for each own fact.

Mostly a variable is a fact. A tier is one, because people see the tier and not the cut points. A
calculation with several facts (a ratio, a difference) is one, named by its expression. What stays
around the variables is piecewise linear in each, so that the places where it changes are exact.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from tagging.explain.domains import domain_of
from tagging.explain.linear import NotLinear, turning_points
from tagging.explain.regions import Domain
from tagging.rules.evaluate import evaluate
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
    TagRef,
    Tier,
    children,
    facts,
    walk,
)

_NUMBERS = ("int", "dec", "real")
_TURNED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


@dataclass(frozen=True, slots=True)
class Variable:
    """Something a rule asks about a person: `leaf` stands for it in the rewritten rule."""

    term: Node
    leaf: Fact
    facts: tuple[Fact, ...]
    domain: Domain

    @property
    def direct(self) -> bool:
        """Whether it is a fact itself, not a tier or a calculation."""
        return self.facts == (self.leaf,)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rewritten rule. `raw` are the variables whose value itself may be the value of the tag."""

    root: Node
    variables: tuple[Variable, ...]
    raw: frozenset[Fact]

    @property
    def tangled(self) -> bool:
        """Whether two variables share a fact, so that one cannot change without the other."""
        used = Counter(fact for variable in self.variables for fact in variable.facts)
        return any(times > 1 for times in used.values())


def rewrite(root: Node, cuts: Cuts) -> Rule:
    """Return a rule over variables that means the same."""
    rewriter = _Rewriter(root, cuts)
    rewritten = rewriter.node(rewriter.without_tiers(root))
    known = facts(rewritten)
    used = tuple(variable for leaf, variable in rewriter.variables.items() if leaf in known)
    return Rule(rewritten, used, frozenset(rewriter.raw))


def parts_of_one(node: Node) -> Iterator[tuple[Fact, Node]]:
    """Yield (leaf, part) for the largest parts of a rewritten rule that have one variable."""
    leaves = facts(node)
    if len(leaves) == 1:
        yield leaves[0], node
    elif leaves:
        for part in children(node):
            yield from parts_of_one(part)


# --- rewriting ------------------------------------------------------------------------------


def rebuilt(node: Node, change: Callable[[Node], Node]) -> Node:
    """Return a node with each direct part changed."""
    if isinstance(node, And | Or | Coalesce):
        return replace(node, items=tuple(change(item) for item in node.items))
    if isinstance(node, Not | IsNull | InList | NullIf | Tier | Named):
        return replace(node, of=change(node.of))
    if isinstance(node, Compare | Arith):
        return replace(node, left=change(node.left), right=change(node.right))
    if isinstance(node, Case):
        whens = tuple((change(when), change(value)) for when, value in node.whens)
        return replace(node, whens=whens, otherwise=change(node.otherwise))
    return node


@dataclass(slots=True)
class _Rewriter:
    root: Node
    cuts: Cuts
    variables: dict[Fact, Variable] = field(default_factory=dict)
    raw: set[Fact] = field(default_factory=set)
    _originals: dict[Fact, Node] = field(default_factory=dict)
    _leaves: dict[Node, Fact] = field(default_factory=dict)
    _names: dict[Fact, Named] = field(default_factory=dict)
    _finite: set[Fact] = field(default_factory=set)

    def __post_init__(self) -> None:
        parts = list(walk(self.root))
        times = Counter(part for part in parts if isinstance(part, Aggregate | Attribute | TagRef))
        names = Counter(part for part in parts if isinstance(part, Named))
        for named, number in names.items():
            of = named.of
            if isinstance(of, Aggregate | Attribute | TagRef) and number == times[of]:
                self._names[of] = named

    def without_tiers(self, node: Node) -> Node:
        """Return a part with a leaf for each tier whose facts stand nowhere else.

        A calculation of constants becomes a constant.
        """
        if isinstance(node, Arith) and not facts(node):
            return Literal(evaluate(node, {}, self.cuts), node.kind)
        if not isinstance(node, Tier):
            return rebuilt(node, self.without_tiers)
        if self.cuts.get(node) is None:
            return Literal(None, "int")
        if len(facts(node.of)) == 1 and not self._alone(node):
            return node
        leaf = self._stand_in(node, "int")
        self._finite.add(leaf)
        return leaf

    def _alone(self, tier: Tier) -> bool:
        parts = list(walk(self.root))
        inside = Counter(facts_in(tier.of))
        everywhere = Counter(facts_in(self.root))
        times = parts.count(tier)
        return all(everywhere[fact] == times * number for fact, number in inside.items())

    def node(self, node: Node) -> Node:
        """Return the rewritten part."""
        if isinstance(node, Named):
            return self.node(node.of)
        if isinstance(node, Literal):
            return node
        if isinstance(node, Compare | InList | IsNull):
            operand = node.left if isinstance(node, Compare) else node.of
            return rebuilt(node, self.node) if operand.kind == "bool" else self._atom(node)
        if isinstance(node, Aggregate | Attribute | TagRef):
            return self._value(node)
        if isinstance(node, Arith | Tier):
            return self._value(node) if self._tame(node) else self._value(self._stand_in(node))
        return _flat(rebuilt(node, self.node))

    def _value(self, node: Node) -> Node:
        """Return a part whose value may become the value of the tag."""
        self._use(node)
        for leaf in facts(node):
            if leaf.kind != "bool" and leaf not in self._finite:
                self.raw.add(leaf)
        return node

    def _atom(self, node: Compare | InList | IsNull) -> Node:
        """Return a condition on values: of one variable, or on a calculation as one variable."""
        if self._tame(node):
            self._use(node)
            return node
        cases = self._pushed_into_cases(node)
        if cases is not None:
            return self.node(cases)
        if not isinstance(node, Compare):
            return self._used(replace(node, of=self._stand_in(node.of)))
        if not facts(node.left) or not facts(node.right):
            constant = node.right if not facts(node.right) else node.left
            return self._used(rebuilt(node, lambda n: n if n is constant else self._stand_in(n)))
        if node.left.kind not in _NUMBERS:
            return self._used(self._stand_in(node))
        return self._used(self._difference(node))

    def _difference(self, node: Compare) -> Node:
        kind = node.left.kind
        turned = Arith("-", node.right, node.left, kind)
        zero = Literal(0.0 if kind == "real" else 0, kind)
        if turned in self._leaves:
            return Compare(_TURNED[node.op], self._leaves[turned], zero)  # type: ignore[arg-type]
        return Compare(node.op, self._stand_in(Arith("-", node.left, node.right, kind)), zero)

    def _pushed_into_cases(self, node: Compare | InList | IsNull) -> Case | None:
        names = ("left", "right") if isinstance(node, Compare) else ("of",)
        for name in names:
            of = getattr(node, name)
            while isinstance(of, Named):
                of = of.of
            if isinstance(of, Case):
                whens = tuple((when, _with(node, name, value)) for when, value in of.whens)
                return Case(whens, _with(node, name, of.otherwise), "bool")
        return None

    def _tame(self, node: Node) -> bool:
        leaves = facts(node)
        if len(leaves) > 1:
            return all(leaf in self._finite for leaf in leaves)
        try:
            turning_points(node, self.cuts)
        except NotLinear:
            return False
        return True

    def _used(self, node: Node) -> Node:
        self._use(node)
        return node

    def _use(self, node: Node) -> None:
        for leaf in facts(node):
            if leaf not in self.variables:
                term = self._names.get(leaf) or self._original(leaf)
                domain = domain_of(term, self.cuts)
                self.variables[leaf] = Variable(term, leaf, tuple(facts(term)), domain)

    def _stand_in(self, node: Node, kind: str = "") -> Fact:
        if node not in self._leaves:
            name = f"\0{len(self._leaves)}"
            leaf = Attribute(name, kind or node.kind)  # type: ignore[arg-type]
            self._leaves[node] = leaf
            self._originals[leaf] = self._original(node)
        return self._leaves[node]

    def _original(self, node: Node) -> Node:
        if isinstance(node, Attribute) and node in self._originals:
            return self._originals[node]
        return rebuilt(node, self._original)


def _with(node: Compare | InList | IsNull, name: str, operand: Node) -> Node:
    """Return a condition with one operand replaced."""
    if not isinstance(node, Compare):
        return replace(node, of=operand)
    return replace(node, left=operand) if name == "left" else replace(node, right=operand)


def facts_in(node: Node) -> Iterator[Fact]:
    """Yield every occurrence of a fact in a rule."""
    for part in walk(node):
        if isinstance(part, Aggregate | Attribute | TagRef):
            yield part


def _flat(node: Node) -> Node:
    if isinstance(node, And | Or):
        kind = type(node)
        items = [
            part
            for item in node.items
            for part in (item.items if isinstance(item, kind) else (item,))
        ]
        return kind(tuple(items))
    return node
