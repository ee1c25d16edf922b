# SPDX-License-Identifier: Apache-2.0
"""The rule reads data that `sources` does not name.

**Finds.** A feature or tag in the rule with sources that this tag lacks, and purchases that are counted while no source is
behaviour.

**Why.** The person is told from `sources` where the data come from (GDPR Art. 14(2)(f), 15(1)(g); PIPL Art. 17), and
access, erasure and the policy decision go by it. What is not there is not told.

**Mend.** Add the category to `sources`.

**Fails:**

    sources: [user.demographic.profile]

**Passes:**

    sources: [user.behavior.purchase_history]
"""

from collections.abc import Iterator

from policies.decision import covers
from tagging.finding import Finding, Lint, Stated
from tagging.reading import event_types

LINT = Lint(
    __name__,
    "error",
    zh="规则读取了 sources 未列明的数据",
    cites=("GDPR Art. 14(2)(f)", "GDPR Art. 15(1)(g)", "PIPL Art. 17"),
)

_BOUGHT = frozenset({"purchase", "return", "cancel"})


def check(stated: Stated) -> Iterator[Finding]:
    """Yield a finding for each source that is missing."""
    found, own = stated.around.catalogue, stated.tag.sources
    inputs = [
        (key, found.features[key].sources) for key in stated.measures if key in found.features
    ]
    inputs += [(key, found.tags[key].tag.sources) for key in stated.references if key in found.tags]
    missing: dict[str, str] = {}
    for key, sources in inputs:
        for category in sources:
            if not any(covers(mine, category) for mine in own):
                missing.setdefault(category, key)
    for category, key in missing.items():
        yield LINT.finds(
            stated,
            ("sources",),
            (
                f'"{key}" reads "{category}", which is not among the sources',
                f"“{key}”读取了“{category}”，但 sources 未列明",
            ),
            (f"add {category} to sources", f"将 {category} 加入 sources"),
        )
    if not missing and _counts_purchases(stated) and not any(_of_behaviour(mine) for mine in own):
        yield LINT.finds(
            stated,
            ("sources",),
            (
                "the rule counts purchases, and no source says so",
                "规则统计购买记录，但 sources 未列明",
            ),
            (
                "add user.behavior.purchase_history to sources",
                "将 user.behavior.purchase_history 加入 sources",
            ),
        )


def _counts_purchases(stated: Stated) -> bool:
    read = [event_types(part.where) for part in stated.aggregates]
    return any(types is not None and types & _BOUGHT for types in read)


def _of_behaviour(category: str) -> bool:
    return covers(category, "user.behavior.purchase_history") or category == "user.payment"
