# SPDX-License-Identifier: Apache-2.0
"""By when a request is answered: the clocks of its law, on the calendar of the shop's country."""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from audit.clock import Micros, from_micros, to_micros
from governance import calendars
from policies.rights import Dates, Under, dates

if TYPE_CHECKING:
    from governance.requests.row import Request
    from governance.settings import Settings
    from governance.workspace import Workspace


def counted(
    ws: "Workspace",
    connection: Connection,
    under: Under,
    received: date,
    identity: tuple[date, date] | None = None,
) -> Dates:
    """Return the days of a request, on the calendars that are kept here; as `policies.rights.dates`."""
    calendar = ws.settings.text("requests.calendar")
    given = calendars.kept(connection)
    return dates(under, received, calendar=calendar, identity=identity, given=given)


def columns_of(found: Dates) -> dict[str, object]:
    """Return the days of a request as columns of its row."""
    return {
        "clock": found.clock,
        "due": found.due.isoformat(),
        "extended_due": found.extended_due.isoformat() if found.extended_due else "",
        "ack_due": found.ack_due.isoformat() if found.ack_due else "",
        "estimated": found.estimated,
    }


def day_at(settings: "Settings", at: int) -> date:
    """Return the day that an instant belongs to where the shop is."""
    return from_micros(at).astimezone(ZoneInfo(settings.text("workspace.zone"))).date()


def start_of(settings: "Settings", day: date) -> Micros:
    """Return the instant at which a day begins where the shop is."""
    return to_micros(datetime.combine(day, time(), ZoneInfo(settings.text("workspace.zone"))))


def day_here(ws: "Workspace") -> date:
    """Return the day that it is where the shop is."""
    return day_at(ws.settings, ws.clock.now())


def last_day(found: "Request", told: Mapping[str, int], settings: "Settings", today: date) -> date:
    """Return the last day that is in time, as the law sees it; `told`: letter → when it was given.

    The longer time counts only when it was told within the first (GDPR Art. 12(3), 11 CCR 7021(b)).
    """
    if not found.extension or found.extended_due is None:
        return found.due
    heard = day_at(settings, told["extension"]) if "extension" in told else today
    return found.extended_due if heard <= found.due else found.due
