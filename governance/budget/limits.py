# SPDX-License-Identifier: Apache-2.0
"""Limits of the privacy budget: how they are set, and how much of each is spent."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, text

from audit.clock import Micros
from audit.errors import BadInput, Refused
from governance.authority import demand
from governance.budget import populations
from tagging.document import span_micros
from tagging.segmentation.accounting import NANO, PrivacyBudget, epsilon_of

if TYPE_CHECKING:
    from governance.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Limit:
    """How much may be lost in a population, for life and within a period; rho in billionths."""

    population: str
    epsilon: str
    delta: str
    nano_rho: int
    period: str = ""
    period_nano_rho: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return the limit as a record keeps it."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Standing:
    """A limit, and the most that anybody in the population has lost so far."""

    limit: Limit
    spent: int
    in_period: int

    @property
    def left(self) -> int:
        """What may still be charged now, in billionths of rho."""
        rest = self.limit.nano_rho - self.spent
        if self.limit.period:
            rest = min(rest, self.limit.period_nano_rho - self.in_period)
        return max(rest, 0)

    def to_dict(self) -> dict[str, Any]:
        """Return the standing as plain data, with what it means in epsilon at the limit's delta."""
        delta = float(self.limit.delta)
        return {
            **self.limit.to_dict(),
            "spent_nano_rho": self.spent,
            "spent_in_period_nano_rho": self.in_period,
            "left_nano_rho": self.left,
            "spent_epsilon": round(epsilon_of(Fraction(self.spent, NANO), delta), 4),
        }


def set_limit(
    ws: "Workspace",
    population: str,
    budget: PrivacyBudget,
    *,
    period: str = "",
    within: PrivacyBudget | None = None,
) -> Limit:
    """Set how much may be lost in a population, for life and within each period; return the limit.

    What was spent stays spent. Raises BadInput `unknown-population`, `budget-period`.
    """
    demand(ws, "budget.set")
    if bool(period) != (within is not None):
        raise BadInput(
            "budget-period", "a period has a length and an epsilon of its own, or there is none"
        )
    if period:
        try:
            span_micros(period)
        except ValueError:
            raise BadInput(
                "budget-period", "a period is a span of time", hint="such as 365d"
            ) from None
    limit = Limit(
        population,
        repr(float(budget.epsilon)),
        repr(float(budget.delta)),
        budget.nano_rho,
        period,
        within.nano_rho if within else 0,
    )
    with ws.store.write() as unit:
        populations.check(unit.connection, population)
        unit.connection.execute(
            text(
                "INSERT INTO budget (population, epsilon, delta, nano_rho, period, "
                "period_nano_rho, set_at, set_by) VALUES (:population, :epsilon, :delta, :nano_rho, "
                ":period, :period_nano_rho, :t, :w) ON CONFLICT (population) DO UPDATE SET "
                "epsilon = excluded.epsilon, delta = excluded.delta, nano_rho = excluded.nano_rho, "
                "period = excluded.period, period_nano_rho = excluded.period_nano_rho, "
                "set_at = excluded.set_at, set_by = excluded.set_by"
            ),
            {**limit.to_dict(), "t": ws.clock.now(), "w": ws.actor.ref},
        )
        unit.log(
            ws.evidence.entry(
                "budget.set",
                population=population,
                nano_rho=limit.nano_rho,
                period=period,
                period_nano_rho=limit.period_nano_rho,
            )
        )
    return limit


def standings(connection: Connection, now: Micros) -> dict[str, Standing]:
    """Return every limit that is set, with what is spent of it at an instant."""
    return _standings(connection, now, populations.cells(connection), spent(connection, None))


def _standings(
    connection: Connection, now: Micros, known: Iterable[str], own: Mapping[str, int]
) -> dict[str, Standing]:
    found = {}
    for row in connection.execute(
        text(
            "SELECT population, epsilon, delta, nano_rho, period, period_nano_rho "
            "FROM budget ORDER BY population"
        )
    ).all():
        limit = Limit(*row)
        recent = own
        if limit.period:
            recent = spent(connection, now - span_micros(limit.period))
        found[limit.population] = Standing(
            limit,
            populations.loss(own, limit.population, known),
            populations.loss(recent, limit.population, known) if limit.period else 0,
        )
    return found


def spent(connection: Connection, since: int | None) -> dict[str, int]:
    """Return what was charged on each population itself, ever or after an instant."""
    after = "" if since is None else "AND at > :since "
    rows = connection.execute(
        text(
            "SELECT population, sum(nano_rho) AS total FROM charge "
            f"WHERE record = 'reserved' {after}GROUP BY population"
        ),
        {} if since is None else {"since": since},
    )
    return {row.population: int(row.total) for row in rows}


def stop(connection: Connection, population: str, nano_rho: int, now: Micros) -> dict[str, Any]:
    """Return the state of the filter before and after a charge, for its record.

    Raises Refused `budget-missing`, `budget-exhausted` when any limit would be passed for anybody.
    """
    known, ever = populations.check(connection, population), spent(connection, None)
    limits = _standings(connection, now, known, ever)
    periods = {one.limit.period for one in limits.values() if one.limit.period}
    recent = {period: spent(connection, now - span_micros(period)) for period in periods}
    state: dict[str, Any] = {}
    for cell in populations.inside(population, known):
        over = [limits[part] for part in populations.chain(cell) if part in limits]
        if not over:
            raise Refused(
                "budget-missing",
                f"no privacy budget is set for {cell}",
                hint=f"the data protection officer sets one: tagwarden budget set --population {population} --epsilon 4",
            )
        for one in over:
            state[one.limit.population] = _after(
                one, cell, nano_rho, ever, recent.get(one.limit.period, ever)
            )
    return state


def _after(
    standing: Standing,
    cell: str,
    nano_rho: int,
    ever: Mapping[str, int],
    recent: Mapping[str, int],
) -> dict[str, Any]:
    limit = standing.limit
    before = _of_cell(ever, cell)
    periodic = bool(limit.period) and (_of_cell(recent, cell) + nano_rho > limit.period_nano_rho)
    if before + nano_rho > limit.nano_rho or periodic:
        within = f"within {limit.period}" if periodic else "for life"
        raise Refused(
            "budget-exhausted",
            f"the privacy budget of {limit.population} {within} does not suffice for this release",
            hint="choose a smaller epsilon, or use what an earlier release gives for nothing: "
            "tagwarden segment list; nothing was charged",
            facts={"left_nano_rho": standing.left, "asked_nano_rho": nano_rho},
        )
    return {"limit": limit.nano_rho, "before": standing.spent}


def _of_cell(own: Mapping[str, int], cell: str) -> int:
    return sum(own.get(part, 0) for part in populations.chain(cell))
