# SPDX-License-Identifier: Apache-2.0
"""What a report may show: nobody, and no group under k, can be worked out from its numbers and earlier ones.

Hidden are numbers of 1 to k - 1, those that moved that little since an earlier report, and whatever would
give them away. For each there are two tables of whole people that agree with every number shown, in every
report, and differ in it by k or more. They are made by a move, back and forth (`moves`), and checked one by
one in whole numbers at the end (`proven`). So it holds without trust in a solver: HiGHS, whose integer
programmes are the attack in the tests, was seen to leave the true table out of its range.

Earlier reports are part of what a reader knows. If nobody left in between, the reader knows that, too.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from audit.bias.moves import Floats, moves_of
from audit.bias.statements import Key, Statements
from audit.errors import Refused

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
    """Why a target is safe: a move, made in the reports from `first` to before `stop`, forth or back."""

    target: Target
    move: NDArray[np.int64]
    first: int
    stop: int
    forth: int
    back: int


@dataclass(frozen=True, slots=True, eq=False)
class Release:
    """What is shown of some statements."""

    statements: Statements
    shown: NDArray[np.bool_]
    k: int
    proofs: tuple[Proof, ...] = ()
    """One for each target, of this report and the earlier ones."""

    def value(self, key: Key) -> int | None:
        """Return a number, or None when it is hidden."""
        place = self.statements.keys.index(key)
        return int(self.statements.values[place]) if self.shown[place] else None

    def visible(self) -> dict[Key, int]:
        """Return all the numbers that are shown."""
        return {
            key: int(value)
            for key, value, shown in zip(
                self.statements.keys, self.statements.values, self.shown, strict=True
            )
            if shown
        }


def protect(wanted: Statements, k: int, earlier: Sequence[Release] = ()) -> Release:
    """Return what may be shown, with proofs. `earlier` are the reports on the same people, oldest first.

    They must be over the same cells. For each target without a move yet, the move that hides fewest
    numbers is taken: all that it changes is hidden too, and becomes a target.
    """
    hidden = (wanted.values > 0) & (wanted.values < k)
    for old in earlier:  # their targets would hide these one by one, and more besides
        hidden |= old.shown & _little(wanted, old, k)
    release = Release(wanted, ~hidden, k)
    if int(wanted.counts.sum()) < k:
        return replace(release, shown=np.zeros_like(hidden))
    desk = _Desk(release, earlier)
    waiting = list(_targets(release, earlier))
    proofs = []
    while waiting:
        chosen = desk.choose(waiting.pop(0))
        if chosen is None:
            continue  # an earlier report gave it away: what is shown now adds nothing
        proof, touched = chosen
        proofs.append(proof)
        newly = touched[release.shown[touched]]
        desk.hide(newly)
        waiting += [Target(int(n), len(earlier), None, k) for n in newly]
    return replace(release, proofs=tuple(proofs))


def proven(release: Release, earlier: Sequence[Release] = ()) -> int | None:
    """Return the narrowest range that the proofs of a release leave a reader; None when nothing is hidden.

    Each proof is carried out: both tables are made, and compared with every number that is shown. Raises
    Refused `release-contradictory` when one does not hold, or a hidden number has none.
    """
    known = _Known((*earlier, release))
    tables = np.array([one.statements.counts for one in (*earlier, release)])
    has_one = np.zeros(len(release.shown), dtype=bool)
    widths = []
    hold = known.allows(tables)
    for proof in release.proofs:
        at = proof.target
        ends = []
        for times in (proof.forth, -proof.back):
            end = tables.copy()
            end[proof.first : proof.stop] += times * proof.move
            hold = hold and known.allows(end)
            numbers = end @ release.statements.matrix[at.number]
            ends.append(int(numbers[at.report] - (0 if at.since is None else numbers[at.since])))
        widths.append(abs(ends[0] - ends[1]))
        hold = hold and widths[-1] >= at.k
        has_one[at.number] |= (at.report, at.since) == (len(earlier), None)
    if release.shown.any() and not (hold and (has_one | release.shown).all()):
        raise Refused(
            "release-contradictory",
            "the numbers of the report contradict each other",
            hint="count again; nothing is shown until they agree",
        )
    return min(widths, default=None)


def nobody_left(old: Statements, new: Statements) -> tuple[int, bool]:
    """Return (1, whether also within groups) where nobody left any group; -1 where nobody came; else 0.

    Within a group, people leave a cell when they lose the tag, or their outcome changes.
    """
    step = new.counts - old.counts
    for direction in (1, -1):
        if (direction * _by_group(new, step) >= 0).all():
            return direction, bool((direction * step >= 0).all())
    return 0, False


class _Desk:
    """The moves, how often each can be made in which reports, and what it would hide."""

    def __init__(self, release: Release, earlier: Sequence[Release]) -> None:
        new = release.statements
        self.release, self.last = release, len(earlier)
        self.moves, self.by_group = moves_of([len(values) for values in new.axes], new.outer)
        self.effect = self.moves.effect(new.matrix)
        self.unseen = np.array([~(self.effect[old.shown] != 0).any(axis=0) for old in earlier])
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
                return Proof(target, self.moves.one(n), first, stop, forth, back), touched
        return None

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
        the first or after the last of them; never where an earlier report would show it.
        """
        low = np.min([one.counts for one in self.tables[first:stop]], axis=0)
        moves = self.moves.only(which)
        ends = [moves.forth(low), moves.back(low)]
        for gate, turned in ((first - 1, False), (stop - 1, True)):
            if 0 <= gate < len(self.gates):
                sides = self.gates[gate][::-1] if turned else self.gates[gate]
                ends = [np.minimum(end, side[which]) for end, side in zip(ends, sides, strict=True)]
        seen = ~self.unseen[first : min(stop, self.last), which].all(axis=0) if self.last else False
        return np.where(seen, 0.0, ends[0]), np.where(seen, 0.0, ends[1])

    def _gate(self, number: int) -> tuple[Floats, Floats]:
        """Return how often moves can be made (forth, back) in one report and not in the one before."""
        old, new = self.tables[number - 1], self.tables[number]
        direction, within = nobody_left(old, new)
        step = direction * (new.counts - old.counts)
        if not direction:
            never = np.full(len(self.moves.gains), np.inf)
            return never, never
        moves, slack = (self.moves, step) if within else (self.by_group, _by_group(new, step))
        gate = moves.forth(slack), moves.back(slack)
        return gate if direction > 0 else (gate[1], gate[0])


