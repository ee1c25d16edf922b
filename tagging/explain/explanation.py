# SPDX-License-Identifier: Apache-2.0
"""Everything that is to say about one tag of one person, before it is put into words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal as OneOf

from tagging.document import Tag, Words
from tagging.explain.models import ModelReason
from tagging.explain.naming import PLAIN, Naming
from tagging.explain.reasons import Reason
from tagging.explain.segments import SegmentReason
from tagging.rules.evaluate import Value
from tagging.rules.lower import Cuts
from tagging.rules.tree import Attribute, Fact, Node, facts

Depth = OneOf["subject", "officer", "engineer"]

Action = OneOf["object", "correct", "delete", "switch_off"]
ACTIONS: tuple[Action, ...] = ("object", "correct", "delete", "switch_off")
"""What a person can do about a tag, in the order in which it is offered."""


@dataclass(frozen=True, slots=True)
class PurposeAnswer:
    """What the gate says to one purpose of the tag for this person."""

    key: str
    name: Words
    allowed: bool
    reasons: tuple[str, ...]
    regime: str
    basis: str
    consent_id: int | None
    consent_at: int | None
    cites: tuple[str, ...]
    consent_kind: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything that is to say about one tag of one person."""

    tag: Tag
    root: Node
    version: int
    digest: str
    value: str | None
    """The value that the person has; None: the person does not have the tag."""
    permitted: bool
    purposes: tuple[PurposeAnswer, ...]
    reason: Reason | None
    facts: Mapping[Fact, Value]
    cuts: Cuts
    since: int | None = None
    lapses_at: int | None = None
    """When the tag ends by itself if nothing new happens: by age of its facts or of the tag."""
    run: str = ""
    computed_at: int | None = None
    author: str = ""
    evidence: str = ""
    replays: bool | None = None
    """Whether the stored facts give the stored value again; None: nothing is stored."""
    approved_by: str = ""
    naming: Naming = PLAIN
    sources: Mapping[str, Words] = field(default_factory=dict)
    """Words for the tag's sources; those that are missing have built-in words."""
    actions: Mapping[Action, str] = field(default_factory=dict)
    """Commands of the actions; those that are missing are the ones of the command line."""
    segment: SegmentReason | None = None
    """Instead of a reason, for a tag whose value is a segment."""
    model: ModelReason | None = None
    """Instead of a reason, for a tag that a model gives."""
    stopped: str = ""
    """Why the shop has stopped the tag for everybody (a code of the labels `audit`); '' if it has not."""
    inner: tuple["Explanation", ...] = ()
    """Explanations of the tags that this one refers to."""

    @property
    def has(self) -> bool:
        """Whether the person has the tag now."""
        return self.permitted and self.value is not None

    def ids(self, used: tuple[Fact, ...]) -> tuple[str, ...]:
        """Return the ids of some facts: f0, f1, … in the order of the rule."""
        own = facts(self.root)
        return tuple(f"f{own.index(fact)}" for fact in used if fact in own)

    def commands(self, action: Action) -> list[str]:
        """Return the commands of an action: that of the caller, or those of the command line."""
        if action in self.actions:
            return [self.actions[action]]
        key = self.tag.key
        if action == "object":
            allowed = [purpose.key for purpose in self.purposes if purpose.allowed]
            named = allowed or self.tag.purposes
            return [f"tagwarden choice object --subject - --purpose {purpose}" for purpose in named]
        if action == "correct":
            return [
                *(
                    f"tagwarden subject correct - --attribute {fact.key} --value @FILE"
                    for fact in facts(self.root)
                    if isinstance(fact, Attribute)
                ),
                f"tagwarden subject contest - --tag {key}",
            ]
        if action == "delete":
            return [f"tagwarden choice delete-tag {key} --subject -"]
        return ["tagwarden choice personalisation off --subject -"]
