# SPDX-License-Identifier: Apache-2.0
"""Whether a person may be asked for consent, after they said no.

In California nobody is asked within twelve months of an opt-out or a refusal (Civ. Code
1798.135(c)(4)-(5)). Elsewhere the law says "not again and again" and gives no number (NDSR Art.
22(5)): the number is the operator's, `consent.ask_again_days`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import text

from audit.clock import DAY, Micros, from_micros, to_micros
from audit.errors import NotFound
from governance.choice import InForce, choices
from governance.consent import LedgerEntry, history
from governance.purpose import purpose_named
from governance.requirement import STOPS
from policies.clocks import add_months
from policies.vocabulary import Choice, Reason, State

if TYPE_CHECKING:
    from governance.workspace import Workspace

MONTHS_IN_CALIFORNIA: Final = 12
_SAID: Final = {
    str(State.REFUSED): Reason.CONSENT_REFUSED,
    str(State.WITHDRAWN): Reason.CONSENT_WITHDRAWN,
}
CITES: Final = {
    "ccpa": ("Civ. Code 1798.135(c)(4)",),
    "pipl_cn": ("NDSR Art. 22(5)",),
    "gdpr": ("GDPR Art. 7(4)",),
}


_No = tuple[Micros, Reason]


@dataclass(frozen=True, slots=True)
class MayAsk:
    """Whether one may ask now, else from when on; `because` is what the person said."""

    purpose: str
    allowed: bool
    because: Reason | None = None
    said_at: Micros | None = None
    again_at: Micros | None = None
    cites: tuple[str, ...] = ()


def may_ask(ws: "Workspace", subject_id: int, purpose: str) -> MayAsk:
    """Return whether a person may be asked for consent now; the look is on record.

    Raises NotFound for an unknown purpose or person.
    """
    now = ws.clock.now()
    with ws.store.write() as unit:
        purpose_named(unit.connection, purpose)
        unit.log(ws.evidence.entry("read.consent", subject_id=subject_id, purpose=purpose))
        said = history(unit.connection, subject_id, purpose)
        chosen = choices(unit.connection, subject_id)
        regime = unit.connection.execute(
            text("SELECT regime FROM subject WHERE subject_id = :s"), {"s": subject_id}
        ).scalar()
    if regime is None:
        raise NotFound("subject-unknown", "there is no such person here")
    noes = [*_refusals(said), *_choices(regime, chosen, purpose)]
    if not noes:
        return MayAsk(purpose, allowed=True)
    said_at, because = max(noes)
    again_at = _later(said_at, regime, ws.settings.number("consent.ask_again_days"))
    return MayAsk(purpose, now >= again_at, because, said_at, again_at, CITES.get(regime, ()))


def _refusals(said: Iterable[LedgerEntry]) -> list[_No]:
    """Return the refusals and withdrawals since the last time that consent was given."""
    found: list[_No] = []
    for entry in said:
        if entry.state in _SAID:
            found.append((entry.at, _SAID[entry.state]))
        else:
            found.clear()
    return found


def _choices(regime: str, chosen: Iterable[InForce], purpose: str) -> Iterator[_No]:
    for choice in chosen:
        if choice.kind in STOPS and regime == "ccpa":
            yield choice.since, STOPS[Choice(choice.kind)].reason
        if (choice.kind, choice.target) == (Choice.OBJECT, purpose):
            yield choice.since, Reason.OBJECTED


def _later(at: Micros, regime: str, days: int) -> Micros:
    if regime != "ccpa":
        return Micros(at + days * DAY)
    moment = from_micros(at)
    day = add_months(moment.date(), MONTHS_IN_CALIFORNIA)
    return to_micros(moment.replace(year=day.year, month=day.month, day=day.day))
