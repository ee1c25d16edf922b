# SPDX-License-Identifier: Apache-2.0
"""Erases people in tests: from the preview to the certificate, as officers do it."""

from audit.clock import HOUR, FixedClock, Micros
from governance import erasure
from governance.erasure import EVERYTHING
from governance.erasure.begin import Wanted

REF = "R7K2M9QX4TA1B"


def begun(ws, who, ref=REF, scope=EVERYTHING):
    """Preview, and begin from it; returns the preview."""
    seen = erasure.preview(ws, who, scope)
    with ws.store.write() as unit:
        erasure.begin(unit, ws, ref, who, seen)
    return seen


def all_begun(ws, people, scope=EVERYTHING):
    """Begin for many people in one transaction."""
    with ws.store.write() as unit:
        seen = erasure.previews(ws, unit.connection, people, scope)
        erasure.begin_many(unit, ws, [Wanted(f"R{who:012d}", seen[who]) for who in people])


def later(ws, hours=73):
    """Let time go by."""
    ws.clock = FixedClock(Micros(ws.clock.now() + hours * HOUR))


def erased(ws, who, ref=REF, scope=EVERYTHING):
    """Erase, after the grace is over; returns how far it has come."""
    begun(ws, who, ref, scope)
    later(ws)
    (done,) = erasure.carry_on(ws, ref)
    return done
