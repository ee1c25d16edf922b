# SPDX-License-Identifier: Apache-2.0
"""The tag calls itself declared or observed, and is made by inference.

**Finds.** A `derivation` below that of a tag in the rule (error), and an observed tag with a `tier`, which ranks a person
among others (warning).

**Why.** What is inferred is personal information too (Cal. Civ. Code 1798.140(v)(1)(K)), is told to the person on other
terms (GDPR Art. 14) and stays out of a portability copy (GDPR Art. 20). A wrong word here makes each of these wrong.

**Mend.** `derivation: inferred`.

**Fails:**

    derivation: observed
    value: "tier(nullif(spend(days => 30), 0), 5)"
    says: {en: "spent {amount} within 30 days: {value}", zh: "30天内消费{amount}：{value}"}

**Passes:**

    derivation: inferred
    value: "tier(nullif(spend(days => 30), 0), 5)"
    says: {en: "spent {amount} within 30 days: {value}", zh: "30天内消费{amount}：{value}"}
"""

from collections.abc import Iterator

from tagging.finding import Finding, Lint, Stated
from tagging.rules.tree import Segment, Tier

LINT = Lint(
    __name__,
    "error",
    zh="推断得出的标签自称为声明或观察所得",
    cites=("GDPR Art. 14", "GDPR Art. 20", "Civ. Code 1798.140(v)(1)(K)"),
)

_RANK = ("declared", "observed", "inferred")
_FIX = ("derivation: inferred", "derivation: inferred")


def check(stated: Stated) -> Iterator[Finding]:
    """Yield a finding when an input or a tier makes the tag more than it says."""
    own = _RANK.index(stated.tag.derivation)
    tags = stated.around.catalogue.tags
    for key in stated.references:
        theirs = tags[key].tag.derivation if key in tags else "declared"
        if _RANK.index(theirs) > own:
            yield LINT.finds(
                stated,
                ("derivation",),
                (
                    f'"{key}", which the rule names, is {theirs}; this tag says {_RANK[own]}',
                    f"规则引用的“{key}”为 {theirs}，本标签却声明为 {_RANK[own]}",
                ),
                (f"derivation: {theirs}", f"derivation: {theirs}"),
            )
    if stated.tag.derivation != "inferred" and any(
        isinstance(n, Segment) and n.call == "model" for n in stated.nodes
    ):
        yield LINT.finds(
            stated,
            ("derivation",),
            (
                "a model foretells what nobody has observed: that is inferred",
                "模型预测的内容无人观察到，属于推断",
            ),
            _FIX,
        )
    elif stated.tag.derivation == "observed" and any(
        isinstance(n, Tier | Segment) for n in stated.nodes
    ):
        yield LINT.finds(
            stated,
            ("derivation",),
            (
                "a tier ranks people among others: that is inferred",
                "等级是与他人比较得出的，属于推断",
            ),
            _FIX,
            severity="warning",
        )
