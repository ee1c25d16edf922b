# SPDX-License-Identifier: Apache-2.0
"""The one spelling of an identity, by which a person is found again."""

import unicodedata
from typing import Final

from audit.errors import BadInput

KINDS: Final = {"customer": 1}
"""Kinds of identity. The number stands for the way of normalising too, and is never reused."""

MAX_IDENTITY: Final = 200


def normalise(value: str) -> str:
    """Return the one spelling of an identity (NFKC, no space around), or '' when it is unusable.

    Case is kept: two customer numbers may differ in it. A number stays text, with its zeros.
    """
    text = (value if value.isascii() else unicodedata.normalize("NFKC", value)).strip()
    seen = text.isprintable() or all(map(_is_seen, text))
    return text if len(text) <= MAX_IDENTITY and seen else ""


def _is_seen(sign: str) -> bool:
    """Return whether a sign is one that people see; one newer than this Python's tables is."""
    return sign.isprintable() or unicodedata.category(sign) == "Cn"


def kind_number(kind: str) -> int:
    """Return the number of a kind; raises BadInput `unknown-identity-kind`."""
    number = KINDS.get(kind)
    if number is None:
        raise BadInput(
            "unknown-identity-kind",
            f'"{kind}" is not a kind of identity',
            hint="known: " + ", ".join(KINDS),
        )
    return number
