# SPDX-License-Identifier: Apache-2.0
"""Looks for a move that no box of cells is, by an integer programme. What it finds is checked in whole numbers.

Nothing rests on the solver: it proposes a table, and one that does not hold is thrown away here, and again
when the proofs of a report are carried out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from audit.bias.rates import Floats, Ints

NODES: Final = 100
"""Branches that are looked at: a bound that does not depend on the machine."""
MAX_CELLS: Final = 400


@dataclass(frozen=True, slots=True, eq=False)
class Allowed:
    """What a change of cells may be."""

    least: Ints
    """By cell: how far it may fall (not above 0)."""
    kept: Ints
    """Sums of cells that must not change."""
    floor: tuple[Ints, Ints]
    """Sums of cells, and how far each may fall at most."""
    roof: tuple[Ints, Ints]
    """Sums of cells, and how far each may rise at most."""


def changes(
    row: Ints, k: int, allowed: Allowed, dear: Ints, cost: Floats
) -> NDArray[np.int64] | None:
    """Return two changes of cells that leave the sum `row` k or more apart, and change the sums `dear` least.

    None when none was found. `cost` is by sum.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp  # noqa: PLC0415  (seldom needed)

    cells, sums = len(row), len(dear)
    if cells > MAX_CELLS:
        return None
    wide, nothing = np.eye(sums), np.zeros((sums, cells))
    found = milp(
        np.append(np.zeros(2 * cells), cost),
        constraints=[
            LinearConstraint(np.concatenate([row, -row, np.zeros(sums)])[None], k, np.inf),
            *(
                LinearConstraint(np.hstack([*pair, wide]), 0, np.inf)
                for side in (dear, -dear)
                for pair in ((side, nothing), (nothing, side))
            ),
            *(
                LinearConstraint(np.hstack([*pair, np.zeros((len(part), sums))]), low, high)
                for part, low, high in _bounds(allowed)
                if len(part)
                for pair in ((part, 0 * part), (0 * part, part))
            ),
        ],
        bounds=Bounds(np.concatenate([allowed.least, allowed.least, np.zeros(sums)]), np.inf),
        integrality=np.append(np.ones(2 * cells), np.zeros(sums)),
        options={"node_limit": NODES},
    )
    if found.x is None:
        return None
    ends = np.round(found.x[: 2 * cells]).astype(np.int64).reshape(2, cells)
    return ends if _hold(ends, row, k, allowed) else None


def _bounds(allowed: Allowed) -> Iterator[tuple[Ints, Floats, Floats]]:
    """Yield sums of cells, the least that each may change by, and the most."""
    for part, low, high in (
        (allowed.kept, 0.0, 0.0),
        (allowed.floor[0], -allowed.floor[1], np.inf),
        (allowed.roof[0], -np.inf, allowed.roof[1]),
    ):
        yield part, np.full(len(part), low, dtype=float), np.full(len(part), high, dtype=float)


def _hold(ends: NDArray[np.int64], row: Ints, k: int, allowed: Allowed) -> bool:
    parts = [
        ((part @ ends.T >= low[:, None]) & (part @ ends.T <= high[:, None])).all()
        for part, low, high in _bounds(allowed)
    ]
    apart = row @ (ends[0] - ends[1])
    return bool(apart >= k and (ends >= allowed.least).all() and all(parts))
