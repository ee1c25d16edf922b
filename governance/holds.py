# SPDX-License-Identifier: Apache-2.0
"""Legal holds: what must not be erased of a person, on which ground, until which day.

A hold is in force at once, for it protects evidence; it lapses when nobody else confirms it within
seven days. No hold is without a last day. Only a data protection officer who did not place it lifts it.
What a law orders for everybody (`terms`) is placed by the erasure itself, and no officer lifts it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, text

from audit.clock import DAY, Micros, from_micros
from audit.errors import BadInput, Conflict, NotFound, Refused
from audit.ids import new_id
from governance.authority import demand
from policies.document import nearest
from tagging.finding import Text

if TYPE_CHECKING:
    from governance.settings import Settings
    from governance.workspace import Workspace

EVERYTHING: Final = "everything"
TRANSACTIONS: Final = "transactions"
CONFIRM_DAYS: Final = 7


@dataclass(frozen=True, slots=True)
class Ground:
    """Why something is kept, in words, with its articles."""

    text: Text
    articles: tuple[str, ...]
    by_law: bool = False
    """Whether the law places it by itself; else officers do."""


GROUNDS: Final[Mapping[str, Ground]] = {
    "legal-claims": Ground(
        Text("legal claims are made, or are to be met", "提出、行使或抗辩法律请求"),
        ("GDPR Art. 17(3)(e)", "Civ. Code 1798.145(a)"),
    ),
    "legal-obligation": Ground(
        Text("a law orders that it be kept", "履行法定保存义务"),
        ("GDPR Art. 17(3)(b)", "PIPL Art. 47(2)", "Civ. Code 1798.105(d)(8)"),
    ),
    "authority-order": Ground(
        Text("an authority or a court has ordered it", "主管机关或法院命令"),
        ("GDPR Art. 17(3)(b)", "PIPL Art. 47(2)", "Civ. Code 1798.145(a)"),
    ),
    "platform-transactions": Ground(
        Text(
            "a platform keeps information on transactions for three years after their completion",
            "电子商务平台须自交易完成之日起保存交易信息不少于三年",
        ),
        ("E-Commerce Law Art. 31", "PIPL Art. 47(2)"),
        by_law=True,
    ),
    "tax-records": Ground(
        Text("tax law orders that transactions be kept", "税法要求保存交易记录"),
        ("GDPR Art. 17(3)(b)", "PIPL Art. 47(2)", "Civ. Code 1798.105(d)(8)"),
        by_law=True,
    ),
}
CATEGORIES: Final = {
    EVERYTHING: Text("everything", "全部数据"),
    TRANSACTIONS: Text(
        "purchases, returns, cancellations and their corrections", "购买、退货、取消及更正记录"
    ),
}
STATES: Final = {
    "unconfirmed": Text("in force, not confirmed", "生效，待确认"),
    "in-force": Text("in force", "生效"),
    "lapsed": Text("lapsed: nobody confirmed it", "因无人确认而失效"),
    "over": Text("its last day is over", "已到期"),
    "lifted": Text("lifted", "已解除"),
}


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold as it is on record, and how it stands."""

    id: str
    subject_id: int
    category: str
    ground: str
    until: date
    placed_by: str
    placed_at: Micros
    confirmed_by: str
    lifted_by: str
    state: str
    """A key of STATES."""

    @property
    def holds(self) -> bool:
        """Whether it is in force."""
        return self.state in ("unconfirmed", "in-force")


@dataclass(frozen=True, slots=True)
class Term:
    """For how long a law keeps transactions of everybody."""

    ground: str
    months: int


def terms(settings: "Settings", regime: str) -> tuple[Term, ...]:
    """Return for how long the law keeps transactions of people of a regime (cn.years3_keep; tax law)."""
    found = []
    if regime == "pipl_cn" and settings.text("policy.role") == "online_platform":
        found.append(Term("platform-transactions", _platform_months()))
    if years := settings.number("retention.transactions_years"):
        found.append(Term("tax-records", 12 * years))
    return tuple(found)


def _platform_months() -> int:
    from policies.periods import clock_rule  # noqa: PLC0415  (calendars only where days are counted)

    return clock_rule("cn.years3_keep").due.months or 0


