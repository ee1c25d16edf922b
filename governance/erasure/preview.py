# SPDX-License-Identifier: Apache-2.0
"""What an erasure would do to a person: rows by place, erased, kept with a ground, or made unreadable.

An erasure begins from a fresh preview only. It is stale when what was decided has changed: what is kept
and how much of it, the grounds, the places; or when it is older than a setting. How much is deleted in a
place may change: customers go on living.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection

from audit.canon import canonical
from audit.clock import DAY, HOUR, Micros, to_micros
from audit.errors import Conflict
from governance import letters
from governance.authority import demand
from governance.erasure import aside, events, held, part, rows
from governance.erasure.scope import Scope, check
from governance.erasure.words import STANDS, remains
from governance.holds import Hold
from governance.registry import ERASE, PLACES, Place
from governance.vault.traces import traces

if TYPE_CHECKING:
    from governance.workspace import Workspace

YEAR = 365 * DAY
UNCOUNTED = -1
"""Entries of the log: to count one person's takes a pass over the whole log; all become unreadable."""


_MOVES_TO: Final = {
    "store.liveevent": "file.lake",
    "store.bitmapdelta": "store.bitmap",
    "store.outbox": "log.entry",
    "outside.delivery.folder": "store.challenge",
}
"""Place → where its rows come to lie by themselves, or come from: the same data to whoever decides."""


@dataclass(frozen=True, slots=True)
class Line:
    """What happens in one place."""

    place: str
    what: str
    """erase, retain or shred."""
    count: int
    """Rows; UNCOUNTED where nobody counts them."""
    ground: str = ""
    until: Micros | None = None

    @property
    def fixed(self) -> tuple[str, str, int, str]:
        """What must not have changed; `until` moves with the day."""
        kept = self.count if self.what == "retain" else 0
        return _MOVES_TO.get(self.place, self.place), self.what, kept, self.ground


@dataclass(frozen=True, slots=True)
class Preview:
    """What an erasure of one scope would do to one person, at one instant."""

    subject_id: int
    scope: Scope
    made_at: Micros
    lines: tuple[Line, ...]
    stands: tuple[str, ...] = ()
    """Codes of what stands against it: it waits, or keeps something that is stored only."""

    @property
    def remains(self) -> tuple[str, ...]:
        """Codes of what stays although it came from people (`governance.erasure.words`)."""
        return (*remains(self.scope.kind), *self.stands)

    @property
    def digest(self) -> str:
        """SHA-256 of what is previewed, in hexadecimal digits; it binds an approval to it."""
        return sha256(canonical(self.record())).hexdigest()

    def record(self) -> dict[str, Any]:
        """Return the preview as plain data without the person, for `of_record`."""
        return {
            "v": 1,
            "scope": self.scope.kind,
            "target": self.scope.target,
            "made_at": self.made_at,
            "lines": [
                {
                    "place": line.place,
                    "what": line.what,
                    "count": line.count,
                    "ground": line.ground,
                    "until": line.until,
                }
                for line in self.lines
            ],
            "remains": list(self.remains),
        }


def of_record(subject_id: int, record: Mapping[str, Any]) -> Preview:
    """Return a preview that was kept as `Preview.record`."""
    lines = tuple(
        Line(item["place"], item["what"], item["count"], item["ground"], item["until"])
        for item in record["lines"]
    )
    scope = Scope(record["scope"], record["target"])
    stands = tuple(code for code in record["remains"] if code in STANDS)
    return Preview(subject_id, scope, record["made_at"], lines, stands)


def preview(ws: "Workspace", subject_id: int, scope: Scope) -> Preview:
    """Return what an erasure would do to one person; the look is on record.

    Raises NotFound or BadInput when the scope is not there, Refused `not-permitted`.
    """
    demand(ws, "erasure.preview")
    with ws.store.write() as unit:
        check(unit.connection, scope)
        entry = ws.evidence.entry(
            "erasure.previewed",
            subject_id=subject_id,
            scope=scope.kind,
            target=scope.target or "all",
        )
        unit.log(entry)
        return previews(ws, unit.connection, [subject_id], scope)[subject_id]


