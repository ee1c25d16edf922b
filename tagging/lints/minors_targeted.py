# SPDX-License-Identifier: Apache-2.0
"""The rule picks out people under 18 for marketing.

**Finds.** An attribute of age that is compared with a band or number wholly below 18, or a tag that asserts
`user.childrens`, with a purpose of marketing or advertising. A negation (`<>`, `not`) is taken as leaving them out.

**Why.** In mainland China nobody under 18 may get commercial marketing by automated decision, and a guardian's consent does
not cure it (Minors Online Regulation Art. 24(3)). In the Union profiles of children need special protection
(GDPR rec. 38), and a platform may show them no advertising by profile (DSA Art. 28(2)).

**Mend.** Leave these bands out of the rule, or the purpose out of the tag.

**Fails:**

    purposes: [first_party_personalised_marketing]
    derivation: declared
    value: "attribute('age') in ('14-15', '16-17')"
    says: {en: the profile gives this age band, zh: 资料中填写了该年龄段}

**Passes:**

    purposes: [first_party_personalised_marketing]
    derivation: declared
    value: "attribute('age') in ('18-24', '25-34')"
    says: {en: the profile gives this age band, zh: 资料中填写了该年龄段}
"""

import re
from collections.abc import Iterator

from policies.decision import covers
from tagging.finding import Finding, Lint, Stated
from tagging.rules.tree import Attribute, Compare, InList, Literal, Node, Not, children

LINT = Lint(
    __name__,
    "error",
    zh="规则将未成年人挑选出来用于营销",
    cites=("Minors Online Regulation Art. 24(3)", "GDPR rec. 38", "DSA Art. 28(2)"),
)

_MARKETING = ("first_party_personalised_marketing", "cross_context_advertising")
_AGE = re.compile(r"(^|_)(age|years?_old)(_|$)")
_BAND = re.compile(r"(\d{1,2})\s*(?:[-–~至到]\s*(\d{1,2}))?")
_WORDS = re.compile(
    r"(?i)(under|below|<)[ _-]*1[0-8]|^(child(ren)?|minors?|teens?)$|未成年|儿童|未满"
)


def check(stated: Stated) -> Iterator[Finding]:
    """Yield a finding when a purpose of marketing meets an age below 18."""
    purposes = [(n, p) for n, p in stated.purposes if p.use in _MARKETING]
    if not purposes:
        return
    number, purpose = purposes[0]
    bands = sorted(set(_bands(stated.root))) if stated.root is not None else []
    fix = (
        f'leave people under 18 out, or "{purpose.key}"',
        f"排除未满18周岁者，或去掉“{purpose.key}”",
    )
    if bands:
        shown = ", ".join(bands)
        yield LINT.finds(
            stated,
            ("value",),
            (
                f'the rule picks people under 18 ({shown}) for "{purpose.key}"',
                f"规则为“{purpose.key}”挑选未满18周岁者（{shown}）",
            ),
            fix,
        )
    elif any(covers("user.childrens", category) for category in stated.tag.asserts):
        yield LINT.finds(
            stated,
            ("purposes", number),
            (
                f'the tag speaks of children, and "{purpose.key}" is marketing',
                f"标签涉及儿童，而“{purpose.key}”属于营销",
            ),
            fix,
            severity="warning",
        )


def _bands(node: Node) -> Iterator[str]:
    """Yield the constants below 18 with which an attribute of age is compared."""
    if isinstance(node, Not):
        return
    found: tuple[Node, ...] = ()
    if isinstance(node, InList) and _is_age(node.of):
        found = node.values
    elif isinstance(node, Compare) and node.op == "=" and _is_age(node.left):
        found = (node.right,)
    for value in found:
        if isinstance(value, Literal) and _below_18(str(value.value)):
            yield str(value.value)
    for part in children(node):
        yield from _bands(part)


def _is_age(node: Node) -> bool:
    return isinstance(node, Attribute) and bool(_AGE.search(node.key))


def _below_18(text: str) -> bool:
    band = _BAND.fullmatch(text.strip())
    if band:
        return int(band[2] or band[1]) < 18
    return bool(_WORDS.search(text.strip()))
