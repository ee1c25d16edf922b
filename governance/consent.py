# SPDX-License-Identifier: Apache-2.0
"""The consent ledger: append-only, with its present state as a fold, all in one transaction.

What was said later holds; at the same instant a withdrawal beats, then what was recorded later. A
withdrawal or refusal that names no kind is about every kind. Facts may arrive in any order: what they
touch is folded again from the ledger, so that the fold is the replay. Refuses a consent for a purpose
that was never applied, and one that is dated after the present.
"""

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from pyroaring import BitMap
from sqlalchemy import Connection, text

from audit.clock import Micros
from audit.errors import Problems
from governance.authority import demand
from governance.closing import close_unpermitted
from governance.purpose import purpose_named, purposes
from governance.store import bitmaps
from governance.store.unit import Unit
from policies.document import nearest
from policies.vocabulary import Consent, Kind, State, sufficient

if TYPE_CHECKING:
    from governance.workspace import Workspace

BATCH = 50_000
FEW = 1_000
MAX_CODE = 80

EVERY_KIND = ""

_STATES = frozenset(map(str, State))
_KINDS = frozenset(map(str, Kind))
_SETS = {State.GIVEN: "consent", State.REFUSED: "refused", State.WITHDRAWN: "withdrawn"}


@dataclass(frozen=True, slots=True)
class ConsentFact:
    """What a person said about a purpose, and when. `kind` '' is every kind (not for given)."""

    subject_id: int
    purpose: str
    state: str
    kind: str
    at: Micros
    expires_at: Micros | None = None
    notice: str = ""
    language: str = ""
    surface: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class KindStanding:
    """How one kind of consent stands: given, refused, withdrawn or expired."""

    state: str
    since: Micros
    expires_at: Micros | None
    event_id: int


@dataclass(frozen=True, slots=True)
class ConsentStanding:
    """How consent of one person for one purpose stands at an instant."""

    purpose: str
    at: Micros
    kinds: Mapping[str, KindStanding]

    @property
    def given(self) -> frozenset[str]:
        """Return the kinds that are given and have not expired."""
        return frozenset(kind for kind, said in self.kinds.items() if said.state == State.GIVEN)

    def satisfies(self, need: Consent, youngest: int | None = None) -> bool:
        """Return whether what is given satisfies a need of consent."""
        return need is Consent.NONE or bool(self.given & sufficient(need, youngest))


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One entry of the ledger, as it was recorded."""

    id: int
    purpose: str
    state: str
    kind: str
    at: Micros
    expires_at: Micros | None
    notice: str
    language: str
    surface: str
    source: str
    recorded_at: Micros


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many people stand where, for one purpose and one kind of consent."""

    purpose: str
    kind: str
    given: int
    refused: int
    withdrawn: int
    expired: int
    never: int


def submit(ws: "Workspace", fact: ConsentFact) -> int:
    """Record what one person said, with evidence; return how many assignments that ended."""
    demand(ws, "consent.record")
    with ws.store.write() as unit:
        ended = record(unit, fact, now=ws.evidence.now())
        unit.log(
            ws.evidence.entry(
                "consent.recorded",
                subject_id=fact.subject_id,
                purpose=fact.purpose,
                state=fact.state,
                kind=fact.kind or "all",
                ended=ended,
            )
        )
    return ended


def look_up(ws: "Workspace", subject_id: int, purpose: str, at: Micros) -> ConsentStanding:
    """Return how consent stood at an instant; the look is on record. Raises NotFound."""
    demand(ws, "consent.read")
    with ws.store.write() as unit:
        purpose_named(unit.connection, purpose)
        unit.log(ws.evidence.entry("read.consent", subject_id=subject_id, purpose=purpose))
        return state_at(unit.connection, subject_id, purpose, at)


def look_back(ws: "Workspace", subject_id: int, purpose: str | None = None) -> list[LedgerEntry]:
    """Return what a person said, in order; the look is on record. Raises NotFound."""
    demand(ws, "consent.read")
    with ws.store.write() as unit:
        if purpose is not None:
            purpose_named(unit.connection, purpose)
        unit.log(ws.evidence.entry("read.consent", subject_id=subject_id, purpose=purpose or "all"))
        return history(unit.connection, subject_id, purpose)


def record(unit: Unit, fact: ConsentFact, *, now: Micros | None = None) -> int:
    """Record one fact; return how many assignments ended because no purpose permits them now.

    Raises BadInput `bad-consent` with every problem of the fact.
    """
    return _record(unit, [fact], fact.at if now is None else now, check_now=now is not None)[1]


