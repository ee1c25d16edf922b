# SPDX-License-Identifier: Apache-2.0
"""What was promised to people and waits: requests, erasures, legal holds, notifications; for `doctor`."""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal

from sqlalchemy import Connection, text

from governance.calendars import kept
from governance.custody.remnants import remnants
from governance.erasure.outlook import outlook
from governance.holds import CONFIRM_DAYS, in_force
from governance.notifying import OPEN
from governance.requests.days import day_here
from governance.requests.doctor import tasks
from policies.calendars import missing_years

if TYPE_CHECKING:
    from governance.workspace import Workspace

Found = tuple[Literal["ok", "warn", "bad"], str] | tuple[Literal["ok", "warn", "bad"], str, str]
CHINA: Final = "CN"
AHEAD_DAYS: Final = 40
"""So far ahead a deadline of 15 working days lies at most, with the longest holidays in between."""
Check = Callable[["Workspace", Connection], Found]


def requests(ws: "Workspace", connection: Connection) -> Found:
    """Return whether something is overdue, or soon due, for requests of people."""
    found = tasks(connection, ws.settings, day_here(ws))
    late, soon = sum(task.overdue for task in found), sum(task.soon for task in found)
    hint = "tagwarden request doctor"
    if late:
        return "bad", f"overdue for requests of people: {late}; soon due: {soon}", hint
    if soon:
        return "warn", f"soon due for requests of people: {soon}", hint
    return "ok", f"{len(found)} things to do for requests of people, none of them soon due"


def calendars(ws: "Workspace", connection: Connection) -> Found:
    """Return whether days off are not known that deadlines in China are counted on."""
    here = connection.execute(
        text(
            "SELECT EXISTS (SELECT 1 FROM subject WHERE regime = 'pipl_cn') "
            "OR EXISTS (SELECT 1 FROM request WHERE regime = 'pipl_cn' AND ended_at IS NULL)"
        )
    ).scalar_one()
    if not here and ws.settings.text("workspace.regime") != "pipl_cn":
        return "ok", "no deadline is counted on the official calendar of China"
    today = day_here(ws)
    years = (today.year, (today + timedelta(days=AHEAD_DAYS)).year)
    missing = missing_years(CHINA, years, kept(connection))
    estimated = connection.execute(
        text("SELECT count(*) FROM request WHERE estimated AND ended_at IS NULL")
    ).scalar_one()
    if missing or estimated:
        said = (
            f"days off of {', '.join(map(str, missing))} are not known for China" if missing else ""
        )
        counted = f"{estimated} open requests have an earlier, estimated day" if estimated else ""
        return (
            "warn",
            "; ".join(filter(None, (said, counted))),
            "tagwarden policy calendar FILE, from the notice of the State Council"
            if missing
            else "tagwarden policy calendar",
        )
    return (
        "ok",
        f"the official calendar of China is known for {', '.join(map(str, sorted(set(years))))}",
    )


def erasures(ws: "Workspace", connection: Connection) -> Found:
    """Return whether an erasure can go on, or copies of keys outlive their day."""
    found = outlook(connection, ws.clock.now())
    if found.ready:
        return (
            "warn",
            f"{found.ready} erasures can go on, or are not finished",
            "tagwarden erasure run",
        )
    if any(remnants(ws, [epoch]).until is None for epoch in sorted(found.epochs)):
        said = "old copies of keys of erased people were to be unreadable by now: rotate the keys"
        return "warn", said, "a custodian destroys old backups, then: tagwarden key rotate"
    return "ok", f"{found.waiting} erasures wait for the end of their grace or of a hold"


def holds(ws: "Workspace", connection: Connection) -> Found:
    """Return whether a legal hold waits for a second officer."""
    found = [one for mine in in_force(connection, ws.clock.now()).values() for one in mine]
    open_ = sum(one.state == "unconfirmed" for one in found)
    if open_:
        said = f"{open_} legal holds lapse {CONFIRM_DAYS} days after they were placed"
        return "warn", said, "another officer confirms them: tagwarden hold list"
    return "ok", f"{len(found)} legal holds in force, none to be confirmed"


def notifications(_ws: "Workspace", connection: Connection) -> Found:
    """Return whether a recipient has still to be told."""
    states = ", ".join(f"'{state}'" for state in sorted(OPEN))
    left = connection.execute(
        text(f"SELECT count(*) FROM notification WHERE state IN ({states})")
    ).scalar_one()
    if left:
        said = f"{left} times a recipient must be told, or has not acknowledged"
        return "warn", said, "tagwarden notification list"
    return "ok", "no recipient has still to be told of an erasure, correction or restriction"
