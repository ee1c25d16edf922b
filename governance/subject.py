# SPDX-License-Identifier: Apache-2.0
"""One person, as an officer may look at them: found by their number, every look on record.

What the gate does not let through for the named purpose is counted by reason and not shown. Refuses
unknown numbers without repeating them.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyroaring import BitMap
from sqlalchemy import Connection, text

from audit.clock import Micros
from audit.errors import NotFound
from governance import choice, consent
from governance.assignments import held_by
from governance.authority import demand
from governance.catalogue import active
from governance.closing import close_unpermitted
from governance.gate import Verdict, permit
from governance.purpose import purpose_named, purposes
from governance.store import bitmaps
from policies.packs import pack_of
from tagging.document import Words

if TYPE_CHECKING:
    from governance.workspace import Workspace

CUSTOMER = "customer"


@dataclass(frozen=True, slots=True)
class Shown:
    """A tag that may be shown for the purpose, and what carries it."""

    key: str
    name: Words
    value: str
    since: Micros
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Profile:
    """What an officer sees of one person for one purpose."""

    regime: str
    age_band: str
    tags: tuple[Shown, ...]
    withheld: Mapping[str, int]
    """How many tags are not shown, by the first reason of the gate."""
    consents: Mapping[str, consent.ConsentStanding]
    choices: tuple[choice.InForce, ...]


def find(ws: "Workspace", number: str) -> int:
    """Return the subject_id of a customer number; raises NotFound `subject-unknown`."""
    found = ws.people.find(CUSTOMER, [number]).get(number) if number else None
    if found is not None:
        with ws.store.read() as connection:
            if _regime_and_band(connection, found) is not None:
                return found
    raise NotFound("subject-unknown", "there is nobody with this number")


def show(ws: "Workspace", subject_id: int, purpose: str) -> Profile:
    """Return what is on record about one person for one purpose; the look is on record too.

    Raises NotFound `unknown-purpose` or `subject-unknown`.
    """
    demand(ws, "subject.read")
    at = ws.clock.now()
    with ws.store.write() as unit:
        connection = unit.connection
        purpose_named(connection, purpose)
        row = _regime_and_band(connection, subject_id)
        if row is None:
            raise NotFound("subject-unknown", "there is no such person")
        unit.log(ws.evidence.entry("read.subject", subject_id=subject_id, purpose=purpose))
        known = purposes(connection)
        tags, withheld = _tags(connection, subject_id, purpose, at)
        return Profile(
            row[0],
            row[1],
            tags,
            withheld,
            {key: consent.state_at(connection, subject_id, key, at) for key in known},
            tuple(choice.choices(connection, subject_id)),
        )


def set_regime(ws: "Workspace", subject_id: int, regime: str) -> int | None:
    """Put a person under another regime; return how many assignments ended, None: no change.

    Raises NotFound `unknown-regime` or `subject-unknown`.
    """
    demand(ws, "subject.regime")
    pack_of(regime)
    now = ws.clock.now()
    with ws.store.write() as unit:
        row = _regime_and_band(unit.connection, subject_id)
        if row is None:
            raise NotFound("subject-unknown", "there is no such person")
        if row[0] == regime:
            return None
        unit.connection.execute(
            text("UPDATE subject SET regime = :r WHERE subject_id = :s"),
            {"r": regime, "s": subject_id},
        )
        bitmaps.change(
            unit.connection,
            [(f"regime:{row[0]}", subject_id, False), (f"regime:{regime}", subject_id, True)],
        )
        ended = close_unpermitted(unit, BitMap([subject_id]), now, "regime")
        unit.log(
            ws.evidence.entry("subject.regime", subject_id=subject_id, regime=regime, ended=ended)
        )
    return ended


def readmit(ws: "Workspace", number: str) -> bool:
    """Let somebody who was erased, came back and asked for it be admitted again; returns whether they were out.

    Logged before it is done: after a kill in between, doing it again does it. Raises BadInput.
    """
    demand(ws, "subject.readmit")
    if not ws.people.suppressed(CUSTOMER, [number]):
        return False
    with ws.store.write() as unit:
        unit.log(ws.evidence.entry("subject.readmitted"))
    return bool(ws.people.lift(CUSTOMER, [number], ws.evidence.now()))


def _tags(
    connection: Connection, subject_id: int, purpose: str, at: Micros
) -> tuple[tuple[Shown, ...], Mapping[str, int]]:
    known = purposes(connection)
    tags = active(connection)
    shown = []
    withheld: Counter[str] = Counter()
    for key, held in sorted(held_by(connection, subject_id, tags, at).items()):
        said = permit(connection, subject_id, tags[key].effective, at, known, purpose=purpose)
        if said.allowed:
            shown.append(
                Shown(key, tags[key].tag.name, held.value, held.valid_from, said.verdicts[0])
            )
        else:
            withheld[said.reason] += 1
    return tuple(shown), withheld


def _regime_and_band(connection: Connection, subject_id: int) -> tuple[str, str] | None:
    row = connection.execute(
        text("SELECT regime, age_class FROM subject WHERE subject_id = :s"), {"s": subject_id}
    ).one_or_none()
    return None if row is None else (row.regime, row.age_class)
