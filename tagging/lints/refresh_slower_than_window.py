# SPDX-License-Identifier: Apache-2.0
"""The tag is computed less often than its window passes.

**Finds.** A `refresh.every` longer than the shortest window of the rule, without an event that triggers it.

**Why.** What somebody does just after one computation is outside the window at the next: they never get the tag, or keep it
too long. The sentence of the tag is then wrong for them (GDPR Art. 5(1)(d)).

**Mend.** Refresh at least once per window, or add `on`.

**Fails:**

    value: "orders(category = 'tea', hours => 12) >= 1"
    says: {en: "bought tea in {count} orders within 12 hours", zh: "12小时内在{count}笔订单中购买了茶叶"}
    ttl: 1d
    refresh: {every: 1d}

**Passes:**

    value: "orders(category = 'tea', hours => 12) >= 1"
    says: {en: "bought tea in {count} orders within 12 hours", zh: "12小时内在{count}笔订单中购买了茶叶"}
    ttl: 12h
    refresh: {every: 6h}
"""

from collections.abc import Iterator

from tagging.document import span_micros
from tagging.finding import Finding, Lint, Stated
from tagging.reading import days, shortest_window

LINT = Lint(
    __name__,
    "warning",
    zh="刷新间隔长于规则统计的时间窗口",
    cites=("GDPR Art. 5(1)(d)",),
)


def check(stated: Stated) -> Iterator[Finding]:
    """Yield a finding when a window can pass between two computations."""
    shortest = shortest_window(stated.aggregates)
    every = stated.tag.refresh.every
    if shortest is not None and not stated.tag.refresh.on and span_micros(every) > shortest:
        yield LINT.finds(
            stated,
            ("refresh", "every"),
            (
                f"is computed every {every}, and its window is {days(shortest)}",
                f"每{every}计算一次，而窗口只有{days(shortest)}",
            ),
            (f"every: {days(shortest)} or shorter", f"every: {days(shortest)} 或更短"),
        )
