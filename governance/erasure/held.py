# SPDX-License-Identifier: Apache-2.0
"""What a hold keeps of somebody who is to be erased.

A hold on everything: the erasure waits. A hold on transactions: everything else goes; their events stay
with key and identity, stored only (PIPL Art. 47(2), GDPR Art. 17(3)), until the last hold is over.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, text

from audit.clock import Micros, from_micros, to_micros
from audit.errors import Conflict
from audit.ids import new_id
from governance import holds
from governance.erasure import events
from governance.erasure.leaving import AMONG, leaving
from governance.holds import EVERYTHING, GROUNDS, TRANSACTIONS, Hold
from governance.store.unit import Unit
from tagging.lake_without import TRANSACTIONS as TYPES
from tagging.lake_without import Going

if TYPE_CHECKING:
    from governance.workspace import Workspace

ALL: Final = Micros(0)
"""From when transactions stay that an officer holds: from the first on."""

STAYS: Final = frozenset(
    {
        "store.subject",
        "store.hold",
        "store.request",
        "store.requestevent",
        "store.erasure",
        "store.outbox",
        "log.entry",
        "keystore.person",
        "keystore.dek",
        "keystore.ident",
        "keystore.name",
    }
)
"""Places that stay with transactions that are held: without them nobody could tell whose they are."""

TRADED: Final = f"event_type IN ({', '.join(repr(one) for one in TYPES)})"


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands against erasing somebody."""

    everything: bool
    since: Micros | None
    """From when transactions stay; None: they do not."""
    holds: tuple[Hold, ...]
    """Those that keep transactions; one without a name is about to be placed by the law."""

    @property
    def last(self) -> Hold:
        """The hold that ends last."""
        return max(self.holds, key=lambda one: one.until)

    def record(self, kept: Mapping[str, int]) -> dict[str, Any]:
        """Return what the row of an erasure keeps of it, given place -> events that stay."""
        last = self.last
        return {
            "since": self.since,
            "kept": [
                {
                    "store": place,
                    "rows": count,
                    "ground": last.ground,
                    "until": last.until.isoformat(),
                }
                for place, count in kept.items()
            ],
            "holds": [
                {"category": one.category, "ground": one.ground, "until": one.until.isoformat()}
                for one in self.holds
            ],
        }


def standing(
    ws: "Workspace", connection: Connection, people: Collection[int]
) -> dict[int, Standing]:
    """Return person -> what stands against their erasure now; who is free is left out."""
    at = ws.clock.now()
    placed = holds.in_force(connection, at, people)
    by_law = _by_law(ws, connection, people, at)
    found = {}
    for who in placed.keys() | by_law.keys():
        mine = placed.get(who, [])
        kept = [
            one for one in mine if one.category == TRANSACTIONS and not GROUNDS[one.ground].by_law
        ]
        law = by_law.get(who, {})
        since = min([*(ALL for _ in kept), *(cut for cut, _ in law.values())], default=None)
        found[who] = Standing(
            any(one.category == EVERYTHING for one in mine),
            since,
            (*kept, *(one for _, one in law.values())),
        )
    return {who: one for who, one in found.items() if one.everything or one.holds}


def _by_law(
    ws: "Workspace", connection: Connection, people: Collection[int], at: Micros
) -> dict[int, dict[str, tuple[Micros, Hold]]]:
    """Return person -> ground -> from when the law keeps their transactions, and until when."""
    found: dict[int, dict[str, tuple[Micros, Hold]]] = defaultdict(dict)
    for regime, members in _by_regime(connection, people).items():
        for term in holds.terms(ws.settings, regime):
            since = cut(at, term.months)
            last = transactions(ws, connection, members, since)
            for who, (_, instant) in last.items():
                until = holds.last_day(Micros(instant), term.months)
                placed = Hold("", who, TRANSACTIONS, term.ground, until, "", at, "", "", "in-force")
                found[who][term.ground] = (since, placed)
    return found


def cut(at: Micros, months: int) -> Micros:
    """Return from when transactions are kept that are kept for some months: the start of a day."""
    day = holds.last_day(at, -months)
    return to_micros(from_micros(at).replace(day.year, day.month, day.day, 0, 0, 0, 0))


