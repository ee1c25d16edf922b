# SPDX-License-Identifier: Apache-2.0
"""What a report may show: nobody, and no group under k, can be worked out from its numbers.

First categories are merged, then numbers are hidden: those of 1 to k - 1, those that moved that little
since the last report, and whatever would give them away. A hidden number is safe when another table of
whole people, with every shown number the same, has it otherwise, and the range is at least k wide. Such
tables are made by moves: people are swapped among a few cells so that margins stay. `attack` checks this
from the outside, by integer programmes that know nothing of moves.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise, product
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from audit.bias.cube import UNKNOWN, Axis, Cube, Kind, groupings
from audit.bias.rates import OF_OUTCOME, RATES
from audit.errors import Refused

OTHER: Final = "other"
PEOPLE: Final = "people"
KNOWN: Final = "*known"
"""In the place of labels: all whose attributes are known."""
OF: Final = ":of"
AMONG: Final = ":among"


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """Which number: how many of what in which group; no attribute means everybody."""

    what: str
    """`people`, a value of the tag, or one side of a rate (`side`)."""
    attributes: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Statements:
    """Numbers that a report could show: each the sum of some of the finest cells."""

    keys: tuple[Key, ...]
    matrix: NDArray[np.int64]
    """Number by finest cell: 1 when the cell is in it."""
    values: NDArray[np.int64]
    counts: NDArray[np.int64]
    """People in each of the finest cells."""
    cells: tuple[tuple[str, ...], ...]
    """The finest cells by name, so that two reports can be laid side by side."""


@dataclass(frozen=True, slots=True, eq=False)
class Release:
    """What is shown of some statements."""

    statements: Statements
    shown: NDArray[np.bool_]
    k: int

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


def statements(
    cube: Cube, attributes: Sequence[str], depth: int, rates: Sequence[str] = ()
) -> Statements:
    """Return the numbers of a report: for all, for each group up to `depth`, and for whom it is known.

    They are people, each value of the tag, and the two sides of each rate that needs an outcome.
    """
    (tag,) = cube.of_kind(Kind.TAG)
    axes = [*(cube.axis(name) for name in attributes), *_outcome(cube, rates), tag]
    counts = cube.over([axis.name for axis in axes])
    places = np.indices(counts.shape).reshape(len(axes), -1)
    kinds = _kinds(axes[len(attributes) :], places[len(attributes) :], rates)
    keys, rows = [], []
    for names, labels, inside in _groups(axes, attributes, depth, places):
        for what, which in kinds.items():
            keys.append(Key(what, names, labels))
            rows.append(inside & which)
    matrix = np.array(rows, dtype=np.int64)
    cells = tuple(
        tuple(axis.values[n] for axis, n in zip(axes, place, strict=True)) for place in places.T
    )
    flat = counts.reshape(-1)
    return Statements(tuple(keys), matrix, matrix @ flat, flat, cells)


def side(value: str, rate: str, part: str) -> str:
    """Return what the successes (`OF`) or the trials (`AMONG`) of a rate are called in a key."""
    return f"{value}:{rate}{part}"


def _outcome(cube: Cube, rates: Sequence[str]) -> tuple[Axis, ...]:
    return cube.of_kind(Kind.OUTCOME) if OF_OUTCOME & set(rates) else ()


def _kinds(
    axes: Sequence[Axis], places: NDArray[Any], rates: Sequence[str]
) -> dict[str, NDArray[np.bool_]]:
    """Return which of the finest cells each kind of number sums."""
    tag = axes[-1]
    found = {PEOPLE: np.ones(places.shape[1], dtype=bool)}
    found |= {value: places[-1] == n for n, value in enumerate(tag.values)}
    audited = ("yes",) if tag.values == ("no", "yes") else tag.values
    for rate, value in product(rates, audited):
        if rate in OF_OUTCOME:
            seen = [axes[0].values.index(answer) for answer in ("no", "yes")]
            held = places[-1] == tag.values.index(value)
            for part, chosen in zip((OF, AMONG), RATES[rate], strict=True):
                found[side(value, rate, part)] = np.any(
                    [
                        (places[0] == seen[n // 2]) & (held == bool(n % 2))
                        for n in range(4)
                        if chosen[n]
                    ],
                    axis=0,
                )
    return found


def _groups(
    axes: Sequence[Axis], attributes: Sequence[str], depth: int, places: NDArray[Any]
) -> Iterator[tuple[tuple[str, ...], tuple[str, ...], NDArray[np.bool_]]]:
    everybody = np.ones(places.shape[1], dtype=bool)
    yield (), (), everybody
    for names in groupings(attributes, depth):
        at = [list(attributes).index(name) for name in names]
        known = everybody.copy()
        for n in at:
            if UNKNOWN in axes[n].values:
                known &= places[n] != axes[n].values.index(UNKNOWN)
        yield names, (KNOWN,), known
        for group in np.ndindex(*(len(axes[n].values) for n in at)):
            inside = everybody.copy()
            for n, value in zip(at, group, strict=True):
                inside &= places[n] == value
            yield names, tuple(axes[n].values[v] for n, v in zip(at, group, strict=True)), inside


def protect(wanted: Statements, k: int, before: Release | None = None) -> Release:
    """Return what may be shown. `before` is the last report on the same people.

    For each number that must be hidden, the move that hides fewest others is taken: all that it
    changes is hidden too, and is then as safe.
    """
    hidden = (wanted.values > 0) & (wanted.values < k)
    hidden |= _moved_a_little(wanted, before, k)
    if int(wanted.counts.sum()) < k:
        return Release(wanted, np.zeros(len(hidden), dtype=bool), k)
    effect, room = _moves(wanted, before)
    width = np.zeros(effect.shape)
    np.multiply(np.abs(effect), room, out=width, where=effect != 0)
    weight = np.sqrt(wanted.matrix.sum(axis=1))  # a margin says more than a cell
    safe = np.zeros(len(hidden), dtype=bool)
    while (open_ := np.flatnonzero(hidden & ~safe)).size:
        able = np.flatnonzero(width[open_[0]] >= k)
        touched = effect[:, able] != 0
        cost = (weight * ~hidden) @ touched
        best = able[np.lexsort((-room[able], cost))[0]]
        hidden |= effect[:, best] != 0
        safe |= width[:, best] >= k
    return Release(wanted, ~hidden, k)


def _moves(wanted: Statements, before: Release | None) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return (what each move changes in each number, how often it can be made, both ways together).

    A move swaps people between the corners of a box, in as many directions as differ: all margins
    that leave out one of these directions stay. Besides, one for each cell that only adds people.
    """
    codes = np.array(
        [np.unique(names, return_inverse=True)[1] for names in zip(*wanted.cells, strict=True)]
    ).T
    place = {tuple(code): n for n, code in enumerate(codes.tolist())}
    moves = [np.eye(len(codes), dtype=np.int64)]
    for first, second in combinations(range(len(codes)), 2):
        ends = codes[first], codes[second]
        move = np.zeros(len(codes), dtype=np.int64)
        differ = np.flatnonzero(ends[0] != ends[1])
        for choice in product((0, 1), repeat=len(differ)):
            corner = ends[0].copy()
            corner[differ] = np.where(choice, ends[1][differ], ends[0][differ])
            move[place[tuple(corner.tolist())]] = (-1) ** sum(choice)
        moves.append(move[None])
    found = np.unique(np.concatenate(moves), axis=0)
    return wanted.matrix @ found.T, _room(found, wanted, before)


