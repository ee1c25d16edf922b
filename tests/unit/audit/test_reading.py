# SPDX-License-Identifier: Apache-2.0
"""Entries are read in one exact spelling only; a time that goes back is replaced, not hidden."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.evidence.entry import ACTS, MAX_BYTES, Entry
from audit.evidence.reading import decode, stamped

codes = st.from_regex(r"[a-z][a-z0-9_.-]{0,20}", fullmatch=True)
entries = st.builds(
    Entry,
    act=st.sampled_from(sorted(ACTS)),
    at_ms=st.integers(0, 2**53),
    actor=st.just("op:0123456789abcdef"),
    role=codes,
    request=codes,
    subject=st.sampled_from(["", "0" * 32, "f" * 32]),
    facts=st.dictionaries(codes, st.integers() | st.booleans() | codes, max_size=5),
)
GOOD = Entry("denied", 5, "op:0123456789abcdef", "dpo", "req-1", facts={"n": 1}).encode()


@given(entries)
def test_what_was_written_is_read(entry):
    assert decode(entry.encode()) == entry


@given(entries, st.integers(0, 2**53))
def test_a_stamped_entry_is_in_time_and_says_what_its_clock_said(entry, latest):
    taken = decode(stamped(entry.encode(), latest))
    assert taken.at_ms >= latest - 5000
    if taken.at_ms == entry.at_ms:
        assert taken == entry
    else:
        assert (taken.at_ms, taken.facts["clock_ms"]) == (latest, entry.at_ms)
        assert (taken.act, taken.request, taken.subject) == (
            entry.act,
            entry.request,
            entry.subject,
        )


def test_an_entry_without_room_for_its_old_time_is_still_stamped():
    full = {f"fact{n:02}": "x" * 71 for n in range(11)}
    entry = Entry("denied", 10**12, "op:0123456789abcdef", "dpo", "req-1", facts=full).encode()
    assert MAX_BYTES - 20 < len(entry) <= MAX_BYTES
    taken = decode(stamped(entry, 10**13))
    assert (taken.at_ms, taken.facts) == (10**13, full)


OTHERS = {
    "a space": GOOD.replace(b":", b": ", 1),
    "another order": b'{"v":1,' + GOOD[1:].replace(b',"v":1', b""),
    "a key twice": GOOD.replace(b'"role"', b'"role":"x","role"'),
    "a key more": GOOD.replace(b'"v":1', b'"u":1,"v":1'),
    "another version": GOOD.replace(b'"v":1', b'"v":2'),
    "no version": GOOD.replace(b',"v":1', b""),
    "a fraction": GOOD.replace(b'"t":5', b'"t":5.0'),
    "a truth for a time": GOOD.replace(b'"t":5', b'"t":true'),
    "an unknown act": GOOD.replace(b"denied", b"dented"),
    "free text": GOOD.replace(b'"n":1', b'"n":"Jane Doe"'),
    "no facts": GOOD.replace(b'{"n":1}', b"[]"),
    "a list": b"[" + GOOD + b"]",
    "a number": b"5",
    "nothing": b"",
    "no text": b"\xff",
    "no end": GOOD[:-1],
    "more after it": GOOD + b"\n",
    "too much": b"[" * 5000,
    "too deep": b"[" * 1000,
}


@pytest.mark.parametrize("entry", OTHERS.values(), ids=OTHERS)
def test_every_other_spelling_or_content_is_refused(entry):
    with pytest.raises(ValueError, match=r"."):
        decode(entry)
