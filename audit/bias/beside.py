# SPDX-License-Identifier: Apache-2.0
"""What reports over other numbers tell of the numbers of this one: other tags, attributes, rates, outcomes.

Their cells are others, so there is no table of people for all of them. Three rules stand instead, number by
number. One that such a report told and that is the same now is known: it is shown, and no proof may touch it.
One that moved by 1 to k - 1 since is hidden, or the two would name who is in one and not in the other. One
that such a report hid, and that is the same now (of the same tag: nearly the same), is hidden here, too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from audit.bias.cube import UNKNOWN, Axis, Kind, cube_of
from audit.bias.merging import OTHER
from audit.bias.policy import FairnessPolicy
from audit.bias.protection import Outside
from audit.bias.rates import Floats
from audit.bias.statements import AMONG, KNOWN, OF, PEOPLE, Key, Statements, statements
from audit.bias.successive import Before, Merges, merged_again, stated

EXACT: Final = 1e-6
NOTHING: Final = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """What a report told, over its own cells."""

    attributes: tuple[str, ...]
    labels: Mapping[str, Mapping[str, str]]
    """Attribute → value → what the report put it into."""
    of: Statements
    known: NDArray[np.bool_]
    """Which numbers follow from those that it showed."""
    near: int
    """How near a number may be to one that it hid before that is given away."""

    def same_as(self) -> tuple[object, ...]:
        """Return what is equal for two that tell the same."""
        told = (self.of.counts.tobytes(), self.known.tobytes(), self.near)
        return self.attributes, str(self.labels), self.of.axes, *told


def told_of_tag(before: Before, policy: FairnessPolicy, *, near: int, outcome: bool) -> Told:
    """Return what a report on the same tag told; rates of another `outcome` are other numbers."""
    own = merged_again(before.cube, before.merged)
    of = stated(own, policy)
    shown = np.array([key in before.shown for key in of.keys], dtype=bool)
    known = _follow(of.matrix, of.matrix[shown])
    if not outcome:
        sides = [key.what.endswith((OF, AMONG)) for key in of.keys]
        keys = tuple(
            replace(key, what="") if side else key for key, side in zip(of.keys, sides, strict=True)
        )
        of = replace(of, keys=keys)
    return Told(tuple(policy.attributes), _labels(before, policy), of, known, near)


def told_of_people(before: Before, policy: FairnessPolicy) -> Told:
    """Return what a report on another tag told of how many people there are in which group."""
    whole = told_of_tag(before, policy, near=1, outcome=True)
    at = {key: n for n, key in enumerate(whole.of.keys)}
    own = merged_again(before.cube, before.merged)
    everybody = Axis("tag", Kind.TAG, ("",))
    axes = [*(own.axis(name) for name in policy.attributes), everybody]
    counts = own.over(policy.attributes)[..., None]
    cube = cube_of(own.tag, own.version, axes, counts)
    of = statements(cube, policy.attributes, policy.intersections)
    known = [key.what == PEOPLE and bool(whole.known[at[key]]) for key in of.keys]
    return replace(whole, of=of, known=np.array(known, dtype=bool))


def outside(
    wanted: Statements, names: Sequence[str], merged: Merges, k: int, others: Sequence[Told]
) -> Outside:
    """Return what other reports mean for the numbers of one whose attributes are `names`."""
    hide, fixed = (np.zeros(len(wanted.keys), dtype=bool) for _ in range(2))
    values = dict(zip(names, wanted.axes, strict=False))
    for other in {one.same_as(): one for one in others}.values():
        if not other.known.any():
            continue  # there is nothing that one number more could complete
        rows, places = _rows(other, wanted.keys, values, merged)
        if not len(rows):
            continue
        step = np.abs(wanted.values[places] - rows @ other.of.counts)
        known = _follow(rows, other.of.matrix[other.known])
        fixed[places] |= known & (step == 0)
        hide[places] |= np.where(known, (step > 0) & (step < k), step < other.near)
    return Outside(hide, fixed & ~hide)


def _labels(before: Before, policy: FairnessPolicy) -> dict[str, dict[str, str]]:
    return {
        name: {
            value: before.merged.get(name, {}).get(value, value)
            for value in before.cube.axis(name).values
        }
        for name in policy.attributes
    }


def _rows(
    other: Told, keys: Sequence[Key], values: Mapping[str, Sequence[str]], merged: Merges
) -> tuple[NDArray[np.int64], list[int]]:
    """Return numbers of this report as sums of the cells of another, and which they are."""
    shape = [len(axis) for axis in other.of.axes]
    places = np.indices(shape).reshape(len(shape), -1)
    kinds = {
        key.what: row
        for key, row in zip(other.of.keys, other.of.matrix, strict=True)
        if not key.attributes
    }
    inside: dict[tuple[str, str], NDArray[np.bool_] | None] = {}
    for at, name in enumerate(other.attributes):
        if name in values:
            for label in (*values[name], KNOWN):
                inside[name, label] = _inside(other, at, label, values[name], merged, places[at])
    rows, found = [], []
    for n, key in enumerate(keys):
        labels = key.labels if key.labels != (KNOWN,) else (KNOWN,) * len(key.attributes)
        parts = [inside.get(pair) for pair in zip(key.attributes, labels, strict=True)]
        if key.what in kinds and not any(part is None for part in parts):
            rows.append(np.prod([kinds[key.what], *parts], axis=0))
            found.append(n)
    return np.array(rows, dtype=np.int64).reshape(len(rows), places.shape[1]), found


def _inside(  # noqa: PLR0917  (one caller)
    other: Told,
    at: int,
    label: str,
    values: Sequence[str],
    merged: Merges,
    place: NDArray[np.int64],
) -> NDArray[np.bool_] | None:
    """Return which cells of another report are in a group of this one; None when one is so in part."""
    name, own = other.attributes[at], other.of.axes[at]
    if label == KNOWN:
        return np.asarray([value != UNKNOWN for value in own])[place]
    into = merged.get(name, {})
    mine: dict[str, set[str]] = {value: set() for value in own}
    for value, put in other.labels[name].items():
        here = into.get(value, value)
        mine[put].add(here if here in values else OTHER)
    if any(label in found and len(found) > 1 for found in mine.values()):
        return None
    return np.asarray([label in mine[value] for value in own])[place]


def _follow(rows: NDArray[np.int64], told: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which sums of cells follow from others, by adding and subtracting these."""
    if not len(told):
        return np.zeros(len(rows), dtype=bool)
    _, size, right = np.linalg.svd(told.astype(np.float64), full_matrices=False)
    basis: Floats = right[size > NOTHING * size[0]]
    rest = rows - rows @ basis.T @ basis
    return np.asarray(np.abs(rest).max(axis=1, initial=0) < EXACT)
