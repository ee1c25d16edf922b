# SPDX-License-Identifier: Apache-2.0
"""The rule counts everything that the person ever did.

**Finds.** A count, sum, smallest, largest or most frequent value without a window, for a purpose of marketing, recommendation
or advertising. Days since the first or last event are not meant: they need one date.

**Why.** Minimisation forbids the use of all data for advertising without a limit in time (C-446/21, GDPR Art. 5(1)(c)).

**Mend.** Give it a window: `days => 365`.

**Fails:**

    value: "orders(category = 'tea') >= 3"
    says: {en: "bought tea in {count} orders", zh: "在{count}笔订单中购买了茶叶"}

**Passes:**

    value: "recency() <= 21"
    says: {en: "last bought {days} days ago", zh: "上次购买在{days}天前"}
"""

from collections.abc import Iterator

from tagging.explain.spelling import spell
from tagging.finding import Finding, Lint, Stated

LINT = Lint(
    __name__,
    "warning",
    zh="规则统计个人的全部历史行为，没有时间限制",
    cites=("CJEU C-446/21", "GDPR Art. 5(1)(c)", "PIPL Art. 6"),
    provenance="knowledge",
)

_USES = (
    "first_party_personalised_marketing",
    "first_party_recommendation",
    "cross_context_advertising",
)


def check(stated: Stated) -> Iterator[Finding]:
    """Yield one finding that names every measure without a window."""
    open_ = [
        part
        for part in stated.aggregates
        if part.window.span is None and part.op not in ("since_first", "since_last")
    ]
    if open_ and any(purpose.use in _USES for _, purpose in stated.purposes):
        shown = ", ".join(spell(part) for part in open_)
        yield LINT.finds(
            stated,
            ("value",),
            (f"counts without a limit in time: {shown}", f"没有时间限制的统计：{shown}"),
            ("add a window: days => 365", "加上时间窗口：days => 365"),
        )
