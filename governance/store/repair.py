# SPDX-License-Identifier: Apache-2.0
"""Clears away what a killed process left: work files, lake files that no table knows, copies of keys.

Only harmless things, only while nobody is at long work, and never when the control store is older
than the evidence log: then the lake is right and the store is not. What was cleared is logged.
"""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from audit.errors import Conflict
from governance.store.unit import Store

if TYPE_CHECKING:
    from governance.workspace import Workspace


def repair(ws: "Workspace", store: Store) -> tuple[int, int]:
    """Remove left work files, orphan lake files, and copies of the key store; returns how many of the first two."""
    if not _leftovers(ws, store):
        return 0, 0
    try:
        with ws.exclusive("repair", wait=0):
            return _clear(ws, store)
    except Conflict:
        return 0, 0  # somebody is at work: these files may be theirs


def orphans(lake: Path, registered: set[str]) -> list[Path]:
    """Return the files of a lake that are in no table."""
    if not lake.is_dir():
        return []
    return sorted(
        path
        for path in lake.rglob("*")
        if path.is_file() and path.relative_to(lake).as_posix() not in registered
    )


def copies_of(keystore: Path) -> list[Path]:
    """Return what lies beside a key store of backups in the making: copies of every wrapped key."""
    return sorted(keystore.parent.glob(f".*{keystore.name}*"))


def registered_parts(store: Store) -> set[str]:
    """Return the paths of the lake files that count."""
    with store.read() as connection:
        return set(connection.execute(text("SELECT path FROM lakepart")).scalars())


def is_rolled_back(ws: "Workspace", store: Store) -> bool:
    """Return whether the control store has made fewer entries than have reached the log (SQLite)."""
    if store.engine.dialect.name != "sqlite":
        return False
    with store.read() as connection:
        return entries_made(connection) < ws.evidence.last_source


def entries_made(connection: Connection) -> int:
    """Return the highest number that the outbox has given to an entry (SQLite)."""
    made = connection.execute(
        text("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'outbox'")
    )
    return int(made.scalar_one())


def _leftovers(ws: "Workspace", store: Store) -> bool:
    scratch = ws.paths.scratch
    if scratch.is_dir() and any(scratch.iterdir()):
        return True
    if copies_of(ws.paths.keystore):
        return True
    return bool(ws.paths.lake.is_dir() and orphans(ws.paths.lake, registered_parts(store)))


def _clear(ws: "Workspace", store: Store) -> tuple[int, int]:
    if is_rolled_back(ws, store):
        return 0, 0
    left = sorted(ws.paths.scratch.iterdir()) if ws.paths.scratch.is_dir() else []
    lost = orphans(ws.paths.lake, registered_parts(store))
    copies = copies_of(ws.paths.keystore)
    with store.write() as unit:
        unit.log(
            ws.evidence.entry(
                "store.repaired", scratch=len(left), orphans=len(lost), copies=len(copies)
            )
        )
    for path in left:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    for path in (*lost, *copies):
        path.unlink()
    return len(left), len(lost)
