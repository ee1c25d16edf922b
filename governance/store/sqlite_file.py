# SPDX-License-Identifier: Apache-2.0
"""SQLite files of their own beside the control store: the key store and the evidence log.

Written through (WAL, synchronous FULL), deleted values overwritten, for the owner only. Never made
by opening: a missing file is a fault, not an empty store. Database errors become faults here.
"""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from audit.errors import Conflict, NotFound, Refused, Tampered
from governance.store import private_file, scrub

BUSY_SECONDS = 30
_TRIES = 5
_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "secure_delete=ON",
    "temp_store=MEMORY",
    "cache_size=-32768",
)


def create(path: Path, schema: str) -> None:
    """Make a file with its tables, in a folder for the owner only."""
    private_file.make_folder(path.parent)
    private_file.create(path, b"")
    with closing(_connect(path)) as connection:
        connection.executescript(f"BEGIN;{schema}COMMIT;")


def open_file(path: Path, what: str) -> sqlite3.Connection:
    """Return a connection; `what` is the name of the file in faults, such as `key store`.

    Raises NotFound `…-missing`, Refused `…-mode`, Tampered `…-unreadable`.
    """
    code = what.replace(" ", "-")
    if path.is_symlink() or not path.is_file():
        raise NotFound(
            f"{code}-missing",
            f"the {what} is not in the workspace",
            hint=f"restore {path} from its backup",
        )
    if (path.stat().st_mode | path.parent.stat().st_mode) & 0o077:
        raise Refused(
            f"{code}-mode",
            f"others than the owner may use the {what}",
            hint=f"chmod 700 {path.parent} && chmod 600 {path}",
        )
    with faults(what):
        return _connect(path)


def is_sound(path: Path, what: str) -> bool:
    """Return whether SQLite finds the pages and indexes of a file in order; raises as opening does."""
    with closing(open_file(path, what)) as connection, faults(what):
        return bool(connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok")


@contextmanager
def writing(connection: sqlite3.Connection, what: str) -> Iterator[None]:
    """Hold the one writing transaction of a file; everything is undone on any error."""
    with faults(what):
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:  # not committed, and not undone by SQLite (disk full)
                connection.execute("ROLLBACK")


def settle(connection: sqlite3.Connection, seconds: float = 1.0) -> bool:
    """Leave nothing of what was deleted in a file and its log; waits `seconds` for others.

    Returns False while somebody reads the old pages or keeps writing: then try again. Raises
    sqlite3 errors, and Conflict `scrub-failed`.
    """
    path = Path(connection.execute("PRAGMA database_list").fetchone()[2])
    log = path.with_name(f"{path.name}-wal")
    connection.execute(f"PRAGMA busy_timeout={int(seconds * 1000)}")
    try:
        for _ in range(_TRIES):
            if connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                return False
            connection.execute("BEGIN IMMEDIATE")
            try:
                if not log.exists() or log.stat().st_size == 0:
                    _scrub(path)
                    _touch(connection)
                    return True
            finally:
                connection.execute("COMMIT")
        return False
    finally:
        connection.execute("PRAGMA shrink_memory")  # pages read before are not written back
        connection.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")


def _scrub(path: Path) -> None:
    program = [sys.executable, "-I", "-S", scrub.__file__, os.fspath(path)]
    if subprocess.run(program, check=False, capture_output=True).returncode:  # noqa: S603  (our own)
        raise Conflict(
            "scrub-failed",
            f"deleted values could not be overwritten in {path.name}",
            hint="check that the file may be written to, then repeat the command",
        )


def _touch(connection: sqlite3.Connection) -> None:
    """Change something, so that every other connection reads the pages anew."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    connection.execute(f"PRAGMA user_version={(version + 1) % 2**31}")


@contextmanager
def faults(what: str) -> Iterator[None]:
    """Turn errors of the database into faults; a broken constraint stays a bug."""
    try:
        yield
    except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
        raise
    except sqlite3.DatabaseError as error:
        raise _fault(error.sqlite_errorcode & 0xFF, what) from None


def _fault(code: int, what: str) -> Conflict | Tampered:
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Conflict(
            "workspace-busy",
            f"another process is writing to the {what}",
            hint="wait until it has finished, then repeat the command",
        )
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY):
        return Conflict(
            "disk-unwritable",
            f"the {what} cannot be written (full, failing or read-only disk); nothing was changed",
            hint="make room, then repeat the command",
        )
    return Tampered(
        f"{what.replace(' ', '-')}-unreadable",
        f"the {what} is damaged",
        hint="tagwarden doctor, then restore the file from its backup",
    )


def _connect(path: Path) -> sqlite3.Connection:
    quoted = os.fspath(path.absolute()).translate({37: "%25", 63: "%3f", 35: "%23"})
    connection = sqlite3.connect(
        f"file:{quoted}?mode=rw", uri=True, isolation_level=None, timeout=BUSY_SECONDS
    )
    with ExitStack() as undo:
        undo.callback(connection.close)
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}").close()
        undo.pop_all()
    return connection
