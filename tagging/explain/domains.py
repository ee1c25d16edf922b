# SPDX-License-Identifier: Apache-2.0
"""What values a fact or a calculation can take at all, as far as its shape says."""

from collections.abc import Mapping

from audit.clock import DAY
from tagging.explain.regions import Domain, Number
from tagging.rules.lower import Cuts
from tagging.rules.tree import Aggregate, Arith, Literal, Named, Node, Tier

_DAY_PARTS: Mapping[str | None, tuple[int, int]] = {"hour": (0, 23), "weekday": (1, 7)}


def domain_of(node: Node, cuts: Cuts) -> Domain:
    """Return the values that a fact or a calculation can take."""
    if isinstance(node, Aggregate):
        return _domain_of_aggregate(node)
    if isinstance(node, Named):
        return domain_of(node.of, cuts)
    if isinstance(node, Tier):
        return _domain_of_tier(node, cuts)
    if isinstance(node, Literal) and isinstance(node.value, int | float):
        return Domain(node.kind, node.value, node.value, nullable=False)
    if isinstance(node, Arith):
        return _domain_of_arith(node, cuts)
    return Domain(node.kind)


def _domain_of_aggregate(fact: Aggregate) -> Domain:
    if fact.op in ("count", "distinct"):
        return Domain("int", 0, nullable=False)
    if fact.op == "sum":
        return Domain(fact.kind, nullable=False)
    if fact.op in ("since_first", "since_last"):
        return _domain_of_days(fact)
    low, high = _DAY_PARTS.get(fact.column, (None, None))
    return Domain(fact.kind, low, high) if fact.op != "top" else Domain("text")


def _domain_of_days(fact: Aggregate) -> Domain:
    window = fact.window
    high = None if window.span is None else (window.ago + window.span - 1) // DAY
    return Domain("int", window.ago // DAY, high)


def _domain_of_tier(tier: Tier, cuts: Cuts) -> Domain:
    frozen = cuts.get(tier, ())
    of = domain_of(tier.of, cuts)
    reached = {1 + sum(1 for cut in frozen if cut < other) for other in frozen}
    least = 1 if of.low is None else 1 + sum(1 for cut in frozen if cut < of.low)
    most = 1 + sum(1 for cut in frozen if of.high is None or cut < of.high)
    choices = sorted(tier for tier in reached | {1 + len(frozen)} if least <= tier <= most)
    return Domain("int", choices[0], choices[-1], of.nullable, tuple(choices))


def _domain_of_arith(node: Arith, cuts: Cuts) -> Domain:
    left, right = domain_of(node.left, cuts), domain_of(node.right, cuts)
    nullable = left.nullable or right.nullable or node.op == "/"
    low: Number | None = None
    high: Number | None = None
    if node.op == "+":
        low, high = _sum(left.low, right.low, 1), _sum(left.high, right.high, 1)
    elif node.op == "-":
        low, high = _sum(left.low, right.high, -1), _sum(left.high, right.low, -1)
    elif (left.low or 0) >= 0 and (right.low or 0) >= 0 and None not in (left.low, right.low):
        low = 0
    if node.kind == "real":
        low, high = (None if end is None else float(end) for end in (low, high))
    return Domain(node.kind, low, high, nullable=nullable)


def _sum(left: Number | None, right: Number | None, sign: int) -> Number | None:
    return None if left is None or right is None else left + sign * right
