# SPDX-License-Identifier: Apache-2.0
"""The shape of a package in JSON, published as JSON Schema: `tagwarden policy schema access`."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Controller(_Part):
    """Who answers for the data."""

    name: str
    contact: str
    officer: str


class PurposeOf(_Part):
    """A purpose for which data of people may be used here."""

    key: str
    name: str
    says: str
    kept: str
    recipients: list[str]


class Withheld(_Part):
    """A place of which there is no copy in the package, and why."""

    place: str
    holds: str
    why: str


class Head(_Part):
    """What stands before the sections."""

    apiVersion: Literal["tagwarden/v1"]  # noqa: N815  (as in every document of the product)
    kind: Literal["AccessPackage", "PortablePackage"]
    language: Literal["en", "zh"]
    made: str = Field(description="ISO 8601, UTC")
    controller: Controller
    law: str
    rights: list[str]
    complain: str
    purposes: list[PurposeOf]
    withheld: list[Withheld]


class FieldOf(_Part):
    """A field of the records of a section: its key in them, and what it is called."""

    code: str
    title: str


class SectionOf(_Part):
    """Records of one kind."""

    code: str
    place: str
    title: str
    note: str
    fields: list[FieldOf]
    records: list[dict[str, str | int | float | bool | list[str] | None]]


class AccessPackage(Head):
    """Everything that is stored about one person."""

    sections: list[SectionOf]
    counts: dict[str, int] = Field(description="place → records in the package")
