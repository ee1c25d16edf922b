# SPDX-License-Identifier: Apache-2.0
"""A segmentation is a document: which measures, within which public bounds, for which purpose, at what cost.

Bounds, scales and fill values are written before anybody looks at the data; so is the number of people
by which the estimate goes.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import Field

from audit.errors import Problems
from policies.document import Document, Strict, nearest
from tagging.document import Basis, Key, Regime, Tag, Words
from tagging.rules.parse import Scope, parse_rule
from tagging.rules.tree import Named, Node, Segment, TagRef, Tier, walk
from tagging.segmentation.contract import LEARNED, FeatureBounds, FeatureContract

_NUMBERS = ("int", "dec", "real")


class Measured(Strict):
    """One feature of a segmentation: a feature of the catalogue, or a rule of its own."""

    feature: Key | None = None
    """Key of a feature of the catalogue."""
    name: Words | None = None
    """What people call it; a feature of the catalogue has a name already."""
    value: str | None = Field(default=None, max_length=4000)
    lower: float
    upper: float
    fill: float
    scale: Literal["linear", "log"] = "linear"


class Cost(Strict):
    """What the release may say about anybody."""

    epsilon: float = Field(gt=0)
    delta: float = 1e-6


class Asked(Strict):
    """What every document that learns from people says: whose, for what, on which ground, from which measures."""

    api_version: Literal["tagwarden/v1"] = Field(alias="apiVersion")
    key: Key
    name: Words
    owner: str = Field(min_length=1, max_length=80)
    purpose: Key
    basis: dict[Regime, Basis] = Field(min_length=1)
    sources: tuple[str, ...] = Field(min_length=1)
    asserts: tuple[str, ...] = ("user.demographic.profile",)
    population: str = "all"
    features: tuple[Measured, ...] = Field(min_length=1, max_length=128)

    def tag_of(self, says: Words, value: str) -> Tag:
        """Return the tag by which the gate judges from whom may be learned."""
        return Tag.model_validate(
            {
                "apiVersion": self.api_version,
                "kind": "Tag",
                "key": self.key,
                "name": self.name,
                "says": says,
                "owner": self.owner,
                "dimension": "behaviour",
                "derivation": "inferred",
                "sources": self.sources,
                "asserts": self.asserts,
                "purposes": (self.purpose,),
                "basis": self.basis,
                "ttl": "30d",
                "value": value,
                "purge_on_withdrawal": "immediately",
            }
        )


class Density(Strict):
    """What DBSCAN is told beforehand."""

    eps: float = Field(gt=0)
    """The smallest distance of interest, in the box where each feature runs from -1 to 1."""


class Segmentation(Asked):
    """What an analyst asks for: a release for a number of segments, or for DBSCAN on few features."""

    kind: Literal["Segmentation"]
    budget: Cost
    rows: int = Field(ge=1, le=10**10)
    """About how many people: a figure that the shop would publish, or that of an earlier release."""
    segments: int | None = Field(default=None, ge=2, le=64)
    """How many segments are wanted; any other number can be fitted too."""
    dbscan: Density | None = None
    """In place of `segments`: every cell of a grid of that distance is counted."""

    def tag(self) -> Tag:
        """Return the tag by which the gate judges who may be in the release."""
        return self.tag_of(self.name, "segment('')")


def plain(document: Asked) -> dict[str, Any]:
    """Return the document without floats, for digests and records."""
    found: dict[str, Any] = texts_of(document.model_dump(mode="json", by_alias=True))
    for name in ("segments", "dbscan"):  # the way that was not asked for is no part of the request
        if name in found and found[name] is None:
            del found[name]
    return found


def texts_of(value: Any) -> Any:
    """Return plain data with its floats as texts, for what is kept in canonical form."""
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, dict):
        return {key: texts_of(item) for key, item in value.items()}
    return [texts_of(item) for item in value] if isinstance(value, list) else value


def measures_of(
    features: Sequence[Measured],
    document: Document,
    scope: Scope,
    names: Mapping[str, Words],
    problems: Problems,
) -> list[tuple[Node, Words]]:
    """Return each measure as a tree, with what people call it; notes what breaks the sensitivity claim."""
    measures = []
    for number, one in enumerate(features):
        line, column = document.place(("features", number))
        at = (line, column)
        if (one.feature is None) == (one.value is None) or (one.value and one.name is None):
            problems.add(
                "feature-named",
                "a feature is one of the catalogue (feature:), or has a value: and a name:",
                line=line,
                column=column,
            )
            continue
        node = _catalogued(one, scope, problems, at) if one.feature else None
        if one.value:
            place = document.place(("features", number, "value"))
            node = parse_rule(one.value, scope, problems, place)
        if node is None:
            continue
        for code, message, hint in _faults(node):
            problems.add(code, message, line=line, column=column, hint=hint)
        words = one.name or names.get(one.feature or "", Words(en="-", zh="-"))
        measures.append((node, words))
    return measures


def contract_of(features: Sequence[Measured]) -> FeatureContract:
    """Return the contract of some features; raises BadInput with every reason why it bounds nothing."""
    return FeatureContract(
        tuple(
            FeatureBounds(
                _short(one, number),
                float(one.lower),
                float(one.upper),
                float(one.fill),
                one.scale,
            )
            for number, one in enumerate(features)
        )
    )


def _short(one: Measured, number: int) -> str:
    return (one.feature or f"feature_{number + 1}").replace(".", "_")[:64]


def _catalogued(
    one: Measured, scope: Scope, problems: Problems, at: tuple[int, int]
) -> Node | None:
    key = one.feature or ""
    if key in scope.features:
        return Named(key, scope.features[key])
    problems.add(
        "unknown-feature",
        f'there is no feature "{key}"',
        line=at[0],
        column=at[1],
        hint=nearest(key, scope.features),
    )
    return None


def _faults(node: Node) -> list[tuple[str, str, str]]:
    """Return what is wrong with a measure: it must be a number, of one person alone."""
    hint = "use public cut points and constants instead"
    found = []
    for part in walk(node):
        if isinstance(part, Tier):
            found.append(("feature-not-local", f"tier(…): {LEARNED['quantile']}", hint))
        elif isinstance(part, Segment):
            found.append(("feature-not-local", f"segment(…): {LEARNED['segment']}", hint))
        elif isinstance(part, TagRef):
            why = "a tag may rest on what was learned from all people; count events instead"
            found.append(("feature-not-local", f'tag("{part.key}"): {why}', hint))
    if node.kind not in _NUMBERS:
        found.append(
            ("feature-not-number", "a feature is a number", "case when … then 1 else 0 end")
        )
    return found