def record_many(unit: Unit, facts: Iterable[ConsentFact], *, now: Micros | None = None) -> int:
    """Record facts in bulk, in batches, each person's in the order of time; return how many.

    `now` is when they are recorded; without it the latest `at` of a batch stands for it and no fact
    can be too late. Raises BadInput `bad-consent` with the kinds of problems found.
    """
    total, rest = 0, iter(facts)
    while batch := sorted(islice(rest, BATCH), key=lambda fact: (fact.subject_id, fact.at)):
        at = max(fact.at for fact in batch) if now is None else now
        total += _record(unit, batch, at, check_now=now is not None)[0]
    return total


def problem_of(fact: ConsentFact, known: Container[str], now: Micros | None = None) -> str:
    """Return what is wrong with a fact, as one sentence without its values; '' when nothing is."""
    found = ""
    if fact.state not in _STATES:
        found = "the state must be given, refused or withdrawn"
    elif fact.kind not in _KINDS and (fact.kind or fact.state == State.GIVEN):
        found = "the kind must be ordinary, explicit, separate or guardian"
    elif fact.purpose not in known:
        found = "the purpose has not been applied"
    elif now is not None and fact.at > now:
        found = "the consent is dated after the present"
    elif fact.expires_at is not None and fact.state != State.GIVEN:
        found = "only a given consent expires"
    elif fact.expires_at is not None and fact.expires_at <= fact.at:
        found = "the consent expires before it begins"
    elif not _short(fact.notice, fact.language, fact.surface, fact.source):
        found = f"notice, language, surface and source are at most {MAX_CODE} plain characters"
    return found


def _short(*texts: str) -> bool:
    return all(len(item) <= MAX_CODE and item.isprintable() for item in texts if item)


def state_at(connection: Connection, subject_id: int, purpose: str, at: Micros) -> ConsentStanding:
    """Return how consent stood at an instant, replayed from the ledger."""
    rows = connection.execute(
        text(
            "SELECT id, state, kind, at, expires_at FROM consentevent "
            "WHERE subject_id = :s AND purpose = :p AND at <= :at"
        ),
        {"s": subject_id, "p": purpose, "at": at},
    ).all()
    kinds: dict[str, KindStanding] = {}
    known = {row.kind for row in rows} - {EVERY_KIND}
    for row in sorted(rows, key=lambda row: (row.at, row.state == State.WITHDRAWN, row.id)):
        over = row.expires_at is not None and row.expires_at <= at
        said = KindStanding("expired" if over else row.state, row.at, row.expires_at, row.id)
        kinds |= dict.fromkeys(known if row.kind == EVERY_KIND else [row.kind], said)
    return ConsentStanding(purpose, at, kinds)


def history(
    connection: Connection, subject_id: int, purpose: str | None = None
) -> list[LedgerEntry]:
    """Return what a person said, in the order in which it holds."""
    rows = connection.execute(
        text(
            "SELECT id, purpose, state, kind, at, expires_at, notice, language, surface, source, "
            "recorded_at FROM consentevent WHERE subject_id = :s AND (:p IS NULL OR purpose = :p) "
            "ORDER BY at, id"
        ),
        {"s": subject_id, "p": purpose},
    )
    return [LedgerEntry(*row) for row in rows]


def coverage(connection: Connection, at: Micros) -> list[Coverage]:
    """Return, by purpose and kind, how many people gave, refused, withdrew, let expire or never said."""
    universe = connection.execute(text("SELECT count(*) FROM subject")).scalar_one()
    rows = connection.execute(
        text(
            "SELECT purpose, kind, count(*) AS people FROM consentstate "
            "WHERE expires_at <= :at AND state = 'given' GROUP BY purpose, kind"
        ),
        {"at": at},
    )
    expired = {(row.purpose, row.kind): row.people for row in rows}
    found = []
    for purpose in purposes(connection):
        for kind in Kind:
            given, refused, withdrawn = (
                len(bitmaps.members(connection, f"{name}:{purpose}:{kind}"))
                for name in _SETS.values()
            )
            said = given + refused + withdrawn
            over = expired.get((purpose, kind), 0)
            if said:
                found.append(
                    Coverage(
                        purpose, str(kind), given - over, refused, withdrawn, over, universe - said
                    )
                )
    return found


def rebuild(connection: Connection) -> None:
    """Fold the whole ledger again, and write the sets of people from the fold."""
    connection.execute(text("DELETE FROM consentstate"))
    for name in _SETS.values():
        for known in bitmaps.names(connection, f"{name}:"):
            bitmaps.put(connection, known, BitMap())
    for name, people in _people(_fold(connection, 0)).items():
        bitmaps.put(connection, name, people)


def _record(
    unit: Unit, facts: Sequence[ConsentFact], now: Micros, *, check_now: bool
) -> tuple[int, int]:
    connection = unit.connection
    _refuse_bad(connection, facts, now if check_now else None)
    first = _last(connection) + 1
    connection.execute(text(_INSERT), list(_rows(facts, now)))
    folded = _fold(connection, first)
    _mirror(connection, folded)
    stopped = BitMap(row.subject_id for row in folded if row.state != State.GIVEN)
    return len(facts), close_unpermitted(unit, stopped, now, "consent")


