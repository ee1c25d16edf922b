# SPDX-License-Identifier: Apache-2.0
"""Who asks shows that the request is theirs: a code from a contact on file, data that they state, a mandate.

Asking for proof, and every refusal of it, is the same for people who are known here and who are not:
in what is said, in what is kept, and in the work. What goes out is sent afterwards, by
`identity.messages.send_waiting`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import text

from audit.clock import DAY, Micros
from audit.errors import BadInput, Conflict
from governance import delivery
from governance.authority import demand
from governance.identity import challenges, mandate
from governance.identity.challenges import DATA, MINUTES, Row, Taken
from governance.identity.contacts import KINDS, Contact, alike, contacts, points
from governance.requests import desk, row
from governance.requests.machine import Step, step
from governance.requests.row import Request

if TYPE_CHECKING:
    from governance.store.unit import Unit
    from governance.workspace import Workspace

POINTS: Final = 2
"""How many data a person states who shows in this way who they are (11 CCR 7062)."""
CONFIRMED: Final = "confirmed"
_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]{0,59}\Z")


@dataclass(frozen=True, slots=True)
class ProofAsked:
    """What somebody learns who asked for a code: the same whoever they are."""

    ref: str
    state: str
    minutes: int = MINUTES


def challenge(ws: "Workspace", ref: str, contact: str = "") -> ProofAsked:
    """Ask for proof through a contact on file (`contact`: its kind, '': the first that is left).

    Raises NotFound `unknown-request`; Refused `no-delivery`, `too-many-challenges`; BadInput
    `unknown-contact`; Conflict when the request is verified or has ended.
    """
    demand(ws, "request.handle")
    if contact not in ("", *KINDS):
        raise BadInput(
            "unknown-contact",
            f'"{contact}" is no kind of contact',
            hint="kinds: " + ", ".join(KINDS),
        )
    delivery.ready(ws)
    with ws.store.write() as unit:
        found = row.load(unit.connection, ref)
        after = desk.asked_for_proof(ws, unit, ref, "challenge")
        _even(ws, found.subject_id, 2)
        follows = challenges.open_challenge(ws, unit, ref, found.subject_id, contact)
        unit.log(
            ws.evidence.entry(
                "identity.challenged", subject_id=found.subject_id, ref=ref, follows=follows
            )
        )
    return ProofAsked(ref, str(after.state))


def answer(ws: "Workspace", ref: str, secret: str) -> Request:
    """Take a code or token that somebody shows; returns the request as it stands then.

    One contact makes the person known reasonably, two different ones highly. An agent whom the person
    confirms has a mandate (11 CCR 7063(b)). Raises Refused `proof-refused` for all that does not fit.
    """
    demand(ws, "request.handle")
    taken = challenges.take(ws, ref)
    if taken is None:
        raise challenges.refused()
    if not challenges.matches(ws.keys.ring, taken, secret):
        raise _refuse(ws, ref, taken)
    with ws.store.write() as unit:
        if not challenges.use(unit, taken.id, ws.evidence.now()):
            raise challenges.refused()
        found = row.load(unit.connection, ref)
        if found.requester == "agent" and not found.mandate:
            row.update(unit.connection, ref, {"mandate": CONFIRMED})
        level = min(2, len(challenges.confirmed(unit.connection, ref)))
        return _proved(ws, unit, found, level, "contact" if level == 1 else "contacts")


def state_data(ws: "Workspace", ref: str, stated: Mapping[str, str]) -> Request:
    """Take data that a person states, and compare them with what is on file; returns the request.

    Counts beside a contact that was confirmed, and makes the person highly known then. Each attempt
    is counted, over the whole life of the request. Raises BadInput `too-few-points`, and Refused
    `proof-refused` without saying what was wrong.
    """
    demand(ws, "request.handle")
    if len(stated) < POINTS:
        raise BadInput("too-few-points", f"at least {POINTS} different data are stated")
    _allow_data(ws, ref)
    taken = challenges.take(ws, ref, DATA)
    if taken is None:
        raise challenges.refused()
    with ws.store.read() as connection:
        fits = taken.subject_id is not None and _same(
            points(ws, connection, taken.subject_id), stated
        )
    if not fits:
        raise _refuse(ws, ref, taken)
    with ws.store.write() as unit:
        if not challenges.use(unit, taken.id, ws.evidence.now()):
            raise challenges.refused()
        return _proved(ws, unit, row.load(unit.connection, ref), 2, "known-data")


def mandate_seen(ws: "Workspace", ref: str, document: str) -> Request:
    """Note the number of a mandate that an officer has seen; returns the request as it stands then.

    Raises BadInput `bad-code`, Conflict `no-mandate-needed`.
    """
    demand(ws, "request.decide")
    if not _CODE.match(document):
        raise BadInput(
            "bad-code",
            "a document is named by its number in your files, at most 60 letters and digits",
            hint="no name of a person: the number stands in the evidence log",
        )
    with ws.store.write() as unit:
        return _with_mandate(ws, unit, ref, f"doc:{document}")


def mandate_signed(ws: "Workspace", ref: str, data: bytes) -> Request:
    """Take a mandate that the person signed; returns the request as it stands then.

    Raises BadInput `bad-mandate`, Conflict `no-mandate-needed`, Refused `proof-refused`.
    """
    demand(ws, "request.handle")
    signed = mandate.read(data)
    with ws.store.write() as unit:
        found = _awaiting_mandate(unit, ref)
        mandate.check(ws, unit.connection, signed, (ref, found.subject_id, found.kind))
        return _with_mandate(ws, unit, ref, "signed")


def contacts_on_file(ws: "Workspace", ref: str) -> list[Contact]:
    """Return the contacts of the person of a request, for an officer; the look is on record.

    Print their masked form only. Raises NotFound `unknown-request`.
    """
    demand(ws, "request.handle")
    with ws.store.write() as unit:
        found = row.load(unit.connection, ref)
        if found.subject_id is None:
            return []
        unit.log(
            ws.evidence.entry("read.subject", subject_id=found.subject_id, what="contacts", ref=ref)
        )
        return contacts(ws, unit.connection, found.subject_id)


def _allow_data(ws: "Workspace", ref: str) -> None:
    """Make the row that counts what is stated, once, for a request with a confirmed contact."""
    with ws.store.write() as unit:
        known = unit.connection.execute(
            text("SELECT 1 FROM challenge WHERE ref = :r AND purpose = 'data' LIMIT 1"), {"r": ref}
        ).first()
        if known or not challenges.confirmed(unit.connection, ref):
            return
        found = row.load(unit.connection, ref)
        until = Micros(ws.evidence.now() + DAY)
        challenges.insert(ws, unit, Row(ref, found.subject_id, DATA), until=until, waiting=False)


def _same(on_file: Mapping[str, str], stated: Mapping[str, str]) -> bool:
    return all(value.strip() and on_file.get(key) == alike(value) for key, value in stated.items())


def _proved(ws: "Workspace", unit: "Unit", found: Request, level: int, how: str) -> Request:
    unit.log(
        ws.evidence.entry(
            "identity.proved", subject_id=found.subject_id, ref=found.ref, level=level, how=how
        )
    )
    return desk.verified(ws, unit, found.ref, level, how)


def _refuse(ws: "Workspace", ref: str, taken: Taken) -> Exception:
    with ws.store.write() as unit:
        _even(ws, taken.subject_id, 1)
        unit.log(ws.evidence.entry("identity.refused", subject_id=taken.subject_id, ref=ref))
    return challenges.refused()


def _even(ws: "Workspace", subject_id: int | None, entries: int) -> None:
    """Take as long for somebody who is not known as entries take that name a person."""
    for _ in range(entries if subject_id is None else 0):
        ws.people.reference_of_nobody("req")


def _awaiting_mandate(unit: "Unit", ref: str) -> Request:
    found = row.load(unit.connection, ref)
    if found.requester == "self":
        raise Conflict(
            "no-mandate-needed", "the person asks in their own name", hint="request challenge REF"
        )
    step(found.standing, Step.VERIFY)
    return found


def _with_mandate(ws: "Workspace", unit: "Unit", ref: str, how: str) -> Request:
    found = _awaiting_mandate(unit, ref)
    row.update(unit.connection, ref, {"mandate": how})
    unit.log(
        ws.evidence.entry("identity.proved", subject_id=found.subject_id, ref=ref, mandate=how)
    )
    if found.subject_id is None:
        return row.load(unit.connection, ref)
    return desk.verified(ws, unit, ref, 0, "mandate")
