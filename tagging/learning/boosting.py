# SPDX-License-Identifier: Apache-2.0
"""Private explainable boosting of interpret 0.7.8, an extra: the only module that imports it, but for its audit.

The algorithm is that of Nori, Caruana, Bu, Shen and Kulkarni (ICML 2021, arXiv 2106.09680): bins of noisy
counts; then, round by round and feature by feature, random splits and noisy sums of residuals. The score
is a sum of one term for each feature.

Neighbours differ by one person more or less. As it comes, the exact number of rows is in the bins, and an
outcome that nobody has changes what is asked. Here the bins are cut from counts with exact noise and
nothing else, and one public row for each outcome is added. A person is in one cell of each feature, and
in each round in one leaf of each feature with a residual from -1 to 1; both are charged as zCDP.

The noise of the sums is libebm's: Google's binomial approximation of a Gaussian, random numbers of the
processor, but added to sums in floating point that were not rounded to its grid. Their low bits, and the
rounding of the sums, are what the charge does not cover: the statement says so.
"""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from types import ModuleType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from audit.errors import NotFound
from tagging.learning.scoring import FINE
from tagging.segmentation.contract import ONE, Grid
from tagging.segmentation.noise import DiscreteGaussian, Gate, Noise, Query, sigma_for

VERSION: Final = "0.7.8"
NOISE: Final = "bins: opendp discrete gaussian; terms: libebm gaussian, floating point"
CELLS: Final = 62
"""Cells of equal width in which a feature is counted."""
BINS: Final = 31
"""About so many bins are made of them."""
ROUNDS: Final = 300
LEAVES: Final = 3
RATE: Final = 0.01
"""Part of a mean residual by which a leaf moves the score."""
FOR_BINS: Final = Fraction(1, 10)
"""Part of the charge that the bins cost."""
MOST_SCORE: Final = 2**10
"""A term is cut off here, in log odds, so that a sum of terms is exact."""

Bins = tuple[NDArray[np.float64], list[float]]
"""Where the bins of a feature are parted, and the noisy weight of each (the first: of no number)."""


def installed() -> bool:
    """Return whether interpret is there, in the version whose inside is known."""
    try:
        import interpret
    except ImportError:
        return False
    return bool(interpret.__version__ == VERSION)


def library() -> ModuleType:
    """Return interpret's private models; raises NotFound `ebm-not-installed` for another version, too."""
    if not installed():
        raise NotFound(
            "ebm-not-installed",
            f"private explainable boosting needs interpret-core {VERSION}",
            hint="pip install 'tagwarden[dp-ebm]'; nothing was charged",
        )
    from interpret import privacy

    found: ModuleType = privacy
    return found


def train(
    rows: Grid, outcomes: NDArray[np.bool_], rho: Fraction, noise: Noise | None = None
) -> tuple[dict[str, Any], list[Query]]:
    """Return the terms as whole numbers and the questions that they cost, together at most rho.

    Nothing else of the model is kept. What interpret warns of as a leak is an error here.
    """
    gate = Gate(noise or DiscreteGaussian(), rho)
    bins = binned(rows, gate, rho * FOR_BINS)
    sums = sums_asked(rows.shape[1], rho - gate.spent)
    model = fitted(rows, outcomes, bins, sums.sigma / sums.lattice)
    return terms(model), [*gate.queries, sums]


def sums_asked(width: int, rho: Fraction) -> Query:
    """Return the question for all sums of residuals: a person is in one leaf of each feature in each round."""
    asked = ROUNDS * width
    sigma = sigma_for(asked * ONE**2, rho)
    return Query("sums-of-residuals", asked * LEAVES, asked * ONE**2, sigma, ONE)


def binned(rows: Grid, gate: Gate, rho: Fraction) -> list[Bins]:
    """Return the bins of each feature, cut from noisy counts over public cells."""
    width, edges = rows.shape[1], _edges()
    cells = np.clip(np.searchsorted(edges, rows, side="right") - 1, 0, CELLS - 1)
    counts = np.zeros((width, CELLS), dtype=np.int64)
    for feature in range(width):
        counts[feature] = np.bincount(cells[:, feature], minlength=CELLS)
    query = Query("cells", width * CELLS, width, sigma_for(width, rho), 1)
    noisy = gate.ask(query, counts.reshape(-1)).reshape(width, CELLS)
    return [_merged(one.tolist()) for one in noisy]


def fitted(rows: Grid, outcomes: NDArray[np.bool_], bins: Sequence[Bins], deviation: float) -> Any:
    """Return interpret's model with these bins, and noise of this deviation on sums of residuals."""
    width = rows.shape[1]
    maker = library().DPExplainableBoostingClassifier
    model: Any = maker(
        feature_types=["continuous"] * width,
        privacy_bounds=np.tile([-float(ONE), float(ONE)], (width, 1)),
        max_rounds=ROUNDS,
        max_leaves=LEAVES,
        learning_rate=RATE,
        n_jobs=1,
    )
    public = np.zeros((2, width))
    with warnings.catch_warnings(), _instead(bins, deviation):
        warnings.filterwarnings("error", message=".*(?i:privacy)")
        return model.fit(
            np.concatenate([rows.astype(np.float64), public]),
            np.concatenate([outcomes.astype(np.int64), [0, 1]]),
        )


def terms(model: Any) -> dict[str, Any]:
    """Return the terms of a model: by feature where its bins begin, and what each adds, in whole steps."""
    scores = [np.clip(one[1:-1], -MOST_SCORE, MOST_SCORE) for one in model.term_scores_]
    return {
        "cuts": [np.ceil(levels[0]).astype(np.int64).tolist() for levels in model.bins_],
        "scores": [np.rint(one * FINE).astype(np.int64).tolist() for one in scores],
        "base": round(float(model.intercept_[0]) * FINE),
    }


@contextmanager
def _instead(bins: Sequence[Bins], deviation: float) -> Iterator[None]:
    """Have interpret use these bins, and this noise in place of what its own epsilon would give."""
    from interpret.glassbox._ebm import _ebm as fitting
    from interpret.utils import _preprocessor as binning

    waiting = iter((cuts, list(weights)) for cuts, weights in bins)  # it adds to the list
    whole = binning.private_numeric_binning, fitting.calc_gdp_noise_multi
    binning.private_numeric_binning = lambda *_: next(waiting)
    fitting.calc_gdp_noise_multi = lambda **_: deviation
    try:
        yield
    finally:
        binning.private_numeric_binning, fitting.calc_gdp_noise_multi = whole


def _merged(counts: Sequence[int]) -> Bins:
    """Return bins of neighbouring cells that hold about the same noisy number of people."""
    weights = [max(count, 0) for count in counts]
    wanted = max(sum(weights), 1) / BINS
    cuts: list[float] = []
    held = [0.0]
    current = 0.0
    for weight, right in zip(weights, _edges()[1:].tolist(), strict=True):
        current += weight
        if current >= wanted:
            cuts.append(right)
            held.append(current)
            current = 0.0
    if not cuts:
        return np.empty(0), [0.0, wanted]
    held[-1] += current
    return np.array(cuts[:-1]), held


def _edges() -> NDArray[np.float64]:
    """Return the public ends of the cells, on the lattice."""
    return np.linspace(-ONE, ONE, CELLS + 1)
