# SPDX-License-Identifier: Apache-2.0
"""What each step of an erasure does, for many people at once. Each may be done again without harm."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import text

from audit.canon import canonical
from audit.clock import Micros
from governance import letters, notifying
from governance.erasure import (
    aside,
    certificate,
    certified,
    checker,
    disk,
    events,
    held,
    part,
    rows,
)
from governance.erasure.leaving import AMONG, leaving
from governance.erasure.preview import spared_of, whole
from governance.erasure.scope import Scope, tags_of
from governance.erasure.step import Step
from governance.registry import PLACES
from governance.store.unit import Unit
from governance.vault.traces import traces

if TYPE_CHECKING:
    from governance.workspace import Workspace

TAG_BYTES: Final = 16
_FLIP: Final = bytes(range(255, -1, -1))
Change = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Saga:
    """One erasure as its row says."""

    ref: str
    subject_id: int
    scope: Scope
    suppress: bytes
    traces: bytes
    begun_at: Micros
    committed_at: Micros | None
    counts: Mapping[str, int]
    keys: Sequence[Mapping[str, Any]]
    held: Mapping[str, Any]
    """What a hold keeps (`held.Standing.record`), from the commitment on; empty: nothing."""
    body: str


@dataclass(frozen=True, slots=True)
class Done:
    """What a step came to: which erasures stay, and why; what is noted in the rows of the others."""

    waiting: Mapping[str, str] = field(default_factory=dict)
    changes: Mapping[str, Change] = field(default_factory=dict)


def commit(ws: "Workspace", batch: Sequence[Saga]) -> Done:
    """Count what will go, for the last time; note who is not to be admitted again, and what is held."""
    people, scope, now = _people(batch), batch[0].scope, ws.evidence.now()
    disk.require_overwriting(ws.store)
    with ws.store.read() as connection:
        standing = held.standing(ws, connection, people)
        found = (
            whole(ws, connection, people)
            if scope.whole
            else part.counted(ws, connection, people, scope)
        )
        spared = spared_of(standing) if scope.whole else {}
        kept = held.kept(ws, connection, found, spared)
    tags = ws.people.suppression(people) if scope.whole else {}
    changes = {}
    for saga in batch:
        who = saga.subject_id
        changes[saga.ref] = {
            "committed_at": now,
            "suppress": b"".join(tags.get(who, ())) or saga.suppress,
            "counts": _json(_going(found, kept, who)),
            "held": _json(standing[who].record(_kept_events(kept, who))) if who in spared else "",
        }
    waits = {saga.ref: "hold" for saga in batch if _stopped(standing.get(saga.subject_id))}
    return Done(waits, changes)


def settle(
    ws: "Workspace", unit: Unit, moving: Sequence[Saga], changes: Mapping[str, Change]
) -> None:
    """Add to the transaction of the commitment what the law keeps, and whom it must be told.

    Raises Conflict `hold-placed`.
    """
    scope = moving[0].scope
    records = {
        saga.subject_id: json.loads(str(changes[saga.ref]["held"] or "null")) for saga in moving
    }
    held.settle(ws, unit, records, whole=scope.whole)
    keys = None if scope.whole else tags_of(unit.connection, scope)
    refs = {saga.subject_id: saga.ref for saga in moving}
    part.withdraw(unit, refs, scope, ws.evidence.now())
    notifying.owe(ws, unit, "erase", refs, keys)


def _going(
    found: Mapping[str, Mapping[int, int]], kept: Mapping[str, Mapping[int, int]], who: int
) -> dict[str, int]:
    counts = {
        place.code: found.get(place.code, {}).get(who, 0) - kept.get(place.code, {}).get(who, 0)
        for place in PLACES
    }
    return {place: count for place, count in counts.items() if count}


def _kept_events(kept: Mapping[str, Mapping[int, int]], who: int) -> dict[str, int]:
    counts = {place: kept.get(place, {}).get(who, 0) for place in ("file.lake", "store.liveevent")}
    return {place: count for place, count in counts.items() if count}


def _stopped(standing: held.Standing | None) -> bool:
    return standing is not None and standing.everything


def suppress(ws: "Workspace", batch: Sequence[Saga]) -> Done:
    """Let no import bring these people back: before their keys go, so that none comes in between."""
    tags = [
        saga.suppress[start : start + TAG_BYTES]
        for saga in batch
        for start in range(0, len(saga.suppress), TAG_BYTES)
    ]
    ws.people.suppress(tags, ws.clock.now())
    return Done()


def destroy_keys(ws: "Workspace", batch: Sequence[Saga]) -> Done:
    """Destroy keys and names, when their digests and traces are noted; they open nothing."""
    free, spared = _apart(batch)
    _note_seals(ws, [saga for saga in batch if saga.subject_id in spared])
    people = _people(free)
    if not people:
        return Done()
    _note_keys(ws, free, people)
    ws.people.destroy(people, ws.clock.now())
    if not ws.people.settle():
        return _all_wait(batch, "reader")
    return Done()


def _note_keys(ws: "Workspace", batch: Sequence[Saga], people: Sequence[int]) -> None:
    refs = {saga.subject_id: saga.ref for saga in batch}
    keys: dict[int, list[Mapping[str, Any]]] = {}
    for doomed in ws.people.doomed(people):
        key = {"ver": doomed.ver, "kek_id": doomed.kek_id, "digest": doomed.digest}
        keys.setdefault(doomed.subject_id, []).append(key)
    seen, seals = traces(ws.paths.keystore, people), _seals(ws, people)
    noted = [
        {
            "r": refs[i],
            "k": _json(keys.get(i, [])),
            "t": masked([trace.sid, *trace.nonces, *trace.tags, *seals.get(i, ())]),
        }
        for i, trace in seen.items()
    ]
    if noted:  # who is gone already was noted before
        with ws.store.write() as unit:
            unit.connection.execute(
                text("UPDATE erasure SET keys = :k, traces = :t WHERE ref = :r"), noted
            )


def _note_seals(ws: "Workspace", batch: Sequence[Saga]) -> None:
    """Note what the search looks for where keys stay: the seals of attributes, and the letters, that go."""
    seals = _seals(ws, _people(batch))
    noted = [
        {"r": saga.ref, "t": masked(seals[saga.subject_id])}
        for saga in batch
        if saga.subject_id in seals
    ]
    if noted:
        with ws.store.write() as unit:
            unit.connection.execute(text("UPDATE erasure SET traces = :t WHERE ref = :r"), noted)


def _seals(ws: "Workspace", people: Sequence[int]) -> Mapping[int, list[bytes]]:
    """Return person -> the last 16 bytes of each of their sealed cells, and the names of their letters."""
    found: dict[int, list[bytes]] = {}
    with ws.store.read() as connection, leaving(connection, people):
        for who, names in letters.numbers(connection, people).items():
            found[who] = [name.encode("ascii") for name in names]
        for row in connection.execute(
            text(
                f"SELECT subject_id, substr(cell, length(cell) - {TAG_BYTES - 1}) AS seal "
                f"FROM sealedblob WHERE {AMONG}"
            )
        ):
            found.setdefault(row.subject_id, []).append(bytes(row.seal))
    return found


def delete_rows(ws: "Workspace", batch: Sequence[Saga]) -> Done:
    """Delete the rows of the control store, or those of the part; bring that to the disk."""
    free, spared = _apart(batch)
    people, scope = _people(free), batch[0].scope
    disk.require_overwriting(ws.store)
    with ws.store.write() as unit:
        if scope.whole:
            rows.erase(unit, people, kept_until=certified.kept_until(ws, ws.clock.now()))
            rows.erase_but_transactions(unit, spared)
        else:
            part.erase(ws, unit, people, scope)
    return Done() if disk.settle(ws.store) else _all_wait(batch, "reader")


def purge_files(ws: "Workspace", batch: Sequence[Saga]) -> Done:
    """Write the lake and the quarantine anew without these people; leave no letter and no work file."""
    free, spared = _apart(batch)
    noted = (trace for saga in batch for trace in unmasked(saga.traces))
    letters.remove(ws.settings, letters.names_in(noted))
    events.take(ws, held.going(_people(free), spared))
    aside.erase(ws, aside.suppressed(ws))
    aside.clear_scratch(ws)
    return Done()


def check(ws: "Workspace", batch: Sequence[Saga]) -> Done:
    """Search every file and store; what is found is deleted once more, and searched for once more."""
    found = _search(ws, batch)
    if found:
        delete_rows(ws, batch)
        if batch[0].scope.whole:
            ws.people.settle()
            purge_files(ws, batch)
        found = _search(ws, batch)
    waiting = {
        saga.ref: " ".join(["found", *sorted(found[saga.subject_id])])
        for saga in batch
        if saga.subject_id in found
    }
    done_at = ws.clock.now()
    return Done(
        waiting,
        {saga.ref: {"body": _json(certified.body_of(ws, saga, done_at))} for saga in batch},
    )


def _search(ws: "Workspace", batch: Sequence[Saga]) -> Mapping[int, set[str]]:
    if batch[0].scope.whole:
        free, spared = _apart(batch)
        found = checker.search(ws, {saga.subject_id: unmasked(saga.traces) for saga in free})
        seals = {s.subject_id: unmasked(s.traces) for s in batch if s.subject_id in spared}
        return found | checker.search_held(ws, spared, seals)
    return checker.search_part(ws, _people(batch), batch[0].scope)


def certify(ws: "Workspace", batch: Sequence[Saga]) -> Done:
    """Issue the certificates, all under one checkpoint of the log."""
    issued = certificate.issue_many(ws, [json.loads(saga.body) for saga in batch])
    return Done(
        changes={saga.ref: {"certificate": file} for saga, file in zip(batch, issued, strict=True)}
    )


def close(ws: "Workspace", batch: Sequence[Saga]) -> Done:
    """Forget in the register itself who it was about; a part that was on its way ends with the whole."""
    free, spared = _apart(batch)
    now = ws.clock.now()
    if batch[0].scope.whole and free:
        _close_parts(ws, free, now)
    forgotten = {"suppress": None, "traces": None, "closed_at": now}
    return Done(
        changes={
            saga.ref: forgotten
            | {"subject_id": saga.subject_id if saga.subject_id in spared else None}
            for saga in batch
        }
    )


def _close_parts(ws: "Workspace", free: Sequence[Saga], now: Micros) -> None:
    """End the erasures of parts of people who are gone: the certificate of the whole is theirs too."""
    with ws.store.write() as unit:
        connection = unit.connection
        with leaving(connection, _people(free)):
            moving = connection.execute(
                text(
                    f"SELECT ref FROM erasure WHERE {AMONG} AND scope <> 'everything' AND step < :n"
                ),
                {"n": int(Step.CLOSED)},
            ).scalars()
            refs = sorted(moving)
            connection.execute(
                text(
                    "UPDATE erasure SET step = :n, closed_at = coalesce(closed_at, :t), "
                    "suppress = NULL, traces = NULL, certificate = coalesce(certificate, "
                    "(SELECT w.certificate FROM erasure w WHERE w.subject_id = erasure.subject_id "
                    "AND w.scope = 'everything')), subject_id = NULL "
                    f"WHERE {AMONG} AND scope <> 'everything'"
                ),
                {"n": int(Step.CLOSED), "t": now},
            )
        unit.log_all(
            [ws.evidence.entry("erasure.step", request=ref, step=Step.CLOSED.code) for ref in refs]
        )


def masked(items: Iterable[bytes]) -> bytes:
    """Return traces as the row of an erasure keeps them: not byte for byte, else the search finds it."""
    return b"".join(bytes([len(item)]) + _flipped(item) for item in items)


def unmasked(kept: bytes) -> list[bytes]:
    """Return the traces that a row keeps."""
    found, at = [], 0
    while at < len(kept):
        end = at + 1 + kept[at]
        found.append(_flipped(kept[at + 1 : end]))
        at = end
    return found


def _flipped(item: bytes) -> bytes:
    return item.translate(_FLIP)


def _people(batch: Sequence[Saga]) -> list[int]:
    return [saga.subject_id for saga in batch]


def _apart(batch: Sequence[Saga]) -> tuple[list[Saga], dict[int, Micros]]:
    """Return the erasures that take everything, and from when the transactions of the others stay."""
    free = [saga for saga in batch if not saga.held]
    return free, {saga.subject_id: saga.held["since"] for saga in batch if saga.held}


def _all_wait(batch: Sequence[Saga], why: str) -> Done:
    return Done({saga.ref: why for saga in batch})


def _json(value: object) -> str:
    return canonical(value).decode("utf-8")
