# SPDX-License-Identifier: Apache-2.0
"""One unit of work is one transaction: the change and its evidence, or neither.

`Store.write()` begins a writing transaction at once, so that what is read inside is what is
changed; `Store.read()` gives a consistent snapshot. Evidence entries go to the outbox in the same
transaction; `governance.evidence` carries them to the log after the commit.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine, text

Seal = Callable[[Connection, Sequence[bytes]], Sequence[bytes]]
"""Returns entries as they go to the outbox: signed, where their maker has a key on record."""


@dataclass(slots=True)
class Unit:
    """A transaction in progress."""

    connection: Connection
    _seal: Seal = lambda _, entries: entries
    _entries: list[bytes] = field(default_factory=list)

    def log(self, entry: bytes) -> None:
        """Commit an evidence entry (canonical bytes, made by governance.evidence) with this change.

        Raises Refused `operator-key-missing` or another when its maker has a key that is not here.
        """
        self.log_all([entry])

    def log_all(self, entries: Sequence[bytes]) -> None:
        """Commit many entries of one maker with this change; as `log`."""
        entries = self._seal(self.connection, entries)
        if entries:
            self.connection.execute(
                text("INSERT INTO outbox (entry) VALUES (:e)"), [{"e": entry} for entry in entries]
            )
        self._entries += entries

    @property
    def logged(self) -> bool:
        """Whether this unit has left evidence."""
        return bool(self._entries)


@dataclass(slots=True)
class Store:
    """The control database of a workspace."""

    engine: Engine
    after_commit: Callable[[], None] = lambda: None
    seal: Seal = lambda _, entries: entries

    @contextmanager
    def write(self) -> Iterator[Unit]:
        """Give a writing transaction; commits at the end, rolls everything back on any error.

        Raises Conflict as the engine does.
        """
        with self.engine.begin() as connection:
            unit = Unit(connection, self.seal)
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
