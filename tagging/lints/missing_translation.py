# SPDX-License-Identifier: Apache-2.0
"""A text that is not in the language it claims.

**Finds.** A `zh` of the name or the sentence without a Chinese character, and an `en` of any text that has one.

**Why.** People are told in a language that they read (PIPL Art. 17, GDPR Art. 12(1)). Copied English under `zh` passes every
schema and is found by the first complaint.

**Mend.** Translate it.

**Fails:**

    name: {en: Tea lover, zh: Tea lover}

**Passes:**

    name: {en: Tea lover, zh: 茶叶爱好者}
"""

import re
from collections.abc import Iterator

from tagging.document import Tag
from tagging.finding import EVERYTHING, Finding, Lint, Stated

LINT = Lint(
    __name__,
    "error",
    zh="文字与所标语言不符",
    cites=("PIPL Art. 17", "GDPR Art. 12(1)"),
    of=EVERYTHING,
)

_CHINESE = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")


def check(stated: Stated) -> Iterator[Finding]:
    """Yield a finding for each text in the wrong language."""
    item = stated.item
    texts: list[tuple[tuple[str, ...], str, str, bool]] = [
        (("name",), item.name.en, item.name.zh, True)
    ]
    if isinstance(item, Tag):
        texts.append((("says",), item.says.en, item.says.zh, True))
        texts += [(("labels", k), words.en, words.zh, False) for k, words in item.labels.items()]
    for path, english, chinese, whole in texts:
        shown = ".".join(path)
        if whole and not _CHINESE.search(chinese):
            yield LINT.finds(
                stated,
                (*path, "zh"),
                (f"{shown}.zh has no Chinese in it", f"{shown}.zh 中没有中文"),
                ("translate it", "请译成中文"),
            )
        if _CHINESE.search(english):
            yield LINT.finds(
                stated,
                (*path, "en"),
                (f"{shown}.en has Chinese in it", f"{shown}.en 中有中文"),
                ("translate it", "请译成英文"),
            )
