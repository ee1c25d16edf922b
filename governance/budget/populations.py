# SPDX-License-Identifier: Apache-2.0
"""The tree of populations: everybody, and below it one cell for each regime of law.

The cells are public, fixed before anybody looked, and a person is in one of them. What is spent on a
cell is no loss for the people of another (parallel composition); what is spent on everybody is one for
all. A person whose regime is corrected has been in two cells and bears the charges of both.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from sqlalchemy import Connection

from audit.errors import BadInput
from governance.law import law_over
from policies.document import nearest

ALL: Final = "all"


def cells(connection: Connection) -> tuple[str, ...]:
    """Return the cells: the regimes of which the law is known."""
    return tuple(sorted(law_over(connection).packs))


def check(connection: Connection, population: str) -> tuple[str, ...]:
    """Return the cells; raises BadInput unless there is such a population."""
    there = cells(connection)
    known = (ALL, *there)
    if population not in known:
        raise BadInput(
            "unknown-population",
            f'there is no population "{population}"',
            hint=nearest(population, known) or "known: " + ", ".join(known),
        )
    return there


def chain(population: str) -> tuple[str, ...]:
    """Return a population and those around it, the smallest first."""
    return (population,) if population == ALL else (population, ALL)


def inside(population: str, known: Iterable[str]) -> tuple[str, ...]:
    """Return the cells inside a population."""
    return tuple(known) if population == ALL else (population,)


def loss(own: Mapping[str, int], population: str, known: Iterable[str]) -> int:
    """Return the most that anybody in a population has lost, of what was charged on each one."""
    return max(sum(own.get(part, 0) for part in chain(cell)) for cell in inside(population, known))
