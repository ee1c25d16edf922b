# SPDX-License-Identifier: Apache-2.0
"""The limits of an audit: a FairnessPolicy from a file, or the one to start from, narrowed to what is asked."""

from collections.abc import Sequence
from importlib.resources import as_file, files
from pathlib import Path

from audit.bias.policy import FairnessPolicy
from audit.bias.rates import OF_OUTCOME
from audit.errors import BadInput, Problems
from policies.document import read_documents, validate


def read(path: Path | None) -> FairnessPolicy:
    """Return the policy in a file, or the one to start from; raises BadInput with every problem."""
    if path is None:
        with as_file(files("audit.bias").joinpath("starter_policy.yaml")) as starter:
            return read(starter)
    documents = read_documents(path)
    if len(documents) != 1:
        raise BadInput(
            "fairness-file", f"{path.name} holds {len(documents)} documents, not one FairnessPolicy"
        )
    problems = Problems(path.name)
    found = validate(FairnessPolicy, documents[0], problems)
    problems.raise_if_any("bad-fairness-policy", f"{path.name} is not a usable policy")
    if found is None:
        raise AssertionError
    return found


def narrowed(policy: FairnessPolicy, by: Sequence[str], *, outcome: bool) -> FairnessPolicy:
    """Return the policy for some attributes; raises BadInput `no-outcome-rate`.

    Rates that need an outcome are left out where there is none.
    """
    rates = [rate for rate in policy.rates if outcome or rate not in OF_OUTCOME]
    if not rates or (outcome and not OF_OUTCOME & set(rates)):
        raise BadInput(
            "no-outcome-rate",
            "the policy names no rate for this audit",
            hint="rates: [selection, tpr]; selection needs no outcome, tpr and precision need one",
        )
    changes = {
        "attributes": list(by),
        "rates": rates,
        "intersections": min(policy.intersections, len(by)),
    }
    return FairnessPolicy.model_validate(policy.document() | changes)


def over(policy: FairnessPolicy, attributes: Sequence[str]) -> FairnessPolicy:
    """Return the policy for some sealed attributes, whatever its rates are."""
    return FairnessPolicy.model_validate(policy.document() | {"attributes": list(attributes)})
