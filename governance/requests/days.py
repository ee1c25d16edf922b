# SPDX-License-Identifier: Apache-2.0
"""By when a request is answered: the clocks of its law, on the calendar of the shop's country."""

from datetime import date
from typing import TYPE_CHECKING

from policies.rights import Under, dates

if TYPE_CHECKING:
    from governance.settings import Settings


def dates_of(
    settings: "Settings", under: Under, received: date, identity: tuple[date, date] | None = None
) -> dict[str, object]:
    """Return the days of a request as columns of its row."""
    found = dates(under, received, calendar=settings.text("requests.calendar"), identity=identity)
    return {
        "clock": found.clock,
        "due": found.due.isoformat(),
        "extended_due": found.extended_due.isoformat() if found.extended_due else "",
        "ack_due": found.ack_due.isoformat() if found.ack_due else "",
        "estimated": found.estimated,
    }
