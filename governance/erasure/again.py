# SPDX-License-Identifier: Apache-2.0
"""After an older control store was put back: holds and erasures that the evidence log knows and it does not.

Who has no key any more is removed by `unkeyed`. Of whom a part was erased, or who is held, the key
lives: their erasure is begun again under its number, and goes its way with `carry_on`. One that had been
committed has no second grace; one that was cancelled is cancelled again.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from datetime import date
from typing import TYPE_CHECKING, Final

from sqlalchemy import text

from audit.clock import Micros
from audit.errors import BadInput, NotFound
from audit.evidence.entry import Entry
from governance import holds
from governance.erasure.begin import Wanted, begin_many, cancel_in
from governance.erasure.preview import previews
from governance.erasure.scope import EVERYTHING, Scope, check
from governance.erasure.step import Step
from governance.holds import GROUNDS, Hold

if TYPE_CHECKING:
    from governance.store.unit import Unit
    from governance.workspace import Workspace

ACTS: Final = frozenset(
    {
        "hold.placed",
        "hold.confirmed",
        "hold.lifted",
        "erasure.begun",
        "erasure.committed",
        "erasure.cancelled",
    }
)
"""Acts that are done again here."""

WhoseIs = Callable[[Entry], int | None]
"""Returns whom an entry is about; None: nobody who is here with a key."""


def again(ws: "Workspace", unit: "Unit", lost: Sequence[Entry], whose: WhoseIs) -> tuple[int, int]:
    """Do again what the lost entries say of holds and erasures; returns how many of each.

    Call it while holding the lock of long work.
    """
    return _holds(unit, lost, whose), _erasures(ws, unit, lost, whose)


def _holds(unit: "Unit", lost: Sequence[Entry], whose: WhoseIs) -> int:
    """Place, confirm and lift again; what a law orders comes with the erasure itself."""
    done = 0
    for entry in lost:
        match entry.act:
            case "hold.placed":
                found = _placed(entry, whose(entry))
                if found:
                    holds.insert(unit.connection, [found])
                done += found is not None
            case "hold.confirmed" | "hold.lifted":
                what, at = entry.act.removeprefix("hold."), Micros(entry.at_ms * 1000)
                holds.put(unit.connection, str(entry.facts["hold"]), what, entry.actor, at)
    return done


def _placed(entry: Entry, who: int | None) -> Hold | None:
    ground = str(entry.facts["ground"])
    if who is None or GROUNDS[ground].by_law:
        return None
    return Hold(
        str(entry.facts["hold"]),
        who,
        str(entry.facts["category"]),
        ground,
        date.fromisoformat(str(entry.facts["until"])),
        entry.actor,
        Micros(entry.at_ms * 1000),
        "",
        "",
        "unconfirmed",
    )


def _erasures(ws: "Workspace", unit: "Unit", lost: Sequence[Entry], whose: WhoseIs) -> int:
    acts: dict[str, set[str]] = defaultdict(set)
    for entry in lost:
        acts[entry.act].add(entry.request)
    known = {
        row.ref: row.step for row in unit.connection.execute(text("SELECT ref, step FROM erasure"))
    }
    for ref in sorted(acts["erasure.cancelled"]):
        if known.get(ref) == Step.RESTRICTED:
            cancel_in(ws, unit, ref)
    done = 0
    for scope, refs in _begun(lost, whose, acts["erasure.cancelled"] | known.keys()).items():
        done += _begin(ws, unit, scope, refs, acts["erasure.committed"])
    return done


def _begun(
    lost: Sequence[Entry], whose: WhoseIs, without: Collection[str]
) -> dict[Scope, dict[int, str]]:
    """Return scope -> person -> number of the first erasure that was begun."""
    found: dict[Scope, dict[int, str]] = defaultdict(dict)
    for entry in lost:
        if entry.act == "erasure.begun" and entry.request not in without:
            kind, target = str(entry.facts["scope"]), str(entry.facts["target"])
            scope = EVERYTHING if kind == "everything" else Scope(kind, target)  # type: ignore[arg-type]
            if (who := whose(entry)) is not None:
                found[scope].setdefault(who, entry.request)
    return found


def _begin(
    ws: "Workspace", unit: "Unit", scope: Scope, refs: dict[int, str], committed: Collection[str]
) -> int:
    connection = unit.connection
    try:
        check(connection, scope)
    except (
        NotFound,
        BadInput,
    ):  # the copy does not know the tag or purpose: nothing of it is there
        return 0
    leaving = connection.execute(
        text("SELECT subject_id FROM erasure WHERE step > 0 AND scope = 'everything'")
    ).scalars()
    busy = frozenset(leaving)
    people = [who for who in refs if who not in busy]
    seen = previews(ws, connection, people, scope)
    begin_many(unit, ws, [Wanted(refs[who], seen[who]) for who in people])
    at_once = [{"r": refs[who]} for who in people if refs[who] in committed]
    if at_once:
        connection.execute(
            text("UPDATE erasure SET grace_until = begun_at WHERE ref = :r"), at_once
        )
    return len(people)
