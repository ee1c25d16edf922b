# SPDX-License-Identifier: Apache-2.0
"""A frozen plan: what some documents would change, as it was when somebody looked. Pure data.

Its digest covers every word of it; whoever approves approves that digest and nothing else. A plan
that was edited after it was made is refused.
"""

import json
import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, PrivateAttr, ValidationError

from audit.canon import canonical
from audit.canon import digest as digest_of
from audit.errors import BadInput
from policies.document import Strict

What = Literal["new", "new version", "reworded"]
Count = int | Literal["<10", "not told"]
"""A number of people; few are not told from each other, and those of segments are not told."""


_REASON = re.compile(r"[a-z][a-z0-9-]{2,59}\Z")


def is_reason(text: str) -> bool:
    """Return whether a text is a reason code: it may stand in the evidence log."""
    return bool(_REASON.match(text))


def _sequence(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


class FieldChange(Strict):
    """One property of a document, before and after; null where it is not stated."""

    path: str
    before: Any = None
    after: Any = None


class Verdict(Strict):
    """What the law of one regime answers for one purpose, for adults."""

    regime: str
    purpose: str
    verdict: str
    consent: str
    sensitive: bool
    requires: tuple[str, ...]
    cites: tuple[str, ...]
    why: dict[str, str]
    rule: str
    claimed: str
    """The basis that the tag claims; '' where it claims none, and nobody is tagged."""
    carries: bool | None = None


class VerdictChange(Strict):
    """An answer as it was and as it would be; null before: the tag is new."""

    before: Verdict | None
    after: Verdict


class People(Strict):
    """How many people a tag would reach, lose and gain, on the events in the lake."""

    known: int
    permitted: Count
    permitted_per_mille: int
    before: Count
    after: Count
    gained: Count
    lost: Count


class PlanFinding(Strict):
    """What a lint says about a definition of the plan."""

    code: str
    severity: Literal["error", "warning"]
    message: dict[str, str]
    fix: dict[str, str]
    cites: tuple[str, ...] = ()
    place: str = ""


class Duty(Strict):
    """Something the law asks for that is not on record."""

    regime: str
    duty: str


class Item(Strict):
    """One definition that the plan changes."""

    key: str
    kind: Literal["tag", "feature"]
    what: What
    version: int
    fields: tuple[FieldChange, ...] = ()
    verdicts: tuple[VerdictChange, ...] = ()
    people: People | None = None
    newly_sensitive: tuple[str, ...] = ()
    new_recipients: tuple[str, ...] = ()
    dependants: tuple[str, ...] = ()
    duplicates: tuple[str, ...] = ()
    missing: tuple[Duty, ...] = ()
    findings: tuple[PlanFinding, ...] = ()


class Over(Strict):
    """A change of more people than a threshold lets through unseen."""

    key: str
    measure: Literal["lost", "gained"]
    per_mille: int
    limit: int


class Leaking(Strict):
    """A tag of the plan that tells more about a sealed attribute than a fairness policy allows."""

    key: str
    attribute: str
    what: Literal["tag", "pair", "set"]
    other: str = ""
    """For a pair the other tag, for all tags together the value that they tell."""
    figure: str = ""
    """Bits, for all tags the AUC; '' where it is not told, to protect people."""
    limit: str
    report: str = ""
    """The report on the version before that says so; '' when it was counted for this plan."""


class Plan(Strict):
    """What would change, on which state of the catalogue it was made, and the documents themselves."""

    api_version: Literal["tagwarden/v1"] = Field(alias="apiVersion", default="tagwarden/v1")
    kind: Literal["Plan"] = "Plan"
    made_at: int
    counted: bool
    documents: Annotated[tuple[dict[str, Any], ...], BeforeValidator(_sequence)]
    world: dict[str, str]
    """What the plan rests on: tag, feature, purpose or pack → its digest or version."""
    items: tuple[Item, ...]
    reviewed_again: tuple[str, ...] = ()
    """Tags whose inputs become sensitive by this plan: they go out of use until reviewed."""
    over: tuple[Over, ...] = ()
    leaks: tuple[Leaking, ...] = ()
    _as_made: dict[str, Any] | None = PrivateAttr(default=None)
    """The words of a plan that an earlier version of the program made, which knew fewer fields."""

    @property
    def digest(self) -> str:
        """The SHA-256 of everything in the plan."""
        return digest_of(self.to_dict())

    @property
    def name(self) -> str:
        """The name of the change set that this plan makes."""
        return f"cs-{self.digest[:12]}"

    @property
    def needs_approval(self) -> bool:
        """Whether anything but words changes."""
        return any(item.what != "reworded" for item in self.items)

    @property
    def errors(self) -> int:
        """How many findings stand against the plan."""
        return sum(f.severity == "error" for item in self.items for f in item.findings)

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as plain data, without its digest."""
        return self._as_made or self.model_dump(mode="json", by_alias=True)

    def encode(self) -> bytes:
        """Return the plan as canonical JSON, with its digest."""
        return canonical({**self.to_dict(), "digest": self.digest})

    @classmethod
    def decode(cls, data: str | bytes, label: str = "the plan") -> Self:
        """Return the plan in JSON; raises BadInput `bad-plan`, `plan-edited`."""
        try:
            plain = json.loads(data)
            stated = plain.pop("digest", "")
            found = cls.model_validate(plain)
        except (ValueError, AttributeError, TypeError, ValidationError):
            raise BadInput(
                "bad-plan",
                f"{label} is not a plan",
                hint="tagwarden tag plan DIR --out plan.json",
            ) from None
        if plain != found.to_dict():
            found._as_made = plain  # noqa: SLF001  (a plan that is being read)
        if found.digest != stated:
            raise BadInput(
                "plan-edited",
                f"{label} is not as it was made: its digest does not fit",
                hint="change the documents and plan again",
            )
        return found


def read_plan(path: Path) -> Plan:
    """Return the plan in a file; raises BadInput `file-unreadable`, `bad-plan`, `plan-edited`."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadInput("file-unreadable", f"{path.name} cannot be read: {error.strerror}") from None
    return Plan.decode(data, path.name)
