# SPDX-License-Identifier: Apache-2.0
"""Rolls erasures forward, all that stand at the same step together: the step, then its evidence.

An erasure moves in one transaction with its entry, after its step has been done; a kill in between
repeats the step, and every step may be repeated. The lock of long work is held: no run and no intake
brings back what goes.
"""

import json
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import text

from audit.clock import Micros
from audit.errors import Conflict
from governance import holds
from governance.authority import demand
from governance.erasure import kept, resuming, steps, unkeyed
from governance.erasure.begin import unknown
from governance.erasure.scope import Scope
from governance.erasure.step import Step
from governance.erasure.steps import Change, Done, Saga

if TYPE_CHECKING:
    from governance.workspace import Workspace

BATCH: Final = 10_000
WHOLE: Final = tuple(Step)[1:]
PART: Final = (
    Step.RESTRICTED,
    Step.COMMITTED,
    Step.DATA_DELETED,
    Step.CHECKED,
    Step.CERTIFIED,
    Step.CLOSED,
)
"""A part needs no key destroyed and nobody suppressed, and no event goes."""

_WORK: Final[Mapping[Step, Callable[["Workspace", Sequence[Saga]], Done]]] = {
    Step.COMMITTED: steps.commit,
    Step.SUPPRESSED: steps.suppress,
    Step.KEYS_DESTROYED: steps.destroy_keys,
    Step.DATA_DELETED: steps.delete_rows,
    Step.DERIVED_PURGED: steps.purge_files,
    Step.CHECKED: steps.check,
    Step.CERTIFIED: steps.certify,
    Step.CLOSED: steps.close,
}

