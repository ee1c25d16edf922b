# SPDX-License-Identifier: Apache-2.0
"""Reads entries back: a line of the log is one exact spelling of one entry, or it is false."""

import json
import re
from dataclasses import replace

from audit.canon import canonical
from audit.evidence.entry import (
    ACTOR,
    ACTS,
    CLOCK,
    CODE,
    MAX_BYTES,
    PSEUDONYM,
    ROOM,
    SIGNATURE,
    Entry,
)

TOLERANCE_MS = 5_000
"""How much earlier than the latest one an entry may be: processes do not commit in clock order."""

_ACTS = frozenset(act.encode("ascii") for act in ACTS)
_NUMBER = r"(?:0|-?[1-9][0-9]*)"
_FACT = rf'"{CODE}":(?:{_NUMBER}|true|false|"(?:{CODE})?")'
_SPELLING = re.compile(
    rf'{{"act":"([^"]+)","actor":"{ACTOR}",(?:"obj":{{({_FACT}(?:,{_FACT})*)}},)?'
    rf'"req":"{CODE}","role":"{CODE}",(?:"sig":"{SIGNATURE}",)?(?:"sub":"{PSEUDONYM}",)?'
    rf'"t":({_NUMBER}),"v":1}}'.encode("ascii")
)
_FACT_NAME = re.compile(rb'"([^"]+)":')


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
            signature=value.get("sig", ""),
        )
        if type(found.at_ms) is not int or found.encode() != entry:
            raise ValueError("not the canonical bytes of an entry")
    except (KeyError, TypeError, AttributeError, RecursionError):
        raise ValueError("not an entry") from None
    return found


def time_of(entry: bytes) -> int:
    """Return `decode(entry).at_ms`, several times faster; raises ValueError as `decode` does.

    A spelling that the pattern knows is taken at once; whatever else it is, `decode` judges.
    """
    found = _SPELLING.fullmatch(entry)
    small = len(entry) <= MAX_BYTES - ROOM
    if found is None or not small or found[1] not in _ACTS or not _sorted(found[2]):
        return decode(entry).at_ms
    return int(found[3])


def _sorted(facts: bytes | None) -> bool:
    if not facts or b"," not in facts:
        return True
    names = _FACT_NAME.findall(facts)
    return names == sorted(set(names))


def stamped(entry: bytes, latest_ms: int) -> bytes:
    """Return an entry as the log takes it: never more than 5 s before the latest one.

    An older one (a clock that went back, a long transaction) takes the time of the latest, and keeps
    what its own clock said as the fact `clock_ms`. Raises ValueError for bytes that are no entry.
    """
    if time_of(entry) >= latest_ms - TOLERANCE_MS:
        return entry
    found = decode(entry)
    value = json.loads(entry)
    value["t"] = latest_ms
    told = canonical(value | {"obj": {**found.facts, CLOCK: found.at_ms}})
    return told if len(told) <= MAX_BYTES else canonical(value)


def signed_part(entry: Entry) -> bytes:
    """Return the bytes that the maker of an entry signs: as it was made, before the log stamped it.

    Raises ValueError when that is no entry.
    """
    facts = dict(entry.facts)
    at_ms = facts.pop(CLOCK, entry.at_ms)
    if not isinstance(at_ms, int):
        raise ValueError("a time is a number")  # noqa: TRY004  (of bytes, not of a caller's value)
    return replace(entry, at_ms=at_ms, facts=facts, signature="").encode()