def previews(
    ws: "Workspace", connection: Connection, people: Collection[int], scope: Scope
) -> dict[int, Preview]:
    """Return person -> preview, of many people at once."""
    at = ws.clock.now()
    until = Micros(
        at
        + (ws.settings.number("erasure.grace_hours") * HOUR)
        + ws.settings.number("erasure.proof_years") * YEAR
    )
    found = (
        whole(ws, connection, people)
        if scope.whole
        else part.counted(ws, connection, people, scope)
    )
    standing = held.standing(ws, connection, people)
    spared = spared_of(standing) if scope.whole else {}
    kept = held.kept(ws, connection, found, spared)
    made = {}
    for who in people:
        lines = list(_lines(found, who, until, whole_=scope.whole))
        if who in spared:
            lines = list(_split(lines, kept, who, standing[who].last))
        stands = _stands(standing.get(who), whole_=scope.whole)
        made[who] = Preview(who, scope, at, tuple(lines), stands)
    return made


def spared_of(standing: Mapping[int, held.Standing]) -> dict[int, Micros]:
    """Return from when the transactions of each person stay, of whom an erasure would go on now."""
    return {
        who: one.since
        for who, one in standing.items()
        if one.since is not None and not one.everything
    }


def _stands(standing: held.Standing | None, *, whole_: bool) -> tuple[str, ...]:
    if standing is None:
        return ()
    if standing.everything:
        return ("hold-waits",)
    return ("held-stored-only",) if whole_ else ()


def _split(
    lines: Iterable[Line], kept: Mapping[str, Mapping[int, int]], who: int, hold: Hold
) -> Iterator[Line]:
    """Yield lines, each place divided into what goes and what a hold keeps."""
    until = Micros(
        to_micros(datetime(hold.until.year, hold.until.month, hold.until.day, tzinfo=UTC))
    )
    for line in lines:
        stays = kept.get(line.place, {}).get(who, 0)
        if line.place in held.STAYS:
            stays = line.count
        if stays != line.count:
            yield replace(line, count=line.count - stays)
        if stays:
            yield Line(line.place, "retain", stays, hold.ground, until)


def whole(
    ws: "Workspace", connection: Connection, people: Collection[int]
) -> dict[str, Mapping[int, int]]:
    """Return place -> person -> rows, of everything that is held about some people."""
    found: dict[str, Mapping[int, int]] = dict(rows.counted(connection, people))
    found["file.lake"] = events.counted(ws, connection, people)
    found["file.quarantine"] = aside.counted(ws, frozenset(people))
    found["outside.delivery.folder"] = letters.counted(ws.settings, connection, people)
    held = traces(ws.paths.keystore, people)
    found["keystore.person"] = dict.fromkeys(held, 1)
    found["keystore.dek"] = {i: len(trace.nonces) for i, trace in held.items()}
    found["keystore.ident"] = found["keystore.name"] = {
        i: len(trace.tags) for i, trace in held.items()
    }
    return found


def _lines(
    found: Mapping[str, Mapping[int, int]], subject_id: int, until: Micros, *, whole_: bool
) -> list[Line]:
    lines = []
    for place in PLACES:
        count = found.get(place.code, {}).get(subject_id, 0)
        if whole_ and place.code in ("log.entry", "store.outbox"):
            count = UNCOUNTED
        if count:
            lines.append(_line(place, count, until) if whole_ else Line(place.code, ERASE, count))
    return lines


def _line(place: Place, count: int, until: Micros) -> Line:
    if place.ground:
        return Line(place.code, "retain", count, place.ground, until)
    return Line(place.code, place.on_erasure, count)


def _decided(one: Preview) -> tuple[object, ...]:
    return one.scope, one.stands, frozenset(line.fixed for line in one.lines)


def require_fresh(ws: "Workspace", seen: Preview, now: Preview) -> None:
    """Return when a preview still says what is decided; raises Conflict `preview-stale`."""
    age = now.made_at - seen.made_at
    old = not 0 <= age <= ws.settings.number("erasure.preview_hours") * HOUR
    changed = _decided(seen) != _decided(now)
    if old or changed:
        why = "what is erased or kept is not the same" if changed else "it is too old"
        raise Conflict(
            "preview-stale",
            f"the preview does not hold any more: {why}",
            hint="make a new one, and have that approved",
        )
