# SPDX-License-Identifier: Apache-2.0
"""Canonical bytes of a value: sorted keys, no spaces, NFC, no floats. Digests are over these."""

import json
import unicodedata
from collections.abc import Mapping
from hashlib import sha256
from typing import Any


def canonical(value: Any) -> bytes:
    """Return the canonical JSON bytes of a value.

    Raises TypeError for a float or anything that JSON does not know, because two writers would
    not agree on its bytes.
    """
    return json.dumps(
        _checked(value), ensure_ascii=False, sort_keys=True, separators=(",", ":")
    ).encode("utf-8")


def digest(value: Any) -> str:
    """Return the SHA-256 of the canonical bytes, as 64 hexadecimal digits."""
    return sha256(canonical(value)).hexdigest()


def _checked(value: Any) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, Mapping):
        return {_key(key): _checked(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_checked(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no canonical form")


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise TypeError("keys are text")
    return unicodedata.normalize("NFC", key)
