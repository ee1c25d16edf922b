# SPDX-License-Identifier: Apache-2.0
"""The feature contract: what must be public, and true of every row, before anything is released.

- One row per subject. A second row of the same subject is refused: it would double the sensitivity.
- Bounds and fill values are public constants, written before the data is looked at.
- A feature is a function of its subject alone. What is learned from other people (quantiles, means,
  target encoding) is refused by its name.
- Whatever a cell holds (nothing, infinity, 1e308), it becomes a whole number in the box.

Every operation on a cell is exact or correctly rounded by IEEE 754 (or one call of the C library per
cell), so that the place of a row in its array cannot change what the row becomes.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from audit.canon import digest
from audit.errors import BadInput, Problems, Refused

ONE: Final = 2**20
"""Half of the box in lattice steps: a feature runs from -ONE to ONE."""
MOST_FEATURES: Final = 128
"""With more, sums of products would leave the 53 bits in which they are exact."""

Scale = Literal["linear", "log"]
Unit = Literal["subject"]
Grid = NDArray[np.int32]
"""Rows of whole numbers in [-ONE, ONE], one per subject."""

LEARNED: Final[Mapping[str, str]] = {
    "quantile": "its cut points are learned from all people: one person moves those of the others",
    "mean_imputation": "the value filled in is an average of all people",
    "standardised": "mean and deviation are learned from all people",
    "target_encoding": "a category becomes an average of other people's outcomes",
    "document_frequency": "the weight of a word depends on how many people use it",
    "rank": "a rank compares a person with all the others",
    "segment": "a segment found earlier is learned from all people",
}
"""Ways to make a feature that break the sensitivity claim, and why."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


@dataclass(frozen=True, slots=True)
class FeatureBounds:
    """One feature: its public bounds, the value for who has none, and how it is spread out."""

    name: str
    lower: float
    upper: float
    fill_value: float
    scale: Scale = "linear"
    derived: str = "subject"
    """`subject` when the value is a function of the subject's own data; else a key of LEARNED."""


@dataclass(frozen=True, slots=True)
class FeatureContract:
    """What is public about the features of a release. All of it is part of the statement."""

    features: tuple[FeatureBounds, ...]
    max_contributions: int = 1
    privacy_unit: Unit = "subject"

    def __post_init__(self) -> None:
        """Raise BadInput with every reason why the contract does not bound a subject's influence."""
        problems = Problems()
        names = [feature.name for feature in self.features]
        if not 1 <= len(names) <= MOST_FEATURES:
            problems.add(
                "feature-count",
                f"a contract has 1 to {MOST_FEATURES} features, this one has {len(names)}",
            )
        if len(set(names)) < len(names):
            problems.add("feature-twice", "a feature stands twice in the contract")
        if self.max_contributions != 1:
            problems.add(
                "feature-rows-many",
                f"one row per subject, not {self.max_contributions}",
                hint="aggregate the events of a subject into one row first",
            )
        for feature in self.features:
            _check(feature, problems)
        problems.raise_if_any(
            "feature-contract", "the features do not bound what one person can change"
        )

    @property
    def dimensions(self) -> int:
        """Return the number of features."""
        return len(self.features)

    def document(self) -> dict[str, Any]:
        """Return the contract as a canonical document: numbers as text, so that no float is in it."""
        return {
            "features": [
                {
                    "name": f.name,
                    "lower": repr(float(f.lower)),
                    "upper": repr(float(f.upper)),
                    "fill_value": repr(float(f.fill_value)),
                    "scale": f.scale,
                }
                for f in self.features
            ],
            "max_contributions": self.max_contributions,
            "privacy_unit": self.privacy_unit,
        }

    @property
    def id(self) -> str:
        """Return the digest of the contract, which a release names."""
        return digest(self.document())

    def grid(self, values: NDArray[Any], subject_id: NDArray[Any]) -> Grid:
        """Return the rows as whole numbers in the box, one per subject.

        Raises BadInput when the shape or kind is wrong, Refused when a subject has two rows.
        """
        if values.ndim != 2 or values.shape[1] != self.dimensions:
            raise BadInput(
                "feature-shape",
                f"the rows have not the {self.dimensions} columns of the contract",
                hint="one column per feature, in the order of the contract",
            )
        if values.dtype.kind not in "fiub":
            raise BadInput("feature-shape", "the rows hold something other than numbers")
        one_row_each(subject_id, len(values))
        return self.points(values)

    def points(self, values: NDArray[Any]) -> Grid:
        """Return rows as whole numbers in the box, whoever they belong to; nothing is refused."""
        out = np.empty(values.shape, dtype=np.int32)
        for column, feature in enumerate(self.features):
            out[:, column] = _lattice(feature, values[:, column])
        return out

    def values(self, points: NDArray[Any]) -> NDArray[np.float64]:
        """Return points of the box in the units of the features (for people to read)."""
        out = np.empty(points.shape, dtype=np.float64)
        for column, feature in enumerate(self.features):
            low, high = _ends(feature)
            inner = np.clip(points[:, column] / ONE, -1.0, 1.0)
            stretched = low + (inner + 1.0) * ((high - low) / 2.0)
            out[:, column] = np.expm1(stretched) if feature.scale == "log" else stretched
        return out


