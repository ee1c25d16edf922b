# SPDX-License-Identifier: Apache-2.0
"""Anything that people buy can become their value.

**Finds.** A tag whose value is the `top` of a column of goods, searches or pages without a list of values that are allowed.

**Why.** Left to itself, `top(category, …)` writes whatever somebody buys most into their profile: incontinence goods, infant
formula, a pharmacy. What a tag reveals is sensitive even if no column is (C-184/20, C-21/23; PIPL Art. 28), and
nobody has looked at the values (Algorithm Provisions Art. 10).

**Mend.** Narrow the column to values that somebody has read: `top(category, category in ('tea', 'coffee'), days => 90)`.

**Fails:**

    value: "top(category, event_type = 'purchase', days => 30)"
    says: {en: "bought {value} most often within 30 days", zh: "30天内最常购买{value}"}

**Passes:**

    value: "top(category, event_type = 'purchase' and category in ('tea', 'coffee'), days => 30)"
    says: {en: "bought {value} most often within 30 days", zh: "30天内最常购买{value}"}
    labels: {tea: {en: tea, zh: 茶叶}, coffee: {en: coffee, zh: 咖啡}}
"""

import re
from collections.abc import Iterator

from tagging.certainty import texts
from tagging.finding import Finding, Lint, Stated

LINT = Lint(
    __name__,
    "warning",
    zh="取值未加限定，任何购买内容都可能成为标签值",
    cites=("CJEU C-184/20", "CJEU C-21/23", "PIPL Art. 28", "Algorithm Provisions Art. 10"),
)

_GOODS = re.compile(
    r"(?i)categor|product|\bitem\b|goods|department|brand|\bsku\b|keyword|query|search|page|url|title|session"
)


def check(stated: Stated) -> Iterator[Finding]:
    """Yield a finding for each `top` that nobody has narrowed."""
    for part in stated.aggregates:
        goods = part.op == "top" and _GOODS.search(part.column or "")
        if goods and texts(part, {}) is None:
            yield LINT.finds(
                stated,
                ("value",),
                (
                    f'every "{part.column}" that there is can become a value',
                    f"“{part.column}”的任何内容都可能成为取值",
                ),
                (
                    f"narrow it: {part.column} in ('…', '…')",
                    f"请加以限定：{part.column} in ('…', '…')",
                ),
            )
