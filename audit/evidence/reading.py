# SPDX-License-Identifier: Apache-2.0
"""Reads entries back: a line of the log is one exact spelling of one entry, or it is false."""

import json

from audit.canon import canonical
from audit.evidence.entry import MAX_BYTES, Entry

TOLERANCE_MS = 5_000
"""How much earlier than the latest one an entry may be: processes do not commit in clock order."""


def decode(entry: bytes) -> Entry:
    """Return the entry of canonical bytes; raises ValueError for any other spelling or content."""
    if len(entry) > MAX_BYTES:
        raise ValueError("an evidence entry has at most 1024 bytes")
    try:
        value = json.loads(entry)
        found = Entry(
            act=value["act"],
            at_ms=value["t"],
            actor=value["actor"],
            role=value["role"],
            request=value["req"],
            subject=value.get("sub", ""),
            facts=value.get("obj", {}),
        )
        if type(found.at_ms) is not int or found.encode() != entry:
            raise ValueError("not the canonical bytes of an entry")
    except (KeyError, TypeError, AttributeError, RecursionError):
        raise ValueError("not an entry") from None
    return found


def stamped(entry: bytes, latest_ms: int) -> bytes:
    """Return an entry as the log takes it: never more than 5 s before the latest one.

    An older one (a clock that went back, a long transaction) takes the time of the latest, and keeps
    what its own clock said as the fact `clock_ms`. Raises ValueError for bytes that are no entry.
    """
    found = decode(entry)
    if found.at_ms >= latest_ms - TOLERANCE_MS:
        return entry
    value = json.loads(entry)
    value["t"] = latest_ms
    told = canonical(value | {"obj": {**found.facts, "clock_ms": found.at_ms}})
    return told if len(told) <= MAX_BYTES else canonical(value)
