# SPDX-License-Identifier: Apache-2.0
"""The key store: data keys, identities and pseudonym secrets, in a file of their own.

Everything in it is sealed or keyed by the ring; identities stand nowhere else. Written through,
deleted values overwritten. Refuses to make a new store where one is missing: everybody would look
erased. A row of `dek` is a person's licence to exist. The epoch of the canary is the one under which
new data keys are wrapped: every writer asks for it inside its transaction.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TypeVar

from audit.errors import Tampered
from governance.store import sqlite_file
from governance.vault.sealing import KeyRecord

SCHEMA = """
CREATE TABLE person (subject_id INTEGER PRIMARY KEY AUTOINCREMENT, sid BLOB NOT NULL UNIQUE) STRICT;
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
CREATE TABLE aref (subject_id INTEGER PRIMARY KEY, sealed BLOB NOT NULL) STRICT;
CREATE TABLE canary (
    kek_id INTEGER NOT NULL, suite INTEGER NOT NULL, wrapped BLOB NOT NULL, commitment BLOB NOT NULL
) STRICT;
"""
WHAT = "key store"
CHUNK = 5_000
_LAST = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'person'), 0)"

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class NewPerson:
    """Everything the key store keeps of a person who is new."""

    sid: bytes = field(repr=False)
    record: KeyRecord
    tag: bytes = field(repr=False)
    name: bytes = field(repr=False)
    aref: bytes = field(repr=False)


class KeyStore:
    """The open key store of a workspace."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    @classmethod
    def create(cls, path: Path, canary: KeyRecord) -> None:
        """Make an empty key store; the canary opens under the ring that belongs to it."""
        sqlite_file.create(path, SCHEMA)
        with closing(sqlite_file.open_file(path, WHAT)) as connection:
            connection.execute(
                "INSERT INTO canary VALUES (?, ?, ?, ?)",
                (canary.kek_id, canary.suite, canary.wrapped, canary.commitment),
            )

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
                hint="restore keystore/keys.db from its backup",
            )
        kek_id, suite, wrapped, commitment = rows[0]
        return KeyRecord(1, kek_id, suite, wrapped, commitment)

    def put_canary(self, canary: KeyRecord) -> None:
        """Put another canary in place of the old one, inside `writing()`: its epoch is in force now."""
        self._db.execute(
            "UPDATE canary SET kek_id = ?, suite = ?, wrapped = ?, commitment = ?",
            _fields(canary)[1:],
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
            for subject_id, sid, ver, kek_id, suite, wrapped, commitment in rows:
                yield subject_id, sid, KeyRecord(ver, kek_id, suite, wrapped, commitment)

    def identities(self, kind: int, subject_ids: Sequence[int]) -> list[tuple[int, bytes, bytes]]:
        """Return (subject_id, tag, sealed identity) of one kind."""
        return self._select(
            f"SELECT subject_id, tag, sealed FROM name WHERE kind = {kind:d} AND subject_id IN",
            subject_ids,
        )

    def aref(self, subject_id: int) -> bytes | None:
        """Return the sealed pseudonym secret of a person, or None."""
        rows = self._select("SELECT sealed FROM aref WHERE subject_id IN", [subject_id])
        return rows[0][0] if rows else None

    def add(self, kind: int, people: Sequence[NewPerson]) -> dict[bytes, int]:
        """Write new people inside `writing()`; returns tag → subject_id. Ids are never reused."""
        numbered = list(enumerate(people, self.last_number() + 1))
        self._db.executemany("INSERT INTO person VALUES (?, ?)", ((i, p.sid) for i, p in numbered))
        self._db.executemany("INSERT INTO aref VALUES (?, ?)", ((i, p.aref) for i, p in numbered))
        self._db.executemany(
            "INSERT INTO dek VALUES (?, ?, ?, ?, ?, ?)",
            ((i, *_fields(p.record)) for i, p in numbered),
        )
        self._db.executemany(
            "INSERT INTO name VALUES (?, ?, ?, ?)", ((i, kind, p.tag, p.name) for i, p in numbered)
        )
        self._db.executemany(
            "INSERT INTO ident VALUES (?, ?, ?)",  # in key order: neighbours share a page
            sorted((p.tag, kind, i) for i, p in numbered),
        )
        return {person.tag: subject_id for subject_id, person in numbered}

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


def _fields(record: KeyRecord) -> tuple[int, int, int, bytes, bytes]:
    return record.ver, record.kek_id, record.suite, record.wrapped, record.commitment