def attack(release: Release, before: Release | None = None) -> dict[Key, tuple[float, float]]:
    """Return the (least, most) that each hidden number can be for a reader of the report.

    With `before`, the reader has that report too, and knows of nobody who left, if nobody did.
    """
    return {
        release.statements.keys[target]: bounds(release, int(target), before)
        for target in np.flatnonzero(~release.shown)
    }


def bounds(release: Release, target: int, before: Release | None = None) -> tuple[float, float]:
    """Return the least and the most a number can be, given what is shown; inf for no end."""
    row = release.statements.matrix[target].astype(float)
    matrix, values = _known(release)
    link = None
    if before is not None and _only_joined(release.statements, before.statements):
        older, older_values = _known(before)
        link = np.hstack([np.eye(len(row)), -np.eye(len(row))])
        matrix = np.block(
            [
                [matrix, np.zeros((len(matrix), len(row)))],
                [np.zeros((len(older), len(row))), older],
            ]
        )
        values = np.concatenate([values, older_values])
        row = np.concatenate([row, np.zeros(len(row))])
    ends = [_end(sign * row, matrix, values, link) for sign in (1.0, -1.0)]
    return ends[0], -ends[1]


def merge(cube: Cube, attributes: Sequence[str], k: int) -> tuple[Cube, dict[str, dict[str, str]]]:
    """Return the cube with categories merged until few cells are small, and what went into what.

    Only neighbours of an ordered attribute are merged (`25-34` and `35-44` become `25-34+35-44`); of
    others the two rarest, into `other`. `unknown` stays by itself. Each step is the one that leaves
    the most cells that can be shown; merging stops when no step leaves more.
    """
    (tag,) = cube.of_kind(Kind.TAG)
    into: dict[str, dict[str, str]] = {name: {} for name in attributes}
    best = _quality(cube, attributes, tag.name, k)
    while best[0] < 0:
        steps = [(name, step) for name in attributes for step in _steps(cube, name)]
        tried = [
            (_quality(cube.merged(name, step), attributes, tag.name, k), name, step)
            for name, step in steps
        ]
        if not tried:
            break
        quality, name, step = max(tried, key=lambda one: one[0])
        cube, best = cube.merged(name, step), quality
        into[name] = {
            value: step.get(into[name].get(value, value), into[name].get(value, value))
            for value in {*into[name], *step}
        }
    return cube, {name: found for name, found in into.items() if found}


