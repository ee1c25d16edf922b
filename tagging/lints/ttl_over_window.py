# SPDX-License-Identifier: Apache-2.0
"""The tag is shown longer than the window it speaks about.

**Finds.** A `ttl` longer than the shortest window of the rule.

**Why.** "Within 7 days" shown 30 days later is not true any more (GDPR Art. 5(1)(d), PIPL Art. 8). Should the refresh fail
once, the old value stays in use until the `ttl` ends.

**Mend.** A `ttl` no longer than the window.

**Fails:**

    value: "orders(category = 'tea', days => 7) >= 2"
    says: {en: "bought tea in {count} orders within 7 days", zh: "7天内在{count}笔订单中购买了茶叶"}
    ttl: 30d

**Passes:**

    value: "orders(category = 'tea', days => 7) >= 2"
    says: {en: "bought tea in {count} orders within 7 days", zh: "7天内在{count}笔订单中购买了茶叶"}
    ttl: 7d
"""

from collections.abc import Iterator

from tagging.document import span_micros
from tagging.finding import Finding, Lint, Stated
from tagging.reading import days, shortest_window

LINT = Lint(
    __name__,
    "warning",
    zh="标签的展示期超过规则统计的时间窗口",
    cites=("GDPR Art. 5(1)(d)", "PIPL Art. 8"),
)


def check(stated: Stated) -> Iterator[Finding]:
    """Yield a finding when the shortest window is over before the tag is."""
    shortest = shortest_window(stated.aggregates)
    if shortest is not None and span_micros(stated.tag.ttl) > shortest:
        yield LINT.finds(
            stated,
            ("ttl",),
            (
                f"lives {stated.tag.ttl} and speaks of {days(shortest)}",
                f"展示期为{stated.tag.ttl}，而规则统计的是{days(shortest)}",
            ),
            (f"ttl: {days(shortest)}", f"ttl: {days(shortest)}"),
        )
