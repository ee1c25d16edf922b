# SPDX-License-Identifier: Apache-2.0
"""Holds the reports of the store, and what they say of findings, against the evidence log.

The store alone cannot show that a report is the one that was made: whoever can change the report can
change its digest. Refuses to go on where the two differ, for a verdict stands on each report.
"""

import json
from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, text

from audit import canon
from audit.errors import Tampered
from audit.evidence.entry import CLOCK, Entry
from audit.evidence.reading import decode

if TYPE_CHECKING:
    from governance.workspace import Workspace

GIVEN: Final = "audit.given"
"""The act about a report that was made before."""
SLACK_MS: Final = 3_600_000
"""How much later than its report an entry may say that it was made."""
_NAMED: Final = b'"report":"'
_ACCEPTED: Final = b"store.accepted"
_ABOUT: Final = ("tag", "attribute", "regime")


def agree(ws: "Workspace", connection: Connection, name: str = "") -> None:
    """Raise Tampered `report-lost` where a report (or each) is not in the store as it was made.

    Nor may its findings be others than it opened and resolved. Cost: one pass over log and reports.
    """
    logged, gone = _logged(ws, connection)
    found = Counter[tuple[str, str]]()
    for row in connection.execute(text("SELECT report, state FROM auditfinding")):
        found[row.report, row.state] += 1
    left = set(logged) - gone if not name else {name}
    for row in connection.execute(text(_ROWS + (" WHERE name = :n" if name else "")), {"n": name}):
        entry = logged.get(row.name)
        if entry is None or not as_made(row, entry):
            raise lost(row.name)
        said = entry.facts.get("findings", 0), entry.facts.get("resolved", 0)
        if said != (found.pop((row.name, "open"), 0), found.pop((row.name, "resolved"), 0)):
            raise lost(row.name)
        left.discard(row.name)
    if left or (found and not name):
        raise lost(min(left) if left else min(found)[0])


def as_made(row: Any, entry: Entry) -> bool:
    """Return whether the row of a report says what its entry in the log says."""
    said = entry.facts
    try:
        document = json.loads(row.document)
        if not canon.digest(document) == row.digest == said["sha256"]:
            return False
        columns = (document["verdict"]["status"], said.get("applied", row.by_policy))
        about = next((said[name] for name in _ABOUT if name in said), row.about)
        version = said.get("version", row.version)
        late = abs(int(row.at) // 1000 - int(said.get(CLOCK, entry.at_ms)))
    except (KeyError, TypeError, ValueError):
        return False
    mine = (row.status, row.by_policy, row.about, row.version)
    return late <= SLACK_MS and (*columns, about, version) == mine


def makes(entry: Entry) -> bool:
    """Return whether an entry says that a report was made."""
    return "report" in entry.facts and entry.act.startswith("audit.") and entry.act != GIVEN


def lost(name: str) -> Tampered:
    """Return what is raised for a report that is not as it was made."""
    return Tampered(
        "report-lost",
        f"a report is not here as the evidence log says that it was made: {name}",
        hint="restore it from a backup of the store",
    )


def _logged(ws: "Workspace", connection: Connection) -> tuple[dict[str, Entry], set[str]]:
    """Return the entries that say that a report was made, by its name; those in the outbox, too.

    And the names of those that may be missing: made before an older copy of the store was accepted,
    which the log says.
    """
    waiting = connection.execute(text("SELECT entry FROM outbox ORDER BY id")).scalars()
    found: dict[str, Entry] = {}
    gone: set[str] = set()
    for raw in chain(ws.evidence.entries(), waiting):
        if _NAMED in raw or _ACCEPTED in raw:
            entry = decode(bytes(raw))
            if makes(entry):
                found[str(entry.facts["report"])] = entry
            elif entry.act == "store.accepted":
                gone |= set(found)
    return found, gone


_ROWS: Final = (
    "SELECT name, about, version, status, document, digest, by_policy, at FROM auditreport"
)
