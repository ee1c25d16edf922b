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
from tagging.segmentation.contract import FeatureContract
from tagging.segmentation.histogram import ROWS, cells_of
from tagging.segmentation.noise import sigma_for
from tagging.segmentation.sums import STEPS

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


SEEN: Final = 3.0
"""Deviations of noise from which on people within a distance are seen as a dense place."""
PLACES: Final = (40, 95)
"""How many such places the people could fill: below the first it is hopeless, from the second on good."""
BALLS: Final = (2.0, math.pi, 4 * math.pi / 3)
"""Of one, two and three features: how large what lies within distance one is."""


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


@dataclass(frozen=True, slots=True)
class Sight:
    """What to expect of a histogram for DBSCAN."""

    cells: int
    noise: float
    """Deviation of the noise of the count of one cell, in subjects."""
    least: int
    """Subjects within the distance from which on a place is seen to be dense."""
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


def estimate_histogram(
    rows: int, contract: FeatureContract, eps: float, whole: Sequence[bool], budget: PrivacyBudget
) -> Sight:
    """Return what a histogram of that size would be worth. Reads no data; costs nothing.

    Raises BadInput when a figure makes no sense, and what `cells_of` raises.
    """
    cells = cells_of(contract, eps, whole)
    if rows < 0:
        raise BadInput("estimate-figures", "rows from 0")
    noise = sigma_for(STEPS**2, budget.rho * (1 - ROWS)) / STEPS
    dimensions = contract.dimensions
    within = max(cells * BALLS[dimensions - 1] * (eps / 2) ** dimensions, 1.0)
    least = math.ceil(SEEN * noise * math.sqrt(within))
    hopeless, good = (least * places for places in PLACES)
    verdict: Verdict = "good" if rows >= good else "doubtful" if rows >= hopeless else "hopeless"
    return Sight(cells, noise, least, verdict, hopeless)


def demanded(rows: int, found: Utility | Sight) -> None:
    """Raise Refused when by its estimate a release would be noise. Call it before the charge."""
    if found.verdict != "hopeless":
        return
    wish = "fewer segments" if isinstance(found, Utility) else "a larger eps"
    raise Refused(
        "release-hopeless",
        f"about {rows} people are too few for such a release at this epsilon",
        hint=(
            f"{found.rows_needed} people, {wish}, fewer features, or a larger epsilon; "
            "nothing was charged"
        ),
        facts={
            "rows_needed": found.rows_needed,
            **({"signal": round(found.signal, 1)} if isinstance(found, Utility) else {}),
        },
    )
