# SPDX-License-Identifier: Apache-2.0
"""The one interface to a compute engine: a bucket of events in, facts and tag values out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tagging.evaluation.plan import Plan
from tagging.rules.lower import Cuts

CLASS_BITS = 62
"""Gate classes per mask column: bits of a signed 64-bit integer that every database has."""


@dataclass(frozen=True, slots=True)
class GateSlice:
    """The people of one bucket who may be computed at all, with the classes that permit them.

    `subject_ids` is an ascending int64 array; `masks` is one int64 array per 62 gate classes, of the
    same length: bit c of masks[c // 62] says that class c permits the person.
    """

    subject_ids: Any
    masks: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Bucket:
    """The events of one bucket: files of the lake that lack some columns or none."""

    parts: Sequence[Path]
    missing: frozenset[str] = frozenset()
    """Columns that at least one of the files does not have: they are NULL there."""


@dataclass(frozen=True, slots=True)
class BucketFacts:
    """Facts of the people of a bucket: an Arrow table subject_id, m0…, f0…, in plan order."""

    table: Any


@dataclass(frozen=True, slots=True)
class BucketValues:
    """Tag values of the people of a bucket.

    `subject_ids` is an int64 array; `values[key][value]` is an array of positions in it, and in the
    rows of `facts` (subject_id, m0…, f0…) and `tags` (subject_id, t0…, in plan order).
    """

    subject_ids: Any
    values: Mapping[str, Mapping[str, Any]]
    facts: Any
    tags: Any


class Engine(Protocol):
    """Evaluates a plan bucket by bucket; memory is bounded by one bucket."""

    def facts(
        self, plan: Plan, bucket: Bucket, gate: GateSlice, as_of: int, attributes: Any
    ) -> BucketFacts:
        """Return the facts of the people in the slice; `attributes` is an Arrow table or None."""
        ...

    def values(self, plan: Plan, facts: BucketFacts, cuts: Cuts) -> BucketValues:
        """Return the tag values that follow from the facts."""
        ...

    def tier_inputs(self, plan: Plan, facts: BucketFacts) -> list[Any]:
        """Return, per tier of the plan, the measures of the people who count, in no order."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...
