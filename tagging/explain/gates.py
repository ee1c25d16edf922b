# SPDX-License-Identifier: Apache-2.0
"""AND, OR and NOT over parts that share no fact: two questions, each answered in one pass.

`need`: which own facts suffice for the outcome to stay, whatever the others become. `flip`: which
change of own facts brings about another outcome. Parts that do share facts are one diagram (Knot).
Outcomes are sets of bits (FALSE, NULL, TRUE of tagging.explain.diagram), for SQL's three values.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from tagging.explain.diagram import FALSE, NULL, TRUE, Diagram

At = Sequence[int]
Price = Callable[[int, int], float | None]
"""The step of a variable to another region; None when that region is not to be had."""

Run = Callable[[int, int, int], int]
"""run(variable, allowed, at): the allowed regions (bits) that hang together around one."""

MAX_EXACT = 12
"""So many facts in a knot are searched for the smallest set; of more, one is left out by turns."""


class Pick(NamedTuple):
    """One variable of an answer: its region, and (bits) the regions that do as well."""

    variable: int
    region: int
    allowed: int


class Answer(NamedTuple):
    """Number of facts, sum of steps, and the facts."""

    number: int
    steps: float
    picks: tuple[Pick, ...]


NOTHING = Answer(0, 0.0, ())


class Gate(Protocol):
    """A part of a rule."""

    exact: bool

    def now(self, at: At) -> int:
        """Return the present outcome, by its number."""
        ...

    def need(self, outcomes: int, at: At) -> Answer | None:
        """Return the fewest facts that keep the outcome in a set; None: they do not."""
        ...

    def flip(self, outcomes: int, at: At, price: Price) -> Answer | None:
        """Return the smallest change into a set of outcomes; None: there is none."""
        ...


class Fixed:
    """A constant."""

    exact = True

    def __init__(self, outcome: int) -> None:
        self.outcome = outcome

    def now(self, at: At) -> int:
        """Return the outcome."""
        del at
        return self.outcome

    def need(self, outcomes: int, at: At) -> Answer | None:
        """Return that nothing is needed, if the outcome is in the set."""
        del at
        return NOTHING if outcomes >> self.outcome & 1 else None

    def flip(self, outcomes: int, at: At, price: Price) -> Answer | None:
        """Return that nothing need change, if the outcome is in the set."""
        del price
        return self.need(outcomes, at)


class One:
    """A condition on one variable: the outcome in each of its regions."""

    exact = True

    def __init__(self, variable: int, table: tuple[int, ...]) -> None:
        self.variable = variable
        self.table = table
        self._all = (1 << len(table)) - 1
        self._allowed: dict[int, int] = {}

    def now(self, at: At) -> int:
        """Return the outcome of the present region."""
        return self.table[at[self.variable]]

    def need(self, outcomes: int, at: At) -> Answer | None:
        """Return the variable, unless its value is of no consequence."""
        allowed = self._regions(outcomes)
        here = at[self.variable]
        if not allowed >> here & 1:
            return None
        if allowed == self._all:
            return NOTHING
        return Answer(1, 0.0, (Pick(self.variable, here, allowed),))

    def flip(self, outcomes: int, at: At, price: Price) -> Answer | None:
        """Return the nearest region with a wanted outcome."""
        allowed = self._regions(outcomes)
        here = at[self.variable]
        if allowed >> here & 1:
            return NOTHING
        best: Answer | None = None
        for region in range(len(self.table)):
            if allowed >> region & 1:
                step = price(self.variable, region)
                if step is not None and (best is None or step < best.steps):
                    best = Answer(1, step, (Pick(self.variable, region, allowed),))
        return best

    def _regions(self, outcomes: int) -> int:
        found = self._allowed.get(outcomes)
        if found is None:
            found = sum(1 << n for n, outcome in enumerate(self.table) if outcomes >> outcome & 1)
            self._allowed[outcomes] = found
        return found


def _opposite(outcomes: int) -> int:
    return (outcomes & NULL) | (FALSE if outcomes & TRUE else 0) | (TRUE if outcomes & FALSE else 0)


class Opposite:
    """NOT."""

    def __init__(self, of: Gate) -> None:
        self.of = of
        self.exact = of.exact

    def now(self, at: At) -> int:
        """Return the opposite outcome; NULL stays NULL."""
        return 2 - self.of.now(at)

    def need(self, outcomes: int, at: At) -> Answer | None:
        """Return what the part needs for the opposite."""
        return self.of.need(_opposite(outcomes), at)

    def flip(self, outcomes: int, at: At, price: Price) -> Answer | None:
        """Return what changes the part into the opposite."""
        return self.of.flip(_opposite(outcomes), at, price)


_Ask = Callable[[Gate, int], Answer | None]


class Many:
    """AND, or OR as its mirror image, over parts without a common fact."""

    def __init__(self, items: tuple[Gate, ...], *, any_: bool, exact: bool) -> None:
        self.items = items
        self._any = any_
        self.exact = exact and all(item.exact for item in items)

    def now(self, at: At) -> int:
        """Return the outcome: the least for AND, the greatest for OR (FALSE < NULL < TRUE)."""
        outcomes = [item.now(at) for item in self.items]
        return max(outcomes) if self._any else min(outcomes)

    def need(self, outcomes: int, at: At) -> Answer | None:
        """Return the fewest facts that keep the outcome."""
        if self._any:
            return self._answer(
                _opposite(outcomes), lambda item, o: item.need(_opposite(o), at), known=5
            )
        return self._answer(outcomes, lambda item, o: item.need(o, at), known=5)

    def flip(self, outcomes: int, at: At, price: Price) -> Answer | None:
        """Return the smallest change."""
        if self._any:
            return self._answer(
                _opposite(outcomes), lambda item, o: item.flip(_opposite(o), at, price), known=4
            )
        return self._answer(outcomes, lambda item, o: item.flip(o, at, price), known=4)

    def _answer(self, outcomes: int, ask: _Ask, *, known: int) -> Answer | None:
        """Return the answer for AND; `known` is what every item must be for FALSE-or-TRUE."""
        if outcomes == FALSE | NULL | TRUE:
            return NOTHING
        if outcomes in (TRUE, TRUE | NULL):
            return self._every(ask, outcomes)
        if outcomes in (FALSE, FALSE | NULL):
            return self._some(ask, outcomes)
        if outcomes == NULL:
            return self._null(ask)
        options = [self._some(ask, FALSE), self._every(ask, known)] if outcomes else []
        return min((option for option in options if option), key=_cost, default=None)

    def _every(self, ask: _Ask, outcomes: int) -> Answer | None:
        count, steps = 0, 0.0
        picks: list[Pick] = []
        for item in self.items:
            answer = ask(item, outcomes)
            if answer is None:
                return None
            count += answer.number
            steps += answer.steps
            picks += answer.picks
        return Answer(count, steps, tuple(picks))

    def _some(self, ask: _Ask, outcomes: int) -> Answer | None:
        best: Answer | None = None
        for item in self.items:
            answer = ask(item, outcomes)
            if answer is not None and (best is None or answer[:2] < best[:2]):
                best = answer
        return best

    def _null(self, ask: _Ask) -> Answer | None:
        """No item FALSE, and one NULL."""
        best: Answer | None = None
        for chosen in self.items:
            answer = self._every(
                lambda item, o, chosen=chosen: ask(item, NULL if item is chosen else o),  # type: ignore[misc]
                TRUE | NULL,
            )
            if answer is not None and (best is None or answer[:2] < best[:2]):
                best = answer
        return best


def _cost(answer: Answer) -> tuple[int, float]:
    return answer.number, answer.steps


class Knot:
    """A part whose facts stand in several of its conditions: one diagram, searched exactly."""

    def __init__(self, diagram: Diagram, root: int, variables: tuple[int, ...], run: Run) -> None:
        self.diagram, self.root, self.variables = diagram, root, variables
        self._run = run
        self.exact = len(variables) <= MAX_EXACT

    def now(self, at: At) -> int:
        """Return the present outcome."""
        return self.diagram.now(self.root, at)

    def need(self, outcomes: int, at: At) -> Answer | None:
        """Return the smallest set of facts that meets every change that would end the outcome."""
        if not outcomes >> self.now(at) & 1:
            return None
        chosen = self._smallest(outcomes, at) if self.exact else self._small(outcomes, at)
        picks = self._widened({variable: at[variable] for variable in chosen}, outcomes, {})
        return Answer(len(picks), 0.0, picks)

    def flip(self, outcomes: int, at: At, price: Price) -> Answer | None:
        """Return the cheapest change."""
        found = self.diagram.cheapest(self.root, outcomes, at, price)
        if found is None:
            return None
        chosen = dict(found[2])
        others = {v: 1 << at[v] for v in self.variables if v not in chosen}
        return Answer(found[0], found[1], self._widened(chosen, outcomes, others))

    def _smallest(self, outcomes: int, at: At) -> frozenset[int]:
        changes: list[frozenset[int]] = []
        while True:
            held = smallest_hit(changes)
            change = self._change_without(held, outcomes, at)
            if change is None:
                return held
            changes.append(change)

    def _small(self, outcomes: int, at: At) -> frozenset[int]:
        """Return a set of facts of which none can be left out."""
        held = frozenset(self.variables)
        for variable in self.variables:
            if self._change_without(held - {variable}, outcomes, at) is None:
                held -= {variable}
        return held

    def _change_without(self, held: frozenset[int], outcomes: int, at: At) -> frozenset[int] | None:
        found = self.diagram.cheapest(
            self.root, ~outcomes, at, lambda variable, _region: None if variable in held else 0.0
        )
        return None if found is None else frozenset(variable for variable, _ in found[2])

    def _widened(
        self, chosen: dict[int, int], outcomes: int, others: dict[int, int]
    ) -> tuple[Pick, ...]:
        """Return the chosen regions, each grown by its neighbours while the outcome stays."""
        box = {**others, **{variable: 1 << region for variable, region in chosen.items()}}
        for variable, region in chosen.items():
            good = 0
            for other in range(self.diagram.width(variable)):
                tried = {**box, variable: 1 << other}
                if not self.diagram.reach(self.root, tried) & ~outcomes:
                    good |= 1 << other
            box[variable] = self._run(variable, good | 1 << region, region)
        return tuple(Pick(variable, region, box[variable]) for variable, region in chosen.items())


class Whole:
    """A part too large for a diagram: all its facts are named, and nothing smaller is claimed."""

    exact = False

    def __init__(self, widths: Mapping[int, int], now: Callable[[At], int]) -> None:
        self.widths = widths
        self._now = now

    def now(self, at: At) -> int:
        """Return the present outcome."""
        return self._now(at)

    def need(self, outcomes: int, at: At) -> Answer | None:
        """Return all the facts."""
        if not outcomes >> self.now(at) & 1:
            return None
        picks = tuple(Pick(v, at[v], 1 << at[v]) for v in self.widths)
        return Answer(len(picks), 0.0, picks)

    def flip(self, outcomes: int, at: At, price: Price) -> Answer | None:
        """Return a change of one fact that does it, if there is one."""
        if outcomes >> self.now(at) & 1:
            return NOTHING
        best: Answer | None = None
        for variable, width in self.widths.items():
            changed = list(at)
            for region in range(width):
                changed[variable] = region
                step = price(variable, region)
                if step is not None and outcomes >> self._now(changed) & 1:
                    answer = Answer(1, step, (Pick(variable, region, 1 << region),))
                    best = min(best or answer, answer, key=_cost)
        return best


def smallest_hit(sets: Iterable[frozenset[int]]) -> frozenset[int]:
    """Return a smallest set that has a member in common with each of some sets."""
    waiting = sorted(sets, key=len)
    every: frozenset[int] = frozenset().union(*waiting)
    if len(every) == sum(map(len, waiting)):  # nothing in common: one of each
        return frozenset(min(members) for members in waiting)
    size = 0
    while True:
        found = _hit(waiting, frozenset(), size)
        if found is not None:
            return found
        size += 1


def _hit(sets: list[frozenset[int]], chosen: frozenset[int], more: int) -> frozenset[int] | None:
    missed = next((members for members in sets if not members & chosen), None)
    if missed is None:
        return chosen
    if more == 0:
        return None
    for member in sorted(missed):
        found = _hit(sets, chosen | {member}, more - 1)
        if found is not None:
            return found
    return None
