# SPDX-License-Identifier: Apache-2.0
"""Trains models and keeps their parameters as whole numbers and texts: nothing is pickled.

Decision tree, random forest and linear SVM are scikit-learn's. They promise nothing about the people
they learned from. Private methods are in `private`.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from audit.errors import Refused
from tagging.learning.scoring import FINE, SHARE, Tree
from tagging.segmentation.contract import ONE, Grid

LEAST_LEAF: Final = 20
"""A leaf of a plain tree holds at least so many people."""
MOST_WEIGHT: Final = 2**10
"""Weights of an SVM beyond this would leave the 63 bits in which a score is exact."""
_SEED: Final = 0
"""A plain model is the same each time: it promises nothing that a seed could undo."""


def train(
    method: str, rows: Grid, outcomes: NDArray[np.bool_], *, trees: int, depth: int
) -> dict[str, Any]:
    """Return the parameters of a plain model; raises Refused when there is nothing to tell apart."""
    yes = int(outcomes.sum())
    if min(yes, len(outcomes) - yes) < LEAST_LEAF:
        raise Refused(
            "model-one-sided",
            f"fewer than {LEAST_LEAF} people had one of the two outcomes",
            hint="choose a target that is neither rare nor certain, or a longer horizon",
        )
    known = outcomes.astype(np.int64)
    if method == "svm":
        return _svm(rows, known)
    return {"trees": [tree_of(one).document() for one in _trees(method, rows, known, trees, depth)]}


def fitted(method: str, rows: Grid, known: Any, *, trees: int, depth: int) -> Any:
    """Return the model of scikit-learn, for a comparison in tests; nobody keeps it."""
    if method == "tree":
        from sklearn.tree import DecisionTreeClassifier

        alone: Any = DecisionTreeClassifier(
            max_depth=depth, min_samples_leaf=LEAST_LEAF, random_state=_SEED
        )
        return alone.fit(rows, known)
    if method == "random-forest":
        from sklearn.ensemble import RandomForestClassifier

        many: Any = RandomForestClassifier(
            trees, max_depth=depth, min_samples_leaf=LEAST_LEAF, random_state=_SEED
        )
        return many.fit(rows, known)
    from sklearn.svm import LinearSVC

    line: Any = LinearSVC(dual=False, random_state=_SEED)
    return line.fit(rows / ONE, known)


def tree_of(model: Any) -> Tree:
    """Return a tree of scikit-learn (or of diffprivlib) as our own: rows are whole numbers."""
    found = model.tree_
    leaf = found.children_left < 0
    values = found.value[:, 0, :]
    whole = np.maximum(values.sum(axis=1), 1e-300)
    return Tree(
        np.where(leaf, -1, found.feature).astype(np.int64),
        np.where(leaf, 0, np.floor(found.threshold)).astype(np.int64),
        np.where(leaf, 0, found.children_left).astype(np.int64),
        np.where(leaf, 0, found.children_right).astype(np.int64),
        np.where(leaf, np.rint(values[:, 1] / whole * SHARE), 0).astype(np.int64),
    )


def _trees(method: str, rows: Grid, known: Any, trees: int, depth: int) -> list[Any]:
    model = fitted(method, rows, known, trees=trees, depth=depth)
    return [model] if method == "tree" else list(model.estimators_)


def _svm(rows: Grid, known: Any) -> dict[str, Any]:
    model = fitted("svm", rows, known, trees=0, depth=0)
    weights = np.clip(model.coef_[0], -MOST_WEIGHT, MOST_WEIGHT)
    return {
        "weights": np.rint(weights * (FINE // ONE)).astype(np.int64).tolist(),
        "base": round(float(model.intercept_[0]) * FINE),
    }
