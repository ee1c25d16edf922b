# SPDX-License-Identifier: Apache-2.0
"""Requests for tests: people of every law, two officers, and a request brought to where it is wanted."""

from contextlib import closing

from audit.clock import DAY
from governance import authority
from governance.actor import Actor
from governance.requests import desk
from governance.requests.desk import Asked
from governance.requests.machine import State, Step
from tests.workshop import REVIEWER, a_folder, a_workspace, as_reviewer, reopened

CLERK = Actor("clerk", "dsr")


def a_desk(folder, **seams):
    """Make a workspace with a clerk and a second officer beside the first one."""
    return reopened(a_folder(folder, _staffed), **seams)


def _staffed(folder):
    with closing(a_workspace(folder)) as ws:
        authority.add(ws, CLERK.name, ["dsr"])
        authority.add(ws, REVIEWER.name, ["dpo"])


def a_person(ws, number="7", regime="gdpr"):
    """Return somebody who is known here."""
    who = ws.people.admit("customer", [number])[number]
    with ws.store.write() as unit:
        unit.connection.exec_driver_sql(
            "INSERT OR IGNORE INTO subject VALUES (?, ?, ?, '18+', 0)",
            (who, ws.people.sid([who])[who], regime),
        )
    return who


def opened(ws, kind, who, **more):
    """Take a request in and return its number."""
    return desk.open_request(ws, Asked(kind, **more), who).ref


def verified(ws, ref):
    """Make sure who it is."""
    return desk.vouch(ws, ref, "in-person")


def ended(ws, ref, step, code=""):
    """Carry a verified request of a kind that nobody decides about to its end."""
    with ws.store.write() as unit:
        desk.start(ws, unit, ref)
        return desk.moved(ws, unit, ref, step, code)


def decided(ws, ref, step, code=""):
    """Submit a request, let somebody else approve it, and carry it to its end."""
    as_reviewer(ws, lambda: desk.submit(ws, ref))
    desk.approve(ws, ref)
    with ws.store.write() as unit:
        return desk.moved(ws, unit, ref, step, code)


def later(ws, days):
    """Let days pass."""
    ws.clock.at += days * DAY


__all__ = [
    "CLERK",
    "State",
    "Step",
    "a_desk",
    "a_person",
    "as_reviewer",
    "decided",
    "ended",
    "later",
    "opened",
    "verified",
]
