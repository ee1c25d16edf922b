# SPDX-License-Identifier: Apache-2.0
"""The evidence tree against the recursive definition of RFC 9162, for every size up to 130."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.evidence.tree import (
    EMPTY_ROOT,
    CompactRange,
    Head,
    consistency_proof,
    consistent,
    included,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_between,
    root_of,
)

LARGEST = 130
LEAVES = [leaf_hash(b"entry %d" % i) for i in range(LARGEST)]


class Source:
    """Roots of complete subtrees, each computed by the definition."""

    def __init__(self, leaves):
        self.leaves = leaves

    def subtree(self, height, index):
        part = self.leaves[index << height : (index + 1) << height]
        assert len(part) == 1 << height  # a proof asks for complete subtrees only
        return defined_root(part)


LOG = Source(LEAVES)


class Subtrees:
    """Roots of complete subtrees, kept for every height: what a store of tiles answers."""

    def __init__(self, leaves):
        self.heights = [leaves]
        while len(below := self.heights[-1]) > 1:
            pairs = zip(below[::2], below[1::2], strict=False)
            self.heights.append([node_hash(left, right) for left, right in pairs])

    def subtree(self, height, index):
        return self.heights[height][index]


SOURCE = Subtrees(LEAVES)


def split(count):
    power = 1
    while power * 2 < count:
        power *= 2
    return power


KNOWN = {}
"""Roots by first leaf and number of leaves: all lists here are stretches of one log."""


def defined_root(leaves):
    """MTH of RFC 9162 section 2.1.1, over leaf hashes."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    stretch = (leaves[0], len(leaves))
    if stretch not in KNOWN:
        k = split(len(leaves))
        parts = defined_root(leaves[:k]) + defined_root(leaves[k:])
        KNOWN[stretch] = sha256(b"\x01" + parts).digest()
    return KNOWN[stretch]


