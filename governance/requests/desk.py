# SPDX-License-Identifier: Apache-2.0
"""The steps of a request, each in one transaction with its evidence.

Opening answers alike whether or not the person is known here. Who decides is never who submitted.
A second request of the same kind waits for its own verification and only then counts as a repetition,
so that nobody blocks another person's request by opening one in their name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import text

from audit.errors import BadInput, Conflict, Refused
from audit.ids import new_id
from governance.authority import demand
from governance.requests import row
from governance.requests.days import columns_of, counted, day_here
from governance.requests.machine import State, Step
from governance.requests.moving import admit, decide, handle, move, record
from governance.requests.row import Request
from governance.requests.target import check_target
from policies.document import nearest
from policies.rights import By, right, rights

if TYPE_CHECKING:
    from governance.store.unit import Unit
    from governance.workspace import Workspace

MAX_SAID: Final = 2_000
_ONCE: Final = 250
"""Kind under which the keys of idempotent requests are digested; no identity has it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asks for, as it came in."""

    kind: str
    target: str = ""
    requester: By = "self"
    channel: str = "letter"
    received_on: date | None = None
    """The day on which it came in; None: today, where the shop is."""
    said: Mapping[str, str] | None = None
    """What the person says besides, such as the right value; it is sealed."""
    regime: str = ""
    """For somebody who is not known here; '': the workspace's."""
    key: str = ""
    """Makes opening idempotent: the same key and content give the same request."""


def open_request(ws: "Workspace", asked: Asked, subject_id: int | None) -> Request:
    """Take a request in; returns it. `subject_id` None: nobody of that name is known here.

    Whoever asks must not learn which it was. Raises NotFound `unknown-right`, `unknown-…` for its
    target; Refused `right-not-here`; BadInput; Conflict `key-reused`.
    """
    demand(ws, "request.open")
    today = day_here(ws)
    received = asked.received_on or today
    _check(asked, received, today)
    with ws.store.write() as unit:
        stated = asked.regime or ws.settings.text("workspace.regime")
        regime = _regime(unit, asked.kind, subject_id, stated)
        kind, under = right(asked.kind, regime)
        _check_requester(asked, regime)
        check_target(unit.connection, kind, asked.target)
        once = _once(ws, asked.key)
        if once and (found := row.select(unit.connection, "once = :o", o=once)):
            return _same(found[0], asked, subject_id)
        now, ref = ws.evidence.now(), new_id(ws.ids, row.REF)
        said = None
        if asked.said and subject_id is not None:
            said = ws.people.seal_note(subject_id, row.row_of(ref), asked.said)
        days = columns_of(counted(ws, unit.connection, under, received))
        row.insert(
            unit.connection,
            {
                "ref": ref,
                "once": once,
                "subject_id": subject_id,
                "regime": regime,
                "kind": asked.kind,
                "target": asked.target,
                "requester": asked.requester,
                "channel": asked.channel,
                "state": State.RECEIVED,
                "since": now,
                "received_at": now,
                "received_on": received.isoformat(),
                "said": said,
                **days,
            },
        )
        if subject_id is None:
            ws.people.reference_of_nobody(ref)  # the time taken does not tell who is known
        record(ws, unit, row.load(unit.connection, ref), "open", act="request.opened")
        return admit(ws, unit, row.load(unit.connection, ref))


def verified(ws: "Workspace", unit: "Unit", ref: str, level: int, how: str) -> Request:
    """Note that the identity was shown, to a level (policies.rights), in some way; goes on from there.

    The request becomes open, or the repetition of one that is active. Raises as `machine.step`.
    """
    found = row.load(unit.connection, ref)
    if found.subject_id is None:
        raise Conflict("nobody-there", "nobody is known here under the name of this request")
    changes: dict[str, Any] = {"known": max(found.known, level)}
    _, under = right(found.kind, found.regime)
    first = counted(ws, unit.connection, under, found.received_on).due
    if found.asked_on and found.asked_on <= first:  # later, nothing is left to stand still
        identity = (found.asked_on, max(found.asked_on, day_here(ws)))
        changes |= columns_of(counted(ws, unit.connection, under, found.received_on, identity))
    after = move(ws, unit, found, Step.VERIFY, code=how, level=level, changes=changes)
    return admit(ws, unit, after)


def asked_for_proof(ws: "Workspace", unit: "Unit", ref: str, how: str) -> Request:
    """Note that proof of identity was asked for; where the law says so, the clock stops."""
    found = row.load(unit.connection, ref)
    first = found.asked_on or day_here(ws)
    return move(ws, unit, found, Step.ASK, code=how, changes={"asked_on": first.isoformat()})


