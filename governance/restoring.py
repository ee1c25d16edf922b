# SPDX-License-Identifier: Apache-2.0
"""A control store that was put back from a copy is taken into use again.

The evidence log knows what was done after the copy was made. What protected people then is done again
from it: refusals, withdrawals, choices, legal holds; who has been erased is removed again, and an
erasure that left somebody here is begun again; what the privacy budget was charged counts; a corrected attribute,
whose value no log has, is taken away so that the wrong one is not used. Everything else that is lost is
counted, for people to repeat.
Nothing else works on such a store: it would use data of people who have said no.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, text

from audit.clock import Micros
from audit.errors import Conflict
from audit.evidence.entry import Entry
from governance import choice, consent
from governance.authority import demand
from governance.budget import ledger
from governance.choice import ChoiceFact
from governance.consent import ConsentFact
from governance.corrections import Correction, attributes, put
from governance.erasure import events, unkeyed
from governance.erasure.again import ACTS, WhoseIs, again
from governance.purpose import purposes
from governance.store.opening import open_store
from governance.store.repair import entries_made
from policies.vocabulary import State

if TYPE_CHECKING:
    from governance.store.unit import Unit
    from governance.workspace import Workspace

SOURCE: Final = "evidence"
_NO: Final = (State.REFUSED, State.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class Accepted:
    """What the store had lost, by act, and how many refusals, withdrawals and choices hold again."""

    lost: dict[str, int]
    renewed: int
    not_renewed: int
    """Of those, how many could not be done again: their person or purpose is not in the copy."""
    erased: int = 0
    """People of the copy who have been erased since, and are removed once more."""
    held: int = 0
    """Legal holds that are placed again."""
    begun: int = 0
    """Erasures of people who are here, in part or held, that are begun again: `erasure.carry_on` ends them."""
    charged: int = 0
    """Charges of the privacy budget that count again."""
    parts_lost: int = 0
    """Files of the lake that the copy knows and that are gone, without one in their place."""


def accept(ws: "Workspace") -> Accepted:
    """Take a control store that was put back into use, with what protects people done again.

    Raises Conflict `store-in-step` when it is not older than the log, `workspace-busy`; Refused.
    """
    with ws.exclusive("db accept"):
        ws.close()  # what was opened before may be another file by now
        ws.store = open_store(ws, carry=False)
        carry, ws.store.after_commit = ws.store.after_commit, lambda: None
        with ws.store.read() as connection:
            fresh, made = _waiting(ws, connection)
        lost = ws.evidence.after(made)
        if not lost:
            raise Conflict(
                "store-in-step",
                "the control store is not older than the evidence log: nothing is to be accepted",
                hint="tagwarden doctor",
            )
        demand(ws, "db.accept")
        _, parts_lost = events.relink(ws)
        with ws.store.write() as unit:
            _renumber(unit.connection, fresh, ws.evidence.last_source)
            whose = _whose(ws, unit, lost)
            asked, renewed = _renew(ws, unit, lost, whose)
            held, begun = again(ws, unit, lost, whose)
            charged = ledger.regain(ws, unit, lost)
            unit.log(ws.evidence.entry("store.accepted", lost=len(lost), renewed=renewed))
        erased = unkeyed.sweep(ws)
        ws.store.after_commit = carry
        carry()
    counts = Counter(entry.act for entry in lost)
    return Accepted(
        dict(sorted(counts.items())),
        renewed,
        asked - renewed,
        erased=erased,
        held=held,
        begun=begun,
        charged=charged,
        parts_lost=parts_lost,
    )


def _waiting(ws: "Workspace", connection: Connection) -> tuple[list[bytes], int]:
    """Return the waiting entries that never reached the log, and the last one before the copy."""
    rows = connection.execute(text("SELECT id, entry FROM outbox ORDER BY id")).all()
    known = ws.evidence.carried([row.id for row in rows])
    fresh = [row for row in rows if known.get(row.id) != bytes(row.entry)]
    made = fresh[0].id - 1 if fresh else entries_made(connection)
    return [bytes(row.entry) for row in fresh], made


def _renumber(connection: Connection, fresh: Sequence[bytes], last: int) -> None:
    """Let the outbox go on after the last number that the log has taken."""
    connection.execute(text("DELETE FROM outbox"))
    connection.execute(
        text("UPDATE sqlite_sequence SET seq = :n WHERE name = 'outbox'"), {"n": last}
    )
    for entry in fresh:
        connection.execute(text("INSERT INTO outbox (entry) VALUES (:e)"), {"e": entry})


def _whose(ws: "Workspace", unit: "Unit", lost: Sequence[Entry]) -> WhoseIs:
    """Return what tells whom an entry is about that is done again."""
    people = unit.connection.execute(text("SELECT subject_id FROM subject")).scalars().all()
    wanted = {(e.request, e.subject) for e in lost if e.subject and (_protects(e) or e.act in ACTS)}
    found = ws.people.recognise(people, wanted)
    return lambda entry: found.get((entry.request, entry.subject))


def _renew(ws: "Workspace", unit: "Unit", lost: Sequence[Entry], whose: WhoseIs) -> tuple[int, int]:
    """Do what protects people again; returns how many facts there were, and how many hold again."""
    facts = [entry for entry in lost if _protects(entry)]
    known, now, renewed = purposes(unit.connection), ws.clock.now(), 0
    for entry in facts:
        who, at = whose(entry), Micros(entry.at_ms * 1000)
        if who is None or entry.facts.get("purpose", "") not in {"", *known}:
            continue
        if entry.act == "subject.corrected":
            if not _corrected(ws, unit, who, entry):
                continue
        elif entry.act == "consent.recorded":
            purpose, state = (str(entry.facts[name]) for name in ("purpose", "state"))
            kind = _all(entry, "kind")
            fact = ConsentFact(who, purpose, state, kind, min(at, now), source=SOURCE)
            consent.record(unit, fact, now=now)
        else:
            kind, target = str(entry.facts["kind"]), _all(entry, "target")
            decided = ChoiceFact(who, kind, target, active=True, at=min(at, now), source=SOURCE)
            choice.record(unit, decided, now=now)
        renewed += 1
    return len(facts), renewed


def _protects(entry: Entry) -> bool:
    if entry.act == "consent.recorded":
        return entry.facts.get("state") in _NO
    if entry.act == "subject.corrected":
        return entry.facts.get("how") in set(Correction)
    return entry.act == "choice.recorded" and entry.facts.get("active") is True


def _corrected(ws: "Workspace", unit: "Unit", who: int, entry: Entry) -> bool:
    """Take away an attribute that was corrected or deleted; False: the copy does not know it."""
    attribute, kind = str(entry.facts["attribute"]), Correction(str(entry.facts["how"]))
    if attribute not in attributes(unit.connection):
        return False
    put(ws, unit, who, attribute, None, kind=kind, at=Micros(entry.at_ms * 1000))
    return True


def _all(entry: Entry, name: str) -> str:
    found = str(entry.facts[name])
    return "" if found == "all" else found
