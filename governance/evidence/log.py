# SPDX-License-Identifier: Apache-2.0
"""The file of the evidence log: entries in order, their leaf hashes, and the state of the tree.

The root of each full tile (256 leaves, 256 roots of tiles, …) is kept in the same transaction, so
that a proof reads a few hundred hashes however long the log is; the hashes of a tile are the leaves or the
roots below it.

Triggers refuse every change of an entry: a guard against accidents. Against people who own the file
there is the signed head.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from audit.errors import NotFound, Tampered
from audit.evidence.tiles import WIDTH, full_tiles, place
from audit.evidence.tree import EMPTY_ROOT, HASH_BYTES, CompactRange, Head, root_of
from governance.store import sqlite_file
from governance.vault import journal

_OWN = """
CREATE TABLE entry (
    idx INTEGER PRIMARY KEY, src_id INTEGER NOT NULL UNIQUE, bytes BLOB NOT NULL, leaf BLOB NOT NULL
) STRICT;
CREATE TABLE state (
    one INTEGER PRIMARY KEY CHECK (one = 1), size INTEGER NOT NULL, root BLOB NOT NULL,
    peaks BLOB NOT NULL, latest_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE tile (
    level INTEGER NOT NULL, n INTEGER NOT NULL, root BLOB NOT NULL, PRIMARY KEY (level, n)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER entry_no_update BEFORE UPDATE ON entry
BEGIN SELECT RAISE(ABORT, 'the evidence log is append-only'); END;
CREATE TRIGGER entry_no_delete BEFORE DELETE ON entry
BEGIN SELECT RAISE(ABORT, 'the evidence log is append-only'); END;
CREATE TRIGGER entry_no_replace BEFORE INSERT ON entry
WHEN EXISTS (SELECT 1 FROM entry WHERE idx = NEW.idx OR src_id = NEW.src_id)
BEGIN SELECT RAISE(ABORT, 'the evidence log is append-only'); END;
CREATE TRIGGER tile_no_update BEFORE UPDATE ON tile
BEGIN SELECT RAISE(ABORT, 'the evidence log is append-only'); END;
CREATE TRIGGER tile_no_delete BEFORE DELETE ON tile
BEGIN SELECT RAISE(ABORT, 'the evidence log is append-only'); END;
CREATE TRIGGER tile_no_replace BEFORE INSERT ON tile
WHEN EXISTS (SELECT 1 FROM tile WHERE level = NEW.level AND n = NEW.n)
BEGIN SELECT RAISE(ABORT, 'the evidence log is append-only'); END;
CREATE TRIGGER state_no_delete BEFORE DELETE ON state
BEGIN SELECT RAISE(ABORT, 'the evidence log is append-only'); END;
"""
SCHEMA = _OWN + journal.SCHEMA
WHAT = journal.WHAT
_SLICE = 5_000
_ENTRIES = "SELECT bytes FROM entry WHERE idx BETWEEN ? AND ? ORDER BY idx"
_LEAVES = "SELECT leaf FROM entry WHERE idx BETWEEN ? AND ? ORDER BY idx"
_BELOW = "SELECT root FROM tile WHERE level = ? AND n BETWEEN ? AND ? ORDER BY n"


@dataclass(slots=True)
class State:
    """The tree of the log, and the latest time in it (milliseconds)."""

    tree: CompactRange
    root: bytes
    latest_ms: int

    @property
    def head(self) -> Head:
        """Size and root as the log states them."""
        return Head(self.tree.size, self.root)


class Row(NamedTuple):
    """One line of the log."""

    idx: int
    src_id: int
    entry: bytes
    leaf: bytes


class Log:
    """The open file."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    @classmethod
    def create(cls, path: Path) -> None:
        """Make an empty log."""
        sqlite_file.create(path, SCHEMA)
        with closing(sqlite_file.open_file(path, WHAT)) as connection:
            connection.execute("INSERT INTO state VALUES (1, 0, ?, x'', 0)", (EMPTY_ROOT,))

    @classmethod
    def open(cls, path: Path) -> "Log":
        """Return the log; raises Tampered `evidence-log-missing`, or as `sqlite_file.open_file`."""
        try:
            return cls(sqlite_file.open_file(path, WHAT))
        except NotFound as fault:
            raise Tampered(fault.code, fault.message, hint=fault.hint) from None

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def writing(self) -> Iterator[State]:
        """Hold the one writing transaction, and give the state; undone on any error."""
        with sqlite_file.writing(self._db, WHAT):
            yield self._state()

    @contextmanager
    def reading(self) -> Iterator[State]:
        """Hold one snapshot, and give the state in it."""
        with sqlite_file.faults(WHAT):
            self._db.execute("BEGIN")
            try:
                yield self._state()
            finally:
                self._db.execute("ROLLBACK")

    def known(self, src_ids: Sequence[int]) -> dict[int, bytes]:
        """Return the entries that came from these places of the outbox."""
        marks = ",".join("?" * len(src_ids))
        return dict(
            self._db.execute(f"SELECT src_id, bytes FROM entry WHERE src_id IN ({marks})", src_ids)
        )

    def after(self, src_id: int) -> Iterator[bytes]:
        """Yield the entries that came from later places of the outbox, inside `reading()`."""
        query = "SELECT bytes FROM entry WHERE src_id > ? ORDER BY idx"
        yield from (row[0] for row in self._db.execute(query, (src_id,)))

    def append(self, rows: Sequence[Row], state: State) -> None:
        """Write lines, the tiles they fill, and the state after them, inside `writing()`."""
        self._db.executemany(
            "INSERT INTO entry VALUES (?, ?, ?, ?)",
            ((row.idx, row.src_id, row.entry, row.leaf) for row in rows),
        )
        for level, number in full_tiles(state.tree.size - len(rows), state.tree.size):
            root = root_of(self.hashes(level, number * WIDTH, WIDTH))
            self._db.execute("INSERT INTO tile VALUES (?, ?, ?)", (level, number, root))
        self._db.execute(
            "UPDATE state SET size = ?, root = ?, peaks = ?, latest_ms = ?",
            (state.tree.size, state.root, state.tree.encode(), state.latest_ms),
        )

    def rows(self) -> Iterator[Row]:
        """Yield every line in order, inside `reading()`."""
        last = -(2**62)
        while part := self._slice(last):
            yield from (_row(*columns) for columns in part)
            last = part[-1][0]

    def newest(self, before: bytes, values: Sequence[bytes]) -> dict[bytes, int]:
        """Return the number of the newest entry in which each value stands behind `before`.

        The values are of one length. Searches from the end on.
        """
        wanted, size, found = set(values), max(map(len, values), default=0), dict[bytes, int]()
        for idx, entry in self._db.execute("SELECT idx, bytes FROM entry ORDER BY idx DESC"):
            if len(found) == len(wanted):
                break
            _, there, rest = entry.partition(before)
            if there and rest[:size] in wanted:
                found.setdefault(rest[:size], idx)
        return found

    def entries(self, first: int, count: int) -> list[bytes]:
        """Return entries from number `first` on; raises Tampered when they are not all there."""
        found = [row[0] for row in self._db.execute(_ENTRIES, (first, first + count - 1))]
        if len(found) != count or not all(isinstance(entry, bytes) for entry in found):
            raise inconsistent()
        return found

    def hashes(self, level: int, first: int, count: int) -> list[bytes]:
        """Return hashes of tiles of a level: leaves, or the roots of the tiles below.

        Raises Tampered when they are not all there.
        """
        last = first + count - 1
        if level == 0:
            rows = self._db.execute(_LEAVES, (first, last))
        else:
            rows = self._db.execute(_BELOW, (level - 1, first, last))
        found = [row[0] for row in rows]
        if len(found) != count or not all(map(_is_hash, found)):
            raise inconsistent()
        return found

    def tiles(self) -> Iterator[tuple[int, int, bytes]]:
        """Yield level, number and root of each full tile, in order, inside `reading()`."""
        yield from self._db.execute("SELECT level, n, root FROM tile ORDER BY level, n")

    def subtree(self, height: int, index: int) -> bytes:
        """Return the root of a complete subtree (`audit.evidence.tree.Hashes`)."""
        return root_of(self.hashes(*place(height, index)))

    def last_source(self) -> int:
        """Return the highest number of the outbox in the log, 0 when it is empty."""
        with sqlite_file.faults(WHAT):
            found = self._db.execute("SELECT coalesce(max(src_id), 0) FROM entry").fetchone()
            return int(found[0])

    def _slice(self, after: int) -> list[tuple[int, object, object, object]]:
        with sqlite_file.faults(WHAT):
            return self._db.execute(
                "SELECT idx, src_id, bytes, leaf FROM entry WHERE idx > ? ORDER BY idx LIMIT ?",
                (after, _SLICE),
            ).fetchall()

    def _state(self) -> State:
        found = self._db.execute(
            "SELECT size, root, peaks, latest_ms, coalesce((SELECT max(idx) + 1 FROM entry), 0) "
            "FROM state"
        ).fetchall()
        try:
            ((size, root, peaks, latest_ms, lines),) = found
            tree = CompactRange.decode(size, peaks)
        except (ValueError, TypeError, AttributeError):
            raise inconsistent() from None
        if tree.root() != root or lines != size or not isinstance(latest_ms, int):
            raise inconsistent()
        return State(tree, root, latest_ms)


def _row(idx: int, src_id: object, entry: object, leaf: object) -> Row:
    """Return a line even when somebody put values of other types into it: they fit nothing."""
    return Row(
        idx,
        src_id if isinstance(src_id, int) else -1,
        entry if isinstance(entry, bytes) else b"",
        leaf if isinstance(leaf, bytes) else b"",
    )


def _is_hash(value: object) -> bool:
    return isinstance(value, bytes) and len(value) == HASH_BYTES


def inconsistent() -> Tampered:
    """Return the fault of a log whose parts do not fit together."""
    return Tampered(
        "log-inconsistent",
        "the evidence log and its own state disagree",
        hint="tagwarden audit log verify",
    )
