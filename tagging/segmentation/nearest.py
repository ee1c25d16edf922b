# SPDX-License-Identifier: Apache-2.0
"""A fit as a rule of a tag: measures of one person in, the number of the segment out.

One function for many people at once, for one in real time, and for a replay: the same rows on the same
lattice, so that they cannot differ.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from inspect import Parameter, Signature
from typing import Any

import numpy as np

from tagging.segmentation.assign import Anchors, Assigned, assign
from tagging.segmentation.contract import FeatureContract


@dataclass(frozen=True)
class Nearest:
    """The published anchors of a fit, with what puts a person among them."""

    name: str
    contract: FeatureContract
    divisors: tuple[int, ...]
    """By feature: units of the measure in one of the contract (1, or 10,000 for fixed-point)."""
    anchors: Anchors
    names: tuple[tuple[str, str], ...] = ()
    """By feature: what people call it, in English and Chinese."""

    @cached_property
    def count(self) -> int:
        """Return the number of segments."""
        labels = self.anchors.labels
        return int(labels.max()) + 1 if len(labels) else 0

    @cached_property
    def function(self) -> str:
        """Return the name of the function in SQL."""
        return f"segment_{sha256(self.name.encode()).hexdigest()[:16]}"

    def assigned(self, columns: Sequence[Any]) -> Assigned:
        """Return the segments of some people; a measure that is missing is not a number."""
        return assign(self.contract.points(self.rows(columns)), self.anchors)

    def rows(self, columns: Sequence[Any]) -> Any:
        """Return measures as rows in the units of the contract."""
        rows = np.empty((len(columns[0]), len(columns)))
        for number, (column, divisor) in enumerate(zip(columns, self.divisors, strict=True)):
            rows[:, number] = np.asarray(column, dtype=np.float64) / divisor
        return rows

    @cached_property
    def arrow(self) -> Callable[..., Any]:
        """Return the function of Arrow columns that gives the numbers of the segments, from 1.

        An engine looks at its signature: one parameter for each measure.
        """

        def numbers(*columns: Any) -> Any:
            import pyarrow as pa

            plain = [_whole(column).to_numpy(zero_copy_only=False) for column in columns]
            labels = self.assigned(plain).labels
            return pa.array(labels + 1, pa.int64(), mask=labels < 0)

        parameters = [
            Parameter(f"x{number}", Parameter.POSITIONAL_OR_KEYWORD)
            for number in range(len(self.divisors))
        ]
        numbers.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
        return numbers

    def one(self, values: Sequence[Any]) -> int | None:
        """Return the number of the segment of one person, from 1; None: in none."""
        label = int(self.explained(values).labels[0])
        return None if label < 0 else label + 1

    def scalar(self, *values: Any) -> int | None:
        """Return the same for a database that calls with one person's measures."""
        return self.one(values)

    def explained(self, values: Sequence[Any]) -> Assigned:
        """Return the segment of one person with what speaks for it, feature by feature."""
        plain = [
            np.array([np.nan if value is None else value], dtype=np.float64) for value in values
        ]
        return self.assigned(plain)


def _whole(column: Any) -> Any:
    return column.combine_chunks() if hasattr(column, "combine_chunks") else column