class _Known:
    """All that a reader of some reports knows."""

    def __init__(self, reports: Sequence[Release]) -> None:
        self.of = reports[-1].statements
        self.sums = self.of.matrix.T.astype(np.float64)  # whole numbers below 2^53 stay exact
        self.values = np.array([one.statements.values for one in reports])
        self.shown = np.array([one.shown for one in reports])
        left = [nobody_left(old.statements, new.statements) for old, new in pairwise(reports)]
        self.direction = np.array([way for way, _ in left], dtype=np.int64).reshape(-1, 1)
        self.within = np.array([inside for _, inside in left], dtype=bool)

    def allows(self, tables: NDArray[np.int64]) -> bool:
        """Return whether these tables of people, one for each report, could be the true ones."""
        step = self.direction * np.diff(tables, axis=0)
        wrong = ((tables @ self.sums != self.values) & self.shown).any()
        left = (_by_group(self.of, step) < 0).any() or (step[self.within] < 0).any()
        return bool((tables >= 0).all() and not wrong and not left)


def _targets(release: Release, earlier: Sequence[Release]) -> Iterator[Target]:
    """Yield what must not be learned: hidden numbers, small moves, and what earlier reports hid."""
    new = len(earlier)
    yield from (Target(int(n), new, None, release.k) for n in np.flatnonzero(~release.shown))
    for at, old in enumerate(earlier):
        little = _little(release.statements, old, release.k)
        yield from (Target(int(n), new, at, release.k) for n in np.flatnonzero(little))
        yield from (Target(int(n), at, None, old.k) for n in np.flatnonzero(~old.shown))


def _little(new: Statements, old: Release, k: int) -> NDArray[np.bool_]:
    """Return which numbers moved by 1 to k - 1 since an earlier report."""
    step = np.abs(new.values - old.statements.values)
    return np.asarray((step > 0) & (step < k))


def _by_group(of: Statements, counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return people by group: the sums over what is not an attribute."""
    size = int(np.prod([len(values) for values in of.axes[of.outer :]]))
    return np.asarray(np.add.reduceat(counts, np.arange(0, counts.shape[-1], size), axis=-1))
