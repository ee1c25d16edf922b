# SPDX-License-Identifier: Apache-2.0
"""A rule as a decision diagram over the regions of its facts: small, and exact to search.

A node asks for the region of one fact and has one child per region; equal nodes are one node, facts
are asked in a fixed order. Refuses (TooLarge) a rule whose diagram would not stay small.
"""

from collections.abc import Callable, Mapping, Sequence

from tagging.rules.evaluate import Value

FALSE, NULL, TRUE = 1, 2, 4
"""Sets of outcomes are bits; these are the first three outcomes of every diagram."""

Path = tuple[tuple[int, int], ...]
Found = tuple[int, float, Path]
"""How many facts change, the sum of the steps, and (fact, new region) of each."""

_NOTHING: Found = (0, 0.0, ())


class TooLarge(Exception):  # noqa: N818  (a refusal, as the faults are)
    """The diagram would have too many nodes."""


class Diagram:
    """Nodes of one or more diagrams over the same facts. An outcome k is written ~k."""

    def __init__(self, widths: Sequence[int], limit: int) -> None:
        self.nodes: list[tuple[int, tuple[int, ...]]] = []
        self.values: list[Value] = [False, None, True]
        self._widths = widths
        self._limit = limit
        self._known: dict[tuple[int, tuple[int, ...]], int] = {}
        self._outcomes: dict[tuple[type, Value], int] = {
            (type(value), value): ~number for number, value in enumerate(self.values)
        }

    def width(self, fact: int) -> int:
        """Return the number of regions of a fact."""
        return self._widths[fact]

    def outcome(self, value: Value) -> int:
        """Return the leaf of a value."""
        key = (type(value), value)
        found = self._outcomes.get(key)
        if found is None:
            found = self._outcomes[key] = ~len(self.values)
            self.values.append(value)
        return found

    def node(self, fact: int, children: tuple[int, ...]) -> int:
        """Return the node that asks for a fact; a question without consequence is left out."""
        if all(child == children[0] for child in children):
            return children[0]
        key = (fact, children)
        found = self._known.get(key)
        if found is None:
            if len(self.nodes) >= self._limit:
                raise TooLarge
            found = self._known[key] = len(self.nodes)
            self.nodes.append(key)
        return found

    def apply(self, function: Callable[[list[Value]], Value], parts: tuple[int, ...]) -> int:
        """Return the diagram of a function of the values of some diagrams."""
        known: dict[tuple[int, ...], int] = {}

        def at(places: tuple[int, ...]) -> int:
            found = known.get(places)
            if found is not None:
                return found
            if len(known) > 4 * self._limit:
                raise TooLarge
            facts = [self.nodes[place][0] for place in places if place >= 0]
            if not facts:
                result = self.outcome(function([self.values[~place] for place in places]))
            else:
                first = min(facts)
                result = self.node(
                    first,
                    tuple(
                        at(tuple(self._child(place, first, region) for place in places))
                        for region in range(self._widths[first])
                    ),
                )
            known[places] = result
            return result

        return at(parts)

    def _child(self, place: int, fact: int, region: int) -> int:
        if place >= 0 and self.nodes[place][0] == fact:
            return self.nodes[place][1][region]
        return place

    def now(self, root: int, at: Sequence[int]) -> int:
        """Return the outcome (its number) with every fact in its present region."""
        while root >= 0:
            fact, children = self.nodes[root]
            root = children[at[fact]]
        return ~root

    def cheapest(
        self,
        root: int,
        wanted: int,
        at: Sequence[int],
        price: Callable[[int, int], float | None],
    ) -> Found | None:
        """Return the fewest facts, then smallest steps, to change for an outcome in `wanted`.

        `price(fact, region)` is the step to another region, None when it is not to be had.
        """
        known: dict[int, Found | None] = {}

        def best(place: int) -> Found | None:
            if place < 0:
                return _NOTHING if wanted >> ~place & 1 else None
            if place in known:
                return known[place]
            fact, children = self.nodes[place]
            here = at[fact]
            found = best(children[here])
            for region, child in enumerate(children):
                rest = best(child) if region != here else None
                step = price(fact, region) if rest is not None else None
                if rest is None or step is None:
                    continue
                count, steps = rest[0] + 1, rest[1] + step
                if found is None or (count, steps) < found[:2]:
                    found = (count, steps, ((fact, region), *rest[2]))
            known[place] = found
            return found

        return best(root)

    def reach(self, root: int, allowed: Mapping[int, int]) -> int:
        """Return, as bits, the outcomes that are possible with facts in the allowed regions.

        `allowed` gives the regions of a fact as bits; a fact that is not in it is free.
        """
        known: dict[int, int] = {}

        def bits(place: int) -> int:
            if place < 0:
                return 1 << ~place
            found = known.get(place)
            if found is None:
                fact, children = self.nodes[place]
                may = allowed.get(fact, -1)
                found = 0
                for region, child in enumerate(children):
                    if may >> region & 1:
                        found |= bits(child)
                known[place] = found
            return found

        return bits(root)
