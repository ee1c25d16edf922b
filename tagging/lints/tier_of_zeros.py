# SPDX-License-Identifier: Apache-2.0
"""A tier in which those who did nothing are ranked too.

**Finds.** `tier` of a count, a sum or a number of different values that is not freed of its zeros by `nullif(…, 0)`.

**Why.** People without a single event have a 0, not nothing. Equal values share a tier: where most people have 0, the cut points
collapse and "tier 3 of 5" means "bought once".

**Mend.** `tier(nullif(…, 0), 5)`: who has nothing gets no tier.

**Fails:**

    value: "tier(orders(days => 30), 5)"
    says: {en: "ordered {count} times within 30 days: {value}", zh: "30天内下了{count}笔订单：{value}"}

**Passes:**

    value: "tier(nullif(orders(days => 30), 0), 5)"
    says: {en: "ordered {count} times within 30 days: {value}", zh: "30天内下了{count}笔订单：{value}"}
"""

from collections.abc import Iterator

from tagging.explain.spelling import spell
from tagging.finding import Finding, Lint, Stated
from tagging.rules.tree import Aggregate, Named, Node, Tier

LINT = Lint(__name__, "warning", zh="没有任何行为的人也被排入等级")


def check(stated: Stated) -> Iterator[Finding]:
    """Yield a finding for each tier of a measure that is 0 for people without events."""
    for part in stated.nodes:
        if isinstance(part, Tier) and _is_zero_for_nobody(part.of):
            shown = spell(part.of)
            yield LINT.finds(
                stated,
                ("value",),
                (
                    f"people without an event share the value 0 of {shown}",
                    f"没有相关行为的人都以 0 参与 {shown} 的排名",
                ),
                (f"tier(nullif({shown}, 0), {part.count})",) * 2,
            )


def _is_zero_for_nobody(node: Node) -> bool:
    while isinstance(node, Named):
        node = node.of
    return isinstance(node, Aggregate) and node.op in ("count", "sum", "distinct")
