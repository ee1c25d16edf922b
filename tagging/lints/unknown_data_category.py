# SPDX-License-Identifier: Apache-2.0
"""A category of data that no policy pack knows.

**Finds.** An entry of `sources` or `asserts` that is not a key of the taxonomy (`policies/library/categories.yaml`).

**Why.** Nobody can say what an unknown category reveals, so that every regime answers with a gap and the gate
stops the tag for everybody. Notice and access name categories too (GDPR Art. 15(1)(b), PIPL Art. 17).

**Mend.** Use the key that the finding proposes, or the nearest broader one.

**Fails:**

    sources: [user.behaviour.purchase_history]

**Passes:**

    sources: [user.behavior.purchase_history]
"""

from collections.abc import Iterator

from policies.document import nearest
from policies.packs import categories
from tagging.finding import EVERYTHING, Finding, Lint, Stated

LINT = Lint(
    __name__,
    "error",
    zh="规则包不认识的数据类别",
    cites=("GDPR Art. 15(1)(b)", "PIPL Art. 17"),
    of=EVERYTHING,
)


def check(stated: Stated) -> Iterator[Finding]:
    """Yield a finding for each category that is not known."""
    for part in ("sources", "asserts"):
        for number, category in enumerate(getattr(stated.item, part, ())):
            if category not in categories():
                near = nearest(category, categories())
                yield LINT.finds(
                    stated,
                    (part, number),
                    (
                        f'"{category}" is not a category of data',
                        f"“{category}”不是已知的数据类别",
                    ),
                    (
                        near or "use a key of policies/library/categories.yaml",
                        near or "请使用 policies/library/categories.yaml 中的键",
                    ),
                )
