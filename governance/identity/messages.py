# SPDX-License-Identifier: Apache-2.0
"""Sends what waits, to contacts on file only. The secret is made when the message goes out.

So a crash between the commit and the sending leaves a challenge that waits, and the next call makes it
anew: at worst somebody gets two messages, of which the later counts. A failure leaves it waiting, too.
No transaction is open while a message is handed over.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, text

from audit.clock import DAY, SECOND, Micros, from_micros
from audit.errors import Conflict
from governance import delivery
from governance.authority import demand
from governance.delivery import Message
from governance.identity import challenges
from governance.identity.challenges import CANCEL, MINUTES, Secrets
from governance.identity.contacts import Contact, contacts
from governance.identity.texts import Said, words

if TYPE_CHECKING:
    from governance.store.unit import Unit
    from governance.workspace import Workspace

_ENDED: Final = (
    "('denied', 'revoked', 'expired', 'duplicate_of', 'fulfilled', 'partially_fulfilled')"
)


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of the messages that waited."""

    sent: int = 0
    nowhere: int = 0
    """There is no contact on file that may be used: an officer has to make sure."""
    failed: int = 0
    """They wait on."""


def send_waiting(ws: "Workspace", ref: str | None = None) -> Sent:
    """Send the messages that wait, all or those of one request.

    Raises Refused `no-delivery` and as `delivery.ready`; a single failure is counted, not raised.
    """
    demand(ws, "request.handle")
    delivery.ready(ws)
    counts = {"sent": 0, "nowhere": 0, "failed": 0}
    for number in _due(ws, ref):
        became = _send(ws, number)
        if became:
            counts[became] += 1
    return Sent(**counts)


def _due(ws: "Workspace", ref: str | None) -> list[str]:
    with ws.store.read() as connection:
        rows = connection.execute(
            text(
                "SELECT id FROM challenge WHERE waiting AND retry_at <= :now "
                "AND (ref = :r OR :r IS NULL) ORDER BY made_at, id"
            ),
            {"now": ws.evidence.now(), "r": ref},
        )
        return [row.id for row in rows]


def _send(ws: "Workspace", number: str) -> str:
    """Send one message; returns what became of it, or '' when somebody else is at it."""
    with ws.store.write() as unit:
        claimed = _claim(ws, unit, number)
    if claimed is None:
        return ""
    message, code = claimed
    if message is None:
        return "nowhere"
    try:
        delivery.hand_over(ws, message)
    except Conflict:
        _note(ws, number, code, waiting=True)
        return "failed"
    _note(ws, number, code, waiting=False)
    return "sent"


def _claim(ws: "Workspace", unit: "Unit", number: str) -> tuple[Message | None, bytes] | None:
    """Make the secret of a message that waits, and keep others away until it must have gone out.

    None: it does not wait any more. A message of None: there is nobody to whom it may go.
    """
    now = ws.evidence.now()
    row = unit.connection.execute(
        text(
            "SELECT c.id, c.ref, c.subject_id, c.purpose, c.contact, c.attribute, c.expires_at, "
            "c.made_at, r.kind, r.requester FROM challenge c JOIN request r ON r.ref = c.ref "
            f"WHERE c.id = :i AND c.waiting AND c.retry_at <= :now AND c.subject_id IS NOT NULL "
            f"AND c.made_at > :late AND r.state NOT IN {_ENDED}"
        ),
        {"i": number, "now": now, "late": now - DAY},
    ).first()
    if row is None:
        _end(unit, number, now)
        return None
    contact, why = _choose(ws, unit.connection, row, now)
    if contact is None:
        _end(unit, number, now)
        unit.log(
            ws.evidence.entry(
                "identity.messaged", subject_id=row.subject_id, ref=row.ref, contact="none", why=why
            )
        )
        return None, b""
    made, ring = challenges.secrets(ws), ws.keys.ring
    code, token = challenges.digests(ring, number, made)
    until = row.expires_at if row.purpose == CANCEL else now + MINUTES * 60 * SECOND
    unit.connection.execute(
        text(
            "UPDATE challenge SET contact = :k, attribute = :a, target = :g, code = :c, token = :t, "
            "expires_at = :e, retry_at = :n WHERE id = :i"
        ),
        {
            "i": number,
            "k": contact.kind,
            "a": contact.attribute,
            "g": challenges.target_of(ring, row.ref, contact.value),
            "c": code,
            "t": token,
            "e": until,
            "n": now + 2 * ws.settings.number("delivery.seconds") * SECOND,
        },
    )
    return _message(ws, unit.connection, row, contact, (made, Micros(until))), code


