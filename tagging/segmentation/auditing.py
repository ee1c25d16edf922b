# SPDX-License-Identifier: Apache-2.0
"""Checks that a release keeps its promise, without trusting the code that made it.

The replay answers a second run, on a neighbouring data set, with the published numbers of the first.
Both runs must then ask the same questions; what a true answer moved, by the noise it met, is the loss
that the proof bounds. It sees half the noise missing, which no black-box attack at epsilon 1 does.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.errors import Finding
from tagging.segmentation.contract import Grid
from tagging.segmentation.noise import Noise, Whole

Mechanism = Callable[[Grid, Noise], Any]
"""Releases rows with a source of noise."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A true answer beside what was published. Lives in an audit only, never in a record."""

    true: Whole
    sigma: int
    published: Whole


@dataclass(slots=True)
class Recorder:
    """Passes on the noise of another source and keeps what went through."""

    inner: Noise
    answers: list[Answer] = field(default_factory=list)

    @property
    def source(self) -> str:
        """Return the name of the inner source."""
        return self.inner.source

    def add(self, values: Whole, sigma: int) -> Whole:
        """Return the noisy values."""
        published = self.inner.add(values, sigma)
        self.answers.append(Answer(values.copy(), sigma, published.copy()))
        return published


@dataclass(slots=True)
class Replayer:
    """Answers with the published numbers of an earlier run, and adds up what moved."""

    earlier: Sequence[Answer]
    source: str = "INSECURE REPLAY"
    rho: Fraction = Fraction()
    asked: int = 0

    def add(self, values: Whole, sigma: int) -> Whole:
        """Return the earlier answer; raises Finding when the question is not the earlier one."""
        if self.asked == len(self.earlier):
            raise Finding("audit-questions-differ", "a neighbour makes the mechanism ask more")
        answer = self.earlier[self.asked]
        if answer.true.shape != values.shape or answer.sigma != sigma:
            raise Finding(
                "audit-questions-differ",
                "a question depends on the data other than through published answers",
            )
        self.asked += 1
        moved = sum(int(x) ** 2 for x in values - answer.true)
        self.rho += Fraction(moved, 2 * sigma**2)
        return answer.published


def audit_replay(
    mechanism: Mechanism, rows: Grid, neighbour: Grid, noise: Noise, claimed: Fraction
) -> Fraction:
    """Return the realised loss (rho) of one pair of neighbours by what is claimed.

    Raises Finding when the questions differ, or when more was lost than claimed.
    """
    recorder = Recorder(noise)
    mechanism(rows, recorder)
    replayer = Replayer(recorder.answers)
    mechanism(neighbour, replayer)
    if replayer.asked < len(recorder.answers):
        raise Finding("audit-questions-differ", "a neighbour makes the mechanism ask less")
    if replayer.rho > claimed:
        ratio = math.sqrt(replayer.rho / claimed)
        raise Finding(
            "audit-loss-exceeds",
            f"one person changes the answers {ratio:.3f} times as much as claimed",
        )
    return replayer.rho / claimed


def audit_sampler(noise: Noise, sigma: int, draws: int = 200_000) -> float:
    """Return the p-value of a chi-square of draws against the discrete Gaussian.

    Raises Finding when the variance is off by more than 1.5 % (with 200,000 draws that is 4.7 deviations of
    the estimate: an honest sampler fails once in 400,000 times), the p-value below 1e-4, or when two
    calls agree.
    """
    from scipy.stats import chi2

    zeros = np.zeros(draws, dtype=np.int64)
    found = noise.add(zeros, sigma)
    if np.array_equal(found[:64], noise.add(zeros[:64], sigma)):
        raise Finding("audit-noise-repeats", "two draws of noise are the same")
    reach = 10 * sigma + 10
    support = np.arange(-reach, reach + 1)
    mass = np.exp(-(support.astype(np.float64) ** 2) / (2 * sigma**2))
    mass /= mass.sum()
    expected = float((mass * support.astype(np.float64) ** 2).sum())
    if abs(float((found.astype(np.float64) ** 2).mean()) / expected - 1) > 0.015:
        raise Finding("audit-noise-size", "the noise has not the variance it claims")
    edges = np.unique(np.rint(np.linspace(-3 * sigma, 3 * sigma, 41)).astype(np.int64))
    bins = np.searchsorted(edges, support)
    want = np.bincount(bins, weights=mass, minlength=len(edges) + 1) * draws
    seen = np.bincount(np.searchsorted(edges, found), minlength=len(edges) + 1)
    used = want > 5
    statistic = float(((seen[used] - want[used]) ** 2 / want[used]).sum())
    p = float(chi2.sf(statistic, int(used.sum()) - 1))
    if p < 1e-4:
        raise Finding("audit-noise-shape", "the noise is not a discrete Gaussian")
    return p


