# SPDX-License-Identifier: Apache-2.0
"""Ends assignments at once when what a person decided leaves them without a permitted purpose.

Rows and audiences move in the transaction of the decision itself; a run that is going on checks the
ledgers again before it publishes, so that nothing comes back.
"""

import json
from collections.abc import Iterable, Iterator
from functools import lru_cache

from pyroaring import BitMap
from sqlalchemy import Connection, text

from audit.clock import Micros
from governance.gate import Gate, permit
from governance.purpose import purposes
from governance.store import bitmaps
from governance.store.unit import Unit
from tagging.document import Tag

FEW = 64
"""Up to so many people are asked one by one; more are asked as sets."""


_CLOSE = (
    "UPDATE assignment SET valid_to = CASE WHEN lapses_at IS NOT NULL AND lapses_at <= :now "
    "THEN lapses_at ELSE :now END, closed_by = CASE WHEN :why = 'rule' AND lapses_at IS NOT NULL "
    "AND lapses_at <= :now THEN 'lapsed' ELSE :why END "
    "WHERE subject_id = :s AND tv = :t AND valid_to IS NULL"
)


def close(connection: Connection, tv: int, people: Iterable[int], now: Micros, why: str) -> int:
    """End the assignments of a tag value for some people; return how many there were.

    An assignment that had lapsed by then ends at the instant at which it lapsed.
    """
    rows = [{"s": subject_id, "t": tv, "now": now, "why": why} for subject_id in people]
    if rows:
        connection.execute(text(_CLOSE), rows)
    return len(rows)


def close_unpermitted(unit: Unit, people: BitMap, now: Micros, why: str) -> int:
    """End the assignments of these people that no purpose permits any more; return how many."""
    if not people or _nobody_has_any(unit.connection):
        return 0
    if len(people) <= FEW:
        return sum(_close_of_person(unit.connection, person, now, why) for person in people)
    return _close_of_many(unit.connection, people, now, why)


def close_tag(unit: Unit, subject_id: int, key: str, now: Micros, why: str) -> int:
    """End every assignment of one tag, in all its versions, for one person; return how many."""
    held = [tv for tv, tag in _held(unit.connection, subject_id) if tag.key == key]
    return _close(unit.connection, subject_id, held, now, why)


def _nobody_has_any(connection: Connection) -> bool:
    return connection.execute(text("SELECT 1 FROM assignment LIMIT 1")).first() is None


def _close_of_person(connection: Connection, subject_id: int, now: Micros, why: str) -> int:
    known = purposes(connection)
    held = [
        tv
        for tv, tag in _held(connection, subject_id)
        if not permit(connection, subject_id, tag, now, known).allowed
    ]
    return _close(connection, subject_id, held, now, why)


def _close(
    connection: Connection, subject_id: int, held: Iterable[int], now: Micros, why: str
) -> int:
    ended = 0
    for tv in held:
        ended += close(connection, tv, [subject_id], now, why)
        bitmaps.change(connection, [(f"tv:{tv}", subject_id, False)])
    return ended


def _held(connection: Connection, subject_id: int) -> Iterator[tuple[int, Tag]]:
    rows = connection.execute(
        text(
            "SELECT a.tv, d.document FROM assignment a JOIN run r ON r.id = a.run_id "
            "JOIN tagvalue v ON v.tv = a.tv JOIN definition d ON d.id = v.definition_id "
            "WHERE a.subject_id = :s AND a.valid_to IS NULL AND r.state = 'published'"
        ),
        {"s": subject_id},
    ).all()
    yield from ((row.tv, _tag(row.document)) for row in rows)


def _close_of_many(connection: Connection, people: BitMap, now: Micros, why: str) -> int:
    gate = Gate(connection, now, purposes(connection))
    ended = 0
    rows = connection.execute(
        text("SELECT v.tv, d.document FROM tagvalue v JOIN definition d ON d.id = v.definition_id")
    ).all()
    for row in rows:
        audience = bitmaps.members(connection, f"tv:{row.tv}")
        gone = (audience & people) - gate.people(_tag(row.document))
        if gone:
            ended += close(connection, row.tv, gone, now, why)
            bitmaps.put(connection, f"tv:{row.tv}", audience - gone)
    return ended


@lru_cache(maxsize=512)
def _tag(document: str) -> Tag:
    return Tag.model_validate(json.loads(document))
