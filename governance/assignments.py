# SPDX-License-Identifier: Apache-2.0
"""What is said about a person now: the one way to read assignments.

An assignment is shown only when its run is published, its tag version is the active one, it has not
lapsed, its tag was computed within its lifetime and is not stopped by the policy of audits, and the
gate permits the purpose at this moment.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pyroaring import BitMap
from sqlalchemy import Connection, text

from audit.clock import Micros
from governance.catalogue import Active
from governance.gate import permitted_people
from governance.store import bitmaps
from tagging.document import span_micros

_HELD = (
    "SELECT v.definition_id, v.value, a.tv, a.valid_from, a.valid_to, a.lapses_at, a.closed_by,"
    " a.evidence, r.name AS run FROM assignment a JOIN tagvalue v ON v.tv = a.tv "
    "JOIN run r ON r.id = a.run_id WHERE a.subject_id = :s AND r.state = 'published' "
)


_LAPSED = text(
    "SELECT subject_id FROM assignment WHERE tv = :t AND valid_to IS NULL AND lapses_at <= :a"
)


@dataclass(frozen=True, slots=True)
class Held:
    """One assignment of a person."""

    value: str
    tv: int
    valid_from: Micros
    valid_to: Micros | None
    lapses_at: Micros | None
    closed_by: str | None
    run: str
    evidence: str | None


def expires_at(tag: Active) -> Micros | None:
    """Return when the assignments of a tag are too old to be shown; None: never computed."""
    if tag.evaluated_at is None:
        return None
    return Micros(tag.evaluated_at + span_micros(tag.tag.ttl))


def fresh(tag: Active, held: Held, at: Micros) -> bool:
    """Return whether an assignment may be shown: its tag is, it has not lapsed, computed in its ttl."""
    if not tag.shown(at) or (held.lapses_at is not None and held.lapses_at <= at):
        return False
    last = max(tag.evaluated_at or 0, held.valid_from)
    return at < last + span_micros(tag.tag.ttl)


def held_by(
    connection: Connection, subject_id: int, tags: Mapping[str, Active], at: Micros
) -> dict[str, Held]:
    """Return the assignments of a person that are fresh at an instant: key → assignment.

    The gate is not asked here: callers ask it for the purpose for which they read.
    """
    keys = {tag.id: key for key, tag in tags.items()}
    rows = connection.execute(text(_HELD + "AND a.valid_to IS NULL"), {"s": subject_id})
    found = {}
    for row in rows:
        key = keys.get(row.definition_id)
        if key is not None and fresh(tags[key], held := _held(row), at):
            found[key] = held
    return found


def history_of(
    connection: Connection, subject_id: int, tags: Mapping[str, Active]
) -> dict[str, list[Held]]:
    """Return all assignments of a person, closed ones included, the newest first."""
    keys = {tag.id: key for key, tag in tags.items()}
    rows = connection.execute(text(_HELD + "ORDER BY a.valid_from DESC"), {"s": subject_id})
    found: dict[str, list[Held]] = {}
    for row in rows:
        if row.definition_id in keys:
            found.setdefault(keys[row.definition_id], []).append(_held(row))
    return found


def audience(
    connection: Connection,
    tag: Active,
    purpose: str,
    at: Micros,
    *,
    value: str = "true",
) -> BitMap:
    """Return the people who have a tag value and whom the purpose permits, at this moment.

    People whose tag has lapsed, and everybody when the tag is stale or stopped, are left out.
    """
    people = having(connection, tag, at, value)
    return people & permitted_people(connection, tag.effective, purpose, at) if people else people


def usable(tag: Active, at: Micros) -> bool:
    """Return whether a tag may be shown and was computed within its lifetime."""
    return tag.shown(at) and at < (expires_at(tag) or 0)


def having(connection: Connection, tag: Active, at: Micros, value: str | None = None) -> BitMap:
    """Return who has a tag that has not lapsed, with a value or (None) with any.

    The gate is not asked here: callers ask it for the purpose for which they read. Nobody has a tag
    that is stale or stopped.
    """
    if not usable(tag, at):
        return BitMap()
    found = BitMap()
    rows = connection.execute(
        text("SELECT tv, value FROM tagvalue WHERE definition_id = :d"), {"d": tag.id}
    ).all()
    for row in rows:
        if value in (None, row.value):
            found |= _unlapsed(connection, row.tv, at)
    return found


def _unlapsed(connection: Connection, tv: int, at: Micros) -> BitMap:
    lapsed = connection.execute(_LAPSED, {"t": tv, "a": at})
    return bitmaps.members(connection, f"tv:{tv}") - BitMap(row.subject_id for row in lapsed)


def holders(connection: Connection, tag: Active, at: Micros, *, present: bool) -> dict[str, BitMap]:
    """Return who has each value of a tag version at an instant; `present` says that it is now.

    The gate is not asked, nor whether the tag was fresh. The past costs a pass over all assignments.
    """
    rows = connection.execute(
        text("SELECT tv, value FROM tagvalue WHERE definition_id = :d ORDER BY value"),
        {"d": tag.id},
    ).all()
    if present:
        return {row.value: _unlapsed(connection, row.tv, at) for row in rows}
    return {row.value: BitMap() for row in rows} | held_at(connection, tag.id, at)


def held_at(connection: Connection, definition_id: int, at: Micros) -> dict[str, BitMap]:
    """Return who had each value of a tag version, of which somebody had it, at an instant that is past."""
    found: dict[str, BitMap] = {}
    for row in connection.execute(text(_AT), {"d": definition_id, "a": at}):
        found.setdefault(row.value, BitMap()).add(row.subject_id)
    return found


_AT = (
    "SELECT v.value, a.subject_id FROM assignment a JOIN tagvalue v ON v.tv = a.tv "
    "JOIN run r ON r.id = a.run_id WHERE v.definition_id = :d AND r.state = 'published' "
    "AND a.valid_from <= :a AND (a.valid_to IS NULL OR a.valid_to > :a) "
    "AND (a.lapses_at IS NULL OR a.lapses_at > :a)"
)


def _held(row: Any) -> Held:
    return Held(
        row.value,
        row.tv,
        row.valid_from,
        row.valid_to,
        row.lapses_at,
        row.closed_by,
        row.run,
        row.evidence,
    )
