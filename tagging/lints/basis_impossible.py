# SPDX-License-Identifier: Apache-2.0
"""A purpose that the law of a regime forbids, leaves open, or does not carry on the claimed basis.

**Finds.** For each purpose and each regime in `basis`, what the policy pack answers: prohibited, not
settled (a gap, which is never an allow), or not on this basis.

**Why.** A basis must carry the purpose (GDPR Art. 6(1)); PIPL Art. 13 knows no legitimate interests. The
gate would stop the tag for every person of the regime, silently, run after run. The articles of the
case stand in the finding.

**Mend.** Claim the basis that the finding names and ask for that consent, leave the purpose out, or leave
the regime out of `basis`: then nothing is computed for its people.

**Fails:**

    basis: {gdpr: legitimate_interest, pipl_cn: legitimate_interest, ccpa: notice}

**Passes:**

    basis: {gdpr: legitimate_interest, pipl_cn: consent, ccpa: notice}
"""

from collections.abc import Iterator
from typing import Final

from policies.decision import Answer, decide
from policies.vocabulary import Use, Verdict, label
from tagging.asking import Asked
from tagging.finding import Around, DeclaredPurpose, Finding, Lint, Stated, provenance_of

LINT = Lint(__name__, "error", zh="某一法域的法律禁止、未规定或所声明的基础不能支持该目的")

_USES: Final = frozenset(map(str, Use))
_OTHER_LINTS: Final = ("unknown-category", "CN-BROAD", "GDPR-BROAD", "CA-BROAD")


def check(stated: Stated) -> Iterator[Finding]:
    """Yield a finding for each purpose that a regime does not carry."""
    for _, purpose in stated.purposes:
        if purpose.use not in _USES:
            continue
        for regime, basis in stated.tag.basis.items():
            asked = Asked.of(stated.tag, purpose.use, purpose.recipients, basis)
            answer = _answer(stated.around, asked, regime)
            if answer.rule not in _OTHER_LINTS:
                yield from _said(stated, purpose, (regime, basis), answer)


def _answer(around: Around, asked: Asked, regime: str) -> Answer:
    """Return what the law answers; tags that ask the same are answered once."""
    known: dict[tuple[Asked, str], Answer] = around.memory.setdefault(LINT.code, {})
    if (asked, regime) not in known:
        question = asked.question(role=around.law.role)
        known[asked, regime] = decide(question, around.law.packs[regime])
    return known[asked, regime]


def _said(
    stated: Stated, purpose: DeclaredPurpose, claim: tuple[str, str], answer: Answer
) -> Iterator[Finding]:
    regime, claimed = claim
    refused = answer.verdict in (Verdict.PROHIBITED, Verdict.GAP)
    if not refused and answer.basis_carries is not False:
        return
    where = {lang: label("regime", regime, lang) for lang in ("en", "zh")}
    head = {lang: label("verdict", answer.verdict, lang) for lang in ("en", "zh")}
    en = f'"{purpose.key}" is {head["en"]} under {where["en"]}: {answer.why["en"]}'
    zh = f"“{purpose.key}”在{where['zh']}下：{head['zh']}。{answer.why['zh']}"
    fix = (
        f'leave "{purpose.key}" out of purposes, or {regime} out of basis',
        f"从 purposes 中去掉“{purpose.key}”，或从 basis 中去掉 {regime}",
    )
    if not refused:
        names = {lang: label("basis", claimed, lang) for lang in ("en", "zh")}
        kinds = {lang: label("consent", answer.consent, lang) for lang in ("en", "zh")}
        en = f'the basis "{names["en"]}" does not carry "{purpose.key}" under {where["en"]}: {answer.why["en"]}'
        zh = f"“{names['zh']}”在{where['zh']}下不能支持“{purpose.key}”：{answer.why['zh']}"
        fix = (
            f"basis: {{{regime}: consent}}, and ask for {kinds['en']}",
            f"basis: {{{regime}: consent}}，并取得{kinds['zh']}",
        )
    yield LINT.finds(
        stated,
        ("basis", regime),
        (en, zh),
        fix,
        cites=answer.cites,
        provenance=provenance_of(answer.provenance),
    )
