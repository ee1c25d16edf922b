# SPDX-License-Identifier: Apache-2.0
"""Begins an erasure from a fresh preview, and cancels one that has not been committed.

From its beginning nothing of the person is used: they are restricted. What the saga needs later is
computed now, while the keys are there: the identity itself is not kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from audit.clock import HOUR, Micros
from audit.errors import BadInput, Conflict, NotFound
from governance import choice
from governance.authority import demand
from governance.choice import ChoiceFact
from governance.erasure import part
from governance.erasure.leaving import AMONG, leaving
from governance.erasure.preview import Preview, previews, require_fresh
from governance.erasure.scope import check
from governance.erasure.step import Step
from governance.store.unit import Unit
from policies.vocabulary import Choice

if TYPE_CHECKING:
    from governance.workspace import Workspace

SOURCE = "erasure"


@dataclass(frozen=True, slots=True)
class Wanted:
    """An erasure that is to begin: the number of the request, and the preview that was approved."""

    ref: str
    preview: Preview


def begin(unit: Unit, ws: "Workspace", ref: str, subject_id: int, preview: Preview) -> None:
    """Begin one erasure in a transaction of the caller's, with its evidence.

    Raises Conflict `preview-stale`, `erasure-under-way`; BadInput; NotFound `subject-unknown`.
    """
    if preview.subject_id != subject_id:
        raise BadInput("preview-of-another", "the preview is about another person")
    begin_many(unit, ws, [Wanted(ref, preview)])


def begin_many(unit: Unit, ws: "Workspace", wanted: Sequence[Wanted]) -> None:
    """Begin erasures of one scope of many people, all or none; as `begin`."""
    if not wanted:
        return
    scope = wanted[0].preview.scope
    if any(item.preview.scope != scope for item in wanted):
        raise BadInput("scopes-differ", "a batch of erasures has one scope")
    people = [item.preview.subject_id for item in wanted]
    if len(set(people)) < len(people):
        raise BadInput("person-twice", "a batch of erasures names nobody twice")
    connection = unit.connection
    check(connection, scope)
    restricted = _refuse_unfit(connection, people)
    now_there = previews(ws, connection, people, scope)
    for item in wanted:
        require_fresh(ws, item.preview, now_there[item.preview.subject_id])
    now = ws.evidence.now()
    _insert(unit, ws, wanted, restricted=restricted, now=now)
    if scope.whole:
        fresh = [i for i in people if i not in restricted]
        facts = [ChoiceFact(i, Choice.RESTRICT, "", True, now, SOURCE) for i in fresh]
        choice.record_many(unit, facts, now=now)
    for item in wanted:
        if not scope.whole:
            part.protect(unit, item.preview.subject_id, scope, item.ref, now)
    unit.log_all(
        [
            ws.evidence.entry(
                "erasure.begun",
                subject_id=item.preview.subject_id,
                request=item.ref,
                scope=scope.kind,
                target=scope.target or "all",
                preview=item.preview.digest,
            )
            for item in wanted
        ]
    )


def _refuse_unfit(connection: Connection, people: Sequence[int]) -> set[int]:
    """Return who of the people is restricted; raises when one is unknown or is being erased."""
    with leaving(connection, people):
        there = connection.execute(text(f"SELECT count(*) FROM subject WHERE {AMONG}")).scalar_one()
        if there < len(people):
            raise NotFound("subject-unknown", "there is no such person here")
        busy = connection.execute(
            text(
                f"SELECT 1 FROM erasure WHERE {AMONG} AND step > 0 AND scope = 'everything' LIMIT 1"
            )
        ).first()
        if busy is not None:
            raise under_way()
        rows = connection.execute(
            text(f"SELECT subject_id FROM choicestate WHERE {AMONG} AND kind = :k"),
            {"k": str(Choice.RESTRICT)},
        )
        return {row.subject_id for row in rows}


def _insert(
    unit: Unit,
    ws: "Workspace",
    wanted: Sequence[Wanted],
    *,
    restricted: set[int],
    now: Micros,
) -> None:
    scope = wanted[0].preview.scope
    grace = ws.settings.number("erasure.grace_hours") * HOUR if scope.whole else 0
    tags: Mapping[int, Sequence[bytes]] = (
        ws.people.suppression([item.preview.subject_id for item in wanted]) if scope.whole else {}
    )
    rows: list[dict[str, Any]] = [
        {
            "ref": item.ref,
            "s": item.preview.subject_id,
            "scope": scope.kind,
            "target": scope.target,
            "step": int(Step.RESTRICTED),
            "r": scope.whole and item.preview.subject_id not in restricted,
            "tags": b"".join(tags.get(item.preview.subject_id, ())),
            "now": now,
            "until": now + grace,
        }
        for item in wanted
    ]
    try:
        unit.connection.execute(
            text(
                "INSERT INTO erasure (ref, subject_id, scope, target, step, restricted, suppress, "
                "begun_at, grace_until) "
                "VALUES (:ref, :s, :scope, :target, :step, :r, :tags, :now, :until)"
            ),
            rows,
        )
    except IntegrityError:
        raise Conflict("erasure-exists", "an erasure of this request has begun before") from None


def cancel(ws: "Workspace", ref: str) -> None:
    """Cancel an erasure that is not committed: what it had restricted, blocked or objected to is free again.

    Tags that a block had ended come back with the next run. Raises NotFound `unknown-erasure`, Conflict `erasure-committed` when it cannot go back.
    """
    demand(ws, "erasure.cancel")
    with ws.exclusive("erasure cancel"), ws.store.write() as unit:
        cancel_in(ws, unit, ref)


def cancel_in(ws: "Workspace", unit: Unit, ref: str) -> None:
    """Cancel an erasure in a transaction of the caller's, who holds the lock of long work; as `cancel`."""
    row = unit.connection.execute(
        text("SELECT subject_id, step, restricted, begun_at FROM erasure WHERE ref = :r"),
        {"r": ref},
    ).one_or_none()
    if row is None:
        raise unknown()
    if row.step != Step.RESTRICTED:
        raise Conflict(
            "erasure-committed",
            "this erasure has been cancelled or committed: it does not go back",
            hint="tagwarden erasure list",
        )
    now = Micros(
        max(ws.evidence.now(), row.begun_at + 1)
    )  # at the same instant, what protects holds
    if row.restricted:
        lifted = ChoiceFact(row.subject_id, Choice.RESTRICT, "", False, now, SOURCE)
        choice.record(unit, lifted, now=now)
    part.release(unit, row.subject_id, ref, now)
    unit.connection.execute(
        text(
            "UPDATE erasure SET step = :n, subject_id = NULL, suppress = NULL, closed_at = :t "
            "WHERE ref = :r"
        ),
        {"n": int(Step.CANCELLED), "t": now, "r": ref},
    )
    unit.log(ws.evidence.entry("erasure.cancelled", subject_id=row.subject_id, request=ref))


def refuse_leaving(connection: Connection, subject_id: int) -> None:
    """Return unless a person is being erased; raises Conflict `erasure-under-way`."""
    found = connection.execute(
        text("SELECT 1 FROM erasure WHERE subject_id = :s AND step > 0 AND scope = 'everything'"),
        {"s": subject_id},
    ).first()
    if found is not None:
        raise under_way()


def under_way() -> Conflict:
    """Return the fault for whoever would add something about a person who is being erased."""
    return Conflict(
        "erasure-under-way",
        "this person is being erased: nothing is added about them",
        hint="tagwarden erasure list",
    )


def unknown() -> NotFound:
    """Return the fault for a number that no erasure has."""
    return NotFound("unknown-erasure", "there is no such erasure", hint="tagwarden erasure list")
