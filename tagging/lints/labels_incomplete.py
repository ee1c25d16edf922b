# SPDX-License-Identifier: Apache-2.0
"""Values without words, or words without a value.

**Finds.** A tag that takes values (`case`, `tier`, a listed `top`) when `labels` lacks one of them or has one that the rule
never gives.

**Why.** The person would read `cat_and_dog` instead of "a cat and a dog" (GDPR Art. 12(1), PIPL Art. 17: clear and plain); a
label that is left over most often means that a value was renamed.

**Mend.** One label in both languages for each value, none else.

**Fails:**

    value: "case when orders(days => 30) >= 3 then 'often' end"
    says: {en: "ordered {count} times within 30 days: {value}", zh: "30天内下了{count}笔订单：{value}"}

**Passes:**

    value: "case when orders(days => 30) >= 3 then 'often' end"
    says: {en: "ordered {count} times within 30 days: {value}", zh: "30天内下了{count}笔订单：{value}"}
    labels: {often: {en: often, zh: 经常}}
"""

from collections.abc import Iterator

from tagging.certainty import texts
from tagging.finding import Finding, Lint, Stated
from tagging.rules.tree import Named, Node, Segment, Tier

LINT = Lint(
    __name__,
    "warning",
    zh="取值缺少文字说明，或说明没有对应的取值",
    cites=("GDPR Art. 12(1)", "PIPL Art. 17"),
)


def check(stated: Stated) -> Iterator[Finding]:
    """Yield a finding for the labels that are missing and one for those left over."""
    values = _values(stated)
    if values is None:
        return
    own = set(stated.tag.labels)
    missing, left = sorted(values - own), sorted(own - values)
    if missing:
        shown = ", ".join(missing)
        yield LINT.finds(
            stated,
            ("labels",) if own else ("value",),
            (f"values without a label: {shown}", f"缺少文字说明的取值：{shown}"),
            (f'labels: {{"{missing[0]}": {{en: …, zh: …}}}}',) * 2,
        )
    if left:
        shown = ", ".join(left)
        yield LINT.finds(
            stated,
            ("labels", left[0]),
            (
                f"labels for values that the rule never gives: {shown}",
                f"规则不会产生的取值：{shown}",
            ),
            ("remove them, or correct the rule", "请删除，或更正规则"),
        )


def _values(stated: Stated) -> set[str] | None:
    """Return the values that the tag can take; None when its rule does not say."""
    root: Node | None = stated.root
    while isinstance(root, Named):
        root = root.of
    if root is None:
        return None
    if isinstance(root, Segment) and root.kind == "bool":
        return set()
    if root.kind == "bool":
        return set() if not stated.attributes else None
    if isinstance(root, Segment):
        return {str(number) for number in range(1, root.model.count + 1)}
    if isinstance(root, Tier):
        return {str(number) for number in range(1, root.count + 1)}
    known = texts(root, stated.around.roots)
    return None if known is None else set(known)