def one_row_each(subject_id: NDArray[Any], rows: int) -> None:
    """Raise Refused unless there are as many different subjects as rows."""
    if subject_id.ndim != 1 or len(subject_id) != rows:
        raise BadInput("feature-shape", "there are not as many subjects as rows")
    if subject_id.dtype.kind not in "iu":
        raise BadInput("feature-shape", "subjects are named by whole numbers")
    ordered = np.sort(subject_id)
    if np.any(ordered[1:] == ordered[:-1]):
        raise Refused(
            "feature-subject-twice",
            "somebody has two rows, so one person could change twice what is claimed",
            hint="aggregate the events of a subject into one row first",
        )


def _check(feature: FeatureBounds, problems: Problems) -> None:
    name = feature.name
    if not _NAME.fullmatch(name):
        problems.add("feature-name", "a feature's name is lower-case letters, digits and _")
        return
    numbers = (feature.lower, feature.upper, feature.fill_value)
    if not all(math.isfinite(x) and abs(x) <= 1e15 for x in numbers):
        problems.add(
            "feature-bounds-infinite",
            f"bounds and fill value of {name} must be numbers up to 1e15",
            hint="write what the shop knows to be possible, not what the data shows",
        )
        return
    if not feature.lower < feature.upper:
        problems.add("feature-bounds-order", f"the bounds of {name} are not in order")
    elif not feature.lower <= feature.fill_value <= feature.upper:
        problems.add("feature-fill-outside", f"the fill value of {name} is outside its bounds")
    elif feature.scale == "log" and feature.lower < 0:
        problems.add("feature-log-negative", f"{name} is on a log scale but may be negative")
    if feature.scale not in ("linear", "log"):
        problems.add("feature-scale", f"the scale of {name} is linear or log")
    if feature.derived != "subject":
        why = LEARNED.get(feature.derived, "it is not declared as the subject's own")
        problems.add(
            "feature-not-local",
            f"{name} is not a function of one person alone: {why}",
            hint="use public cut points and constants instead",
        )


def _ends(feature: FeatureBounds) -> tuple[float, float]:
    if feature.scale == "log":
        return math.log1p(feature.lower), math.log1p(feature.upper)
    return float(feature.lower), float(feature.upper)


def _lattice(feature: FeatureBounds, column: NDArray[Any]) -> NDArray[np.int32]:
    """Return one column on the lattice; what is no finite number becomes the fill value."""
    plain = column.astype(np.float64)
    plain = np.where(np.isfinite(plain), plain, feature.fill_value)
    plain = np.clip(plain, feature.lower, feature.upper)
    if feature.scale == "log":  # one call per cell: a vector routine may round by position
        plain = np.fromiter(map(math.log1p, plain.tolist()), np.float64, len(plain))
    low, high = _ends(feature)
    inside = (plain - low) / (high - low) * 2.0 - 1.0
    return np.clip(np.rint(inside * ONE), -ONE, ONE).astype(np.int32)
