# SPDX-License-Identifier: Apache-2.0
"""The rule looks back further than its purpose may keep data.

**Finds.** A window (its length and how long ago it ends) that begins before the `retention` of one of the purposes.

**Why.** What is past its retention must be gone (GDPR Art. 5(1)(e), PIPL Art. 19 and 47); a rule that needs it either counts
what should not be there any more, or silently counts less than it says.

**Mend.** Shorten the window, or declare the purpose with the retention that it needs and tell people.

**Fails:**

    value: "orders(category = 'tea', days => 500) >= 3"
    says: {en: "bought tea in {count} orders within 500 days", zh: "500天内在{count}笔订单中购买了茶叶"}

**Passes:**

    value: "orders(category = 'tea', days => 365) >= 3"
    says: {en: "bought tea in {count} orders within 365 days", zh: "365天内在{count}笔订单中购买了茶叶"}
"""

from collections.abc import Iterator

from tagging.finding import Finding, Lint, Stated
from tagging.reading import days

LINT = Lint(
    __name__,
    "error",
    zh="规则回溯的时间超过处理目的的保存期限",
    cites=("GDPR Art. 5(1)(e)", "PIPL Art. 19"),
)


def check(stated: Stated) -> Iterator[Finding]:
    """Yield a finding for each purpose that keeps data for a shorter time than the rule looks back."""
    back = max((a.window.ago + (a.window.span or 0) for a in stated.aggregates), default=0)
    for _, purpose in stated.purposes:
        if purpose.retention is not None and back > purpose.retention:
            yield LINT.finds(
                stated,
                ("value",),
                (
                    f'looks back {days(back)}; "{purpose.key}" keeps data for {days(purpose.retention)}',
                    f"回溯{days(back)}，而“{purpose.key}”仅保存{days(purpose.retention)}",
                ),
                (
                    f"windows of {days(purpose.retention)} or less",
                    f"窗口不超过{days(purpose.retention)}",
                ),
            )
