# SPDX-License-Identifier: Apache-2.0
"""Records of what people asked for, and of what others were told about them, that are past their time."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from audit.clock import Micros
from governance.identity import challenges
from governance.requests import keeping
from governance.store.unit import Unit

if TYPE_CHECKING:
    from governance.workspace import Workspace

Log = Callable[[Unit], None]
"""Notes what is taken, in the transaction that ends the taking."""


def take_requests(ws: "Workspace", _before: Micros, log: Log) -> None:
    """Remove the requests whose time is over."""
    with ws.store.write() as unit:
        keeping.remove(ws, unit, keeping.due_for_removal(ws, unit.connection))
        log(unit)


def unasked_before(ws: "Workspace", _connection: Connection) -> Micros:
    """Return before when a record that belongs to no request was settled, so that its time is over."""
    return keeping.kept_from(ws)


def count_unasked(_ws: "Workspace", connection: Connection, before: Micros) -> int:
    """Return how many such records there are, by their numbers."""
    return len(keeping.unasked(connection, before))


def take_unasked(ws: "Workspace", before: Micros, log: Log) -> None:
    """Remove them."""
    with ws.store.write() as unit:
        keeping.remove_unasked(unit, keeping.unasked(unit.connection, before))
        log(unit)


def messages_before(ws: "Workspace", _connection: Connection) -> Micros:
    """Return before when the time of a proof of identity ended, so that it and its letter go."""
    return Micros(ws.clock.now() - challenges.KEPT)


def count_messages(_ws: "Workspace", connection: Connection, before: Micros) -> int:
    """Return how many such proofs there are."""
    return len(challenges.past(connection, before))


def take_messages(ws: "Workspace", before: Micros, log: Log) -> None:
    """Remove them, with their letters; raises Conflict `letters-unreachable`."""
    with ws.store.write() as unit:
        challenges.forget(ws, unit, challenges.past(unit.connection, before))
        log(unit)
