# SPDX-License-Identifier: Apache-2.0
"""Which reports a compliance audit goes by, and which breaches no later report lifts."""

import json
from typing import Any

from sqlalchemy import Connection, text

from audit.clock import DAY, Micros
from audit.compliance.facts import Paper, Report
from governance.auditing.kept import BIAS, COMPLIANCE, CONSENT, PRICE
from governance.fairness import in_force


def audit_reports(connection: Connection, regime: str, now: Micros) -> tuple[Report, ...]:
    """Return the newest report of each kind about each thing; of compliance, those of this regime.

    Where a fairness policy is in force, one of bias or prices counts when it judges by that policy, up to
    now; limits of one's own, or a time that is over, lift nothing, but a breach that they find counts.
    """
    own = (
        "WHERE kind NOT IN (:p, :b) OR by_policy <> '' OR status = 'breach' "
        if in_force(connection)
        else ""
    )
    rows = connection.execute(
        text(
            f"SELECT name, kind, about, version, status, digest, at FROM auditreport {own}ORDER BY id"
        ),
        {"p": PRICE, "b": BIAS} if own else {},
    )
    newest = {(row.kind, row.about): row for row in rows}
    if (breach := _open_breach(connection)) is not None:
        newest[CONSENT, breach.about] = breach
    newest |= {(PRICE, row.about): row for row in _dear(connection)}
    return tuple(
        Report(
            kind,
            about,
            row.status,
            int((now - row.at) // DAY),
            row.version,
            Paper("report", f"{row.name} ({kind}: {about})", row.digest),
        )
        for (kind, about), row in sorted(newest.items())
        if kind != COMPLIANCE or about == regime
    )


def _dear(connection: Connection) -> list[Any]:
    """Return the rows of price audits that found a breach, where no later one on the same groups lifts it.

    That is within, by a policy that was in force where one is, and begins where the other ended at the
    latest: over a time of one's own choice there is nothing to compare.
    """
    rows = connection.execute(
        text(
            "SELECT name, kind, about, version, status, digest, at, document, by_policy "
            "FROM auditreport WHERE kind = :k ORDER BY id"
        ),
        {"k": PRICE},
    )
    open_: dict[str, tuple[Any, str]] = {}
    ruled = in_force(connection) is not None
    for row in rows:
        said = json.loads(row.document).get("identity", {})
        if row.status == "breach":
            open_[row.about] = (row, said.get("until", ""))
        elif row.status == "within" and (row.by_policy or not ruled) and row.about in open_:
            _, until = open_[row.about]
            if said.get("since", "") <= until:
                del open_[row.about]
    return [row for row, _ in open_.values()]


def _open_breach(connection: Connection) -> Any:
    """Return the row of an audit of consent that found breaches, unless a later one lifts it; else None.

    That goes on where it ended, looks as far, and allows no more: over a period of one's own choice, or
    by limits of one's own, anything is clear.
    """
    breach, held = None, (0, "", "")
    rows = connection.execute(
        text(
            "SELECT name, kind, about, version, status, digest, at, document FROM auditreport "
            "WHERE kind = :k ORDER BY id"
        ),
        {"k": CONSENT},
    )
    for row in rows:
        said = json.loads(row.document)["identity"]
        allowed, since, until = said["policy"]["at_once_seconds"], said["since"], said["until"]
        if row.status == "breach":
            breach, held = row, (allowed, since, until)
        elif allowed <= held[0] and since <= held[2] <= until:
            breach = None
    return breach