def _choose(
    ws: "Workspace", connection: Connection, row: Any, now: Micros
) -> tuple[Contact | None, str]:
    """Return the contact to which a message goes, or None and why there is none."""
    found = contacts(ws, connection, row.subject_id)
    if row.purpose == CANCEL:
        return next(((one, "") for one in found if one.attribute == row.attribute), (None, "gone"))
    wanted = [one for one in found if row.contact in ("", one.kind)]
    fresh = _unconfirmed(ws, connection, row.ref, wanted)
    usable = [one for one in fresh if row.kind != "deletion" or one.settled(now)]
    if usable:
        return usable[0], ""
    return None, "changed-lately" if fresh else "no-contact"


def _unconfirmed(
    ws: "Workspace", connection: Connection, ref: str, found: Iterable[Contact]
) -> Sequence[Contact]:
    done = set(challenges.confirmed(connection, ref))
    ring = ws.keys.ring
    return [one for one in found if challenges.target_of(ring, ref, one.value) not in done]


def _message(
    ws: "Workspace",
    connection: Connection,
    row: Any,
    contact: Contact,
    secret: tuple[Secrets, Micros],
) -> Message:
    made, until = secret
    language = language_of(ws, connection, row.subject_id)
    page = ws.settings.text("delivery.link")
    said = Said(
        shop=ws.settings.text("controller.name") or ws.settings.text("workspace.name"),
        kind=row.kind,
        ref=row.ref,
        code=made.code,
        token=made.token,
        link=f"{page}#{row.ref}.{made.token}" if page else "",
        minutes=MINUTES,
        until=f"{from_micros(until):%Y-%m-%d %H:%M} UTC",
    )
    subject, body = words(row.purpose, row.requester, language, said)
    return Message(row.id, contact.kind, contact.value, language, subject, body)


def language_of(ws: "Workspace", connection: Connection, subject_id: int) -> str:
    """Return the language of a person's latest consent, or the workspace's: en or zh."""
    spoken = connection.execute(
        text(
            "SELECT language FROM consentevent WHERE subject_id = :s AND language <> '' "
            "ORDER BY at DESC, id DESC LIMIT 1"
        ),
        {"s": subject_id},
    ).scalar()
    given = str(spoken or ws.settings.text("workspace.language"))
    return "zh" if given.startswith("zh") else "en"


def _end(unit: "Unit", number: str, now: Micros) -> None:
    """Let a message wait no longer, unless somebody is at it."""
    unit.connection.execute(
        text("UPDATE challenge SET waiting = :no WHERE id = :i AND retry_at <= :now"),
        {"no": False, "i": number, "now": now},
    )


def _note(ws: "Workspace", number: str, code: bytes, *, waiting: bool) -> None:
    """Note that a message went out, or waits on; unless it was made anew meanwhile."""
    now = ws.evidence.now()
    with ws.store.write() as unit:
        row = unit.connection.execute(
            text(
                "UPDATE challenge SET waiting = :w, retry_at = :now WHERE id = :i AND code = :c "
                "AND waiting RETURNING ref, subject_id, purpose, contact"
            ),
            {"w": waiting, "now": now, "i": number, "c": code},
        ).first()
        if row and not waiting:
            unit.log(
                ws.evidence.entry(
                    "identity.messaged",
                    subject_id=row.subject_id,
                    ref=row.ref,
                    contact=row.contact,
                    purpose=row.purpose,
                )
            )
