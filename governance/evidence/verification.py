# SPDX-License-Identifier: Apache-2.0
"""Recomputes the whole log: every hash, every line, every tile, the root, and the head signed outside of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import zip_longest

from audit.errors import Problem, Tampered
from audit.evidence.reading import TOLERANCE_MS, time_of
from audit.evidence.tiles import WIDTH, full_tiles
from audit.evidence.tree import CompactRange, Head, leaf_hash, root_of
from governance.evidence.log import Log, Row
from governance.evidence.signers import Signers

MOST_PROBLEMS = 100


@dataclass(frozen=True, slots=True)
class Verification:
    """What a full check of the log found: how many entries, their root, and what is wrong."""

    size: int
    root: str
    problems: tuple[Problem, ...] = ()

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    def raise_if_bad(self) -> None:
        """Raise Tampered `evidence-tampered` with every problem; returns when there are none."""
        if self.problems:
            raise Tampered(
                "evidence-tampered",
                "the evidence log is not what was written",
                hint="keep the file as it is, and restore the log from its backup beside it",
                problems=self.problems,
            )


@dataclass(slots=True)
class _Walk:
    """One pass over the lines."""

    signers: Signers
    contiguous: bool
    signed: Head | None = None
    tree: CompactRange = field(default_factory=CompactRange.empty)
    latest_ms: int = 0
    last_src: int = 0
    expected: int = 0
    signed_seen: bool = False
    problems: list[Problem] = field(default_factory=list)

    def add(self, code: str, message: str, idx: int = -1) -> None:
        """Note one problem; `idx` is the number of the entry."""
        if len(self.problems) < MOST_PROBLEMS:
            place = f"entry {idx}" if idx >= 0 else ""
            self.problems.append(Problem(code, message, place))

    def reach(self) -> None:
        """Compare with the signed head when as many lines have been read as it counts."""
        if self.signed and self.signed.size == self.tree.size and not self.signed_seen:
            self.signed_seen = True
            if self.signed.root != self.tree.root():
                self.add("head-differs", "these entries are not those whose head was signed")

    def take(self, row: Row) -> None:
        """Check one line and add it to the tree."""
        if row.idx != self.expected:
            self.add("entry-gap", "entries are missing before this one", row.idx)
        if row.src_id <= self.last_src:
            self.add("entry-order", "entries are not in the order of their making", row.idx)
        elif self.contiguous and row.src_id != self.last_src + 1:
            self.add("outbox-gap", "an entry before this one never reached the log", row.idx)
        self.expected, self.last_src = row.idx + 1, row.src_id
        leaf = leaf_hash(row.entry)
        if leaf != row.leaf:
            self.add("entry-changed", "the entry is not the one that was hashed", row.idx)
        self._content(row)
        self.tree.append(leaf)
        self.reach()

    def _content(self, row: Row) -> None:
        try:
            at_ms = time_of(row.entry)
        except ValueError:
            self.add("entry-malformed", "the bytes are not those of an entry", row.idx)
            return
        if at_ms < self.latest_ms - TOLERANCE_MS:
            self.add("entry-time", "the time goes back by more than 5 s", row.idx)
        self.latest_ms = max(self.latest_ms, at_ms)
        if problem := self.signers.check(row.entry):
            self.add(problem.code, problem.message, row.idx)


def verify_log(
    log: Log, settled: Callable[[], Head], *, contiguous: bool, origin: str = ""
) -> Verification:
    """Return what a full check finds; `settled` gives the signed head or raises Tampered.

    `origin` is the name of the log, which operators with keys sign with each entry. With
    `contiguous`, the numbers of the outbox have no gaps (SQLite), so a gap is a removed entry.
    """
    signed, walk = None, _Walk(Signers(origin), contiguous)
    try:
        signed = walk.signed = settled()
        with log.reading() as state:
            stated = state.head
            _read(log, walk)
    except Tampered as fault:
        walk.add(fault.code, fault.message)
        _read_anyway(log, walk)
        return Verification(walk.tree.size, walk.tree.root().hex(), tuple(walk.problems))
    if stated != Head(walk.tree.size, walk.tree.root()):
        walk.add("root-differs", "the entries do not have the root that the log states")
    if not walk.signed_seen:
        walk.add("log-cut", f"the log has fewer entries than were signed ({signed.size})")
    return Verification(walk.tree.size, walk.tree.root().hex(), tuple(walk.problems))


def _read(log: Log, walk: _Walk) -> None:
    walk.reach()
    for row in log.rows():
        walk.take(row)
    if not walk.problems:
        _read_tiles(log, walk)


def _read_tiles(log: Log, walk: _Walk) -> None:
    """Compute the root of every full tile; proofs are made from those that are kept."""
    for expected, kept in zip_longest(full_tiles(0, walk.tree.size), log.tiles()):
        if not expected or not kept or expected != kept[:2]:
            walk.add("tile-missing", "the tiles are not those of a log of this size")
            return
        level, number = expected
        if root_of(log.hashes(level, number * WIDTH, WIDTH)) != kept[2]:
            walk.add("tile-changed", "a tile does not have the root of what it holds")
            return


def _read_anyway(log: Log, walk: _Walk) -> None:
    if walk.tree.size:
        return
    try:
        _read(log, walk)
    except Tampered as fault:
        walk.add(fault.code, fault.message)