def defined_path(index, leaves):
    """PATH of section 2.1.3.1."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if index < k:
        return [*defined_path(index, leaves[:k]), defined_root(leaves[k:])]
    return [*defined_path(index - k, leaves[k:]), defined_root(leaves[:k])]


def defined_proof(old, leaves, *, whole=True):
    """SUBPROOF of section 2.1.4.1."""
    if old == len(leaves):
        return [] if whole else [defined_root(leaves)]
    k = split(len(leaves))
    if old <= k:
        return [*defined_proof(old, leaves[:k], whole=whole), defined_root(leaves[k:])]
    return [*defined_proof(old - k, leaves[k:], whole=False), defined_root(leaves[:k])]


ROOTS = [defined_root(LEAVES[:n]) for n in range(LARGEST + 1)]


def test_hashes_are_those_of_the_rfc():
    assert leaf_hash(b"").hex() == (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    )
    assert sha256(b"\x01" + b"a" * 32 + b"b" * 32).digest() == node_hash(b"a" * 32, b"b" * 32)
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_appending_gives_the_defined_root_at_every_size_and_survives_storage():
    tree = CompactRange.empty()
    for size in range(LARGEST):
        assert tree.root() == ROOTS[size]
        tree = CompactRange.decode(tree.size, tree.encode())
        tree.append(LEAVES[size])
    assert (tree.size, tree.root()) == (LARGEST, ROOTS[LARGEST])
    assert root_of(LEAVES) == ROOTS[LARGEST]


def test_a_compact_range_with_missing_peaks_is_refused():
    with pytest.raises(ValueError, match="one peak"):
        CompactRange.decode(3, b"x" * 32)


def test_every_inclusion_proof_is_the_defined_one_and_verifies():
    for size in range(1, LARGEST + 1):
        for index in range(size):
            proof = inclusion_proof(LOG, index, size)
            assert proof == defined_path(index, LEAVES[:size])
            assert included(LEAVES[index], index, size, proof, ROOTS[size])


def test_every_consistency_proof_is_the_defined_one_and_verifies():
    for size in range(1, LARGEST + 1):
        for old in range(1, size + 1):
            proof = consistency_proof(LOG, old, size)
            assert proof == defined_proof(old, LEAVES[:size])
            assert consistent(Head(old, ROOTS[old]), Head(size, ROOTS[size]), proof)


def test_every_tree_is_consistent_with_the_empty_one():
    for size in range(LARGEST + 1):
        empty = Head(0, EMPTY_ROOT)
        assert consistent(empty, Head(size, ROOTS[size]), consistency_proof(LOG, 0, size))


def test_the_root_of_every_size_is_read_from_complete_subtrees():
    assert [root_between(SOURCE, 0, size) for size in range(LARGEST + 1)] == ROOTS


EDGES = (255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537)


@pytest.fixture(scope="module")
def large():
    leaves = [leaf_hash(b"entry %d" % i) for i in range(max(EDGES))]
    return leaves, Subtrees(leaves)


@pytest.mark.parametrize("size", EDGES)
def test_proofs_at_the_edges_of_tiles_are_the_defined_ones(large, size):
    leaves, source = large
    root = root_between(source, 0, size)
    assert root == defined_root(leaves[:size])
    for index in {0, 1, 254, size // 2, size - 2, size - 1}:
        proof = inclusion_proof(source, index, size)
        assert proof == defined_path(index, leaves[:size])
        assert included(leaves[index], index, size, proof, root)
    for old in {1, 2, 255, size // 2, size - 1, size}:
        proof = consistency_proof(source, old, size)
        assert proof == defined_proof(old, leaves[:size])
        assert consistent(Head(old, defined_root(leaves[:old])), Head(size, root), proof)


def test_a_place_outside_of_the_tree_has_no_proof():
    with pytest.raises(IndexError):
        inclusion_proof(LOG, 5, 5)
    with pytest.raises(IndexError):
        consistency_proof(LOG, 6, 5)
    assert not included(LEAVES[0], 1, 1, [], LEAVES[0])
    assert not consistent(Head(2, ROOTS[2]), Head(1, ROOTS[1]), [])


@given(st.data())
def test_a_false_inclusion_proof_is_rejected(data):
    size = data.draw(st.integers(1, LARGEST))
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(LOG, index, size)
    leaf, at = LEAVES[index], index
    kind = data.draw(st.sampled_from(["leaf", "place", "hash", "short", "long"]))
    if kind == "leaf":
        leaf = leaf_hash(b"another")
    elif kind == "place":
        at = data.draw(st.integers(0, size - 1).filter(lambda i: i != index)) if size > 1 else 1
    elif kind == "hash" and proof:
        proof[data.draw(st.integers(0, len(proof) - 1))] = b"\0" * 32
    elif kind == "short" and proof:
        proof.pop(data.draw(st.integers(0, len(proof) - 1)))
    else:
        proof.insert(data.draw(st.integers(0, len(proof))), b"\0" * 32)
    assert not included(leaf, at, size, proof, ROOTS[size])


@given(st.data())
def test_a_false_consistency_proof_is_rejected(data):
    size = data.draw(st.integers(2, LARGEST))
    old = data.draw(st.integers(1, size - 1))
    proof = consistency_proof(LOG, old, size)
    old_root, new_root = ROOTS[old], ROOTS[size]
    kind = data.draw(st.sampled_from(["old root", "new root", "hash", "short", "long"]))
    if kind == "old root":
        old_root = b"\0" * 32
    elif kind == "new root":
        new_root = b"\0" * 32
    elif kind == "hash":
        proof[data.draw(st.integers(0, len(proof) - 1))] = b"\0" * 32
    elif kind == "short":
        proof.pop(data.draw(st.integers(0, len(proof) - 1)))
    else:
        proof.insert(data.draw(st.integers(0, len(proof))), b"\0" * 32)
    assert not consistent(Head(old, old_root), Head(size, new_root), proof)
