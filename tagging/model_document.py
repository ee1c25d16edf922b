# SPDX-License-Identifier: Apache-2.0
"""A model is a document: what it foretells, from which measures, learned when, tried when, by which method.

Bounds and fill values are public and written before anybody looks at the data, as those of segments.
Two instants keep the future out: features are taken up to an instant, the outcome from the time after it.
"""

from datetime import UTC, date, datetime
from typing import Final, Literal

from pydantic import Field

from audit.clock import DAY, Micros
from audit.errors import BadInput, Problems
from policies.document import Document, Strict
from tagging.document import Span, Tag, Words, span_micros
from tagging.rules.parse import Scope, parse_rule
from tagging.rules.tree import Aggregate, Attribute, Node, Segment, TagRef, Tier, facts, walk
from tagging.segment_document import Asked
from tagging.segmentation.accounting import PrivacyBudget

Method = Literal["tree", "random-forest", "svm", "naive-bayes-dp", "random-forest-dp", "ebm-dp"]
PRIVATE: Final = frozenset({"naive-bayes-dp", "random-forest-dp", "ebm-dp"})
"""Methods whose training is charged in the ledger; the others promise nothing."""


class Price(Strict):
    """What a private model may say about anybody: by its training, and by its trial."""

    epsilon: float = Field(gt=0, le=10)
    trial: float = Field(default=0.25, gt=0, le=10)
    delta: float = 1e-6


class Model(Asked):
    """What an analyst asks for."""

    kind: Literal["Model"]
    says: Words
    """What the tag of a person says, such as: is likely to order within 30 days."""
    method: Method
    budget: Price | None = None
    """Needed for a private method, and refused for another."""
    target: str = Field(min_length=1, max_length=4000)
    """A condition on what people do within the horizon."""
    horizon: Span
    train_at: date
    """Features are as of this midnight (UTC); the outcome is what comes in the horizon after it."""
    try_at: date
    """The same for the trial; not before the outcome of the training is known."""
    retrain_every: Span = "90d"
    trees: int = Field(default=20, ge=1, le=200)
    depth: int = Field(default=4, ge=1, le=8)

    @property
    def private(self) -> bool:
        """Return whether the training is charged."""
        return self.method in PRIVATE

    @property
    def horizon_micros(self) -> int:
        """Return how long the outcome takes, in microseconds."""
        return span_micros(self.horizon)

    @property
    def train_from(self) -> Micros:
        """Return the instant of the training."""
        return _midnight(self.train_at)

    @property
    def try_from(self) -> Micros:
        """Return the instant of the trial."""
        return _midnight(self.try_at)

    def tag(self) -> Tag:
        """Return the tag by which the gate judges from whom the model may learn."""
        return self.tag_of(self.says, "model('')")


def faults(found: Model, document: Document, now: Micros, problems: Problems) -> None:
    """Note what is wrong with the times and the budget of a model."""

    def note(code: str, message: str, key: str, hint: str = "") -> None:
        line, column = document.place((key,))
        problems.add(code, message, line=line, column=column, hint=hint)

    if found.private and found.budget is None:
        note("model-budget", "a private method needs a budget", "method", "budget: {epsilon: 0.5}")
    if not found.private and found.budget is not None:
        note(
            "model-budget",
            f"{found.method} is not private: a budget would promise what it does not keep",
            "budget",
            "remove it, or choose naive-bayes-dp, random-forest-dp or ebm-dp",
        )
    if found.budget is not None:
        try:  # the trial comes after the training is paid for: what it asks is looked at before
            _ = PrivacyBudget(found.budget.trial, found.budget.delta).nano_rho
        except BadInput as fault:
            note(fault.code, fault.message, "budget", fault.hint)
    if found.try_from < found.train_from + found.horizon_micros:
        note(
            "model-time-split",
            "the trial begins before the outcome of the training is known",
            "try_at",
            "try_at is at least one horizon after train_at",
        )
    if found.try_from + found.horizon_micros > now:
        note(
            "model-future",
            "the outcome of the trial is not known yet",
            "try_at",
            "try_at and the horizon end before now",
        )


def target_of(found: Model, document: Document, scope: Scope, problems: Problems) -> Node | None:
    """Return the outcome as a tree; notes what makes it look elsewhere than into the horizon."""
    place = document.place(("target",))
    node = parse_rule(found.target, scope, problems, place)
    if node is None:
        return None

    def note(code: str, message: str, hint: str) -> None:
        problems.add(code, message, line=place[0], column=place[1], hint=hint)

    if node.kind != "bool":
        note("target-condition", "a target is a condition", "orders(days => 30) >= 1")
    if any(isinstance(part, Tier | Segment | TagRef | Attribute) for part in walk(node)):
        note("target-events", "a target is about what the person does", "count events")
    days = found.horizon_micros // DAY
    for fact in facts(node):
        if isinstance(fact, Aggregate) and (
            fact.window.span is None or fact.window.span + fact.window.ago > found.horizon_micros
        ):
            note(
                "target-window",
                "the target looks further back than the horizon: into what the features know",
                f"days => {days} or less",
            )
    return node


def timeless(nodes: list[Node]) -> bool:
    """Return whether a feature is an attribute, of which only the present value is known."""
    return any(isinstance(part, Attribute) for node in nodes for part in walk(node))


def _midnight(day: date) -> Micros:
    at = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return Micros(int(at.timestamp()) * 1_000_000)
