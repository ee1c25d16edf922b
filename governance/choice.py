# SPDX-License-Identifier: Apache-2.0
"""What people decide about the use of their data: object, restrict, opt out, limit, block, contest.

Append-only, with the choices in force as a fold; the sets of people that the gate reads move in the
same transaction, so that a choice holds at the next read. At the same instant the protecting choice
beats. A deleted tag is also blocked: no run, import or backfill brings it back (CN-ALGO-17-2).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyroaring import BitMap
from sqlalchemy import Connection, text

from audit.clock import Micros
from audit.errors import NotFound, Problems
from governance.authority import demand
from governance.closing import close_tag, close_unpermitted
from governance.purpose import purpose_named
from governance.requirement import STOPS
from governance.store import bitmaps
from governance.store.unit import Unit
from policies.document import nearest
from policies.vocabulary import Choice

if TYPE_CHECKING:
    from governance.workspace import Workspace

MAX_CODE = 80
ENDED_BY = "choice"

_TARGETED = {Choice.OBJECT, Choice.BLOCK, Choice.CONTEST}
_OF_TAGS = {Choice.BLOCK, Choice.CONTEST}
_SETS = {
    Choice.OBJECT: "object:",
    Choice.RESTRICT: "restricted",
    Choice.BLOCK: "block:",
    Choice.CONTEST: "contest:",
    Choice.DEPERSONALISE: "depersonalised",
    **{choice: stop.people for choice, stop in STOPS.items()},
}


@dataclass(frozen=True, slots=True)
class ChoiceFact:
    """What a person decided, and when. `target` is a purpose (object), a tag (block-tag, contest-tag), or ''."""

    subject_id: int
    kind: str
    target: str
    active: bool
    at: Micros
    source: str = ""


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One entry of the ledger of choices, as it was recorded."""

    kind: str
    target: str
    active: bool
    at: Micros
    source: str
    recorded_at: Micros


@dataclass(frozen=True, slots=True)
class InForce:
    """A choice that is in force."""

    kind: str
    target: str
    since: Micros


def submit(ws: "Workspace", fact: ChoiceFact) -> int:
    """Record what one person decided, with evidence; return how many assignments that ended.

    Raises NotFound for a purpose or tag that is not there.
    """
    demand(ws, "choice.record")
    with ws.store.write() as unit:
        return submit_in(ws, unit, fact)


def submit_in(ws: "Workspace", unit: Unit, fact: ChoiceFact) -> int:
    """Record what one person decided in a transaction of the caller's; as `submit`."""
    check_target(unit.connection, fact)
    ended = record(unit, fact, now=ws.evidence.now())
    unit.log(entry(ws, fact, ended))
    return ended


def entry(ws: "Workspace", fact: ChoiceFact, ended: int) -> bytes:
    """Return the evidence of a choice; after a restore it is done again from it."""
    return ws.evidence.entry(
        "choice.recorded",
        subject_id=fact.subject_id,
        kind=str(fact.kind),
        target=fact.target or "all",
        active=fact.active,
        ended=ended,
    )


def record(unit: Unit, fact: ChoiceFact, *, now: Micros) -> int:
    """Record one choice; return how many assignments ended because of it.

    Raises BadInput `bad-choice`.
    """
    return record_many(unit, [fact], now=now)


def record_many(unit: Unit, facts: Sequence[ChoiceFact], *, now: Micros) -> int:
    """Record choices in bulk; return how many assignments ended. Raises BadInput `bad-choice`."""
    if not facts:
        return 0
    _refuse_bad(facts, now)
    connection = unit.connection
    first = _last(connection) + 1
    connection.execute(
        text(
            "INSERT INTO choiceevent (subject_id, kind, target, active, at, source, recorded_at) "
            "VALUES (:s, :k, :t, :a, :at, :src, :now)"
        ),
        [
            {
                "s": fact.subject_id,
                "k": str(fact.kind),
                "t": fact.target,
                "a": fact.active,
                "at": fact.at,
                "src": fact.source,
                "now": now,
            }
            for fact in sorted(facts, key=lambda fact: fact.at)
        ],
    )
    folded = _fold(connection, first)
    _settle(connection, folded)
    return _end(unit, [row for row in folded if row.active], now)


def look_up(ws: "Workspace", subject_id: int) -> list[InForce]:
    """Return the choices of a person that are in force now; the look is on record."""
    demand(ws, "choice.read")
    with ws.store.write() as unit:
        unit.log(ws.evidence.entry("read.subject", subject_id=subject_id, what="choices"))
        return choices(unit.connection, subject_id)


def choices(connection: Connection, subject_id: int) -> list[InForce]:
    """Return the choices of a person that are in force now."""
    rows = connection.execute(
        text(
            "SELECT kind, target, at FROM choicestate WHERE subject_id = :s ORDER BY kind, target"
        ),
        {"s": subject_id},
    )
    return [InForce(row.kind, row.target, row.at) for row in rows]


