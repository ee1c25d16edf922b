# SPDX-License-Identifier: Apache-2.0
"""A category of data so broad that it says nothing.

**Finds.** `user` or `system` as an entry of `sources` or `asserts`.

**Why.** Minimisation and a sensible notice need to know what is used (GDPR Art. 5(1)(c), PIPL Art. 6): "data on the
user" may be shoe sizes or diagnoses. The packs answer with a gap.

**Mend.** Name what the rule reads, such as `user.behavior.purchase_history`.

**Fails:**

    asserts: [user]

**Passes:**

    asserts: [user.demographic.profile]
"""

from collections.abc import Iterator

from tagging.finding import EVERYTHING, Finding, Lint, Stated

LINT = Lint(
    __name__,
    "error",
    zh="数据类别过于笼统",
    cites=("GDPR Art. 5(1)(c)", "PIPL Art. 6"),
    of=EVERYTHING,
)


def check(stated: Stated) -> Iterator[Finding]:
    """Yield a finding for each category without a second part."""
    for part in ("sources", "asserts"):
        for number, category in enumerate(getattr(stated.item, part, ())):
            if category in ("user", "system"):
                yield LINT.finds(
                    stated,
                    (part, number),
                    (
                        f'"{category}" names everything and nothing',
                        f"“{category}”过于笼统，等于没有说明",
                    ),
                    (
                        "name what the rule reads or reveals: user.behavior.purchase_history, …",
                        "写明规则读取或揭示的内容，例如 user.behavior.purchase_history",
                    ),
                )
