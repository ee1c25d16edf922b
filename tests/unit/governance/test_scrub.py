# SPDX-License-Identifier: Apache-2.0
"""Scrubbing a database: the room between cells is empty afterwards, and every row is as it was."""

import os
import sqlite3
from contextlib import closing
from random import Random

import pytest

from governance.store import scrub, sqlite_file
from tests.workshop import code_of

SCHEMA = """
CREATE TABLE one (n INTEGER PRIMARY KEY, value BLOB NOT NULL) STRICT;
CREATE TABLE two (tag BLOB PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX three ON one (value);
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "inner" / "x.db"
    sqlite_file.create(path, SCHEMA)
    return path


def churn(connection, random, rounds):
    """Insert, change and delete rows of many sizes in disorder; return those that were deleted."""
    gone = []
    connection.execute("BEGIN IMMEDIATE")
    for _ in range(rounds):
        rows = [
            (random.randbytes(16), random.randbytes(random.choice((20, 60, 300, 9000))))
            for _ in range(40)
        ]
        connection.executemany("INSERT INTO two VALUES (?, ?)", rows)
        connection.executemany("INSERT INTO one (value) VALUES (?)", [(v,) for _, v in rows])
        for table in ("one", "two"):
            key = "n" if table == "one" else "tag"
            query = f"SELECT {key}, value FROM {table} ORDER BY random() LIMIT 35"
            dead = connection.execute(query).fetchall()
            gone += [bytes(value)[:16] for _, value in dead]
            gone += [tag for tag, _ in dead if table == "two"]
            connection.executemany(f"DELETE FROM {table} WHERE {key} = ?", [(k,) for k, _ in dead])
    connection.execute("COMMIT")
    kept = {bytes(v)[:16] for (v,) in connection.execute("SELECT value FROM one")}
    kept |= {bytes(v)[:16] for (v,) in connection.execute("SELECT value FROM two")}
    return [needle for needle in gone if needle not in kept]


def left_in(file, needles):
    data = file.read_bytes() + file.with_name("x.db-wal").read_bytes()
    return sum(needle in data for needle in needles)


def dump(connection):
    return [connection.execute(f"SELECT * FROM {t} ORDER BY 1").fetchall() for t in ("one", "two")]


@pytest.mark.parametrize("seed", range(2))
def test_every_row_stays_and_nothing_that_was_deleted_does(file, seed):
    with (
        closing(sqlite_file.open_file(file, "x")) as db,
        closing(sqlite_file.open_file(file, "x")) as other,
    ):
        random = Random(seed)  # noqa: S311  (to make rows)
        gone = []
        for _ in range(2):
            gone += churn(other, random, 4)
            gone += churn(db, random, 8)
            dump(db)
            assert dump(db) == dump(other)
            assert sqlite_file.settle(db)
            assert left_in(file, gone) == 0
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.mark.parametrize("mine", [True, False])
def test_what_stands_between_the_cells_goes_and_no_memory_brings_it_back(file, mine, monkeypatch):
    with closing(sqlite_file.open_file(file, "x")) as db:
        db.execute("INSERT INTO one VALUES (1, x'0102')")
        assert sqlite_file.settle(db)
    data = bytearray(file.read_bytes())
    at = next(n for n in range(4096, len(data), 4096) if data[n] == 13)
    data[at + 100 : at + 106] = b"NEEDLE"
    file.write_bytes(data)
    with (
        closing(sqlite_file.open_file(file, "x")) as db,
        closing(sqlite_file.open_file(file, "x")) as other,
    ):
        assert dump(db) == dump(other)
        usual = sqlite_file._scrub
        monkeypatch.setattr(sqlite_file, "_scrub", lambda path: (dump(other), usual(path)))
        assert sqlite_file.settle(db)
        (db if mine else other).execute("INSERT INTO one VALUES (2, x'0304')")
        assert left_in(file, [b"NEEDLE"]) == 0
        assert dump(db)[0] == [(1, b"\1\2"), (2, b"\3\4")]


def test_other_files_are_left_alone(tmp_path):
    for content in (b"", b"SQLite format 3\0" + bytes(84), b"something else" * 100):
        path = tmp_path / "file"
        path.write_bytes(content)
        handle = os.open(path, os.O_RDWR)
        with pytest.raises(ValueError, match="not a database"):
            scrub.scrub(handle)
        os.close(handle)
        assert path.read_bytes() == content


def test_a_database_that_moves_its_pages_is_refused(file):
    with closing(sqlite3.connect(file)) as db:
        db.execute("PRAGMA journal_mode=DELETE")
        db.execute("PRAGMA auto_vacuum=FULL")
        db.execute("VACUUM")
    with closing(sqlite_file.open_file(file, "x")) as db:
        assert code_of(lambda: sqlite_file.settle(db)) == "scrub-failed"
        assert not db.in_transaction
