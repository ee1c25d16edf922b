# SPDX-License-Identifier: Apache-2.0
"""Why a tag holds or not: the smallest set of own facts that suffices, the smallest change.

Facts are taken as independent of each other and free within the values they can take at all. The
smallest change is that of mathematics: whether a person can bring it about is said for each fact.
Answers are exact, and marked when they are not: a rule in which one fact stands inside and outside
of a calculation, or in which more than twelve facts hang together.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, cast

from tagging.explain.diagram import FALSE, NULL, TRUE
from tagging.explain.domains import domain_of
from tagging.explain.frame import Frame
from tagging.explain.gates import Answer, Pick
from tagging.explain.regions import Region, between_cuts, distance
from tagging.explain.variables import Variable, rewrite
from tagging.explain.ways import Move, Way, way
from tagging.explain.witness import reach, region_around, turn
from tagging.rules.evaluate import Value, evaluate
from tagging.rules.lower import Cuts
from tagging.rules.tree import (
    Coalesce,
    Compare,
    Fact,
    IsNull,
    Literal,
    Named,
    Node,
    Not,
    NullIf,
    Tier,
)

ANYTHING_ELSE: Final = object()
"""Asks for a change into any other value."""

_MAX_ATTEMPTS = 6


@dataclass(frozen=True, slots=True)
class Used:
    """A fact (or tier, or calculation) of a sufficient set: any value inside `bound` does as well."""

    term: Node
    facts: tuple[Fact, ...]
    value: Value
    bound: Region


@dataclass(frozen=True, slots=True)
class Change:
    """A fact that must change: into `bound`, of which `to` is nearest; `moves` bring it there."""

    term: Node
    facts: tuple[Fact, ...]
    value: Value
    to: Value
    bound: Region
    way: Way
    moves: tuple[Move, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a tag has its value. An empty change means that no change was found.

    `exact`: no smaller set suffices, no smaller change does it, and an empty change means that
    there is none.
    """

    value: Value
    holds: bool
    used: tuple[Used, ...]
    change: tuple[Change, ...]
    exact: bool


def reason(root: Node, facts: Mapping[Fact, Value], cuts: Cuts) -> Reason:
    """Return why a rule has its value for one person (for many people, keep a Reasoner)."""
    return Reasoner(root, cuts).reason(facts)


def changed(facts: Mapping[Fact, Value], change: tuple[Change, ...]) -> dict[Fact, Value]:
    """Return the facts after a change."""
    return {**facts, **{move[0]: move[2] for item in change for move in item.moves}}


class Reasoner:
    """One rule with its cut points, prepared to explain its value for any number of people."""

    def __init__(self, root: Node, cuts: Cuts) -> None:
        self.root = root
        self.cuts = cuts
        self._rule = rewrite(root, cuts)
        self._terms = self._rule.variables
        self._tangled = self._rule.tangled
        self._prepared: dict[bool, Frame] = {}

    def reason(self, facts: Mapping[Fact, Value], *, towards: object = ANYTHING_ELSE) -> Reason:
        """Return why the rule has its value on these facts, and what would change it.

        `towards` asks for the change into one value of a tag with several values.
        """
        values = [
            facts.get(term.leaf) if term.direct else evaluate(term.term, facts, self.cuts)
            for term in self._terms
        ]
        frame, at = self._placed(values, self._marks(facts, towards))
        here = frame.gate.now(at)
        boolean = self.root.kind == "bool"
        if boolean:
            keep = TRUE if here == 2 else FALSE | NULL
            value: Value = frame.outcomes[here]
        else:
            keep = 1 << here
            value = frame.outcomes[here]
        used = frame.gate.need(keep, at)
        assert used is not None  # noqa: S101  (all the facts together always suffice)
        goal = _goal(self.root, value, towards)
        asked = _Asked(self, frame, at, values, facts, _wanted(frame, keep, towards), goal)
        change, found_exactly = asked.change()
        return Reason(
            value,
            value is True if boolean else value is not None,
            tuple(self._used(frame, pick, values) for pick in _in_order(used)),
            change,
            frame.gate.exact and not self._tangled and found_exactly,
        )

    @property
    def variables(self) -> tuple[Variable, ...]:
        """What the rule asks about a person: facts, tiers, calculations."""
        return self._terms

    @property
    def tangled(self) -> bool:
        """Whether a fact stands inside and outside of a calculation."""
        return self._tangled

    def _marks(self, facts: Mapping[Fact, Value], towards: object) -> tuple[Value, ...]:
        """Return the values of the tag that must be told from all others."""
        if not self._rule.raw:
            return ()
        value = evaluate(self.root, facts, self.cuts)
        return (value,) if towards is ANYTHING_ELSE else (value, cast("Value", towards))

    def _placed(self, values: list[Value], marked: tuple[Value, ...]) -> tuple[Frame, list[int]]:
        """Return the regions in which the values lie, and the frame that knows them."""
        for relaxed in (False, True):
            frame = self._frame(marked, relaxed=relaxed)
            at = [line.index(value) for line, value in zip(frame.lines, values, strict=True)]
            if -1 not in at:
                break
        return frame, at

    def _frame(self, marked: tuple[Value, ...], *, relaxed: bool) -> Frame:
        if marked:
            return Frame(self._rule, self.cuts, marked, relaxed=relaxed)
        if relaxed not in self._prepared:
            self._prepared[relaxed] = Frame(self._rule, self.cuts, relaxed=relaxed)
        return self._prepared[relaxed]

    def _used(self, frame: Frame, pick: Pick, values: list[Value]) -> Used:
        term = self._terms[pick.variable]
        bound = frame.lines[pick.variable].join(pick.allowed, pick.region)
        return Used(term.term, term.facts, values[pick.variable], bound)


