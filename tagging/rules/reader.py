# SPDX-License-Identifier: Apache-2.0
"""Reads SQLGlot's nodes into the typed tree; every node passes a closed list of ours.

Kinds are checked here: a text is never set against a number, a condition never added up.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlglot import exp

from audit.errors import Problems
from policies.document import nearest
from tagging.rules import functions
from tagging.rules.grammar import PREFIX, Unreadable, expression, place
from tagging.rules.tree import (
    SCALE,
    And,
    Arith,
    Case,
    Column,
    Compare,
    InList,
    IsNull,
    Kind,
    Literal,
    Node,
    Not,
    Or,
    Segment,
)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a rule may name: event columns, attributes, features and tags that exist."""

    columns: Mapping[str, Kind] = field(default_factory=lambda: functions.CORE_COLUMNS)
    attributes: frozenset[str] | None = None
    features: Mapping[str, Node] = field(default_factory=dict)
    tags: Mapping[str, Kind] = field(default_factory=dict)
    segments: "Mapping[str, Segment]" = field(default_factory=dict)
    values: Callable[[str], frozenset[str] | None] = lambda _column: None
    """The values that a text column is known to hold; None when nothing is known of it."""


_COMPARISONS: dict[type[exp.Expression], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
_ARITHMETIC: dict[type[exp.Expression], str] = {
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
}
NUMBERS = ("int", "dec", "real")

BAD = Literal(None, "bool")
"""Stands for a part that could not be read; a problem has been noted for it."""

KINDS = {
    "int": "a whole number",
    "dec": "a number",
    "real": "a ratio",
    "bool": "a condition",
    "text": "a text",
}


class Reader:
    """Reads one rule. `row` is true inside the condition of an aggregate."""

    def __init__(
        self,
        text: str,
        scope: Scope,
        problems: Problems,
        *,
        at: tuple[int, int],
        call: "Callable[[Reader, exp.Expression], Node]",
    ) -> None:
        self.text, self.scope, self.problems, self.at = text, scope, problems, at
        self.call = call
        self.before = len(problems.found)
        self.row = False
        self.depth = 0

    # --- places -----------------------------------------------------------------------------

    def note(self, code: str, message: str, node: exp.Expression | None, hint: str = "") -> Literal:
        """Note a problem at a node of the rule; the result stands for a value of any kind."""
        line, column = self._place(node)
        self.problems.add(code, message, line=line, column=column, hint=hint)
        return BAD

    def _place(self, node: exp.Expression | None) -> tuple[int, int]:
        starts: list[int] = []
        around: Any = node
        while (
            around is not None and not starts
        ):  # some parts have no place, what is around them has
            starts = [part.meta["start"] for part in around.walk() if "start" in part.meta]
            around = around.parent
        return self._in_file(place(self.text, min(starts, default=PREFIX) - PREFIX))

    def _in_file(self, inside: tuple[int, int]) -> tuple[int, int]:
        return self.at[0] + inside[0] - 1, self.at[1] + inside[1] - 1

    # --- entry ------------------------------------------------------------------------------

    def read(self) -> Node | None:
        """Return the tree, or None when the text is not one expression."""
        if len(self.text) > functions.MAX_LENGTH:
            self.note("rule-too-large", "the rule is too long", None)
            return None
        try:
            return self.node(expression(self.text))
        except Unreadable as no:
            line, column = self._in_file(no.place)
            self.problems.add(no.code, no.message, line=line, column=column, hint=no.hint)
            return None

    # --- nodes ------------------------------------------------------------------------------

    def node(self, e: exp.Expression) -> Node:
        """Return the tree of one expression; problems are noted, reading goes on."""
        self.depth += 1
        try:
            if self.depth > functions.MAX_DEPTH:
                return self.note("rule-too-deep", "the rule is nested too deeply", e)
            return self._node(e)
        finally:
            self.depth -= 1

    def _node(self, e: exp.Expression) -> Node:
        if isinstance(e, exp.Anonymous):
            return self.call(self, e)
        reader = _READERS.get(type(e))
        if reader is not None:
            return reader(self, e)
        if type(e) in _COMPARISONS:
            return self.compare(e)
        if type(e) in _ARITHMETIC:
            return self.arith(e)
        return self.note(
            "rule-not-allowed",
            f"{type(e).__name__.lower()} is not allowed in a rule",
            e,
            hint="allowed: comparisons, and/or/not, in, between, is null, case, + - * /, functions",
        )

    def literal(self, e: exp.Expression) -> Node:
        if e.args.get("is_string"):
            if "\0" in str(e.this):
                return self.note("rule-not-allowed", "a text cannot hold a zero byte", e)
            return Literal(str(e.this), "text")
        text = str(e.this)
        if text.isdigit() and len(text) <= 12:
            return Literal(int(text), "int")
        whole, _, fraction = text.partition(".")
        if (whole + fraction).isdigit() and len(whole) <= 12 and len(fraction) <= 4:
            return Literal(int(whole or "0") * SCALE + int(fraction.ljust(4, "0")), "dec")
        return self.note(
            "bad-number", "a number has at most 12 digits and 4 decimals", e, hint="write 12.50"
        )

    def column(self, e: exp.Expression) -> Node:
        name = str(e.name)
        if e.args.get("table"):
            return self.note("rule-not-allowed", "a column is named without a table", e)
        if not self.row:
            hint = f"count({name} = …), sum({name}) or another aggregate"
            if name not in self.scope.columns:
                hint = "a text is written in single quotes; " + hint
            return self.note(
                "column-outside-aggregate", f'"{name}" stands outside of an aggregate', e, hint
            )
        kind = self.scope.columns.get(name)
        if kind is None:
            return self.note(
                "unknown-column",
                f'events have no column "{name}"',
                e,
                nearest(name, self.scope.columns) or "known: " + ", ".join(self.scope.columns),
            )
        return Column(name, kind)

    def compare(self, e: exp.Expression) -> Node:
        left, right = self.node(e.this), self.node(e.expression)
        return self.comparison(_COMPARISONS[type(e)], left, right, e)

    def comparison(self, op: str, left: Node, right: Node, e: exp.Expression) -> Node:
        pair = self.same_kind(left, right, e)
        if pair is None:
            return BAD
        left, right = pair
        if op not in ("=", "<>") and left.kind in ("bool", "text"):
            return self.note(
                "wrong-kind", f"{op} compares numbers, these are {KINDS[left.kind]}", e
            )
        self.known_value(left, (right,), e)
        return Compare(op, left, right)  # type: ignore[arg-type]

    def same_kind(self, left: Node, right: Node, e: exp.Expression) -> tuple[Node, Node] | None:
        if BAD in (left, right):
            return None
        if left.kind == right.kind:
            return left, right
        if left.kind in NUMBERS and right.kind in NUMBERS:
            kind: Kind = "real" if "real" in (left.kind, right.kind) else "dec"
            return to_kind(left, kind), to_kind(right, kind)
        self.note(
            "wrong-kind",
            f"{KINDS[left.kind]} cannot be set against {KINDS[right.kind]}",
            e,
            hint="a text stands in single quotes, a number does not",
        )
        return None

    def known_value(self, left: Node, values: tuple[Node, ...], e: exp.Expression) -> None:
        if not isinstance(left, Column) or left.kind != "text":
            return
        known = self.scope.values(left.name)
        if known is None:
            return
        for value in values:
            if isinstance(value, Literal) and value.value not in known:
                self.note(
                    "unknown-category" if left.name == "category" else "unknown-value",
                    f'no event has {left.name} "{value.value}"',
                    e,
                    nearest(str(value.value), known) or "known: " + ", ".join(sorted(known)[:6]),
                )

    def arith(self, e: exp.Expression) -> Node:
        op = _ARITHMETIC[type(e)]
        left, right = self.node(e.this), self.node(e.expression)
        if BAD in (left, right):
            return BAD
        if left.kind not in NUMBERS or right.kind not in NUMBERS:
            return self.note("wrong-kind", f"{op} needs numbers on both sides", e)
        if op == "/":
            if left.kind != right.kind:
                left, right = to_kind(left, "real"), to_kind(right, "real")
            return Arith("/", left, right, "real")
        if op == "*" and left.kind == right.kind == "dec":
            return Arith("*", to_kind(left, "real"), to_kind(right, "real"), "real")
        if op == "*" and "real" not in (left.kind, right.kind):
            return Arith("*", left, right, "dec" if "dec" in (left.kind, right.kind) else "int")
        pair = self.same_kind(left, right, e)
        assert pair is not None  # noqa: S101  (both are numbers)
        return Arith(op, pair[0], pair[1], pair[0].kind)  # type: ignore[arg-type]

    def boolean(self, e: exp.Expression) -> Node:
        kind: type[And | Or] = And if isinstance(e, exp.And) else Or
        items: list[Node] = []
        chain: list[Any] = list(e.flatten(unnest=False))  # a chain of and's is long, not deep
        for part in chain:
            node = self.truth(part)
            items.extend(node.items if isinstance(node, kind) else (node,))
        return kind(tuple(items))

    def truth(self, e: exp.Expression) -> Node:
        node = self.node(e)
        if node is not BAD and node.kind != "bool":
            return self.note("wrong-kind", f"a condition is needed, this is {KINDS[node.kind]}", e)
        return node

    def not_(self, e: exp.Expression) -> Node:
        return Not(self.truth(e.this))

    def paren(self, e: exp.Expression) -> Node:
        return self.node(e.this)

    def negative(self, e: exp.Expression) -> Node:
        node = self.node(e.this)
        if isinstance(node, Literal) and isinstance(node.value, int) and node.kind in NUMBERS:
            return Literal(-node.value, node.kind)
        return self.note("rule-not-allowed", "a minus stands only before a number", e)

    def is_(self, e: exp.Expression) -> Node:
        if isinstance(e.expression, exp.Null):
            return IsNull(self.node(e.this))
        return self.note("rule-not-allowed", "only IS NULL and IS NOT NULL are known", e)

    def null(self, e: exp.Expression) -> Node:
        return self.note("rule-not-allowed", "NULL stands only in IS NULL and after ELSE", e)

    def truth_literal(self, e: exp.Expression) -> Node:
        return Literal(bool(e.this), "bool")

    def in_(self, e: exp.Expression) -> Node:
        left = self.node(e.this)
        if not e.expressions:
            return self.note("rule-not-allowed", "IN needs a list of constants", e)
        values: list[Literal] = []
        for item in e.expressions:
            value = self.node(item)
            if not isinstance(value, Literal):
                self.note("rule-not-allowed", "IN needs a list of constants", item)
                continue
            pair = self.same_kind(left, value, item)
            if pair is not None and isinstance(pair[1], Literal):
                left = pair[0]
                values.append(pair[1])
        if not values:
            return BAD
        self.known_value(left, tuple(values), e)
        return InList(left, tuple(values))

    def between(self, e: exp.Expression) -> Node:
        if e.args.get("symmetric"):
            return self.note("rule-not-allowed", "BETWEEN takes the smaller bound first", e)
        of = self.node(e.this)
        low = self.comparison(">=", of, self.node(e.args["low"]), e)
        high = self.comparison("<=", of, self.node(e.args["high"]), e)
        return And((low, high))

    def case(self, e: exp.Expression) -> Node:
        if e.this is not None:
            return self.note("rule-not-allowed", "CASE begins with WHEN", e)
        whens = [(self.truth(part.this), self.node(part.args["true"])) for part in e.args["ifs"]]
        default = e.args.get("default")
        values = [value for _, value in whens]
        bare = default is None or isinstance(default, exp.Null)
        if not bare and default is not None:
            values.append(self.node(default))
        same = self.one_kind(values, e)
        if same is None:
            return BAD
        otherwise: Node = Literal(None, same[0].kind) if bare else same[-1]
        pairs = tuple((when, value) for (when, _), value in zip(whens, same, strict=False))
        return Case(pairs, otherwise, same[0].kind)

    def one_kind(self, values: list[Node], e: exp.Expression) -> list[Node] | None:
        if BAD in values:
            return None
        kinds = {value.kind for value in values}
        if len(kinds) == 1:
            return values
        if kinds <= set(NUMBERS):
            kind: Kind = "real" if "real" in kinds else "dec"
            return [to_kind(value, kind) for value in values]
        self.note("wrong-kind", "all the values must be of one kind", e)
        return None


_Method = Callable[[Reader, exp.Expression], Node]
_READERS: dict[type[exp.Expression], _Method] = {
    exp.Literal: Reader.literal,
    exp.Column: Reader.column,
    exp.And: Reader.boolean,
    exp.Or: Reader.boolean,
    exp.Not: Reader.not_,
    exp.Paren: Reader.paren,
    exp.Neg: Reader.negative,
    exp.Is: Reader.is_,
    exp.Null: Reader.null,
    exp.Boolean: Reader.truth_literal,
    exp.In: Reader.in_,
    exp.Between: Reader.between,
    exp.Case: Reader.case,
}


def to_kind(node: Node, kind: Kind) -> Node:
    """Return a number as another kind: constants are rewritten, values are multiplied."""
    if node.kind == kind:
        return node
    if isinstance(node, Literal) and isinstance(node.value, int):
        if kind == "dec":
            return Literal(node.value * SCALE, "dec")
        return Literal(node.value / SCALE if node.kind == "dec" else float(node.value), "real")
    if kind == "dec":
        return Arith("*", node, Literal(SCALE, "int"), "dec")
    return Arith("/", node, Literal(SCALE if node.kind == "dec" else 1, "int"), "real")
