# SPDX-License-Identifier: Apache-2.0
"""Two definitions with one meaning.

**Finds.** A tag whose rule has the people of another tag's, features written out and however it is spelled; a tag that is nothing
but another one; a feature that measures what another one measures.

**Why.** Tag libraries die of duplicates: nobody knows which one counts, and an erasure, a correction or a bias audit of one
leaves the other. Each copy is also more data than the purpose needs (GDPR Art. 5(1)(c)).

**Mend.** Use the one that is there, and add the purpose to it; or say in the rule what is different.

**Fails:**

    {}
    ---
    kind: Tag
    key: interest.tea_buyer
    name: {en: Tea buyer, zh: 茶叶买家}

**Passes:**

    {}
    ---
    kind: Tag
    key: interest.tea_buyer
    name: {en: Tea buyer, zh: 茶叶买家}
    value: "orders(category = 'tea', days => 30) >= 5"
"""

from collections.abc import Iterator

from tagging.document import Feature
from tagging.equivalence import Form, canonical_rule
from tagging.finding import EVERYTHING, Around, Finding, Lint, Stated
from tagging.rules.tree import Kind, Node, TagRef

Meaning = tuple[bool, Kind, Form]
"""Whether it is a feature, what kind of value it has, and the normal form of its rule."""

LINT = Lint(
    __name__,
    "warning",
    zh="两个定义含义相同",
    cites=("GDPR Art. 5(1)(c)",),
    of=EVERYTHING,
)


def check(stated: Stated) -> Iterator[Finding]:
    """Yield a finding for the later of two definitions that mean the same."""
    if stated.root is None:
        return
    other = None
    if isinstance(stated.root, TagRef):
        other = stated.root.key
    else:
        first = _first(stated.around).get(_meaning(stated.item, stated.root))
        if first not in (None, stated.item.key):
            other = first
    if other is not None:
        yield LINT.finds(
            stated,
            ("value",),
            (f'means the same as "{other}"', f"与“{other}”含义相同"),
            (f'use "{other}", or say what is different', f"请使用“{other}”，或写明区别"),
        )


def _first(around: Around) -> dict[Meaning, str]:
    """Return the key of the first definition with each meaning; those applied before come first."""
    found: dict[Meaning, str] | None = around.memory.get(__name__)
    if found is None:
        found = {}
        every = [item for item in around.all() if item.root is not None]
        for item in sorted(every, key=lambda one: one.document is not None):
            if item.root is not None:
                found.setdefault(_meaning(item.item, item.root), item.item.key)
        around.memory[__name__] = found
    return found


def _meaning(item: object, root: Node) -> Meaning:
    return isinstance(item, Feature), root.kind, canonical_rule(root)
