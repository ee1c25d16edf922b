# SPDX-License-Identifier: Apache-2.0
"""An audit for bias by noised counts: question → charge, committed → log the opening → count once → noise, kept.

Which cells there are follows from documents alone: the values of a tag are yes and no, or its labels; those
of an attribute are the ones that the policy lists. The same question has one answer a day and run, whatever
limits it is judged by; everything after the noise is free.
"""

from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from sqlalchemy import Connection

from audit.bias.cube import UNKNOWN, Axis, Cube, Kind, tally
from audit.bias.merging import OTHER
from audit.bias.policy import FairnessPolicy
from audit.canon import digest as digest_of
from audit.clock import DAY, Micros
from audit.errors import BadInput, Refused
from governance.assignments import holders
from governance.auditing.counting import MAX_CELLS, YESNO, check_computed
from governance.auditing.drifting import NONE
from governance.auditing.opening import check_opening, log_opening, numbers_of, opened
from governance.auditing.outcome import SEEN, Outcome, seen
from governance.auditing.outcome import check as check_outcome
from governance.budget import ledger
from governance.budget.answers import Answer, terms
from governance.budget.populations import ALL, check
from governance.catalogue import Active, active
from governance.gate import Gate
from governance.purpose import purposes
from governance.store import bitmaps
from tagging.rules.tree import Tier, rests_on
from tagging.segmentation import crosstab
from tagging.segmentation.accounting import NEIGHBOURS, PrivacyBudget
from tagging.segmentation.noise import DiscreteGaussian, Noise

if TYPE_CHECKING:
    from governance.workspace import Workspace

FORMAT: Final = "tagwarden/noised-cube/v1"


@dataclass(frozen=True, slots=True)
class Question:
    """A question that can be answered: everything that is known before anybody is looked up."""

    tag: Active
    axes: tuple[Axis, ...]
    """The attributes, the outcome where there is one, then the tag."""
    policy: FairnessPolicy
    population: str
    budget: PrivacyBudget
    at: Micros
    outcome: Outcome | None = None

    @property
    def tags(self) -> tuple[Active, ...]:
        """Return the tags whose people are counted: the one that is audited, and that of the outcome."""
        other = self.outcome.tag if self.outcome else None
        return (self.tag,) if other is None else (self.tag, other)

    def document(self) -> dict[str, Any]:
        """Return what is asked, as plain data."""
        return {
            "tags": [[tag.tag.key, tag.version, tag.meaning] for tag in self.tags],
            "axes": [{"name": axis.name, "values": list(axis.values)} for axis in self.axes],
            "opening": self.policy.opening.model_dump(mode="json"),
        }

    @property
    def snapshot(self) -> str:
        """Return the digest of what is asked of: the day, and the last run of each tag."""
        runs = [[tag.id, tag.evaluated_at] for tag in self.tags]
        return digest_of({"day": self.at - self.at % DAY, "tags": runs})

    @property
    def key(self) -> str:
        """Return the digest of the question: the same one has the same key."""
        return digest_of([digest_of(self.document()), self.population, self.snapshot])


class Released(Answer):
    """Noised counts as they are kept."""

    TABLE = "noisedcube"
    PREFIX = "counts"
    __slots__ = ()

    def cube(self, question: Question) -> Cube:
        """Return the noised counts; some may be below zero."""
        shape = [len(axis.values) for axis in question.axes]
        cells = np.array(self.artefact["cells"], dtype=np.int64).reshape(shape)
        return Cube(question.tag.tag.key, question.tag.version, question.axes, cells)

    def statement(self) -> dict[str, Any]:
        """Return what was paid for which noise: `audit.bias.noised_schema.NoiseOf` without the counts."""
        told = ("population", "purpose", "epsilon", "delta", "nano_rho")
        return {
            "counts": self.name,
            "digest": self.digest,
            "charge": self.charge,
            **{part: self.artefact[part] for part in told},
            "unit": "subject",
            "neighbours": NEIGHBOURS,
            "sensitivity": self.artefact["queries"][0]["sensitivity_squared"],
            "sigma": self.sigma,
            "source": self.artefact["noise"],
        }


def question_of(  # noqa: PLR0917  (one caller)
    connection: Connection,
    tag: Active,
    policy: FairnessPolicy,
    population: str,
    budget: PrivacyBudget,
    at: Micros,
    outcome: Outcome | None = None,
) -> Question:
    """Return the question against catalogue and policy; looks nobody up.

    Raises BadInput `unknown-population`, `noise-values-open`, `outcome-not-yes-no`, Refused `noise-not-local`,
    `tag-not-computed`, `too-many-groups`, and what `check_opening` raises.
    """
    check(connection, population)
    check_opening(connection, policy)
    if outcome is not None:
        check_outcome(outcome, at, at)
    known = {key: one.root for key, one in active(connection).items()}
    for one in (tag, *([outcome.tag] if outcome and outcome.tag else [])):
        check_computed(one, at)
        if rests_on(one.root, Tier, known):
            raise Refused(
                "noise-not-local",
                f'"{one.tag.key}" rests on cut points that are learned from all people: one person moves others',
                hint="audit it without --noise; nothing was charged",
            )
    attributes = tuple(_attribute(policy, name) for name in policy.attributes)
    seen_or_not = (Axis("outcome", Kind.OUTCOME, SEEN),) if outcome else ()
    axes = (*attributes, *seen_or_not, _values(tag))
    cells = int(np.prod([len(axis.values) for axis in axes]))
    if cells > MAX_CELLS:
        raise Refused(
            "too-many-groups",
            f"{cells} groups by values of the tag are more than {MAX_CELLS} numbers",
            hint="compare by fewer attributes at once, or by coarser ones; nothing was charged",
        )
    return Question(tag, axes, policy, population, budget, at, outcome)


