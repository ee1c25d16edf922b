# SPDX-License-Identifier: Apache-2.0
"""A tag is a document. This module says what stands in one; what its rule means is tagging.rules.

Refuses a definition without owner, purpose, basis, explanation, lifetime or purge rule: nobody could
explain or erase what it says about a person.
"""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from audit.canon import digest
from audit.clock import DAY, HOUR
from policies.document import Strict

KEY = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*\Z")
_SPAN = re.compile(r"([1-9][0-9]{0,4})(h|d)\Z")

Regime = Literal["gdpr", "pipl_cn", "ccpa"]
Basis = Literal[
    "consent",
    "contract",
    "legal_obligation",
    "vital_interests",
    "public_task",
    "legitimate_interest",
    "notice",
]


Having = Literal["benefit", "burden"]


def _key(text: str) -> str:
    if not KEY.match(text):
        raise ValueError(
            f'"{text}" is not a key: small letters, digits and _, parts joined by dots'
        )
    return text


def _span(text: object) -> str:
    if not isinstance(text, str) or not _SPAN.match(text):
        raise ValueError(f'"{text}" is not a span of time such as 30d or 12h')
    return text


Key = Annotated[str, AfterValidator(_key)]
Span = Annotated[str, BeforeValidator(_span)]
"""A length of time: a number and d (days) or h (hours)."""


def span_micros(span: str) -> int:
    """Return a span of time in microseconds; raises ValueError for anything else."""
    found = _SPAN.match(span)
    if not found:
        raise ValueError(f"not a span: {span}")
    return int(found[1]) * (DAY if found[2] == "d" else HOUR)


class Words(Strict):
    """A text in the languages that people of this product read."""

    en: str = Field(min_length=1, max_length=400)
    zh: str = Field(min_length=1, max_length=400)

    def in_(self, language: str) -> str:
        """Return the text in a language: zh, and English for everything else."""
        return self.zh if language == "zh" else self.en


class Refresh(Strict):
    """When a tag is computed again: at least this often, and on these types of event."""

    every: Span = "1d"
    on: tuple[str, ...] = ()


class Tag(Strict):
    """What the owner of a tag states about it."""

    api_version: Literal["tagwarden/v1"] = Field(alias="apiVersion")
    kind: Literal["Tag"]
    key: Key
    name: Words
    says: Words
    owner: str = Field(min_length=1, max_length=80)
    dimension: Literal["basic", "behaviour", "interest", "consumption", "social", "credit"]
    derivation: Literal["declared", "observed", "inferred"]
    sources: tuple[str, ...] = Field(min_length=1)
    asserts: tuple[str, ...] = Field(min_length=1)
    purposes: tuple[Key, ...] = Field(min_length=1)
    basis: dict[Regime, Basis] = Field(min_length=1)
    effect: Literal["none", "legal_or_similarly_significant"] = "none"
    recipients: str | tuple[str, ...] = "none"
    ttl: Span
    refresh: Refresh = Refresh()
    value: str = Field(min_length=1, max_length=4000)
    labels: dict[str, Words] = Field(default_factory=dict)
    thresholds: Literal["public", "withheld"] = "public"
    having: Having | dict[str, Having] | None = Field(
        default=None,
        description="whether it is good for a person to have it: for all values, or value by value",
    )
    purge_on_withdrawal: Literal["immediately"]

    def direction(self) -> dict[str, bool]:
        """Return for each value whether having it is good for a person; `*` stands for every value.

        Empty when the document does not say.
        """
        said = {"*": self.having} if isinstance(self.having, str) else self.having or {}
        return {value: having == "benefit" for value, having in said.items()}

    @model_validator(mode="after")
    def _lives_as_long_as_it_is_fresh(self) -> Self:
        if span_micros(self.refresh.every) > span_micros(self.ttl):
            raise ValueError("a tag must be refreshed (refresh.every) at least once in its ttl")
        return self


class Feature(Strict):
    """A named measure that many tags use; one per meaning."""

    api_version: Literal["tagwarden/v1"] = Field(alias="apiVersion")
    kind: Literal["Feature"]
    key: Key
    name: Words
    owner: str = Field(min_length=1, max_length=80)
    sources: tuple[str, ...] = Field(min_length=1)
    value: str = Field(min_length=1, max_length=4000)


_COSMETIC = ("name", "says", "owner", "labels")


def full_digest(document: Tag | Feature) -> str:
    """Return the digest of everything that stands in the document."""
    return digest(_plain(document))


def meaning_digest(document: Tag | Feature) -> str:
    """Return the digest of what changes the meaning: all but names, sentences and the owner."""
    plain = _plain(document)
    return digest({key: value for key, value in plain.items() if key not in _COSMETIC})


def _plain(document: Tag | Feature) -> dict[str, object]:
    """Return what stands in the document; a direction that is not stated is not part of it."""
    plain: dict[str, object] = document.model_dump(mode="json", by_alias=True)
    if plain.get("having") is None:
        plain.pop("having", None)
    return plain