def history(connection: Connection, subject_id: int) -> list[LedgerEntry]:
    """Return everything that a person decided, in the order in which it holds."""
    rows = connection.execute(
        text(
            "SELECT kind, target, active, at, source, recorded_at FROM choiceevent "
            "WHERE subject_id = :s ORDER BY at, id"
        ),
        {"s": subject_id},
    )
    return [
        LedgerEntry(row.kind, row.target, bool(row.active), row.at, row.source, row.recorded_at)
        for row in rows
    ]


def rebuild(connection: Connection) -> None:
    """Fold the whole ledger again, and write the sets of people from the fold."""
    connection.execute(text("DELETE FROM choicestate"))
    for name in _SETS.values():
        for known in bitmaps.names(connection, name):
            bitmaps.put(connection, known, BitMap())
    _settle(connection, _fold(connection, 0))


_FOLD = """
WITH said AS (
  SELECT DISTINCT subject_id, kind, target FROM choiceevent
  WHERE id BETWEEN :first AND :last
), ranked AS (
  SELECT e.subject_id, e.kind, e.target, e.active, e.at, e.id,
    row_number() OVER (
      PARTITION BY e.subject_id, e.kind, e.target
      ORDER BY e.at DESC, CASE WHEN e.active THEN 0 ELSE 1 END, e.id DESC
    ) AS place
  FROM said s JOIN choiceevent e
    ON e.subject_id = s.subject_id AND e.kind = s.kind AND e.target = s.target
)
SELECT subject_id, kind, target, active, at, id FROM ranked WHERE place = 1
"""


def _last(connection: Connection) -> int:
    return int(
        connection.execute(text("SELECT coalesce(max(id), 0) FROM choiceevent")).scalar_one()
    )


def _fold(connection: Connection, first: int) -> Sequence[Any]:
    """Return how the choices of everybody who is in the ledger from `first` on stand."""
    span = {"first": first, "last": _last(connection)}  # both ends: the planner takes the row ids
    return connection.execute(text(_FOLD), span).all()


def _settle(connection: Connection, folded: Sequence[Any]) -> None:
    """Write the choices in force, and the sets of people that mirror them."""
    gone = [{"s": r.subject_id, "k": r.kind, "t": r.target} for r in folded if not r.active]
    held = [
        {"s": r.subject_id, "k": r.kind, "t": r.target, "at": r.at, "id": r.id}
        for r in folded
        if r.active
    ]
    if gone:
        connection.execute(
            text("DELETE FROM choicestate WHERE subject_id = :s AND kind = :k AND target = :t"),
            gone,
        )
    if held:
        connection.execute(
            text(
                "INSERT INTO choicestate (subject_id, kind, target, at, event_id) "
                "VALUES (:s, :k, :t, :at, :id) ON CONFLICT (subject_id, kind, target) "
                "DO UPDATE SET at = excluded.at, event_id = excluded.event_id"
            ),
            held,
        )
    bitmaps.change(
        connection,
        [(_SETS[Choice(r.kind)] + r.target, r.subject_id, bool(r.active)) for r in folded],
    )


def _end(unit: Unit, held: Iterable[Any], now: Micros) -> int:
    """End what the choices in force leave no ground for: blocked tags, objected purposes."""
    ended = 0
    objecting = BitMap()
    for row in held:
        if row.kind == Choice.BLOCK:
            ended += close_tag(unit, row.subject_id, row.target, now, ENDED_BY)
        elif row.kind == Choice.OBJECT:
            objecting.add(row.subject_id)
    return ended + close_unpermitted(unit, objecting, now, ENDED_BY)


def _refuse_bad(facts: Sequence[ChoiceFact], now: Micros) -> None:
    problems = Problems()
    for fact in facts:
        if found := problem_of(fact, now):
            problems.add("bad-choice", found)
    problems.raise_if_any("bad-choice", "what was decided cannot be recorded")


def problem_of(fact: ChoiceFact, now: Micros) -> str:
    """Return what is wrong with a choice, as one sentence without its values; '' when nothing is."""
    known = fact.kind in set(Choice)
    checks = {
        "the kind of choice is unknown": known,
        "an objection names a purpose, a block and a contest name a tag, nothing else does": not known
        or (Choice(fact.kind) in _TARGETED) == bool(fact.target),
        "the choice is dated after the present": fact.at <= now,
        f"target and source are codes of at most {MAX_CODE} characters": all(
            len(item) <= MAX_CODE and item.isprintable() for item in (fact.target, fact.source)
        ),
    }
    return next((sentence for sentence, holds in checks.items() if not holds), "")


def check_target(connection: Connection, fact: ChoiceFact) -> None:
    """Raise NotFound when a choice is about a purpose or tag that is not there."""
    if fact.kind == Choice.OBJECT:
        purpose_named(connection, fact.target)
    if fact.kind in _OF_TAGS and fact.active:
        rows = connection.execute(text("SELECT DISTINCT key FROM definition ORDER BY key"))
        known = [row.key for row in rows]
        if fact.target not in known:
            hint = nearest(fact.target, known) or "tagwarden tag list"
            raise NotFound("unknown-tag", f'there is no tag "{fact.target}"', hint=hint)
