# SPDX-License-Identifier: Apache-2.0
"""The numbers that a report could show: of people, of each value of the tag, and of both sides of a rate."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from audit.bias.cube import UNKNOWN, Axis, Cube, Kind, groupings
from audit.bias.rates import OF_OUTCOME, RATES

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
    axes: tuple[tuple[str, ...], ...]
    """The values of each axis of the finest cells; two reports with the same can be laid side by side."""
    outer: int
    """How many of the axes, the first ones, are attributes: they tell groups of people apart."""


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
    flat = counts.reshape(-1)
    values = tuple(axis.values for axis in axes)
    return Statements(tuple(keys), matrix, matrix @ flat, flat, values, len(attributes))


def nobody_left(old: Statements, new: Statements) -> tuple[bool, bool]:
    """Return whether nobody left any group, and whether nobody left any cell within one either.

    Within a group, people leave a cell when they lose the tag, or their outcome changes.
    """
    step = new.counts - old.counts
    return bool((by_group(new, step) >= 0).all()), bool((step >= 0).all())


def by_group(of: Statements, counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return people by group: the sums over what is not an attribute."""
    size = int(np.prod([len(values) for values in of.axes[of.outer :]]))
    return np.asarray(np.add.reduceat(counts, np.arange(0, counts.shape[-1], size), axis=-1))


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
