# SPDX-License-Identifier: Apache-2.0
"""What a model learns from: rows of measures up to an instant, outcomes of the time after it.

One row for each person whom the gate lets through now for the purpose. In memory only.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from audit.clock import Micros
from governance.learning.documents import Checked
from governance.segments.matrix import Source, measured, source_of
from tagging.segmentation.contract import Grid, one_row_each

if TYPE_CHECKING:
    from governance.workspace import Workspace

Sources = tuple[Source, Source]


def sources(ws: "Workspace", connection: Connection, checked: Checked, at: Micros) -> Sources:
    """Return what rows and outcomes are made from; both of the same people."""
    tag, population, now = checked.tag, checked.document.population, ws.clock.now()
    end = Micros(at + checked.document.horizon_micros)
    before = source_of(ws, connection, tag, checked.measures, population, as_of=at, now=now)
    after = source_of(ws, connection, tag, (checked.target,), population, as_of=end, now=now)
    return before, after


def examples(ws: "Workspace", checked: Checked, found: Sources) -> tuple[Grid, NDArray[np.bool_]]:
    """Return the rows on the lattice and the outcomes, in the order of the people's numbers."""
    before, after = found
    who, values = _sorted(ws, before, checked.divisors, checked.contract.dimensions)
    same, happened = _sorted(ws, after, (1,), 1)
    one_row_each(who, len(values))
    if not np.array_equal(who, same):
        raise AssertionError("rows and outcomes are of different people")
    return checked.contract.points(values), happened[:, 0] == 1


def _sorted(
    ws: "Workspace", source: Source, divisors: tuple[int, ...], width: int
) -> tuple[Any, Any]:
    parts = list(measured(ws, source, divisors))
    if not parts:
        return np.zeros(0, dtype=np.int64), np.zeros((0, width))
    who = np.concatenate([one for one, _ in parts])
    order = np.argsort(who)
    return who[order], np.concatenate([values for _, values in parts])[order]