def _refuse_bad(connection: Connection, facts: Sequence[ConsentFact], now: Micros | None) -> None:
    known = purposes(connection)
    problems = Problems()
    counts: dict[str, int] = defaultdict(int)
    for fact in facts:
        if found := problem_of(fact, known, now):
            counts[found] += 1
    for sentence, count in counts.items():
        problems.add("bad-consent", sentence if len(facts) == 1 else f"{count} times: {sentence}")
    for key in sorted({fact.purpose for fact in facts} - set(known)):
        hint = nearest(key, known) or "tagwarden purpose apply FILE"
        problems.add("unknown-purpose", "a purpose of these consents is unknown", hint=hint)
    problems.raise_if_any("bad-consent", "what was said cannot be recorded")


_INSERT = (
    "INSERT INTO consentevent (subject_id, purpose, state, kind, at, expires_at, notice, language, "
    "surface, source, recorded_at) VALUES (:subject_id, :purpose, :state, :kind, :at, :expires_at, "
    ":notice, :language, :surface, :source, :recorded_at)"
)


def _rows(facts: Iterable[ConsentFact], now: Micros) -> Iterator[dict[str, Any]]:
    for fact in facts:
        yield {
            "subject_id": fact.subject_id,
            "purpose": fact.purpose,
            "state": str(fact.state),
            "kind": str(fact.kind),
            "at": fact.at,
            "expires_at": fact.expires_at,
            "notice": fact.notice,
            "language": fact.language,
            "surface": fact.surface,
            "source": fact.source,
            "recorded_at": now,
        }


_FOLD = """
WITH pair AS (
  SELECT DISTINCT subject_id, purpose FROM consentevent WHERE id BETWEEN :first AND :last
), said AS (
  SELECT e.subject_id, e.purpose, e.kind, e.state, e.at, e.expires_at, e.id
  FROM pair p CROSS JOIN consentevent e
  WHERE e.subject_id = p.subject_id AND e.purpose = p.purpose
), known AS (
  SELECT DISTINCT subject_id, purpose, kind FROM said WHERE kind <> ''
), ranked AS (
  SELECT k.subject_id, k.purpose, k.kind, s.state, s.at, s.expires_at, s.id,
    row_number() OVER (
      PARTITION BY k.subject_id, k.purpose, k.kind
      ORDER BY s.at DESC, CASE WHEN s.state = 'withdrawn' THEN 0 ELSE 1 END, s.id DESC
    ) AS place
  FROM known k JOIN said s
    ON s.subject_id = k.subject_id AND s.purpose = k.purpose AND (s.kind = k.kind OR s.kind = '')
)
INSERT INTO consentstate (subject_id, purpose, kind, state, at, expires_at, event_id)
SELECT subject_id, purpose, kind, state, at, expires_at, id FROM ranked WHERE place = 1
ON CONFLICT (subject_id, purpose, kind) DO UPDATE SET
  state = excluded.state, at = excluded.at, expires_at = excluded.expires_at,
  event_id = excluded.event_id
RETURNING subject_id, purpose, kind, state
"""


def _last(connection: Connection) -> int:
    return int(
        connection.execute(text("SELECT coalesce(max(id), 0) FROM consentevent")).scalar_one()
    )


def _fold(connection: Connection, first: int) -> Sequence[Any]:
    """Fold the ledger of everybody who is in it from `first` on; return their states."""
    span = {"first": first, "last": _last(connection)}  # both ends: the planner takes the row ids
    return connection.execute(text(_FOLD), span).all()


def _people(folded: Iterable[Any]) -> dict[str, BitMap]:
    """Return the people of folded states by the name of their set."""
    found: dict[str, list[int]] = defaultdict(list)
    for row in folded:
        found[f"{_SETS[row.state]}:{row.purpose}:{row.kind}"].append(row.subject_id)
    return {name: BitMap(people) for name, people in found.items()}


def _mirror(connection: Connection, folded: Sequence[Any]) -> None:
    """Let the sets of people say what the folded states say."""
    if len(folded) <= FEW:
        changes = [
            (f"{name}:{row.purpose}:{row.kind}", row.subject_id, row.state == state)
            for row in folded
            for state, name in _SETS.items()
        ]
        bitmaps.change(connection, changes)
        return
    now = _people(folded)
    for purpose, kind in {(row.purpose, row.kind) for row in folded}:
        sets = [f"{name}:{purpose}:{kind}" for name in _SETS.values()]
        touched = BitMap.union(*(now.get(name, BitMap()) for name in sets))
        for name in sets:
            held = bitmaps.members(connection, name)
            bitmaps.put(connection, name, (held - touched) | now.get(name, BitMap()))
