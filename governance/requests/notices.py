# SPDX-License-Identifier: Apache-2.0
"""Letters to whoever made a request: what they say, and the note that one was given.

A letter is filled from the request alone and names nobody. That it was given is a step of the request,
with its text, and an entry of evidence with the digest of that text: so it shows whether the person
was told in time.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, text

from audit.clock import Micros
from audit.errors import Conflict
from governance.authority import demand
from governance.requests import row
from governance.requests.days import day_at, day_here
from governance.requests.machine import UNVERIFIED, State, Step
from governance.requests.moving import NOTICE, record
from governance.requests.row import Request, Stepped
from policies.notices import Blank, Condition, Kind, letter, notices
from policies.rights import articles, rights
from policies.rules import Why

if TYPE_CHECKING:
    from governance.workspace import Workspace

OUTCOME: Final[Mapping[State, Kind]] = {
    State.FULFILLED: "answer",
    State.PARTIALLY_FULFILLED: "answer",
    State.DENIED: "refusal",
    State.EXPIRED: "expired",
    State.DUPLICATE_OF: "duplicate",
    State.REVOKED: "taken-back",
}
"""How a request ended → the letter that says so."""
ANSWERS: Final[frozenset[Kind]] = frozenset({"answer", "refusal", "expired"})
"""Letters that the law asks for when a request has ended."""
_RESTRICTS: Final = ("restrict", "contest", "object")
"""What may have put data under restriction (GDPR Art. 18)."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter about a request."""

    ref: str
    kind: Kind
    language: str
    text: str

    @property
    def digest(self) -> str:
        """SHA-256 of the text, as it stands in the evidence."""
        return sha256(self.text.encode("utf-8")).hexdigest()


def fitting(found: Request) -> tuple[Kind, ...]:
    """Return the letters that fit a request where it stands, the most pressing first."""
    act = rights().kinds[found.kind].act
    if found.ended:
        lifting = found.state in (State.FULFILLED, State.DENIED) and act in _RESTRICTS
        return (OUTCOME[found.state], *(("lifting",) if lifting else ()))
    kinds: list[Kind] = ["extension"] if found.extension else []
    kinds.append("acknowledgement")
    if found.state in UNVERIFIED and found.known < found.standing.needs:
        kinds.append("proof")
    if act in _RESTRICTS:
        kinds.append("lifting")
    return tuple(kinds)


def given(
    connection: Connection, where: str = "", **values: object
) -> dict[str, dict[str, Micros]]:
    """Return which letters were given, and when first: request → kind → time.

    `where` is a condition over the columns of requests; without it, of all requests.
    """
    rows = connection.execute(
        text(
            "SELECT ref, code, min(at) FROM requestevent WHERE step = :step "
            f"{f'AND ref IN (SELECT ref FROM request WHERE {where})' if where else ''} "
            "GROUP BY ref, code"
        ),
        {"step": NOTICE, **values},
    )
    found: dict[str, dict[str, Micros]] = {}
    for ref, kind, at in rows:
        found.setdefault(ref, {})[kind] = at
    return found


def written(
    ws: "Workspace", ref: str, kind: Kind | None = None, language: str | None = None
) -> Letter:
    """Return a letter about a request; without a kind, the most pressing one that was not given yet.

    Raises NotFound `unknown-request`, Conflict `no-such-letter` when it does not fit.
    """
    demand(ws, "request.read")
    with ws.store.read() as connection:
        return _write(ws, connection, row.load(connection, ref), kind, language)


def give(
    ws: "Workspace", ref: str, kind: Kind | None = None, language: str | None = None
) -> Letter:
    """Note that a letter was given today, and return it; one that was given already is not noted again.

    Raises as `written`.
    """
    demand(ws, "request.handle")
    with ws.store.write() as unit:
        found = row.load(unit.connection, ref)
        made = _write(ws, unit.connection, found, kind, language)
        if made.kind not in _told(unit.connection, ref):
            record(
                ws,
                unit,
                found,
                NOTICE,
                code=made.kind,
                act="request.notified",
                letter=made.text,
                facts={"language": made.language, "digest": made.digest},
            )
        return made


def _told(connection: Connection, ref: str) -> dict[str, Micros]:
    return given(connection, "ref = :r", r=ref).get(ref, {})


def _write(
    ws: "Workspace",
    connection: Connection,
    found: Request,
    kind: Kind | None,
    language: str | None,
) -> Letter:
    fit = fitting(found)
    told = _told(connection, found.ref)
    chosen = kind or next((one for one in fit if one not in told), fit[0])
    if chosen not in fit:
        raise Conflict(
            "no-such-letter",
            f"this letter does not fit a request that is {found.state}: {chosen}",
            hint="letters that fit: " + ", ".join(fit),
        )
    tongue = language or ws.settings.text("workspace.language")
    earlier = row.steps(connection, found.ref)
    blanks = _blanks(ws, found, earlier)
    held = frozenset(_conditions(ws, found, blanks))
    return Letter(found.ref, chosen, tongue, letter(chosen, blanks, held, tongue))


def _blanks(ws: "Workspace", found: Request, earlier: Iterable[Stepped]) -> dict[Blank, Why]:
    data = rights()
    kind = data.kinds[found.kind]
    blanks: dict[Blank, Why] = {
        "ref": _same(found.ref),
        "kind": kind.name,
        "act": data.words.acts[kind.act],
        "received": _day(found.received_on),
        "day": _day(day_here(ws)),
        "due": _day(found.due),
        "remedy": notices().remedies[found.regime],
    }
    if contact := ws.settings.text("controller.contact").strip():
        blanks["contact"] = _same(contact)
    if found.extended_due:
        blanks["extended"] = _day(found.extended_due)
    if found.extension:
        blanks["reason"] = data.extensions[found.extension]
    if found.ended_at is not None:
        blanks["ended"] = _day(day_at(ws.settings, found.ended_at))
    if found.state == State.DUPLICATE_OF:
        blanks["other"] = _same(found.code)
    partial = [one.code for one in earlier if one.step == Step.FULFIL_IN_PART]
    ground = found.code if found.state == State.DENIED else next(iter(partial), "")
    if refusal := data.refusals.get(ground):
        blanks["ground"] = refusal.text
        blanks["articles"] = _same("; ".join(articles(ground, found.regime)))
    return blanks


def _conditions(
    ws: "Workspace", found: Request, blanks: Mapping[Blank, Why]
) -> Iterable[Condition]:
    kind = rights().kinds[found.kind]
    holds: Mapping[Condition, bool] = {
        "gdpr": found.regime == "gdpr",
        "pipl_cn": found.regime == "pipl_cn",
        "ccpa": found.regime == "ccpa",
        "contact": bool(ws.settings.text("controller.contact").strip()),
        "proof": found.known < kind.level,
        "review": kind.review,
        "extendable": found.extended_due is not None and not found.extension,
        "unverified": found.code == "not-identified",
        "partial": found.state == State.PARTIALLY_FULFILLED,
        "ground": "ground" in blanks,
        "erased": found.code == "erased",
        "document": kind.act in ("package", "portable", "rules", "explain", "categories"),
        "erase": kind.act == "erase",
        "restrict": kind.act == "restrict",
    }
    return (name for name, is_so in holds.items() if is_so)


def _day(day: date) -> Why:
    return _same(day.isoformat())


def _same(said: str) -> Why:
    return Why(en=said, zh=said)
