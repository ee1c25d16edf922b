# SPDX-License-Identifier: Apache-2.0
"""Two tags that people cannot tell apart by name.

**Finds.** Names that are equal in a language but for case, spaces, punctuation and a final s, and keys that differ in no more.

**Why.** On the page where people see, correct and delete their tags (PIPL Art. 44-47, Algorithm Provisions Art. 17) the name is
all they have; in a search it is all the marketer has.

**Mend.** Name what is different: the window, the bound, the range of goods.

**Fails:**

    {}
    ---
    kind: Tag
    key: interest.green_tea
    name: {en: Tea-Lovers, zh: 绿茶爱好者}
    value: "orders(category = 'green tea', days => 30) >= 3"

**Passes:**

    {}
    ---
    kind: Tag
    key: interest.green_tea
    name: {en: Green tea lover, zh: 绿茶爱好者}
    value: "orders(category = 'green tea', days => 30) >= 3"
"""

import re
from collections.abc import Iterator

from tagging.document import Tag
from tagging.finding import Around, Finding, Lint, Stated

LINT = Lint(
    __name__,
    "warning",
    zh="两个标签的名称难以区分",
    cites=("Algorithm Provisions Art. 17", "GDPR Art. 12(1)"),
)

_NOISE = re.compile(r"[\W_]+")


def check(stated: Stated) -> Iterator[Finding]:
    """Yield one finding for the later of two tags with one name."""
    first = _first(stated.around)
    for part, plain in _names(stated.tag):
        other = first[part, plain]
        if other != stated.tag.key:
            yield LINT.finds(
                stated,
                ("key",) if part == "key" else ("name", part),
                (
                    f'cannot be told from "{other}" by its {"key" if part == "key" else "name"}',
                    f"{'键' if part == 'key' else '名称'}与“{other}”难以区分",
                ),
                ("name what is different", "请在名称中写明区别"),
            )
            return


def _first(around: Around) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] | None = around.memory.get(__name__)
    if found is None:
        found = {}
        tags = [item for item in around.all() if isinstance(item.item, Tag)]
        for item in sorted(tags, key=lambda one: one.document is not None):
            for name in _names(item.tag):
                found.setdefault(name, item.tag.key)
        around.memory[__name__] = found
    return found


def _names(tag: Tag) -> Iterator[tuple[str, str]]:
    for part, text in (("key", tag.key), ("en", tag.name.en), ("zh", tag.name.zh)):
        yield part, _NOISE.sub("", text.casefold()).removesuffix("s")
