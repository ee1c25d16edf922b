# SPDX-License-Identifier: Apache-2.0
"""Encrypts a package for the person: the format of age, with a passphrase of eight words, shown once.

The words are syllables (proquints, Wilkerson 2009): each is 16 random bits, eight are 128.
"""

from types import ModuleType
from typing import Final

from audit.errors import NotFound
from audit.ids import Ids

WORDS: Final = 8
_CONSONANTS: Final = "bdfghjklmnprstvz"
_VOWELS: Final = "aiou"


def new_passphrase(ids: Ids) -> str:
    """Return eight words of 16 random bits each; raises NotFound `age-not-installed`."""
    _age()
    random = ids.random(2 * WORDS)
    return "-".join(_word(int.from_bytes(random[at : at + 2])) for at in range(0, 2 * WORDS, 2))


def encrypted(data: bytes, passphrase: str) -> bytes:
    """Return data as an age file (age-encryption.org/v1, scrypt); raises NotFound `age-not-installed`."""
    sealed: bytes = _age().passphrase.encrypt(data, passphrase)
    return sealed


def _word(bits: int) -> str:
    """Return 16 bits as consonant, vowel, consonant, vowel, consonant."""
    first, second, third = bits >> 12, bits >> 6 & 15, bits & 15
    return (
        _CONSONANTS[first]
        + _VOWELS[bits >> 10 & 3]
        + _CONSONANTS[second]
        + _VOWELS[bits >> 4 & 3]
        + _CONSONANTS[third]
    )


def _age() -> ModuleType:
    try:
        import pyrage  # noqa: PLC0415  (an extra: tagwarden[age])
    except ImportError:
        raise NotFound(
            "age-not-installed",
            "the package that encrypts files with age is not installed",
            hint="pip install 'tagwarden[age]'",
        ) from None
    found: ModuleType = pyrage
    return found
