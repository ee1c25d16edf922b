# SPDX-License-Identifier: Apache-2.0
"""Private models for `model` tags, and what each costs. Those of diffprivlib 0.6.6 are made here, and nowhere else.

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
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tagging.learning import boosting
from tagging.learning.scoring import LEAST_VARIANCE
from tagging.learning.training import tree_of
from tagging.segmentation.accounting import NANO, PrivacyBudget
from tagging.segmentation.baseline import nano_rho
from tagging.segmentation.contract import ONE, Grid

BOOSTED: Final = "ebm-dp"
NOISE: Final = "diffprivlib, floating point"
MOST_PEOPLE: Final = 10**9
"""Public cap of a noisy count."""


@dataclass(frozen=True, slots=True)
class Price:
    """What a private training costs and promises, fixed before anything is read."""

    mechanism: str
    noise: str
    measure: str
    """As the ledger counts: a pure epsilon, or zCDP from which (epsilon, delta) follows."""
    nano_rho: int
    epsilon: float
    delta: float

    @property
    def promise(self) -> str:
        """Return the promise as people read it; a pure epsilon has no delta."""
        pure = self.measure == "epsilon"
        return f"epsilon {self.epsilon:g}" + ("" if pure else f" at delta {self.delta:g}")


def price(method: str, epsilon: float, delta: float) -> Price:
    """Return what a private method costs; raises NotFound `ebm-not-installed`, BadInput for the figures."""
    if method == BOOSTED:
        boosting.library()
        nano = PrivacyBudget(epsilon, delta).nano_rho
        name = f"interpret-ebm/{boosting.VERSION}"
        return Price(name, boosting.NOISE, "zCDP", nano, epsilon, delta)
    name = f"diffprivlib-{method.removesuffix('-dp')}/0.6.6"
    return Price(name, NOISE, "epsilon", nano_rho(epsilon), epsilon, delta)


def train(
    method: str, rows: Grid, outcomes: NDArray[np.bool_], cost: Price, *, trees: int, depth: int
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the parameters of a private model, and the questions that it asked; nothing else is kept.

    What a library warns of as a leak is an error here.
    """
    if method == BOOSTED:
        found, asked = boosting.train(rows, outcomes, Fraction(cost.nano_rho, NANO))
        return found, [{name: getattr(one, name) for name in one.__slots__} for one in asked]
    from diffprivlib.utils import PrivacyLeakWarning

    known = outcomes.astype(np.int64)
    whole = [{"name": method, "epsilon": repr(float(cost.epsilon))}]
    with warnings.catch_warnings():
        warnings.simplefilter("error", PrivacyLeakWarning)
        if method == "naive-bayes-dp":
            return bayes_document(bayes(rows, known, cost.epsilon)), whole
        made = forest(rows, known, cost.epsilon, trees, depth)
    return {"trees": [tree_of(one).document() for one in made]}, whole


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
