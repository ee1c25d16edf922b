# SPDX-License-Identifier: Apache-2.0
"""What a release publishes: cells on a lattice, and the record from which its cost can be counted again.

Nothing here was computed from rows except through the noise gate. Saved as a canonical document of
whole numbers and text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from audit.errors import BadInput, Tampered
from tagging.segmentation.accounting import NANO, NEIGHBOURS, PrivacyBudget, charge_of, epsilon_of
from tagging.segmentation.contract import ONE, FeatureBounds, FeatureContract
from tagging.segmentation.noise import Query
from tagging.segmentation.sums import REFINING, WEIGHTS

FORMAT: Final = "tagwarden/synopsis/v1"
CELLS: Final = "cells"
"""The question about every cell of a grid."""
MANY: Final = 1000
"""Of so many counts a common divisor is no accident."""
EXPANDED: Final = 3000
"""Synthetic points that stand for the synopsis in a library call."""

Whole = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Synopsis:
    """A published synopsis. Its arrays are in lattice steps; the names with `_` are in the box."""

    contract: FeatureContract
    epsilon: str
    delta: str
    nano_rho: int
    """What was charged."""
    mechanism: str
    noise: str
    queries: tuple[Query, ...]
    rows: int
    """Noisy number of subjects."""
    centres: Whole
    counts: Whole
    deviations: Whole
    refined: Whole
    """Centres of the k that was refined; no lines when none was."""
    refined_counts: Whole

    @cached_property
    def centers_(self) -> Floats:
        """Return the centres of the cells, each feature from -1 to 1."""
        return self.centres / ONE

    @property
    def counts_(self) -> Whole:
        """Return the noisy numbers of subjects in the cells."""
        return self.counts

    @cached_property
    def scales_(self) -> Floats:
        """Return the deviations of the cells along each feature."""
        return self.deviations / ONE

    @property
    def noise_scale_(self) -> float:
        """Return the deviation of the noise of a count in the last question alone, in subjects."""
        last = next(q for q in reversed(self.queries) if not q.name.startswith("refine"))
        return last.sigma / (last.lattice if self.gridded else WEIGHTS.presence)

    @property
    def gridded(self) -> bool:
        """Return whether the cells are those of a public grid, and not found in the data."""
        return self.queries[-1].name == CELLS

    @property
    def step_(self) -> int:
        """Return of how many subjects the counts of a grid are multiples: more than one when it is full."""
        return int(np.gcd.reduce(self.counts)) if len(self.counts) > MANY else 1

    @property
    def noisy_cells_(self) -> int:
        """Return how many cells the grid has, empty ones included."""
        return self.queries[-1].dimension

    @property
    def refined_noise_(self) -> float:
        """Return the deviation of the noise of a count in the refining steps alone, in subjects."""
        known = sum(1 / q.sigma**2 for q in self.queries if q.name.startswith("refine"))
        return float(known**-0.5) / REFINING.presence

    @property
    def rho_(self) -> Fraction:
        """Return what the questions cost, added up from the record."""
        return sum((query.rho for query in self.queries), Fraction())

    def sample(self, count: int = EXPANDED, *, within: float = 1.0) -> tuple[Floats, Floats]:
        """Return about `count` synthetic points in the box and their weights (subjects each)."""
        points, cell = self.expanded(count, within=within)
        return points, (self.counts / np.bincount(cell))[cell]

    def expanded(self, count: int = EXPANDED, *, within: float = 1.0) -> tuple[Floats, Whole]:
        """Return about `count` synthetic points in the box and the cell of each.

        Every cell has points in proportion to its subjects, in opposite pairs about its centre, with
        exactly its deviations times `within`. Always the same points: the stream is fixed.
        """
        share = self.counts / self.counts.sum()
        each = np.maximum(np.rint(share * count / 2).astype(np.int64), 1)
        stream = np.random.default_rng(_STREAM)
        pairs = stream.standard_normal((int(each.sum()), self.centres.shape[1]))
        first = np.concatenate([[0], np.cumsum(each)[:-1]])
        size = np.sqrt(np.add.reduceat(pairs**2, first) / each[:, None])
        cell = np.repeat(np.arange(len(each)), each)
        pairs *= (self.scales_ * within / np.maximum(size, 1e-12))[cell]
        points = np.concatenate([self.centers_[cell] + pairs, self.centers_[cell] - pairs])
        return np.clip(points, -1.0, 1.0), np.tile(cell, 2)

    def document(self) -> dict[str, Any]:
        """Return the synopsis as a document without floats, whose digest is stable."""
        return {
            "format": FORMAT,
            "contract": self.contract.document(),
            "contract_id": self.contract.id,
            "privacy": {
                "epsilon": self.epsilon,
                "delta": self.delta,
                "nano_rho": self.nano_rho,
                "unit": self.contract.privacy_unit,
                "neighbours": NEIGHBOURS,
                "measure": "zCDP",
            },
            "mechanism": self.mechanism,
            "noise": self.noise,
            "queries": [
                {
                    "name": q.name,
                    "dimension": q.dimension,
                    "sensitivity_squared": q.sensitivity_squared,
                    "sigma": q.sigma,
                    "lattice": q.lattice,
                }
                for q in self.queries
            ],
            "one": ONE,
            "rows": self.rows,
            "centres": self.centres.tolist(),
            "counts": self.counts.tolist(),
            "deviations": self.deviations.tolist(),
            "refined": self.refined.tolist(),
            "refined_counts": self.refined_counts.tolist(),
        }


_STREAM: Final = 7_919


def unrefined(
    contract: FeatureContract,
    budget: PrivacyBudget,
    mechanism: str,
    noise: str,
    queries: Sequence[Query],
    *,
    rows: int,
    centres: Whole,
    counts: Whole,
    deviations: Whole,
) -> Synopsis:
    """Return a synopsis of cells alone: no centres of one k were refined."""
    return Synopsis(
        contract=contract,
        epsilon=repr(float(budget.epsilon)),
        delta=repr(float(budget.delta)),
        nano_rho=budget.nano_rho,
        mechanism=mechanism,
        noise=noise,
        queries=tuple(queries),
        rows=rows,
        centres=centres,
        counts=counts,
        deviations=deviations,
        refined=np.zeros((0, contract.dimensions), dtype=np.int64),
        refined_counts=np.zeros(0, dtype=np.int64),
    )


def read(document: Mapping[str, Any]) -> Synopsis:
    """Return the synopsis of a document.

    Raises BadInput for another format, Tampered when its questions cost more than it says, or when
    its contract is not the one it names.
    """
    if document.get("format") != FORMAT or document.get("one") != ONE:
        raise BadInput("synopsis-format", "this is not a synopsis of this version")
    privacy = document["privacy"]
    contract = FeatureContract(
        tuple(
            FeatureBounds(
                f["name"],
                float(f["lower"]),
                float(f["upper"]),
                float(f["fill_value"]),
                f["scale"],
            )
            for f in document["contract"]["features"]
        )
    )
    if contract.id != document["contract_id"]:
        raise Tampered("synopsis-contract", "the synopsis names another contract than it carries")
    verify(document)
    width = contract.dimensions
    return Synopsis(
        contract=contract,
        epsilon=privacy["epsilon"],
        delta=privacy["delta"],
        nano_rho=privacy["nano_rho"],
        mechanism=document["mechanism"],
        noise=document["noise"],
        queries=tuple(Query(**q) for q in document["queries"]),
        rows=document["rows"],
        centres=_table(document["centres"], width),
        counts=np.array(document["counts"], dtype=np.int64),
        deviations=_table(document["deviations"], width),
        refined=_table(document["refined"], width),
        refined_counts=np.array(document["refined_counts"], dtype=np.int64),
    )


@dataclass(frozen=True, slots=True)
class Statement:
    """What a release promises, counted again from its record."""

    epsilon: float
    delta: float
    rho: Fraction
    """What the questions cost."""
    nano_rho: int
    """What was charged."""
    unit: str
    neighbours: str
    contract: str
    questions: int


def verify(document: Mapping[str, Any]) -> Statement:
    """Return the privacy statement, counted from the questions of a record alone.

    Raises Tampered when they cost more than was charged, or than epsilon and delta promise.
    """
    privacy = document["privacy"]
    queries = [Query(**q) for q in document["queries"]]
    rho = sum((query.rho for query in queries), Fraction())
    delta = float(privacy["delta"])
    epsilon = epsilon_of(Fraction(privacy["nano_rho"], NANO), delta)
    if charge_of(queries) > privacy["nano_rho"] or epsilon > float(privacy["epsilon"]):
        raise Tampered(
            "synopsis-overspent",
            "the questions of the record cost more than it says",
            hint="treat the release as not covered by its charge, and report it",
        )
    return Statement(
        epsilon,
        delta,
        rho,
        privacy["nano_rho"],
        privacy["unit"],
        privacy["neighbours"],
        document["contract_id"],
        len(queries),
    )


def _table(lines: Sequence[Sequence[int]], width: int) -> Whole:
    return np.array(lines, dtype=np.int64).reshape(len(lines), width)
