# SPDX-License-Identifier: Apache-2.0
"""The words of the tag name something sensitive that `asserts` does not say.

**Finds.** Terms of the dictionary in the key, names, sentences, labels and in the values that the rule compares with, for a
category that `asserts` does not cover. Terms that reveal it only in some contexts are a warning.

**Why.** A tag is sensitive when it reveals something, also by inference and with some probability only: data on the purchase
of medicine are health data (GDPR Art. 9(1), C-184/20, C-21/23; PIPL Art. 28; Civ. Code 1798.140(ae)). What `asserts`
does not say is not asked of the law.

**Mend.** Add the category to `asserts` and claim a basis that carries it, or leave the goods out. The dictionary knows words, not
people: where it is wrong, say what the tag does reveal.

**Fails:**

    key: interest.pregnancy
    name: {en: Probably pregnant, zh: 可能怀孕}

**Passes:**

    key: interest.tea
    name: {en: Tea lover, zh: 茶叶爱好者}
"""

from collections.abc import Iterator

from policies.classify import Found, classify, covered, standard
from tagging.finding import Finding, Lint, Stated, provenance_of

LINT = Lint(
    __name__,
    "error",
    zh="标签文字涉及敏感信息，asserts 却未声明",
    cites=("GDPR Art. 9(1)", "CJEU C-184/20", "PIPL Art. 28", "Civ. Code 1798.140(ae)"),
)


def check(stated: Stated) -> Iterator[Finding]:
    """Yield one finding for each category that is not asserted, at the first word that names it."""
    first: dict[str, tuple[tuple[str, ...], Found]] = {}
    for path, found in _everything(stated):
        if not covered(found, stated.tag.asserts, standard()):
            known = first.get(found.category)
            if known is None or (known[1].review and not found.review):
                first[found.category] = (path, found)
    for category, (path, found) in first.items():
        doubt = found.review
        yield LINT.finds(
            stated,
            path,
            (
                f'"{found.term}" {"may reveal" if doubt else "reveals"} {category}; asserts does not say so',
                f"“{found.term}”{'可能揭示' if doubt else '揭示'} {category}，asserts 未声明",
            ),
            (
                f"add {category} to asserts, or leave it out",
                f"将 {category} 加入 asserts，或不使用",
            ),
            severity="warning" if doubt else "error",
            provenance=provenance_of(found.provenance),
        )


def _everything(stated: Stated) -> Iterator[tuple[tuple[str, ...], Found]]:
    """Yield what each part of the document reveals, with its place; most reveal nothing at all."""
    if not classify(descriptions=[text for _, text in stated.words]):
        return
    for path, text in stated.words:
        found = classify(key=text) if path == ("key",) else classify(descriptions=(text,))
        yield from ((path, item) for item in found)
