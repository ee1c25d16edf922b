# SPDX-License-Identifier: Apache-2.0
"""The rows of what must be kept of people, and of what recipients must be told (Art. 17(3), 19 GDPR)."""

from typing import Any

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from governance.store.columns import big


def _empty() -> Any:
    return Field(default="", sa_column_kwargs={"server_default": text("''")})


class Hold(SQLModel, table=True):
    """Something of a person that must not be erased until a day, and who said so."""

    __table_args__ = (Index("ix_hold_subject", "subject_id"),)

    id: str = Field(primary_key=True)
    subject_id: int = Field(sa_column=big())
    category: str
    ground: str
    until: str
    """Its last day, YYYY-MM-DD, UTC."""
    placed_by: str
    """An operator, or '' when the law itself places it."""
    placed_at: int = Field(sa_column=big())
    confirmed_by: str = _empty()
    confirmed_at: int | None = Field(default=None, sa_column=big(null=True))
    lifted_by: str = _empty()
    lifted_at: int | None = Field(default=None, sa_column=big(null=True))


class Notification(SQLModel, table=True):
    """What one recipient must be told because of one request; the person is a reference of theirs."""

    __table_args__ = (Index("uq_notification_ref", "ref", "recipient", unique=True),)

    id: str = Field(primary_key=True)
    ref: str
    """The number of the request or erasure; or one of its own, when nobody asked in a request."""
    recipient: str
    what: str
    reference: str
    """Keyed: it names the person to this recipient and to nobody else."""
    state: str = Field(index=True)
    code: str = _empty()
    """Number of the receipt, or the ground on which telling them is impossible."""
    made_at: int = Field(sa_column=big())
    moved_at: int = Field(sa_column=big())
