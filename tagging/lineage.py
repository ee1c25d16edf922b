# SPDX-License-Identifier: Apache-2.0
"""What each tag is made of: sources → features → tags, and the data categories that travel along.

Labels are never stored: they are the union over what a tag reaches, and gone when the reference is
gone. Refuses a graph with a circle or with a reference to nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import Final, Literal

from audit.errors import BadInput
from policies.decision import Answer, Question, decide
from policies.law import Law, shipped
from policies.layers import severity
from policies.rules import Pack
from tagging.asking import Asked
from tagging.catalogue import Catalogue
from tagging.document import Feature, Tag, meaning_digest
from tagging.finding import DeclaredPurpose
from tagging.rules.tree import (
    Aggregate,
    Attribute,
    Named,
    Node,
    TagRef,
    children,
    event_columns,
)

Role = Literal["data", "attribute", "column", "feature", "tag"]

SOURCES: Final = ("data", "attribute", "column")
"""Roles of what nothing here computes. Their ids carry the role: `data:user.location`."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the graph. A tag or feature is named by its key, a source by role and key."""

    id: str
    role: Role
    key: str


@dataclass(frozen=True)
class Lineage:
    """A graph without circles; every listing has a part behind all that it is made of."""

    nodes: Mapping[str, Part]
    inputs: Mapping[str, tuple[str, ...]]
    """What each part is made of, directly."""

    documents: Mapping[str, Tag | Feature]

    @cached_property
    def edges(self) -> tuple[tuple[str, str], ...]:
        """Every (input, what is made of it)."""
        return tuple((start, key) for key in self.nodes for start in self.inputs[key])

    @cached_property
    def uses(self) -> Mapping[str, tuple[str, ...]]:
        """What is made of each part, directly."""
        found: dict[str, list[str]] = {key: [] for key in self.nodes}
        for start, end in self.edges:
            found[start].append(end)
        return {key: tuple(ends) for key, ends in found.items()}

    def upstream(self, key: str) -> tuple[str, ...]:
        """Return all that a part is made of, directly or not; raises KeyError for an unknown one."""
        return self._beyond(key, self.inputs)

    def dependants(self, key: str) -> tuple[str, ...]:
        """Return all that is made of a part, directly or not; raises KeyError for an unknown one."""
        return self._beyond(key, self.uses)

    def labels(self, key: str) -> frozenset[str]:
        """Return the data categories that a part states or brings from what it is made of."""
        return self._labels[key]

    def brought(self, key: str) -> frozenset[str]:
        """Return the data categories that come from what a part is made of."""
        return frozenset().union(*(self._labels[start] for start in self.inputs[key]))

    def around(self, key: str) -> tuple[str, ...]:
        """Return a part with all that it is made of and all that is made of it."""
        near = {*self.upstream(key), key, *self.dependants(key)}
        return tuple(sorted(near, key=self._rank.__getitem__))

    @cached_property
    def _labels(self) -> Mapping[str, frozenset[str]]:
        found: dict[str, frozenset[str]] = {}
        for key, part in self.nodes.items():
            own = {part.key} if part.role == "data" else set(_stated(self.documents.get(key)))
            found[key] = frozenset(own).union(*(found[start] for start in self.inputs[key]))
        return found

    def _beyond(self, key: str, step: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
        reached: set[str] = set()
        waiting = list(step[key])
        while waiting:
            other = waiting.pop()
            if other not in reached:
                reached.add(other)
                waiting += step[other]
        return tuple(sorted(reached, key=self._rank.__getitem__))

    @cached_property
    def _rank(self) -> Mapping[str, int]:
        return {key: number for number, key in enumerate(self.nodes)}


def lineage(catalogue: Catalogue, attributes: Mapping[str, str] | None = None) -> Lineage:
    """Return the graph of a checked catalogue; `attributes` gives the data category of each known one.

    Raises BadInput `tag-cycle` and `unknown-tag`, which a checked catalogue never has.
    """
    documents, roots = _defined(catalogue)
    parts: dict[str, Part] = {}
    inputs: dict[str, tuple[str, ...]] = {}
    for key, item in documents.items():
        parts[key] = Part(key, "tag" if isinstance(item, Tag) else "feature", key)
        read = [_source("data", category) for category in item.sources]
        root = roots.get(key)
        read += _named(root, documents) if root is not None else []
        inputs[key] = tuple(dict.fromkeys(part.id for part in read))
        parts |= {part.id: part for part in read if part.role in SOURCES}
        for part in read:
            if part.id not in parts and part.id not in documents:
                raise BadInput("unknown-tag", f'"{key}" refers to "{part.id}", which is not there')
    for part in [part for part in parts.values() if part.role == "attribute"]:
        category = (attributes or {}).get(part.key)
        brought = [_source("data", category)] if category is not None else []
        parts |= {source.id: source for source in brought}
        inputs[part.id] = tuple(source.id for source in brought)
    order = _ordered({key: inputs.get(key, ()) for key in sorted(parts)})
    return Lineage(
        {key: parts[key] for key in order}, {key: inputs.get(key, ()) for key in order}, documents
    )


def effective(tag: Tag, graph: Lineage) -> Tag:
    """Return the tag with `sources` widened by what its inputs bring; `asserts` stay the owner's.

    Raises KeyError for a tag that is not in the graph.
    """
    more = sorted(graph.brought(tag.key) - set(tag.sources))
    return tag.model_copy(update={"sources": (*tag.sources, *more)}) if more else tag


def turned_sensitive(
    before: Lineage,
    after: Lineage,
    purposes: Mapping[str, DeclaredPurpose] | None = None,
    law: Law | None = None,
) -> tuple[str, ...]:
    """Return the tags that became sensitive or more strictly judged though nobody changed them.

    That is: in a regime whose basis they claim, for adults, through what they are made of. A purpose
    that is not among `purposes` is asked for by its key. The law is that of the product when none is
    given.
    """
    found = []
    for key, item in after.documents.items():
        old = before.documents.get(key)
        if not isinstance(item, Tag) or not isinstance(old, Tag) or _changed(old, item):
            continue
        was, now = effective(old, before), effective(item, after)
        if set(was.sources) != set(now.sources) and _stricter(was, now, purposes or {}, law):
            found.append(key)
    return tuple(sorted(found))


def sensitive(graph: Lineage, law: Law | None = None) -> dict[str, tuple[str, ...]]:
    """Return the parts whose labels are sensitive, with the regimes: for a tag, those it claims."""
    known = (law or shipped()).packs
    answers: dict[frozenset[str], tuple[str, ...]] = {}
    found = {}
    for key in graph.nodes:
        labels = graph.labels(key)
        if labels not in answers:
            answers[labels] = _sensitive_in(labels, known)
        item = graph.documents.get(key)
        claimed: Iterable[str] = item.basis if isinstance(item, Tag) else known
        regimes = tuple(regime for regime in answers[labels] if regime in claimed)
        if regimes:
            found[key] = regimes
    return found


def judged(
    tag: Tag, purposes: Mapping[str, DeclaredPurpose], law: Law | None = None
) -> dict[tuple[str, str], Answer]:
    """Return what each regime whose basis a tag claims answers about each purpose, for adults."""
    law = law or shipped()
    return {
        (str(regime), purpose): decide(
            _asked(tag, basis, purpose, purposes).question(role=law.role), law.packs[regime]
        )
        for regime, basis in tag.basis.items()
        for purpose in tag.purposes
        if regime in law.packs
    }


def _defined(catalogue: Catalogue) -> tuple[dict[str, Tag | Feature], dict[str, Node]]:
    """Return every document with the rule of those that can be read, in the order of their keys."""
    documents: dict[str, Tag | Feature] = dict(catalogue.features)
    documents |= {key: definition.tag for key, definition in catalogue.tags.items()}
    documents |= catalogue.unread
    roots: dict[str, Node] = dict(catalogue.measures)
    roots |= {key: definition.root for key, definition in catalogue.tags.items()}
    return dict(sorted(documents.items())), roots


def _named(root: Node, documents: Mapping[str, Tag | Feature]) -> list[Part]:
    """Return what a rule names itself: a feature stands for all that is in it."""
    found: dict[Part, None] = {}
    waiting: list[Node] = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Named) and node.key in documents:
            found[Part(node.key, "feature", node.key)] = None
        elif isinstance(node, TagRef):
            found[Part(node.key, "tag", node.key)] = None
        elif isinstance(node, Attribute):
            found[_source("attribute", node.key)] = None
        elif isinstance(node, Aggregate):
            found |= dict.fromkeys(_source("column", name) for name in event_columns(node))
        else:
            waiting += children(node)
    return sorted(found, key=lambda part: part.id)


