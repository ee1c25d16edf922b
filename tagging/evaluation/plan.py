# SPDX-License-Identifier: Apache-2.0
"""Many rules → one plan: the shared facts, and the tags in an order in which references are ready.

Refuses a circle of tags. A plan knows nothing of people or stores.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from audit.errors import BadInput
from tagging.rules.tree import (
    Aggregate,
    Attribute,
    Column,
    Fact,
    Node,
    Segment,
    TagRef,
    Tier,
    event_columns,
    facts,
    segments,
    tiers,
    walk,
)

Measured = Aggregate | Attribute
"""Facts that come from events or from the profile."""


@dataclass(frozen=True, slots=True)
class PlannedTag:
    """One tag of a plan: its rule, its gate class, and the facts it uses itself."""

    key: str
    root: Node
    gate_class: int
    depth: int
    facts: tuple[Fact, ...]

    @property
    def boolean(self) -> bool:
        """Whether the tag is there or not, without a value."""
        return self.root.kind == "bool"


@dataclass(frozen=True, slots=True)
class Plan:
    """What one evaluation computes."""

    tags: tuple[PlannedTag, ...]
    measured: tuple[Measured, ...]
    classes_of: Mapping[Measured, frozenset[int]]
    """The gate classes that need a fact: it is computed only for their people."""

    columns: Mapping[str, str]
    """The event columns that are read, with their kinds; "any" where the rules do not say."""

    tiers: tuple[Tier, ...]

    def index(self, fact: Measured) -> int:
        """Return the position of a fact."""
        return self.measured.index(fact)

    def segments(self) -> tuple[Segment, ...]:
        """Return the segments that the plan computes: an engine must have their functions."""
        found = (part for tag in self.tags for part in segments(tag.root))
        return tuple(dict.fromkeys(found))

    def attributes(self) -> tuple[Attribute, ...]:
        """Return the attributes that the plan needs."""
        return tuple(fact for fact in self.measured if isinstance(fact, Attribute))


def make_plan(rules: Mapping[str, Node], classes: Mapping[str, int] | None = None) -> Plan:
    """Return the plan of some tags; `classes` gives the gate class of each (default: all one).

    Raises BadInput `tag-cycle` when tags refer to each other in a circle, and `unknown-tag` when one
    refers to a tag that is not among them.
    """
    order = _ordered(rules)
    depths: dict[str, int] = {}
    for key in order:
        inner = [depths[ref] + 1 for ref in references(rules[key])]
        depths[key] = max(inner, default=0)
    planned = tuple(
        PlannedTag(
            key, rules[key], (classes or {}).get(key, 0), depths[key], tuple(facts(rules[key]))
        )
        for key in sorted(order, key=lambda key: (depths[key], key))
    )
    needs = _needs(planned)
    return Plan(
        planned,
        tuple(needs),
        {fact: frozenset(found) for fact, found in needs.items()},
        _columns(planned),
        tuple(dict.fromkeys(tier for tag in planned for tier in tiers(tag.root))),
    )


def references(root: Node) -> list[str]:
    """Return the keys of the tags that a rule refers to."""
    return [fact.key for fact in facts(root) if isinstance(fact, TagRef)]


def closure(rules: Mapping[str, Node], wanted: set[str]) -> set[str]:
    """Return the wanted tags and all that they refer to, directly or not."""
    found: set[str] = set()
    waiting = [key for key in wanted if key in rules]
    while waiting:
        key = waiting.pop()
        if key not in found:
            found.add(key)
            waiting.extend(ref for ref in references(rules[key]) if ref in rules)
    return found


def _ordered(rules: Mapping[str, Node]) -> list[str]:
    graph = {key: references(root) for key, root in rules.items()}
    for key, refs in graph.items():
        for ref in refs:
            if ref not in rules:
                raise BadInput("unknown-tag", f'"{key}" refers to "{ref}", which is not there')
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        circle = " → ".join(error.args[1])
        raise BadInput(
            "tag-cycle",
            f"tags refer to each other in a circle: {circle}",
            hint="let one of them use events instead of the other tag",
        ) from None


def _needs(planned: tuple[PlannedTag, ...]) -> dict[Measured, set[int]]:
    """Return each fact with the gate classes of the tags that use it themselves."""
    needs: dict[Measured, set[int]] = {}
    for tag in planned:
        for fact in tag.facts:
            if isinstance(fact, TagRef):
                continue
            needs.setdefault(fact, set()).add(tag.gate_class)
    return needs


def _columns(planned: tuple[PlannedTag, ...]) -> dict[str, str]:
    kinds: dict[str, str] = {}
    for tag in planned:
        for name in event_columns(tag.root):
            kinds.setdefault(name, "any")
        for fact in tag.facts:
            if not isinstance(fact, Aggregate):
                continue
            if fact.column and fact.op in ("sum", "min", "max", "top"):
                kinds[fact.column] = fact.kind
            for part in walk(fact.where) if fact.where is not None else ():
                if isinstance(part, Column):
                    kinds[part.name] = part.kind
    return dict(sorted(kinds.items()))
