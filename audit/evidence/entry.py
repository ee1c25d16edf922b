# SPDX-License-Identifier: Apache-2.0
"""What an evidence entry may say: a closed set of acts and of short, checked fields.

No personal data and no free text: a person is a pseudonym of this one entry (`sub`), everything
else is a count, an id or a code. An entry is canonical JSON of at most 1,024 bytes (security: 5.9).
The signature of an operator who has a key is `sig`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from audit.canon import canonical

MAX_BYTES = 1024
ROOM = 64
"""How many bytes a signed entry leaves free, so that the log can note a second time in it."""

ACTS = frozenset(
    {
        "workspace.created",
        "store.upgraded",
        "store.repaired",
        "store.accepted",
        "intake.done",
        "intake.refused",
        "purpose.applied",
        "assessment.applied",
        "overlay.proposed",
        "overlay.applied",
        "overlay.approved",
        "overlay.withdrawn",
        "calendar.applied",
        "operator.added",
        "operator.removed",
        "key.rotated",
        "key.kek_destroyed",
        "key.backed_up",
        "key.restored",
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
        "subject.corrected",
        "tag.contest-settled",
        "subject.readmitted",
        "erasure.certified",
        "run.published",
        "run.discarded",
        "run.live",
        "read.explained",
        "read.subject",
        "read.audience",
        "read.consent",
        "access.exported",
        "request.opened",
        "request.moved",
        "request.notified",
        "erasure.previewed",
        "erasure.begun",
        "erasure.cancelled",
        "erasure.committed",
        "erasure.step",
        "erasure.swept",
        "erasure.proof_expired",
        "hold.placed",
        "hold.confirmed",
        "hold.lifted",
        "notification.owed",
        "notification.moved",
        "retention.swept",
        "identity.challenged",
        "identity.messaged",
        "identity.proved",
        "identity.refused",
        "identity.cancelled",
        "budget.set",
        "budget.charged",
        "release.published",
        "release.failed",
        "segment.fitted",
        "model.trained",
        "model.tried",
        "attribute.opened",
        "audit.bias",
        "audit.leak",
        "audit.price",
        "audit.consent",
        "audit.compliance",
        "audit.packed",
        "audit.given",
        "fairness.proposed",
        "fairness.applied",
        "fairness.approved",
        "waiver.given",
        "waiver.revoked",
        "denied",
    }
)

CODE = r"[a-zA-Z0-9][a-zA-Z0-9_.:/@+-]{0,79}"
PSEUDONYM = r"[0-9a-f]{32}"
ACTOR = r"(?:op|sys):[0-9a-f]{16}"
SIGNATURE = r"[0-9a-f]{128}"
CLOCK = "clock_ms"
"""The fact that keeps what the maker's clock said, where the log put another time."""
_CODE = re.compile(rf"{CODE}\Z")
_SHORT = re.compile(rf"(?:{CODE})?\Z")
_PSEUDONYM = re.compile(rf"{PSEUDONYM}\Z")
_ACTOR = re.compile(rf"{ACTOR}\Z")
_SIGNATURE = re.compile(rf"{SIGNATURE}\Z")

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
    signature: str = ""
    """Ed25519, in hexadecimal digits, over `audit.evidence.reading.signed_part`."""

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
        if self.signature:
            value["sig"] = self.signature
        encoded = canonical(value)
        room = ROOM if self.signature and CLOCK not in self.facts else 0
        if len(encoded) > MAX_BYTES - room:
            raise ValueError(f"this evidence entry has at most {MAX_BYTES - room} bytes")
        return encoded

    def _check(self) -> None:
        if self.act not in ACTS:
            raise ValueError("unknown act")
        if not _ACTOR.match(self.actor):
            raise ValueError("an actor is op: or sys: and 16 hexadecimal digits")
        if self.subject and not _PSEUDONYM.match(self.subject):
            raise ValueError("a subject is a pseudonym of 32 hexadecimal digits")
        if self.signature and not _SIGNATURE.match(self.signature):
            raise ValueError("a signature is 128 hexadecimal digits")
        for value in (self.role, self.request, *self.facts):
            if not _CODE.match(value):
                raise ValueError("role, request and the names of facts are codes")
        for fact in self.facts.values():
            if not (isinstance(fact, str) and _SHORT.match(fact)) and not isinstance(fact, int):
                raise ValueError("a fact is a number or a code, never free text")
