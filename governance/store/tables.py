# SPDX-License-Identifier: Apache-2.0
"""The rows of the control store. They never leave `governance.store`'s callers as domain objects.

Conventions: instants are int64 microseconds UTC; documents are canonical JSON text; `subject_id` is
the dense integer of a person (never reused), identities are not here at all (see governance.vault).
Every table that can hold something about a person is entered in `governance.registry`.
"""

from sqlalchemy import Column, Index, LargeBinary, Text, text
from sqlalchemy import false as sa_false
from sqlmodel import Field, SQLModel

from governance.store import (
    tables_audit,
    tables_budget,
    tables_correction,
    tables_erasure,
    tables_hold,
    tables_identity,
    tables_rights,
)
from governance.store.columns import CLUSTERED, METADATA, big

__all__ = [
    "METADATA",
    "tables_audit",
    "tables_budget",
    "tables_correction",
    "tables_erasure",
    "tables_hold",
    "tables_identity",
    "tables_rights",
]


class Purpose(SQLModel, table=True):
    """Why data may be used; applied from a document, never edited in place."""

    key: str = Field(primary_key=True)
    digest: str
    document: str = Field(sa_type=Text)
    applied_at: int = Field(sa_column=big())


class Assessment(SQLModel, table=True):
    """What was considered before data are used; the latest row of a key counts. Append-only."""

    __table_args__ = {"sqlite_autoincrement": True}

    id: int | None = Field(default=None, sa_column=big(primary=True, auto=True))
    key: str = Field(index=True)
    digest: str
    document: str = Field(sa_type=Text)
    applied_at: int = Field(sa_column=big())


class Overlay(SQLModel, table=True):
    """What was said about an overlay of the law: proposed, in_force, dropped, withdrawn. Append-only."""

    __table_args__ = {"sqlite_autoincrement": True}

    id: int | None = Field(default=None, sa_column=big(primary=True, auto=True))
    key: str = Field(index=True)
    digest: str
    document: str = Field(sa_type=Text)
    state: str
    applied_at: int = Field(sa_column=big())
    applied_by: str


class Definition(SQLModel, table=True):
    """One version of a tag."""

    __table_args__ = {"sqlite_autoincrement": True}

    id: int | None = Field(default=None, sa_column=big(primary=True, auto=True))
    key: str = Field(index=True)
    version: int
    state: str
    digest: str
    meaning: str
    document: str = Field(sa_type=Text)
    author: str
    applied_at: int = Field(sa_column=big())
    evaluated_at: int | None = Field(default=None, sa_column=big(null=True))
    change_set: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    """The change set that brought it."""
    successor: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    """The tag that takes the place of a deprecated one."""


class Operator(SQLModel, table=True):
    """Who may act here, in which roles, and the public key of who has one ('': none)."""

    ref: str = Field(primary_key=True)
    name: str = Field(unique=True)
    roles: str = Field(sa_type=Text)
    public_key: str = ""
    added_at: int = Field(sa_column=big())


class ChangeSet(SQLModel, table=True):
    """A frozen plan on its way: draft, in_review, approved, applied, rejected or withdrawn."""

    name: str = Field(primary_key=True)
    digest: str = Field(unique=True)
    state: str = Field(index=True)
    plan: str = Field(sa_type=Text)
    author: str
    at: int = Field(sa_column=big())
    decided_by: str = ""
    decided_at: int | None = Field(default=None, sa_column=big(null=True))
    reason: str = ""


class TagValue(SQLModel, table=True):
    """One small integer for (tag, version, value): what assignments and bitmaps are keyed by."""

    __table_args__ = (
        Index("uq_tagvalue_definition", "definition_id", "value", unique=True),
        {"sqlite_autoincrement": True},
    )

    tv: int | None = Field(default=None, sa_column=big(primary=True, auto=True))
    definition_id: int = Field(sa_column=big())
    value: str


class Feature(SQLModel, table=True):
    """A named measure over events, shared by tags."""

    key: str = Field(primary_key=True)
    digest: str
    document: str = Field(sa_type=Text)
    applied_at: int = Field(sa_column=big())


