# SPDX-License-Identifier: Apache-2.0
"""A recipient that no policy pack knows.

**Finds.** An entry of `recipients` that is not one of the codes of the policy.

**Why.** Who gets a tag decides which consent is needed (PIPL Art. 23, 39; GDPR Art. 13(1)(e)). The gate fails closed:
for a recipient that nobody knows the tag is stopped for everybody.

**Mend.** Use `none`, `processor`, `third_party_ads`, `group_company`, `overseas_group_company` or `overseas_recipient`.

**Fails:**

    recipients: mailing house

**Passes:**

    recipients: none
"""

from collections.abc import Iterator
from typing import get_args

from policies.decision import Recipient
from policies.document import nearest
from tagging.finding import Finding, Lint, Stated

LINT = Lint(
    __name__,
    "error",
    zh="规则包不认识的接收方",
    cites=("GDPR Art. 13(1)(e)", "PIPL Art. 23"),
)


def check(stated: Stated) -> Iterator[Finding]:
    """Yield a finding for each recipient that is not a code."""
    given, known = stated.tag.recipients, get_args(Recipient)
    single = isinstance(given, str)
    for number, recipient in enumerate([given] if isinstance(given, str) else given):
        if recipient not in known:
            codes = ", ".join(known)
            hint = nearest(recipient, known)
            yield LINT.finds(
                stated,
                ("recipients",) if single else ("recipients", number),
                (
                    f'"{recipient}" is not a recipient that the packs know',
                    f"“{recipient}”不是规则包认识的接收方",
                ),
                (hint or f"one of: {codes}", hint or f"可用：{codes}"),
            )
