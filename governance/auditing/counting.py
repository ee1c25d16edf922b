# SPDX-License-Identifier: Apache-2.0
"""Counts people for an audit: tag by attributes by outcome. Only whole numbers leave this module.

Counted is who the gate lets through for the tag now: nobody else can have it. People who restricted the
use of their data are neither counted nor opened. Tag and attribute meet in one code vector, in memory.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap
from sqlalchemy import Connection

from audit.bias.cube import Axis, Cube, Kind, cube_of, tally_members
from audit.bias.drift import RuleOf
from audit.bias.policy import FairnessPolicy
from audit.bias.scoring import Score
from audit.clock import Micros
from audit.errors import BadInput, Refused
from governance.assignments import expires_at, holders
from governance.auditing.apart import Apart, not_apart, rule_of, take_apart
from governance.auditing.drifting import NONE, by_month
from governance.auditing.opening import Opened, numbers_of, opened
from governance.auditing.outcome import SEEN, Outcome, check, seen
from governance.catalogue import USABLE, Active
from governance.gate import Gate
from governance.purpose import purposes

if TYPE_CHECKING:
    from governance.workspace import Workspace

YESNO: Final = ("no", "yes")
MAX_CELLS: Final = 600


@dataclass(frozen=True, slots=True)
class _Instant:
    at: Micros
    present: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Everyone:
    people: BitMap
    axes: Sequence[Axis]
    where: NDArray[np.int32]
    """The cell of each of them, by ascending number."""


@dataclass(frozen=True, slots=True)
class Source:
    """An attribute that was opened: its category, and for how many people it stayed sealed."""

    name: str
    category: str
    closed: int


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """The counts for one tag, and who is not in them."""

    tag: Active
    cube: Cube
    sources: tuple[Source, ...]
    left_out: Mapping[str, int]
    """Reason → people, of everybody who is here."""
    apart: Apart | None = None
    """The rule taken apart, when that was asked for."""
    months: Cube | None = None
    """The same people by month, when drift was asked for."""
    rules: tuple[RuleOf, ...] = ()
    """Where another version of the tag took over in these months; empty for one version."""
    score: Score | None = None
    """The median, when the counts are of who is above it."""


def count(
    ws: "Workspace",
    connection: Connection,
    tags: Sequence[Active],
    policy: FairnessPolicy,
    *,
    at: Micros | None = None,
    outcome: Outcome | None = None,
    apart: bool = False,
    months: int = 0,
    named: Mapping[str, frozenset[str]] | None = None,
) -> list[Counted]:
    """Return the counts for each tag; `at` None is now. Attributes are opened once for all.

    `apart` takes the rules of the tags apart as well, those that can be, in the present; `months` counts the last months.
    Values of attributes that are `named` keep their names even when few people have them.

    Raises Refused `tag-not-computed`, `attribute-too-fine`, `too-many-groups`, `too-few-months`, BadInput
    `outcome-not-yes-no`, `outcome-to-come`, `time-to-come`, `rule-not-apart` where no rule can be.
    """
    now = ws.clock.now()
    when = _Instant(now if at is None else at, at is None or at == now)
    _check_question(tags, outcome, when, now, apart=apart)
    gate = Gate(connection, now, purposes(connection))
    reach = [gate.people(tag.effective) for tag in tags]
    people = BitMap.union(*reach)
    attributes = opened(ws, connection, policy, gate, people, named=named)
    axes = [one.axis for one in attributes]
    codes: list[NDArray[np.int16]] = [one.codes for one in attributes]
    if outcome is not None:
        axes.append(Axis("outcome", Kind.OUTCOME, SEEN))
        codes.append(seen(ws, connection, gate, policy, outcome, people, when.at))
    everyone = _Everyone(people, axes, _code(axes, codes))
    found = []
    for tag, here in zip(tags, reach, strict=True):
        one = _one(connection, gate, tag, here, attributes, everyone, when)
        places = np.searchsorted(numbers_of(people), numbers_of(here))
        if months:
            cube, rules = by_month(connection, tag, here, attributes, places, when.at, months)
            one = replace(one, months=cube, rules=rules)
        if apart and not not_apart([tag]):
            due = codes[-1] == SEEN.index("yes") if outcome else np.zeros(len(people), dtype=bool)
            parts = take_apart(ws, connection, tag, here, attributes, places, due)
            one = replace(one, apart=parts)
        found.append(one)
    return found


def _check_question(
    tags: Sequence[Active], outcome: Outcome | None, when: _Instant, now: Micros, *, apart: bool
) -> None:
    """Raise BadInput or Refused for what cannot be counted."""
    if when.at > now:
        raise BadInput("time-to-come", "that time has not come yet", hint="--at with a past time")
    for tag in (*tags, *([outcome.tag] if outcome and outcome.tag else [])):
        check_computed(tag, when.at)
    if outcome is not None:
        check(outcome, when.at, now)
    if apart and len(not_apart(tags)) == len(tags):
        rule_of(tags[0])


def _one(  # noqa: PLR0917  (one caller)
    connection: Connection,
    gate: Gate,
    tag: Active,
    here: BitMap,
    attributes: tuple[Opened, ...],
    everyone: _Everyone,
    when: _Instant,
) -> Counted:
    held = holders(connection, tag, when.at, present=when.present)
    values = ["yes"] if tag.root.kind == "bool" else sorted(held)
    names = ["true"] if tag.root.kind == "bool" else values
    shape = tuple(len(axis.values) for axis in everyone.axes)
    cells = int(np.prod(shape))
    if cells * (1 + len(values)) > MAX_CELLS:
        raise Refused(
            "too-many-groups",
            f"{cells} groups by {1 + len(values)} values of the tag are more than {MAX_CELLS} numbers",
            hint="compare by fewer attributes at once, or by coarser ones",
        )
    ids = numbers_of(everyone.people)
    members = [here, *(held.get(name, BitMap()) & here for name in names)]
    places = [np.searchsorted(ids, numbers_of(group)) for group in members]
    rows = tally_members(everyone.where, cells, places)
    counts = np.vstack([rows[0] - rows[1:].sum(axis=0), rows[1:]]).T.reshape(*shape, -1)
    first = YESNO[0] if tag.root.kind == "bool" else NONE
    axis = Axis("tag", Kind.TAG, (first, *values))
    cube = cube_of(tag.tag.key, tag.version, [*everyone.axes, axis], counts)
    sources = tuple(Source(one.axis.name, one.category, one.closed) for one in attributes)
    return Counted(tag, cube, sources, _left_out(gate, here))


def check_computed(tag: Active, at: Micros) -> None:
    """Raise Refused where an audit would find nobody because nothing was computed."""
    until = expires_at(tag)
    if tag.state in USABLE and until is not None and at < until:
        return
    raise Refused(
        "tag-not-computed",
        f'"{tag.tag.key}" is {tag.state}, and its people were not computed within its lifetime',
        hint="tagwarden run all, then audit",
    )


def _code(axes: Sequence[Axis], codes: Sequence[NDArray[np.int16]]) -> NDArray[np.int32]:
    """Return the cell of each person: the one place where attributes meet."""
    found = np.zeros(len(codes[0]), dtype=np.int32)
    for axis, column in zip(axes, codes, strict=True):
        found = found * len(axis.values) + column
    return found


def _left_out(gate: Gate, here: BitMap) -> dict[str, int]:
    restricted = gate.everyone & gate.members("restricted")
    return {
        "restricted": len(restricted),
        "not-permitted": len(gate.everyone - here - restricted),
    }
