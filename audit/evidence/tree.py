# SPDX-License-Identifier: Apache-2.0
"""The Merkle tree of the evidence log: hashes, compact range and proofs as in RFC 6962 and 9162.

Pure: no file, no clock. A compact range (the roots of the full subtrees, from left to right) is all
that is needed to append and to say the root; proofs read the roots of complete subtrees, O(log n).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of an entry as a leaf (32 bytes)."""
    return sha256(b"\0" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two subtrees side by side (32 bytes)."""
    return sha256(b"\1" + left + right).digest()


@dataclass(slots=True)
class CompactRange:
    """A tree of `size` leaves, as the roots of its full subtrees from left to right."""

    size: int
    peaks: list[bytes]

    @classmethod
    def empty(cls) -> "CompactRange":
        """Return the tree without leaves."""
        return cls(0, [])

    @classmethod
    def decode(cls, size: int, peaks: bytes) -> "CompactRange":
        """Return the tree that `encode` wrote; raises ValueError when the parts do not fit."""
        if size < 0 or len(peaks) != HASH_BYTES * size.bit_count():
            raise ValueError("a compact range has one peak for each 1 bit of its size")
        return cls(size, [peaks[i : i + HASH_BYTES] for i in range(0, len(peaks), HASH_BYTES)])

    def encode(self) -> bytes:
        """Return the peaks as bytes; the size is kept beside them."""
        return b"".join(self.peaks)

    def append(self, leaf: bytes) -> None:
        """Add the hash of one leaf at the right."""
        size = self.size
        while size & 1:
            leaf = node_hash(self.peaks.pop(), leaf)
            size >>= 1
        self.peaks.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """Return the root of the whole tree (32 bytes)."""
        if not self.peaks:
            return EMPTY_ROOT
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node_hash(peak, root)
        return root


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Return the root over leaf hashes."""
    tree = CompactRange.empty()
    for leaf in leaves:
        tree.append(leaf)
    return tree.root()


class Hashes(Protocol):
    """Where the roots of complete subtrees are read from: a store of tiles, a list of leaves."""

    def subtree(self, height: int, index: int) -> bytes:
        """Return the root over 2**height leaves, from leaf index * 2**height on."""
        ...


def root_between(hashes: Hashes, low: int, high: int) -> bytes:
    """Return the root over the leaves from `low` to before `high`, a subtree as proofs have them.

    Reads one hash for each 1 bit of the count.
    """
    count, peaks = high - low, []
    while low < high:
        height = (high - low).bit_length() - 1
        peaks.append(hashes.subtree(height, low >> height))
        low += 1 << height
    return CompactRange(count, peaks).root()


def inclusion_proof(hashes: Hashes, index: int, size: int) -> list[bytes]:
    """Return the hashes that show leaf `index` in the tree of `size` leaves, from the leaf upwards.

    Raises IndexError when there is no such leaf.
    """
    if not 0 <= index < size:
        raise IndexError("no such leaf")
    low, high = 0, size
    proof: list[bytes] = []
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            proof.append(root_between(hashes, middle, high))
            high = middle
        else:
            proof.append(root_between(hashes, low, middle))
            low = middle
    return proof[::-1]


def consistency_proof(hashes: Hashes, old_size: int, size: int) -> list[bytes]:
    """Return the hashes that show the tree of `old_size` leaves inside the one of `size`.

    Raises IndexError when `old_size` is not between 0 and `size`.
    """
    if not 0 <= old_size <= size:
        raise IndexError("no such older tree")
    if old_size in (0, size):
        return []
    low, high, whole = 0, size, True
    proof: list[bytes] = []
    while high != old_size:
        middle = low + _split(high - low)
        if old_size <= middle:
            proof.append(root_between(hashes, middle, high))
            high = middle
        else:
            proof.append(root_between(hashes, low, middle))
            low, whole = middle, False
    return proof[::-1] if whole else [root_between(hashes, low, high), *proof[::-1]]


def included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Return whether a proof shows this leaf hash at `index` in a tree of that size and root."""
    if not 0 <= index < size:
        return False
    at, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node_hash(sibling, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


@dataclass(frozen=True, slots=True)
class Head:
    """The size and root of a tree at one time."""

    size: int
    root: bytes


def consistent(old: Head, new: Head, proof: Sequence[bytes]) -> bool:
    """Return whether a proof shows that the new tree is the old one with leaves added."""
    if not 0 <= old.size <= new.size:
        return False
    if old.size == new.size:
        return not proof and old.root == new.root
    if old.size == 0:
        return not proof and old.root == EMPTY_ROOT
    path = list(proof)
    if old.size & (old.size - 1) == 0:  # a whole subtree: its root is known already
        path.insert(0, old.root)
    return bool(path) and _grown(old, new, path)


def _grown(old: Head, new: Head, path: Sequence[bytes]) -> bool:
    at, last = old.size - 1, new.size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    before = after = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            after = node_hash(after, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and before == old.root and after == new.root


def _split(count: int) -> int:
    """Return the largest power of two smaller than `count`."""
    return 1 << ((count - 1).bit_length() - 1)
