# SPDX-License-Identifier: Apache-2.0
"""The shape of a bias report in JSON, published as JSON Schema.

Counts are integers. Other figures are text with a fixed number of digits, so that the same counts give
the same bytes; `inf` is no upper end; null is not defined, which is not zero.
"""

from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

Figure = str | None
StatusWord = Literal["breach", "within", "insufficient"]
NamesOf = dict[str, dict[str, dict[str, str]]]
NAMES_SAY: Final = "what people call the codes of this report: by kind, code and language"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Identity(_Part):
    """What was audited, by whom, on what."""

    tag: str
    name: dict[str, str] = Field(default={}, description="what people call the tag, by language")
    version: int
    rule: str = Field(description="digest of the rule")
    outcome: str = Field(description="key or rule of the outcome; '' for none")
    owner: str
    purposes: list[str]
    basis: dict[str, str]
    since: str
    until: str
    made: str
    auditor: str
    reviewer: str
    program: str
    previous: str | None = Field(description="digest of the report before, if any")
    counts: str = Field(
        description="keyed digest of the counts, which stay in the vault; a bare one would let a "
        "reader try out the hidden numbers"
    )
    policy: dict[str, str | int]
    seed: int


class Source(_Part):
    """Where a sealed attribute comes from."""

    attribute: str
    origin: str
    basis: str
    consents: int | None
    closed: int | None = Field(
        default=None,
        description="people whose attribute may not be opened, rounded down: counted as unknown",
    )


class LeftOut(_Part):
    """People who were not counted, and why; rounded down to a multiple of k."""

    reason: str
    people: int


class VerdictOf(_Part):
    """The verdict on the tag, at the finest groups, also those that are not shown."""

    status: StatusWord
    reason: str
    people: int | None
    tagged: int | None
    reads: Literal["sample", "census"]


class Interval(_Part):
    """A figure with its interval."""

    value: Figure
    low: Figure
    high: Figure


class LastOf(_Part):
    """The newest figures of a group that were shown before, and until when people were counted."""

    at: str
    people: int
    tagged: int
    rate: Interval


class GroupOf(_Part):
    """One group. Where `hidden` is true its numbers are not shown, to protect people."""

    labels: list[str]
    hidden: bool
    status: StatusWord
    reason: str
    people: int | None = None
    tagged: int | None = None
    rate: Interval | None = None
    ratio_rest: Interval | None = None
    ratio_best: Interval | None = None
    difference: Interval | None = None
    share: Figure = None
    p_difference: Figure = None
    p_breach: Figure = None
    detectable: Figure = None
    last: LastOf | None = None


class Extremes(_Part):
    """The largest gap between groups, next to what chance alone gives."""

    difference: Figure
    by_chance: Figure
    p: Figure


class Comparison(_Part):
    """One rate over the groups of one attribute, or several crossed."""

    rate: str
    value: str
    benefit: bool
    attributes: list[str]
    status: StatusWord
    reason: str
    unknown: GroupOf | None
    groups: list[GroupOf]
    extremes: Extremes | None
    association: Figure = Field(description="Cramér's V of the whole tag; null when not shown")


class DriftOf(_Part):
    """The ratio of a group to everybody else by period."""

    attribute: str
    group: str
    periods: list[str]
    ratios: list[Interval]
    p: Figure
    jump: str


class RuleFrom(_Part):
    """The rule of the tag from a period of `drift` on."""

    period: str
    version: int
    rule: str


class LeakOf(_Part):
    """What the tag, and the whole set, say about an attribute."""

    attribute: str
    bits: Figure
    p: Figure
    over: bool
    pairs: list[dict[str, str]]
    auc: Interval | None
    auc_over: bool


class CauseOf(_Part):
    """What each condition of the rule adds to the gap of a group."""

    group: list[str]
    gap: Figure
    conditions: list[str]
    share: list[Figure]
    without: list[Figure]


class Point(_Part):
    """A threshold policy of the what-if front."""

    thresholds: list[int]
    reach: int
    correct: int
    gap: Figure
    ratio: Figure = None
    use: Literal["possible", "simulation"]


class Protection(_Part):
    """What was done so that nobody can be worked out from this report."""

    k: int
    merged: dict[str, dict[str, str]]
    numbers: int
    shown: int
    proofs: int = Field(description="pairs of tables that agree with all that is shown")
    narrowest: int | None = Field(description="smallest range that a reader is left with")


class WaivedOf(_Part):
    """A finding of this report that the shop lives with for a time."""

    finding: str
    group: str
    owner: str
    reason: str
    words: dict[str, str] = Field(description="the reason in words, by language")
    until: str


class ScoreOf(_Part):
    """Where the median of a tag whose value is a number lies: `value: above-median` is who is above."""

    median: str = Field(
        description="a value of the tag; none: half of the people or more have none. It is kept from "
        "report to report while fewer than k people lie between it and the median of the day"
    )
    ties: int = Field(
        description="people exactly there when it was drawn, not above; rounded down to a multiple of k"
    )


class BiasReport(_Part):
    """A bias report."""

    apiVersion: Literal["tagwarden/v1"]  # noqa: N815  (as in every document of the product)
    kind: Literal["BiasReport"]
    identity: Identity
    names: NamesOf = Field(default={}, description=NAMES_SAY)
    verdict: VerdictOf
    score: ScoreOf | None = Field(default=None, description="for tags whose value is a number")
    sources: list[Source]
    left_out: list[LeftOut]
    comparisons: list[Comparison]
    drift: list[DriftOf]
    rules: list[RuleFrom] = Field(
        default=[], description="there when the rule changed in these months"
    )
    leaks: list[LeakOf]
    waived: list[WaivedOf]
    causes: list[CauseOf]
    outlook: list[Point]
    limits: list[str]
    protection: Protection


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a bias report."""
    return BiasReport.model_json_schema()
