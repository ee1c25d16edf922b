# SPDX-License-Identifier: Apache-2.0
"""What is planned with a person's data is told to all their contacts, with a way to stop it.

A request in somebody's name, made by another, so meets the person before it does harm (security
5.10). The secret that stops it is a 256-bit token: it cannot be guessed, so attempts are not counted,
and nobody can use them up to take the way out from the person.
"""

import hmac
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from sqlalchemy import text

from audit.clock import HOUR, Micros
from governance.identity import challenges
from governance.identity.challenges import CANCEL, Row
from governance.identity.contacts import contacts

if TYPE_CHECKING:
    from governance.store.unit import Unit
    from governance.workspace import Workspace

GRACE: Final = 72 * HOUR
PURPOSE: Final = CANCEL


def notify_all(
    ws: "Workspace", unit: "Unit", ref: str, subject_id: int, until: Micros | None = None
) -> int:
    """Let a notice to every contact on file wait for `messages.send_waiting`; returns how many.

    It can be stopped until `until` (default: 72 hours from now). Once for each request: a second call
    changes nothing and returns 0.
    """
    known = unit.connection.execute(
        text("SELECT 1 FROM challenge WHERE ref = :r AND purpose = :p LIMIT 1"),
        {"r": ref, "p": PURPOSE},
    ).first()
    if known:
        return 0
    end = until or Micros(ws.evidence.now() + GRACE)
    found = contacts(ws, unit.connection, subject_id)
    for one in found:
        row = Row(ref, subject_id, PURPOSE, one.kind, one.attribute)
        challenges.insert(ws, unit, row, until=end, waiting=True)
    return len(found)


def cancel(ws: "Workspace", ref: str, secret: str, then: Callable[["Unit"], None]) -> None:
    """Stop what was announced for a request; `then` does it, in the same transaction.

    Raises Refused `proof-refused` for a secret that is wrong, late or used, alike.
    """
    now, given = ws.evidence.now(), secret[: challenges.MAX_SECRET].strip()
    with ws.store.write() as unit:
        rows = unit.connection.execute(
            text(
                "SELECT id, subject_id, token FROM challenge WHERE ref = :r AND purpose = :p "
                "AND used_at IS NULL AND expires_at > :now"
            ),
            {"r": ref, "p": PURPOSE, "now": now},
        ).all()
        fits = [row for row in rows if _fits(ws, row.id, given, bytes(row.token))]
        if not fits:
            raise challenges.refused()
        unit.connection.execute(
            text(
                "UPDATE challenge SET used_at = :t, waiting = :no WHERE ref = :r AND purpose = :p"
            ),
            {"t": now, "r": ref, "p": PURPOSE, "no": False},
        )
        unit.log(ws.evidence.entry("identity.cancelled", subject_id=fits[0].subject_id, ref=ref))
        then(unit)


def _fits(ws: "Workspace", number: str, given: str, token: bytes) -> bool:
    secret = challenges.Secrets("", given)
    return hmac.compare_digest(challenges.digests(ws.keys.ring, number, secret)[1], token)
