# SPDX-License-Identifier: Apache-2.0
"""The shape of a bias report of noised counts in JSON, published as JSON Schema.

Every number of people in it carries noise, may be below zero, and is a sum of the cells under `noise`; every
other figure follows from these cells. Figures are text, as in a bias report.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from audit.bias.schema import NAMES_SAY, Figure, Interval, NamesOf, StatusWord, WaivedOf


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NoisedIdentity(_Part):
    """What was audited, by whom, on what."""

    tag: str
    version: int
    rule: str = Field(description="digest of the rule")
    outcome: str = Field(description="key of the outcome; '' for none")
    owner: str
    purposes: list[str]
    basis: dict[str, str]
    since: str
    until: str = Field(description="when people were counted")
    made: str
    auditor: str
    program: str
    policy: dict[str, str | int]


class NoisedSource(_Part):
    """Where a sealed attribute comes from."""

    attribute: str
    origin: str
    basis: str


class NoisedVerdict(_Part):
    """The verdict on the tag."""

    status: StatusWord
    reason: str
    people: int
    tagged: int | None
    reads: Literal["sample", "census"]


class NoisedGroup(_Part):
    """One group: its noised numbers, how far noise moves them, and what follows."""

    labels: list[str]
    status: StatusWord
    reason: str
    people: int
    people_within: int = Field(
        description="noise moves `people` by no more, nineteen times in twenty"
    )
    tagged: int
    tagged_within: int
    rate: Interval
    ratio_rest: Interval | None = None
    ratio_best: Interval | None = Field(
        default=None, description="without interval: the best group is chosen by looking"
    )
    difference: Interval | None = None
    p_difference: Figure = None
    p_breach: Figure = None
    detectable: Figure = None


class NoisedComparison(_Part):
    """One rate over the groups of one attribute, or several crossed."""

    rate: str
    value: str
    benefit: bool
    attributes: list[str]
    status: StatusWord
    reason: str
    groups: list[NoisedGroup]
    unknown: NoisedGroup | None


class AxisOf(_Part):
    """One side of the counts; its values were written down before anybody was counted."""

    name: str
    values: list[str]


class NoiseOf(_Part):
    """What was released: the noised counts, and what they cost of the privacy budget."""

    counts: str = Field(description="name of the release")
    digest: str = Field(description="SHA-256 of the release")
    charge: str
    population: str
    purpose: str
    epsilon: str
    delta: str
    nano_rho: int = Field(description="billionths of rho (zCDP)")
    unit: Literal["subject"]
    neighbours: Literal["add_or_remove_one"]
    sensitivity: Literal[1] = Field(description="one person is in one cell")
    sigma: int = Field(description="parameter of the discrete Gaussian in each cell")
    source: str
    axes: list[AxisOf]
    cells: list[int] = Field(description="in the order of the axes, the last one running fastest")


class NoisedBiasReport(_Part):
    """A bias report of noised counts."""

    apiVersion: Literal["tagwarden/v1"]  # noqa: N815  (as in every document of the product)
    kind: Literal["NoisedBiasReport"]
    identity: NoisedIdentity
    names: NamesOf = Field(default={}, description=NAMES_SAY)
    verdict: NoisedVerdict
    sources: list[NoisedSource]
    comparisons: list[NoisedComparison]
    waived: list[WaivedOf]
    omitted: list[str] = Field(description="what a report of exact counts has and this one has not")
    limits: list[str]
    noise: NoiseOf


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the report."""
    return NoisedBiasReport.model_json_schema()
