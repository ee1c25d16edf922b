# SPDX-License-Identifier: Apache-2.0
"""Typed tree → SQL, one table of operators per dialect. Nothing else writes SQL of a rule.

Every lowering keeps the same meaning: instants are int64 microseconds, days are integer division,
fixed-point numbers are int64, sums are int64, divisions are IEEE doubles and NULL by zero, and what
leaves 64 bits is NULL (never an error that would stop everybody's evaluation). Literals go through `quote`, names through `name`; no text of a rule reaches SQL in any other way.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from audit.clock import DAY
from tagging.rules.tree import (
    Aggregate,
    And,
    Arith,
    Attribute,
    Case,
    Coalesce,
    Column,
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


@dataclass(frozen=True, slots=True)
class Dialect:
    """What differs between databases; everything else is common SQL."""

    name: str
    integer: str
    real: str
    integer_division: str
    checked: str
    """How whole-number arithmetic is written so that it is NULL where it leaves 64 bits."""

    escape_backslash: bool = False

    def quote(self, text: str) -> str:
        """Return a text literal; raises ValueError for a text that no database takes."""
        if "\0" in text:
            raise ValueError("a text cannot hold a zero byte")
        safe = text.replace("\\", "\\\\") if self.escape_backslash else text
        return "'" + safe.replace("'", "''") + "'"

    def ident(self, text: str) -> str:
        """Return a quoted name of a column or table."""
        return '"' + text.replace('"', '""') + '"'


DUCKDB = Dialect("duckdb", "BIGINT", "DOUBLE", "//", "TRY({})")
SQLITE = Dialect("sqlite", "INTEGER", "REAL", "/", "whole({})")


def private_database() -> sqlite3.Connection:
    """Return an empty SQLite database in memory that understands SQL of the dialect SQLITE."""
    db = sqlite3.connect(":memory:", isolation_level=None, cached_statements=4096)
    # an overflow makes a REAL there
    db.create_function("whole", 1, lambda x: x if isinstance(x, int) else None, deterministic=True)
    return db


Cuts = Mapping[Tier, Sequence[int | float]]
"""The frozen cut points of each tier, ascending, count - 1 of them."""


@dataclass(frozen=True, slots=True)
class Lowering:
    """Writes the SQL of expressions in one dialect."""

    dialect: Dialect
    fact: Callable[[Fact], str]
    """The name of the column in which the value of a fact stands."""

    cuts: Cuts

    def scalar(self, node: Node) -> str:
        """Return the SQL of an expression over facts (or over columns of one event)."""
        return _LOWERINGS[type(node)](self, node)

    def literal(self, node: Literal) -> str:
        """Return the SQL of a constant."""
        value = node.value
        if value is None:
            return f"CAST(NULL AS {self.kind(node.kind)})"
        if isinstance(value, bool):
            return "TRUE" if value else "FALSE"
        if isinstance(value, str):
            return self.dialect.quote(value)
        if isinstance(value, float):  # with an exponent it is a double everywhere, not a decimal
            return repr(value) if "e" in repr(value) else f"{value!r}e0"
        return f"{value}"

    def wide(self, node: Node) -> str:
        """Return the SQL of a value in the full width of its kind: a bare number is narrower."""
        text = self.scalar(node)
        whole = isinstance(node, Literal) and node.kind in ("int", "dec")
        return f"CAST({text} AS {self.dialect.integer})" if whole else text

    def kind(self, kind: str) -> str:
        """Return the SQL type of a kind."""
        types = {"real": self.dialect.real, "text": "VARCHAR", "bool": "BOOLEAN"}
        return types.get(kind, self.dialect.integer)

    def ratio(self, left: Node, right: Node) -> str:
        """Return a division: double, NULL by zero."""
        over, under = self.scalar(left), self.scalar(right)
        real = self.dialect.real
        if isinstance(right, Literal) and right.value:
            under = self.literal(Literal(float(right.value), "real"))
            return f"(CAST({over} AS {real}) / {under})"
        return f"(CAST({over} AS {real}) / nullif(CAST({under} AS {real}), 0))"

    def tier(self, node: Tier) -> str:
        """Return 1 plus the number of cut points below the value; NULL stays NULL."""
        value = self.scalar(node.of)
        cuts = self.cuts.get(node)
        if cuts is None:
            return f"CAST(NULL AS {self.dialect.integer})"
        kind = node.of.kind
        steps = "".join(
            f" + CASE WHEN {value} > {self.literal(Literal(cut, kind))} THEN 1 ELSE 0 END"
            for cut in cuts
        )
        one = self.wide(Literal(1, "int"))
        return f"(CASE WHEN {value} IS NOT NULL THEN {one}{steps} END)"

    def segment(self, node: Segment) -> str:
        """Return the call of a function that the engine must be given (`segment_function`)."""
        real = self.dialect.real
        measures = ", ".join(f"CAST({self.scalar(part)} AS {real})" for part in node.of)
        called = f"{node.model.function}({measures})"
        return f"({called} = 1)" if node.kind == "bool" else called

    def condition(self, fact: Aggregate, as_of: int) -> str:
        """Return the condition that an event must fulfil to be counted by a fact."""
        parts = [self.scalar(fact.where)] if fact.where is not None else []
        last = as_of - fact.window.ago
        if fact.window.span is not None:
            parts.append(f"ts > {last - fact.window.span}")
        if fact.window.ago:
            parts.append(f"ts <= {last}")
        return " AND ".join(parts) or "TRUE"

    def aggregate(self, fact: Aggregate, as_of: int, where: str) -> str:
        """Return a count, sum or edge over the rows that fulfil `where`, all with ts <= as_of.

        CASE, because DuckDB takes a third more time for FILTER.
        """
        integer = self.dialect.integer
        if fact.op == "count":
            ones = "count(*)" if where == "TRUE" else f"sum(CAST({where} AS INTEGER))"
            return f"CAST(coalesce({ones}, 0) AS {integer})"
        value = self.dialect.ident(fact.column) if fact.column else "ts"
        if where != "TRUE":
            value = f"CASE WHEN {where} THEN {value} END"
        if fact.op == "sum":
            return f"CAST(coalesce(sum({value}), 0) AS {integer})"
        if fact.op in ("min", "max"):
            return f"{fact.op}({value})"
        edge = "min" if fact.op == "since_first" else "max"
        return f"({as_of} - {edge}({value})) {self.dialect.integer_division} {DAY}"


def _joined(word: str) -> Callable[[Lowering, Node], str]:
    def lower(self: Lowering, node: Node) -> str:
        assert isinstance(node, And | Or)  # noqa: S101
        return "(" + f" {word} ".join(self.scalar(item) for item in node.items) + ")"

    return lower


def _fact(self: Lowering, node: Node) -> str:
    assert isinstance(node, Aggregate | Attribute | TagRef)  # noqa: S101
    return self.fact(node)


def _arith(self: Lowering, node: Node) -> str:
    assert isinstance(node, Arith)  # noqa: S101
    if node.op == "/":
        return self.ratio(node.left, node.right)
    sum_ = f"{self.wide(node.left)} {node.op} {self.wide(node.right)}"
    return f"({sum_})" if node.kind == "real" else self.dialect.checked.format(sum_)


def _compare(self: Lowering, node: Node) -> str:
    assert isinstance(node, Compare)  # noqa: S101
    return f"({self.scalar(node.left)} {node.op} {self.scalar(node.right)})"


def _in(self: Lowering, node: Node) -> str:
    assert isinstance(node, InList)  # noqa: S101
    values = ", ".join(self.literal(value) for value in node.values)
    return f"({self.scalar(node.of)} IN ({values}))"


def _case(self: Lowering, node: Node) -> str:
    assert isinstance(node, Case)  # noqa: S101
    whens = "".join(f" WHEN {self.scalar(c)} THEN {self.wide(v)}" for c, v in node.whens)
    return f"(CASE{whens} ELSE {self.wide(node.otherwise)} END)"


def _coalesce(self: Lowering, node: Node) -> str:
    assert isinstance(node, Coalesce)  # noqa: S101
    items = [self.wide(item) for item in node.items]
    return items[0] if len(items) == 1 else f"coalesce({', '.join(items)})"


_LOWERINGS: dict[type, Callable[[Lowering, Node], str]] = {
    Literal: lambda self, node: self.literal(node),  # type: ignore[arg-type]
    Column: lambda self, node: self.dialect.ident(node.name),  # type: ignore[union-attr]
    Aggregate: _fact,
    Attribute: _fact,
    TagRef: _fact,
    Tier: lambda self, node: self.tier(node),  # type: ignore[arg-type]
    Segment: lambda self, node: self.segment(node),  # type: ignore[arg-type]
    Named: lambda self, node: self.scalar(node.of),  # type: ignore[union-attr,arg-type]
    Arith: _arith,
    Compare: _compare,
    And: _joined("AND"),
    Or: _joined("OR"),
    Not: lambda self, node: f"(NOT {self.scalar(node.of)})",  # type: ignore[union-attr,arg-type]
    IsNull: lambda self, node: f"({self.scalar(node.of)} IS NULL)",  # type: ignore[union-attr,arg-type]
    InList: _in,
    Case: _case,
    Coalesce: _coalesce,
    NullIf: lambda self, node: f"nullif({self.wide(node.of)}, {self.literal(node.value)})",  # type: ignore[union-attr,arg-type]
}
