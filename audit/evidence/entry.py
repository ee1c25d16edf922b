# SPDX-License-Identifier: Apache-2.0
"""What an evidence entry may say: a closed set of acts and of short, checked fields.

No personal data and no free text: a person is a pseudonym of this one entry (`sub`), everything
else is a count, an id or a code. An entry is canonical JSON of at most 1,024 bytes (security: 5.9).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from audit.canon import canonical

MAX_BYTES = 1024

ACTS = frozenset(
    {
        "workspace.created",
        "store.upgraded",
        "store.repaired",
        "intake.done",
        "intake.refused",
        "purpose.applied",
        "assessment.applied",
        "overlay.proposed",
        "overlay.applied",
        "overlay.approved",
        "overlay.withdrawn",
        "operator.added",
        "operator.removed",
        "key.rotated",
        "key.kek_destroyed",
        "change.submitted",
        "change.approved",
        "change.rejected",
        "change.withdrawn",
        "change.applied",
        "tag.applied",
        "tag.suspended",
        "tag.resumed",
        "tag.deprecated",
        "tag.archived",
        "tag.review-due",
        "feature.applied",
        "consent.recorded",
        "consent.imported",
        "choice.recorded",
        "choice.imported",
        "subject.regime",
        "run.published",
        "run.discarded",
        "run.live",
        "read.explained",
        "read.subject",
        "read.audience",
        "read.consent",
        "denied",
    }
)

CODE = r"[a-zA-Z0-9][a-zA-Z0-9_.:/@+-]{0,79}"
PSEUDONYM = r"[0-9a-f]{32}"
ACTOR = r"(?:op|sys):[0-9a-f]{16}"
_CODE = re.compile(rf"{CODE}\Z")
_SHORT = re.compile(rf"(?:{CODE})?\Z")
_PSEUDONYM = re.compile(rf"{PSEUDONYM}\Z")
_ACTOR = re.compile(rf"{ACTOR}\Z")

Fact = int | bool | str


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened."""

    act: str
    at_ms: int
    actor: str
    role: str
    request: str
    subject: str = ""
    facts: Mapping[str, Fact] = field(default_factory=dict)

    def encode(self) -> bytes:
        """Return the canonical bytes; raises ValueError when it says what an entry may not say."""
        self._check()
        value: dict[str, object] = {
            "v": 1,
            "t": self.at_ms,
            "act": self.act,
            "actor": self.actor,
            "role": self.role,
            "req": self.request,
        }
        if self.subject:
            value["sub"] = self.subject
        if self.facts:
            value["obj"] = dict(self.facts)
        encoded = canonical(value)
        if len(encoded) > MAX_BYTES:
            raise ValueError("an evidence entry has at most 1024 bytes")
        return encoded

    def _check(self) -> None:
        if self.act not in ACTS:
            raise ValueError("unknown act")
        if not _ACTOR.match(self.actor):
            raise ValueError("an actor is op: or sys: and 16 hexadecimal digits")
        if self.subject and not _PSEUDONYM.match(self.subject):
            raise ValueError("a subject is a pseudonym of 32 hexadecimal digits")
        for value in (self.role, self.request, *self.facts):
            if not _CODE.match(value):
                raise ValueError("role, request and the names of facts are codes")
        for fact in self.facts.values():
            if not (isinstance(fact, str) and _SHORT.match(fact)) and not isinstance(fact, int):
                raise ValueError("a fact is a number or a code, never free text")