def _source(role: Role, key: str) -> Part:
    return Part(f"{role}:{key}", role, key)


def _stated(item: Tag | Feature | None) -> tuple[str, ...]:
    if item is None:
        return ()
    return (*item.sources, *item.asserts) if isinstance(item, Tag) else item.sources


def _ordered(inputs: Mapping[str, tuple[str, ...]]) -> list[str]:
    try:
        return list(TopologicalSorter(inputs).static_order())
    except CycleError as error:
        circle = " → ".join(error.args[1])
        raise BadInput(
            "tag-cycle", f"definitions refer to each other in a circle: {circle}"
        ) from None


def _changed(old: Tag, new: Tag) -> bool:
    return old is not new and old != new and meaning_digest(old) != meaning_digest(new)


def _stricter(
    was: Tag,
    now: Tag,
    purposes: Mapping[str, DeclaredPurpose],
    law: Law | None,
) -> bool:
    before = judged(was, purposes, law)
    return any(
        (answer.sensitive and not before[asked].sensitive)
        or severity(answer) > severity(before[asked])
        for asked, answer in judged(now, purposes, law).items()
    )


def _sensitive_in(labels: frozenset[str], law: Mapping[str, Pack]) -> tuple[str, ...]:
    """Return the regimes in which some categories are sensitive; one that nobody knows hides none."""
    found = []
    for regime, pack in law.items():
        stated = tuple(sorted(labels & pack.categories if pack.categories else labels))
        question = Question(sources=stated, asserts=stated, purposes=("analytics",))
        if stated and decide(question, pack).sensitive:
            found.append(regime)
    return tuple(found)


def _asked(tag: Tag, basis: str, purpose: str, purposes: Mapping[str, DeclaredPurpose]) -> Asked:
    """Return what a tag asks for one purpose; one that nobody declares is asked for by its key."""
    declared = purposes.get(purpose)
    if declared is None:
        return Asked.of(tag, purpose, (), basis)
    return Asked.of(tag, declared.use, declared.recipients, basis)
