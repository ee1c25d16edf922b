# SPDX-License-Identifier: Apache-2.0
"""The closed table of what a rule may call: aggregates, and shorthands that read like business.

A shorthand is an abbreviation and nothing else: it stands for an aggregate with a fixed condition.
"""

from dataclasses import dataclass
from typing import Literal as OneOf

from tagging.rules.tree import AggregateOp, Compare, InList, Kind, Literal, Node
from tagging.rules.tree import Column as Col

CORE_COLUMNS: dict[str, Kind] = {
    "event_type": "text",
    "item": "text",
    "category": "text",
    "session": "text",
    "price": "dec",
    "quantity": "dec",
    "amount": "dec",
    "hour": "int",
    "weekday": "int",
}
"""Columns that every event has: prices and amounts in money, quantity in pieces or kilograms."""

EXTRA_KINDS: dict[str, Kind] = {"text": "text", "decimal": "dec", "integer": "int"}


@dataclass(frozen=True, slots=True)
class AggregateFunction:
    """How an aggregate is written: does it take a column, which kinds, and what comes out."""

    op: AggregateOp
    takes: OneOf["nothing", "number", "any", "text"]
    gives: Kind | OneOf["same"]
    meaning: str


AGGREGATES: dict[str, AggregateFunction] = {
    "count": AggregateFunction("count", "nothing", "int", "number of events"),
    "sum": AggregateFunction("sum", "number", "same", "sum of a column"),
    "min": AggregateFunction("min", "number", "same", "smallest value of a column"),
    "max": AggregateFunction("max", "number", "same", "largest value of a column"),
    "distinct_count": AggregateFunction("distinct", "any", "int", "number of different values"),
    "days_since_first": AggregateFunction(
        "since_first", "nothing", "int", "whole days since the first event"
    ),
    "days_since_last": AggregateFunction(
        "since_last", "nothing", "int", "whole days since the last event"
    ),
    "top": AggregateFunction("top", "text", "text", "the value with most events"),
}


@dataclass(frozen=True, slots=True)
class Shorthand:
    """An aggregate with a fixed column and condition."""

    function: str
    column: str | None
    where: Node
    meaning: str


def _type_is(*types: str) -> Node:
    column = Col("event_type", "text")
    if len(types) == 1:
        return Compare("=", column, Literal(types[0], "text"))
    return InList(column, tuple(Literal(kind, "text") for kind in types))


_BOUGHT = _type_is("purchase")
_NET = _type_is("purchase", "return", "cancel", "adjustment")

SHORTHANDS: dict[str, Shorthand] = {
    "orders": Shorthand("distinct_count", "session", _BOUGHT, "number of orders (baskets)"),
    "spend": Shorthand("sum", "amount", _NET, "money spent, returns and cancellations taken off"),
    "units": Shorthand("sum", "quantity", _NET, "quantity bought, returns taken off"),
    "recency": Shorthand("days_since_last", None, _BOUGHT, "whole days since the last purchase"),
    "tenure": Shorthand("days_since_first", None, _BOUGHT, "whole days since the first purchase"),
    "views": Shorthand("count", None, _type_is("view"), "number of views"),
}

SCALARS = ("tag", "feature", "attribute", "tier", "segment", "model", "coalesce", "nullif")

MAX_SPAN_DAYS = 3660
MAX_LENGTH = 4000
MAX_NODES = 400
MAX_WEIGHT = 5000
MAX_DEPTH = 40