def place(ws: "Workspace", subject_id: int, category: str, ground: str, until: date) -> Hold:
    """Place a hold; it is in force now, and lapses after seven days unless somebody else confirms it.

    Raises BadInput `unknown-hold-category`, `unknown-hold-ground`, `bad-hold-day`; NotFound
    `subject-unknown`; Conflict `erasure-committed` when it comes too late.
    """
    demand(ws, "hold.place")
    now = ws.evidence.now()
    _check(ws, category, ground, until, now)
    with ws.store.write() as unit:
        _refuse_gone(unit.connection, subject_id)
        found = Hold(
            new_id(ws.ids, "hd"),
            subject_id,
            category,
            ground,
            until,
            ws.actor.ref,
            now,
            "",
            "",
            "unconfirmed",
        )
        insert(unit.connection, [found])
        entry = ws.evidence.entry(
            "hold.placed",
            subject_id=subject_id,
            hold=found.id,
            category=category,
            ground=ground,
            until=until.isoformat(),
        )
        unit.log(entry)
    return found


def confirm(ws: "Workspace", name: str) -> Hold:
    """Confirm a hold that somebody else placed: it holds until its last day.

    Raises NotFound `unknown-hold`, Conflict `hold-over` or `hold-confirmed`, Refused `same-person`.
    """
    demand(ws, "hold.confirm")
    with ws.store.write() as unit:
        found = _load(ws, unit.connection, name)
        _refuse_over(found)
        if found.state == "in-force":
            raise Conflict("hold-confirmed", "this hold is confirmed already")
        _refuse_own(ws, found, "confirms")
        put(unit.connection, name, "confirmed", ws.actor.ref, ws.evidence.now())
        unit.log(ws.evidence.entry("hold.confirmed", subject_id=found.subject_id, hold=name))
        return _load(ws, unit.connection, name)


def lift(ws: "Workspace", name: str) -> Hold:
    """Lift a hold that somebody else placed; what waited for it goes on with the next sweep.

    Raises NotFound `unknown-hold`, Conflict `hold-over`, Refused `same-person`, `hold-of-law`.
    """
    demand(ws, "hold.lift")
    with ws.store.write() as unit:
        found = _load(ws, unit.connection, name)
        _refuse_over(found)
        if GROUNDS[found.ground].by_law:
            raise Refused("hold-of-law", "the law keeps this: nobody lifts it before its last day")
        _refuse_own(ws, found, "lifts")
        put(unit.connection, name, "lifted", ws.actor.ref, ws.evidence.now())
        unit.log(ws.evidence.entry("hold.lifted", subject_id=found.subject_id, hold=name))
        return _load(ws, unit.connection, name)


def listed(ws: "Workspace", *, everything: bool = False) -> list[Hold]:
    """Return the holds in force, or all, the one that ends first at the head."""
    demand(ws, "hold.read")
    with ws.store.read() as connection:
        found = _select(connection, ws.clock.now())
    return [one for one in found if everything or one.holds]


def of_person(connection: Connection, subject_id: int, at: Micros) -> list[Hold]:
    """Return every hold of one person, those that are over too."""
    return _select(connection, at, "WHERE subject_id = :s", s=subject_id)


def in_force(
    connection: Connection, at: Micros, people: Collection[int] | None = None
) -> dict[int, list[Hold]]:
    """Return person -> holds in force at an instant, of everybody or of some people."""
    found: dict[int, list[Hold]] = {}
    wanted = None if people is None else frozenset(people)
    for one in _select(connection, at, "WHERE lifted_at IS NULL"):
        if one.holds and (wanted is None or one.subject_id in wanted):
            found.setdefault(one.subject_id, []).append(one)
    return found


def stopped(connection: Connection, at: Micros) -> frozenset[int]:
    """Return the people of whom nothing may be erased now."""
    found = in_force(connection, at).items()
    return frozenset(who for who, mine in found if any(one.category == EVERYTHING for one in mine))


def refuse_stopped(connection: Connection, subject_id: int, at: Micros) -> None:
    """Return unless a hold keeps everything of a person; raises Refused `held`."""
    mine = of_person(connection, subject_id, at)
    if any(one.holds and one.category == EVERYTHING for one in mine):
        raise Refused(
            "held",
            "a legal hold stands against it: nothing of this person is deleted",
            hint="tagwarden hold list",
        )


