# SPDX-License-Identifier: Apache-2.0
"""Text of a rule → typed tree. SQLGlot only reads; every node passes a closed list of ours.

Refuses anything that is not one expression over events: sub-queries, casts, patterns, other tables,
unknown columns, functions, tags. All problems of a rule are noted, each with line and column.
"""

from audit.errors import Problems
from tagging.rules.calls import call
from tagging.rules.limits import excess
from tagging.rules.reader import Reader, Scope
from tagging.rules.tree import Node, Segment, segments

__all__ = ["Scope", "parse_rule"]


def parse_rule(text: str, scope: Scope, problems: Problems, at: tuple[int, int]) -> Node | None:
    """Return the tree of a rule, or None after noting every problem of it.

    `at` is the (line, column) in the file at which the text begins.
    """
    reader = Reader(text, scope, problems, at=at, call=call)
    root = reader.read()
    if root is not None and len(problems.found) == reader.before:
        if segments(root) and not isinstance(root, Segment):
            reader.note(
                "segment-inside",
                "a segment or a model stands alone as the value of a tag",
                None,
                hint="make it a tag of its own, and refer to that: tag('…')",
            )
            return None
        too_much = excess(root)
        if too_much is None:
            return root
        reader.note(*too_much, None)
    return None
