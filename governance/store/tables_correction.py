# SPDX-License-Identifier: Apache-2.0
"""The rows of what people corrected, beside those of `governance.store.tables`."""

from sqlmodel import Field, SQLModel

from governance.store.columns import CLUSTERED, big


class Correction(SQLModel, table=True):
    """An attribute that a person corrected, completed or had deleted: imports leave it alone."""

    __table_args__ = (CLUSTERED,)

    subject_id: int = Field(sa_column=big(primary=True))
    attribute: str = Field(primary_key=True)
    kind: str
    refused: str
    """What stands for the value that the source had, under the person's own key (governance.corrections)."""
    at: int = Field(sa_column=big())
