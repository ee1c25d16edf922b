# SPDX-License-Identifier: Apache-2.0
"""Everybody gets the tag.

**Finds.** A rule that is true whoever the person is, such as `orders() >= 0`.

**Why.** It says nothing and is still personal data about everybody; most often a `>=` was meant to be a `>`, or a 0 a 1.

**Mend.** Correct the bound, or archive the tag.

**Fails:**

    value: "orders(category = 'tea', days => 30) >= 0"

**Passes:**

    value: "orders(category = 'tea', days => 30) >= 1"
"""

from collections.abc import Iterator

from tagging.finding import Finding, Lint, Stated

LINT = Lint(__name__, "error", zh="规则对所有人都成立", cites=("GDPR Art. 5(1)(c)", "PIPL Art. 6"))


def check(stated: Stated) -> Iterator[Finding]:
    """Yield a finding when no other outcome than true is left."""
    if stated.outcomes == {True}:
        yield LINT.finds(
            stated,
            ("value",),
            ("is true for everybody", "对所有人都成立"),
            ("correct the bound: >= 1 instead of >= 0?", "请更正界限：是否应为 >= 1 而非 >= 0？"),
        )
