# SPDX-License-Identifier: Apache-2.0
"""The audit of privacy: the mechanisms of this program on canaries, and what this workspace has released."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, text
from threadpoolctl import threadpool_limits

from audit.errors import Problem
from governance.budget.ledger import cost_of
from governance.budget.verification import Checked, verify
from tagging.learning.library_audit import library_audit
from tagging.segmentation import baseline
from tagging.segmentation.baseline import nano_rho, true_epsilon
from tagging.segmentation.privacy_audit import Audited, Tell, privacy_audit

if TYPE_CHECKING:
    from governance.workspace import Workspace

_PUBLISHED: Final = " UNION ALL ".join(
    f"SELECT name, charge, artefact FROM {table} WHERE charge IS NOT NULL"
    for table in ("release", "audiencesize", "noisedcube", "training", "trial")
)
_LIBRARY: Final[Mapping[str, frozenset[str]]] = {
    baseline.FORMAT: frozenset(
        {
            "format",
            "contract",
            "contract_id",
            "mechanism",
            "noise",
            "queries",
            "told_epsilon",
            "centres",
        }
    ),
    "tagwarden/model/v1": frozenset(
        {"format", "method", "contract", "contract_id", "parameters", "queries", "noise", "promise"}
    ),
}
"""By format, what may be kept of a mechanism whose noise a library draws; all else is too much."""


@dataclass(frozen=True, slots=True)
class Report:
    """What an audit of privacy found."""

    mechanisms: Audited
    ledger: Checked
    published: int
    """Records of this workspace that were looked at."""
    floating: int
    """Those of libraries, which promise no exact noise."""
    problems: tuple[Problem, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain data."""
        return {
            **self.mechanisms.to_dict(),
            "sound": not self.problems,
            "charges": self.ledger.charges,
            "published": self.published,
            "floating": self.floating,
            "problems": [
                {"code": p.code, "message": p.message, "where": p.file} for p in self.problems
            ],
        }


def audit(
    ws: "Workspace",
    *,
    tell: Tell = lambda _check, _done, _total: None,
) -> Report:
    """Return whether releases keep their promise; reads published records, and no data of people.

    About two minutes. Raises nothing for what it finds.
    """
    ledger = verify(ws)
    with ws.store.read() as connection:
        names, floating, problems = _published(connection)
    with threadpool_limits(1):  # small matrices: more threads wait for each other
        found = privacy_audit(tell=tell)
        library_audit(found, tell=tell)
    whole = (*found.problems, *ledger.problems, *problems)
    return Report(found, ledger, names, floating, whole)


def _published(connection: Connection) -> tuple[int, int, list[Problem]]:
    """Return how many records there are, how many of floating noise, and what is wrong with them."""
    names = floating = 0
    problems = []
    for row in connection.execute(text(f"{_PUBLISHED} ORDER BY name")):
        names += 1
        artefact = json.loads(row.artefact)
        form = artefact.get("format", "")
        if _has_float(artefact):
            problems.append(
                Problem("audit-off-lattice", "a published number is not on a lattice", row.name)
            )
        if form in _LIBRARY:
            floating += 1
            if set(artefact) - _LIBRARY[form]:
                problems.append(
                    Problem("audit-kept-more", "more is kept than may be published", row.name)
                )
        if form == baseline.FORMAT and not _baseline_pays(connection, row.charge, artefact):
            problems.append(
                Problem("audit-baseline-spend", "it spends more than its charge says", row.name)
            )
    return names, floating, problems


def _baseline_pays(connection: Connection, charge: str, artefact: Mapping[str, Any]) -> bool:
    """Return whether a baseline was charged what its library spends when told that epsilon."""
    told, features = float(artefact["told_epsilon"]), len(artefact["contract"]["features"])
    need = nano_rho(true_epsilon(told, features))
    return cost_of(connection, charge) >= need


def _has_float(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_float(item) for item in value.values())
    if isinstance(value, list):
        return any(_has_float(item) for item in value)
    return isinstance(value, float)
