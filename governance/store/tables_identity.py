# SPDX-License-Identifier: Apache-2.0
"""The rows of proofs of identity (see `governance.identity`): digests of secrets, never a secret."""

from typing import Any

from sqlalchemy import Column, Index, LargeBinary, text
from sqlmodel import Field, SQLModel

from governance.store.columns import big


def _empty() -> Any:
    return Field(default="", sa_column_kwargs={"server_default": text("''")})


class Challenge(SQLModel, table=True):
    """One secret that went, or is to go, to a contact on file; or attempts that are counted.

    There is one for somebody who is not known here, too: its digests fit nothing.
    """

    __table_args__ = (
        Index("ix_challenge_ref", "ref", "purpose", "made_at"),
        Index("ix_challenge_subject", "subject_id", "made_at"),
        Index("ix_challenge_made", "made_at"),
    )

    id: str = Field(primary_key=True)
    ref: str
    subject_id: int | None = Field(default=None, sa_column=big(null=True))
    purpose: str
    """`proof`: shows who somebody is; `data`: counts what they state; `cancel`: stops an erasure."""
    contact: str = _empty()
    """Kind of the contact: email or phone; '': not chosen yet."""
    attribute: str = _empty()
    """The attribute that holds it; '': not chosen yet."""
    target: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    """Keyed digest of request and contact: tells two contacts apart, within one request only."""
    code: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    token: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    tries: int
    """Attempts that are left."""
    made_at: int = Field(sa_column=big())
    expires_at: int = Field(sa_column=big())
    waiting: bool
    """Whether a message is still to go out."""
    retry_at: int = Field(sa_column=big())
    """Not before then: somebody may be handing the message over."""
    used_at: int | None = Field(default=None, sa_column=big(null=True))
