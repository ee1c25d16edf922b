# SPDX-License-Identifier: Apache-2.0
"""The rows of audits: reports as they were given, and the counts behind them, sealed."""

from sqlalchemy import Column, LargeBinary, Text
from sqlmodel import Field, SQLModel

from governance.store.columns import big


class AuditReport(SQLModel, table=True):
    """A report that was made: what it says, its digest, and what the next one must know. Append-only."""

    __table_args__ = {"sqlite_autoincrement": True}

    id: int | None = Field(default=None, sa_column=big(primary=True, auto=True))
    name: str = Field(unique=True)
    kind: str
    about: str = Field(index=True)
    """The key of the tag; for leaks the attribute."""
    version: int
    status: str
    document: str = Field(sa_type=Text)
    digest: str
    policy: str = Field(sa_type=Text)
    """The limits that it was judged by."""
    counts: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    """The counts, and which of them the report shows; sealed with a key of the ring."""
    at: int = Field(sa_column=big())
