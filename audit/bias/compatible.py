# SPDX-License-Identifier: Apache-2.0
"""What fairlearn would say, from counts: the same numbers, bit for bit, also where they mislead.

Kept for comparison with other reports and as an engine for further metrics; no verdict is built on it.
It reads an undefined rate as 0.0 and leaves out groups without people. Of its bootstrap nothing is used:
on counted rows it would draw cells instead of people.
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.bias.rates import Floats, trials_of


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One rate as a `MetricFrame` has it. `by_group` is NaN for a group without people."""

    by_group: Floats
    overall: float

    @property
    def known(self) -> Floats:
        """The groups that the summaries look at."""
        return self.by_group[~np.isnan(self.by_group)]

    def group_min(self) -> float:
        """Return the smallest rate."""
        return float(self.known.min()) if len(self.known) else float("nan")

    def group_max(self) -> float:
        """Return the largest rate."""
        return float(self.known.max()) if len(self.known) else float("nan")

    def difference(self, method: str = "between_groups") -> float:
        """Return the largest difference, between groups or `to_overall`."""
        against = self.group_min() if method == "between_groups" else self.overall
        return float(np.abs(self.known - against).max()) if len(self.known) else float("nan")

    def ratio(self, method: str = "between_groups") -> float:
        """Return the smallest ratio, between groups or `to_overall`; NaN for 0 by 0."""
        with np.errstate(invalid="ignore", divide="ignore"):
            if method == "between_groups":
                return float(np.float64(self.group_min()) / np.float64(self.group_max()))
            ratios = self.known / np.float64(self.overall)
            ratios = np.where(ratios > 1, 1 / ratios, ratios)
        ratios = ratios[~np.isnan(ratios)]
        return float(ratios.min()) if len(ratios) else float("nan")


def frame(cells: NDArray[np.int64], rate: str) -> Frame:
    """Return a rate over counts by group, outcome and tag (both no, yes), as fairlearn has it."""
    people = cells.sum(axis=(-2, -1))
    by_group = np.where(people > 0, _or_zero(*trials_of(cells, rate)), np.nan)
    return Frame(by_group, float(_or_zero(*trials_of(cells.sum(axis=0), rate))))


def frames(cells: NDArray[np.int64], rates: Sequence[str]) -> dict[str, Frame]:
    """Return several rates."""
    return {rate: frame(cells, rate) for rate in rates}


def _or_zero(successes: NDArray[Any], trials: NDArray[Any]) -> Floats:
    return np.where(trials > 0, successes / np.maximum(trials, 1), 0.0)


def metric_frame(
    cells: NDArray[np.int64],
    labels: Mapping[str, Sequence[str]],
    metrics: Mapping[str, Callable[..., Any]],
    *,
    answers: Sequence[float] = (0, 1),
) -> Any:
    """Return fairlearn's `MetricFrame` of further metrics over the filled cells, weighted by people.

    `cells` goes by each attribute of `labels`, outcome and answer; `answers` are the scores that the
    last axis stands for. Every metric must take `sample_weight`. Needs the extra `fairness`.
    """
    import pandas as pd  # noqa: PLC0415  (an extra)
    from fairlearn.metrics import MetricFrame  # noqa: PLC0415  (an extra; two seconds to import)

    filled = np.argwhere(cells)
    weight = cells[tuple(filled.T)]
    features = pd.DataFrame(
        {
            name: [values[n] for n in filled[:, at]]
            for at, (name, values) in enumerate(labels.items())
        }
    )
    with warnings.catch_warnings():
        for kind in (UserWarning, RuntimeWarning):  # of groups of one class: once for each
            warnings.simplefilter("ignore", kind)
        return MetricFrame(
            metrics=dict(metrics),
            y_true=filled[:, -2],
            y_pred=np.asarray(answers)[filled[:, -1]],
            sensitive_features=features,
            sample_params={name: {"sample_weight": weight} for name in metrics},
        )
