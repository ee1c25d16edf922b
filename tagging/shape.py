# SPDX-License-Identifier: Apache-2.0
"""What two rules have in common that differ in numbers only."""

from typing import Any

from tagging.equivalence import Form, canonical_rule
from tagging.rules.tree import Node
from tagging.values import Values


def shape(root: Node) -> Form:
    """Return the normal form of a rule without its numbers: what is counted of what, and how put together.

    Texts stay. Equal shapes say that two rules differ in thresholds and windows at most.
    """
    form: Form = _without_numbers(canonical_rule(root))
    return form


def _without_numbers(part: Any) -> Any:
    if isinstance(part, Values):
        return part if isinstance(part.points, frozenset) else "numbers"
    if isinstance(part, frozenset):
        return frozenset(map(_without_numbers, part))
    if isinstance(part, tuple):
        windowed = part[:1] == ("aggregate",)
        return tuple(map(_without_numbers, (*part[:4], *part[5:]) if windowed else part))
    return "number" if isinstance(part, int | float) and not isinstance(part, bool) else part