class Subject(SQLModel, table=True):
    """A person, as far as the gate must know: no identity."""

    subject_id: int = Field(sa_column=big(primary=True))
    sid: bytes = Field(sa_column=Column(LargeBinary, nullable=False, unique=True))
    regime: str
    age_class: str
    admitted_at: int = Field(sa_column=big())


class Attribute(SQLModel, table=True):
    """A kind of attribute that people have: its id in sealed blobs, its class and category."""

    __table_args__ = {"sqlite_autoincrement": True}

    id: int | None = Field(default=None, sa_column=big(primary=True, auto=True))
    key: str = Field(unique=True)
    category: str
    class_id: int


class SealedBlob(SQLModel, table=True):
    """The sealed attributes of a person, one blob per sensitivity class (security: 5.2)."""

    __table_args__ = (CLUSTERED,)

    subject_id: int = Field(sa_column=big(primary=True))
    class_id: int = Field(primary_key=True)
    cell: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    sealed_at: int = Field(sa_column=big())


class ConsentEvent(SQLModel, table=True):
    """What a person said about a purpose, and when. Append-only (a trigger says so)."""

    __table_args__ = (
        Index("ix_consentevent_subject", "subject_id", "purpose", "at"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, sa_column=big(primary=True, auto=True))
    subject_id: int = Field(sa_column=big())
    purpose: str
    state: str
    kind: str
    at: int = Field(sa_column=big())
    expires_at: int | None = Field(default=None, sa_column=big(null=True))
    notice: str = ""
    language: str = ""
    surface: str = ""
    source: str = ""
    recorded_at: int = Field(sa_column=big())


class ConsentState(SQLModel, table=True):
    """The fold of the ledger: the present state per person, purpose and kind."""

    __table_args__ = (
        Index(
            "ix_consentstate_expiry",
            "purpose",
            "kind",
            "expires_at",
            sqlite_where=text("expires_at IS NOT NULL"),
            postgresql_where=text("expires_at IS NOT NULL"),
        ),
        CLUSTERED,
    )

    subject_id: int = Field(sa_column=big(primary=True))
    purpose: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    state: str
    at: int = Field(sa_column=big())
    expires_at: int | None = Field(default=None, sa_column=big(null=True))
    event_id: int = Field(sa_column=big())


class ChoiceEvent(SQLModel, table=True):
    """An objection, a restriction, a deleted or blocked tag, personalisation off. Append-only."""

    __table_args__ = (
        Index("ix_choiceevent_subject", "subject_id", "kind", "at"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, sa_column=big(primary=True, auto=True))
    subject_id: int = Field(sa_column=big())
    kind: str
    target: str
    active: bool
    at: int = Field(sa_column=big())
    source: str = ""
    recorded_at: int = Field(sa_column=big())


class ChoiceState(SQLModel, table=True):
    """The choices in force now."""

    __table_args__ = (CLUSTERED,)

    subject_id: int = Field(sa_column=big(primary=True))
    kind: str = Field(primary_key=True)
    target: str = Field(primary_key=True)
    at: int = Field(sa_column=big())
    event_id: int = Field(sa_column=big())


class Bitmap(SQLModel, table=True):
    """A set of people as one roaring bitmap; the deltas behind it are in BitmapDelta."""

    name: str = Field(primary_key=True)
    members: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class BitmapDelta(SQLModel, table=True):
    """One person added to or taken from a bitmap since it was last written whole."""

    __table_args__ = (CLUSTERED,)

    name: str = Field(primary_key=True)
    subject_id: int = Field(sa_column=big(primary=True))
    present: bool


class Intake(SQLModel, table=True):
    """One file that came in: what it was, by which mapping, with which result."""

    id: str = Field(primary_key=True)
    kind: str
    source_digest: str = Field(index=True)
    mapping_digest: str
    label: str
    report: str = Field(sa_type=Text)
    at: int = Field(sa_column=big())


class LakePart(SQLModel, table=True):
    """One Parquet file of the event lake. A file that is not here does not exist for readers."""

    path: str = Field(primary_key=True)
    intake_id: str = Field(index=True)
    bucket: int
    row_count: int = Field(sa_column=big())
    size_bytes: int = Field(sa_column=big())
    first_ts: int = Field(sa_column=big())
    last_ts: int = Field(sa_column=big())
    columns: str = Field(sa_type=Text)


class EventColumn(SQLModel, table=True):
    """A column of events beyond the core ones, declared by a mapping."""

    name: str = Field(primary_key=True)
    type: str


class Category(SQLModel, table=True):
    """A value that a text column of events has been seen to hold (categories, brands, …)."""

    __table_args__ = (CLUSTERED,)

    column: str = Field(primary_key=True)
    value: str = Field(primary_key=True)
    row_count: int = Field(sa_column=big())


class EventTotal(SQLModel, table=True):
    """Totals of the rows that belong to nobody: they count for the shop, never for a person."""

    __table_args__ = (CLUSTERED,)

    intake_id: str = Field(primary_key=True)
    day: int = Field(sa_column=big(primary=True))
    event_type: str = Field(primary_key=True)
    row_count: int = Field(sa_column=big())
    quantity: int = Field(sa_column=big())
    amount: int = Field(sa_column=big())


class LiveEvent(SQLModel, table=True):
    """An event that came one by one and is not in the lake yet."""

    __table_args__ = (
        Index("ix_liveevent_subject", "subject_id", "ts"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, sa_column=big(primary=True, auto=True))
    subject_id: int = Field(sa_column=big())
    ts: int = Field(sa_column=big())
    dedup: int = Field(sa_column=big())
    event_type: str
    fields: str = Field(sa_type=Text)


class Run(SQLModel, table=True):
    """One evaluation: what was evaluated, over which snapshot, with which counts."""

    __table_args__ = {"sqlite_autoincrement": True}

    id: int | None = Field(default=None, sa_column=big(primary=True, auto=True))
    name: str = Field(unique=True)
    mode: str
    state: str
    as_of: int = Field(sa_column=big())
    started_at: int = Field(sa_column=big())
    finished_at: int | None = Field(default=None, sa_column=big(null=True))
    report: str = Field(sa_type=Text)


class CutPoints(SQLModel, table=True):
    """The frozen cut points of a quantile tag, as fitted by a run."""

    definition_id: int = Field(sa_column=big(primary=True))
    tier: int = Field(primary_key=True)
    run_id: int = Field(sa_column=big(primary=True))
    cuts: str = Field(sa_type=Text)


class Assignment(SQLModel, table=True):
    """One tag value on one person, from `valid_from` until `valid_to` (NULL: still)."""

    __table_args__ = (
        Index(
            "ix_assignment_lapsing",
            "tv",
            "lapses_at",
            sqlite_where=text("valid_to IS NULL AND lapses_at IS NOT NULL"),
            postgresql_where=text("valid_to IS NULL AND lapses_at IS NOT NULL"),
        ),
        CLUSTERED,
    )

    subject_id: int = Field(sa_column=big(primary=True))
    tv: int = Field(sa_column=big(primary=True))
    valid_from: int = Field(sa_column=big(primary=True))
    valid_to: int | None = Field(default=None, sa_column=big(null=True))
    lapses_at: int | None = Field(default=None, sa_column=big(null=True))
    lapse_known: bool = Field(default=False, sa_column_kwargs={"server_default": sa_false()})
    """Whether it lapses then; else it may hold longer, and is looked at again before that."""
    run_id: int = Field(sa_column=big())
    closed_by: str | None = None
    evidence: str | None = Field(default=None, sa_type=Text)


class Outbox(SQLModel, table=True):
    """Evidence entries that were committed with a change and are on their way to the log."""

    __table_args__ = {"sqlite_autoincrement": True}

    id: int | None = Field(default=None, sa_column=big(primary=True, auto=True))
    entry: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
