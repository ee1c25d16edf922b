# SPDX-License-Identifier: Apache-2.0
"""A request as it is kept, and its steps."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, text

from audit.clock import Micros
from audit.errors import NotFound
from governance.requests.machine import ENDS, Standing, State
from policies.rights import rights

REF: Final = "rq"


@dataclass(frozen=True, slots=True)
class Outside:
    """For whom outside a request waits and for what (codes of `policies.rights`), since and until when."""

    whom: str
    what: str
    since: date
    until: date


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asked for, and where it stands."""

    ref: str
    subject_id: int | None
    regime: str
    kind: str
    target: str
    requester: str
    mandate: str
    channel: str
    state: State
    since: Micros
    code: str
    known: int
    received_at: Micros
    received_on: date
    clock: str
    due: date
    extended_due: date | None
    ack_due: date | None
    estimated: bool
    asked_on: date | None
    extension: str
    hold: str
    hold_until: date | None
    waiting: str
    """For whom outside it waits; '' when it does not."""
    awaited: str
    waiting_since: date | None
    waiting_until: date | None
    submitted_by: str
    decided_by: str
    preview: str
    ended_at: Micros | None
    said: bytes | None = field(default=None, repr=False)

    @property
    def standing(self) -> Standing:
        """Where it stands, as far as steps depend on it."""
        kind = rights().kinds[self.kind]
        return Standing(
            state=self.state,
            needs=kind.level,
            reviewed=kind.review,
            known=self.known,
            extended=bool(self.extension),
            held=bool(self.hold),
            waiting=bool(self.waiting),
        )

    @property
    def outside(self) -> Outside | None:
        """For whom outside it waits; None when it does not."""
        if not self.waiting or self.waiting_since is None or self.waiting_until is None:
            return None
        return Outside(self.waiting, self.awaited, self.waiting_since, self.waiting_until)

    @property
    def deadline(self) -> date:
        """The last day that is in time, extension and all."""
        return self.extended_due if self.extension and self.extended_due else self.due

    @property
    def ended(self) -> bool:
        """Whether nothing can happen to it any more."""
        return self.state in ENDS


@dataclass(frozen=True, slots=True)
class Stepped:
    """A step of a request, as it was recorded."""

    step: str
    state: str
    code: str
    at: Micros
    operator: str
    letter: str = ""


_COLUMNS: Final = (
    "ref, subject_id, regime, kind, target, requester, mandate, channel, state, since, code, known, "
    "received_at, received_on, clock, due, extended_due, ack_due, estimated, asked_on, extension, "
    "hold, hold_until, waiting, awaited, waiting_since, waiting_until, submitted_by, decided_by, "
    "preview, ended_at, said"
)
_DAYS: Final = (
    "received_on",
    "due",
    "extended_due",
    "ack_due",
    "asked_on",
    "hold_until",
    "waiting_since",
    "waiting_until",
)
NOT_WAITING: Final[Mapping[str, str]] = {
    "waiting": "",
    "awaited": "",
    "waiting_since": "",
    "waiting_until": "",
}
"""What is written when a request does not wait for anybody outside."""


def load(connection: Connection, ref: str) -> Request:
    """Return a request; raises NotFound `unknown-request`."""
    found = select(connection, "ref = :r", r=ref)
    if not found:
        raise NotFound(
            "unknown-request", "there is no request of that name", hint="tagwarden request list"
        )
    return found[0]


def select(connection: Connection, where: str = "", **values: object) -> list[Request]:
    """Return the requests for which a condition over the columns holds, the nearest deadline first."""
    query = f"SELECT {_COLUMNS} FROM request {f'WHERE {where}' if where else ''}"
    rows = connection.execute(text(f"{query} ORDER BY due, received_at, ref"), values)
    return [_request(row) for row in rows.mappings()]


def steps(connection: Connection, ref: str) -> list[Stepped]:
    """Return the steps of a request in their order."""
    rows = connection.execute(
        text(
            "SELECT step, state, code, at, operator, letter FROM requestevent "
            "WHERE ref = :r ORDER BY id"
        ),
        {"r": ref},
    )
    return [Stepped(*row) for row in rows]


def insert(connection: Connection, values: Mapping[str, object]) -> None:
    """Write a new request."""
    names = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    connection.execute(text(f"INSERT INTO request ({names}) VALUES ({marks})"), dict(values))


def update(connection: Connection, ref: str, values: Mapping[str, object]) -> None:
    """Write what has changed in a request."""
    sets = ", ".join(f"{name} = :{name}" for name in values)
    connection.execute(text(f"UPDATE request SET {sets} WHERE ref = :ref"), {**values, "ref": ref})


def row_of(ref: str) -> bytes:
    """Return the 16 bytes that stand for a request where something is sealed to it."""
    return ref.removeprefix(f"{REF}-").encode("ascii")


def _request(row: RowMapping) -> Request:
    values: dict[str, Any] = {str(name): value for name, value in row.items()}
    for name in _DAYS:
        values[name] = date.fromisoformat(values[name]) if values[name] else None
    values["state"] = State(values["state"])
    values["estimated"] = bool(values["estimated"])
    return Request(**values)
