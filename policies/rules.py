# SPDX-License-Identifier: Apache-2.0
"""What a policy pack is made of: conditions, rules, marks of sensitivity, duties.

A pack is data with dates in force; it is never changed in place, only superseded. Each rule carries
the articles it rests on and whether they were checked against the text (`verified`) or are from
memory (`knowledge`) and wait for a lawyer's eye. An operator's own parts (`operator`) come as an
overlay: they may be stricter freely, and laxer only with a reason.
"""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from policies.document import Strict
from policies.vocabulary import Companion, Consent, Regime, Verdict

Provenance = Literal["verified", "knowledge", "operator"]


def listed(value: Any) -> Any:
    """Return a single value as a list of one; lists and nothing stay."""
    return value if value is None or isinstance(value, list | tuple) else [value]


def _one_or_many(*types: dict[str, Any]) -> WithJsonSchema:
    one: dict[str, Any] = {"anyOf": list(types)} if len(types) > 1 else types[0]
    return WithJsonSchema({"anyOf": [one, {"type": "array", "items": one}]})


_TEXT: dict[str, Any] = {"type": "string"}
_NULL: dict[str, Any] = {"type": "null"}
_ANSWER: dict[str, Any] = {"enum": [True, False, "solely", None]}

Texts = Annotated[tuple[str, ...], BeforeValidator(listed), _one_or_many(_TEXT)]
Stated = Annotated[tuple[str | None, ...], BeforeValidator(listed), _one_or_many(_TEXT, _NULL)]
Answers = Annotated[
    tuple[bool | Literal["solely"] | None, ...], BeforeValidator(listed), _one_or_many(_ANSWER)
]


class When(Strict):
    """A condition: every part that is given must hold. A list holds when one of it does."""

    purpose: Texts | None = None
    reveals: Texts | None = None
    reveals_none_of: Texts | None = None
    age_below: int | str | None = None
    age_from: int | str | None = None
    derivation: Stated | None = None
    automated: Answers | None = None
    effect: Texts | None = None
    recipients: Texts | None = None
    recipients_none_of: Texts | None = None
    basis: Stated | None = None
    gateway: Stated | None = None
    affects: Texts | None = None
    keyword_class: Texts | None = None
    authorising_law: bool | None = None
    service_conditional: Answers | None = None
    same_goods_same_terms: Answers | None = None
    consumer_informed: Answers | None = None
    opted_out: Answers | None = None
    opt_out_signal: Answers | None = None
    limited: Answers | None = None
    admt_opted_out: Answers | None = None
    sensitive: bool | None = None
    """Whether a mark of the pack holds; asked in a mark itself, it never does."""
    on_or_after: date | None = None
    before: date | None = None
    role: Texts | None = None
    any_of: tuple["When", ...] | None = None


class Why(Strict):
    """One sentence in the languages of the packs."""

    en: str = Field(min_length=1)
    zh: str = Field(min_length=1)

    def in_(self, language: str) -> str:
        """Return the sentence in a language: zh, and English for everything else."""
        return self.zh if language == "zh" else self.en


class Then(Strict):
    """What a rule answers. `bases` are those that can carry it; none given: every one."""

    verdict: Verdict
    consent: Consent = Consent.NONE
    bases: Texts = ()
    requires: Texts = ()
    why: Why


class Rule(Strict):
    """A rule of a pack: under which condition the law answers what, by which articles."""

    id: str
    provenance: Provenance
    cites: Texts = Field(min_length=1)
    when: When = When()
    then: Then


class Sensitivity(Strict):
    """A condition under which what a tag reveals is sensitive in this regime."""

    id: str
    provenance: Provenance
    cites: Texts = Field(min_length=1)
    when: When


class Duty(Strict):
    """What must be done where the condition holds and the verdict is one of these."""

    id: str
    provenance: Provenance
    cites: Texts = Field(min_length=1)
    when: When = When()
    sensitive: bool | None = None
    verdicts: tuple[Verdict, ...] = (Verdict.ALLOWED, Verdict.NEEDS_CONSENT)
    requires: Texts = Field(min_length=1)


class CategorySet(Strict):
    """Categories of data that a regime treats alike; each stands for everything below it."""

    cites: Texts = ()
    provenance: Provenance
    categories: Texts = Field(min_length=1)
    exactly: bool = False


class AgeTable(Strict):
    """An age that differs by state."""

    provenance: Provenance
    default: int
    states: dict[str, int] = Field(default_factory=dict)


class Claim(Strict):
    """What follows when a basis is claimed that changes the answer."""

    id: str
    cites: Texts = Field(min_length=1)
    why: Why


class InForce(Strict):
    """From when on a pack is law, and until when (the first day on which it is not)."""

    start: date = Field(alias="from")
    end: date | None = Field(default=None, alias="until")


class Pack(Strict):
    """One regime as versioned data, or a companion that applies together with one."""

    api_version: Literal["tagwarden/pack/v1"] = Field(alias="apiVersion")
    kind: Literal["PolicyPack"]
    regime: Regime | Companion
    applies_with: Regime | None = None
    role: Literal["online_platform"] | None = None
    """Whom a companion speaks of. Asked alone, it takes the role for granted."""
    version: str = Field(pattern=r"^[0-9]{4}\.[0-9]{2}(\.[0-9]+)?$")
    name: Why
    in_force: InForce
    sources: dict[str, str]
    tables: dict[str, AgeTable] = Field(default_factory=dict)
    sets: dict[str, CategorySet] = Field(default_factory=dict)
    sensitivity: tuple[Sensitivity, ...] = ()
    rules: tuple[Rule, ...] = Field(min_length=1)
    duties: tuple[Duty, ...] = ()
    consent_claimed: Claim | None = None
    basis_refused: Claim | None = None
    categories: Annotated[frozenset[str], Field(exclude=True)] = frozenset()
    companions: Annotated[tuple["Pack", ...], Field(exclude=True)] = ()
    beneath: Annotated["Pack | None", Field(exclude=True)] = None
    overlay: Annotated[str, Field(exclude=True)] = ""
    reason: Annotated[str, Field(exclude=True)] = ""
    """Why its overlay may be laxer than what lies beneath; empty: it may not."""


class Overlay(Strict):
    """What an operator adds to a pack: rules before its own, marks, duties, members, ages by state.

    With a reason it may be laxer than what lies beneath; then it counts when a second pair of eyes
    has seen it (governance.overlay).
    """

    api_version: Literal["tagwarden/pack/v1"] = Field(alias="apiVersion")
    kind: Literal["PolicyOverlay"]
    extends: Regime
    key: str = Field(pattern=r"^[a-z][a-z0-9-]{0,59}$")
    reason: str | None = Field(default=None, min_length=10)
    sets: dict[str, Texts] = Field(default_factory=dict)
    tables: dict[str, dict[str, Annotated[int, Field(ge=0, le=18)]]] = Field(default_factory=dict)
    sensitivity: tuple[Sensitivity, ...] = ()
    rules: tuple[Rule, ...] = ()
    duties: tuple[Duty, ...] = ()
