# SPDX-License-Identifier: Apache-2.0
"""Secrets that a person shows to be who they are, and attempts, counted before anything is compared.

A challenge has a 256-bit token for a link and a code of 8 digits to type; only keyed digests are kept,
and until the message goes out not even those: a crash before it leaves nothing that could be guessed.
An attempt is taken off in a transaction of its own, so that no number of guesses at once, no restart
and no kill gives one more (security 5.10). Everything here goes the same way for somebody who is not
known here: their row holds digests of nothing.
"""

import base64
import hmac
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, text

from audit.clock import DAY, HOUR, SECOND, Micros
from audit.errors import Refused
from audit.ids import new_id
from governance import holds, letters

if TYPE_CHECKING:
    from governance.store.unit import Unit
    from governance.vault.ring import Ring
    from governance.workspace import Workspace

PROOF: Final = "proof"
DATA: Final = "data"
CANCEL: Final = "cancel"

MINUTES: Final = 15
TRIES: Final = 5
PER_PERSON: Final = 3
"""Challenges that go out to one person in 24 hours, over all requests in their name."""
KEPT: Final = 30 * DAY
"""For so long a challenge and its letter are kept after their time has ended."""
DIGITS: Final = 8
TOKEN_BYTES: Final = 32
TAG_BYTES: Final = 32
MAX_SECRET: Final = 200


@dataclass(frozen=True, slots=True)
class Secrets:
    """What goes out in a message, and is kept nowhere."""

    code: str = field(repr=False)
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Taken:
    """A challenge of which one attempt was taken off."""

    id: str
    subject_id: int | None
    code: bytes = field(repr=False)
    token: bytes = field(repr=False)


def open_challenge(
    ws: "Workspace", unit: "Unit", ref: str, subject_id: int | None, contact: str = ""
) -> bool:
    """Put a new challenge in the place of those of a request; returns whether a message will follow.

    None follows for somebody who is not known; over `PER_PERSON` there is no new challenge, and those
    that went out still count. Raises Refused `too-many-challenges` over `identity.max_per_hour`.
    """
    now = ws.evidence.now()
    _refuse_flood(ws, unit.connection, now)
    recent = unit.connection.execute(
        text(
            "SELECT count(*) FROM challenge WHERE purpose = 'proof' AND made_at > :t "
            "AND (subject_id = :s OR ref = :r)"
        ),
        {"t": now - DAY, "s": subject_id, "r": ref},
    ).scalar_one()
    if recent >= PER_PERSON:
        return False
    unit.connection.execute(
        text("UPDATE challenge SET tries = 0, waiting = :no WHERE ref = :r AND purpose = 'proof'"),
        {"r": ref, "no": False},
    )
    until = Micros(now + MINUTES * 60 * SECOND)
    follows = subject_id is not None
    insert(ws, unit, Row(ref, subject_id, PROOF, contact), until=until, waiting=follows)
    return follows


@dataclass(frozen=True, slots=True)
class Row:
    """What a new challenge is for."""

    ref: str
    subject_id: int | None
    purpose: str
    contact: str = ""
    attribute: str = ""


def insert(ws: "Workspace", unit: "Unit", row: Row, *, until: Micros, waiting: bool) -> str:
    """Write a challenge whose digests fit nothing yet; returns its id."""
    now, number = ws.evidence.now(), new_id(ws.ids, "ch")
    unit.connection.execute(
        text(
            "INSERT INTO challenge (id, ref, subject_id, purpose, contact, attribute, code, token, "
            "tries, made_at, expires_at, waiting, retry_at) "
            "VALUES (:i, :r, :s, :p, :c, :a, :x, :y, :n, :t, :e, :w, :t)"
        ),
        {
            "i": number,
            "r": row.ref,
            "s": row.subject_id,
            "p": row.purpose,
            "c": row.contact,
            "a": row.attribute,
            "x": ws.ids.random(TAG_BYTES),
            "y": ws.ids.random(TAG_BYTES),
            "n": TRIES,
            "t": now,
            "e": until,
            "w": waiting,
        },
    )
    return number


def secrets(ws: "Workspace") -> Secrets:
    """Return a fresh code and token."""
    number = int.from_bytes(ws.ids.random(16), "big") % 10**DIGITS
    token = base64.urlsafe_b64encode(ws.ids.random(TOKEN_BYTES)).rstrip(b"=").decode()
    return Secrets(f"{number:0{DIGITS}}", token)


