# SPDX-License-Identifier: Apache-2.0
"""The shape of a compliance report in JSON, published as JSON Schema."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

StatusWord = Literal["met", "not_met", "needs_a_person"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Text(_Part):
    """A text in both languages."""

    en: str
    zh: str


class LogHead(_Part):
    """The evidence log that was checked: how many entries, and their root."""

    size: int
    root: str


class Identity(_Part):
    """Which law was audited, when, by whom, against which packs."""

    regime: Literal["gdpr", "pipl_cn", "ccpa"]
    law_as_of: str
    made: str
    auditor: str
    program: str
    previous: str | None = Field(description="digest of the report before on the same law")
    packs: list[int] = Field(description="places in `papers`")
    log: LogHead


class Verdict(_Part):
    """The worst status, and how many rows have which."""

    status: StatusWord
    met: int
    not_met: int
    needs_a_person: int


class Heading(_Part):
    """A heading under which officers look, with the rows under it."""

    number: int
    verified: bool = Field(description="whether its number was checked against the text")
    title: Text
    status: StatusWord
    rows: list[str]


class Sentence(_Part):
    """What was found: a code, and what stands in its sentence."""

    code: str
    values: dict[str, str | int]


class Figure(_Part):
    """A number that was counted."""

    code: str
    number: int


class Acts(_Part):
    """Entries of the evidence log: how many of an act, the number and time of the newest."""

    act: str
    times: int
    entry: int
    at: str


class Evidence(_Part):
    """What shows the status of a row."""

    papers: list[int]
    figures: list[Figure]
    entries: list[Acts]
    tests: list[str]


class RowOf(_Part):
    """An obligation and its status."""

    id: str
    article: str
    verified: bool = Field(description="whether its text was checked against a source")
    severity: Literal["block", "gate", "duty", "advise"]
    when: Text
    must: Text
    status: StatusWord
    checked: Literal["all", "part", "no"] = Field(description="how much of it the program looks at")
    says: list[Sentence]
    look: Text | None = Field(description="what a person must look at")
    evidence: Evidence


class PaperOf(_Part):
    """A document that stands as evidence."""

    kind: str
    name: str
    digest: str


class ComplianceReport(_Part):
    """A compliance audit of a workspace under one regime at one instant."""

    apiVersion: Literal["tagwarden/v1"]  # noqa: N815  (the name in every document)
    kind: Literal["ComplianceReport"]
    identity: Identity
    verdict: Verdict
    headings: list[Heading]
    rows: list[RowOf]
    papers: list[PaperOf]
    words: dict[str, Text]
    limits: list[str]


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a report."""
    return ComplianceReport.model_json_schema()
