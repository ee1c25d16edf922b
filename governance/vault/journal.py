# SPDX-License-Identifier: Apache-2.0
"""What was forgotten, in order, in the file of the evidence log: it outlives every key store.

Each line is a keyed tag and what it stands for: the key of a person was destroyed (`tomb`), an
identity must not come back (`suppress`), or may (`lift`). A key store knows how far it has followed;
an older one that is put back follows the rest before anything is read from it (security: 5.8). A line
is appended, never changed. Without the key ring it says nothing about anybody.
"""

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal, NamedTuple

from audit.clock import Micros
from audit.errors import NotFound, Tampered
from governance.store import sqlite_file

What = Literal["tomb", "suppress", "lift"]

SCHEMA: Final = """
CREATE TABLE forgotten (
    n INTEGER PRIMARY KEY, what TEXT NOT NULL CHECK (what IN ('tomb', 'suppress', 'lift')),
    tag BLOB NOT NULL, at INTEGER NOT NULL
) STRICT;
CREATE TRIGGER forgotten_no_update BEFORE UPDATE ON forgotten
BEGIN SELECT RAISE(ABORT, 'what was forgotten stays forgotten'); END;
CREATE TRIGGER forgotten_no_delete BEFORE DELETE ON forgotten
BEGIN SELECT RAISE(ABORT, 'what was forgotten stays forgotten'); END;
"""
WHAT: Final = "evidence log"
_LAST: Final = "SELECT coalesce(max(n), 0) FROM forgotten"


class Line(NamedTuple):
    """One line: its number, what was done, the keyed tag, when (microseconds UTC)."""

    n: int
    what: What
    tag: bytes
    at: Micros


class Journal:
    """The open journal."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    @classmethod
    def open(cls, path: Path) -> "Journal":
        """Return the journal in the file of the log; raises Tampered `evidence-log-missing`."""
        try:
            return cls(sqlite_file.open_file(path, WHAT))
        except NotFound as fault:
            raise Tampered(fault.code, fault.message, hint=fault.hint) from None

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def last(self) -> int:
        """Return the number of the last line, 0 when there is none."""
        with sqlite_file.faults(WHAT):
            return int(self._db.execute(_LAST).fetchone()[0])

    def after(self, n: int) -> list[Line]:
        """Return the lines after number `n`, in order."""
        with sqlite_file.faults(WHAT):
            rows = self._db.execute(
                "SELECT n, what, tag, at FROM forgotten WHERE n > ? ORDER BY n", (n,)
            )
            return [Line(*row) for row in rows]

    def append(self, what: What, tags: Iterable[bytes], at: Micros) -> tuple[int, int]:
        """Write a line for each tag, durably; returns the numbers before the first and of the last."""
        with sqlite_file.writing(self._db, WHAT):
            before = int(self._db.execute(_LAST).fetchone()[0])
            rows = [(n, what, tag, at) for n, tag in enumerate(tags, before + 1)]
            self._db.executemany("INSERT INTO forgotten VALUES (?, ?, ?, ?)", rows)
        return before, before + len(rows)
