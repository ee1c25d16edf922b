# SPDX-License-Identifier: Apache-2.0
"""How many people have some tags and not others, with noise, from the privacy budget.

Counted are the people for whom every tag that matters may be read for the purpose, at this moment.
The charge is committed before anybody is looked up. The same question, however it is written, has one
answer a day and run: asking again costs nothing and tells nothing new. Small sizes are held back by
the noisy number, never by the exact one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pyroaring import BitMap
from sqlalchemy import Connection

from audit.canon import digest as digest_of
from audit.clock import DAY, Micros
from audit.errors import BadInput, Refused
from governance.assignments import having, usable
from governance.authority import demand
from governance.budget import ledger
from governance.budget.answers import Answer, terms
from governance.budget.populations import ALL, check
from governance.catalogue import Active, active
from governance.gate import Gate
from governance.purpose import purpose_named, purposes
from governance.store import bitmaps
from policies.document import nearest
from policies.vocabulary import label
from tagging import algebra
from tagging.algebra import Question
from tagging.rules.tree import Tier, rests_on
from tagging.segmentation import counting
from tagging.segmentation.accounting import PrivacyBudget
from tagging.segmentation.noise import DiscreteGaussian, Noise

if TYPE_CHECKING:
    from governance.workspace import Workspace

EPSILON: Final = 0.2
"""What a question costs when nothing else is said."""


class Size(Answer):
    """The published size of an audience."""

    TABLE = "audiencesize"
    PREFIX = "size"
    __slots__ = ()

    @property
    def people(self) -> int | None:
        """Return the noisy size; None: too small to show."""
        found: int | None = self.artefact["size"]
        return found

    @property
    def least(self) -> int:
        """Return the smallest noisy size that is shown."""
        return int(self.artefact["least"])

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as plain data."""
        return {"answer": self.name, "charged": self.charged, **self.artefact}


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question that can be answered: everything that is known before anybody is looked up."""

    text: str
    question: Question
    tags: Mapping[str, Active]
    purpose: str
    population: str
    budget: PrivacyBudget
    at: Micros

    @property
    def snapshot(self) -> str:
        """Return the digest of what is asked of: the day, and the last run of each tag."""
        runs = {key: [tag.id, tag.evaluated_at] for key, tag in self.tags.items()}
        return digest_of({"day": self.at - self.at % DAY, "tags": runs})

    @property
    def key(self) -> str:
        """Return the digest of the question: the same one has the same key."""
        parts = (self.question.digest, self.purpose, self.population, self.snapshot)
        return digest_of(list(parts))


def size(
    ws: "Workspace",
    expression: str,
    purpose: str,
    *,
    epsilon: float = EPSILON,
    population: str = ALL,
    noise: Noise | None = None,
) -> Size:
    """Return how many people an algebra of tags describes, for a purpose, with noise.

    A question that was asked before with as much epsilon or more gets the answer of then, and costs
    nothing. Raises BadInput and Refused for the question, Refused `budget-missing`, `budget-exhausted`
    (then nothing was charged), and what reading raises (then it stays charged).
    """
    demand(ws, "audience.size")
    tree = algebra.parse(expression)
    with ws.exclusive("audience size"):
        ledger.close_interrupted(ws)
        with ws.store.read() as connection:
            budget = PrivacyBudget(epsilon)
            asked = _checked(connection, tree, purpose, population, budget, ws.clock.now())
            found = Size.there(connection, asked.key, counting.price(budget))
        if found is None:
            source = noise or DiscreteGaussian()
            charge = ledger.reserve(ws, _request(asked, source))
            found = ledger.charged(ws, charge, lambda: _bought(ws, asked, charge, source))
        with ws.store.write() as unit:
            unit.log(
                ws.evidence.entry(
                    "read.audience", answer=found.name, purpose=purpose, charged=found.charged
                )
            )
    return found


def _checked(  # noqa: PLR0917  (one caller; each part is another thing)
    connection: Connection,
    tree: algebra.Algebra,
    purpose: str,
    population: str,
    budget: PrivacyBudget,
    at: Micros,
) -> _Asked:
    """Return the question against the catalogue; looks nobody up."""
    check(connection, population)
    purpose_named(connection, purpose)
    known = active(connection)
    named = active(connection, sorted(algebra.mentioned(tree)))
    for key, values in algebra.mentioned(tree).items():
        _check_values(named[key], values)
    plain = frozenset(key for key, tag in named.items() if tag.root.kind == "bool")
    question = algebra.question(tree, plain)
    tags = {key: named[key] for key in question.keys}
    for tag in tags.values():
        _check_tag(tag, known, purpose, at)
    return _Asked(algebra.spelled(tree), question, tags, purpose, population, budget, at)


def _check_values(tag: Active, values: set[str]) -> None:
    known = {algebra.YES} if tag.root.kind == "bool" else set(tag.tag.labels)
    for value in sorted(values - known if known else ()):
        raise BadInput(
            "audience-value",
            f'"{tag.tag.key}" never has the value "{value}"',
            hint=nearest(value, known) or "its values: " + ", ".join(sorted(known)),
        )


def _check_tag(tag: Active, known: Mapping[str, Active], purpose: str, at: Micros) -> None:
    key = tag.tag.key
    if purpose not in tag.effective.purposes:
        raise Refused(
            "audience-purpose",
            f'"{key}" is not for the purpose "{purpose}"',
            hint="its purposes: " + ", ".join(tag.effective.purposes),
        )
    if stopped := tag.standing.stopped(at):
        raise Refused(
            "audience-stopped",
            f'"{key}" is stopped: {label("audit", stopped)}',
            hint=f"tagwarden tag show {key}",
        )
    if not usable(tag, at):
        raise Refused(
            "audience-stale",
            f'"{key}" was not computed within its lifetime, or is out of use',
            hint=f"tagwarden run all --tag {key}",
        )
    if rests_on(tag.root, Tier, {key: one.root for key, one in known.items()}):
        raise Refused(
            "audience-not-local",
            f'"{key}" rests on cut points that are learned from all people: one person moves others',
            hint="count by a tag with fixed bounds; nothing was charged",
        )


def _request(asked: _Asked, noise: Noise) -> ledger.Asked:
    return ledger.Asked(
        population=asked.population,
        mechanism=counting.MECHANISM,
        code=ledger.code_digest(),
        epsilon=repr(float(asked.budget.epsilon)),
        delta=repr(float(asked.budget.delta)),
        nano_rho=counting.price(asked.budget),
        contract=asked.question.digest,
        purpose=asked.purpose,
        snapshot=asked.snapshot,
        parameters={"question": asked.question.document()},
        noise=noise.source,
    )


def _bought(ws: "Workspace", asked: _Asked, charge: ledger.Charge, noise: Noise) -> Size:
    """Count, add the noise, store."""
    with ws.store.read() as connection:
        count = len(_people(connection, asked))
    found = counting.noisy(count, asked.budget, noise)
    query = counting.question(asked.budget)
    artefact = {
        "format": "tagwarden/audience-size/v1",
        "asked": asked.text,
        "question": asked.question.document(),
        "purpose": asked.purpose,
        "population": asked.population,
        "as_of": asked.at,
        **terms(charge, asked.budget, query, noise.source),
        "least": counting.least(query),
        "size": found,
    }
    return Size.kept(ws, asked.key, charge, artefact)


def _people(connection: Connection, asked: _Asked) -> BitMap:
    """Return who is meant. The number of them leaves this module with noise only."""
    gate = Gate(connection, asked.at, purposes(connection))
    inside = gate.everyone
    for tag in asked.tags.values():
        inside = inside & gate.people(tag.effective, asked.purpose)
    if asked.population != ALL:
        inside = inside & bitmaps.members(connection, f"regime:{asked.population}")
    states = []
    for key, values, others in asked.question.axes:
        held = [having(connection, asked.tags[key], asked.at, value) for value in values]
        some = having(connection, asked.tags[key], asked.at) if others else BitMap.union(*held)
        rest = [some - BitMap.union(BitMap(), *held)] if others else []
        states.append([inside - some, *held, *rest])
    return _chosen(states, asked.question.table, inside)


def _chosen(states: list[list[BitMap]], table: str, inside: BitMap) -> BitMap:
    """Return the people whose combination has a 1 in the table."""
    if "1" not in table or not inside:
        return BitMap()
    if "0" not in table:
        return inside
    width = len(table) // len(states[0])
    found = BitMap()
    for number, people in enumerate(states[0]):
        part = table[number * width : (number + 1) * width]
        found |= _chosen(states[1:], part, inside & people)
    return found
