# SPDX-License-Identifier: Apache-2.0
"""Entries are read in one exact spelling only; a time that goes back is replaced, not hidden."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.evidence import reading
from audit.evidence.entry import ACTS, MAX_BYTES, ROOM, Entry
from audit.evidence.reading import decode, signed_part, stamped, time_of

codes = st.from_regex(r"[a-zA-Z0-9][a-zA-Z0-9_.:/@+-]{0,20}", fullmatch=True)
entries = st.builds(
    Entry,
    act=st.sampled_from(sorted(ACTS)),
    at_ms=st.integers(0, 2**53),
    actor=st.just("op:0123456789abcdef"),
    role=codes,
    request=codes,
    subject=st.sampled_from(["", "0" * 32, "f" * 32]),
    facts=st.dictionaries(codes, st.integers() | st.booleans() | codes, max_size=5),
    signature=st.sampled_from(["", "0a" * 64]),
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


@given(entries, st.integers(0, 2**53))
def test_what_was_signed_is_the_entry_before_it_was_stamped(entry, latest):
    made = signed_part(entry)
    assert decode(made) == replace(entry, signature="")
    assert signed_part(decode(stamped(entry.encode(), latest))) == made


def test_a_signed_entry_has_room_for_its_old_time():
    full = {f"fact{n}": "x" * 74 for n in range(7)} | {"fact7": "x" * 71, "fact8": "x"}
    entry = Entry("denied", 0, "op:0123456789abcdef", "dpo", "req-1", "0" * 32, full, "f" * 128)
    assert len(entry.encode()) == MAX_BYTES - ROOM
    late = decode(stamped(entry.encode(), 2**63))
    assert (late.at_ms, late.facts["clock_ms"]) == (2**63, 0)
    with pytest.raises(ValueError, match="960 bytes"):
        replace(entry, request="req-12").encode()
    too_full = entry.encode().replace(b'"req-1"', b'"req-12"')
    for work in (decode, time_of):
        with pytest.raises(ValueError, match="960 bytes"):
            work(too_full)


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
    "an empty signature": GOOD.replace(b'"t":5', b'"sig":"","t":5'),
    "a short signature": GOOD.replace(b'"t":5', b'"sig":"' + b"0" * 127 + b'","t":5'),
    "a number for a signature": GOOD.replace(b'"t":5', b'"sig":1,"t":5'),
    "free text": GOOD.replace(b'"n":1', b'"n":"Jane Doe"'),
    "a fact that is nothing": GOOD.replace(b'"n":1', b'"n":null'),
    "facts within a fact": GOOD.replace(b'"n":1', b'"n":{"m":1}'),
    "a fact twice": GOOD.replace(b'"n":1', b'"n":1,"n":1'),
    "facts in another order": GOOD.replace(b'"n":1', b'"n":1,"m":1'),
    "a zero too many": GOOD.replace(b'"n":1', b'"n":01'),
    "less than nothing": GOOD.replace(b'"n":1', b'"n":-0'),
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
    with pytest.raises(ValueError, match=r"."):
        time_of(entry)


PIECES = [
    *(b'{"act":"', b'","actor":"op:', b'","obj":{', b'"n":1', b'"m":', b'"a":"', b'"', b"},", b","),
    *(
        b'"req":"',
        b'"role":"',
        b'"sub":"',
        b'"sig":"' + b"0" * 128 + b'",',
        b'"t":',
        b',"v":1}',
        b"0",
        b"-1",
        b"true",
        b"null",
    ),
    *(
        b"denied",
        b"run.live",
        b"dpo",
        b"0" * 16,
        b"f" * 32,
        b" ",
        b"\n",
        b"\\u0041",
        b"x" * 81,
        b"1.5",
    ),
]
edits = st.lists(
    st.tuples(
        st.integers(0, 400), st.integers(0, 40), st.sampled_from(PIECES) | st.binary(max_size=2)
    ),
    max_size=3,
)


def judged(work, entry):
    try:
        return work(entry)
    except ValueError:
        return None


@settings(max_examples=400)
@given(entries, edits)
def test_the_quick_reading_of_the_time_judges_as_the_slow_one(entry, changes):
    line = entry.encode()
    for at, length, piece in changes:
        line = line[:at] + piece + line[at + length :]
    assert judged(time_of, line) == judged(lambda one: decode(one).at_ms, line)


@given(entries)
def test_every_entry_that_was_written_is_read_quickly(entry):
    assert reading._SPELLING.fullmatch(entry.encode())
