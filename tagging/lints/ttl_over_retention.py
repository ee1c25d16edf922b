# SPDX-License-Identifier: Apache-2.0
"""The tag is shown longer than its purpose may keep data.

**Finds.** A `ttl` longer than the `retention` of one of the tag's purposes.

**Why.** Data are kept no longer than the purpose needs (GDPR Art. 5(1)(e), PIPL Art. 19), and the retention is what people
were told. The longest life of a tag is that of its shortest purpose.

**Mend.** Shorten `ttl`, or split the tag by purpose.

**Fails:**

    ttl: 400d

**Passes:**

    ttl: 30d
"""

from collections.abc import Iterator

from tagging.document import span_micros
from tagging.finding import Finding, Lint, Stated
from tagging.reading import days

LINT = Lint(
    __name__,
    "error",
    zh="标签的展示期超过处理目的的保存期限",
    cites=("GDPR Art. 5(1)(e)", "PIPL Art. 19"),
)


def check(stated: Stated) -> Iterator[Finding]:
    """Yield a finding for each purpose that keeps data for a shorter time."""
    life = span_micros(stated.tag.ttl)
    for _, purpose in stated.purposes:
        if purpose.retention is not None and life > purpose.retention:
            kept = days(purpose.retention)
            yield LINT.finds(
                stated,
                ("ttl",),
                (
                    f'lives {stated.tag.ttl}; "{purpose.key}" keeps data for {kept}',
                    f"展示期为{stated.tag.ttl}，而“{purpose.key}”仅保存{kept}",
                ),
                (f"ttl: {kept} or shorter", f"ttl: {kept} 或更短"),
            )
