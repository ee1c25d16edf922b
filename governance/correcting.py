# SPDX-License-Identifier: Apache-2.0
"""What is wrong about a person is put right: an attribute, or a tag that the person contests.

The new value takes the place of the old one in the sealed cell, tags that rest on it are computed
again in the same transaction, and the log says which attribute, never which value (GDPR 16, PIPL 46,
CCPA 1798.106). A tag whose accuracy is contested is out of use until that is settled (GDPR 18(1)(a)).
"""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection

from audit.errors import BadInput, Conflict
from audit.ids import new_id
from governance import choice, corrections, holds, notifying
from governance.authority import demand
from governance.choice import ChoiceFact
from governance.corrections import Correction
from governance.running.live import Live, LiveChange
from governance.store.unit import Unit
from policies.vocabulary import Choice

if TYPE_CHECKING:
    from governance.workspace import Workspace

MAX_VALUE: Final = 500
UPHELD: Final = "upheld"
REJECTED: Final = "rejected"
SOURCE: Final = "contest"


@dataclass(frozen=True, slots=True)
class Corrected:
    """Whether something changed, and which tags a person gained or lost by it."""

    changed: bool
    tags: tuple[LiveChange, ...] = ()


def choose(ws: "Workspace", fact: ChoiceFact) -> int:
    """Record a choice that is made without a request; return how many assignments that ended.

    Recipients are owed a notification under a number of its own. Raises as `choice.submit`.
    """
    demand(ws, "choice.record")
    kind = Choice(fact.kind)
    with ws.store.write() as unit:
        ended = choice.submit_in(ws, unit, fact)
        if fact.active:
            ref = new_id(ws.ids, "nr")
            notifying.owe_choice(ws, unit, kind, fact.target, fact.subject_id, ref)
    return ended


def correct(
    ws: "Workspace", subject_id: int, attribute: str, value: str, *, asked: bool = False
) -> Corrected:
    """Put a person's own value in the place of the one on record, or complete what was missing.

    `asked`: because of a request, under whose number recipients are told; else they are owed a
    notification here. Raises NotFound `unknown-attribute`, BadInput `bad-value`, Conflict while a run is going on.
    """
    _check(value)
    return _put(ws, subject_id, attribute, value, asked=asked)


def delete(ws: "Workspace", subject_id: int, attribute: str, *, asked: bool = False) -> Corrected:
    """Delete one attribute of a person; imports do not bring it back.

    Raises as `correct`, and Refused `held` while a hold keeps everything of the person.
    """
    return _put(ws, subject_id, attribute, None, asked=asked)


def lift(ws: "Workspace", subject_id: int, attribute: str) -> Corrected:
    """Let the next import decide about an attribute again; the value on record stays until then.

    Raises NotFound `unknown-attribute`.
    """
    demand(ws, "subject.correct")
    with ws.store.write() as unit:
        corrections.class_of(unit.connection, attribute)
        lifted = corrections.lift(unit.connection, subject_id, attribute)
        if lifted:
            _log(ws, unit, subject_id, attribute, how="lifted", tags=())
    return Corrected(lifted)


def contest(ws: "Workspace", subject_id: int, tag: str, *, source: str = "cli") -> Corrected:
    """Take a tag of a person out of use because they contest it, and the tags built on it.

    What is stored of the tag stays until that is settled. Raises NotFound `unknown-tag`.
    """
    demand(ws, "subject.contest")
    now = ws.evidence.now()
    with _at_work(ws) as (unit, live):
        fact = ChoiceFact(subject_id, Choice.CONTEST, tag, True, now, source)
        choice.check_target(unit.connection, fact)
        _choose(ws, unit, fact)
        changes = live.recompute(unit, subject_id, live.built_on(tag))
        shown = live.shown(unit.connection, changes)
    return Corrected(changed=True, tags=tuple(shown))


def settle(ws: "Workspace", subject_id: int, tag: str, *, upheld: bool) -> Corrected:
    """End the contest of a tag: upheld, the tag goes for good; rejected, it is computed again.

    Raises Conflict `not-contested`.
    """
    demand(ws, "subject.contest")
    now = ws.evidence.now()
    with _at_work(ws) as (unit, live):
        _refuse_uncontested(unit.connection, subject_id, tag)
        choice.record(
            unit, ChoiceFact(subject_id, Choice.CONTEST, tag, False, now, SOURCE), now=now
        )
        ended = 0
        if upheld:
            block = ChoiceFact(subject_id, Choice.BLOCK, tag, True, now, SOURCE)
            ended = _choose(ws, unit, block)
        again = live.built_on(tag) if upheld else {tag, *live.built_on(tag)}
        changes = live.recompute(unit, subject_id, again)
        shown = live.shown(unit.connection, changes)
        unit.log(
            ws.evidence.entry(
                "tag.contest-settled",
                subject_id=subject_id,
                tag=tag,
                outcome=UPHELD if upheld else REJECTED,
                ended=ended,
            )
        )
    return Corrected(changed=True, tags=tuple(shown))


def _put(
    ws: "Workspace", subject_id: int, attribute: str, value: str | None, *, asked: bool
) -> Corrected:
    demand(ws, "subject.correct")
    kind = Correction.DELETED if value is None else Correction.CORRECTED
    with ws.exclusive("correct"), _at_work(ws) as (unit, live):
        at = ws.evidence.now()
        if value is None:
            holds.refuse_stopped(unit.connection, subject_id, ws.clock.now())
        if not corrections.put(ws, unit, subject_id, attribute, value, kind=kind, at=at):
            return Corrected(changed=False)
        changes = live.recompute(unit, subject_id, live.resting_on(attribute))
        _log(ws, unit, subject_id, attribute, how=str(kind), tags=changes)
        shown = live.shown(unit.connection, changes)
        if not asked:
            notifying.owe(ws, unit, "correct", {subject_id: new_id(ws.ids, "nr")})
    return Corrected(changed=True, tags=tuple(shown))


def _choose(ws: "Workspace", unit: Unit, fact: ChoiceFact) -> int:
    """Record a choice and log it as every choice is logged: so it holds after a restore too."""
    ended = choice.record(unit, fact, now=fact.at)
    unit.log(choice.entry(ws, fact, ended))
    return ended


@contextmanager
def _at_work(ws: "Workspace") -> Iterator[tuple[Unit, Live]]:
    """Give a transaction, and the engines that compute one person in it."""
    with closing(Live(ws)) as live, ws.store.write() as unit:
        yield unit, live


def _log(
    ws: "Workspace",
    unit: Unit,
    subject_id: int,
    attribute: str,
    *,
    how: str,
    tags: Sequence[LiveChange],
) -> None:
    unit.log(
        ws.evidence.entry(
            "subject.corrected",
            subject_id=subject_id,
            attribute=attribute,
            how=how,
            gained=sum(change.gained for change in tags),
            lost=sum(not change.gained for change in tags),
        )
    )


def _check(value: str) -> None:
    if not value.strip() or len(value) > MAX_VALUE or not value.isprintable():
        raise BadInput(
            "bad-value",
            f"a value is 1 to {MAX_VALUE} visible characters",
            hint="to have nothing on record: --delete",
        )


def _refuse_uncontested(connection: Connection, subject_id: int, tag: str) -> None:
    held = {(one.kind, one.target) for one in choice.choices(connection, subject_id)}
    if (Choice.CONTEST, tag) not in held:
        raise Conflict(
            "not-contested",
            f'nobody contests the tag "{tag}" of this person',
            hint="tagwarden choice list --subject WHO",
        )
