# SPDX-License-Identifier: Apache-2.0
"""One token of the code was changed and no other test noticed: each of these notices one such change."""

from contextlib import closing

import pytest

from audit.errors import Tampered
from audit.evidence.reading import decode
from audit.evidence.tree import (
    EMPTY_ROOT,
    HASH_BYTES,
    CompactRange,
    Head,
    consistent,
    included,
    leaf_hash,
    node_hash,
)
from governance import authority
from governance.vault.sealing import EpochKey, KeyRecord, new_key, open_key, rewrap
from tests.workshop import a_workspace, code_of

TENANT, SID, NONCE = b"t" * 16, b"s" * 16, b"\x33" * 12
EPOCH, NEXT = (EpochKey.of(number, bytes([number]) * 32) for number in (1, 2))


def made(tenant=TENANT, sid=SID) -> KeyRecord:
    return new_key(EPOCH, tenant, sid, secret=b"\x22" * 32, nonce=NONCE)[0]


def test_a_rotation_takes_no_key_whose_commitment_was_changed():
    """It does not open the key, so only the wrap itself gives the change away."""
    changed = made()._replace(commitment=b"c" * 32)
    with pytest.raises(Tampered):
        rewrap(EPOCH, NEXT, TENANT, SID, changed, nonce=NONCE)


@pytest.mark.parametrize("size", [0, 15, 17])
def test_names_of_another_width_wrap_and_open_nothing(size):
    """Cut or filled to 16 bytes, two of them would be one place."""
    with pytest.raises(Tampered):
        made(b"t" * size, b"s" * size)
    with pytest.raises(Tampered):
        open_key(EPOCH, b"t" * size, b"s" * size, made())


def test_a_tree_of_less_than_nothing_is_refused():
    with pytest.raises(ValueError, match="one peak"):
        CompactRange.decode(-1, bytes(HASH_BYTES))


A, B, C, D, E = (leaf_hash(name) for name in (b"a", b"b", b"c", b"d", b"e"))
AB, CD = node_hash(A, B), node_hash(C, D)


def test_an_entry_has_no_second_number_counted_from_the_end():
    assert included(B, 1, 2, [A], AB)
    assert not included(B, -1, 2, [A], AB)


def test_a_proof_that_is_too_short_or_too_long_for_the_size_shows_nothing():
    assert not included(A, 0, 2, [], A)
    assert not included(B, 0, 1, [A], AB)
    assert not consistent(Head(1, A), Head(2, A), [])
    assert not consistent(Head(3, AB), Head(4, AB), [])
    assert consistent(Head(3, node_hash(AB, C)), Head(4, node_hash(AB, CD)), [C, D, AB])
    before, after = node_hash(E, node_hash(AB, C)), node_hash(E, node_hash(AB, CD))
    assert not consistent(Head(3, before), Head(4, after), [C, D, AB, E])


def test_both_roots_are_shown_and_nothing_is_added_where_nothing_needs_showing():
    three, four = Head(3, node_hash(AB, C)), Head(4, node_hash(AB, CD))
    assert not consistent(Head(3, A), four, [C, D, AB])
    assert not consistent(three, Head(4, A), [C, D, AB])
    assert not consistent(four, four, [A])
    assert not consistent(Head(0, EMPTY_ROOT), four, [A])
    assert not consistent(Head(0, A), four, [])
    assert not consistent(Head(-1, A), Head(-1, A), [])


def test_an_operator_has_a_short_name_of_their_own_and_a_role(tmp_path):
    with closing(a_workspace(tmp_path)) as ws:
        assert code_of(lambda: authority.add(ws, "x" * 80, ["tagger"])) == ""
        assert code_of(lambda: authority.add(ws, "x" * 81, ["tagger"])) == "bad-name"
        assert code_of(lambda: authority.add(ws, "x\ny", ["tagger"])) == "bad-name"
        assert code_of(lambda: authority.add(ws, "tagwarden/scheduler", ["tagger"])) == "bad-name"
        assert code_of(lambda: authority.add(ws, "friend", [])) == "unknown-role"


def test_evidence_says_in_which_of_their_roles_somebody_acted(tmp_path):
    with closing(a_workspace(tmp_path)) as ws:
        authority.add(ws, "friend", ["tagger"])
        assert decode(ws.evidence.entry("denied")).role == "admin"
        authority.demand(ws, "tag.submit")
        assert decode(ws.evidence.entry("denied")).role == "tagger"
