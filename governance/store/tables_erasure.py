# SPDX-License-Identifier: Apache-2.0
"""Tables of erasures: how far each has come, and until when ledgers of erased people are kept."""

from sqlalchemy import Column, Index, LargeBinary, Text, text
from sqlalchemy import false as sa_false
from sqlmodel import Field, SQLModel

from governance.store.columns import CLUSTERED, big


def _blob() -> Column[bytes]:
    return Column(LargeBinary, nullable=True)


class Erasure(SQLModel, table=True):
    """One erasure on its way (security 5.6). What could find the person is NULL when it is closed."""

    __table_args__ = (Index("ix_erasure_subject", "subject_id"),)

    ref: str = Field(primary_key=True)
    """The number of the request, as the person was told."""
    subject_id: int | None = Field(default=None, sa_column=big(null=True))
    scope: str
    target: str = ""
    step: int = Field(index=True)
    restricted: bool = Field(default=False, sa_column_kwargs={"server_default": sa_false()})
    """Whether this erasure restricted the person: a cancellation then lifts it."""
    suppress: bytes | None = Field(default=None, sa_column=_blob())
    """Keyed tags of the identities, 16 bytes each: who is erased is not admitted again."""
    traces: bytes | None = Field(default=None, sa_column=_blob())
    """What the checker looks for, so written that the row itself is not found."""
    begun_at: int = Field(sa_column=big())
    grace_until: int = Field(sa_column=big())
    committed_at: int | None = Field(default=None, sa_column=big(null=True))
    closed_at: int | None = Field(default=None, sa_column=big(null=True))
    counts: str = Field(
        default="{}", sa_type=Text, sa_column_kwargs={"server_default": text("'{}'")}
    )
    """Place -> rows, as they stood when the erasure was committed."""
    keys: str = Field(default="[]", sa_type=Text, sa_column_kwargs={"server_default": text("'[]'")})
    """Digests of the data keys that were destroyed."""
    held: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": text("''")})
    """What a hold keeps of the person, from the commitment on; '' when nothing is kept."""
    body: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": text("''")})
    """What the certificate says."""
    certificate: bytes | None = Field(default=None, sa_column=_blob())


class KeptProof(SQLModel, table=True):
    """A bare number whose ledgers are kept after the erasure, and until when."""

    __table_args__ = (CLUSTERED,)

    subject_id: int = Field(sa_column=big(primary=True))
    until: int = Field(sa_column=big())
    due: bool = Field(default=False, sa_column_kwargs={"server_default": sa_false()})
    """Set by the sweep that deletes the ledgers: else their triggers refuse it."""