def digests(ring: "Ring", number: str, made: Secrets) -> tuple[bytes, bytes]:
    """Return the keyed digests of code and token of one challenge."""
    return _digest(ring, "code", number, made.code), _digest(ring, "token", number, made.token)


def target_of(ring: "Ring", ref: str, value: str) -> bytes:
    """Return the keyed digest by which two contacts differ within one request."""
    return _digest(ring, "contact", ref, value)


def take(ws: "Workspace", ref: str, purpose: str = PROOF) -> Taken | None:
    """Take one attempt off the live challenge of a request, durably; None: there is none.

    In a transaction of its own, before anything is compared.
    """
    with ws.store.write() as unit:
        row = unit.connection.execute(
            text(
                "UPDATE challenge SET tries = tries - 1 WHERE tries > 0 AND id = ("
                "SELECT id FROM challenge WHERE ref = :r AND purpose = :p AND used_at IS NULL "
                "AND tries > 0 AND expires_at > :now ORDER BY made_at DESC, id DESC LIMIT 1) "
                "RETURNING id, subject_id, code, token"
            ),
            {"r": ref, "p": purpose, "now": ws.evidence.now()},
        ).first()
    return Taken(row.id, row.subject_id, bytes(row.code), bytes(row.token)) if row else None


def matches(ring: "Ring", taken: Taken, secret: str) -> bool:
    """Return whether this is the code or the token of a challenge."""
    given = unicodedata.normalize("NFKC", secret[:MAX_SECRET]).strip()
    digits = given.replace(" ", "").replace("-", "")
    code = hmac.compare_digest(_digest(ring, "code", taken.id, digits), taken.code)
    token = hmac.compare_digest(_digest(ring, "token", taken.id, given), taken.token)
    return code or token


def use(unit: "Unit", number: str, now: Micros) -> bool:
    """Mark a challenge as used; returns False when it was used before."""
    done = unit.connection.execute(
        text(
            "UPDATE challenge SET used_at = :t, tries = 0, waiting = :no "
            "WHERE id = :i AND used_at IS NULL RETURNING id"
        ),
        {"t": now, "i": number, "no": False},
    )
    return done.first() is not None


def confirmed(connection: Connection, ref: str) -> list[bytes]:
    """Return the digests of the contacts through which a request was confirmed, each once."""
    rows = connection.execute(
        text(
            "SELECT DISTINCT target FROM challenge WHERE ref = :r AND purpose = 'proof' "
            "AND used_at IS NOT NULL AND target IS NOT NULL"
        ),
        {"r": ref},
    )
    return [bytes(row.target) for row in rows]


def past(connection: Connection, before: Micros) -> list[str]:
    """Return the challenges whose time ended before an instant; not those of people who are held."""
    stopped = holds.stopped(connection, Micros(before + KEPT))
    rows = connection.execute(
        text("SELECT id, subject_id FROM challenge WHERE expires_at < :t ORDER BY id"),
        {"t": before},
    )
    return [row.id for row in rows if row.subject_id not in stopped]


def forget(ws: "Workspace", unit: "Unit", numbers: Sequence[str]) -> None:
    """Delete challenges with their letters; raises Conflict `letters-unreachable`."""
    letters.remove(ws.settings, numbers)
    if numbers:
        unit.connection.execute(
            text("DELETE FROM challenge WHERE id = :i"), [{"i": number} for number in numbers]
        )


def refused() -> Refused:
    """Return the one refusal for everything: wrong, late, used, used up, or nobody there."""
    return Refused(
        "proof-refused",
        "this does not show who it is: it is wrong, late, or was used already",
        hint="a new code goes to a contact on file: tagwarden request challenge REF",
    )


def _digest(ring: "Ring", what: str, number: str, value: str) -> bytes:
    return ring.proof_tag(f"{what}\0{number}\0{value}".encode("utf-8", "surrogatepass"))


def _refuse_flood(ws: "Workspace", connection: Connection, now: Micros) -> None:
    last_hour = connection.execute(
        text("SELECT count(*) FROM challenge WHERE purpose = 'proof' AND made_at > :t"),
        {"t": now - HOUR},
    ).scalar_one()
    if last_hour >= ws.settings.number("identity.max_per_hour"):
        raise Refused(
            "too-many-challenges",
            "more proofs of identity were asked for in the last hour than identity.max_per_hour",
            hint="wait, and see whether somebody tries names; an officer can make sure in person",
        )
