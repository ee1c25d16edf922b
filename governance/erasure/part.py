# SPDX-License-Identifier: Apache-2.0
"""A part of what is held about a person: one tag, one purpose, or one category of data.

A tag goes with its history and is blocked; what served a purpose only goes with the consent, and the
purpose is objected to; of a category go the attributes, which no import brings back, and the tags that
state something of it.
Events are not divided by category: they stay, and the preview says so.
"""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from pyroaring import BitMap
from sqlalchemy import Connection, text

from audit.clock import Micros
from governance import choice, consent, corrections
from governance.choice import ChoiceFact
from governance.consent import ConsentFact
from governance.corrections import Correction
from governance.erasure.leaving import AMONG, leaving
from governance.erasure.rows import out_of_sets
from governance.erasure.scope import Scope, attributes, tags_of, values_of
from governance.store.unit import Unit
from policies.vocabulary import Choice, State

if TYPE_CHECKING:
    from governance.workspace import Workspace


def counted(
    ws: "Workspace", connection: Connection, people: Collection[int], scope: Scope
) -> dict[str, Mapping[int, int]]:
    """Return place -> person -> rows that would go: assignments, attributes."""
    values = values_of(connection, tags_of(connection, scope))
    with leaving(connection, people):
        found = connection.execute(
            text(
                "SELECT subject_id, count(*) AS n FROM assignment "
                f"WHERE {AMONG} AND tv IN ({_listed(values)}) GROUP BY subject_id"
            )
        )
        tags = {row.subject_id: row.n for row in found}
        opened = _attributes(ws, connection, scope)
    gone = {
        i: sum(key in keys for _, values, keys in blobs for key in values)
        for i, blobs in opened.items()
    }
    return {"store.assignment": tags, "store.sealedblob": gone}


def protect(unit: Unit, subject_id: int, scope: Scope, ref: str, now: Micros) -> None:
    """Record the choices that keep what goes from coming back; they hold at once.

    Their source is the number of the erasure; what the person had chosen before stays theirs.
    """
    kind, targets = (
        (Choice.OBJECT, [scope.target])
        if scope.kind == "purpose"
        else (Choice.BLOCK, sorted(tags_of(unit.connection, scope)))
    )
    held = {(one.kind, one.target) for one in choice.choices(unit.connection, subject_id)}
    decided = [
        ChoiceFact(subject_id, kind, target, True, now, ref)
        for target in targets
        if (str(kind), target) not in held
    ]
    choice.record_many(unit, decided, now=now)


def release(unit: Unit, subject_id: int, ref: str, now: Micros) -> None:
    """Lift what an erasure that is cancelled had recorded; what the person chose otherwise stays."""
    rows = unit.connection.execute(
        text(
            "SELECT s.kind, s.target FROM choicestate s JOIN choiceevent e ON e.id = s.event_id "
            "WHERE s.subject_id = :s AND e.source = :r ORDER BY s.kind, s.target"
        ),
        {"s": subject_id, "r": ref},
    ).all()
    lifted = [ChoiceFact(subject_id, row.kind, row.target, False, now, ref) for row in rows]
    choice.record_many(unit, lifted, now=now)


def withdraw(unit: Unit, refs: Mapping[int, str], scope: Scope, now: Micros) -> None:
    """Let the consent to a purpose that is erased end (person -> number of the erasure).

    Only now that it does not go back: nobody but the person can give a consent again.
    """
    for subject_id, ref in refs.items() if scope.kind == "purpose" else ():
        said = ConsentFact(
            subject_id, scope.target, str(State.WITHDRAWN), consent.EVERY_KIND, now, source=ref
        )
        consent.record(unit, said, now=now)


def erase(ws: "Workspace", unit: Unit, people: Collection[int], scope: Scope) -> None:
    """Delete the part for some people: assignments with their history, sets, attributes."""
    connection = unit.connection
    values = values_of(connection, tags_of(connection, scope))
    with leaving(connection, people):
        connection.execute(
            text(f"DELETE FROM assignment WHERE {AMONG} AND tv IN ({_listed(values)})")
        )
        opened = _attributes(ws, connection, scope)
    out_of_sets(connection, [f"tv:{tv}" for tv in values], BitMap(people))
    _reseal(ws, connection, opened)
    for subject_id, blobs in opened.items():
        for _, said, keys in blobs:
            for key in sorted(keys):
                corrections.note(
                    ws,
                    connection,
                    subject_id,
                    key,
                    kind=Correction.DELETED,
                    before=said[key],
                    at=ws.evidence.now(),
                )


def _listed(values: Collection[int]) -> str:
    return ", ".join(str(int(value)) for value in values) or "NULL"


_Blob = tuple[int, dict[str, str], frozenset[str]]
"""Class, attributes, and the keys of those that go."""


def _attributes(ws: "Workspace", connection: Connection, scope: Scope) -> dict[int, list[_Blob]]:
    """Return person -> blobs of `leaving` people from which something goes."""
    keys = attributes(connection, scope.target) if scope.kind == "category" else frozenset()
    if not keys:
        return {}
    rows = connection.execute(
        text(
            f"SELECT subject_id, class_id, cell FROM sealedblob WHERE {AMONG} ORDER BY subject_id, class_id"
        )
    ).all()
    cells = ((row.subject_id, row.class_id, row.cell) for row in rows)
    found: dict[int, list[_Blob]] = {}
    for subject_id, class_id, values in ws.people.unseal(cells):
        if theirs := keys & values.keys():
            found.setdefault(subject_id, []).append((class_id, values, frozenset(theirs)))
    return found


def _reseal(
    ws: "Workspace", connection: Connection, opened: Mapping[int, Collection[_Blob]]
) -> None:
    left = [
        (subject_id, class_id, {key: value for key, value in values.items() if key not in keys})
        for subject_id, blobs in opened.items()
        for class_id, values, keys in blobs
    ]
    empty = [{"s": i, "c": class_id} for i, class_id, values in left if not values]
    cells = ws.people.seal(item for item in left if item[2])
    if empty:
        connection.execute(
            text("DELETE FROM sealedblob WHERE subject_id = :s AND class_id = :c"), empty
        )
    if cells:
        connection.execute(
            text(
                "UPDATE sealedblob SET cell = :b, sealed_at = :t "
                "WHERE subject_id = :s AND class_id = :c"
            ),
            [{"s": i, "c": c, "b": cell, "t": ws.clock.now()} for i, c, cell in cells],
        )
