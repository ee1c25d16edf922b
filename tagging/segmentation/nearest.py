# SPDX-License-Identifier: Apache-2.0
"""A fit as a rule of a tag: measures of one person in, the number of the segment out.

One function for many people at once, for one in real time, and for a replay: the same rows on the same
lattice, so that they cannot differ.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from inspect import Parameter, Signature
from typing import Any

import numpy as np

from tagging.segmentation.assign import Anchors, Assigned, assign
from tagging.segmentation.contract import FeatureContract, Grid


@dataclass(frozen=True)
class OnRows(ABC):
    """A function of rows that a tag may name: the number of an outcome, or none."""

    name: str
    contract: FeatureContract
    divisors: tuple[int, ...]
    """By feature: units of the measure in one of the contract (1, or 10,000 for fixed-point)."""

    @abstractmethod
    def numbers(self, rows: Grid) -> Any:
        """Return the number of each row; below 0 for none."""

    @cached_property
    def function(self) -> str:
        """Return the name of the function in SQL."""
        return f"learned_{sha256(self.name.encode()).hexdigest()[:16]}"

    def points(self, columns: Sequence[Any]) -> Grid:
        """Return measures as rows on the lattice; a measure that is missing is not a number."""
        return self.contract.points(self.rows(columns))

    def rows(self, columns: Sequence[Any]) -> Any:
        """Return measures as rows in the units of the contract."""
        rows = np.empty((len(columns[0]), len(columns)))
        for number, (column, divisor) in enumerate(zip(columns, self.divisors, strict=True)):
            rows[:, number] = np.asarray(column, dtype=np.float64) / divisor
        return rows

    @cached_property
    def arrow(self) -> Callable[..., Any]:
        """Return the function of Arrow columns that gives the numbers.

        An engine looks at its signature: one parameter for each measure.
        """

        def numbers(*columns: Any) -> Any:
            import pyarrow as pa

            plain = [_whole(column).to_numpy(zero_copy_only=False) for column in columns]
            found = self.numbers(self.points(plain))
            return pa.array(found, pa.int64(), mask=found < 0)

        parameters = [
            Parameter(f"x{number}", Parameter.POSITIONAL_OR_KEYWORD)
            for number in range(len(self.divisors))
        ]
        numbers.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
        return numbers

    def one(self, values: Sequence[Any]) -> int | None:
        """Return the number of one person; None: in none."""
        found = int(self.numbers(self.point(values))[0])
        return None if found < 0 else found

    def scalar(self, *values: Any) -> int | None:
        """Return the same for a database that calls with one person's measures."""
        return self.one(values)

    def point(self, values: Sequence[Any]) -> Grid:
        """Return the measures of one person as the only row."""
        return self.points(
            [np.array([np.nan if value is None else value], dtype=np.float64) for value in values]
        )


@dataclass(frozen=True)
class Nearest(OnRows):
    """The published anchors of a fit, with what puts a person among them."""

    anchors: Anchors
    names: tuple[tuple[str, str], ...] = ()
    """By feature: what people call it, in English and Chinese."""

    @cached_property
    def count(self) -> int:
        """Return the number of segments."""
        labels = self.anchors.labels
        return int(labels.max()) + 1 if len(labels) else 0

    def numbers(self, rows: Grid) -> Any:
        """Return the segment of each row, from 1; below 0 for none."""
        labels = assign(rows, self.anchors).labels
        return np.where(labels < 0, -1, labels + 1)

    def assigned(self, columns: Sequence[Any]) -> Assigned:
        """Return the segments of some people; a measure that is missing is not a number."""
        return assign(self.points(columns), self.anchors)

    def explained(self, values: Sequence[Any]) -> Assigned:
        """Return the segment of one person with what speaks for it, feature by feature."""
        return assign(self.point(values), self.anchors)


def _whole(column: Any) -> Any:
    return column.combine_chunks() if hasattr(column, "combine_chunks") else column