def _measure(tier: Tier) -> Node:
    of = tier.of
    while isinstance(of, Named | NullIf):
        of = of.of
    return of


def _in_order(answer: Answer) -> list[Pick]:
    """Return each variable once, in the order of the rule."""
    found: dict[int, Pick] = {}
    for pick in answer.picks:
        before = found.get(pick.variable)
        found[pick.variable] = (
            pick if before is None else pick._replace(allowed=pick.allowed & before.allowed)
        )
    return [found[variable] for variable in sorted(found)]


def _wanted(frame: Frame, keep: int, towards: object) -> int:
    everything = (1 << len(frame.outcomes)) - 1
    if towards is ANYTHING_ELSE:
        return everything & ~keep
    number = frame.outcome(towards)  # type: ignore[arg-type]
    return 0 if number is None else 1 << number


def _goal(root: Node, value: Value, towards: object) -> Node:
    """Return the condition that a rule has changed its value."""
    if root.kind == "bool":
        return Not(Coalesce((root, Literal(False, "bool")), "bool")) if value is True else root
    target = value if towards is ANYTHING_ELSE else cast("Value", towards)
    equal = Compare("=", root, Literal(target, root.kind))
    here = IsNull(root) if target is None else Coalesce((equal, Literal(False, "bool")), "bool")
    return Not(here) if towards is ANYTHING_ELSE else here


@dataclass(slots=True)
class _Asked:
    """One search for a change."""

    by: Reasoner
    frame: Frame
    at: list[int]
    values: list[Value]
    facts: Mapping[Fact, Value]
    wanted: int
    goal: Node
    """A condition that is true after the change."""

    def change(self) -> tuple[tuple[Change, ...], bool]:
        """Return the smallest change, and whether it is known to be the smallest."""
        blocked: set[tuple[int, int]] = set()
        for _ in range(_MAX_ATTEMPTS):
            answer = self.frame.gate.flip(self.wanted, self.at, self._price(blocked))
            if answer is None:
                break
            found = self._moved(answer, blocked)
            if found is not None and self._does_it(found):
                return found, not blocked
            if found is not None:
                break
        certain = answer is None and self._certain and not blocked
        return ((), True) if certain else (self._searched(), False)

    def _does_it(self, change: tuple[Change, ...]) -> bool:
        if self._certain:
            return True
        after = changed(self.facts, change)
        return evaluate(self.goal, after, self.by.cuts) is True

    @property
    def _certain(self) -> bool:
        return self.frame.gate.exact and not self.by.tangled

    def _price(self, blocked: set[tuple[int, int]]) -> Callable[[int, int], float | None]:
        steps: dict[tuple[int, int], float] = {}

        def price(variable: int, region: int) -> float | None:
            if region == self.at[variable] or (variable, region) in blocked:
                return None
            step = steps.get((variable, region))
            if step is None:
                line, value = self.frame.lines[variable], self.values[variable]
                nearest = line.regions[region].nearest(value, line.domain)
                step = steps[variable, region] = distance(line.domain.kind, value, nearest)
            return step

        return price

    def _moved(self, answer: Answer, blocked: set[tuple[int, int]]) -> tuple[Change, ...] | None:
        """Return the answer as changes of facts; regions that no facts lead to are blocked."""
        found: list[Change] = []
        known = dict(self.facts)
        for pick in _in_order(answer):
            change = self._change_of(pick, known)
            if change is None:
                blocked.add((pick.variable, pick.region))
                return None
            known = changed(known, (change,))
            found.append(change)
        return tuple(found)

    def _change_of(self, pick: Pick, known: Mapping[Fact, Value]) -> Change | None:
        term = self.by.variables[pick.variable]
        line, value = self.frame.lines[pick.variable], self.values[pick.variable]
        bound = line.join(pick.allowed, pick.region)
        to = bound.nearest(value, line.domain)
        if term.direct:
            moves: tuple[Move, ...] | None = ((term.leaf, value, to),)
        else:
            moves = self._into_tiers(term, bound, known) or reach(
                term.term, bound, known, self.by.cuts
            )
        if moves is None:
            return None
        return Change(term.term, term.facts, value, to, bound, way(moves), moves)

    def _into_tiers(
        self, term: Variable, bound: Region, known: Mapping[Fact, Value]
    ) -> tuple[Move, ...] | None:
        """Return the move of the one measure of a tier; None: it is not as simple as that."""
        tier, fact = term.term, term.facts[0]
        if not isinstance(tier, Tier) or _measure(tier) != fact:
            return None
        wanted = between_cuts(bound, self.by.cuts[tier], fact.kind)
        value = wanted.nearest(known.get(fact), domain_of(fact, self.by.cuts))
        there = evaluate(tier, {**known, fact: value}, self.by.cuts) in bound
        return ((fact, known.get(fact), value),) if there else None

    def _searched(self) -> tuple[Change, ...]:
        """Return a change of single facts, tried on the rule itself."""
        cuts = self.by.cuts
        moves = turn(self.goal, self.facts, cuts) or ()
        after = {**self.facts, **{fact: value for fact, _, value in moves}}
        found = []
        for move in moves:
            bound = region_around(self.goal, move, after, cuts)
            term = next((v.term for v in self.by.variables if v.leaf == move[0]), move[0])
            found.append(Change(term, (move[0],), move[1], move[2], bound, way((move,)), (move,)))
        return tuple(found)
