# SPDX-License-Identifier: Apache-2.0
"""What a rule reads of the events: which types, over which windows. None means: cannot be told."""

from collections.abc import Iterable, Mapping

from audit.clock import DAY, HOUR
from tagging.certainty import ranges
from tagging.rules.tree import Aggregate, And, Column, Literal, Node, Or, TagRef, walk

_TYPE = Column("event_type", "text")


def event_types(where: Node | None) -> frozenset[str] | None:
    """Return the types of event that a condition lets through; None: any, or not to be told."""
    if where is None:
        return None
    if isinstance(where, Or):
        each = [event_types(item) for item in where.items]
        known = [types for types in each if types is not None]
        return frozenset().union(*known) if len(known) == len(each) else None
    if isinstance(where, And):
        found: frozenset[str] | None = None
        for item in where.items:
            types = event_types(item)
            if types is not None:
                found = types if found is None else found & types
        return found
    allowed = ranges(where).get(_TYPE)
    if allowed is None or allowed.among is None:
        return None
    return frozenset(map(str, allowed.among))


def types_read(root: Node, roots: Mapping[str, Node]) -> frozenset[str] | None:
    """Return the types of event that a rule and the tags it names read; None: any of them.

    A tag that is not known counts as any.
    """
    found: set[str] = set()
    seen: set[str] = set()
    waiting = [root]
    while waiting:
        for part in walk(waiting.pop()):
            if isinstance(part, TagRef) and part.key not in seen:
                if part.key not in roots:
                    return None
                seen.add(part.key)
                waiting.append(roots[part.key])
            elif isinstance(part, Aggregate):
                types = event_types(part.where)
                if types is None:
                    return None
                found |= types
    return frozenset(found)


def shortest_window(aggregates: Iterable[Aggregate]) -> int | None:
    """Return the shortest window of some measures in microseconds; None: none has one."""
    spans = [part.window.span for part in aggregates if part.window.span is not None]
    return min(spans, default=None)


def days(span: int) -> str:
    """Return a length of time as documents write it: 30d, 12h."""
    return f"{span // DAY}d" if span % DAY == 0 else f"{span // HOUR}h"


def constants(nodes: Iterable[Node]) -> tuple[str, ...]:
    """Return the texts that a rule compares with or gives, those in the conditions of events too."""
    found: dict[str, None] = {}
    for node in nodes:
        inside = walk(node.where) if isinstance(node, Aggregate) and node.where is not None else ()
        for part in (node, *inside):
            if isinstance(part, Literal) and isinstance(part.value, str):
                found[part.value] = None
    return tuple(found)
