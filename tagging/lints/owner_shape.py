# SPDX-License-Identifier: Apache-2.0
"""An owner whom nobody can find, or who is one person.

**Finds.** An e-mail address or telephone number as `owner` (error), and an owner that is not one word such as `growth-team` or
that stands for nobody (`tbd`, `admin`, `me`) (warning).

**Why.** A tag without an owner who answers is never corrected and never retired. A person's address is personal data that
would stand in every copy of the catalogue, and the person leaves before the tag does (GDPR Art. 5(2); PIPL Art. 51).

**Mend.** The name of a team in one word: letters, digits, `-`, `_`, `.`, `/`.

**Fails:**

    owner: jane.doe@shop.example

**Passes:**

    owner: growth-team
"""

import re
from collections.abc import Iterator

from tagging.finding import EVERYTHING, Finding, Lint, Stated

LINT = Lint(
    __name__,
    "warning",
    zh="负责人无法联系，或写的是某个个人",
    cites=("GDPR Art. 5(2)", "PIPL Art. 51"),
    of=EVERYTHING,
)

_PERSON = re.compile(r"@|\+?\d[\d ()-]{6,}")
_TEAM = re.compile(r"[^\W_][\w./-]*\Z")
_NOBODY = frozenset(
    {"tbd", "n/a", "na", "none", "nobody", "unknown", "me", "admin", "root", "test"}
)


def check(stated: Stated) -> Iterator[Finding]:
    """Yield a finding when the owner is a person, nobody, or more than a word."""
    owner = stated.item.owner
    if _PERSON.search(owner):
        yield LINT.finds(
            stated,
            ("owner",),
            ("the owner is the address of a person", "负责人是某个个人的联系方式"),
            ("owner: growth-team", "owner: growth-team"),
            severity="error",
        )
    elif owner.lower() in _NOBODY or not _TEAM.match(owner):
        yield LINT.finds(
            stated,
            ("owner",),
            (f'"{owner}" is not a team that can be asked', f"“{owner}”不是可以联系的团队"),
            ("the name of a team in one word: growth-team", "请写团队名称，不含空格：growth-team"),
        )
