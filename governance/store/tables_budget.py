# SPDX-License-Identifier: Apache-2.0
"""The rows of the privacy budget and of what was bought with it. Nothing here is about one person."""

from sqlalchemy import Index, Text, text
from sqlmodel import Field, SQLModel

from governance.store.columns import big


class Budget(SQLModel, table=True):
    """How much releases may say about anybody in a population, for life and within a period."""

    population: str = Field(primary_key=True)
    epsilon: str
    delta: str
    nano_rho: int = Field(sa_column=big())
    """The most for life, in billionths of rho (zCDP)."""
    period: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    """A span such as 365d, '' for none."""
    period_nano_rho: int = Field(sa_column=big())
    """The most within the last period; 0 when there is none."""
    set_at: int = Field(sa_column=big())
    set_by: str


class Charge(SQLModel, table=True):
    """One record of the ledger: a charge reserved, released or failed. Append-only, in a hash chain."""

    __table_args__ = (
        Index("ix_charge_spent", "record", "population", "at", "nano_rho"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, sa_column=big(primary=True, auto=True))
    charge: str = Field(index=True)
    record: str
    population: str
    nano_rho: int = Field(sa_column=big())
    key: str = Field(index=True)
    """What was asked for: the same request has the same key."""
    at: int = Field(sa_column=big())
    document: str = Field(sa_type=Text)
    previous: str = Field(unique=True)
    """Digest of the record before: two records never follow the same one."""
    digest: str


class Release(SQLModel, table=True):
    """What a charge bought: published numbers, and the record from which its cost can be counted."""

    name: str = Field(primary_key=True)
    charge: str = Field(unique=True)
    segmentation: str
    document: str = Field(sa_type=Text)
    """The document that asked for it."""
    artefact: str = Field(sa_type=Text)
    statement: str = Field(sa_type=Text)
    digest: str
    at: int = Field(sa_column=big())


class Fit(SQLModel, table=True):
    """Segments made of a release: a method and its parameters, and what came out."""

    name: str = Field(primary_key=True)
    release: str = Field(index=True)
    document: str = Field(sa_type=Text)
    digest: str
    at: int = Field(sa_column=big())


class Training(SQLModel, table=True):
    """A trained model: what asked for it, its parameters, what it cost, and until when it may stand."""

    name: str = Field(primary_key=True)
    key: str = Field(index=True)
    """Key of the document."""
    request: str = Field(unique=True)
    """Digest of what was asked for: the same request is trained once."""
    charge: str | None = Field(default=None, unique=True)
    """None for a method that is not private."""
    document: str = Field(sa_type=Text)
    artefact: str = Field(sa_type=Text)
    digest: str
    at: int = Field(sa_column=big())
    retrain_by: int = Field(sa_column=big())


class Trial(SQLModel, table=True):
    """How a trained model did at a later time: one table of scores and outcomes."""

    name: str = Field(primary_key=True)
    training: str = Field(unique=True)
    charge: str | None = Field(default=None, unique=True)
    artefact: str = Field(sa_type=Text)
    digest: str
    at: int = Field(sa_column=big())


class AudienceSize(SQLModel, table=True):
    """The noisy size of an audience, as it was published: the same question gets the same answer."""

    name: str = Field(primary_key=True)
    charge: str = Field(unique=True)
    question: str = Field(index=True)
    """Digest of the question, its purpose, its population and what it was asked of."""
    nano_rho: int = Field(sa_column=big())
    artefact: str = Field(sa_type=Text)
    digest: str
    at: int = Field(sa_column=big())


class NoisedCube(SQLModel, table=True):
    """The counts of an audit for bias with noise, as they were released: the same question, the same cells."""

    name: str = Field(primary_key=True)
    charge: str = Field(unique=True)
    question: str = Field(index=True)
    """Digest of tag, values and attributes, of the population, and of what it was asked of."""
    nano_rho: int = Field(sa_column=big())
    artefact: str = Field(sa_type=Text)
    digest: str
    at: int = Field(sa_column=big())
