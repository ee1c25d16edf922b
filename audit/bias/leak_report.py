# SPDX-License-Identifier: Apache-2.0
"""The leak report: what single tags, pairs and the whole set say about one sealed attribute.

Figures of counts that include a group under k are not told, only whether they are over the limit. Others are
moved by chance (`figures`); what is over the limit is judged by the exact ones.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from scipy import special

from audit import canon
from audit.bias import intervals
from audit.bias.comparing import chance, figure
from audit.bias.leak import (
    LN2,
    Auc,
    information,
    joint_auc,
    over_pairs,
    over_single,
    pair_tables,
    singles,
)
from audit.bias.policy import FairnessPolicy
from audit.bias.rates import Floats, Ints
from audit.bias.schema import NAMES_SAY, NamesOf, Source
from audit.words import Names

Draw = Callable[[bytes], float]
"""Gives the lot of some bytes, from -0.5 to 0.5; nobody outside can compute it."""
AUC_DIGITS: Final = 2


@dataclass(frozen=True, slots=True, eq=False)
class LeakCounts:
    """Counts for a leak report: who holds both of each two tags by group, and who holds which set."""

    names: tuple[str, ...]
    """Of the columns: a tag, or a tag and its value."""
    values: tuple[str, ...]
    """Of the attribute, those that are known."""
    held: Ints
    """Group by tag by tag."""
    sizes: Ints
    patterns: NDArray[np.uint8]
    """The different sets of tags: pattern by tag."""
    people: Ints
    """Pattern by group."""

    def document(self) -> dict[str, Any]:
        """Return the counts as plain data."""
        return {
            "names": list(self.names),
            "values": list(self.values),
            "held": self.held.tolist(),
            "sizes": self.sizes.tolist(),
            "patterns": self.patterns.tolist(),
            "people": self.people.tolist(),
        }


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TagLeak(_Part):
    """What one tag says."""

    tag: str
    bits: str | None
    p: str | None
    over: bool


class PairLeak(_Part):
    """What two tags say together; only pairs over the limit are listed."""

    first: str
    second: str
    bits: str | None


class SetLeak(_Part):
    """How well all tags together tell one value from the rest."""

    value: str
    auc: str | None
    low: str | None
    high: str | None
    over: bool


class LeakReport(_Part):
    """A leak report."""

    apiVersion: Literal["tagwarden/v1"]  # noqa: N815  (as in every document of the product)
    kind: Literal["LeakReport"]
    identity: dict[str, str | int | dict[str, str | int]]
    names: NamesOf = Field(default={}, description=NAMES_SAY)
    sources: list[Source] = Field(default=[], description="where the attribute comes from")
    verdict: dict[str, str | int]
    tags: list[TagLeak]
    pairs: list[PairLeak]
    sets: list[SetLeak]


@dataclass(frozen=True, slots=True)
class LeakHead:
    """What a report says about itself; `sources` are fields of `schema.Source`."""

    identity: Mapping[str, Any]
    names: Names
    sources: Sequence[Mapping[str, Any]] = ()


def leak_report(
    head: LeakHead, counts: LeakCounts, policy: FairnessPolicy, draw: Draw
) -> dict[str, Any]:
    """Return the leak report as plain data of the shape `LeakReport`."""
    k = policy.release.k
    tables = singles(counts.held, counts.sizes)
    over = set(over_single(counts.held, counts.sizes, policy))
    tags = [
        {
            "tag": name,
            **dict(zip(("bits", "p"), told((name,), tables[n], k, draw), strict=True)),
            "over": n in over,
        }
        for n, name in enumerate(counts.names)
    ]
    order, shown = pair_tables(counts.held, counts.sizes)
    place = {tuple(pair): n for n, pair in enumerate(order.tolist())}
    pairs = [
        {
            "first": counts.names[pair.first],
            "second": counts.names[pair.second],
            "bits": told(
                (counts.names[pair.first], counts.names[pair.second]),
                shown[place[pair.first, pair.second]],
                k,
                draw,
            )[0],
        }
        for pair in over_pairs(counts.held, counts.sizes, policy)
    ]
    sets = [_of_value(counts, n, policy) for n in range(len(counts.values))]
    status, reason = _verdict(counts, policy, tags, pairs, sets)
    return {
        "apiVersion": "tagwarden/v1",
        "kind": "LeakReport",
        "identity": dict(head.identity),
        "names": dict(head.names),
        "sources": [dict(source) for source in head.sources],
        "verdict": {
            "status": status,
            "reason": reason,
            "people": int(counts.sizes.sum()) // k * k,
        },
        "tags": sorted(tags, key=lambda one: (not one["over"], -float(one["bits"] or 0))),
        "pairs": pairs,
        "sets": sets,
    }


def told(
    tags: Sequence[str], table: NDArray[Any], k: int, draw: Draw
) -> tuple[str | None, str | None]:
    """Return the `figures` of tags: the same for the same counts, whichever report or plan tells them."""
    return figures(table, k, draw(canon.canonical([*tags, table.tolist()])))


def figures(table: NDArray[Any], k: int, lot: float) -> tuple[str | None, str | None]:
    """Return (bits, p) of counts (tag value by attribute value) as told; None where a group is under k.

    Whoever knows the sums of a table, as from a bias report, could try which numbers give exact bits. So they
    are moved by `lot` (-0.5 to 0.5, the same for the same counts), of as much as k people in other cells would
    change them; p is that of the bits as told.
    """
    if not table.any() or ((table > 0) & (table < k)).any():
        return None, None
    bits = float(information(table).corrected) + lot * _reach(table.astype(np.float64), k)
    people = int(table.sum()) // k * k
    rows, columns = (int((table.sum(axis=axis) > 0).sum()) for axis in (1, 0))
    freedom = max(rows - 1, 0) * max(columns - 1, 0)
    bits = max(bits, 0.0)
    p = float(special.chdtrc(freedom, 2 * LN2 * people * bits + freedom)) if freedom else 1.0
    return figure(bits, 5), chance(p)


def _reach(table: Floats, k: int) -> float:
    """Return the most bits by which moves of k people change a table, all of whose sums stay.

    They are moved between the corners of two rows and two columns; at least what k of all are in bits.
    """
    more, less = (
        special.xlogy(table + by, table + by) - special.xlogy(table, table)
        for by in (k, -np.minimum(table, k))
    )
    most = float(k)
    for one, other in combinations(range(len(table)), 2):
        forth, back = more[one] + less[other], less[one] + more[other]
        both = np.abs(forth[:, None] + back[None, :])
        np.fill_diagonal(both, 0.0)
        most = max(most, float(both.max()))
    return 2 * most / float(table.sum()) / LN2


def _of_value(counts: LeakCounts, n: int, policy: FairnessPolicy) -> dict[str, Any]:
    own = counts.people[:, n]
    rest = counts.people.sum(axis=1) - own
    auc = Auc(float("nan"), float("nan"), above=False)
    if min(int(own.sum()), int(rest.sum())) >= policy.n_min:
        auc = joint_auc(counts.patterns, np.column_stack([rest, own]), policy)
    half = intervals.z_of(float(policy.alpha)) * auc.error
    return {
        "value": counts.values[n],
        "auc": figure(auc.auc, AUC_DIGITS),
        "low": figure(max(auc.auc - half, 0.0), AUC_DIGITS) if auc.auc == auc.auc else None,
        "high": figure(min(auc.auc + half, 1.0), AUC_DIGITS) if auc.auc == auc.auc else None,
        "over": auc.above,
    }


def _verdict(
    counts: LeakCounts,
    policy: FairnessPolicy,
    tags: Sequence[Mapping[str, Any]],
    pairs: Sequence[Mapping[str, Any]],
    sets: Sequence[Mapping[str, Any]],
) -> tuple[str, str]:
    """Return a breach where something is over; within only where the whole set is shown to be."""
    if pairs or any(one["over"] for one in (*tags, *sets)):
        return "breach", "beyond-limit"
    seen = [one for one in sets if one["high"] is not None]
    if len(seen) < 2 or not counts.names:
        return "insufficient", "too-few" if counts.sizes.sum() else "all-unknown"
    if all(float(one["high"]) <= float(policy.leak.auc) for one in seen):
        return "within", "shown-within"
    return "insufficient", "too-close"
