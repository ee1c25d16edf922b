# SPDX-License-Identifier: Apache-2.0
"""What audits found, as it stands: open, waived, or resolved by a later report. Reading only.

A waiver holds for one version of a tag and ends by itself at its instant. The audit that finds a worse
figure, or resolves the finding, ends it for good (governance.auditing.noting).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import Connection, text

from audit.clock import Micros

State = Literal["open", "waived", "resolved"]


@dataclass(frozen=True, slots=True)
class Waiver:
    """What was last said about living with a finding."""

    state: Literal["given", "revoked", "worse-figure", "resolved"]
    version: int
    figure: str | None
    owner: str
    reason: str
    until: Micros
    note: str
    at: Micros
    given_by: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One group that a tag treats beyond the limit, as the last report about it says."""

    name: str
    tag: str
    version: int
    report: str
    resolved: bool
    what: Mapping[str, Any]
    figure: str | None
    auditor: str
    at: Micros
    present: int
    """The version that the tag has now."""
    waiver: Waiver | None = None

    def ended(self, at: Micros) -> str:
        """Return why no waiver holds at an instant (a code); '' when one does."""
        waiver = self.waiver
        if waiver is None:
            return "none"
        if waiver.state != "given":
            return waiver.state
        if waiver.version != self.present:
            return "other-version"
        return "expired" if at >= waiver.until else ""

    def state(self, at: Micros) -> State:
        """Return how it stands at an instant."""
        if self.resolved:
            return "resolved"
        return "open" if self.ended(at) else "waived"

    @property
    def open_from(self) -> Micros | None:
        """The instant from which it stands open, unless something is said before; None: resolved."""
        if self.resolved:
            return None
        holds = self.waiver is not None and not self.ended(Micros(0))
        return self.waiver.until if holds and self.waiver else Micros(0)


def findings(connection: Connection, *, tag: str | None = None) -> list[Finding]:
    """Return the findings (of a tag) as the last report and waiver leave them, the newest first."""
    rows = connection.execute(text(_ROWS + (_OF_TAG if tag else "") + _ORDER), {"t": tag or ""})
    return [_finding(row) for row in rows]


def open_from(connection: Connection) -> dict[str, Micros]:
    """Return for each tag with an unresolved finding the instant from which one stands open."""
    found: dict[str, Micros] = {}
    for row in connection.execute(text(f"{_ROWS} AND f.state = 'open'")):
        one = _finding(row)
        if (start := one.open_from) is not None:
            found[one.tag] = min(start, found.get(one.tag, start))
    return found


_ROWS: Final = (
    "SELECT f.name, f.tag, f.version, f.report, f.state, f.what, f.figure, f.auditor, f.at, "
    "coalesce((SELECT max(d.version) FROM definition d WHERE d.key = f.tag), 0) AS present, "
    "w.state AS said, w.version AS waived_version, w.figure AS waived_figure, w.owner, w.reason, "
    "w.until, w.note, w.at AS waived_at, w.given_by FROM auditfinding f "
    "LEFT JOIN auditwaiver w ON w.id = (SELECT max(n.id) FROM auditwaiver n WHERE n.finding = f.name) "
    "WHERE f.id IN (SELECT max(id) FROM auditfinding GROUP BY name)"
)
_OF_TAG: Final = " AND f.tag = :t"
_ORDER: Final = " ORDER BY f.id DESC"


def _finding(row: Any) -> Finding:
    waiver = None
    if row.said is not None:
        waiver = Waiver(
            row.said,
            row.waived_version,
            row.waived_figure,
            row.owner,
            row.reason,
            row.until,
            row.note,
            row.waived_at,
            row.given_by,
        )
    return Finding(
        row.name,
        row.tag,
        row.version,
        row.report,
        row.state == "resolved",
        json.loads(row.what),
        row.figure,
        row.auditor,
        row.at,
        row.present,
        waiver,
    )
