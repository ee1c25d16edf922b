# SPDX-License-Identifier: Apache-2.0
"""The audit of every mechanism that we release with, on canaries; it reads no data of people.

1. replay: no neighbour moves the answers more than the charge covers, nor changes the questions;
2. record: no float, no exact figure, no list with an entry per person, no number of a subject; with one
   person less and the same noised answers it is the same record;
3. sampler: the noise has the size and the shape of the discrete Gaussian, and two processes differ;
4. attacker: who sees every answer does not do better than epsilon.
"""

import itertools
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from operator import attrgetter
from typing import Any, Final

import numpy as np

from audit.errors import Finding, Problem
from tagging.segmentation import counting, crosstab, histogram, synopsis
from tagging.segmentation.accounting import NANO, PrivacyBudget, charge_of
from tagging.segmentation.auditing import (
    Mechanism,
    Recorder,
    Replayer,
    audit_artifact,
    audit_replay,
    audit_sampler,
    audit_transcript,
)
from tagging.segmentation.contract import FeatureBounds, FeatureContract, Grid
from tagging.segmentation.noise import DiscreteGaussian, Noise, Query

Tell = Callable[[str, int, int], None]
"""Told: which check, how much of it is done, of how much."""
ODD: Final = (1.0, -1.0, 0.0, float("nan"), float("inf"), float("-inf"), 1e308, 5.0, 1e-300)
"""What a feature of a canary may be: corners, the middle, no number, far outside, next to nothing."""
_FIRST_SUBJECT: Final = 10**14
_PEOPLE: Final = 997
_SIGMA: Final = 40
_EPS: Final = 0.3


@dataclass(frozen=True, slots=True)
class Extent:
    """How much an audit does."""

    pairs: int = 10_000
    """Pairs of neighbours, over all mechanisms."""
    draws: int = 200_000
    runs: int = 4_000
    """Attacks on each of two neighbours."""


@dataclass(frozen=True, slots=True)
class Registered:
    """A mechanism that releases something, as the audit sees it."""

    name: str
    dimensions: int
    weight: int
    """Its part of the pairs; 0 gives the fewest. Twenty starts of K-Means make a refined pair ten times as dear."""
    run: Callable[[PrivacyBudget, Grid, Noise], Any]
    record: Callable[[Any], Mapping[str, Any]]
    price: Callable[[PrivacyBudget], int] = attrgetter("nano_rho")
    """What is charged for a budget, in billionths of rho."""

    def charge(self, budget: PrivacyBudget) -> int:
        """Return what it may cost: what is charged, and never more than the budget promises."""
        return min(self.price(budget), budget.nano_rho)


