# SPDX-License-Identifier: Apache-2.0
"""The audit of privacy: the mechanisms of this program on canaries, and what this workspace has released."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, text

from audit.errors import Problem
from governance.budget.verification import Checked, verify
from tagging.segmentation.privacy_audit import Audited, Extent, Tell, privacy_audit

if TYPE_CHECKING:
    from governance.workspace import Workspace

FLOATING: Final = "tagwarden/baseline/v1"
"""The format of the baseline, whose statement says that its noise is floating point."""
_PUBLISHED: Final = (
    "SELECT name, artefact FROM release UNION ALL SELECT name, artefact FROM audiencesize "
    "ORDER BY name"
)


@dataclass(frozen=True, slots=True)
class Report:
    """What an audit of privacy found."""

    mechanisms: Audited
    ledger: Checked
    published: int
    """Records of this workspace that were looked at."""
    floating: int
    """Those of the baseline, which promise no exact noise."""
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
    extent: Extent | None = None,
    *,
    tell: Tell = lambda _check, _done, _total: None,
) -> Report:
    """Return whether releases keep their promise; reads published records, and no data of people.

    Two minutes with the usual extent. Raises nothing for what it finds.
    """
    ledger = verify(ws)
    with ws.store.read() as connection:
        names, floating, problems = _published(connection)
    found = privacy_audit(extent, tell=tell)
    whole = (*found.problems, *ledger.problems, *problems)
    return Report(found, ledger, names, floating, whole)


def _published(connection: Connection) -> tuple[int, int, list[Problem]]:
    """Return how many records there are, how many of the baseline, and those off their lattice."""
    names = floating = 0
    problems = []
    for row in connection.execute(text(_PUBLISHED)):
        names += 1
        artefact = json.loads(row.artefact)
        if artefact["format"] == FLOATING:
            floating += 1
        elif _has_float(artefact):
            problems.append(
                Problem("audit-off-lattice", "a published number is not on a lattice", row.name)
            )
    return names, floating, problems


def _has_float(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_float(item) for item in value.values())
    if isinstance(value, list):
        return any(_has_float(item) for item in value)
    return isinstance(value, float)