def audit_transcript(
    mechanism: Mechanism, rows: Grid, neighbour: Grid, noise: Noise, *, runs: int, delta: float
) -> float:
    """Return a lower bound of epsilon (99 %) that an attacker who sees every answer achieves.

    Half the runs choose the threshold of the likelihood ratio, the other half count.
    """
    ratios = np.empty((2, runs))
    for run in range(runs):
        for world, (here, there) in enumerate(((rows, neighbour), (neighbour, rows))):
            recorder = Recorder(noise)
            mechanism(here, recorder)
            shadow = _Shadow(recorder.answers)
            mechanism(there, shadow)
            ratios[world, run] = shadow.log_ratio * (1 if world == 0 else -1)
    half = runs // 2
    best, threshold = -math.inf, 0.0
    for cut in np.quantile(ratios[:, :half], np.linspace(0.01, 0.99, 99)):
        bound = _bound(ratios[:, :half], float(cut), delta)
        if bound > best:
            best, threshold = bound, float(cut)
    return max(0.0, _bound(ratios[:, half:], threshold, delta))


@dataclass(slots=True)
class _Shadow:
    """Adds up how much likelier the published answers are in the first world."""

    earlier: Sequence[Answer]
    source: str = "INSECURE REPLAY"
    log_ratio: float = 0.0
    asked: int = 0

    def add(self, values: Whole, sigma: int) -> Whole:
        answer = self.earlier[self.asked]
        self.asked += 1
        there = (answer.published - values).astype(np.float64)
        here = (answer.published - answer.true).astype(np.float64)
        self.log_ratio += float((there**2 - here**2).sum() / (2 * sigma**2))
        return answer.published


def _bound(ratios: NDArray[np.float64], cut: float, delta: float) -> float:
    """Return the epsilon that the two error rates rule out, with Clopper and Pearson's limits."""
    from scipy.stats import beta

    runs = ratios.shape[1]
    hits, false = int((ratios[0] > cut).sum()), int((ratios[1] > cut).sum())
    low = float(beta.ppf(0.005, hits, runs - hits + 1)) if hits else 0.0
    high = float(beta.ppf(0.995, false + 1, runs - false)) if false < runs else 1.0
    return math.log((low - delta) / high) if low > delta else -math.inf


def audit_artifact(document: Mapping[str, Any], rows: Grid, subject_id: Whole) -> None:
    """Raise Finding when a published document holds what only the rows know.

    Looked for: a float (it would not be on a lattice), a list as long as the data, an exact sum,
    a subject's number (give large ones, so that they cannot stand there by chance).
    """
    exact = {int(x) for x in rows.sum(axis=0, dtype=np.int64) if abs(int(x)) > 2**16}
    known = {int(x) for x in subject_id} | exact
    for value in walk(document):
        if isinstance(value, float):
            raise Finding("audit-off-lattice", "a published number is not on a lattice")
        if isinstance(value, list) and len(value) == len(rows):
            raise Finding("audit-row-each", "a published list has one entry per person")
        if isinstance(value, int) and not isinstance(value, bool) and value in known:
            raise Finding("audit-exact", "a published number is exact, or a person's own")


def walk(value: Any) -> Iterator[Any]:
    """Yield a value and all that is in it."""
    yield value
    if isinstance(value, Mapping):
        for item in value.values():
            yield from walk(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from walk(item)
