# SPDX-License-Identifier: Apache-2.0
"""Which step of a request may follow which. Pure: no store, no clock.

received → verifying → open → in_review → executing → fulfilled | partially_fulfilled, and out of it by
denied, revoked, expired, duplicate_of. Over it may lie: on hold, waiting for somebody outside; then it
does not go forward. From every state that is not an end, an end can be reached, and nothing is carried out for
somebody whose identity was not shown, where the kind of request asks for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from audit.errors import Conflict, Refused


class State(StrEnum):
    """Where a request stands."""

    RECEIVED = "received"
    VERIFYING = "verifying"
    OPEN = "open"
    IN_REVIEW = "in_review"
    EXECUTING = "executing"
    FULFILLED = "fulfilled"
    PARTIALLY_FULFILLED = "partially_fulfilled"
    DENIED = "denied"
    REVOKED = "revoked"
    EXPIRED = "expired"
    DUPLICATE_OF = "duplicate_of"


class Step(StrEnum):
    """What can happen to a request."""

    ASK = "ask"
    """Proof of identity is asked for."""
    VERIFY = "verify"
    ADMIT = "admit"
    """It goes on: verified, or of a kind that needs no proof."""
    DUPLICATE = "duplicate"
    SUBMIT = "submit"
    RETURN = "return"
    APPROVE = "approve"
    START = "start"
    STOP = "stop"
    """What was begun could not be carried out, or was cancelled in time: it is decided again."""
    FULFIL = "fulfil"
    FULFIL_IN_PART = "fulfil-in-part"
    DENY = "deny"
    REVOKE = "revoke"
    EXPIRE = "expire"
    EXTEND = "extend"
    HOLD = "hold"
    RELEASE = "release"
    WAIT = "wait"
    """Somebody outside must do something."""
    ARRIVE = "arrive"


UNVERIFIED: Final = frozenset({State.RECEIVED, State.VERIFYING})
ACTIVE: Final = frozenset({State.OPEN, State.IN_REVIEW, State.EXECUTING})
"""Verified and not ended: of these there is one for each person, kind and target."""
LIVE: Final = UNVERIFIED | ACTIVE
ENDS: Final = frozenset(State) - LIVE

_DECIDABLE: Final = LIVE - {State.EXECUTING}

MOVES: Final[Mapping[Step, tuple[frozenset[State], State | None]]] = {
    Step.ASK: (UNVERIFIED, State.VERIFYING),
    Step.VERIFY: (UNVERIFIED, None),
    Step.ADMIT: (UNVERIFIED, State.OPEN),
    Step.DUPLICATE: (UNVERIFIED, State.DUPLICATE_OF),
    Step.SUBMIT: (frozenset({State.OPEN}), State.IN_REVIEW),
    Step.RETURN: (frozenset({State.IN_REVIEW}), State.OPEN),
    Step.APPROVE: (frozenset({State.IN_REVIEW}), State.EXECUTING),
    Step.START: (frozenset({State.OPEN}), State.EXECUTING),
    Step.STOP: (frozenset({State.EXECUTING}), State.OPEN),
    Step.FULFIL: (frozenset({State.EXECUTING}), State.FULFILLED),
    Step.FULFIL_IN_PART: (frozenset({State.EXECUTING}), State.PARTIALLY_FULFILLED),
    Step.DENY: (_DECIDABLE, State.DENIED),
    Step.REVOKE: (_DECIDABLE, State.REVOKED),
    Step.EXPIRE: (UNVERIFIED, State.EXPIRED),
    Step.EXTEND: (LIVE, None),
    Step.HOLD: (_DECIDABLE, None),
    Step.RELEASE: (LIVE, None),
    Step.WAIT: (ACTIVE, None),
    Step.ARRIVE: (ACTIVE, None),
}
"""Step → from which states, and to which; None: it stays where it is."""


_ON: Final = frozenset({Step.ADMIT, Step.SUBMIT, Step.APPROVE, Step.START})
"""Steps towards carrying a request out."""
_DONE: Final = frozenset({Step.FULFIL, Step.FULFIL_IN_PART})


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a request stands, as far as steps depend on it."""

    state: State
    needs: int
    """How well the person must be known: 0, 1, 2 (policies.rights)."""
    reviewed: bool
    """Whether this kind is decided by an officer before it is carried out."""
    known: int = 0
    """How well the person is known."""
    extended: bool = False
    held: bool = False
    waiting: bool = False


def step(now: Standing, what: Step, *, level: int = 0) -> Standing:
    """Return where a request stands after a step; `level` is what a verification showed.

    Raises Conflict `request-ended` or `wrong-state`, Refused `not-verified`, `needs-review`,
    `on-hold`, `waits-outside`, `extended-already`.
    """
    if now.state in ENDS:
        raise Conflict(
            "request-ended", f"the request has ended: {now.state}", hint="open a new one"
        )
    come_from, to = MOVES[what]
    _refuse_unknown(now, what)
    if now.state not in come_from:
        raise Conflict(
            "wrong-state",
            f"a request that is {now.state} cannot {what}",
            hint="it can: " + ", ".join(one for one in MOVES if may(now, one)),
        )
    _refuse(now, what)
    moved = replace(now, state=to or now.state)
    match what:
        case Step.VERIFY:
            return replace(moved, known=max(now.known, level))
        case Step.EXTEND:
            return replace(moved, extended=True)
        case Step.HOLD | Step.RELEASE:
            return replace(moved, held=what == Step.HOLD)
        case Step.WAIT | Step.ARRIVE:
            return replace(moved, waiting=what == Step.WAIT)
    return replace(moved, held=False, waiting=False) if moved.state in ENDS else moved


def may(now: Standing, what: Step) -> bool:
    """Return whether a step may follow."""
    if now.state in ENDS or now.state not in MOVES[what][0]:
        return False
    try:
        _refuse(now, what)
    except (Refused, Conflict):
        return False
    return True


def _refuse_unknown(now: Standing, what: Step) -> None:
    if what in _ON and now.known < now.needs:
        raise Refused(
            "not-verified",
            "the identity of the person was not shown well enough for this request",
            hint="tagwarden request challenge REF, or request verify REF --by in-person",
        )


def _refuse(now: Standing, what: Step) -> None:
    _refuse_unknown(now, what)
    if what == Step.START and now.reviewed:
        raise Refused(
            "needs-review",
            "an officer decides about a request of this kind first",
            hint="tagwarden request submit REF, then somebody else: request approve REF",
        )
    if what in _ON and now.held:
        raise Refused(
            "on-hold",
            "the request is on hold",
            hint="tagwarden request release REF, when it may go on",
        )
    if what in _ON | _DONE and now.waiting:
        raise Refused(
            "waits-outside",
            "the request waits for somebody outside",
            hint="tagwarden request arrived REF; with --without, to go on without it",
        )
    if what == Step.EXTEND and now.extended:
        raise Conflict("extended-already", "a request is extended once")
    if what == Step.HOLD and now.held:
        raise Conflict("held-already", "the request is on hold already")
    if what == Step.RELEASE and not now.held:
        raise Conflict("not-on-hold", "the request is not on hold")
    if what == Step.WAIT and now.waiting:
        raise Conflict("waiting-already", "the request waits for somebody outside already")
    if what == Step.ARRIVE and not now.waiting:
        raise Conflict("not-waiting", "the request waits for nobody outside")