Told = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an erasure has come, and why it does not go on (`governance.erasure.words.WAITING`)."""

    ref: str
    scope: Scope
    step: Step
    begun_at: Micros
    grace_until: Micros
    closed_at: Micros | None
    waiting: str = ""
    held: bool = False
    """Whether a hold keeps something: what is closed is not the end of it."""


def carry_on(
    ws: "Workspace", ref: str | None = None, *, progress: Told = lambda _done, _total: None
) -> list[Progress]:
    """Roll every erasure (or one) forward as far as it goes; returns how far each has come.

    Without a number, what a hold had kept goes when the hold is over; what outlived its people is
    removed, and ledgers whose time is over. Raises
    NotFound `unknown-erasure`, Conflict `workspace-busy`, Refused `overwriting-off` or `not-permitted`.
    """
    demand(ws, "erasure.run")
    waiting: dict[str, str] = {}
    with ws.exclusive("erasure"):
        if ref is None:
            resuming.resume(ws)
        mine = [item.ref for item in sagas(ws, ref)]
        targets = tuple(Step)[2:]
        for number, target in enumerate(targets):
            for chain in (WHOLE, PART):
                if target in chain:
                    before = chain[chain.index(target) - 1]
                    waiting |= _advance(ws, before, target, ref, whole=chain is WHOLE)
            progress(number + 1, len(targets))
        if ref is None:
            unkeyed.sweep(ws)
            kept.sweep(ws)
    found = {item.ref: item for item in sagas(ws, ref)}
    return [_why(found[one], waiting.get(one, "")) for one in mine if one in found]


def sagas(ws: "Workspace", ref: str | None = None) -> list[Progress]:
    """Return how far every erasure (or one) has come, the newest first; raises NotFound."""
    query = (
        "SELECT ref, subject_id, scope, target, step, begun_at, grace_until, closed_at, held "
        "FROM erasure "
    )
    with ws.store.read() as connection:
        rows = connection.execute(
            text(query + ("WHERE ref = :r " if ref else "") + "ORDER BY begun_at DESC, ref"),
            {"r": ref} if ref else {},
        ).all()
        if ref and not rows:
            raise unknown()
        now = ws.clock.now()
        stopped = holds.stopped(connection, now)
    return [
        Progress(
            row.ref,
            Scope(row.scope, row.target),
            Step(row.step),
            row.begun_at,
            row.grace_until,
            row.closed_at,
            _waits(row, now, stopped),
            bool(row.held),
        )
        for row in rows
    ]


def _waits(row: Any, now: Micros, stopped: Container[int]) -> str:
    if row.step != Step.RESTRICTED:
        return ""
    if row.grace_until > now:
        return "grace"
    return "hold" if row.subject_id in stopped else ""


def certificate_of(ws: "Workspace", ref: str) -> bytes:
    """Return the certificate of an erasure; raises NotFound `unknown-erasure`, Conflict `not-certified`."""
    demand(ws, "erasure.run")
    with ws.store.read() as connection:
        row = connection.execute(
            text("SELECT certificate FROM erasure WHERE ref = :r"), {"r": ref}
        ).one_or_none()
    if row is None:
        raise unknown()
    if row.certificate is None:
        raise Conflict(
            "not-certified",
            "this erasure is not finished: there is no certificate yet",
            hint="tagwarden erasure run",
        )
    return bytes(row.certificate)


def _why(item: Progress, waiting: str) -> Progress:
    return replace(item, waiting=waiting or item.waiting)


def _advance(
    ws: "Workspace", before: Step, target: Step, ref: str | None, *, whole: bool
) -> dict[str, str]:
    """Bring all erasures that have come to one step to the next; returns why some stay."""
    waiting: dict[str, str] = {}
    for batch in _batches(ws, before, ref, whole=whole):
        done = _WORK[target](ws, batch)
        waiting |= done.waiting
        moving = [saga for saga in batch if saga.ref not in done.waiting]
        if moving:
            _move(ws, moving, before, target, done.changes)
    return waiting


def _batches(ws: "Workspace", step: Step, ref: str | None, *, whole: bool) -> Iterator[list[Saga]]:
    """Yield the erasures at a step whose grace is over; those of parts by scope, for they differ."""
    with ws.store.read() as connection:
        rows = connection.execute(
            text(
                "SELECT * FROM erasure WHERE step = :n "
                f"AND scope {'=' if whole else '<>'} 'everything' "
                "AND (step > 1 OR grace_until <= :now) "
                f"{'AND ref = :r ' if ref else ''}ORDER BY scope, target, ref"
            ),
            {"n": int(step), "now": ws.clock.now()} | ({"r": ref} if ref else {}),
        ).all()
    found = [_saga(row) for row in rows]
    start = 0
    while start < len(found):
        scope = found[start].scope
        end = start
        while end < len(found) and found[end].scope == scope and end - start < BATCH:
            end += 1
        yield found[start:end]
        start = end


def _saga(row: Any) -> Saga:
    return Saga(
        ref=row.ref,
        subject_id=row.subject_id,
        scope=Scope(row.scope, row.target),
        suppress=bytes(row.suppress or b""),
        traces=bytes(row.traces or b""),
        begun_at=row.begun_at,
        committed_at=row.committed_at,
        counts=json.loads(row.counts),
        keys=json.loads(row.keys),
        held=json.loads(row.held or "{}"),
        body=row.body,
    )


def _move(
    ws: "Workspace",
    moving: Sequence[Saga],
    before: Step,
    target: Step,
    changes: Mapping[str, Change],
) -> None:
    """Move erasures a step on, with an entry for each; raises Conflict when one has moved already."""
    columns = sorted({name for change in changes.values() for name in change})
    setting = "".join(f", {name} = :{name}" for name in columns)
    rows = [
        {"r": saga.ref, "n": int(target), "b": int(before)}
        | {name: changes[saga.ref][name] for name in columns}
        for saga in moving
    ]
    act = "erasure.committed" if target is Step.COMMITTED else "erasure.step"
    with ws.store.write() as unit:
        moved = unit.connection.execute(
            text(f"UPDATE erasure SET step = :n{setting} WHERE ref = :r AND step = :b"), rows
        ).rowcount
        if moved != len(rows):
            raise Conflict("erasure-moved", "another process has carried this erasure on")
        if target is Step.COMMITTED:
            steps.settle(ws, unit, moving, changes)
        unit.log_all(
            [ws.evidence.entry(act, request=saga.ref, step=target.code) for saga in moving]
        )
