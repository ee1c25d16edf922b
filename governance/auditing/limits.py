# SPDX-License-Identifier: Apache-2.0
"""The limits of an audit: a FairnessPolicy from a file, or the one in force, or the one to start from.

They are narrowed to what is asked.
"""

from collections.abc import Sequence
from importlib.resources import as_file, files
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection

from audit.bias.policy import FairnessPolicy
from audit.bias.rates import OF_OUTCOME
from audit.consent.policy import ConsentPolicy
from audit.errors import BadInput, Problems
from governance.fairness import in_force
from policies.document import read_documents, validate


class Limits(NamedTuple):
    """The policy that an audit judges by, and which one is in force."""

    policy: FairnessPolicy
    in_force: str
    """Digest of the policy in force; '' when none is."""

    @property
    def applied(self) -> bool:
        """Whether the audit judges by the policy in force."""
        return self.policy.digest() == self.in_force


def chosen(connection: Connection, path: Path | None) -> Limits:
    """Return the policy in a file, or the one in force, or the one to start from; raises as `read`."""
    version = in_force(connection)
    digest = version.digest if version else ""
    if path is None and version is not None:
        return Limits(version.policy, digest)
    return Limits(read(path), digest)


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


def consents(path: Path | None) -> ConsentPolicy:
    """Return the policy in a file, or the one to start from; raises BadInput with every problem."""
    if path is None:
        with as_file(files("audit.consent").joinpath("starter_policy.yaml")) as starter:
            return consents(starter)
    documents = read_documents(path)
    if len(documents) != 1:
        raise BadInput(
            "consent-policy-file",
            f"{path.name} holds {len(documents)} documents, not one ConsentPolicy",
        )
    problems = Problems(path.name)
    found = validate(ConsentPolicy, documents[0], problems)
    problems.raise_if_any("bad-consent-policy", f"{path.name} is not a usable policy")
    if found is None:
        raise AssertionError
    return found


def narrowed(policy: FairnessPolicy, by: Sequence[str], *, outcome: bool) -> FairnessPolicy:
    """Return the limits of the policy for some attributes; raises BadInput `no-outcome-rate`.

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
        "audits": [],
        "waivers": None,
    }
    return FairnessPolicy.model_validate(policy.document() | changes)


def over(policy: FairnessPolicy, attributes: Sequence[str]) -> FairnessPolicy:
    """Return the policy for some sealed attributes, whatever its rates are."""
    return FairnessPolicy.model_validate(
        policy.document() | {"attributes": list(attributes), "audits": [], "waivers": None}
    )
