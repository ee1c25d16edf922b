# SPDX-License-Identifier: Apache-2.0
"""Finds proofs: moves of people that no reader of the reports can see, and what they would hide."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from audit.bias.moves import Floats, moves_of
from audit.bias.search import Allowed, changes
from audit.bias.statements import by_group, nobody_left

if TYPE_CHECKING:
    from audit.bias.protection import Release

MANY: Final = 1e12
"""More often than any table has people: for a move without end."""


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """What a reader must not learn: a number in one report, or by how much it moved since another."""

    number: int
    report: int
    since: int | None
    k: int


@dataclass(frozen=True, slots=True, eq=False)
class Proof:
    """Why a target is safe: two tables of people, each the true one with a change of the cells.

    The same change in the reports from `first` to before `stop`.
    """

    target: Target
    first: int
    stop: int
    up: NDArray[np.int64]
    down: NDArray[np.int64]


class Desk:
    """The moves, how often each can be made in which reports, and what it would hide."""

    def __init__(
        self, release: "Release", earlier: Sequence["Release"], fixed: NDArray[np.bool_]
    ) -> None:
        new = release.statements
        self.release, self.last = release, len(earlier)
        self.shown, self.fixed = [old.shown for old in earlier], fixed
        self.moves, self.by_group = moves_of([len(values) for values in new.axes], new.outer)
        self.effect = self.moves.effect(new.matrix)
        known = [*self.shown, fixed]
        self.unseen = np.array([~(self.effect[some] != 0).any(axis=0) for some in known])
        self.tables = [one.statements for one in (*earlier, release)]
        self.gates = [self._gate(n) for n in range(1, len(self.tables))]
        self.weight = np.sqrt(new.matrix.sum(axis=1))  # a margin says more than a cell
        self.cost = np.zeros(len(self.moves.gains))
        self._count(np.flatnonzero(release.shown), 1)
        self.widest: dict[tuple[int, int | None, bool], tuple[Floats, NDArray[np.int32]]] = {}
        self._measure()

    def choose(self, target: Target) -> tuple[Proof, NDArray[np.intp]] | None:
        """Return the proof that hides fewest numbers, and what it changes in this report."""
        change = np.abs(self.effect[target.number])
        for seen in (False, True):  # a move that this report does not see hides nothing
            which = target.report, target.since, seen
            if which not in self.widest:
                continue
            room, spans = self.widest[which]
            able = np.flatnonzero(change * room >= target.k)
            if able.size:
                cost = self.cost[able] * seen
                n = int(able[np.lexsort((-room[able], cost))[0]])
                first, stop = divmod(int(spans[n]), len(self.tables) + 1)
                most = max(int(self.tables[-1].counts.sum()), target.k)
                forth, back = (int(min(end[0], most)) for end in self._ends(first, stop, [n]))
                touched = np.flatnonzero(self.effect[:, n]) if seen else np.array([], dtype=np.intp)
                move = self.moves.one(n)
                return Proof(target, first, stop, forth * move, -back * move), touched
        return None

    def search(self, target: Target) -> tuple[Proof, NDArray[np.intp]] | None:
        """Return a proof by a move of any shape, for a target that no box of cells moves far enough."""
        at, since, new = target.report, target.since, self.release
        spans = [(at, at + 1), (0 if since is None else since + 1, len(self.tables))]
        for first, stop in dict.fromkeys(spans):
            dear = np.flatnonzero(new.shown & ~self.fixed & (stop > self.last))
            matrix = new.statements.matrix
            allowed = self._allowed(first, stop)
            ends = changes(
                matrix[target.number], target.k, allowed, matrix[dear], self.weight[dear]
            )
            if ends is not None:
                touched = dear[(matrix[dear] @ ends.T != 0).any(axis=1)]
                return Proof(target, first, stop, *ends), touched
        return None

    def _allowed(self, first: int, stop: int) -> Allowed:
        """Return which changes of cells in the reports from `first` to before `stop` nobody can see."""
        of, cells = self.tables[-1], len(self.tables[-1].counts)
        kept = [of.matrix[old] for old in self.shown[first : min(stop, self.last)]]
        kept += [of.matrix[self.fixed]] if stop > self.last else []
        sides = []
        for at in (first, stop):
            rows, slack = np.zeros((0, cells), dtype=np.int64), np.zeros(0, dtype=np.int64)
            if 0 < at < len(self.tables):
                old, now = self.tables[at - 1], self.tables[at]
                groups, within = nobody_left(old, now)
                if groups:
                    rows = np.eye(cells, dtype=np.int64)
                    rows = rows if within else by_group(of, rows).T
                    slack = rows @ (now.counts - old.counts)
            sides.append((rows, slack))
        least = -np.min([one.counts for one in self.tables[first:stop]], axis=0)
        return Allowed(least, np.vstack([*kept, np.zeros((0, cells))]).astype(np.int64), *sides)

    def hide(self, numbers: NDArray[np.intp]) -> None:
        """Hide numbers of the new report."""
        self._count(numbers, -1)
        self.release.shown[numbers] = False

    def _count(self, numbers: NDArray[np.intp], sign: int) -> None:
        for n in numbers:
            self.cost += sign * self.weight[n] * (self.effect[n] != 0)

    def _measure(self) -> None:
        """Keep for each kind of target how often a move can be made at most, and in which reports."""
        count, everyone = len(self.tables), slice(None)
        kinds = [(at, None) for at in range(count)] + [(self.last, at) for at in range(self.last)]
        for first, stop in combinations(range(count + 1), 2):
            forth, back = self._ends(first, stop, everyone)
            room, span = np.minimum(forth + back, MANY), first * (count + 1) + stop
            for report, since in kinds:
                inside = first <= report < stop
                if inside != (since is not None and first <= since < stop):
                    which = report, since, stop == count
                    empty = np.zeros_like(room), np.zeros(len(room), dtype=np.int32)
                    most, spans = self.widest.setdefault(which, empty)
                    spans[room > most] = span
                    np.maximum(most, room, out=most)

    def _ends(self, first: int, stop: int, which: slice | list[int]) -> tuple[Floats, Floats]:
        """Return how often moves can be made (forth, back) in the reports from `first` to before `stop`.

        No more often than there are people in each, nor than a reader can see that nobody left before
        the first or after the last of them; never where a number that stays known would show it.
        """
        low = np.min([one.counts for one in self.tables[first:stop]], axis=0)
        moves = self.moves.only(which)
        ends = [moves.forth(low), moves.back(low)]
        for gate, turned in ((first - 1, False), (stop - 1, True)):
            if 0 <= gate < len(self.gates):
                sides = self.gates[gate][::-1] if turned else self.gates[gate]
                ends = [np.minimum(end, side[which]) for end, side in zip(ends, sides, strict=True)]
        seen = ~self.unseen[first:stop, which].all(axis=0)
        return np.where(seen, 0.0, ends[0]), np.where(seen, 0.0, ends[1])

    def _gate(self, number: int) -> tuple[Floats, Floats]:
        """Return how often moves can be made (forth, back) in one report and not in the one before."""
        old, new = self.tables[number - 1], self.tables[number]
        groups, cells = nobody_left(old, new)
        step = new.counts - old.counts
        if not groups:
            never = np.full(len(self.moves.gains), np.inf)
            return never, never
        moves, slack = (self.moves, step) if cells else (self.by_group, by_group(new, step))
        return moves.forth(slack), moves.back(slack)
