# SPDX-License-Identifier: Apache-2.0
"""The audit of mechanisms whose noise a library draws: as far as they can be heard, on canaries.

1. replay: every question that diffprivlib asks of its own noise is answered, for a neighbour, with what
   was published before; what the true answers moved, by the noise that each met, is the epsilon lost. It
   is held against what the ledger charges, not against what the library was told. So are the sums of
   boosting (`boosting_audit`);
2. record: what is kept holds no list with an entry per person, no number of a subject, no exact figure,
   and two runs never keep the same.

What cannot be heard is said in `UNHEARD`, and stands in the report.
"""

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from audit.errors import Finding
from tagging.learning import boosting, private
from tagging.learning.boosting_audit import audit_boosting
from tagging.segmentation import baseline
from tagging.segmentation.accounting import NANO, PrivacyBudget
from tagging.segmentation.auditing import audit_artifact, audit_replay, walk
from tagging.segmentation.contract import ONE, Grid
from tagging.segmentation.noise import DiscreteGaussian, Gate, Noise
from tagging.segmentation.privacy_audit import Audited, Tell, look, neighbours

UNHEARD: Final[Mapping[str, str]] = {
    baseline.MECHANISM: "its number of steps, and empty clusters, follow exact numbers: no pair in which one "
    "person changes them keeps any promise",
    "diffprivlib-random-forest/0.6.6": "its trees are drawn inside the library: only what it keeps was looked at",
    f"interpret-ebm/{boosting.VERSION}": "its sums are replayed as the library hands them over: not their low bits",
}
"""Mechanism → what the audit does not see of it."""
PAIRS: Final = 120
_EPSILON: Final = 1.0
_CLUSTERS: Final = 2
_PEOPLE: Final = 997
_FIRST_SUBJECT: Final = 10**14