def _quality(cube: Cube, attributes: Sequence[str], tag: str, k: int) -> tuple[int, int]:
    """Return (minus the share of small cells above a tenth, in thousandths; cells that can be shown)."""
    counts = cube.over([*attributes, tag])
    small = int(((counts > 0) & (counts < k)).sum())
    return min(-(1000 * small // counts.size) + 100, 0), counts.size - small


def _steps(cube: Cube, name: str) -> list[Mapping[str, str]]:
    axis = cube.axis(name)
    known = [value for value in axis.values if value != UNKNOWN]
    if len(known) < 3:  # two groups are the least that can be compared
        return []
    if axis.ordered:
        return [
            dict.fromkeys((first, second), f"{first}+{second}") for first, second in pairwise(known)
        ]
    counts = dict(zip(axis.values, cube.over([name]).tolist(), strict=True))
    rare = sorted(known, key=lambda value: (counts[value], value))[:2]
    return [dict.fromkeys(rare, OTHER)]


def _known(release: Release) -> tuple[NDArray[Any], NDArray[Any]]:
    matrix = release.statements.matrix[release.shown].astype(float)
    return matrix, release.statements.values[release.shown].astype(float)


def _only_joined(new: Statements, old: Statements) -> bool:
    return new.cells == old.cells and bool((new.counts >= old.counts).all())


def _moved_a_little(new: Statements, before: Release | None, k: int) -> NDArray[np.bool_]:
    """Return which numbers differ by 1 to k - 1 from what was shown before."""
    old = before.visible() if before is not None else {}
    moved = [
        abs(int(v) - old.get(key, int(v))) for key, v in zip(new.keys, new.values, strict=True)
    ]
    return np.array([0 < step < k for step in moved], dtype=bool)


def _room(moves: NDArray[Any], wanted: Statements, before: Release | None) -> NDArray[Any]:
    """Return how often each move can be made, forth and back together; inf when without end."""
    free: NDArray[Any] = _times(moves, wanted.counts) + _times(-moves, wanted.counts)
    if before is None or not _only_joined(wanted, before.statements):
        return free
    # a reader knows that nobody left: the same move in both reports, or none beyond who joined
    older = before.statements
    joined = wanted.counts - older.counts
    both = np.minimum(_times(moves, older.counts), _times(moves, wanted.counts))
    both += np.minimum(_times(-moves, older.counts), _times(-moves, wanted.counts))
    unseen = (older.matrix[before.shown] @ moves.T == 0).all(axis=0)
    alone = _times(moves, joined) + _times(-moves, joined)
    return np.asarray(np.where(unseen, both, alone))


def _times(moves: NDArray[Any], counts: NDArray[np.int64]) -> NDArray[Any]:
    """Return how often each move can be made before a cell would hold fewer than nobody."""
    return np.asarray(np.where(moves < 0, counts, np.inf).min(axis=1))


def _end(
    row: NDArray[Any],
    matrix: NDArray[Any],
    values: NDArray[Any],
    link: NDArray[Any] | None,
) -> float:
    """Return the least value of `row` over what agrees with everything known; -inf for no end."""
    limits = [optimize.LinearConstraint(matrix, values, values)] if len(matrix) else []
    if link is not None:
        limits.append(optimize.LinearConstraint(link, 0, np.inf))
    found = optimize.milp(row, constraints=limits, integrality=np.ones(len(row)))
    if found.status in {3, 4} and found.x is None:  # no end (HiGHS may call it undecided)
        return -np.inf
    if found.status != 0:
        raise Refused(
            "release-contradictory",
            "the numbers of the report contradict each other",
            hint="count again; nothing is shown until they agree",
        )
    return float(found.fun)
