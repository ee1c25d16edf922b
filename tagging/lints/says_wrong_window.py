# SPDX-License-Identifier: Apache-2.0
"""The sentence names a number of days that the rule does not know.

**Finds.** "30 days", "12 hours", 30天, 12小时 in `says` when no window, bound on days or `ago` of the rule, and no tag that it
names, has that length.

**Why.** The sentence is the explanation that the person gets; it must be of the rule actually applied (GDPR
Art. 15(1)(h), C-203/22; PIPL Art. 48). It goes wrong whenever a window is changed and the words are not.

**Mend.** Write the number of the rule.

**Fails:**

    says: {en: "bought tea in {count} orders within 90 days", zh: "90天内在{count}笔订单中购买了茶叶"}

**Passes:**

    says: {en: "bought tea in {count} orders within 30 days", zh: "30天内在{count}笔订单中购买了茶叶"}
"""

import re
from collections.abc import Iterator

from audit.clock import DAY, HOUR
from tagging.finding import Finding, Lint, Stated
from tagging.reading import days
from tagging.rules.tree import Aggregate, Compare, InList, Literal, Node, Segment, TagRef, walk

LINT = Lint(
    __name__,
    "error",
    zh="说明中的天数与规则不一致",
    cites=("GDPR Art. 15(1)(h)", "CJEU C-203/22", "PIPL Art. 48"),
)

_TIME = re.compile(r"(\d+)\s*(days?\b|hours?\b|天|日(?!期)|小时)")


def check(stated: Stated) -> Iterator[Finding]:
    """Yield a finding for each language whose sentence names another time than the rule."""
    named = {
        lang: [(int(n) * (HOUR if u[0] in "h小" else DAY), f"{n} {u}") for n, u in _TIME.findall(s)]
        for lang, s in (("en", stated.tag.says.en), ("zh", stated.tag.says.zh))
    }
    if stated.root is None or not any(named.values()):
        return
    own = _times(stated)
    if own is None:
        return
    for language, times in named.items():
        wrong = [shown for span, shown in times if span not in own]
        if wrong:
            known = ", ".join(days(span) for span in sorted(own)) or "-"
            yield LINT.finds(
                stated,
                ("says", language),
                (
                    f"says {', '.join(wrong)}; the rule knows {known}",
                    f"说明中写的是{'、'.join(wrong)}，规则中是{known}",
                ),
                ("write what the rule says", "请与规则保持一致"),
            )


def _times(stated: Stated) -> set[int] | None:
    """Return every length of time in the rule and in the tags it names; None: one is not known."""
    roots, found = stated.around.roots, set[int]()
    waiting, seen = [stated.root], set[str]()
    while waiting:
        root = waiting.pop()
        if isinstance(root, Segment) and root.call == "model":  # it speaks of what is to come
            found.add(root.model.horizon)
            continue
        for part in walk(root) if root is not None else ():
            if isinstance(part, TagRef) and part.key not in seen:
                if part.key not in roots:
                    return None
                seen.add(part.key)
                waiting.append(roots[part.key])
            elif isinstance(part, Aggregate):
                span, ago = part.window.span or 0, part.window.ago
                found |= {span, ago, span + ago}
            elif isinstance(part, Compare | InList):
                found |= {number * DAY for number in _bounds(part)}
    return found - {0}


def _bounds(comparison: Node) -> Iterator[int]:
    """Yield the constants with which days since an event are compared."""
    parts = list(walk(comparison))
    if any(isinstance(part, Aggregate) and part.op.startswith("since") for part in parts):
        for part in parts:
            if isinstance(part, Literal) and isinstance(part.value, int):
                yield part.value
