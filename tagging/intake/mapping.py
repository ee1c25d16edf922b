# SPDX-License-Identifier: Apache-2.0
"""A mapping is a document that says how to read somebody's file: columns, clock, meaning of rows.

Three kinds: events, profiles (attributes of people) and consents. What they share is in
tagging.intake.parts.
"""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from policies.document import Strict
from tagging.document import Key, Regime
from tagging.intake.parts import (
    Band,
    Bounds,
    CategoryColumn,
    CategoryKey,
    ConsentKindOf,
    Constant,
    Drop,
    ExtraColumn,
    Name,
    NumberColumn,
    PriceColumn,
    RegimeOf,
    Rule,
    Source,
    StateOf,
    SubjectColumn,
    TextColumn,
    TimeColumn,
    TimeFormat,
    TypeOf,
)

EVENT_TYPES = (
    "view",
    "cart",
    "favourite",
    "purchase",
    "return",
    "cancel",
    "adjustment",
    "coupon",
    "campaign",
)
CORE = frozenset(
    [
        "subject_id",
        "ts",
        "dedup",
        "event_type",
        "item",
        "category",
        "session",
        "price",
        "quantity",
        "amount",
        "hour",
        "weekday",
    ]
)


def _duplicates(value: object) -> object:
    if isinstance(value, str) and value not in ("row", "keep"):
        raise ValueError('row, keep, or a list of columns such as ["event_id"]')
    return value


class EventMap(Strict):
    """How a file of events is read."""

    api_version: Literal["tagwarden/v1"] = Field(alias="apiVersion")
    kind: Literal["EventMap"]
    source: Source = Source()
    subject: SubjectColumn
    regime: Regime | None = None
    """Regime of people who are new. Default: the workspace's."""
    time: TimeColumn
    time_bounds: Bounds = Bounds()
    type: TypeOf
    rules: tuple[Rule, ...] = ()
    drop: tuple[Drop, ...] = ()
    item: TextColumn | None = None
    category: CategoryColumn | None = None
    session: TextColumn | None = None
    quantity: NumberColumn | None = None
    price: PriceColumn | None = None
    amount: NumberColumn | None = None
    extra: dict[Name, ExtraColumn] = Field(default_factory=dict)
    duplicates: Annotated[
        Literal["row", "keep"] | tuple[str, ...], BeforeValidator(_duplicates)
    ] = "row"

    @model_validator(mode="after")
    def _own_names(self) -> Self:
        if taken := sorted(CORE & set(self.extra)):
            raise ValueError(f'"{taken[0]}" is a column that every event has; take another name')
        if self.duplicates == ():
            raise ValueError("duplicates lists no column; say row or keep")
        return self

    def types(self) -> tuple[str, ...]:
        """Return every type of event that rows can get."""
        return tuple(dict.fromkeys((*self.type.results(), *(rule.type for rule in self.rules))))


class AttributeColumn(Strict):
    """One attribute of people: where it stands, what it is about, how sensitive it is."""

    column: str
    category: CategoryKey
    sensitivity: Literal["ordinary", "sensitive"] = Field(default="ordinary", alias="class")
    values: dict[str, str] = Field(default_factory=dict)
    """Old spelling → the value to keep; other values stay as they are."""

    @property
    def class_id(self) -> int:
        """The number of the sensitivity class in sealed blobs."""
        return 2 if self.sensitivity == "sensitive" else 1


class Age(Strict):
    """How old people are; only the band is kept, never the date of birth."""

    column: str
    means: Literal["band", "years", "birth_year", "birth_date"] = "band"
    values: dict[str, Band] = Field(default_factory=dict)
    """For bands: the file's word → ours."""
    format: TimeFormat = "auto"

    @model_validator(mode="after")
    def _bands_have_values(self) -> Self:
        if (self.means == "band") != bool(self.values):
            raise ValueError("values lists the bands of the file, and belongs to means: band")
        return self


class ProfileMap(Strict):
    """How a file of people is read: one row per person, or several that agree."""

    api_version: Literal["tagwarden/v1"] = Field(alias="apiVersion")
    kind: Literal["ProfileMap"]
    source: Source = Source()
    subject: SubjectColumn
    regime: RegimeOf | None = None
    age: Age | None = None
    attributes: dict[Key, AttributeColumn] = Field(default_factory=dict)
    contradiction: Literal["drop", "first", "last", "refuse"] = "drop"
    """What to do with an attribute for which one person has two values in the file."""


class ConsentMap(Strict):
    """How a file of what people consented to is read."""

    api_version: Literal["tagwarden/v1"] = Field(alias="apiVersion")
    kind: Literal["ConsentMap"]
    source: Source = Source()
    subject: SubjectColumn
    purpose: Constant
    state: StateOf
    consent_kind: ConsentKindOf | None = None
    """Default: what is given is ordinary; a refusal or withdrawal is about every kind."""
    time: TimeColumn
    time_bounds: Bounds = Bounds()
    expires: TimeColumn | None = None
    notice: Constant | None = None
    language: Constant | None = None
    surface: Constant | None = None


AnyMap = EventMap | ProfileMap | ConsentMap
KINDS: dict[str, type[AnyMap]] = {
    "EventMap": EventMap,
    "ProfileMap": ProfileMap,
    "ConsentMap": ConsentMap,
}
