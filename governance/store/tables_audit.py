# SPDX-License-Identifier: Apache-2.0
"""The rows of audits: policies in force, reports as they were given, findings, waivers. All append-only."""

from sqlalchemy import Column, Index, LargeBinary, Text
from sqlmodel import Field, SQLModel

from governance.store.columns import big


class AuditReport(SQLModel, table=True):
    """A report that was made: what it says, its digest, and what the next one must know. Append-only."""

    __table_args__ = (
        Index("ix_auditreport_about", "about", "version", "by_policy", "at"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, sa_column=big(primary=True, auto=True))
    name: str = Field(unique=True)
    kind: str
    about: str
    """The key of the tag; for leaks the attribute."""
    version: int
    status: str
    document: str = Field(sa_type=Text)
    digest: str
    policy: str = Field(sa_type=Text)
    """The limits that it was judged by."""
    counts: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    """The counts, and which of them the report shows; sealed with a key of the ring."""
    by_policy: str = ""
    """Digest of the applied policy, where a whole audit by it says how things are now; else ''."""
    at: int = Field(sa_column=big())


class Fairness(SQLModel, table=True):
    """What was said about a fairness policy: proposed, in_force. The latest that took effect counts."""

    __table_args__ = {"sqlite_autoincrement": True}

    id: int | None = Field(default=None, sa_column=big(primary=True, auto=True))
    key: str
    version: int
    digest: str
    document: str = Field(sa_type=Text)
    state: str
    applied_at: int = Field(sa_column=big())
    applied_by: str


class AuditFinding(SQLModel, table=True):
    """What a report said about a finding: open, or resolved by it. The latest row of a name counts."""

    __table_args__ = {"sqlite_autoincrement": True}

    id: int | None = Field(default=None, sa_column=big(primary=True, auto=True))
    name: str = Field(index=True)
    tag: str = Field(index=True)
    version: int
    report: str
    state: str
    what: str = Field(sa_type=Text)
    """Rate, value and group, as canonical JSON."""
    figure: str | None = None
    """The ratio of the group to the others; NULL where the report does not show it."""
    auditor: str
    at: int = Field(sa_column=big())


class AuditWaiver(SQLModel, table=True):
    """What was said about living with a finding: given, revoked, ended by an audit. The latest row counts."""

    __table_args__ = {"sqlite_autoincrement": True}

    id: int | None = Field(default=None, sa_column=big(primary=True, auto=True))
    finding: str = Field(index=True)
    state: str
    version: int
    """The version of the tag that it is for."""
    figure: str | None = None
    """The ratio when it was given: a worse one ends it."""
    owner: str
    reason: str
    until: int = Field(sa_column=big())
    note: str = Field(default="", sa_type=Text)
    at: int = Field(sa_column=big())
    given_by: str
