# SPDX-License-Identifier: Apache-2.0
"""Attacks reports from the outside: the least and the most that each hidden number can be.

Integer programmes over everything that a reader knows; they know nothing of moves. Each end is a table
of whole people that is checked exactly, so a range is never wider than the truth. Whether it is as wide
rests on the solver: its presolve was seen to leave the true table out, and is switched off.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from scipy import optimize

from audit.bias.protection import Release
from audit.bias.statements import Key, nobody_left


class Reader:
    """Somebody who has all the reports of a tag, oldest first."""

    def __init__(self, reports: Sequence[Release]):
        self.reports = reports
        self.cells = len(reports[0].statements.counts)
        rows, values = [], []
        for at, report in enumerate(reports):
            of, shown = report.statements, report.shown
            rows += [self.lift(row, at) for row in of.matrix[shown]]
            values += of.values[shown].tolist()
        self.known = np.array(rows).reshape(-1, self.cells * len(reports))
        self.values = np.array(values, dtype=float)
        self.link = np.array(list(self.links())).reshape(-1, self.cells * len(reports))

    def lift(self, row, at, since=None):
        """A sum of cells in one report, less the same in another."""
        found = np.zeros((len(self.reports), self.cells))
        found[at] = row
        if since is not None:
            found[since] -= row
        return found.ravel()

    def links(self) -> Iterator[np.ndarray]:
        """What is known of people between two reports: sums that are not negative."""
        for at in range(1, len(self.reports)):
            old, new = self.reports[at - 1].statements, self.reports[at].statements
            groups, cells = nobody_left(old, new)
            size = 1 if cells else int(np.prod([len(values) for values in new.axes[new.outer :]]))
            sums = np.kron(np.eye(self.cells // size), np.ones(size))
            if groups:
                yield from (self.lift(row, at, at - 1) for row in sums)

    def ends(self, row) -> tuple[float, float]:
        """The least and the most of a sum; inf for no end."""
        return self.end(row), -self.end(-row)

    def end(self, row) -> float:
        limits = [optimize.LinearConstraint(self.known, self.values, self.values)]
        if len(self.link):
            limits.append(optimize.LinearConstraint(self.link, 0, np.inf))
        found = optimize.milp(
            row,
            constraints=limits if len(self.known) else limits[1:],
            integrality=np.ones(len(row)),
            options={"presolve": False},
        )
        if found.x is None:
            assert found.status in {3, 4}, found.message  # no end (HiGHS may call it undecided)
            return -np.inf
        table = np.round(found.x)
        assert (table >= 0).all()
        assert (self.known @ table == self.values).all()
        assert (self.link @ table >= 0).all()
        return float(row @ table)


def attack(reports: Sequence[Release]) -> dict[tuple[Key, int, int | None], tuple[float, float]]:
    """The range of each hidden number of each report, and of each small step to the last report.

    By (number, report, the report that the step is counted from).
    """
    reader, last = Reader(reports), len(reports) - 1
    of, k = reports[-1].statements, reports[-1].k
    found = {}
    for at, report in enumerate(reports):
        step = np.abs(of.values - report.statements.values)
        for n, key in enumerate(of.keys):
            if not report.shown[n]:
                found[key, at, None] = reader.ends(reader.lift(of.matrix[n], at))
            if 0 < step[n] < k:
                found[key, last, at] = reader.ends(reader.lift(of.matrix[n], last, at))
    return found
