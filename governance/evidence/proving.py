# SPDX-License-Identifier: Apache-2.0
"""Proofs about the log for people outside: checkpoints, inclusion, growth, the whole in files.

Everything is about the signed head, and is checked against it before it leaves: a log that is not
what was signed proves nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from audit.clock import SECOND, Clock
from audit.errors import NotFound, Tampered
from audit.evidence.note import Proof, growth_file, proof_file
from audit.evidence.reading import time_of
from audit.evidence.tree import (
    Head,
    consistency_proof,
    consistent,
    included,
    inclusion_proof,
    leaf_hash,
    root_between,
)
from governance.evidence import signing
from governance.evidence.export import Exported, Tell, check_folder, export, present
from governance.evidence.log import Log, inconsistent
from governance.vault.ring import Ring


@dataclass(frozen=True, slots=True)
class Inclusion:
    """An entry, and the proof that it stands in the log; `file` is a C2SP tlog-proof."""

    index: int
    entry: bytes
    hashes: tuple[bytes, ...]
    head: Head
    file: bytes


@dataclass(frozen=True, slots=True)
class Growth:
    """The proof that the log goes on from an older checkpoint; `file` is as a witness takes it."""

    old: Head
    new: Head
    hashes: tuple[bytes, ...]
    file: bytes


@dataclass(frozen=True, slots=True)
class Part:
    """The log up to an instant: its head then, all leaf hashes, and the entries from `first` on."""

    head: Head
    leaves: bytes
    first: int
    entries: tuple[bytes, ...]


class Proofs:
    """Proves things about a log; `standing` gives its signed head or raises Tampered."""

    def __init__(self, log: Log, ring: Ring, clock: Clock, standing: Callable[[], Head]) -> None:
        self._log = log
        self._ring = ring
        self._clock = clock
        self._standing = standing

    def verifier_keys(self) -> list[str]:
        """Return the public keys of the log, for verifiers."""
        return signing.verifier_keys(self._ring)

    def checkpoint(self) -> tuple[Head, bytes]:
        """Return the signed head, and a fresh checkpoint of it; raises Tampered."""
        with self._tree() as head:
            return head, self._sign(head)

    def inclusion(self, index: int) -> Inclusion:
        """Return the proof that entry `index` is in the log; raises NotFound, Tampered."""
        with self._tree() as head:
            if not 0 <= index < head.size:
                raise NotFound(
                    "unknown-entry",
                    f"there is no entry {index}",
                    hint=f"entries have the numbers 0 to {head.size - 1}",
                )
            entry, hashes = self._path(index, head)
        file = proof_file(index, hashes, self._sign(head), entry)
        return Inclusion(index, entry, tuple(hashes), head, file)

    def newest(self, before: bytes, values: Sequence[bytes]) -> list[tuple[bytes, Proof]]:
        """Return the newest entry in which each value stands behind `before`, and the proof of its place.

        The values are of one length; all proofs are under one checkpoint. Raises NotFound
        `unknown-entry`, Tampered.
        """
        with self._tree() as head:
            places = self._log.newest(before, values)
            if len(places) != len(set(values)):
                raise NotFound("unknown-entry", "the log has no such entry")
            note, found = self._sign(head), []
            for value in values:
                entry, hashes = self._path(places[value], head)
                found.append((entry, Proof(places[value], tuple(hashes), note)))
        return found

    def part(self, since_ms: int, until_ms: int) -> Part:
        """Return the log before an instant, with the entries since another one; raises Tampered."""
        with self._tree():
            leaves, entries, first, size = bytearray(), list[bytes](), None, 0
            for row in self._log.rows():
                at = time_of(row.entry)
                if at >= until_ms:
                    break
                if first is None and at >= since_ms:
                    first = row.idx
                if first is not None:
                    entries.append(row.entry)
                leaves += row.leaf
                size = row.idx + 1
            head = Head(size, root_between(self._log, 0, size))
        return Part(head, bytes(leaves), size if first is None else first, tuple(entries))

    def since(self, old: Head, before: bytes, value: bytes) -> tuple[bytes, Proof, list[bytes]]:
        """Return as `newest` for one value, with the hashes by which the log went on from an old head.

        Raises NotFound `unknown-entry`, Tampered.
        """
        with self._tree() as head:
            grown = continues(self._log, old, head)
            place = self._log.newest(before, [value]).get(value)
            if place is None:
                raise NotFound("unknown-entry", "the log has no such entry")
            entry, hashes = self._path(place, head)
            return entry, Proof(place, tuple(hashes), self._sign(head)), grown

    def _path(self, index: int, head: Head) -> tuple[bytes, list[bytes]]:
        """Return an entry and the hashes that show it under a head; raises Tampered."""
        (entry,) = self._log.entries(index, 1)
        hashes = inclusion_proof(self._log, index, head.size)
        if not included(leaf_hash(entry), index, head.size, hashes, head.root):
            raise inconsistent()
        return entry, hashes

    def growth(self, note: bytes) -> Growth:
        """Return the proof that the log goes on from an old checkpoint of it.

        Raises Tampered `checkpoint-forged`, `log-rolled-back`, `log-forked`.
        """
        old = signing.read(self._ring, note).head
        with self._tree() as head:
            hashes = continues(self._log, old, head)
        file = growth_file(old.size, hashes, self._sign(head))
        return Growth(old, head, tuple(hashes), file)

    def export(self, folder: Path, tell: Tell) -> Exported:
        """Write the log in files that anybody can check, as C2SP tlog-tiles.

        What is there already stays when it is equal. Raises Conflict `export-folder`,
        `export-differs`, `disk-unwritable`; Tampered as `growth`.
        """
        check_folder(folder)
        with self._tree() as head:
            if earlier := present(folder):
                continues(self._log, signing.read(self._ring, earlier).head, head)
            return export(self._log, head.size, self._sign(head), folder, tell)

    @contextmanager
    def _tree(self) -> Iterator[Head]:
        """Give the signed head while the log is read, sure that the stored hashes lead to it."""
        head = self._standing()
        with self._log.reading():
            if root_between(self._log, 0, head.size) != head.root:
                raise inconsistent()
            yield head

    def _sign(self, head: Head) -> bytes:
        return signing.sign(self._ring, head, self._clock.now() // SECOND)


def continues(log: Log, old: Head, new: Head) -> list[bytes]:
    """Return the hashes that show the log at `new` as that at `old` with entries added.

    Raises Tampered `log-rolled-back` when it is shorter, `log-forked` when it is another one.
    """
    if old.size > new.size:
        raise Tampered(
            "log-rolled-back",
            f"the evidence log has {new.size} entries, but a checkpoint over {old.size} was signed",
            hint="restore the newest copy of the log and of the key ring's folder",
        )
    hashes = consistency_proof(log, old.size, new.size)
    if not consistent(old, new, hashes):
        raise Tampered(
            "log-forked",
            f"the first {old.size} entries of the evidence log are not those of the checkpoint",
            hint="keep the log and the checkpoint as they are: one of two histories is false",
        )
    return hashes
