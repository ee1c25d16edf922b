# SPDX-License-Identifier: Apache-2.0
"""What was deleted in the control store is no longer on the disk, or somebody still reads it."""

import sqlite3
from typing import cast

from audit.errors import Refused
from governance.store import sqlite_file
from governance.store.unit import Store


def require_overwriting(store: Store) -> None:
    """Return when deleted values are overwritten; raises Refused `overwriting-off` (security 5.5)."""
    if store.engine.dialect.name != "sqlite":
        return
    with store.read() as connection:
        deleted = connection.exec_driver_sql("PRAGMA secure_delete").scalar()
        journal = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
    if (deleted, journal) != (1, "wal"):
        raise Refused(
            "overwriting-off",
            "the control store would not overwrite what it deletes: nothing is erased like this",
            hint="install a build of SQLite that has secure_delete, then repeat the command",
        )


def settle(store: Store) -> bool:
    """Leave nothing of what was deleted in the file; False while a reader holds the old pages.

    On another database than SQLite it returns True: what stays there is told in the docs.
    """
    if store.engine.dialect.name != "sqlite":
        return True
    connection = store.engine.raw_connection()
    try:
        return sqlite_file.settle(cast("sqlite3.Connection", connection.driver_connection))
    finally:
        connection.close()