def _attribute(policy: FairnessPolicy, name: str) -> Axis:
    listed = [value for value in policy.orders.get(name, []) if value not in (OTHER, UNKNOWN)]
    if not listed:
        raise BadInput(
            "noise-values-open",
            f'the policy does not list the values of "{name}": which there are would tell of people',
            hint=f"orders: {{{name}: [...]}} in the policy; all others are counted as other",
        )
    return Axis(name, Kind.ATTRIBUTE, (*listed, OTHER, UNKNOWN))


def _values(tag: Active) -> Axis:
    """Return the values of a tag, as its document has them; who has none of them has `NONE`."""
    if tag.root.kind == "bool":
        return Axis("tag", Kind.TAG, YESNO)
    if not tag.tag.labels:
        raise BadInput(
            "noise-values-open",
            f'the document of "{tag.tag.key}" does not name its values: which there are would tell of people',
            hint="labels: in the document of the tag",
        )
    return Axis("tag", Kind.TAG, (NONE, *sorted(tag.tag.labels)))


def bought(ws: "Workspace", question: Question, why: str, noise: Noise | None = None) -> Released:
    """Return the noised counts of a question: those that are there, or charged, counted and kept.

    To be called under the lock of the workspace. Raises Refused `budget-missing`, `budget-exhausted` (then
    nothing was charged), and what opening raises (then it stays charged).
    """
    with ws.store.read() as connection:
        there = Released.there(connection, question.key, crosstab.price(question.budget))
    if there is not None:
        return there
    source = noise or DiscreteGaussian()
    charge = ledger.reserve(ws, _request(question, source))
    return ledger.charged(ws, charge, lambda: _released(ws, question, charge, why, source))


def _request(question: Question, noise: Noise) -> ledger.Asked:
    opening = question.policy.opening
    return ledger.Asked(
        population=question.population,
        mechanism=crosstab.MECHANISM,
        code=ledger.code_digest(),
        epsilon=repr(float(question.budget.epsilon)),
        delta=repr(float(question.budget.delta)),
        nano_rho=crosstab.price(question.budget),
        contract=digest_of(question.document()),
        purpose=opening.purpose,
        snapshot=question.snapshot,
        parameters={"question": question.document()},
        noise=noise.source,
        basis=opening.basis,
    )


def _counted(ws: "Workspace", connection: Connection, question: Question) -> Any:
    """Return the exact counts, each person in one cell; they leave this module with noise only."""
    gate = Gate(connection, question.at, purposes(connection))
    people = gate.people(question.tag.effective)
    if question.population != ALL:
        people = people & bitmaps.members(connection, f"regime:{question.population}")
    fixed = {axis.name: axis for axis in question.axes if axis.kind is Kind.ATTRIBUTE}
    found = opened(ws, connection, question.policy, gate, people, axes=fixed)
    codes = [one.codes for one in found]
    if question.outcome is not None:
        happened = seen(
            ws, connection, gate, question.policy, question.outcome, people, question.at
        )
        codes.append(happened)
    values = question.axes[-1]
    held = holders(connection, question.tag, question.at, present=True)
    ids = numbers_of(people)
    has = np.zeros(len(ids), dtype=np.int16)
    for place, value in enumerate(values.values[1:], start=1):
        name = "true" if values.values == YESNO else value
        if name in held:
            has[np.searchsorted(ids, numbers_of(held[name] & people))] = place
    return tally([*codes, has], [len(axis.values) for axis in question.axes])


def _released(
    ws: "Workspace", question: Question, charge: ledger.Charge, why: str, noise: Noise
) -> Released:
    """Log the opening, count, add the noise, store."""
    log_opening(ws, question.policy, why)
    with ws.store.read() as connection:
        counts = _counted(ws, connection, question)
    cells = crosstab.noisy(counts.reshape(-1), question.budget, noise)
    del counts
    query = crosstab.question(question.budget, len(cells))
    artefact = {
        "format": FORMAT,
        "question": question.document(),
        "population": question.population,
        "purpose": question.policy.opening.purpose,
        "as_of": question.at,
        **terms(charge, question.budget, query, noise.source),
        "program": version("tagwarden"),
        "cells": cells.tolist(),
    }
    return Released.kept(ws, question.key, charge, artefact)
