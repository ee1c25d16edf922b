# SPDX-License-Identifier: Apache-2.0
"""The tag document of a model, for the ordinary way: lint, plan, review, apply, run."""

from typing import Final

from audit.errors import BadInput
from governance.learning.training import Trained
from governance.learning.trials import Tried
from governance.segments.tags import written
from tagging.learning.scoring import THRESHOLDS

_REMARK: Final = (
    "What a model says of a person is an estimate from their own record: it is personal data.",
    "模型对个人的结论是根据其本人的记录作出的估计：属于个人信息。",
)


def tag_document(
    found: Trained, tried: Tried, threshold: int | None = None, language: str = "en"
) -> str:
    """Return the YAML of a tag that the model gives above a threshold; None: the best of the trial.

    Its remark is in a language (en or zh). Raises BadInput `model-threshold`.
    """
    cut = tried.best if threshold is None else threshold
    if cut not in THRESHOLDS:
        raise BadInput(
            "model-threshold",
            "a threshold is one of those that were tried: 5, 10, … 95",
            hint=f"tagwarden model evaluate {found.key}",
        )
    body = {"says": found.asked["says"], "value": f"model('{found.name}/{cut}')"}
    return written(found.asked, body, _REMARK[language == "zh"])