@dataclass(slots=True)
class Audited:
    """What an audit did, and what it found."""

    pairs: int = 0
    worst: dict[str, float] = field(default_factory=dict)
    """Mechanism → the largest part of its charge that one canary used up (rho by rho)."""
    records: int = 0
    sampler_p: float | None = None
    epsilon_seen: float | None = None
    epsilon_claimed: float = 4.0
    problems: list[Problem] = field(default_factory=list)
    unheard: Mapping[str, str] = field(default_factory=dict)
    """Mechanism → what the audit does not see of it."""

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain data."""
        return {
            "sound": not self.problems,
            "pairs": self.pairs,
            "worst": {name: round(part, 6) for name, part in self.worst.items()},
            "records": self.records,
            "sampler_p": self.sampler_p,
            "epsilon_seen": self.epsilon_seen,
            "epsilon_claimed": self.epsilon_claimed,
            "unheard": dict(self.unheard),
            "problems": [
                {"code": p.code, "message": p.message, "where": p.file} for p in self.problems
            ],
        }


def registered() -> list[Registered]:
    """Return every mechanism that reads people under a charge."""
    found = [
        Registered(counting.MECHANISM, 1, 40, _count, dict, counting.price),
        Registered(crosstab.MECHANISM, 2, 40, _crosstab, dict, crosstab.price),
    ]
    for dimensions in (1, 2, 4, 8, 16):
        name = f"{synopsis.MECHANISM}, {dimensions} features"
        found.append(Registered(name, dimensions, 12, _synopsis(0), _document))
    for dimensions in (3, 8):
        name = f"{synopsis.MECHANISM} rounds, {dimensions} features"
        found.append(Registered(name, dimensions, 6, _synopsis(0, "rounds"), _document))
    dear: tuple[tuple[int, synopsis.Way], ...]
    dear = (2, "levels"), (5, "levels"), (3, "rounds"), (8, "rounds")
    for dimensions, way in dear:
        name = f"{synopsis.MECHANISM} {way} refined, {dimensions} features"
        found.append(Registered(name, dimensions, 0, _synopsis(3, way), _document))
    for dimensions, whole in ((2, False), (3, True)):
        name = f"{histogram.MECHANISM}{' whole' * whole}, {dimensions} features"
        found.append(Registered(name, dimensions, 3, _histogram(whole=whole), _document))
    return found


def privacy_audit(
    extent: Extent | None = None,
    *,
    noise: Noise | None = None,
    mechanisms: Sequence[Registered] | None = None,
    tell: Tell = lambda _check, _done, _total: None,
) -> Audited:
    """Return what is wrong with mechanisms, all that are registered unless some are given.

    Raises nothing for what it finds.
    """
    extent, noise, found = extent or Extent(), noise or DiscreteGaussian(), Audited()
    known = registered() if mechanisms is None else mechanisms
    whole = sum(one.weight for one in known) or 1
    for one in known:
        pairs = max(-(-extent.pairs * one.weight // whole), min(24, extent.pairs))
        look(found, one.name, partial(_replay, found, one, pairs, noise, tell))
        look(found, one.name, partial(_record, found, one, noise))
    look(found, "noise", lambda: _sampler(found, extent, noise, tell))
    look(found, synopsis.MECHANISM, lambda: _attack(found, extent, noise, tell))
    return found


def neighbours(dimensions: int, seed: int) -> Iterator[tuple[Grid, Grid]]:
    """Yield pairs of data sets that differ in one canary; duplicates, one row and none included."""
    stream = np.random.default_rng(seed)
    contract = _box(dimensions)
    for number in itertools.count():
        count = (0, 1, 2, 5, 40, 300)[number % 6]
        rows = stream.normal(0, (0.02, 0.3, 2.0)[number % 3], (count, dimensions))
        if number % 4 == 1 and count:
            rows[:] = rows[0]
        inside = stream.uniform(-1, 1, dimensions)
        person = stream.choice(np.array(ODD), dimensions) if number % 2 else inside
        larger = np.insert(rows, stream.integers(0, count + 1), person, axis=0)
        pair = contract.points(rows), contract.points(larger)
        yield pair if number % 5 else pair[::-1]


def look(found: Audited, where: str, check: Callable[[], None]) -> None:
    """Do a check, and keep what it finds."""
    try:
        check()
    except Finding as finding:
        found.problems.append(Problem(finding.code, finding.message, where))
    except (ValueError, ArithmeticError) as error:
        found.problems.append(Problem("audit-broken", f"it stopped: {type(error).__name__}", where))


def _replay(found: Audited, one: Registered, pairs: int, noise: Noise, tell: Tell) -> None:
    budget = PrivacyBudget(1.0)
    charge, worst = Fraction(one.charge(budget), NANO), Fraction()
    run: Mechanism = lambda rows, source: one.run(budget, rows, source)  # noqa: E731
    for number, pair in enumerate(itertools.islice(neighbours(one.dimensions, 7), pairs)):
        worst = max(worst, audit_replay(run, *pair, noise, charge))
        found.pairs += 1
        if number % 50 == 0:
            tell(one.name, number, pairs)
    found.worst[one.name] = float(worst)


def _record(found: Audited, one: Registered, noise: Noise) -> None:
    """Search what is kept of a release, and count again what it cost."""
    budget = PrivacyBudget(1.0)
    stream = np.random.default_rng(3)
    centres = stream.choice([-0.5, 0.5], (_PEOPLE, one.dimensions))
    rows = _box(one.dimensions).points(centres + stream.normal(0, 0.03, centres.shape))
    recorder = Recorder(noise)
    document = one.record(one.run(budget, rows, recorder))
    audit_artifact(document, rows, np.arange(_PEOPLE) + _FIRST_SUBJECT)
    queries = [Query(**query) for query in document["queries"]]
    asked = [(query.dimension, query.sigma) for query in queries]
    if asked != [(len(answer.true), answer.sigma) for answer in recorder.answers]:
        raise Finding("audit-record-differs", "the record does not say what was asked")
    if charge_of(queries) > one.charge(budget):
        raise Finding("audit-cost-exceeds", "the questions in the record cost more than the charge")
    for answer in recorder.answers:
        if len(answer.true) > 8 and np.array_equal(answer.true, answer.published):
            raise Finding("audit-exact", "an answer was published without noise")
    said = sum((query.rho for query in queries), Fraction())
    for person in range(4):
        replayer = Replayer(recorder.answers, recorder.source)
        again = one.record(one.run(budget, np.delete(rows, person, axis=0), replayer))
        if again != document:
            raise Finding(
                "audit-exact", "a record follows people other than through noised answers"
            )
        if replayer.rho > said:
            raise Finding("audit-loss-exceeds", "one person moves more than the record claims")
    found.records += 1


def _sampler(found: Audited, extent: Extent, noise: Noise, tell: Tell) -> None:
    tell("noise", 0, extent.draws)
    found.sampler_p = audit_sampler(noise, _SIGMA, extent.draws)
    if isinstance(noise, DiscreteGaussian):
        program = (
            "import numpy as np;from tagging.segmentation.noise import DiscreteGaussian as D;"
            "print(D().add(np.zeros(32,dtype=np.int64),10**6).tolist())"
        )
        told = [
            subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout  # noqa: S603  (our own)
            for _ in range(2)
        ]
        if told[0] == told[1]:
            raise Finding("audit-noise-repeats", "two processes draw the same noise")


def _attack(found: Audited, extent: Extent, noise: Noise, tell: Tell) -> None:
    budget = PrivacyBudget(found.epsilon_claimed)
    tell("attacker", 0, extent.runs)
    rows = _box(1).points(np.zeros((3, 1)))
    larger = _box(1).points(np.array([[0.0], [0.0], [0.0], [1.0]]))

    def run(grid: Grid, source: Noise) -> Any:
        return synopsis.DPSynopsis(_box(1), budget, 0, source).fit_grid(grid)

    seen = audit_transcript(run, larger, rows, noise, runs=extent.runs, delta=budget.delta)
    found.epsilon_seen = round(seen, 4)
    if seen > budget.epsilon:
        raise Finding("audit-attack-exceeds", f"an attacker achieves epsilon {seen:.2f}")


def _box(dimensions: int) -> FeatureContract:
    return FeatureContract(tuple(FeatureBounds(f"f{n}", -1.0, 1.0, 0.0) for n in range(dimensions)))


def _synopsis(
    refine: int, way: synopsis.Way | None = None
) -> Callable[[PrivacyBudget, Grid, Noise], Any]:
    def run(budget: PrivacyBudget, rows: Grid, noise: Noise) -> Any:
        contract = _box(rows.shape[1])
        return synopsis.DPSynopsis(contract, budget, refine, noise, way).fit_grid(rows)

    return run


def _histogram(*, whole: bool) -> Callable[[PrivacyBudget, Grid, Noise], Any]:
    """Return a histogram over the box, of which the first feature may be whole numbers: -1, 0 and 1."""

    def run(budget: PrivacyBudget, rows: Grid, noise: Noise) -> Any:
        marks = (whole, *(False,) * (rows.shape[1] - 1))
        made = histogram.DPHistogram(_box(rows.shape[1]), budget, _EPS, marks, noise)
        return made.fit_grid(rows)

    return run


def _document(found: Any) -> Mapping[str, Any]:
    document: Mapping[str, Any] = found.document()
    return document


def _count(budget: PrivacyBudget, rows: Grid, noise: Noise) -> dict[str, Any]:
    """Return the published size of those on one side of the box."""
    query = counting.question(budget)
    size = counting.noisy(int((rows[:, 0] > 0).sum()), budget, noise)
    return {"size": size, "queries": [{n: getattr(query, n) for n in query.__slots__}]}


def _crosstab(budget: PrivacyBudget, rows: Grid, noise: Noise) -> dict[str, Any]:
    """Return the published table of people by the quarters of the box."""
    query = crosstab.question(budget, 4)
    places = np.array([(rows[:, 0] > 0), (rows[:, 1] > 0)], dtype=np.int64)
    counts = np.bincount(2 * places[0] + places[1], minlength=4).astype(np.int64)
    cells = crosstab.noisy(counts, budget, noise)
    queries = [{n: getattr(query, n) for n in query.__slots__}]
    return {"cells": cells.tolist(), "queries": queries}