def insert(connection: Connection, new: Sequence[Hold]) -> None:
    """Write holds; one that the law places is confirmed by the law."""
    rows = [
        {
            "i": one.id,
            "s": one.subject_id,
            "c": one.category,
            "g": one.ground,
            "u": one.until.isoformat(),
            "b": one.placed_by,
            "t": one.placed_at,
            "k": one.placed_at if GROUNDS[one.ground].by_law else None,
        }
        for one in new
    ]
    if rows:
        connection.execute(
            text(
                "INSERT INTO hold (id, subject_id, category, ground, until, placed_by, placed_at, "
                "confirmed_at) VALUES (:i, :s, :c, :g, :u, :b, :t, :k)"
            ),
            rows,
        )


def last_day(at: Micros, months: int) -> date:
    """Return the last day for which something of an instant is kept for some months."""
    from policies.clocks import add_months  # noqa: PLC0415

    return add_months(from_micros(at).date(), months)


def _select(connection: Connection, at: Micros, where: str = "", **values: object) -> list[Hold]:
    rows = connection.execute(text(f"SELECT * FROM hold {where} ORDER BY until, id"), values)
    return [_hold(row, at) for row in rows]


def _hold(row: Any, at: Micros) -> Hold:
    until = date.fromisoformat(row.until)
    return Hold(
        row.id,
        row.subject_id,
        row.category,
        row.ground,
        until,
        row.placed_by,
        row.placed_at,
        row.confirmed_by,
        row.lifted_by,
        _state(row, until, at),
    )


def _state(row: Any, until: date, at: Micros) -> str:
    if row.lifted_at is not None:
        return "lifted"
    if row.confirmed_at is None and row.placed_at + CONFIRM_DAYS * DAY <= at:
        return "lapsed"
    if until < from_micros(at).date():
        return "over"
    return "unconfirmed" if row.confirmed_at is None else "in-force"


def _load(ws: "Workspace", connection: Connection, name: str) -> Hold:
    found = _select(connection, ws.clock.now(), "WHERE id = :i", i=name)
    if not found:
        raise NotFound("unknown-hold", "there is no such hold", hint="tagwarden hold list")
    return found[0]


def put(connection: Connection, name: str, what: str, operator: str, at: Micros) -> None:
    """Note who confirmed or lifted a hold (`what`: confirmed, lifted), and when."""
    connection.execute(
        text(f"UPDATE hold SET {what}_by = :o, {what}_at = :t WHERE id = :i"),
        {"o": operator, "t": at, "i": name},
    )


def _check(ws: "Workspace", category: str, ground: str, until: date, now: Micros) -> None:
    if category not in CATEGORIES:
        raise BadInput(
            "unknown-hold-category",
            f'"{category}" is nothing that a hold keeps',
            hint="categories: " + ", ".join(CATEGORIES),
        )
    usable = [code for code, one in GROUNDS.items() if not one.by_law]
    if ground not in usable:
        raise BadInput(
            "unknown-hold-ground",
            f'"{ground}" is no ground on which an officer places a hold',
            hint=nearest(ground, usable) or "grounds: " + ", ".join(usable),
        )
    today = from_micros(now).date()
    longest = today + timedelta(days=ws.settings.number("holds.longest_days"))
    if not today <= until <= longest:
        raise BadInput(
            "bad-hold-day",
            "a hold ends today or later, and not too far ahead",
            hint=f"a day up to {longest.isoformat()}; setting holds.longest_days",
        )


def _refuse_gone(connection: Connection, subject_id: int) -> None:
    who = {"s": subject_id}
    there = connection.execute(text("SELECT 1 FROM subject WHERE subject_id = :s"), who).first()
    if there is None:
        raise NotFound("subject-unknown", "there is no such person here")
    moving = connection.execute(
        text(
            "SELECT 1 FROM erasure WHERE subject_id = :s AND committed_at IS NOT NULL "
            "AND closed_at IS NULL"
        ),
        who,
    ).first()
    if moving is not None:
        raise Conflict(
            "erasure-committed",
            "the erasure of this person is committed: a hold comes too late",
            hint="tagwarden erasure list",
        )


def _refuse_over(found: Hold) -> None:
    if not found.holds:
        raise Conflict("hold-over", "this hold is not in force any more", hint="place a new one")


def _refuse_own(ws: "Workspace", found: Hold, verb: str) -> None:
    if found.placed_by == ws.actor.ref:
        raise Refused(
            "same-person",
            f"whoever placed a hold is not the one who {verb} it",
            hint="somebody else with the role dpo",
        )
