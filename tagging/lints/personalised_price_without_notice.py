# SPDX-License-Identifier: Apache-2.0
"""A price is made personal, and nothing that people read says so.

**Finds.** A purpose whose use is pricing when neither the sentence of the tag nor the name and sentence of the purpose
speaks of a price.

**Why.** Consumers are told when a price was personalised by automated decision-making (Directive 2011/83/EU
Art. 6(1)(ea), GDPR Art. 5(1)(a)). In mainland China a price by preference or habit that the consumer does not know
of is forbidden (Algorithm Provisions Art. 21, PIPL Art. 24(1)); there `basis-impossible` speaks as well.

**Mend.** Say in the purpose that it sets a price, in both languages.

**Fails:**

    purposes: [offers]
    basis: {gdpr: legitimate_interest}
    ---
    kind: Purpose
    key: offers
    use: pricing
    says: {en: We choose what suits you., zh: 我们为您挑选合适的内容。}

**Passes:**

    purposes: [offers]
    basis: {gdpr: legitimate_interest}
    ---
    kind: Purpose
    key: offers
    use: pricing
    says: {en: We set the price that you see., zh: 我们据此确定向您展示的价格。}
"""

import re
from collections.abc import Iterator

from tagging.finding import Finding, Lint, Stated

LINT = Lint(
    __name__,
    "error",
    zh="个性化定价，却未向个人说明",
    cites=("Directive 2011/83/EU Art. 6(1)(ea)", "Algorithm Provisions Art. 21"),
    provenance="knowledge",
)

_PRICE = re.compile(r"\bpric|价")


def check(stated: Stated) -> Iterator[Finding]:
    """Yield a finding for each pricing purpose that does not say that it is one."""
    tag = stated.tag
    for number, purpose in stated.purposes:
        told = (*purpose.words, tag.says.en, tag.says.zh)
        if purpose.use == "pricing" and not any(_PRICE.search(text.lower()) for text in told):
            yield LINT.finds(
                stated,
                ("purposes", number),
                (
                    f'"{purpose.key}" sets prices, and no sentence says so',
                    f"“{purpose.key}”用于定价，但没有任何文字向个人说明",
                ),
                (
                    f'say in the purpose "{purpose.key}" that it sets the price',
                    f"在处理目的“{purpose.key}”的说明中写明用于确定价格",
                ),
            )
