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
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from audit.bias.desk import Desk, Proof, Target
from audit.bias.statements import Key, Statements, by_group, nobody_left
from audit.errors import Refused


@dataclass(frozen=True, slots=True, eq=False)
class Outside:
    """What holds of the numbers of a report because of reports over other cells (`beside`)."""

    hide: NDArray[np.bool_]
    fixed: NDArray[np.bool_]
    """Known from there: shown, and no proof may touch them."""


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


def protect(
    wanted: Statements,
    k: int,
    earlier: Sequence[Release] = (),
    outside: Outside | None = None,
) -> Release:
    """Return what may be shown, with proofs. `earlier` are the reports on the same people, oldest first.

    They must be over the same cells; `outside` is what follows from reports over others. For each target without a move yet, the move that hides fewest
    numbers is taken: all that it changes is hidden too, and becomes a target.
    """
    hidden = (wanted.values > 0) & (wanted.values < k)
    for old in earlier:  # their targets would hide these one by one, and more besides
        hidden |= old.shown & _little(wanted, old, k)
    hidden |= outside.hide if outside else False
    release = Release(wanted, ~hidden, k)
    nothing = replace(release, shown=np.zeros_like(hidden))
    if int(wanted.counts.sum()) < k:
        return nothing
    fixed = outside.fixed & ~hidden if outside else np.zeros_like(hidden)
    desk = Desk(release, earlier, fixed)
    waiting = list(_targets(release, earlier))
    proofs = []
    while waiting:
        target = waiting.pop(0)
        chosen = desk.choose(target) or desk.search(target)
        if chosen is None:
            return nothing  # unproven beside the earlier reports; without numbers it adds nothing
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
        for change in (proof.up, proof.down):
            end = tables.copy()
            end[proof.first : proof.stop] += change
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


class _Known:
    """All that a reader of some reports knows."""

    def __init__(self, reports: Sequence[Release]) -> None:
        self.of = reports[-1].statements
        self.sums = self.of.matrix.T.astype(np.float64)  # whole numbers below 2^53 stay exact
        self.values = np.array([one.statements.values for one in reports])
        self.shown = np.array([one.shown for one in reports])
        left = [nobody_left(old.statements, new.statements) for old, new in pairwise(reports)]
        self.groups, self.cells = np.array(left, dtype=bool).reshape(-1, 2).T

    def allows(self, tables: NDArray[np.int64]) -> bool:
        """Return whether these tables of people, one for each report, could be the true ones."""
        step = np.diff(tables, axis=0)
        wrong = ((tables @ self.sums != self.values) & self.shown).any()
        left = (by_group(self.of, step[self.groups]) < 0).any() or (step[self.cells] < 0).any()
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
