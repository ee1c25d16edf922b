# SPDX-License-Identifier: Apache-2.0
"""The tag document of a model, for the ordinary way: lint, plan, review, apply, run."""

from audit.errors import BadInput
from governance.learning.training import Trained
from governance.learning.trials import Tried
from governance.segments.tags import written
from tagging.learning.scoring import THRESHOLDS


def tag_document(found: Trained, tried: Tried, threshold: int | None = None) -> str:
    """Return the YAML of a tag that the model gives above a threshold; None: the best of the trial.

    Raises BadInput `model-threshold`.
    """
    cut = tried.best if threshold is None else threshold
    if cut not in THRESHOLDS:
        raise BadInput(
            "model-threshold",
            "a threshold is one of those that were tried: 5, 10, … 95",
            hint=f"tagwarden model evaluate {found.key}",
        )
    body = {"says": found.asked["says"], "value": f"model('{found.name}/{cut}')"}
    return written(
        found.asked,
        body,
        "What a model says of a person is an estimate from their own record: it is personal data.",
    )
