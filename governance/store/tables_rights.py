# SPDX-License-Identifier: Apache-2.0
"""The rows of rights requests (see `governance.requests`), and the calendars that they are counted on.

Days are written YYYY-MM-DD.
"""

from typing import Any

from sqlalchemy import Column, Index, LargeBinary, Text, text
from sqlmodel import Field, SQLModel

from governance.store.columns import big


def _empty() -> Any:
    return Field(default="", sa_column_kwargs={"server_default": text("''")})


_ACTIVE = "state IN ('open', 'in_review', 'executing')"


class Request(SQLModel, table=True):
    """What somebody asked for, and where it stands. Of the active ones, a person has one of a kind."""

    __table_args__ = (
        Index(
            "uq_request_active",
            "subject_id",
            "kind",
            "target",
            unique=True,
            sqlite_where=text(_ACTIVE),
            postgresql_where=text(_ACTIVE),
        ),
    )

    ref: str = Field(primary_key=True)
    once: bytes | None = Field(
        default=None, sa_column=Column(LargeBinary, nullable=True, unique=True)
    )
    """Keyed digest of the key that makes opening it idempotent."""
    subject_id: int | None = Field(default=None, sa_column=big(null=True))
    """NULL: nobody here, or erased since."""
    regime: str
    kind: str
    target: str = _empty()
    requester: str
    mandate: str = _empty()
    channel: str = _empty()
    state: str = Field(index=True)
    since: int = Field(sa_column=big())
    code: str = _empty()
    """Ground of a refusal, or the request that this one repeats."""
    known: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    received_at: int = Field(sa_column=big())
    received_on: str
    clock: str
    due: str
    extended_due: str = _empty()
    ack_due: str = _empty()
    estimated: bool
    asked_on: str = _empty()
    """Day on which proof of identity was asked for."""
    extension: str = _empty()
    hold: str = _empty()
    hold_until: str = _empty()
    waiting: str = _empty()
    """For whom outside it waits (a code of policies.rights), and for what of theirs."""
    awaited: str = _empty()
    waiting_since: str = _empty()
    waiting_until: str = _empty()
    said: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    """What the person said, sealed."""
    submitted_by: str = _empty()
    decided_by: str = _empty()
    preview: str = _empty()
    """Digest of the preview that was approved."""
    ended_at: int | None = Field(default=None, sa_column=big(null=True))


class RequestEvent(SQLModel, table=True):
    """A step of a request. Append-only."""

    __table_args__ = (
        Index("ix_requestevent_ref", "ref", "id"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, sa_column=big(primary=True, auto=True))
    ref: str
    step: str
    state: str
    code: str = _empty()
    at: int = Field(sa_column=big())
    operator: str
    letter: str = _empty()
    """Of a notice: the text that was given. It names nobody."""


class CalendarYear(SQLModel, table=True):
    """The days off of a year as the operator gave them; the latest row of a year counts. Append-only."""

    __table_args__ = {"sqlite_autoincrement": True}

    id: int | None = Field(default=None, sa_column=big(primary=True, auto=True))
    calendar: str
    year: int
    digest: str
    document: str = Field(sa_type=Text)
    applied_at: int = Field(sa_column=big())
    applied_by: str
