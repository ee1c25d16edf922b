# SPDX-License-Identifier: Apache-2.0
"""The counts cube: how many people stand in each cell of tag, attributes, outcome, stratum, period.

- Cells are integers; a cube holds nobody's row and no number of a person.
- A value that is not known is the value `unknown` of its axis: never dropped, never guessed.
- Two cubes with the same cells have the same canonical document and the same digest.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from audit import canon
from audit.errors import BadInput

Counts = NDArray[np.int64]
UNKNOWN: Final = "unknown"
"""The value of an attribute that somebody did not give."""

CHUNK: Final = 1 << 18
MAX_CELLS: Final = 50_000_000


class Kind(StrEnum):
    """What an axis stands for."""

    TAG = "tag"
    ATTRIBUTE = "attribute"
    OUTCOME = "outcome"
    STRATUM = "stratum"
    PERIOD = "period"
    CONDITION = "condition"
    SCORE = "score"


@dataclass(frozen=True, slots=True)
class Axis:
    """One side of the cube. The last two values of a yes-no axis are `no`, `yes` in this order."""

    name: str
    kind: Kind
    values: tuple[str, ...]
    ordered: bool = False
    """Neighbours may be merged, as with age bands."""


@dataclass(frozen=True, slots=True, eq=False)
class Cube:
    """Counts of people over some axes, for one version of one tag."""

    tag: str
    version: int
    axes: tuple[Axis, ...]
    counts: Counts

    @property
    def total(self) -> int:
        """How many people were counted."""
        return int(self.counts.sum())

    def place(self, name: str) -> int:
        """Return the position of an axis; raises BadInput when there is none of that name."""
        for number, axis in enumerate(self.axes):
            if axis.name == name:
                return number
        raise BadInput(
            "cube-axis-unknown",
            f"the counts have no axis {name}",
            hint="count again with that attribute, or take it out of the policy",
        )

    def axis(self, name: str) -> Axis:
        """Return an axis by its name; raises BadInput when there is none."""
        return self.axes[self.place(name)]

    def of_kind(self, kind: Kind) -> tuple[Axis, ...]:
        """Return the axes that stand for one kind of thing."""
        return tuple(axis for axis in self.axes if axis.kind is kind)

    def over(self, names: Sequence[str]) -> Counts:
        """Return the counts over these axes only, in this order."""
        places = [self.place(name) for name in names]
        rest = tuple(n for n in range(len(self.axes)) if n not in places)
        kept = sorted(places)
        found: Counts = self.counts.sum(axis=rest).transpose([kept.index(n) for n in places])
        return found

    def subset(self, names: Sequence[str]) -> "Cube":
        """Return the cube over these axes only."""
        return Cube(
            self.tag, self.version, tuple(self.axis(name) for name in names), self.over(names)
        )

    def at(self, name: str, value: str) -> "Cube":
        """Return the slice at one value of an axis, without that axis."""
        place = self.place(name)
        index = self.axes[place].values.index(value)
        axes = self.axes[:place] + self.axes[place + 1 :]
        counts: Counts = np.take(self.counts, [index], axis=place).squeeze(axis=place)
        return Cube(self.tag, self.version, axes, counts)

    def merged(self, name: str, into: Mapping[str, str]) -> "Cube":
        """Return the cube with values of one axis put together; values not named stay."""
        place = self.place(name)
        axis = self.axes[place]
        values = tuple(dict.fromkeys(into.get(value, value) for value in axis.values))
        shape = list(self.counts.shape)
        shape[place] = len(values)
        counts = np.zeros(shape, dtype=np.int64)
        target = [values.index(into.get(value, value)) for value in axis.values]
        np.add.at(np.moveaxis(counts, place, 0), target, np.moveaxis(self.counts, place, 0))
        axes = list(self.axes)
        axes[place] = Axis(axis.name, axis.kind, values, axis.ordered)
        return Cube(self.tag, self.version, tuple(axes), counts)

    def document(self) -> dict[str, Any]:
        """Return the canonical document: axes, and the cells that are not empty, in order."""
        filled = np.argwhere(self.counts)
        cells = np.column_stack([filled, self.counts[tuple(filled.T)]])
        return {
            "apiVersion": "tagwarden/v1",
            "kind": "CountsCube",
            "tag": self.tag,
            "version": self.version,
            "axes": [
                {
                    "name": axis.name,
                    "kind": axis.kind.value,
                    "values": list(axis.values),
                    "ordered": axis.ordered,
                }
                for axis in self.axes
            ],
            "cells": cells.tolist(),
        }

    def digest(self) -> str:
        """Return the SHA-256 of the canonical document; it changes when one count does."""
        return canon.digest(self.document())


def cube_of(tag: str, version: int, axes: Sequence[Axis], counts: Counts) -> Cube:
    """Return a cube; raises BadInput when counts and axes do not fit, or a count is negative."""
    named = [axis.name for axis in axes]
    wrong = ""
    if len(set(named)) != len(named):
        wrong = "two axes have one name"
    elif any(len(set(axis.values)) != len(axis.values) or not axis.values for axis in axes):
        wrong = "an axis has no value or one value twice"
    elif counts.shape != tuple(len(axis.values) for axis in axes):
        wrong = "the counts do not have the shape of the axes"
    elif not np.issubdtype(counts.dtype, np.integer) or (counts.size and counts.min() < 0):
        wrong = "a count is not a whole number of people"
    if wrong:
        raise BadInput("cube-malformed", f"the counts cannot be read: {wrong}", hint="count again")
    return Cube(tag, version, tuple(axes), counts.astype(np.int64))


def read_cube(document: Mapping[str, Any]) -> Cube:
    """Return the cube of a canonical document; raises BadInput when it is none."""
    try:
        axes = [
            Axis(item["name"], Kind(item["kind"]), tuple(item["values"]), bool(item["ordered"]))
            for item in document["axes"]
        ]
        shape = tuple(len(axis.values) for axis in axes)
        if int(np.prod(shape, dtype=np.float64)) > MAX_CELLS:
            raise ValueError("too many cells")  # noqa: TRY301  (one way out for all that is wrong)
        counts = np.zeros(shape, dtype=np.int64)
        cells = np.array(document["cells"], dtype=np.int64).reshape(-1, len(axes) + 1)
        if cells.size and (cells.min() < 0 or len(np.unique(cells[:, :-1], axis=0)) < len(cells)):
            raise ValueError("negative or twice")  # noqa: TRY301
        counts[tuple(cells[:, :-1].T)] = cells[:, -1]
        tag, version = str(document["tag"]), int(document["version"])
    except (KeyError, ValueError, TypeError, IndexError):
        raise BadInput(
            "cube-malformed", "the counts cannot be read: not a counts cube", hint="count again"
        ) from None
    return cube_of(tag, version, axes, counts)


def tally(columns: Sequence[NDArray[Any]], sizes: Sequence[int]) -> Counts:
    """Return the counts of rows over code columns, each from 0 to its size - 1."""
    cells = int(np.prod(sizes))
    found = np.zeros(cells, dtype=np.int64)
    kind = np.int16 if cells < 1 << 15 else np.int64
    for start in range(0, len(columns[0]) if columns else 0, CHUNK):
        code: NDArray[Any] = columns[0][start : start + CHUNK].astype(kind)
        for column, size in zip(columns[1:], sizes[1:], strict=True):
            np.multiply(code, size, out=code)
            np.add(code, column[start : start + CHUNK], out=code, casting="unsafe")
        found += np.bincount(code, minlength=cells)
    return found.reshape(tuple(sizes))


def tally_members(
    code: NDArray[Any], cells: int, members: Iterable[NDArray[Any]]
) -> NDArray[np.int64]:
    """Return one row of counts for each tag: its members over the cells of `code`.

    `code` holds the cell of each person by position; it is the only place where tag and sealed
    attribute meet.
    """
    rows = []
    for held in members:
        row = np.zeros(cells, dtype=np.int64)
        for start in range(0, len(held), CHUNK):
            row += np.bincount(code[held[start : start + CHUNK]], minlength=cells)
        rows.append(row)
    return np.array(rows, dtype=np.int64).reshape(-1, cells)


def groupings(attributes: Sequence[str], depth: int) -> list[tuple[str, ...]]:
    """Return the attributes alone, then their combinations of two and more, as deep as `depth`."""
    return [
        chosen
        for size in range(1, min(depth, len(attributes)) + 1)
        for chosen in combinations(attributes, size)
    ]
