# SPDX-License-Identifier: Apache-2.0
"""What waits in audits of tags, for `doctor`: audits that are due, findings, waivers that run out."""

from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, text

from audit.clock import DAY
from audit.errors import Tampered
from governance.auditing.agreeing import agree
from governance.catalogue import USABLE, active
from governance.fairness import proposed
from governance.findings import findings

if TYPE_CHECKING:
    from governance.promises import Found
    from governance.workspace import Workspace

SOON_DAYS: Final = 14


def standing(ws: "Workspace", connection: Connection) -> "Found":
    """Return whether the policy of audits stops a tag or warns of one."""
    now = ws.clock.now()
    used = {key: tag for key, tag in active(connection).items() if tag.state in USABLE}
    stopped = [key for key, tag in used.items() if tag.standing.stopped(now)]
    said = {key: code for key, tag in used.items() if (code := tag.standing.said(now))}
    if said:
        told = ", ".join(
            f"{key} ({code}{', stopped' if key in stopped else ''})" for key, code in said.items()
        )
        hint = "tagwarden audit bias --tag KEY, or see: tagwarden audit findings --open"
        return "warn", f"tags whose audit is not in order: {told}", hint
    asked = sum(tag.standing.asked for tag in used.values())
    return "ok", f"{asked} tags must be audited by the policy in force, all in order"


def reports(ws: "Workspace", connection: Connection) -> "Found":
    """Return whether each report, and what it says of findings, is as the evidence log says."""
    try:
        agree(ws, connection)
    except Tampered as fault:
        return "bad", fault.message, fault.hint
    return "ok", "reports of audits are as they were made"


def unaudited(_ws: "Workspace", connection: Connection) -> "Found":
    """Return whether a tag in use that is good or bad for people was never audited."""
    known = {
        (row.about, row.version)
        for row in connection.execute(
            text("SELECT DISTINCT about, version FROM auditreport WHERE kind = 'bias'")
        )
    }
    never = [
        key
        for key, tag in active(connection).items()
        if tag.state in USABLE
        and (tag.tag.having or tag.tag.effect != "none")
        and (key, tag.version) not in known
    ]
    if never:
        said = f"tags that favour or burden people and were never audited: {', '.join(never)}"
        return "warn", said, f"tagwarden audit bias --tag {never[0]}"
    return "ok", "every tag in use that favours or burdens people was audited"


def waivers(ws: "Workspace", connection: Connection) -> "Found":
    """Return whether findings are open, waivers end soon, or a policy waits for a second officer."""
    now = ws.clock.now()
    waiting = proposed(connection)
    found = [one for one in findings(connection) if not one.resolved]
    open_ = [one.name for one in found if one.state(now) == "open"]
    end = now + SOON_DAYS * DAY
    soon = [one.name for one in found if one.name not in open_ and (one.open_from or now) <= end]
    said = [
        *([f"findings of audits that are open: {', '.join(open_)}"] if open_ else []),
        *([f"waivers that end within {SOON_DAYS} days: {', '.join(soon)}"] if soon else []),
        *([f"version {waiting.version} of their policy waits for approval"] if waiting else []),
    ]
    if said:
        hints = [
            *(["tagwarden audit findings"] if open_ or soon else []),
            *(["tagwarden audit policy show --proposed"] if waiting else []),
        ]
        return "warn", "; ".join(said), "; ".join(hints)
    return "ok", f"{len(found)} findings of audits are waived, none of them ends soon"
