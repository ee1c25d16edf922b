# SPDX-License-Identifier: Apache-2.0
"""The leak report: what single tags, pairs and the whole set say about one sealed attribute.

Figures of counts that include a group under k are not told, only whether they are over the limit. Others are
moved by chance (`figures`); what is over the limit is judged by the exact ones.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import combinations
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
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
from audit.bias.page import STYLE
from audit.bias.page_words import say as of_page
from audit.bias.policy import FairnessPolicy
from audit.bias.rates import Floats, Ints
from audit.bias.words import REASONS, STATUS
from audit.html import whole
from audit.words import Words

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
    verdict: dict[str, str | int]
    tags: list[TagLeak]
    pairs: list[PairLeak]
    sets: list[SetLeak]


def leak_report(
    identity: Mapping[str, Any], counts: LeakCounts, policy: FairnessPolicy, draw: Draw
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
        "identity": dict(identity),
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


_SAID: Final = {
    "title": Words("Leak report: {attribute}", "泄露审计报告：{attribute}"),
    "verdict": Words(
        "What the tags say about {attribute}: {status}; {reason}.",
        "标签透露的 {attribute} 信息：{status}；{reason}。",
    ),
    "tag": Words("{tag} says {bits} bit about it: {over}.", "{tag} 透露 {bits} 比特：{over}。"),
    "pair": Words(
        "{first} and {second} together say {bits} bit: over the limit.",
        "{first} 与 {second} 合起来透露 {bits} 比特：超出限度。",
    ),
    "set": Words(
        "All tags together tell {value} from the rest with AUC {auc} ({low} to {high}; 0.5 is a guess, 1 is "
        "certain): {over}.",
        "全部标签合起来区分 {value} 与其余的 AUC 为 {auc}（{low} 至 {high}；0.5 等于猜测，1 为完全确定）：{over}。",
    ),
    "rest": Words(
        "No more than the policy allows says each of {count} others. What each says stands in the JSON report.",
        "其余 {count} 项各自均未超出政策允许。逐项数值见 JSON 报告。",
    ),
    "much": Words(
        "one or several together say more than the policy allows", "单项或合起来超出政策允许"
    ),
    "over": Words("over the limit", "超出限度"),
    "inside": Words("not over the limit", "未超出限度"),
    "few": Words("(not told, to protect people)", "（为保护个人不予显示）"),
    "note": Words(
        "Bits are moved by chance, the same counts alike each time, to protect people; whether they are over the "
        "limit is of the exact ones. The model that tells is thrown away when it is measured. What somebody with more data could "
        "do is at least this.",
        "为保护个人，比特数经随机偏移（相同计数每次偏移相同）；是否超限则按准确值判断。用于衡量的模型在计算后即销毁。掌握更多数据者能做到的不会少于此。",
    ),
}


def sentences(document: Mapping[str, Any], language: str) -> Iterator[str]:
    """Yield the report in sentences, in English or Chinese."""

    def say(code: str, **values: object) -> str:
        return _SAID[code].of(language).format(**values)

    verdict = document["verdict"]
    yield say(
        "verdict",
        attribute=document["identity"]["attribute"],
        status=STATUS[verdict["status"]].of(language),
        reason=say("much")
        if verdict["status"] == "breach"
        else REASONS[verdict["reason"]].of(language),
    )
    few, limits = say("few"), document["identity"]["policy"]

    def bits(one: Mapping[str, Any], limit: str) -> str:
        """Return the bits of what is over a limit; a rounded figure on its other side says nothing."""
        told = one["bits"] and float(one["bits"]) > float(limits[limit])
        return str(one["bits"]) if told else few

    for one in document["sets"]:
        if one["auc"] is not None:
            yield say("set", **{**one, "over": say("over" if one["over"] else "inside")})
    for pair in document["pairs"]:
        yield say("pair", **{**pair, "bits": bits(pair, "pair_bits")})
    over = [tag for tag in document["tags"] if tag["over"]]
    for tag in over:
        yield say("tag", **{**tag, "bits": bits(tag, "tag_bits"), "over": say("over")})
    if rest := len(document["tags"]) - len(over):
        yield say("rest", count=rest)
    yield say("note")


def page(document: Mapping[str, Any], language: str) -> str:
    """Return the report as one offline page."""
    title = _SAID["title"].of(language).format(attribute=document["identity"]["attribute"])
    first, *rest = (escape(line) for line in sentences(document, language))
    body = "".join(f"<li>{line}</li>" for line in rest)
    facts = "".join(
        f'<tr><td>{of_page(f"id.{code}", language)}</td><td class="code">{escape(value)}</td></tr>'
        for code, value in _identity(document).items()
    )
    body = (
        f"<p><strong>{first}</strong></p><ul>{body}</ul><table>{facts}</table>"
        f"<p>{of_page('sign.here', language)}</p>"
    )
    return whole(title, STYLE, body, language)


def _identity(document: Mapping[str, Any]) -> dict[str, str]:
    found = document["identity"]
    policy = found["policy"]
    return {
        "made": found["made"],
        "auditor": found["auditor"],
        "policy": f"{policy['key']}, {policy['version']}, {policy['digest']}",
        "leak": f"{policy['tag_bits']}, {policy['pair_bits']}, {policy['auc']}",
        "counts": found["counts"],
        "program": f"{found['program']}, {found['seed']}",
        "digest": canon.digest(document),
    }
