# SPDX-License-Identifier: Apache-2.0
"""What the tables of the control store share: the metadata, and the types of their columns."""

from sqlalchemy import BigInteger, Column, Integer, MetaData
from sqlmodel import SQLModel

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
METADATA: MetaData = SQLModel.metadata

BIG = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows only in INTEGER columns
CLUSTERED = {"sqlite_with_rowid": False}


def big(*, primary: bool = False, auto: bool = False, null: bool = False) -> Column[int]:
    """Return a column of 64-bit integers."""
    return Column(BIG, primary_key=primary, autoincrement=auto, nullable=null)
