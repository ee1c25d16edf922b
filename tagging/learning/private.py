# SPDX-License-Identifier: Apache-2.0
"""Models of diffprivlib 0.6.6 for `model` tags: the only module that imports it for learning.

Neighbours differ by one person more or less. As they come, neither model keeps its epsilon then:

- `GaussianNB` makes its noisy counts add up to the exact number of rows, caps them by it, and skips an
  outcome that nobody has. Here the counts are left noisy, the cap is public, and one public row for each
  outcome is added, so that the number of questions does not depend on the data.
- `RandomForestClassifier` cuts the rows into parts by their place, so that one person moves others into
  another tree. Here each person's tree is drawn alone, and the trees are diffprivlib's.

So changed, each spends exactly its epsilon: counts, sums and squares a third each for Bayes (an outcome
is a part of its own); for a forest the label of one leaf of one tree. Its noise is floating point, which
diffprivlib itself calls open to attacks on the low bits: the statement says so.
"""

import warnings
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tagging.learning.scoring import LEAST_VARIANCE
from tagging.learning.training import tree_of
from tagging.segmentation.contract import ONE, Grid

NOISE: Final = "diffprivlib, floating point"
MOST_PEOPLE: Final = 10**9
"""Public cap of a noisy count."""


def mechanism(method: str) -> str:
    """Return how the ledger names a method."""
    return f"diffprivlib-{method.removesuffix('-dp')}/0.6.6"


def train(
    method: str,
    rows: Grid,
    outcomes: NDArray[np.bool_],
    epsilon: float,
    *,
    trees: int,
    depth: int,
) -> dict[str, Any]:
    """Return the parameters of a private model; nothing else of it is kept.

    What diffprivlib warns of as a leak is an error here.
    """
    from diffprivlib.utils import PrivacyLeakWarning

    known = outcomes.astype(np.int64)
    with warnings.catch_warnings():
        warnings.simplefilter("error", PrivacyLeakWarning)
        if method == "naive-bayes-dp":
            return bayes_document(bayes(rows, known, epsilon))
        made = [tree_of(one).document() for one in forest(rows, known, epsilon, trees, depth)]
    return {"trees": made}


def bayes(rows: Grid, known: Any, epsilon: float) -> Any:
    """Return naive Bayes of diffprivlib with counts that are noisy throughout."""
    from diffprivlib.mechanisms import GeometricTruncated
    from diffprivlib.models import GaussianNB

    class Sound(GaussianNB):  # type: ignore[misc]
        """Does not let the exact number of rows in."""

        def _noisy_class_counts(self, y: Any, random_state: Any) -> Any:
            noise = GeometricTruncated(
                epsilon=self.epsilon / 3,
                sensitivity=1,
                lower=1,
                upper=MOST_PEOPLE,
                random_state=random_state,
            )
            return np.array([noise.randomise(int((y == one).sum())) for one in (0, 1)])

    width = rows.shape[1]
    public = np.zeros((2, width))
    plain = np.concatenate([rows / ONE, public])
    model: Any = Sound(epsilon=epsilon, bounds=(-np.ones(width), np.ones(width)))
    return model.fit(plain, np.concatenate([known, [0, 1]]))


def bayes_document(model: Any) -> dict[str, Any]:
    """Return the parameters of naive Bayes as texts, variances not below the public least one."""
    return {
        "priors": [repr(float(one)) for one in model.class_prior_],
        "means": [[repr(float(x)) for x in one] for one in model.theta_],
        "variances": [[repr(max(float(x), LEAST_VARIANCE)) for x in one] for one in model.var_],
    }


def forest(rows: Grid, known: Any, epsilon: float, trees: int, depth: int) -> list[Any]:
    """Return trees of diffprivlib, each over the people whose draw it was."""
    from diffprivlib.models.forest import DecisionTreeClassifier

    width = rows.shape[1]
    drawn = np.random.default_rng().integers(0, trees, len(rows))
    made = []
    for number in range(trees):
        mine = drawn == number
        model: Any = DecisionTreeClassifier(
            depth,
            epsilon=epsilon,
            bounds=(np.full(width, -float(ONE)), np.full(width, float(ONE))),
            classes=[0, 1],
        )
        made.append(model.fit(rows[mine].astype(np.float64), known[mine], check_input=False))
    return made
