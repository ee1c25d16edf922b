# SPDX-License-Identifier: Apache-2.0
"""Something sensitive goes into the tag, and the tag does not say that it comes out.

**Finds.** A category that some regime treats as sensitive, in the sources of the tag itself (warning) or in what its
features and the tags it names read or reveal (error: the policy decision would not see it at all), when
`asserts` does not cover it.

**Why.** Sensitivity is that of what a tag reveals, also with some probability only (C-184/20, C-21/23; PIPL
Art. 28): an inferred tag is at least as sensitive as its inputs.

**Mend.** Add the category to `asserts` (and to `sources`), then claim a basis that carries it; or do not use the input.

**Fails:**

    sources: [user.behavior.purchase_history, user.health_and_medical]
    asserts: [user.demographic.profile]

**Passes:**

    sources: [user.behavior.purchase_history]
    asserts: [user.demographic.profile]
"""

from collections.abc import Iterator

from policies.decision import Question, covers, decide
from policies.packs import categories
from tagging.finding import Around, Finding, Lint, Stated

LINT = Lint(
    __name__,
    "error",
    zh="输入为敏感信息，标签却未声明其揭示的内容",
    cites=("GDPR Art. 9(1)", "CJEU C-184/20", "PIPL Art. 28"),
)


def check(stated: Stated) -> Iterator[Finding]:
    """Yield a finding for each sensitive input that `asserts` does not cover."""
    tag = stated.tag
    said = {*tag.asserts, *tag.sources}
    for number, category in enumerate(tag.sources):
        if _sensitive(stated.around, category) and not _covered(category, tag.asserts):
            yield LINT.finds(
                stated,
                ("sources", number),
                (
                    f'the tag is made of "{category}" and does not say what it reveals of it',
                    f"标签由“{category}”计算，却未声明揭示了什么",
                ),
                _fix(category),
                severity="warning",
            )
    for key, inputs in _inputs(stated):
        for category in inputs:
            if _sensitive(stated.around, category) and not _covered(category, said):
                yield LINT.finds(
                    stated,
                    ("asserts",),
                    (
                        f'"{key}", which the rule names, brings in "{category}"',
                        f"规则引用的“{key}”带入了“{category}”",
                    ),
                    _fix(category),
                )


def _inputs(stated: Stated) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield what each feature and tag that the rule names reads and reveals."""
    found = stated.around.catalogue
    for key in stated.measures:
        if key in found.features:
            yield key, found.features[key].sources
    for key in stated.references:
        if key in found.tags:
            other = found.tags[key].tag
            yield key, tuple(dict.fromkeys((*other.sources, *other.asserts)))


def _fix(category: str) -> tuple[str, str]:
    return f"add {category} to asserts and sources", f"将 {category} 加入 asserts 和 sources"


def _covered(category: str, by: set[str] | tuple[str, ...]) -> bool:
    return any(covers(key, category) for key in by)


def _sensitive(around: Around, category: str) -> bool:
    """Return whether some regime treats a category as sensitive; each is asked once."""
    known: dict[str, bool] = around.memory.setdefault(LINT.code, {})
    if category not in known:
        question = Question(sources=(category,), asserts=(category,), purposes=("analytics",))
        known[category] = category in categories() and any(
            decide(question, pack).sensitive for pack in around.law.packs.values()
        )
    return known[category]
