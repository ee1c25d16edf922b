# SPDX-License-Identifier: Apache-2.0
"""Opens the control store of a workspace, and refuses one that is not at this version's schema.

The check reads one row and needs no migration tool; a test holds `HEAD` equal to the scripts.
"""

import sqlite3
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, cast

from sqlalchemy import URL, Engine, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError

from audit.errors import Conflict, Tampered
from governance.law import reading_as
from governance.store.engine import open_engine
from governance.store.repair import repair
from governance.store.unit import Store

if TYPE_CHECKING:
    from governance.workspace import Workspace
    from policies.decision import Role

HEAD = "0001"
"""The schema revision of this version."""

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def store_url(ws: "Workspace") -> URL:
    """Return the URL of the control store of a workspace; a path is taken as it is, never parsed."""
    given = ws.settings.text("store.url")
    return make_url(given) if given else URL.create("sqlite", database=str(ws.paths.control))


def open_store(ws: "Workspace", *, carry: bool = True) -> Store:
    """Return the control store; what a killed process left is carried on or cleared away first.

    Without `carry` it is left: carrying takes the key ring.

    Raises Conflict `store-missing`, `store-outdated` or `store-newer`, Tampered when the evidence
    log is not what was written.
    """
    engine = open_existing(store_url(ws))
    reading_as(engine, cast("Role | None", ws.settings.text("policy.role") or None))
    store = Store(engine)
    with ExitStack() as undo:
        undo.callback(store.close)
        require_head(engine)
        store.after_commit = lambda: ws.evidence.drain_if_possible(store)
        store.seal = lambda connection, entries: ws.evidence.sealed(  # noqa: PLW0108  (opened late)
            connection, entries
        )
        if carry:
            if _anything_waits(store):
                store.after_commit()
            repair(ws, store)
        undo.pop_all()
    return store


def open_existing(url: URL) -> Engine:
    """Return an engine on a database that is there; raises Conflict `store-missing`."""
    file = url.database
    if url.get_backend_name() == "sqlite" and file and not Path(file).is_file():
        raise _missing()
    return open_engine(url)


def require_head(engine: Engine) -> None:
    """Return when the database is at this version's schema; raises Conflict."""
    revision = revision_of(engine)
    if revision is None:
        raise _missing()
    if revision != HEAD:
        newer = revision > HEAD
        raise Conflict(
            "store-newer" if newer else "store-outdated",
            f"the control store has schema {revision}, this version works with {HEAD}",
            hint="install the newer version" if newer else "tagwarden db upgrade",
        )


def revision_of(engine: Engine) -> str | None:
    """Return the schema revision of a database, or None when it has none."""
    try:
        with engine.connect().execution_options(reading=True) as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    except DatabaseError as error:
        if getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in _DAMAGED:
            raise Tampered(
                "store-unreadable",
                "the control store is damaged",
                hint="tagwarden doctor, then restore it from its backup",
            ) from None
        raise
    return None if found is None else str(found)


def _anything_waits(store: Store) -> bool:
    with store.read() as connection:
        return connection.execute(text("SELECT 1 FROM outbox LIMIT 1")).first() is not None


def _missing() -> Conflict:
    return Conflict(
        "store-missing",
        "the workspace has no control store",
        hint="restore data/control.db from its backup, or check store.url",
    )
