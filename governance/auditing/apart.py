# SPDX-License-Identifier: Apache-2.0
"""Takes the rule of a tag apart: who meets which condition, and where another threshold would lie.

The rule is computed once more, of the events until its last run. Counts by group leave, nothing else.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap
from sqlalchemy import Connection

from audit.bias.causes import Rule
from audit.bias.cube import tally
from audit.clock import Micros
from audit.errors import BadInput
from governance.auditing.measuring import measured
from governance.auditing.opening import Opened
from governance.catalogue import Active
from governance.running.snapshot import latest_cuts
from tagging.explain.spelling import spell
from tagging.rules.tree import And, Compare, Literal, Named, Node, Or, Segment, TagRef, walk

if TYPE_CHECKING:
    from governance.workspace import Workspace

MAX_CONDITIONS: Final = 6
BINS: Final = 50
"""Thresholds that are looked at, from 0."""


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """What each of some people meets: conditions (person by condition), and a score or None."""

    ids: NDArray[np.int64]
    conditions: NDArray[np.uint8]
    score: NDArray[np.int64] | None


@dataclass(frozen=True, slots=True, eq=False)
class Apart:
    """Counts of a rule taken apart, by attribute and its values."""

    rule: Rule
    values: Mapping[str, tuple[str, ...]]
    met: Mapping[str, NDArray[np.int64]]
    """Attribute → value by each condition no, yes."""
    scores: Mapping[str, NDArray[np.int64]]
    """Attribute → value by outcome (no, yes) by score; empty for rules that are no single threshold."""


def take_apart(  # noqa: PLR0917  (one caller)
    ws: "Workspace",
    connection: Connection,
    tag: Active,
    here: BitMap,
    attributes: Sequence[Opened],
    places: NDArray[np.int64],
    due: NDArray[np.bool_],
) -> Apart:
    """Return the counts of a tag's rule; `places` are the positions of `here`, `due` has the outcome.

    Raises BadInput `rule-not-apart`.
    """
    rule, nodes = rule_of(tag)
    found = measure(ws, connection, tag, nodes, here)
    order = np.argsort(found.ids)
    size = len(nodes)
    met: dict[str, NDArray[np.int64]] = {}
    scores: dict[str, NDArray[np.int64]] = {}
    for one in attributes:
        count = len(one.axis.values)
        code = one.codes[places].astype(np.int64)
        columns = [code, *found.conditions[order].T.astype(np.int64)]
        met[one.axis.name] = tally(columns, [count] + [2] * size)
        if found.score is not None:
            bins = np.clip(found.score[order], 0, BINS)
            scores[one.axis.name] = tally(
                [code, due[places].astype(np.int64), bins], [count, 2, BINS + 1]
            )
    values = {one.axis.name: one.axis.values for one in attributes}
    return Apart(rule, values, met, scores)


def rule_of(tag: Active) -> tuple[Rule, tuple[Node, ...]]:
    """Return the rule of a yes-no tag as a truth table, and its conditions.

    Conditions are what stands under `and` and `or`. Raises BadInput `rule-not-apart`.
    """
    root = unnamed(tag.root)
    found: dict[Node, bool] = {}
    _conditions(root, found, neutral=True)
    unable = any(isinstance(part, TagRef | Segment) for part in walk(root))
    if root.kind != "bool" or unable or len(found) > MAX_CONDITIONS:
        raise BadInput(
            "rule-not-apart",
            f'the rule of "{tag.tag.key}" cannot be taken apart',
            hint=f"that is for yes-no tags of at most {MAX_CONDITIONS} conditions, without other tags in them",
        )
    nodes = tuple(found)
    table = np.zeros((2,) * len(nodes), dtype=bool)
    for answers in product((0, 1), repeat=len(nodes)):
        table[answers] = _holds(root, dict(zip(nodes, answers, strict=True)))
    names = tuple(spell(node) for node in nodes)
    return Rule(names, tuple(found.values()), table), nodes


def not_apart(tags: Iterable[Active]) -> list[str]:
    """Return the keys of the tags whose rules cannot be taken apart."""
    found = []
    for tag in tags:
        try:
            rule_of(tag)
        except BadInput:
            found.append(tag.tag.key)
    return found


def score_of(nodes: Sequence[Node]) -> Node | None:
    """Return the measure of a rule that is one threshold on whole numbers; None for others."""
    if len(nodes) != 1 or not isinstance(nodes[0], Compare):
        return None
    one = nodes[0]
    fits = one.op in (">=", ">") and isinstance(one.right, Literal) and one.left.kind == "int"
    return one.left if fits else None


def measure(
    ws: "Workspace", connection: Connection, tag: Active, nodes: Sequence[Node], people: BitMap
) -> Measured:
    """Return who meets which condition; people without an answer do not meet it."""
    score = score_of(nodes)
    rules = {f"c{n:02}": node for n, node in enumerate(nodes)}
    if score is not None:
        rules["s"] = score
    cuts = latest_cuts(connection, {tag.tag.key: tag})
    whole = measured(ws, connection, rules, people, Micros(tag.evaluated_at or 0), cuts)
    met = np.column_stack([whole[name] for name in rules if name != "s"]).astype(np.uint8)
    return Measured(whole["ids"], met, whole["s"] if score is not None else None)


def unnamed(node: Node) -> Node:
    """Return a rule without the name of a feature around the whole."""
    return unnamed(node.of) if isinstance(node, Named) else node


def _conditions(node: Node, found: dict[Node, bool], *, neutral: bool) -> None:
    """Note the conditions under `and` and `or`, each with the answer that changes nothing there."""
    if isinstance(node, And | Or):
        for item in node.items:
            _conditions(item, found, neutral=isinstance(node, And))
    else:
        found.setdefault(node, neutral)


def _holds(node: Node, answers: dict[Node, int]) -> bool:
    if isinstance(node, And):
        return all(_holds(item, answers) for item in node.items)
    if isinstance(node, Or):
        return any(_holds(item, answers) for item in node.items)
    return bool(answers[node])
