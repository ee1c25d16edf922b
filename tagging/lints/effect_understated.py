# SPDX-License-Identifier: Apache-2.0
"""A decision on credit or on whether somebody is served, said to have no effect.

**Finds.** `effect: none` with a purpose whose use is a credit decision or the screening of customers.

**Why.** A score on which such a decision rests is itself a decision with legal or similarly significant effect (GDPR
Art. 22, C-634/21; PIPL Art. 24(3); 11 CCR 7001(ddd)). With `none` the packs are asked the easier question, as if a
human decided.

**Mend.** `effect: legal_or_similarly_significant`; leave it only where a human with authority to change it decides.

**Fails:**

    purposes: [credit_decision]
    basis: {gdpr: contract}

**Passes:**

    purposes: [credit_decision]
    basis: {gdpr: contract}
    effect: legal_or_similarly_significant
"""

from collections.abc import Iterator

from tagging.finding import Finding, Lint, Stated

LINT = Lint(
    __name__,
    "warning",
    zh="信贷或客户筛查标签声明为没有重大影响",
    cites=("GDPR Art. 22(1)", "CJEU C-634/21", "PIPL Art. 24(3)", "11 CCR 7001(ddd)"),
    provenance="knowledge",
)


def check(stated: Stated) -> Iterator[Finding]:
    """Yield a finding for each purpose that decides about a person."""
    if stated.tag.effect != "none":
        return
    for number, purpose in stated.purposes:
        if purpose.use in ("credit_decision", "customer_screening"):
            yield LINT.finds(
                stated,
                ("purposes", number),
                (
                    f'"{purpose.key}" decides about people, and effect is none',
                    f"“{purpose.key}”用于对个人作出决定，但 effect 为 none",
                ),
                (
                    "effect: legal_or_similarly_significant, unless a human decides",
                    "effect: legal_or_similarly_significant，除非由人工决定",
                ),
            )
