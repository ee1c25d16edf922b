# SPDX-License-Identifier: Apache-2.0
"""Groups of people for an audit: by a sealed attribute, by a tag that they have, or by several crossed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap
from sqlalchemy import Connection

from audit.bias.cube import UNKNOWN, Axis, Kind, groupings
from audit.bias.policy import FairnessPolicy
from audit.errors import Refused
from governance.assignments import holders
from governance.auditing.counting import YESNO
from governance.auditing.drifting import NONE
from governance.auditing.opening import MAX_VALUES, Opened, numbers_of, opened
from governance.catalogue import Active
from governance.gate import Gate

if TYPE_CHECKING:
    from governance.workspace import Workspace

TAG: Final = "tag:"
"""How a tag is named where an attribute could be."""
MAX_GROUPS: Final = 60


@dataclass(frozen=True, slots=True, eq=False)
class Grouping:
    """Groups by one attribute or tag, or by several crossed; -1 where one of them is not known."""

    by: tuple[str, ...]
    labels: tuple[str, ...]
    codes: NDArray[np.int64]


def parts_of(by: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the sealed attributes and the keys of tags that are asked for."""
    sealed = [name for name in by if not name.startswith(TAG)]
    return sealed, [name.removeprefix(TAG) for name in by if name.startswith(TAG)]


def axes(  # noqa: PLR0917  (one caller)
    ws: "Workspace",
    connection: Connection,
    policy: FairnessPolicy,
    by: Sequence[str],
    tags: dict[str, Active],
    gate: Gate,
    people: BitMap,
) -> list[Opened]:
    """Return what is asked for, in order, as codes of `people`; the opening must be on record.

    A tag is as it is now, and of those whom the gate lets through for it; others are unknown.
    Raises Refused `attribute-too-fine`.
    """
    sealed, _ = parts_of(by)
    known = (
        {one.axis.name: one for one in opened(ws, connection, policy, gate, people)}
        if sealed
        else {}
    )
    return [
        known[name]
        if name in known
        else _held(connection, tags[name.removeprefix(TAG)], gate, people)
        for name in by
    ]


def crossed(found: Sequence[Opened], depth: int) -> list[Grouping]:
    """Return the groups by each, then by their combinations, as deep as `depth`.

    Raises Refused `too-many-groups`.
    """
    of = {one.axis.name: one for one in found}
    return [_crossed([of[name] for name in names]) for names in groupings(list(of), depth)]


def _held(connection: Connection, tag: Active, gate: Gate, people: BitMap) -> Opened:
    here = gate.people(tag.effective) & people
    held = holders(connection, tag, gate.at, present=True)
    yesno = tag.root.kind == "bool"
    names = ["true"] if yesno else sorted(held)
    if len(names) > MAX_VALUES:
        raise Refused(
            "attribute-too-fine",
            f'"{tag.tag.key}" has more than {MAX_VALUES} values: people would stand alone',
            hint="compare by a coarser tag",
        )
    values = (*YESNO, UNKNOWN) if yesno else (NONE, *names, UNKNOWN)
    codes = np.full(len(people), len(values) - 1, dtype=np.int16)
    ids = numbers_of(people)
    codes[np.searchsorted(ids, numbers_of(here))] = 0
    for n, name in enumerate(names, start=1):
        codes[np.searchsorted(ids, numbers_of(held.get(name, BitMap()) & here))] = n
    axis = Axis(TAG + tag.tag.key, Kind.ATTRIBUTE, values)
    return Opened(axis, codes, "tag", len(people - here))


def _crossed(found: Sequence[Opened]) -> Grouping:
    codes = np.zeros(len(found[0].codes), dtype=np.int64)
    labels, unknown = [""], np.zeros(len(codes), dtype=bool)
    for one in found:
        values = [value for value in one.axis.values if value != UNKNOWN]
        place = np.array(
            [values.index(v) if v != UNKNOWN else -1 for v in one.axis.values], dtype=np.int64
        )[one.codes]
        unknown |= place < 0
        codes = codes * len(values) + place
        labels = [f"{label} × {v}" if label else v for label in labels for v in values]
    if len(labels) > MAX_GROUPS:
        raise Refused(
            "too-many-groups",
            f"{len(labels)} groups are more than {MAX_GROUPS}",
            hint="compare by fewer attributes at once, or by coarser ones; intersections: 1",
        )
    return Grouping(
        tuple(one.axis.name for one in found), tuple(labels), np.where(unknown, -1, codes)
    )
