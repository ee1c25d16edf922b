# SPDX-License-Identifier: Apache-2.0
"""Evidence of an assignment: the facts that a rule used, as one compact text, and its replay."""

import json
from collections.abc import Mapping, Sequence

from tagging.rules.evaluate import Value, evaluate
from tagging.rules.lower import Cuts
from tagging.rules.tree import Fact, Node, facts


def encode_facts(values: Sequence[Value]) -> str:
    """Return the values of a rule's facts, in the order of `tree.facts`, as a JSON array.

    Raises ValueError for a number that is none: another reader could not take it.
    """
    return json.dumps(list(values), ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def decode_facts(root: Node, text: str) -> dict[Fact, Value]:
    """Return the facts that were written; raises ValueError when they are not those of the rule."""
    values = json.loads(text)
    used = facts(root)
    if not isinstance(values, list) or len(values) != len(used):
        raise ValueError("the evidence is not that of this rule")
    return dict(zip(used, values, strict=True))


def replay(root: Node, known: Mapping[Fact, Value], cuts: Cuts) -> str | None:
    """Return the value that follows from the facts, as assignments write it; None: no tag."""
    value = evaluate(root, known, cuts)
    if root.kind == "bool":
        return "true" if value else None
    return None if value is None else str(value)
