# SPDX-License-Identifier: Apache-2.0
"""A branch that an earlier one always takes away.

**Finds.** A `when` of a `case` whose condition is contained in that of an earlier `when` over the same measure.

**Why.** The first true branch wins. With `>= 1` before `>= 3` nobody is ever "high", and the figures of both values are wrong.

**Mend.** Put the narrower condition first.

**Fails:**

    value: "case when orders(category = 'tea', days => 30) >= 1 then 'low' when orders(category = 'tea', days => 30) >= 3 then 'high' end"
    labels: {low: {en: now and then, zh: 偶尔}, high: {en: often, zh: 经常}}

**Passes:**

    value: "case when orders(category = 'tea', days => 30) >= 3 then 'high' when orders(category = 'tea', days => 30) >= 1 then 'low' end"
    labels: {low: {en: now and then, zh: 偶尔}, high: {en: often, zh: 经常}}
"""

from collections.abc import Iterator

from tagging.certainty import plain, ranges
from tagging.explain.spelling import spell
from tagging.finding import Finding, Lint, Stated
from tagging.rules.tree import Case, Node

LINT = Lint(__name__, "error", zh="分支永远不会被取到，前面的分支已经包含它")


def check(stated: Stated) -> Iterator[Finding]:
    """Yield a finding for each branch that an earlier one covers."""
    for node in stated.nodes:
        if not isinstance(node, Case):
            continue
        earlier: list[Node] = []
        for condition, value in node.whens:
            before = next((one for one in earlier if _contains(one, condition)), None)
            if before is not None:
                yield LINT.finds(
                    stated,
                    ("value",),
                    (
                        f"{spell(value)} is never reached: {spell(before)} comes first",
                        f"{spell(value)} 永远取不到：{spell(before)} 在其之前",
                    ),
                    ("put the narrower condition first", "请将范围较窄的条件放在前面"),
                )
            if plain(condition):
                earlier.append(condition)


def _contains(outer: Node, inner: Node) -> bool:
    """Return whether whoever fulfils the inner condition fulfils the outer one too."""
    wide, narrow = ranges(outer), ranges(inner)
    return bool(wide) and all(
        of in narrow and narrow[of].within(allowed) for of, allowed in wide.items()
    )
