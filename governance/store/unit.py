# SPDX-License-Identifier: Apache-2.0
"""One unit of work is one transaction: the change and its evidence, or neither.

`Store.write()` begins a writing transaction at once, so that what is read inside is what is
changed; `Store.read()` gives a consistent snapshot. Evidence entries go to the outbox in the same
transaction; `governance.evidence` carries them to the log after the commit.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from audit.errors import Conflict


@dataclass(slots=True)
class Unit:
    """A transaction in progress."""

    connection: Connection
    _entries: list[bytes] = field(default_factory=list)

    def log(self, entry: bytes) -> None:
        """Commit an evidence entry (canonical bytes, made by governance.evidence) with this change."""
        self.connection.execute(text("INSERT INTO outbox (entry) VALUES (:e)"), {"e": entry})
        self._entries.append(entry)

    @property
    def logged(self) -> bool:
        """Whether this unit has left evidence."""
        return bool(self._entries)


@dataclass(slots=True)
class Store:
    """The control database of a workspace."""

    engine: Engine
    after_commit: Callable[[], None] = lambda: None

    @contextmanager
    def write(self) -> Iterator[Unit]:
        """Give a writing transaction; commits at the end, rolls everything back on any error.

        Raises Conflict `workspace-busy` when another process holds the database too long, and
        `disk-full` when there is no room.
        """
        with _conflicts(), self.engine.begin() as connection:
            unit = Unit(connection)
            yield unit
        if unit.logged:
            self.after_commit()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a reading transaction: one snapshot from its first statement to its end."""
        with self.engine.connect() as plain:
            connection = plain.execution_options(reading=True)
            yield connection

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


@contextmanager
def _conflicts() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        cause = error.orig
        code = (
            cause.sqlite_errorcode & 0xFF if isinstance(cause, sqlite3.OperationalError) else None
        )
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
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
        raise