def _by_regime(connection: Connection, people: Collection[int]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    with leaving(connection, people):
        rows = connection.execute(text(f"SELECT subject_id, regime FROM subject WHERE {AMONG}"))
        for row in rows:
            found[row.regime].append(row.subject_id)
    return found


def transactions(
    ws: "Workspace", connection: Connection, people: Collection[int], since: Micros
) -> dict[int, tuple[int, int]]:
    """Return person -> transactions since an instant: how many, and when the last was."""
    found = events.transactions(ws, connection, people, since)
    with leaving(connection, people):
        rows = connection.execute(
            text(
                "SELECT subject_id, count(*) AS n, max(ts) AS last FROM liveevent "
                f"WHERE {AMONG} AND {TRADED} AND ts >= :since GROUP BY subject_id"
            ),
            {"since": since},
        )
        for row in rows:
            count, last = found.get(row.subject_id, (0, row.last))
            found[row.subject_id] = (count + row.n, max(last, row.last))
    return found


def by_since(spared: Mapping[int, Micros]) -> dict[Micros, list[int]]:
    """Return instant -> people whose transactions stay from it on."""
    found: dict[Micros, list[int]] = defaultdict(list)
    for who, since in spared.items():
        found[since].append(who)
    return found


def going(free: Collection[int], spared: Mapping[int, Micros]) -> list[Going]:
    """Return which events go: all of some people, and of others all but their transactions."""
    some = [Going(people, spared=since) for since, people in by_since(spared).items()]
    return [Going(free), *some]


def kept(
    ws: "Workspace",
    connection: Connection,
    found: Mapping[str, Mapping[int, int]],
    spared: Mapping[int, Micros],
) -> dict[str, dict[int, int]]:
    """Return place -> person -> rows that stay, of what was found about people who are held."""
    stays: dict[str, dict[int, int]] = {
        place: {who: n for who, n in counts.items() if who in spared}
        for place, counts in found.items()
        if place in STAYS
    }
    lake: dict[int, int] = {}
    live: dict[int, int] = {}
    for since, people in by_since(spared).items():
        lake |= {w: n for w, (n, _) in events.transactions(ws, connection, people, since).items()}
        everything = transactions(ws, connection, people, since)
        live |= {w: n - lake.get(w, 0) for w, (n, _) in everything.items()}
    return stays | {"file.lake": lake, "store.liveevent": live}


def settle(
    ws: "Workspace",
    unit: Unit,
    moving: Mapping[int, Mapping[str, Any] | None],
    *,
    whole: bool,
) -> None:
    """Place, in the transaction of the commitment, what the law orders; nothing may have changed.

    `moving` gives what each person's erasure leaves. Raises Conflict `hold-placed` when an officer has
    placed or lifted a hold in between: then the step is repeated.
    """
    at = ws.evidence.now()
    placed = holds.in_force(unit.connection, at, moving.keys())
    new = []
    for who, record in moving.items():
        mine = placed.get(who, [])
        wanted = record["holds"] if record else []
        placed_by_officers = sorted(
            (one.ground, one.until.isoformat()) for one in mine if not GROUNDS[one.ground].by_law
        )
        changed = whole and _by_officers(wanted) != placed_by_officers
        if changed or any(one.category == EVERYTHING for one in mine):
            raise Conflict(
                "hold-placed",
                "a hold was placed or lifted in this moment: nothing was erased",
                hint="repeat the command",
            )
        there = {one.ground for one in mine}
        new += [
            _of_law(ws, who, item, at)
            for item in wanted
            if GROUNDS[item["ground"]].by_law and item["ground"] not in there
        ]
    holds.insert(unit.connection, new)
    for one in new:
        unit.log(
            ws.evidence.entry(
                "hold.placed",
                subject_id=one.subject_id,
                hold=one.id,
                category=one.category,
                ground=one.ground,
                until=one.until.isoformat(),
            )
        )


def _by_officers(wanted: Sequence[Mapping[str, str]]) -> list[tuple[str, str]]:
    return sorted(
        (item["ground"], item["until"]) for item in wanted if not GROUNDS[item["ground"]].by_law
    )


def _of_law(ws: "Workspace", who: int, item: Mapping[str, str], at: Micros) -> Hold:
    until = date.fromisoformat(item["until"])
    name = new_id(ws.ids, "hd")
    return Hold(name, who, TRANSACTIONS, item["ground"], until, "", at, "", "", "in-force")
