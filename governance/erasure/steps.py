# SPDX-License-Identifier: Apache-2.0
"""What each step of an erasure does, for many people at once. Each may be done again without harm."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import text

from audit.canon import canonical
from audit.clock import Micros
from governance.erasure import aside, certificate, certified, checker, disk, events, part, rows
from governance.erasure.leaving import AMONG, leaving
from governance.erasure.preview import whole
from governance.erasure.scope import Scope
from governance.registry import PLACES
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
    body: str


@dataclass(frozen=True, slots=True)
class Done:
    """What a step came to: which erasures stay, and why; what is noted in the rows of the others."""

    waiting: Mapping[str, str] = field(default_factory=dict)
    changes: Mapping[str, Change] = field(default_factory=dict)


def commit(ws: "Workspace", batch: Sequence[Saga]) -> Done:
    """Count what will go, for the last time; note who is not to be admitted again."""
    people, scope, now = _people(batch), batch[0].scope, ws.evidence.now()
    disk.require_overwriting(ws.store)
    with ws.store.read() as connection:
        found = (
            whole(ws, connection, people)
            if scope.whole
            else part.counted(ws, connection, people, scope)
        )
    tags = ws.people.suppression(people) if scope.whole else {}
    return Done(
        changes={
            saga.ref: {
                "committed_at": now,
                "suppress": b"".join(tags.get(saga.subject_id, ())) or saga.suppress,
                "counts": _json(
                    {
                        place.code: count
                        for place in PLACES
                        if (count := found.get(place.code, {}).get(saga.subject_id))
                    }
                ),
            }
            for saga in batch
        }
    )


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
    people = _people(batch)
    _note_keys(ws, batch, people)
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


def _seals(ws: "Workspace", people: Sequence[int]) -> Mapping[int, list[bytes]]:
    """Return person -> the last 16 bytes of each of their sealed cells: the seal itself."""
    found: dict[int, list[bytes]] = {}
    with ws.store.read() as connection, leaving(connection, people):
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
    people, scope = _people(batch), batch[0].scope
    disk.require_overwriting(ws.store)
    with ws.store.write() as unit:
        if scope.whole:
            rows.erase(unit, people, kept_until=certified.kept_until(ws, ws.clock.now()))
        else:
            part.erase(ws, unit, people, scope)
    return Done() if disk.settle(ws.store) else _all_wait(batch, "reader")


def purge_files(ws: "Workspace", batch: Sequence[Saga]) -> Done:
    """Write the lake and the quarantine anew without these people; leave no work file."""
    events.erase(ws, _people(batch))
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
        return checker.search(ws, {saga.subject_id: unmasked(saga.traces) for saga in batch})
    return checker.search_part(ws, _people(batch), batch[0].scope)


def certify(ws: "Workspace", batch: Sequence[Saga]) -> Done:
    """Issue the certificates, all under one checkpoint of the log."""
    issued = certificate.issue_many(ws, [json.loads(saga.body) for saga in batch])
    return Done(
        changes={saga.ref: {"certificate": file} for saga, file in zip(batch, issued, strict=True)}
    )


def close(ws: "Workspace", batch: Sequence[Saga]) -> Done:
    """Forget in the register itself who it was about."""
    people = [{"s": saga.subject_id} for saga in batch]
    if batch[0].scope.whole:
        with ws.store.write() as unit:
            unit.connection.execute(
                text(
                    "UPDATE erasure SET subject_id = NULL WHERE subject_id = :s "
                    "AND scope <> 'everything'"
                ),
                people,
            )
    now = ws.clock.now()
    forgotten = {"subject_id": None, "suppress": None, "traces": None, "closed_at": now}
    return Done(changes={saga.ref: forgotten for saga in batch})


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


def _all_wait(batch: Sequence[Saga], why: str) -> Done:
    return Done({saga.ref: why for saga in batch})


def _json(value: object) -> str:
    return canonical(value).decode("utf-8")
