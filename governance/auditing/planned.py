# SPDX-License-Identifier: Apache-2.0
"""What the tags of a plan would tell about sealed attributes, counted for it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from pyroaring import BitMap
from sqlalchemy import Connection

from audit.bias.comparing import figure
from audit.bias.leak import (
    joint_auc,
    over_pairs,
    over_single,
    pair_tables,
    singles,
)
from audit.bias.leak_report import AUC_DIGITS, Draw, LeakCounts, told
from audit.bias.policy import FairnessPolicy
from governance.auditing import limits
from governance.auditing.leaking import Columns, counted, in_use, usable_tags
from governance.auditing.opening import log_opening
from governance.authority import demand
from governance.gate import Gate
from governance.purpose import purposes

if TYPE_CHECKING:
    from governance.workspace import Workspace


@dataclass(frozen=True, slots=True)
class LeakSeen:
    """A tag that tells more about a sealed attribute than a policy allows."""

    key: str
    attribute: str
    what: Literal["tag", "pair", "set"]
    other: str
    """For a pair the other tag, for the whole set the value that it tells; '' for one tag."""
    figure: str
    """Bits, or for the whole set the AUC; '' where it is not told, to protect people."""
    limit: str


def permit_opening(ws: "Workspace", policy: FairnessPolicy) -> None:
    """Ask for the right to open the attributes of a policy, and put on record that they are opened."""
    demand(ws, "audit.leak")
    log_opening(ws, policy, "release")


def would_tell(
    ws: "Workspace",
    connection: Connection,
    policy: FairnessPolicy,
    tagged: Mapping[str, tuple[BitMap, BitMap]],
) -> Iterator[LeakSeen]:
    """Yield what tags would tell, alone, in pairs, and with all that are in use; opens attributes.

    `tagged` is whom the gate lets through for a tag, and who would have it.
    """
    gate = Gate(connection, ws.clock.now(), purposes(connection))
    present = [tag for tag in usable_tags(ws, connection) if tag.tag.key not in tagged]
    columns, people = in_use(connection, gate, present)
    new: Columns = [(key, who & here) for key, (here, who) in sorted(tagged.items())]
    people = BitMap.union(people, *(here for here, _ in tagged.values()))
    for attribute in policy.attributes:
        one = limits.over(policy, [attribute])
        counts = counted(ws, connection, one, gate, [*new, *columns], people)
        yield from _singles(counts, len(new), attribute, one, ws.keys.ring.lot)
        yield from _pairs(counts, len(new), attribute, one, ws.keys.ring.lot)
        yield from _set(counts, len(new), attribute, one)


def _singles(
    counts: LeakCounts, new: int, attribute: str, policy: FairnessPolicy, draw: Draw
) -> Iterator[LeakSeen]:
    tables = singles(counts.held, counts.sizes)
    for n in over_single(counts.held, counts.sizes, policy):
        if n < new:
            bits, _ = told((counts.names[n],), tables[n], policy.release.k, draw)
            limit = str(policy.leak.tag_bits)
            yield LeakSeen(counts.names[n], attribute, "tag", "", bits or "", limit)


def _pairs(
    counts: LeakCounts, new: int, attribute: str, policy: FairnessPolicy, draw: Draw
) -> Iterator[LeakSeen]:
    order, tables = pair_tables(counts.held, counts.sizes)
    place = {tuple(pair): n for n, pair in enumerate(order.tolist())}
    for pair in over_pairs(counts.held, counts.sizes, policy):
        if pair.first < new:
            names = own, other = counts.names[pair.first], counts.names[pair.second]
            bits, _ = told(names, tables[place[pair.first, pair.second]], policy.release.k, draw)
            limit = str(policy.leak.pair_bits)
            yield LeakSeen(own, attribute, "pair", other, bits or "", limit)


def _set(
    counts: LeakCounts, new: int, attribute: str, policy: FairnessPolicy
) -> Iterator[LeakSeen]:
    """Yield the values that all tags together tell with the new ones, and did not without."""
    for n, value in enumerate(counts.values):
        own = counts.people[:, n]
        split = np.column_stack([counts.people.sum(axis=1) - own, own])
        if split.sum(axis=0).min() < policy.n_min:
            continue
        found = joint_auc(counts.patterns, split, policy)
        if not found.above or joint_auc(counts.patterns[:, new:], split, policy).above:
            continue
        auc = figure(found.auc, AUC_DIGITS) or ""
        for key in counts.names[:new]:
            yield LeakSeen(key, attribute, "set", value, auc, str(policy.leak.auc))
