# SPDX-License-Identifier: Apache-2.0
"""Refuses rules that some database could not take: too large, or nested too deeply for its parser.

A rule is checked when it is written, so that no evaluation stops in the middle of a night.
"""

import sqlite3

from tagging.rules import functions
from tagging.rules.lower import SQLITE, Lowering, private_database
from tagging.rules.tree import (
    Aggregate,
    Arith,
    Node,
    NullIf,
    Tier,
    children,
    facts,
    segments,
    tiers,
    walk,
)

_MARGIN = 24
"""Brackets around a rule in this check, in place of the statement that will be around it."""


def excess(root: Node) -> tuple[str, str] | None:
    """Return code and message of what is too much about a rule, None when it is fine."""
    if sum(1 for _ in walk(root)) > functions.MAX_NODES:
        return "rule-too-large", f"a rule has at most {functions.MAX_NODES} parts"
    conditions = [f.where for f in facts(root) if isinstance(f, Aggregate) and f.where is not None]
    if any(_weight(node) > functions.MAX_WEIGHT for node in (root, *conditions)):
        return "rule-too-large", "divisions, nullif or tiers are nested too deeply in each other"
    if not _readable(root):
        return "rule-too-deep", "the rule is nested too deeply"
    return None


def _weight(node: Node) -> int:
    """Return how often parts of a node are written out: a divisor twice, a tier's measure often."""
    inside = [_weight(part) for part in children(node)]
    if isinstance(node, Arith) and node.op == "/":
        return 1 + inside[0] + 2 * inside[1]
    if isinstance(node, NullIf):
        return 2 + 2 * inside[0]
    if isinstance(node, Tier):
        return 1 + node.count * inside[0]
    return 1 + sum(inside)


def _readable(root: Node) -> bool:
    """Return whether SQLite's parser, whose stack is small, takes the rule and its conditions."""
    cuts = {tier: [0] * (tier.count - 1) for tier in tiers(root)}
    lowering = Lowering(SQLITE, lambda _fact: "NULL", cuts)
    texts = [lowering.wide(root)]
    columns: set[str] = {"ts"}
    for fact in facts(root):
        if isinstance(fact, Aggregate):
            texts.append(lowering.condition(fact, 0))
            where = fact.where
            columns |= {n.name for n in walk(where) if hasattr(n, "name")} if where else set()
    nulls = ", ".join(f"NULL AS {SQLITE.ident(name)}" for name in sorted(columns))
    db = private_database()
    for part in segments(root):
        db.create_function(part.model.function, len(part.of), lambda *_measures: None)
    try:
        for text in texts:
            deep = "(" * _MARGIN + text + ")" * _MARGIN
            db.execute(
                f"EXPLAIN WITH e AS (SELECT {nulls}) SELECT CASE WHEN 1 THEN {deep} END FROM e"
            )
    except sqlite3.OperationalError:
        return False
    finally:
        db.close()
    return True
