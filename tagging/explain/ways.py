# SPDX-License-Identifier: Apache-2.0
"""How a fact can change: some grow by what a person does, some only by time, some by an entry."""

from typing import Literal as OneOf

from tagging.rules.evaluate import Value
from tagging.rules.tree import Aggregate, Attribute, Fact

Way = OneOf["acting", "waiting", "stating", "tag", "never"]
"""By what the person does, by time alone, by a corrected entry, with another tag, or not at all."""

Move = tuple[Fact, Value, Value]
"""A fact, its present value, its new value."""

ORDER: tuple[Way, ...] = ("acting", "tag", "stating", "waiting", "never")
_GROWS_BY_ACTING = ("count", "distinct", "sum", "max")


def way(moves: tuple[Move, ...]) -> Way:
    """Return the hardest of the ways in which some facts change."""
    return max((way_of(*move) for move in moves), key=ORDER.index, default="never")


def way_of(fact: Fact, before: Value, after: Value) -> Way:
    """Return how a fact gets from one value to another."""
    if isinstance(fact, Attribute):
        return "stating"
    if not isinstance(fact, Aggregate):
        return "tag"
    by_acting = after is not None and (before is None or _acts(fact, before, after))
    if by_acting:
        return "waiting" if fact.window.ago else "acting"
    ages = fact.window.span is not None or fact.window.ago > 0
    if fact.op in ("since_first", "since_last") and after is not None and _rises(before, after):
        return "waiting"
    return "waiting" if ages else "never"


def _acts(fact: Aggregate, before: Value, after: Value) -> bool:
    if fact.op == "top":
        return True
    if fact.op in _GROWS_BY_ACTING:
        returns = fact.op == "sum" and fact.window.span is None
        return _rises(before, after) or returns
    if fact.op == "since_first":
        return False
    return not _rises(before, after)


def _rises(before: Value, after: Value) -> bool:
    numbers = isinstance(before, int | float) and isinstance(after, int | float)
    return numbers and after > before  # type: ignore[operator]
