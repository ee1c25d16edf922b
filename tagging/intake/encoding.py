# SPDX-License-Identifier: Apache-2.0
"""Tells encodings apart by their bytes, as far as bytes tell: never more than a guess, and said so."""

import codecs

_BY_CHANCE = 2


def guess_encoding(raw: bytes) -> str:
    """Return the most likely encoding of some bytes; the end may cut a character in two."""
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    for name in ("utf-8", "gb18030"):
        try:
            text = codecs.getincrementaldecoder(name)("strict").decode(raw)
        except UnicodeDecodeError:
            continue
        if name == "utf-8" or _mostly_chinese(text):
            return name
    return "latin-1"


def _mostly_chinese(text: str) -> bool:
    """Return whether nearly every sign beyond ASCII is in the old, small Chinese set.

    An accented letter and the letter behind it make a rare sign, which is not.
    """
    strange = [sign for sign in text if not sign.isascii()]
    return bool(strange) and sum(map(_is_common, strange)) * 10 >= len(strange) * 8


def _is_common(sign: str) -> bool:
    try:
        return len(sign.encode("gb2312")) > 1
    except UnicodeEncodeError:
        return False


def is_utf_8(raw: bytes) -> bool:
    """Return whether bytes are UTF-8 beyond doubt: several signs of more than one byte."""
    try:
        text = codecs.getincrementaldecoder("utf-8")("strict").decode(raw)
    except UnicodeDecodeError:
        return False
    return sum(not sign.isascii() for sign in text) > _BY_CHANCE
