# SPDX-License-Identifier: Apache-2.0
"""The tag can be true for nobody, or it counts nothing.

**Finds.** A condition that no person can fulfil (a count below 0, `weekday = 8`, `>= 5 and < 3`, a value that the other tag
never takes), in the rule or in what a measure counts.

**Why.** A tag that nobody gets looks like a tag that nobody deserves: it is found months later, if at all.

**Mend.** Correct the bound; the finding shows the part that cannot hold.

**Fails:**

    value: "orders(category = 'tea', days => 30) >= 5 and orders(category = 'tea', days => 30) < 3"

**Passes:**

    value: "orders(category = 'tea', days => 30) >= 3 and orders(category = 'tea', days => 30) < 5"
"""

from collections.abc import Iterator

from tagging.certainty import possible
from tagging.explain.spelling import spell
from tagging.finding import Finding, Lint, Stated
from tagging.rules.tree import And, Case, Node

LINT = Lint(__name__, "error", zh="条件对任何人都不可能成立")


def check(stated: Stated) -> Iterator[Finding]:
    """Yield a finding for the smallest part that can never hold."""
    found = list(_impossible(stated))
    if found:
        shown = "; ".join(dict.fromkeys(spell(part) for part in found))
        yield LINT.finds(
            stated,
            ("value",),
            (f"can never hold: {shown}", f"永远不可能成立：{shown}"),
            ("correct the bounds", "请更正界限"),
        )


def _impossible(stated: Stated) -> Iterator[Node]:
    roots = stated.around.roots
    for part in stated.aggregates:
        if part.where is not None and not possible(part.where, roots):
            yield _smallest(part.where, stated)
    root = stated.root
    if root is not None and True not in stated.outcomes:
        yield _smallest(root, stated)
    for node in stated.nodes:
        if isinstance(node, Case):
            for condition, _ in node.whens:
                if not possible(condition, roots):
                    yield _smallest(condition, stated)


def _smallest(node: Node, stated: Stated) -> Node:
    """Return the one item of an `and` that cannot hold by itself, or the whole."""
    if isinstance(node, And):
        for item in node.items:
            if not possible(item, stated.around.roots):
                return _smallest(item, stated)
    return node
