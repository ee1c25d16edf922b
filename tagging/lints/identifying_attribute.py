# SPDX-License-Identifier: Apache-2.0
"""The rule opens an attribute that says who somebody is.

**Finds.** `attribute('…')` with a key that reads like a name, an address, an account, a document number (error), or like a birth
date or a postal code (warning).

**Why.** A tag is a statement, not a contact: whoever sees the tag would see the person (GDPR Art. 5(1)(c) and 25, PIPL
Art. 6). Identities live in the key store and are opened for a request, not for a segment.

**Mend.** Use a coarse attribute that intake derives: an age band, a city, "has a telephone number".

**Fails:**

    derivation: declared
    sources: [user.contact.email]
    value: "attribute('email') = 'x'"
    says: {en: the profile says so, zh: 资料中如此填写}

**Passes:**

    derivation: declared
    sources: [user.demographic.age_range]
    value: "attribute('age_band') = '25-34'"
    says: {en: the profile says so, zh: 资料中如此填写}
"""

import re
from collections.abc import Iterator

from tagging.finding import Finding, Lint, Severity, Stated

LINT = Lint(
    __name__,
    "error",
    zh="规则读取了可识别身份的属性",
    cites=("GDPR Art. 5(1)(c)", "GDPR Art. 25", "PIPL Art. 6"),
)

_DIRECT = re.compile(
    r"(^|_)(e?mail|phone|mobile|telephone|(first|last|full|sur)_?name|street|address|passport|iban"
    r"|(bank_)?account(_number)?|card_number|national_id|id_(number|card)|ssn|device_id|ip(_address)?"
    r"|openid|wechat(_id)?|customer_(id|number))$"
)
_NEARLY = re.compile(
    r"(^|_)(birth(_?da(y|te))?|date_of_birth|dob|post(al)?_?code|zip(_?code)?|gps)$"
)


def check(stated: Stated) -> Iterator[Finding]:
    """Yield a finding for each attribute that singles somebody out."""
    for key in stated.attributes:
        severity: Severity | None = (
            "error" if _DIRECT.search(key) else "warning" if _NEARLY.search(key) else None
        )
        if severity is not None:
            yield LINT.finds(
                stated,
                ("value",),
                (f'"{key}" says who somebody is', f"“{key}”可识别个人身份"),
                (
                    "use a coarse attribute: an age band, a city",
                    "请使用较粗的属性，例如年龄段、城市",
                ),
                severity=severity,
            )