def vouch(ws: "Workspace", ref: str, how: str) -> Request:
    """Note that an officer has seen who it is: in person, or in a session with a fresh second factor.

    Raises BadInput `unknown-proof`, and as `verified`.
    """
    demand(ws, "request.handle")
    if how not in VOUCHED:
        raise BadInput(
            "unknown-proof", f'"{how}" is no proof', hint="proofs: " + ", ".join(VOUCHED)
        )
    with ws.store.write() as unit:
        return verified(ws, unit, ref, VOUCHED[how], how)


VOUCHED: Final = {"in-person": 2, "session": 2, "known-contact": 1}
"""Ways in which an officer has made sure, and how well the person is known then."""


def submit(ws: "Workspace", ref: str, preview: str = "") -> Request:
    """Put a request before an officer who decides; `preview` is the digest of what would be erased."""
    return handle(ws, ref, Step.SUBMIT, changes={"submitted_by": ws.actor.ref, "preview": preview})


def hand_back(ws: "Workspace", ref: str) -> Request:
    """Give a request back that cannot be decided yet."""
    return decide(ws, ref, Step.RETURN)


def approve(ws: "Workspace", ref: str) -> Request:
    """Grant a request that somebody else submitted; raises Refused `same-person`."""
    demand(ws, "request.decide")
    with ws.store.write() as unit:
        return granted(ws, unit, ref)


def granted(ws: "Workspace", unit: "Unit", ref: str) -> Request:
    """Grant a request in a transaction of the caller's, who may decide; as `approve`."""
    found = row.load(unit.connection, ref)
    if found.submitted_by == ws.actor.ref:
        raise Refused(
            "same-person",
            "whoever submitted a request does not decide about it",
            hint="somebody else with the role dpo: tagwarden request approve REF",
        )
    return move(ws, unit, found, Step.APPROVE, changes={"decided_by": ws.actor.ref})


def deny(ws: "Workspace", ref: str, ground: str) -> Request:
    """Refuse a request on a ground that its law knows; raises BadInput `unknown-ground`."""

    def fits(found: Request) -> Mapping[str, object]:
        _, under = right(found.kind, found.regime)
        if ground not in under.refusals:
            raise BadInput(
                "unknown-ground",
                f'"{ground}" is no ground on which {found.regime} refuses {found.kind}',
                hint=nearest(ground, under.refusals) or ("grounds: " + ", ".join(under.refusals))
                if under.refusals
                else "the law knows none: it is carried out",
            )
        return {"decided_by": ws.actor.ref}

    return decide(ws, ref, Step.DENY, code=ground, fits=fits)


def start(ws: "Workspace", unit: "Unit", ref: str) -> Request:
    """Begin to carry out a request of a kind that nobody decides about."""
    found = row.load(unit.connection, ref)
    return move(ws, unit, found, Step.START, changes={"decided_by": ws.actor.ref})


def moved(ws: "Workspace", unit: "Unit", ref: str, what: Step, code: str = "") -> Request:
    """Note how the carrying out goes: fulfil, fulfil-in-part, stop."""
    return move(ws, unit, row.load(unit.connection, ref), what, code=code)


def _check(asked: Asked, received: date, today: date) -> None:
    if received > today:
        raise BadInput("bad-day", "a request did not come in after today")
    if asked.said and sum(map(len, asked.said.values())) > MAX_SAID:
        raise BadInput("too-long", f"what the person says has at most {MAX_SAID:,} characters")


def _check_requester(asked: Asked, regime: str) -> None:
    if asked.requester == "relative" and regime != "pipl_cn":
        raise Refused(
            "right-not-here",
            f"{regime} gives relatives of a person who died no right of their own",
            hint="PIPL Art. 49 does",
        )


def _regime(unit: "Unit", kind: str, subject_id: int | None, stated: str) -> str:
    """Return the law of the person where it knows the kind, else the one that was stated.

    Whether a request is taken in at all must not tell which law is on record for somebody.
    """
    known: str | None = unit.connection.execute(
        text("SELECT regime FROM subject WHERE subject_id = :s"), {"s": subject_id}
    ).scalar()
    found = rights().kinds.get(kind)
    return known if known and found and known in found.regimes else stated


def _once(ws: "Workspace", key: str) -> bytes | None:
    return ws.keys.ring.identity_tag(_ONCE, key) if key else None


def _same(found: Request, asked: Asked, subject_id: int | None) -> Request:
    same = (found.kind, found.target, found.requester, found.subject_id)
    if same != (asked.kind, asked.target, asked.requester, subject_id):
        raise Conflict(
            "key-reused",
            "this key belongs to another request",
            hint="a new key for a new request",
        )
    return found
