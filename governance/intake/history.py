# SPDX-License-Identifier: Apache-2.0
"""What came in, and when: the list of intakes, with their reports."""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from audit.clock import iso


@dataclass(frozen=True, slots=True)
class Intake:
    """One file that came in."""

    id: str
    kind: str
    label: str
    at: int
    source_digest: str
    mapping_digest: str
    report: dict[str, Any]

    @property
    def rows(self) -> int:
        """Rows of the file."""
        return int(self.report["rows"])

    @property
    def added(self) -> int:
        """What it added."""
        return int(self.report["added"])

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            **self.report,
            "at": iso(self.at),
            "source_digest": self.source_digest,
            "mapping_digest": self.mapping_digest,
        }


def intakes(connection: Connection) -> list[Intake]:
    """Return what came in, the latest last."""
    rows = connection.execute(
        text(
            "SELECT id, kind, label, at, source_digest, mapping_digest, report FROM intake "
            "ORDER BY at, id"
        )
    )
    return [
        Intake(r.id, r.kind, r.label, r.at, r.source_digest, r.mapping_digest, json.loads(r.report))
        for r in rows
    ]
