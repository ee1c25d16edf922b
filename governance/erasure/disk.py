# SPDX-License-Identifier: Apache-2.0
"""What was deleted in the control store is no longer on the disk, or somebody still reads it."""

from typing import Final

from audit.errors import Refused
from governance.store.engine import BUSY_SECONDS
from governance.store.unit import Store

WAIT_SECONDS: Final = 1.0


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
    """Bring deletions into the file and empty its log; False while a reader holds the old pages.

    On another database than SQLite it returns True: what stays there is told in the docs.
    """
    if store.engine.dialect.name != "sqlite":
        return True
    connection = store.engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={int(WAIT_SECONDS * 1000)}")
        busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        cursor.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
        cursor.close()
    finally:
        connection.close()
    return not busy
