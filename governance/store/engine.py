# SPDX-License-Identifier: Apache-2.0
"""Opens the control database so that two processes never lose each other's writes.

SQLite: WAL, `BEGIN IMMEDIATE` for every writing transaction (a deferred one that turns into a write
fails with "snapshot busy" and no waiting helps), deleted values overwritten, and no row values in
error texts. Only Python's own sqlite3 may open the file in this process: a second SQLite library
would cancel the first one's locks.
"""

import sqlite3
from typing import Any

from sqlalchemy import URL, Connection, Engine, ExceptionContext, create_engine, event

from audit.errors import Conflict

BUSY_SECONDS = 30
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_DISK = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)


def open_engine(url: str | URL) -> Engine:
    """Return an engine on the control database; rows never appear in its error texts.

    Whatever is done with it raises Conflict `workspace-busy` when another process holds the database
    too long, `disk-full` when there is no room, and `disk-unwritable` when the disk fails.
    """
    engine = create_engine(url, hide_parameters=True)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin)
        event.listen(engine, "handle_error", _raise_conflict)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in (
        f"busy_timeout={BUSY_SECONDS * 1000}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",
        "temp_store=MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(connection: Connection) -> None:
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _raise_conflict(context: ExceptionContext) -> None:
    code = getattr(context.original_exception, "sqlite_errorcode", 0) & 0xFF
    if code in _BUSY:
        raise Conflict(
            "workspace-busy",
            "another process is writing to this workspace",
            hint="wait until it has finished, then repeat the command",
        ) from None
    if code == sqlite3.SQLITE_FULL:
        raise Conflict(
            "disk-full",
            "there is no room for this change on the disk of the control store",
            hint="make room, then repeat the command: nothing of it was written",
        ) from None
    if code in _DISK:
        raise Conflict(
            "disk-unwritable",
            "the control store cannot be written (failing or read-only disk)",
            hint="make room in data/, and check that it may be written to; then repeat the command",
        ) from None
