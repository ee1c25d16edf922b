# SPDX-License-Identifier: Apache-2.0
"""What fairlearn's thresholds by group would do: a simulation on counts, never a decision.

It reads the sealed attribute for every answer, and answers some people by lot; how many is part of
what is returned. For what may be used, see `whatif`: one threshold for everybody.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Simulated:
    """The result of a mitigation that is not to be used."""

    reach: int
    correct: int
    gap: float
    by_lot: int
    """How many people get another answer with another seed."""


def simulate(
    histogram: NDArray[np.int64],
    *,
    seed: int,
    constraint: Literal["demographic_parity", "equalized_odds"] = "demographic_parity",
) -> Simulated:
    """Return what `ThresholdOptimizer` does to counts by group, outcome (no, yes) and score bin.

    The counts are laid out as rows of made-up people; nobody's row is read. Needs the extra `fairness`.
    """
    from fairlearn.postprocessing import ThresholdOptimizer  # noqa: PLC0415  (an extra)
    from sklearn.base import BaseEstimator, ClassifierMixin  # noqa: PLC0415

    class Score(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # untyped library
        """The score as it stands."""

        def fit(self, rows: Any, outcome: Any) -> "Score":  # noqa: ARG002
            """Learn nothing."""
            self.classes_ = np.array([0, 1])
            return self

        def predict(self, rows: Any) -> Any:
            """Return the score."""
            return np.asarray(rows)[:, 0]

    cell = np.repeat(np.arange(histogram.size), histogram.ravel())
    group, outcome, score = np.unravel_index(cell, histogram.shape)
    rows = score[:, None].astype(float)
    model = ThresholdOptimizer(
        estimator=Score().fit(rows, outcome),
        constraints=constraint,
        prefit=True,
        predict_method="predict",
        grid_size=1000,
    )
    model.fit(rows, outcome, sensitive_features=group)
    first, second = (
        np.asarray(model.predict(rows, sensitive_features=group, random_state=s))
        for s in (seed, seed + 1)
    )
    people = np.bincount(group, minlength=len(histogram))
    rates = np.bincount(group, first, len(histogram))[people > 0] / people[people > 0]
    return Simulated(
        int(first.sum()),
        int((first == outcome).sum()),
        float(rates.max() - rates.min()),
        int((first != second).sum()),
    )
