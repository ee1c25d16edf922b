# SPDX-License-Identifier: Apache-2.0
"""A keyword of illegal or harmful information in the words of the tag.

**Finds.** Terms of the keyword screen in the key, names, sentences, labels and in the values that the rule compares with. An
error where the tag claims a basis for mainland China, a warning elsewhere.

**Why.** Keywords of illegal or harmful information may be neither points of interest nor user tags (Algorithm
Provisions Art. 10). No consent cures it.

**Mend.** Do not make the tag.

**Fails:**

    name: {en: Gambling fan, zh: 赌博爱好者}

**Passes:**

    name: {en: Tea lover, zh: 茶叶爱好者}
"""

from collections.abc import Iterator

from policies.screen import Hit, screen
from tagging.finding import Finding, Lint, Stated, provenance_of

LINT = Lint(
    __name__,
    "error",
    zh="标签文字含有违法或不良信息关键词",
    cites=("Algorithm Provisions Art. 10",),
)


def check(stated: Stated) -> Iterator[Finding]:
    """Yield a finding for each keyword, at the first place where it stands."""
    if not screen([text for _, text in stated.words]):
        return
    seen: set[str] = set()
    for path, text in stated.words:
        for hit in screen((text,)):
            if hit.term not in seen:
                seen.add(hit.term)
                yield _said(stated, path, hit)


def _said(stated: Stated, path: tuple[str, ...], hit: Hit) -> Finding:
    plain = hit.keyword_class.replace("_", " ")
    return LINT.finds(
        stated,
        path,
        (
            f'"{hit.term}" is a keyword of {plain}',
            f"“{hit.term}”属于{_CHINESE[hit.keyword_class]}关键词",
        ),
        ("do not make this tag", "请勿创建该标签"),
        severity="error" if "pipl_cn" in stated.tag.basis else "warning",
        provenance=provenance_of(hit.provenance),
    )


_CHINESE = {"illegal_information": "违法信息", "harmful_information": "不良信息"}
