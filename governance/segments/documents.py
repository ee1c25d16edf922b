# SPDX-License-Identifier: Apache-2.0
"""Reads a segmentation against the catalogue, and what every document that learns has in common with it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from audit.errors import BadInput, Problems
from governance.budget import populations
from governance.catalogue import attribute_categories, known
from policies.document import Document, nearest, read_documents, validate
from tagging.catalogue import Catalogue, Definition, check_documents
from tagging.document import Tag, Words
from tagging.explain.amounts import Unit
from tagging.explain.segments import units_of
from tagging.explain.spelling import spell
from tagging.explain.variables import rebuilt
from tagging.lineage import effective, lineage
from tagging.rules.parse import Scope
from tagging.rules.tree import SCALE, Named, Node, Segment
from tagging.segment_document import Asked, Segmentation, contract_of, measures_of
from tagging.segmentation.contract import FeatureContract
from tagging.segmentation.histogram import cells_of


@dataclass(frozen=True, slots=True)
class Computable:
    """What a segmentation or a model computes of each person, within public bounds."""

    contract: FeatureContract
    measures: tuple[Node, ...]
    names: tuple[Words, ...]
    tag: Tag
    """As the gate must see it."""

    @property
    def texts(self) -> list[str]:
        """Return the rules of the measures, with the features of the catalogue written out."""
        return [spell(unnamed(node)) for node in self.measures]

    @property
    def divisors(self) -> tuple[int, ...]:
        """Return how many units of each measure are one unit of its feature."""
        return tuple(SCALE if node.kind == "dec" else 1 for node in self.measures)

    def stored(self) -> dict[str, Any]:
        """Return what is kept of it beside its document: features of the catalogue are written out."""
        return {
            "measures": self.texts,
            "divisors": list(self.divisors),
            "names": [{"en": one.en, "zh": one.zh} for one in self.names],
        }


@dataclass(frozen=True, slots=True)
class Checked(Computable):
    """A segmentation that can be computed, and whose sensitivity is bounded."""

    document: Segmentation

    @property
    def whole(self) -> tuple[bool, ...]:
        """Return by feature whether its rule gives whole numbers."""
        return whole_of(self.measures)

    @property
    def units(self) -> tuple[Unit, ...]:
        """Return by feature how its numbers are written."""
        return units_of(self.measures, self.contract)


@dataclass(frozen=True, slots=True)
class Reading:
    """A document as the catalogue understands it; what is wrong is noted where it was read."""

    catalogue: Catalogue
    scope: Scope
    measures: tuple[Node, ...]
    names: tuple[Words, ...]
    contract: FeatureContract | None


def read(connection: Connection, path: Path) -> Checked:
    """Return the segmentation in a file; raises BadInput with every problem of it."""
    document, problems = only(path), Problems(path.name)
    if document is None:
        raise BadInput("segmentation-file", "the file holds one Segmentation and nothing else")
    found = validate(Segmentation, document, problems)
    if found is not None:
        so_far = understood(connection, found, document, problems)
        _purposeful(found, so_far, document, problems)
    problems.raise_if_any("bad-segmentation", "the segmentation cannot be used")
    if found is None or so_far.contract is None:
        raise AssertionError
    tag = seen(connection, so_far.catalogue, found.tag(), so_far.measures)
    return Checked(so_far.contract, so_far.measures, so_far.names, tag, found)


def whole_of(measures: Sequence[Node]) -> tuple[bool, ...]:
    """Return by measure whether its rule gives whole numbers."""
    return tuple(node.kind == "int" for node in measures)


def _purposeful(
    found: Segmentation, so_far: Reading, document: Document, problems: Problems
) -> None:
    """Note when a release is for nothing, for two things, or for a grid that cannot be made."""
    line, column = document.place(("dbscan",))
    if (found.segments is None) == (found.dbscan is None):
        problems.add(
            "segmentation-for",
            "a release is for a number of segments, or for dbscan: one of the two",
            line=line,
            column=column,
            hint="segments: 4, or dbscan: {eps: 0.08}",
        )
    if found.dbscan is None or so_far.contract is None:
        return
    if len(so_far.measures) < so_far.contract.dimensions:
        return
    try:
        cells_of(so_far.contract, found.dbscan.eps, whole_of(so_far.measures))
    except BadInput as fault:
        problems.add(fault.code, fault.message, line=line, column=column, hint=fault.hint)


def only(path: Path) -> Document | None:
    """Return the document of a file that holds one and nothing else; None: it holds something else."""
    documents = read_documents(path)
    one = len(documents) == 1 and isinstance(documents[0].value, dict)
    return documents[0] if one else None


def understood(
    connection: Connection, asked: Asked, document: Document, problems: Problems
) -> Reading:
    """Return the measures of a document with their bounds; notes what is wrong with them and the purpose."""
    there = known(connection)
    if there.purposes is not None and asked.purpose not in there.purposes:
        line, column = document.place(("purpose",))
        problems.add(
            "unknown-purpose",
            f'there is no purpose "{asked.purpose}"',
            line=line,
            column=column,
            hint=nearest(asked.purpose, there.purposes) or "tagwarden purpose list",
        )
    try:
        populations.check(connection, asked.population)
    except BadInput as fault:
        line, column = document.place(("population",))
        problems.add(fault.code, fault.message, line=line, column=column, hint=fault.hint)
    catalogue = check_documents((), there)
    scope = Scope(there.columns, there.attributes, catalogue.measures, values=there.values)
    names = {key: feature.name for key, feature in catalogue.features.items()}
    measures = measures_of(asked.features, document, scope, names, problems)
    contract = _contract_noted(asked, problems, document.place(("features",)))
    nodes, words = tuple(node for node, _ in measures), tuple(name for _, name in measures)
    return Reading(catalogue, scope, nodes, words, contract)


def unnamed(node: Node) -> Node:
    """Return a rule with what its features stand for in their place."""
    return unnamed(node.of) if isinstance(node, Named) else rebuilt(node, unnamed)


def _contract_noted(
    asked: Asked, problems: Problems, at: tuple[int, int]
) -> FeatureContract | None:
    """Return the contract of the features; None after noting every reason why it bounds nothing."""
    try:
        return contract_of(asked.features)
    except BadInput as fault:
        for one in fault.problems:
            problems.add(one.code, one.message, line=at[0], column=at[1], hint=one.hint)
        return None


def seen(connection: Connection, catalogue: Catalogue, tag: Tag, nodes: Sequence[Node]) -> Tag:
    """Return the tag with the data categories that its measures bring."""
    root = Segment("", tuple(nodes), None)
    whole = replace(catalogue, tags={**catalogue.tags, tag.key: Definition(tag, root)})
    return effective(tag, lineage(whole, attribute_categories(connection)))
