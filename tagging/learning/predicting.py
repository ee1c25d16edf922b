# SPDX-License-Identifier: Apache-2.0
"""A trained model as a rule of a tag: measures of one person in, yes or no out, with the reason."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from tagging.learning.scoring import FINE, Scorer, Tree
from tagging.segmentation.contract import ONE, Grid
from tagging.segmentation.nearest import OnRows

_ALL: Final = (-ONE - 1, ONE)


@dataclass(frozen=True)
class Decided:
    """What a model says of one person, and why; only what its method can say exactly."""

    given: bool
    score: float
    """From 0 to 100."""
    margin: int
    """How far the score is above the cut."""
    base: int = 0
    """Linear models: the part of the margin that is the same for everybody."""
    parts: tuple[int, ...] = ()
    """Linear models: by feature; with the base they add up to the margin."""
    ranges: tuple[tuple[int, int], ...] = ()
    """A tree: by feature the range (above, up to) that suffices; the whole range: it does not matter."""
    votes: tuple[int, int] | None = None
    """A forest: trees that say yes, of how many."""


@dataclass(frozen=True)
class Predictor(OnRows):
    """A trained model with the threshold above which it gives a tag."""

    scorer: Scorer
    threshold: int
    names: tuple[tuple[str, str], ...] = ()
    """By feature: what people call it, in English and Chinese."""
    private: bool = False
    """Whether its training was charged in the ledger."""
    horizon: int = 0
    """How far it looks ahead, in microseconds."""

    def numbers(self, rows: Grid) -> Any:
        """Return 1 for each row that is given the tag, else 0."""
        return (self.scorer.scores(rows) > self.scorer.cut(self.threshold)).astype(np.int64)

    def explained(self, values: Sequence[Any]) -> Decided:
        """Return what the model says of one person and why."""
        row, scorer = self.point(values), self.scorer
        score, cut = int(scorer.scores(row)[0]), scorer.cut(self.threshold)
        given, shown = score > cut, scorer.per_cent(score)
        if scorer.linear:
            parts = tuple(int(part) for part in scorer.parts(row)[0])
            return Decided(given, shown, score - cut, scorer.base - cut, parts)
        if len(scorer.trees) == 1:
            ranges = sufficient(scorer.trees[0], row[0].tolist(), cut)
            return Decided(given, shown, score - cut, ranges=ranges)
        shares = [int(tree.share[tree.leaf(row)[0]]) * 2 for tree in scorer.trees]
        yes = sum(share > 10**9 for share in shares)
        return Decided(given, shown, score - cut, votes=(yes, len(shares)))

    @property
    def unit(self) -> int:
        """Return how many steps of a linear score are one unit of log odds."""
        return FINE

    def decisive(self, found: Decided) -> Iterator[tuple[int, float | None, float | None]]:
        """Yield the features that decide, with the ends of their ranges in their own unit."""
        ends = np.array(found.ranges, dtype=np.float64).reshape(-1, self.contract.dimensions, 2)
        for pairs in ends:
            above, up_to = self.contract.values(pairs.T)
            for number, pair in enumerate(found.ranges):
                if pair != _ALL:
                    yield (
                        number,
                        None if pair[0] < -ONE else float(above[number]),
                        None if pair[1] >= ONE else float(up_to[number]),
                    )


def sufficient(tree: Tree, row: Sequence[int], cut: int) -> tuple[tuple[int, int], ...]:
    """Return ranges of the features that decide alone: none can be left out, and no end moved out.

    It begins with the ranges of the path. Features are freed one after the other, the one that stands
    lowest first, as long as every leaf that can be reached gives the same answer; then each end is moved
    out as far as that holds.
    """
    ranges, order, answer = _path(tree, row, cut)
    for feature in reversed(order):
        _try(tree, ranges, feature, _ALL, (answer, cut))
    for feature in order:
        ends = sorted({int(at) for at in tree.at[tree.feature == feature]})
        for end in (_ALL[0], *ends):
            if end < ranges[feature][0]:
                _try(tree, ranges, feature, (end, ranges[feature][1]), (answer, cut))
        for end in (_ALL[1], *reversed(ends)):
            if end > ranges[feature][1]:
                _try(tree, ranges, feature, (ranges[feature][0], end), (answer, cut))
    return tuple(ranges)


def _path(
    tree: Tree, row: Sequence[int], cut: int
) -> tuple[list[tuple[int, int]], list[int], bool]:
    """Return the ranges of the path of a row, its features from the root on, and the answer."""
    node, ranges = 0, [_ALL] * len(row)
    order: dict[int, None] = {}
    while (feature := int(tree.feature[node])) >= 0:
        order[feature] = None
        at, (above, up_to) = int(tree.at[node]), ranges[feature]
        low = row[feature] <= at
        ranges[feature] = (above, min(up_to, at)) if low else (max(above, at), up_to)
        node = int((tree.left if low else tree.right)[node])
    return ranges, list(order), bool(tree.share[node] > cut)


def _try(
    tree: Tree,
    ranges: list[tuple[int, int]],
    feature: int,
    wider: tuple[int, int],
    wanted: tuple[bool, int],
) -> None:
    """Widen the range of a feature, unless another answer could then be reached."""
    before, ranges[feature] = ranges[feature], wider
    answer, cut = wanted
    waiting = [0]
    while waiting:
        node = waiting.pop()
        asked, at = int(tree.feature[node]), int(tree.at[node])
        if asked < 0:
            if bool(tree.share[node] > cut) != answer:
                ranges[feature] = before
                return
            continue
        above, up_to = ranges[asked]
        if above < at:
            waiting.append(int(tree.left[node]))
        if up_to > at:
            waiting.append(int(tree.right[node]))
