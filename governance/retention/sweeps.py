# SPDX-License-Identifier: Apache-2.0
"""Deletes without being asked what is past its time (GDPR Art. 5(1)(e), PIPL Art. 19 and 47(1)).

Each sweep counts what is due, and takes it with the erasers of `governance.erasure`; a second one finds
nothing. What a hold or a law keeps is spared; who is restricted keeps their attributes (Art. 18).
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pyroaring import BitMap
from sqlalchemy import Connection, text

from audit.clock import DAY, SECOND, Micros
from audit.ids import new_id
from governance import holds
from governance.authority import demand
from governance.catalogue import active
from governance.erasure import EVERYTHING, aside, disk, events, held, previews
from governance.erasure.begin import Wanted, begin_many
from governance.erasure.leaving import AMONG, leaving
from governance.erasure.resuming import stored_only
from governance.gate import Gate
from governance.purpose import Purpose, purposes
from governance.requests import keeping
from governance.retention import records
from governance.retention.records import Log
from governance.store import private_file
from governance.store.unit import Unit
from tagging.document import Tag, span_micros
from tagging.lake_without import Going

if TYPE_CHECKING:
    from governance.workspace import Workspace

NEVER: Final = Micros(-(2**62))
"""Before this instant nothing is: no limit is set."""
MANY: Final = 10_000
"""So many people are erased in one sweep."""
_OVER: Final = frozenset({"archived", "rejected"})
"""States of tags that need nothing any more."""


@dataclass(frozen=True, slots=True)
class Due:
    """What one sweep finds, or took."""

    code: str
    """A key of `words.WHAT`."""
    count: int
    """Events, rows, people or files."""
    before: Micros
    """What is older than this instant is due; NEVER: no limit is set."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """One kind of thing that has its time: from when it is due, how many are, and what takes them."""

    code: str
    before: Callable[["Workspace", Connection], Micros]
    count: Callable[["Workspace", Connection, Micros], int]
    take: Callable[["Workspace", Micros, "Log"], None]


def due(ws: "Workspace") -> list[Due]:
    """Return what is past its time; nothing is changed. Raises Refused `not-permitted`."""
    demand(ws, "retention.read")
    return standing(ws)


def standing(ws: "Workspace") -> list[Due]:
    """Return the same for a use case that has asked for its own role."""
    return [_due(ws, sweep) for sweep in SWEEPS]


def run(ws: "Workspace") -> list[Due]:
    """Delete what is past its time, each kind with evidence; returns what was there.

    People of whom nothing was heard begin to be erased: their grace runs, and `erasure.carry_on` ends
    it. Raises Refused `not-permitted`, Conflict `workspace-busy`.
    """
    demand(ws, "retention.run")
    found = []
    with ws.exclusive("retention"):
        disk.require_overwriting(ws.store)
        for sweep in SWEEPS:
            one = _due(ws, sweep)
            found.append(one)
            if one.count:
                sweep.take(ws, one.before, partial(_note, ws, one))
        disk.settle(ws.store)
    return found


def _note(ws: "Workspace", taken: Due, unit: Unit) -> None:
    unit.log(ws.evidence.entry("retention.swept", what=taken.code, count=taken.count))


def _due(ws: "Workspace", sweep: Sweep) -> Due:
    with ws.store.read() as connection:
        before = sweep.before(ws, connection)
        return Due(
            sweep.code, 0 if before == NEVER else sweep.count(ws, connection, before), before
        )


# --- events ---------------------------------------------------------------------------------


def _events_before(ws: "Workspace", connection: Connection) -> Micros:
    """Return from when events are kept: by the setting, or as long as a purpose that uses them says."""
    if ws.settings.number("retention.events_days"):
        return _ago(ws, "retention.events_days")
    known = purposes(connection)
    used = {key for _, tag in _tags(connection) for key in tag.purposes} & known.keys()
    longest = _longest(known, used or known.keys())
    return Micros(ws.clock.now() - longest) if longest else NEVER


def _longest(known: Mapping[str, Purpose], keys: Iterable[str]) -> int:
    return max((span_micros(known[key].retention) for key in keys if key in known), default=0)


def _tags(connection: Connection) -> Iterator[tuple[int, Tag]]:
    """Yield the id of every definition that still serves a purpose, with its document."""
    for row in connection.execute(text("SELECT id, state, document FROM definition ORDER BY id")):
        if row.state not in _OVER:
            yield row.id, Tag.model_validate_json(row.document)


def _going(ws: "Workspace", connection: Connection, before: Micros) -> list[Going]:
    """Return which events are past their time; what a hold or a law keeps is not among them."""
    at = ws.clock.now()
    stopped = holds.stopped(connection, at)
    since = _spared(ws, connection, at)
    bare = stored_only(connection)
    found = [Going(stopped | since.keys(), others=True, before=before)]
    for instant, people in held.by_since(since).items():
        for limit, some in ((before, set(people) - bare), (None, set(people) & bare)):
            if some - stopped:
                found.append(Going(some - stopped, before=limit, spared=instant))
    return found


def _spared(ws: "Workspace", connection: Connection, at: Micros) -> dict[int, Micros]:
    """Return from when the transactions of each person are kept, by officers or by a law."""
    since: dict[int, Micros] = {}
    for regime in connection.execute(text("SELECT DISTINCT regime FROM subject")).scalars().all():
        if cuts := [held.cut(at, term.months) for term in holds.terms(ws.settings, regime)]:
            people = connection.execute(
                text("SELECT subject_id FROM subject WHERE regime = :r"), {"r": regime}
            )
            since |= dict.fromkeys(people.scalars(), min(cuts))
    for who, mine in holds.in_force(connection, at).items():
        if any(
            one.category == holds.TRANSACTIONS and not holds.GROUNDS[one.ground].by_law
            for one in mine
        ):
            since[who] = held.ALL
    return since


def _count_events(ws: "Workspace", connection: Connection, before: Micros) -> int:
    going = _going(ws, connection, before)
    live = sum(
        int(connection.execute(text(f"SELECT count(*) {condition}"), values).scalar_one())
        for condition, values in _live(connection, going)
    )
    return live + events.total(ws, connection, going)


def _take_events(ws: "Workspace", before: Micros, log: Log) -> None:
    with ws.store.read() as connection:
        going = _going(ws, connection, before)
    events.take(ws, going)
    with ws.store.write() as unit:
        for condition, values in _live(unit.connection, going):
            unit.connection.execute(text(f"DELETE {condition}"), values)
        log(unit)


def _live(connection: Connection, going: Collection[Going]) -> Iterator[tuple[str, dict[str, int]]]:
    """Yield, while its people are at hand, the rest of a statement over live events that go."""
    for one in going:
        values: dict[str, int] = {}
        condition = f"FROM liveevent WHERE {'NOT ' if one.others else ''}{AMONG}"
        if one.before is not None:
            condition += " AND ts < :before"
            values["before"] = one.before
        if one.spared is not None:
            condition += f" AND NOT ({held.TRADED} AND ts >= :spared)"
            values["spared"] = one.spared
        with leaving(connection, one.people):
            yield condition, values


# --- tags that have ended -------------------------------------------------------------------


def _assignments_before(ws: "Workspace", connection: Connection) -> Micros:
    """Return the latest of the instants before which ended tags are due; each has its own."""
    known = purposes(connection)
    rows = connection.execute(text("SELECT document FROM definition"))
    spans = [_span(known, Tag.model_validate_json(row.document)) for row in rows]
    return Micros(ws.clock.now() - min(spans)) if spans else NEVER


def _span(known: Mapping[str, Purpose], tag: Tag) -> int:
    """Return for how long a tag that has ended is kept: as its purposes say, or else as it lives."""
    return _longest(known, tag.purposes) or span_micros(tag.ttl)


def _ended(ws: "Workspace", connection: Connection) -> Iterator[tuple[str, dict[str, int]]]:
    known, now = purposes(connection), ws.clock.now()
    rows = connection.execute(
        text("SELECT v.tv, d.document FROM tagvalue v JOIN definition d ON d.id = v.definition_id")
    ).all()
    by_span: dict[int, list[int]] = defaultdict(list)
    for row in rows:
        by_span[_span(known, Tag.model_validate_json(row.document))].append(row.tv)
    for span, values in sorted(by_span.items()):
        listed = ", ".join(map(str, values))
        rest = f"FROM assignment WHERE tv IN ({listed}) AND valid_to < :before AND NOT {AMONG}"
        yield rest, {"before": now - span}


def _count_assignments(ws: "Workspace", connection: Connection, _before: Micros) -> int:
    with leaving(connection, holds.stopped(connection, ws.clock.now())):
        return sum(
            int(connection.execute(text(f"SELECT count(*) {rest}"), values).scalar_one())
            for rest, values in _ended(ws, connection)
        )


def _take_assignments(ws: "Workspace", _before: Micros, log: Log) -> None:
    with ws.store.write() as unit:
        connection = unit.connection
        with leaving(connection, holds.stopped(connection, ws.clock.now())):
            for rest, values in _ended(ws, connection):
                connection.execute(text(f"DELETE {rest}"), values)
        log(unit)


# --- attributes of people whom no purpose permits -------------------------------------------


def _purposeless(ws: "Workspace", connection: Connection, before: Micros) -> BitMap:
    """Return whom no purpose permits, who has said nothing lately, and whom nothing spares."""
    known, now = purposes(connection), ws.clock.now()
    tags = [one.tag for one in active(connection).values() if one.state == "active"]
    if not tags:
        return BitMap()
    gate = Gate(connection, now, known)
    permitted = BitMap.union(*(gate.people(tag) for tag in tags))
    given = connection.execute(
        text(
            "SELECT DISTINCT subject_id FROM consentstate WHERE state = 'given' "
            "AND (expires_at IS NULL OR expires_at > :now)"
        ),
        {"now": now},
    ).scalars()
    there = connection.execute(text("SELECT DISTINCT subject_id FROM sealedblob")).scalars()
    spared = gate.members("restricted") | BitMap(holds.stopped(connection, now))
    return BitMap(there) - permitted - BitMap(given) - spared - _heard(connection, before)


def _heard(connection: Connection, since: Micros) -> BitMap:
    """Return who was admitted, or said, chose or asked something, since an instant."""
    found = BitMap()
    for table, column in (
        ("subject", "admitted_at"),
        ("consentevent", "recorded_at"),
        ("choiceevent", "recorded_at"),
        ("request", "received_at"),
    ):
        rows = connection.execute(
            text(
                f"SELECT DISTINCT subject_id FROM {table} "
                f"WHERE {column} >= :t AND subject_id IS NOT NULL"
            ),
            {"t": since},
        )
        found |= BitMap(rows.scalars())
    return found


def _count_attributes(ws: "Workspace", connection: Connection, before: Micros) -> int:
    with leaving(connection, _purposeless(ws, connection, before)):
        query = text(f"SELECT count(*) FROM sealedblob WHERE {AMONG}")
        return int(connection.execute(query).scalar_one())


def _take_attributes(ws: "Workspace", before: Micros, log: Log) -> None:
    with ws.store.write() as unit:
        connection = unit.connection
        with leaving(connection, _purposeless(ws, connection, before)):
            connection.execute(text(f"DELETE FROM sealedblob WHERE {AMONG}"))
        log(unit)


# --- people of whom nothing was heard -------------------------------------------------------


def _silent(ws: "Workspace", connection: Connection, before: Micros) -> list[int]:
    """Return of whom there is no event, consent, choice or request since an instant."""
    there = connection.execute(text("SELECT subject_id FROM subject")).scalars()
    live = connection.execute(
        text("SELECT DISTINCT subject_id FROM liveevent WHERE ts >= :t"), {"t": before}
    ).scalars()
    leaving_now = connection.execute(
        text("SELECT subject_id FROM erasure WHERE step > 0 AND subject_id IS NOT NULL")
    ).scalars()
    found = BitMap(there) - BitMap(events.seen(ws, connection, before)) - BitMap(live)
    found -= _heard(connection, before) | BitMap(leaving_now)
    return list(found - BitMap(holds.stopped(connection, ws.clock.now())))[:MANY]


def _take_people(ws: "Workspace", before: Micros, log: Log) -> None:
    with ws.store.write() as unit:
        people = _silent(ws, unit.connection, before)
        seen = previews(ws, unit.connection, people, EVERYTHING)
        wanted = [Wanted(new_id(ws.ids, "rt"), seen[who]) for who in people]
        begin_many(unit, ws, wanted)
        log(unit)


# --- quarantine -----------------------------------------------------------------------------


def _old_files(ws: "Workspace", connection: Connection, before: Micros) -> list[Path]:
    came = {row.id: row.at for row in connection.execute(text("SELECT id, at FROM intake"))}
    return [
        path
        for path in aside.files(ws)
        if came.get(path.stem, int(path.stat().st_mtime * SECOND)) < before
    ]


def _take_quarantine(ws: "Workspace", before: Micros, log: Log) -> None:
    with ws.store.read() as connection:
        old = _old_files(ws, connection, before)
    for path in old:
        path.unlink()
    private_file.sync_folder(ws.paths.quarantine)
    with ws.store.write() as unit:
        log(unit)


def _ago(ws: "Workspace", setting: str) -> Micros:
    days = ws.settings.number(setting)
    return Micros(ws.clock.now() - days * DAY) if days else NEVER


SWEEPS: Final = (
    Sweep("events", _events_before, _count_events, _take_events),
    Sweep("assignments", _assignments_before, _count_assignments, _take_assignments),
    Sweep(
        "attributes",
        lambda ws, _: _ago(ws, "retention.attributes_days"),
        _count_attributes,
        _take_attributes,
    ),
    Sweep(
        "people",
        lambda ws, _: _ago(ws, "retention.people_days"),
        lambda ws, connection, before: len(_silent(ws, connection, before)),
        _take_people,
    ),
    Sweep(
        "quarantine",
        lambda ws, _: _ago(ws, "retention.quarantine_days"),
        lambda ws, connection, before: len(_old_files(ws, connection, before)),
        _take_quarantine,
    ),
    Sweep(
        "requests",
        lambda ws, _: ws.clock.now(),  # each has its own time, by its law
        lambda ws, connection, _: len(keeping.due_for_removal(ws, connection)),
        records.take_requests,
    ),
    Sweep("notifications", records.unasked_before, records.count_unasked, records.take_unasked),
    Sweep("messages", records.messages_before, records.count_messages, records.take_messages),
)
"""In the order in which they are run. Another kind of thing with a time is another line here."""
