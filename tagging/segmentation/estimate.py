# SPDX-License-Identifier: Apache-2.0
"""What a release will be worth, before it is paid for.

The signal s = n·mu / (k·sqrt(d)) says how many subjects a segment has by the noise it meets. The
losses below were measured (benchmarks/segments.py) and are of that s alone.

`rows` must be public or noisy: a figure the shop would publish, or the `rows` of an earlier release.
The exact number of people is private; a refusal that depended on it would say something for nothing.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from audit.errors import BadInput, Refused
from tagging.segmentation.accounting import PrivacyBudget, mu_of

Verdict = Literal["good", "doubtful", "hopeless"]
LEAST: Final = 8.0
GOOD: Final = 32.0
LOSSES: Final[Sequence[tuple[float, float, float]]] = (
    (8.0, 1.44, 1.76),
    (16.0, 1.11, 1.27),
    (32.0, 1.045, 1.07),
    (64.0, 1.022, 1.055),
    (128.0, 1.012, 1.05),
)
"""From this signal on: median and 90th percentile of loss by that of non-private K-Means."""


@dataclass(frozen=True, slots=True)
class Utility:
    """What to expect of a release for k segments."""

    signal: float
    loss: float | None
    """Sum of squares by that of non-private K-Means, in the middle; None when hopeless."""
    loss_p90: float | None
    """Nine in ten are better than this."""
    verdict: Verdict
    rows_needed: int
    """Subjects from which on the release would not be refused."""


def signal(rows: int, dimensions: int, clusters: int, budget: PrivacyBudget) -> float:
    """Return the signal of that many rows: how many a segment has by the noise it meets."""
    return rows * mu_of(budget) / (clusters * math.sqrt(dimensions))


def estimate_utility(rows: int, dimensions: int, clusters: int, budget: PrivacyBudget) -> Utility:
    """Return what a release of that size would be worth. Reads no data; costs nothing.

    Raises BadInput when a figure makes no sense.
    """
    if rows < 0 or dimensions < 1 or clusters < 2:
        raise BadInput("estimate-figures", "rows from 0, dimensions from 1, segments from 2")
    unit = signal(1, dimensions, clusters, budget)
    found = rows * unit
    known = [line for line in LOSSES if found >= line[0]]
    loss, high = (known[-1][1], known[-1][2]) if known else (None, None)
    verdict: Verdict = "good" if found >= GOOD else "doubtful" if known else "hopeless"
    return Utility(found, loss, high, verdict, math.ceil(LEAST / unit))


def demand_utility(rows: int, dimensions: int, clusters: int, budget: PrivacyBudget) -> Utility:
    """Return the estimate; raises Refused when the release would be noise. Call it before the charge."""
    found = estimate_utility(rows, dimensions, clusters, budget)
    if found.verdict == "hopeless":
        raise Refused(
            "release-hopeless",
            f"about {rows} people are too few for {clusters} segments at this epsilon",
            hint=(
                f"{found.rows_needed} people, fewer segments, fewer features, or a larger epsilon; "
                "nothing was charged"
            ),
            facts={"signal": round(found.signal, 1), "rows_needed": found.rows_needed},
        )
    return found
