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
    """Return ranges of the features that decide alone, and of which none can be left out.

    Features are freed one after the other, the one that stands lowest in the path first, as long as every
    leaf that can then be reached gives the same answer. With what stays, any row in the ranges does.
    """
    order, answer = _path(tree, row, cut)
    kept = list(order)
    for feature in reversed(order):
        fewer = [one for one in kept if one != feature]
        if _answers(tree, row, fewer, cut) == {answer}:
            kept = fewer
    ranges = [_ALL] * len(row)
    _narrow(tree, row, kept, ranges)
    return tuple(ranges)


def _path(tree: Tree, row: Sequence[int], cut: int) -> tuple[list[int], bool]:
    node, seen = 0, []
    while (feature := int(tree.feature[node])) >= 0:
        if feature not in seen:
            seen.append(feature)
        node = int((tree.left if row[feature] <= tree.at[node] else tree.right)[node])
    return seen, bool(tree.share[node] > cut)


def _reached(tree: Tree, row: Sequence[int], kept: Sequence[int]) -> list[int]:
    """Return the nodes that can be reached when only some features are known."""
    waiting, found = [0], []
    while waiting:
        node = waiting.pop()
        found.append(node)
        feature = int(tree.feature[node])
        if feature < 0:
            continue
        ways = [tree.left, tree.right]
        if feature in kept:
            ways = [ways[int(row[feature] > tree.at[node])]]
        waiting += [int(way[node]) for way in ways]
    return found


def _answers(tree: Tree, row: Sequence[int], kept: Sequence[int], cut: int) -> set[bool]:
    leaves = [node for node in _reached(tree, row, kept) if tree.feature[node] < 0]
    return {bool(tree.share[leaf] > cut) for leaf in leaves}


def _narrow(
    tree: Tree, row: Sequence[int], kept: Sequence[int], ranges: list[tuple[int, int]]
) -> None:
    for node in _reached(tree, row, kept):
        feature, at = int(tree.feature[node]), int(tree.at[node])
        if feature not in kept:
            continue
        above, up_to = ranges[feature]
        ranges[feature] = (above, min(up_to, at)) if row[feature] <= at else (max(above, at), up_to)
