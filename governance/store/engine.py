# SPDX-License-Identifier: Apache-2.0
"""Opens the control database so that two processes never lose each other's writes.

SQLite: WAL, `BEGIN IMMEDIATE` for every writing transaction (a deferred one that turns into a write
fails with "snapshot busy" and no waiting helps), deleted values overwritten, and no row values in
error texts. Only Python's own sqlite3 may open the file in this process: a second SQLite library
would cancel the first one's locks.
"""

import sqlite3
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event

BUSY_SECONDS = 30


def open_engine(url: str | URL) -> Engine:
    """Return an engine on the control database; rows never appear in its error texts."""
    engine = create_engine(url, hide_parameters=True)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin)
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
