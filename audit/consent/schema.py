# SPDX-License-Identifier: Apache-2.0
"""The shape of a consent report in JSON, published as JSON Schema.

Counts are integers; a count of people is null where it is under k, and else rounded down to a multiple
of k. Seconds are text with three digits after the point; null: there was no case. The same facts,
policy and head give the same bytes.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

People = int | None
Severity = Literal["breach", "attention", "note"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Identity(_Part):
    """What was audited, by whom, by which law and limits."""

    since: str
    until: str
    made: str
    auditor: str
    program: str
    previous: str | None = Field(description="digest of the report before, if any")
    facts: str = Field(
        description="keyed digest of the exact facts, which stay sealed; a bare one would let a reader "
        "try out the numbers that are not shown"
    )
    packs: dict[str, str]
    overlays: int
    policy: dict[str, str | int | None]


class VerdictOf(_Part):
    """The verdict: a breach; something to look at; nothing found."""

    status: Literal["breach", "attention", "clear"]
    breaches: int
    findings: int
    people: People
    assignments: People


class FindingOf(_Part):
    """One thing that was found, and the command that mends it."""

    code: str
    severity: Severity
    count: int | None = Field(description="assignments: exact; people: as all counts of people")
    about: dict[str, str]
    reason: str
    cites: list[str]
    command: str


class Lasting(_Part):
    """How long something took, in seconds."""

    median: str | None
    p95: str | None
    longest: str | None


class CoverageOf(_Part):
    """How people of one law stand to a purpose that tags in use serve, at the end of the period."""

    purpose: str
    regime: str
    needs: list[str] = Field(
        description="kinds of consent of which one is needed; none: no consent"
    )
    barred_by: str
    bases: list[str]
    tags: int
    people: People
    covered: People
    stopped: People
    withdrawn: People
    refused: People
    expired: People
    never: People


class StaleOf(_Part):
    """Consents to a purpose that stand, by what is wrong with them."""

    purpose: str
    given: People
    expired: People
    too_old: People
    old_notice: People
    no_notice: People
    notices: list[str]


class EffectOf(_Part):
    """One way of saying no: how often, and how fast it took effect."""

    stop: str
    at_once: bool
    entries: People
    recorded: Lasting
    rested: int | None
    ended: Lasting
    late: int
    recorded_late: int
    standing: int | None


class SignalsOf(_Part):
    """Opt-outs of sale and sharing that came in the period."""

    signals: People
    asked: People
    taken_back: People
    broken: int
    conflicts: People


class MinorsOf(_Part):
    """People under 18 of one law and age band."""

    regime: str
    band: str
    people: People
    needing: People
    guardian: People
    alone: People


class ConsentReport(_Part):
    """A consent report."""

    apiVersion: Literal["tagwarden/v1"]  # noqa: N815  (as in every document of the product)
    kind: Literal["ConsentReport"]
    identity: Identity
    verdict: VerdictOf
    findings: list[FindingOf]
    coverage: list[CoverageOf]
    stale: list[StaleOf]
    effects: list[EffectOf]
    signals: SignalsOf
    minors: list[MinorsOf]
    ages: dict[str, People] = Field(
        description="unknown: treated as adults; outgrown: adults with a guardian's consent"
    )
    not_judged: dict[str, int]
    limits: list[str]
    k: int
    names: dict[str, dict[str, dict[str, str]]] = Field(
        description="what people read for the codes of this report, in English and Chinese"
    )
