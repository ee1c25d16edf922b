# SPDX-License-Identifier: Apache-2.0
"""The tag document of a model, for the ordinary way: lint, plan, review, apply, run."""

from typing import Any

from audit.errors import BadInput
from governance.learning.training import Trained
from governance.learning.trials import Tried
from tagging.learning.scoring import THRESHOLDS


def tag_document(found: Trained, tried: Tried, threshold: int | None = None) -> str:
    """Return the YAML of a tag that the model gives above a threshold; None: the best of the trial.

    Raises BadInput `model-threshold`.
    """
    import yaml  # noqa: PLC0415

    cut = tried.best if threshold is None else threshold
    if cut not in THRESHOLDS:
        raise BadInput(
            "model-threshold",
            "a threshold is one of those that were tried: 5, 10, … 95",
            hint=f"tagwarden model evaluate {found.key}",
        )
    asked = found.asked
    document: dict[str, Any] = {
        "apiVersion": "tagwarden/v1",
        "kind": "Tag",
        "key": f"behaviour.{asked['key'].split('.')[-1]}",
        "name": asked["name"],
        "says": asked["says"],
        "owner": asked["owner"],
        "dimension": "behaviour",
        "derivation": "inferred",
        "sources": list(asked["sources"]),
        "asserts": list(asked["asserts"]),
        "purposes": [asked["purpose"]],
        "basis": asked["basis"],
        "ttl": "7d",
        "refresh": {"every": "1d", "on": ["purchase"]},
        "value": f"model('{found.name}/{cut}')",
        "purge_on_withdrawal": "immediately",
    }
    head = (
        "# SPDX-License-Identifier: Apache-2.0\n"
        "# What a model says of a person is an estimate from their own record: it is personal data.\n"
    )
    return head + yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=100)
