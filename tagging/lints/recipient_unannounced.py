# SPDX-License-Identifier: Apache-2.0
"""A recipient of the tag that its purposes do not name.

**Finds.** A known recipient in `recipients` that one of the tag's purposes, whose sentence people consented to, does not
list.

**Why.** People are told the recipients with the purpose, before (GDPR Art. 13(1)(e)); giving data to another processor needs a
consent that named it (PIPL Art. 23).

**Mend.** Apply a purpose that lists the recipient, under a new key, and use it; or drop the recipient here.

**Fails:**

    recipients: third_party_ads
    basis: {gdpr: consent, pipl_cn: consent, ccpa: notice}

**Passes:**

    recipients: none
"""

from collections.abc import Iterator
from typing import get_args

from policies.decision import Recipient
from tagging.finding import Finding, Lint, Stated

LINT = Lint(
    __name__,
    "error",
    zh="标签的接收方未在处理目的中列明",
    cites=("GDPR Art. 13(1)(e)", "PIPL Art. 23"),
)


def check(stated: Stated) -> Iterator[Finding]:
    """Yield a finding for each recipient and purpose that do not know each other."""
    given = stated.tag.recipients
    own = [given] if isinstance(given, str) else list(given)
    for recipient in own:
        if recipient == "none" or recipient not in get_args(Recipient):
            continue
        for _, purpose in stated.purposes:
            if purpose.key in stated.around.purposes and recipient not in purpose.recipients:
                yield LINT.finds(
                    stated,
                    ("recipients",),
                    (
                        f'"{purpose.key}" does not say that {recipient} gets the tag',
                        f"“{purpose.key}”未说明 {recipient} 会获得该标签",
                    ),
                    (
                        f"use a purpose whose recipients list {recipient}, or drop it here",
                        f"使用 recipients 列有 {recipient} 的处理目的，或在此去掉",
                    ),
                )
