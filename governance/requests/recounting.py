# SPDX-License-Identifier: Apache-2.0
"""The days of a year become known, or are known better: open requests are counted again.

Without the official calendar an earlier day was taken; with it, the day of the law. A request whose
clock stood still for proof of identity keeps its days.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from governance import calendars
from governance.authority import demand
from governance.requests import row
from governance.requests.days import columns_of, counted
from governance.requests.machine import LIVE
from governance.requests.moving import record
from governance.requests.row import Request
from policies.calendar_file import YearTable
from policies.rights import PAUSED, right

if TYPE_CHECKING:
    from governance.store.unit import Unit
    from governance.workspace import Workspace

RECOUNTED: Final = "recounted"
"""The step by which a request got other days; its code is the new first date."""


@dataclass(frozen=True, slots=True)
class Recounted:
    """Which years are new, and which requests got other days."""

    years: list[YearTable]
    requests: list[Request]


def keep_calendars(ws: "Workspace", files: Sequence[Path]) -> Recounted:
    """Keep the days off in some files, and count the open requests again; without files, only count.

    Raises Refused `not-permitted`, BadInput `bad-calendar-file`; then nothing is changed.
    """
    demand(ws, "policy.apply")
    with ws.store.write() as unit:
        years = calendars.keep(ws, unit, files)
        states = ", ".join(f"'{state}'" for state in sorted(LIVE))
        live = row.select(unit.connection, f"state IN ({states})")
        changed = [one for one in live if _recount(ws, unit, one)]
        return Recounted(years, [row.load(unit.connection, one.ref) for one in changed])


def _recount(ws: "Workspace", unit: "Unit", one: Request) -> bool:
    if one.clock in PAUSED.values():
        return False
    _, under = right(one.kind, one.regime)
    now = counted(ws, unit.connection, under, one.received_on)
    before = (one.clock, one.due, one.extended_due, one.ack_due, one.estimated)
    if before == (now.clock, now.due, now.extended_due, now.ack_due, now.estimated):
        return False
    row.update(unit.connection, one.ref, columns_of(now))
    record(ws, unit, row.load(unit.connection, one.ref), RECOUNTED, code=now.due.isoformat())
    return True
