# SPDX-License-Identifier: Apache-2.0
"""Sets of values of one expression, each written in exactly one way: numbers, or texts.

A set of numbers begins inside or outside and turns at some places of the number line; whole numbers
turn only before a whole number, so that `> 2` and `>= 3` are one set. A set of texts is some texts,
or all but some.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tagging.rules.tree import Kind


@dataclass(frozen=True, slots=True)
class Values:
    """A set of values; never holds the missing one."""

    start: bool
    """Whether the smallest numbers, or the texts that are not named, are inside."""

    points: tuple[Any, ...] | frozenset[str]
    """Places before which membership turns, ascending; or the texts that are the other way."""

    @classmethod
    def of(cls, op: str, value: Any, kind: Kind) -> "Values":
        """Return the numbers or texts that stand in a relation to a constant."""
        if kind == "text":
            return cls(op == "<>", frozenset((value,)))
        before, after = (value, value + 1) if kind != "real" else ((value, 0), (value, 1))
        start, points = {
            "=": (False, (before, after)),
            "<>": (True, (before, after)),
            "<": (True, (before,)),
            "<=": (True, (after,)),
            ">": (False, (after,)),
            ">=": (False, (before,)),
        }[op]
        return cls(start, points)

    @classmethod
    def joined(cls, every: Callable[[Iterable[bool]], bool], sets: Sequence["Values"]) -> "Values":
        """Return the values that are in all sets (`all`) or in one of them (`any`)."""
        start = every(one.start for one in sets)
        named = {point for one in sets for point in one.points}
        if isinstance(sets[0].points, frozenset):
            turned = {text for text in named if every(one.holds(text) for one in sets) != start}
            return cls(start, frozenset(turned))
        turns = []
        inside = start
        for place in sorted(named):
            if every(one.holds(place) for one in sets) != inside:
                inside = not inside
                turns.append(place)
        return cls(start, tuple(turns))

    def holds(self, place: Any) -> bool:
        """Return whether a text, or the number just behind a place, is inside."""
        if isinstance(self.points, frozenset):
            return self.start is not (place in self.points)
        return self.start is not bool(bisect_right(self.points, place) % 2)

    def other(self) -> "Values":
        """Return all the values that are not inside."""
        return Values(not self.start, self.points)


NO_VALUE: Final = (Values(start=False, points=()), Values(start=False, points=frozenset()))
EVERY_VALUE: Final = tuple(none.other() for none in NO_VALUE)
