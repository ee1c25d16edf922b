# SPDX-License-Identifier: Apache-2.0
"""Something was left to be filled in.

**Finds.** `TODO`, `TBD`, `FIXME`, `XXX`, `待填写`, `待定` or `…` in a text, the owner or a value that the rule compares with.

**Why.** `tagwarden tag new` writes a document that is right in form; what is marked only the owner knows. People would read it.

**Mend.** Fill it in.

**Fails:**

    name: {en: TODO name of the tag, zh: 待填写：标签名称}

**Passes:**

    name: {en: Tea lover, zh: 茶叶爱好者}
"""

import re
from collections.abc import Iterator

from tagging.document import Tag
from tagging.finding import EVERYTHING, Finding, Lint, Stated

LINT = Lint(__name__, "error", zh="还有待填写的内容", of=EVERYTHING)

_LEFT = re.compile(r"\b(TODO|TBD|FIXME|XXX)\b|\btodo\b|待填写|待定|^(\.\.\.|…)$")


def check(stated: Stated) -> Iterator[Finding]:
    """Yield a finding for each text with a mark in it."""
    for path, text in _texts(stated):
        found = _LEFT.search(text)
        if found:
            yield LINT.finds(
                stated,
                path,
                (f"{'.'.join(path)} is to be filled in", f"{'.'.join(path)} 尚待填写"),
                (f'replace "{found[0]}"', f"请替换“{found[0]}”"),
            )


def _texts(stated: Stated) -> Iterator[tuple[tuple[str, ...], str]]:
    item = stated.item
    yield ("name", "en"), item.name.en
    yield ("name", "zh"), item.name.zh
    yield ("owner",), item.owner
    yield ("value",), item.value
    if isinstance(item, Tag):
        yield ("says", "en"), item.says.en
        yield ("says", "zh"), item.says.zh
        for key, words in item.labels.items():
            yield ("labels", key, "en"), words.en
            yield ("labels", key, "zh"), words.zh
