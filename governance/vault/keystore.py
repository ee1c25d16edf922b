# SPDX-License-Identifier: Apache-2.0
"""The key store: data keys and identities, in a file of their own.

Everything in it is sealed or keyed by the ring; identities stand nowhere else. Written through,
deleted values overwritten. Refuses to make a new store where one is missing: everybody would look
erased. A row of `dek` is a person's licence to exist. The epoch of the canary is the one under which
new data keys are wrapped: every writer asks for it inside its transaction.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import NamedTuple, TypeVar

from audit.clock import Micros
from audit.errors import Refused, Tampered
from governance.store import sqlite_file
from governance.vault.sealing import KeyRecord

SCHEMA = """
CREATE TABLE person (subject_id INTEGER PRIMARY KEY AUTOINCREMENT, sid BLOB NOT NULL) STRICT;
CREATE TABLE dek (
    subject_id INTEGER NOT NULL, ver INTEGER NOT NULL, kek_id INTEGER NOT NULL,
    suite INTEGER NOT NULL, wrapped BLOB NOT NULL, commitment BLOB NOT NULL,
    PRIMARY KEY (subject_id, ver)
) STRICT, WITHOUT ROWID;
CREATE TABLE ident (
    tag BLOB PRIMARY KEY, kind INTEGER NOT NULL, subject_id INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE name (
    subject_id INTEGER NOT NULL, kind INTEGER NOT NULL, tag BLOB NOT NULL, sealed BLOB NOT NULL,
    PRIMARY KEY (subject_id, kind, tag)
) STRICT, WITHOUT ROWID;
CREATE TABLE canary (
    kek_id INTEGER NOT NULL, suite INTEGER NOT NULL, wrapped BLOB NOT NULL, commitment BLOB NOT NULL
) STRICT;
CREATE TABLE backup (at INTEGER NOT NULL, kek_id INTEGER NOT NULL) STRICT;
CREATE TABLE suppress (tag BLOB PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE followed (journal INTEGER NOT NULL) STRICT;
INSERT INTO followed VALUES (0);
"""
WHAT = "key store"
CHUNK = 5_000
SETTLE_SECONDS = 1.0
_OF = "WHERE subject_id IN"
_SUPPRESSED = "SELECT tag FROM suppress WHERE tag IN"
_LAST = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'person'), 0)"

Item = TypeVar("Item")


class NewPerson(NamedTuple):
    """Everything the key store keeps of a person who is new."""

    sid: bytes
    record: KeyRecord
    tag: bytes
    name: bytes

    def __repr__(self) -> str:
        """Return what may be printed."""
        return f"NewPerson({self.record})"


class KeyStore:
    """The open key store of a workspace."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    @classmethod
    def create(cls, path: Path, canary: KeyRecord) -> None:
        """Make an empty key store; the canary opens under the ring that belongs to it."""
        sqlite_file.create(path, SCHEMA)
        with closing(sqlite_file.open_file(path, WHAT)) as connection:
            connection.execute("INSERT INTO canary VALUES (?, ?, ?, ?)", canary[1:])

    @classmethod
    def open(cls, path: Path) -> "KeyStore":
        """Return the key store; raises what `sqlite_file.open_file` raises (`key-store-…`)."""
        return cls(sqlite_file.open_file(path, WHAT))

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def canary(self) -> KeyRecord:
        """Return the record that opens only under the right ring."""
        with sqlite_file.faults(WHAT):
            rows = self._db.execute("SELECT * FROM canary").fetchall()
        if len(rows) != 1:
            raise Tampered(
                "key-store-unreadable",
                "the key store has lost its canary",
                hint="tagwarden key restore FILE",
            )
        return KeyRecord(1, *rows[0])

    def put_canary(self, canary: KeyRecord) -> None:
        """Put another canary in place of the old one, inside `writing()`: its epoch is in force now."""
        self._db.execute(
            "UPDATE canary SET kek_id = ?, suite = ?, wrapped = ?, commitment = ?",
            canary[1:],
        )

    def epoch(self) -> int:
        """Return the epoch under which new data keys are wrapped."""
        with sqlite_file.faults(WHAT):
            return int(self._db.execute("SELECT kek_id FROM canary").fetchone()[0])

    def epochs(self) -> dict[int, int]:
        """Return how many data keys are wrapped under each epoch."""
        with sqlite_file.faults(WHAT):
            return dict(self._db.execute("SELECT kek_id, count(*) FROM dek GROUP BY kek_id"))

    def elsewhere(
        self, kek_id: int, after: tuple[int, int], size: int
    ) -> list[tuple[int, bytes, KeyRecord]]:
        """Return (subject_id, sid, record) of data keys under other epochs, after (subject_id, ver)."""
        rows = self._db.execute(
            "SELECT d.subject_id, p.sid, d.ver, d.kek_id, d.suite, d.wrapped, d.commitment "
            "FROM dek d JOIN person p ON p.subject_id = d.subject_id "
            "WHERE (d.subject_id, d.ver) > (?, ?) AND d.kek_id <> ? "
            "ORDER BY d.subject_id, d.ver LIMIT ?",
            (*after, kek_id, size),
        )
        return [(i, sid, KeyRecord(*record)) for i, sid, *record in rows]

    def put_wrapped(self, records: Iterable[tuple[int, KeyRecord]]) -> None:
        """Put data keys that were wrapped anew in place of the old ones, inside `writing()`."""
        self._db.executemany(
            "UPDATE dek SET kek_id = ?, wrapped = ? WHERE subject_id = ? AND ver = ?",
            ((record.kek_id, record.wrapped, i, record.ver) for i, record in records),
        )

    def last_number(self) -> int:
        """Return the highest subject_id ever given."""
        with sqlite_file.faults(WHAT):
            return int(self._db.execute(_LAST).fetchone()[0])

    def reserve(self, number: int) -> None:
        """Give no subject_id up to this one to anybody new, inside `writing()`."""
        self._db.execute("INSERT OR IGNORE INTO person VALUES (?, x'')", (number,))
        self._db.execute("DELETE FROM person WHERE subject_id = ? AND sid = x''", (number,))

    def numbers(self) -> set[int]:
        """Return the subject_id of everybody who has a key."""
        with sqlite_file.faults(WHAT):
            return {i for (i,) in self._db.execute("SELECT DISTINCT subject_id FROM dek")}

    def backups(self, kek_id: int) -> list[Micros]:
        """Return when backups were made under an epoch, the oldest first."""
        with sqlite_file.faults(WHAT):
            rows = self._db.execute("SELECT at FROM backup WHERE kek_id = ? ORDER BY at", (kek_id,))
            return [at for (at,) in rows]

    def note_backup(self, at: Micros, kek_id: int) -> None:
        """Remember that a backup was made, inside `writing()`."""
        self._db.execute("INSERT INTO backup VALUES (?, ?)", (at, kek_id))

    def copy(self, path: Path) -> None:
        """Write the store as it stands at this moment, without free pages, into an empty file."""
        with sqlite_file.faults(WHAT):
            self._db.execute("VACUUM INTO ?", (str(path),))

    def lone(self) -> None:
        """Bring everything into the one file; raises Conflict when another process has it open."""
        with sqlite_file.faults(WHAT):
            self._db.execute("PRAGMA busy_timeout=1000")
            self._db.execute("PRAGMA journal_mode=DELETE").close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the one writing transaction; everything is undone on any error."""
        with sqlite_file.writing(self._db, WHAT):
            yield

    def version(self) -> int:
        """Return a number that differs when another process has written in between."""
        with sqlite_file.faults(WHAT):
            return int(self._db.execute("PRAGMA data_version").fetchone()[0])

    def find(self, tags: Iterable[bytes]) -> dict[bytes, int]:
        """Return the subject_id of each identity that is known."""
        found: dict[bytes, int] = {}
        for part in chunks(tags):
            found.update(self._select("SELECT tag, subject_id FROM ident WHERE tag IN", part))
        return found

    def sids(self, subject_ids: Iterable[int]) -> dict[int, bytes]:
        """Return the sid of each person that exists."""
        found: dict[int, bytes] = {}
        for part in chunks(subject_ids):
            found.update(
                self._select("SELECT subject_id, sid FROM person WHERE subject_id IN", part)
            )
        return found

    def records(self, subject_ids: Sequence[int]) -> Iterator[tuple[int, bytes, KeyRecord]]:
        """Yield (subject_id, sid, record) of each person, versions in ascending order."""
        for part in chunks(subject_ids):
            rows = self._select(
                "SELECT p.subject_id, p.sid, d.ver, d.kek_id, d.suite, d.wrapped, d.commitment "
                "FROM person p JOIN dek d ON d.subject_id = p.subject_id WHERE p.subject_id IN",
                part,
                "ORDER BY p.subject_id, d.ver",
            )
            for subject_id, sid, *record in rows:
                yield subject_id, sid, KeyRecord(*record)

    def identities(self, kind: int, subject_ids: Sequence[int]) -> list[tuple[int, bytes, bytes]]:
        """Return (subject_id, tag, sealed identity) of one kind."""
        return self._select(
            f"SELECT subject_id, tag, sealed FROM name WHERE kind = {kind:d} AND subject_id IN",
            subject_ids,
        )

    def add(self, kind: int, people: Sequence[NewPerson]) -> dict[bytes, int]:
        """Write new people inside `writing()`; returns tag → subject_id. Ids are never reused."""
        first = self.last_number() + 1
        numbered = [(i, *person) for i, person in enumerate(people, first)]
        write = self._db.executemany
        write("INSERT INTO person VALUES (?, ?)", [(i, sid) for i, sid, *_ in numbered])
        write(
            "INSERT INTO dek VALUES (?, ?, ?, ?, ?, ?)",
            [(i, *record) for i, _, record, _, _ in numbered],
        )
        write(
            "INSERT INTO name VALUES (?, ?, ?, ?)",
            [(i, kind, tag, name) for i, _, _, tag, name in numbered],
        )
        write(
            "INSERT INTO ident VALUES (?, ?, ?)",  # in key order: neighbours share a page
            sorted((tag, kind, i) for i, _, _, tag, _ in numbered),
        )
        return {tag: i for i, _, _, tag, _ in numbered}

    def forget(self, subject_ids: Iterable[int]) -> None:
        """Delete everything about people, inside `writing()`."""
        for part in chunks(subject_ids):
            marks = ",".join("?" * len(part))
            self._db.execute(
                f"DELETE FROM ident WHERE tag IN (SELECT tag FROM name {_OF} ({marks}))", part
            )
            for table in ("name", "dek", "person"):
                self._db.execute(f"DELETE FROM {table} {_OF} ({marks})", part)

    def everybody(self) -> Iterator[tuple[int, bytes]]:
        """Yield (subject_id, sid) of everybody, inside `writing()`."""
        yield from self._db.execute("SELECT subject_id, sid FROM person")

    def require_overwriting(self) -> None:
        """Return when what is deleted is overwritten; raises Refused `overwriting-off`."""
        with sqlite_file.faults(WHAT):
            deleted = self._db.execute("PRAGMA secure_delete").fetchone()[0]
            journal = self._db.execute("PRAGMA journal_mode").fetchone()[0]
        if (deleted, journal) != (1, "wal"):
            raise Refused(
                "overwriting-off",
                "the key store would not overwrite what it deletes: no key is destroyed like this",
                hint="install a build of SQLite that has secure_delete, then repeat the command",
            )

    def settle(self) -> bool:
        """Leave nothing of what was deleted in the file and its log; False while a reader holds old pages."""
        with sqlite_file.faults(WHAT):
            return sqlite_file.settle(self._db, SETTLE_SECONDS)

    def followed(self) -> int:
        """Return the number of the last line of the journal that was done here."""
        with sqlite_file.faults(WHAT):
            rows = self._db.execute("SELECT journal FROM followed").fetchall()
        if len(rows) != 1:
            raise Tampered(
                "key-store-unreadable",
                "the key store has lost how far it has followed the journal",
                hint="tagwarden key restore FILE",
            )
        return int(rows[0][0])

    def put_followed(self, number: int) -> None:
        """Note that the journal was followed so far, inside `writing()`."""
        self._db.execute("UPDATE followed SET journal = ?", (number,))

    def suppresses(self) -> bool:
        """Return whether any identity is suppressed."""
        with sqlite_file.faults(WHAT):
            return bool(self._db.execute("SELECT EXISTS (SELECT 1 FROM suppress)").fetchone()[0])

    def suppressed(self, tags: Iterable[bytes]) -> set[bytes]:
        """Return those of some tags that are suppressed."""
        found: set[bytes] = set()
        for part in chunks(tags):
            found.update(tag for (tag,) in self._select(_SUPPRESSED, part))
        return found

    def suppress(self, tag: bytes, at: Micros) -> None:
        """Enter a tag, inside `writing()`; one that is there stays as it is."""
        self._db.execute("INSERT OR IGNORE INTO suppress VALUES (?, ?)", (tag, at))

    def lift(self, tag: bytes) -> None:
        """Take a tag out, inside `writing()`."""
        self._db.execute("DELETE FROM suppress WHERE tag = ?", (tag,))

    def count(self) -> int:
        """Return how many people have a key."""
        with sqlite_file.faults(WHAT):
            return int(self._db.execute("SELECT count(DISTINCT subject_id) FROM dek").fetchone()[0])

    def _select(self, query: str, keys: Sequence[object], end: str = "") -> list[tuple]:  # type: ignore[type-arg]
        marks = ",".join("?" * len(keys))
        with sqlite_file.faults(WHAT):
            return self._db.execute(f"{query} ({marks}) {end}", keys).fetchall()


def chunks(items: Iterable[Item], size: int = CHUNK) -> Iterator[list[Item]]:
    """Yield the items in lists of at most `size`."""
    source = iter(items)
    while part := list(islice(source, size)):
        yield part
