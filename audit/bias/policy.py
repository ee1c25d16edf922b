# SPDX-License-Identifier: Apache-2.0
"""What a shop holds its tags to, as a document: no threshold stands in code, and none is a default.

No law that we know names a number for tags. 0.8 is a rule of thumb for hiring in the United States
(29 CFR 1607.4); who takes it, takes it in the document, under their own name.
"""

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from audit import canon

Share = Annotated[Decimal, Field(ge=0, le=1, max_digits=9)]
Level = Annotated[Decimal, Field(gt=0, lt=1, max_digits=9)]
Rate = Literal["selection", "tpr", "fpr", "precision", "for"]
Consequence = Literal["warn", "suspend"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class ImpactRatio(_Part):
    """How far the rate of a group may stand from that of others."""

    floor: Level = Field(description="smallest ratio within the policy")
    against: Literal["best", "rest"] = Field(description="the best group, or everybody else")


class Unknown(_Part):
    """How many may be without the attribute before a verdict says nothing."""

    max_share: Share


class Excused(_Part):
    """A difference of price that is meant: who is treated otherwise, and why."""

    code: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    reason: str = Field(min_length=8)
    owner: str
    until: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$", description="last day, UTC")


class Names(_Part):
    """What people call something, in both languages."""

    en: str = Field(min_length=1)
    zh: str = Field(min_length=1)


class Counted(_Part):
    """A share of events, such as coupons refused among those presented: conditions over one event."""

    code: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    name: Names
    of: str = Field(min_length=1, description="which of them count, as a condition of a rule")
    among: str = Field(min_length=1, description="of which events, as a condition of a rule")
    harm: Literal["high", "low"] = Field(description="on which side a difference harms")
    stratum: list[str] = Field(min_length=1)
    tolerance: Share


class Price(_Part):
    """What is like for like, and how much two prices of it may differ."""

    stratum: list[str] = Field(min_length=1)
    tolerance: Share
    discount: list[str] = Field(
        default=[], description="columns of a purchase with what was taken off its price"
    )
    shares: list[Counted] = []
    claim: str = Field(default="", description="column in which a line names its exception")
    exceptions: list[Excused] = []

    @model_validator(mode="after")
    def _whole(self) -> "Price":
        if self.exceptions and not self.claim:
            raise ValueError(
                "exceptions need claim: the column in which a line names its exception"
            )
        for name, codes in (
            ("shares", ["price", "discount", *(one.code for one in self.shares)]),
            ("exceptions", [one.code for one in self.exceptions]),
        ):
            if len(set(codes)) != len(codes):
                raise ValueError(f"{name} names one code twice, or one of ours")
        return self


class Leak(_Part):
    """How much tags may say about a sealed attribute."""

    tag_bits: Share
    pair_bits: Share
    auc: Level
    folds: int = Field(ge=2, le=20)


class Drift(_Part):
    """How many periods are compared, at the most."""

    periods: int = Field(ge=2, le=120)


class Opening(_Part):
    """Under which purpose, and on which basis by regime, the attributes to compare by are opened."""

    purpose: str = Field(pattern=r"^[a-z][a-z0-9_.]*$")
    basis: dict[str, str] = Field(min_length=1)


class Release(_Part):
    """What a report may show."""

    k: int = Field(ge=2, le=1000, description="fewest people behind a number")


class Which(_Part):
    """Tags that a duty is about: all that fit every list that is given; no list means every tag."""

    effect: list[Literal["none", "legal_or_similarly_significant"]] = []
    dimension: list[
        Literal["basic", "behaviour", "interest", "consumption", "social", "credit"]
    ] = []
    having: list[Literal["benefit", "burden"]] = []
    purposes: list[str] = []


class Duty(_Part):
    """Which tags must be audited, how old the last audit may be, and what follows where it is not so."""

    tags: Which = Field(description="all must fit: effect, dimension, having, purposes")
    within: str = Field(pattern=r"^[1-9]\d{0,3}[dh]$", description="such as 90d, 12h")
    overdue: Consequence = Field(description="when the audit of a version is missing or too old")
    breach: Consequence = Field(description="while a finding on the tag is open and not waived")


class Waivers(_Part):
    """How long a finding may be lived with before somebody must say so again."""

    longest: str = Field(pattern=r"^[1-9]\d{0,3}[dh]$", description="such as 180d")


class FairnessPolicy(_Part):
    """The limits that tags are audited against."""

    apiVersion: Literal["tagwarden/v1"]  # noqa: N815  (as in every document of the product)
    kind: Literal["FairnessPolicy"]
    key: str = Field(pattern=r"^[a-z][a-z0-9_.-]*$")
    version: int = Field(ge=1)
    attributes: list[str] = Field(min_length=1)
    orders: dict[str, list[str]] = Field(
        default={}, description="values of an attribute that stand in an order, such as bands"
    )
    names: dict[str, Names] = Field(
        default={}, description="what people call an attribute, for the pages of reports"
    )
    opening: Opening
    intersections: int = Field(ge=1, le=4, description="how many attributes are crossed")
    rates: list[Rate] = Field(min_length=1)
    reads: Literal["sample", "census"] = Field(
        description="whether the verdict speaks of tomorrow's people or of those counted"
    )
    impact_ratio: ImpactRatio
    alpha: Level
    power: Level
    family: Literal["holm"]
    across_tags: Literal["bh"]
    n_min: int = Field(ge=2)
    n_pos_min: int = Field(ge=1, description="people expected to have the tag at the rate of all")
    exclude_share_below: Share
    unknown: Unknown
    price: Price
    leak: Leak
    drift: Drift
    release: Release
    proxies: Literal["forbidden"]
    group_thresholds: Literal["simulate_only"]
    seed: int = Field(ge=0)
    draws: int = Field(ge=100, le=100_000)
    audits: list[Duty] = Field(
        default=[], description="which tags must be audited, once the policy is applied"
    )
    waivers: Waivers | None = Field(
        default=None, description="not stated: a waiver is as long as whoever gives it says"
    )

    @model_validator(mode="after")
    def _once(self) -> "FairnessPolicy":
        for name in ("attributes", "rates"):
            if len(set(getattr(self, name))) != len(getattr(self, name)):
                raise ValueError(f"{name} names one thing twice")
        return self

    def document(self) -> dict[str, Any]:
        """Return the policy as plain data; numbers with a point are text, so that digests agree.

        Names, duties and waivers that are not stated are no part of it: no report is judged by them.
        """
        unstated = {name for name in ("names", "audits", "waivers") if not getattr(self, name)}
        return self.model_dump(mode="json", exclude=unstated)

    def digest(self) -> str:
        """Return the SHA-256 of the canonical document."""
        return canon.digest(self.document())


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the document."""
    return FairnessPolicy.model_json_schema()
