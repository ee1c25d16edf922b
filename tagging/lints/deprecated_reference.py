# SPDX-License-Identifier: Apache-2.0
"""The rule builds on a tag that is going away.

**Finds.** A `tag('…')` whose tag is deprecated, archived, suspended or rejected in the workspace.

**Why.** A suspended or archived tag has no value: what is made of it is not computed, for anybody. A deprecated one will have none.

**Mend.** Use its successor, or count events here.

**Fails:**

    value: "tag('interest.old_tea') and orders(category = 'tea', days => 30) >= 3"
    ---
    kind: Tag
    key: interest.old_tea
    name: {en: Drinks tea, zh: 喝茶的顾客}
    value: "orders(category = 'tea', days => 30) >= 1"
    state: deprecated

**Passes:**

    value: "tag('interest.old_tea') and orders(category = 'tea', days => 30) >= 3"
    ---
    kind: Tag
    key: interest.old_tea
    name: {en: Drinks tea, zh: 喝茶的顾客}
    value: "orders(category = 'tea', days => 30) >= 1"
    state: active
"""

from collections.abc import Iterator

from tagging.finding import Finding, Lint, Stated

LINT = Lint(__name__, "warning", zh="规则引用了即将停用的标签")

_GOING = ("deprecated", "archived", "suspended", "rejected")


def check(stated: Stated) -> Iterator[Finding]:
    """Yield a finding for each tag in the rule that is not to be built on."""
    for key in stated.references:
        state = stated.around.states.get(key, "")
        if state in _GOING:
            successor = stated.around.successors.get(key)
            fix = f"tag('{successor}')" if successor else ""
            yield LINT.finds(
                stated,
                ("value",),
                (f'"{key}" is {state}', f"“{key}”的状态为 {state}"),
                (fix or "count events here instead", fix or "请改为直接统计事件"),
            )