Run = Callable[[Grid], Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of a library to its noise."""

    what: tuple[str, float, float, float]
    """The kind of noise; epsilon lost for each unit by which the true answer moves; ends of the answer."""
    true: float
    published: Any


@dataclass(slots=True)
class Tape:
    """Records questions and their answers; with `earlier`, gives the answers of an earlier run."""

    earlier: Sequence[Asked] | None = None
    heard: list[Asked] = field(default_factory=list)
    lost: float = 0.0
    _inside: bool = False

    def answer(self, noise: Any, value: float, honest: Callable[[], Any]) -> Any:
        """Return the noisy answer; raises Finding when the question is not the earlier one."""
        if self._inside:  # one mechanism of the library calls another
            return honest()
        self._inside = True
        try:
            published = honest() if self.earlier is None else None
        finally:
            self._inside = False
        rate = float(noise.epsilon) / float(noise.sensitivity)
        what = (type(noise).__name__, rate, float(noise.lower), float(noise.upper))
        if self.earlier is not None:
            number = len(self.heard)
            if number == len(self.earlier):
                raise Finding("audit-questions-differ", "a neighbour makes the library ask more")
            before = self.earlier[number]
            if before.what != what:
                raise Finding("audit-questions-differ", "a question depends on exact numbers")
            self.lost += rate * abs(float(value) - before.true)
            published = before.published
        self.heard.append(Asked(what, float(value), published))
        return published


def library_audit(
    found: Audited, pairs: int = PAIRS, *, tell: Tell = lambda _check, _done, _total: None
) -> None:
    """Add what is wrong with the mechanisms of libraries to an audit; raises nothing for what it finds."""
    for dimensions in (1, 4):
        bayes = partial(_bayes_replay, found, dimensions, pairs)
        look(found, private.price("naive-bayes-dp", _EPSILON, 1e-6).mechanism, bayes)
        look(found, baseline.MECHANISM, partial(_kmeans_replay, found, dimensions, pairs // 4))
        bins = f"interpret-ebm bins, {dimensions} features"
        look(found, bins, partial(_bins_replay, found, bins, dimensions, pairs))
        if boosting.installed():
            sums = f"interpret-ebm sums, {dimensions} features"
            look(found, sums, partial(_sums_replay, found, sums, dimensions, pairs // 10))
        tell("libraries", dimensions, 4)
    for name, keep in kept().items():
        look(found, name, partial(_record, found, keep))
    found.unheard = dict(UNHEARD)


def audit_epsilon(run: Run, rows: Grid, neighbour: Grid, charged: float) -> float:
    """Return the part of the charged epsilon that one pair of neighbours loses.

    Raises Finding when the questions differ, or when more is lost than was charged.
    """
    first = Tape()
    with _heard(first):
        run(rows)
    second = Tape(first.heard)
    with _heard(second):
        run(neighbour)
    if len(second.heard) < len(first.heard):
        raise Finding("audit-questions-differ", "a neighbour makes the library ask less")
    if second.lost > charged * (1 + 1e-9):
        raise Finding(
            "audit-loss-exceeds",
            f"one person changes the answers {second.lost / charged:.3f} times as much as charged",
        )
    return second.lost / charged


def kept() -> dict[str, Callable[[Grid, NDArray[np.bool_]], Mapping[str, Any]]]:
    """Return, by mechanism, what is kept of it; boosting only where its library is installed."""
    found: dict[str, Callable[[Grid, NDArray[np.bool_]], Mapping[str, Any]]] = {
        baseline.MECHANISM: lambda rows, _: {
            "centres": baseline.fit(rows, _CLUSTERS, _EPSILON).tolist()
        }
    }
    methods = ["naive-bayes-dp", "random-forest-dp"]
    if boosting.installed():
        methods.append(private.BOOSTED)
    for method in methods:
        cost = private.price(method, _EPSILON, 1e-6)
        found[cost.mechanism] = partial(_trained, method, cost)
    return found


def _trained(
    method: str, cost: private.Price, rows: Grid, outcomes: NDArray[np.bool_]
) -> Mapping[str, Any]:
    return private.train(method, rows, outcomes, cost, trees=5, depth=3)[0]


def _bayes_replay(found: Audited, dimensions: int, pairs: int) -> None:
    cost = private.price("naive-bayes-dp", _EPSILON, 1e-6)

    def run(rows: Grid) -> Any:
        return private.bayes(rows, (rows[:, 0] > 0).astype(np.int64), _EPSILON)

    shares = [
        audit_epsilon(run, *pair, math.sqrt(2 * cost.nano_rho / NANO))
        for pair in itertools.islice(neighbours(dimensions, 7), pairs)
    ]
    _noted(found, f"{cost.mechanism}, {dimensions} features", shares)


def _kmeans_replay(found: Audited, dimensions: int, pairs: int) -> None:
    """Replay pairs of which no person is alone in a cluster, with the first centres of the first run."""
    charged = baseline.nano_rho(baseline.true_epsilon(_EPSILON, dimensions))
    stream = np.random.default_rng(7)

    def pair() -> tuple[Grid, Grid]:
        larger = stream.integers(-ONE, ONE + 1, (400, dimensions)).astype(np.int32)
        return larger[1:], larger

    def run(start: list[Any], rows: Grid) -> Any:
        with _first_centres(start):
            return baseline.fit(rows, _CLUSTERS, _EPSILON)

    shares = [
        audit_epsilon(partial(run, []), *pair(), math.sqrt(2 * charged / NANO))
        for _ in range(pairs)
    ]
    _noted(found, f"{baseline.MECHANISM}, {dimensions} features", shares)


def _bins_replay(found: Audited, name: str, dimensions: int, pairs: int) -> None:
    rho = PrivacyBudget(_EPSILON).rho * boosting.FOR_BINS

    def run(rows: Grid, noise: Noise) -> Any:
        return boosting.binned(rows, Gate(noise, rho), rho)

    few = itertools.islice(neighbours(dimensions, 7), pairs)
    shares = [audit_replay(run, *pair, DiscreteGaussian(), rho) for pair in few]
    found.pairs += len(shares)
    found.worst[name] = float(max(shares, default=0))


def _sums_replay(found: Audited, name: str, dimensions: int, pairs: int) -> None:
    rho = PrivacyBudget(_EPSILON).rho
    asked = boosting.sums_asked(dimensions, rho * (1 - boosting.FOR_BINS))
    shares, noise = [0.0], []
    for rows, other in itertools.islice(neighbours(dimensions, 7), pairs):
        gate = Gate(DiscreteGaussian(), rho)
        bins = boosting.binned(rows, gate, rho * boosting.FOR_BINS)
        share, drawn = audit_boosting(rows, other, bins, asked)
        shares.append(share)
        noise += drawn
    size = float(np.square(noise).mean()) if noise else 1.0
    if abs(size - 1) > 6 * math.sqrt(2 / max(len(noise), 1)):
        raise Finding("audit-noise-size", "the noise on sums of residuals is not what was charged")
    found.pairs += pairs
    found.worst[name] = max(shares)


def _noted(found: Audited, name: str, shares: Sequence[float]) -> None:
    found.pairs += len(shares)
    found.worst[name] = max(shares, default=0.0) ** 2  # rho by rho, as the others are told


def _record(found: Audited, keep: Callable[[Grid, Any], Mapping[str, Any]]) -> None:
    stream = np.random.default_rng(3)
    rows = stream.integers(-ONE, ONE + 1, (_PEOPLE, 3)).astype(np.int32)
    outcomes = rows[:, 0] + stream.normal(0, 0.3 * ONE, _PEOPLE) > 0
    document = keep(rows, outcomes)
    audit_artifact(document, rows, np.arange(_PEOPLE) + _FIRST_SUBJECT)
    exact = np.array(list(_figures(rows, outcomes)))
    for value in walk(document):
        number = _number(value)
        if number is not None and np.any(np.abs(exact - number) <= 1e-12 * np.abs(exact)):
            raise Finding("audit-exact", "a number that is kept is exact")
    if document == keep(rows, outcomes):
        raise Finding("audit-noise-repeats", "two runs keep the same")
    found.records += 1


def _figures(rows: Grid, outcomes: NDArray[np.bool_]) -> Iterator[float]:
    """Yield what only the rows know: numbers of people, shares, means and variances, by outcome and in all."""
    for people in (np.ones(len(rows), dtype=bool), outcomes, ~outcomes):
        yield from (float(people.sum()), float(people.mean()))
        for scale in (1, ONE):
            values = rows[people] / scale
            yield from (*values.mean(axis=0).tolist(), *values.var(axis=0).tolist())
            yield from values.sum(axis=0).tolist()


def _number(value: Any) -> float | None:
    """Return a number, also one that stands as text; 0 and 1 are nobody's."""
    try:
        number = float(value) if isinstance(value, int | str) else None
    except ValueError:
        return None
    return None if number in (0.0, 1.0) else number


@contextmanager
def _heard(tape: Tape) -> Iterator[None]:
    """Let a tape hear every question of diffprivlib to its noise."""
    from diffprivlib import mechanisms as of

    kinds: list[Any] = [of.LaplaceTruncated, of.LaplaceBoundedDomain]
    kinds += [of.GeometricTruncated, of.GeometricFolded]
    honest = {kind: kind.randomise for kind in kinds}

    def through(kind: Any) -> Callable[[Any, Any], Any]:
        return lambda noise, value: tape.answer(noise, value, lambda: honest[kind](noise, value))

    for kind in kinds:
        kind.randomise = through(kind)
    try:
        yield
    finally:
        for kind, whole in honest.items():
            kind.randomise = whole


@contextmanager
def _first_centres(start: list[Any]) -> Iterator[None]:
    """Have K-Means of diffprivlib begin where it began when `start` was empty."""
    from diffprivlib.models import KMeans

    honest = KMeans._init_centers  # noqa: SLF001  (there is no other way to hear it)

    def once(model: Any, dims: int, random_state: Any) -> Any:
        if not start:
            start.append(honest(model, dims, random_state))
        return start[0].copy()

    KMeans._init_centers = once  # noqa: SLF001  (likewise)
    try:
        yield
    finally:
        KMeans._init_centers = honest  # noqa: SLF001  (likewise)
