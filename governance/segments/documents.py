# SPDX-License-Identifier: Apache-2.0
"""Reads a segmentation against the catalogue, and who may be in it against the gate."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Connection

from audit.errors import BadInput, Problems
from governance.catalogue import attribute_categories, known
from policies.document import nearest, read_documents, validate
from tagging.catalogue import Catalogue, Definition, check_documents
from tagging.document import Tag, Words
from tagging.explain.spelling import spell
from tagging.explain.variables import rebuilt
from tagging.lineage import effective, lineage
from tagging.rules.parse import Scope
from tagging.rules.tree import SCALE, Named, Node, Segment
from tagging.segment_document import Measured, Segmentation, contract_of, measures_of
from tagging.segmentation.contract import FeatureContract


@dataclass(frozen=True, slots=True)
class Checked:
    """A segmentation that can be computed, and whose sensitivity is bounded."""

    document: Segmentation
    contract: FeatureContract
    measures: tuple[Node, ...]
    names: tuple[Words, ...]
    tag: Tag
    """As the gate must see it."""

    @property
    def texts(self) -> tuple[str, ...]:
        """Return the rules of the measures, with the features of the catalogue written out."""
        return tuple(spell(unnamed(node)) for node in self.measures)

    @property
    def divisors(self) -> tuple[int, ...]:
        """Return how many units of each measure are one unit of its feature."""
        return tuple(SCALE if node.kind == "dec" else 1 for node in self.measures)


def read(connection: Connection, path: Path) -> Checked:
    """Return the segmentation in a file; raises BadInput with every problem of it."""
    documents = read_documents(path)
    problems = Problems(path.name)
    if len(documents) != 1 or not isinstance(documents[0].value, dict):
        raise BadInput("segmentation-file", "the file holds one Segmentation and nothing else")
    document = documents[0]
    found = validate(Segmentation, document, problems)
    if found is None:
        problems.raise_if_any("bad-segmentation", "the segmentation cannot be used")
        raise AssertionError
    there = known(connection)
    if there.purposes is not None and found.purpose not in there.purposes:
        line, column = document.place(("purpose",))
        problems.add(
            "unknown-purpose",
            f'there is no purpose "{found.purpose}"',
            line=line,
            column=column,
            hint=nearest(found.purpose, there.purposes) or "tagwarden purpose list",
        )
    catalogue = check_documents((), there)
    scope = Scope(there.columns, there.attributes, catalogue.measures, values=there.values)
    names = {key: feature.name for key, feature in catalogue.features.items()}
    measures = measures_of(found.features, document, scope, names, problems)
    line, column = document.place(("features",))
    contract = contract_noted(found.features, problems, (line, column))
    problems.raise_if_any("bad-segmentation", "the segmentation cannot be used")
    if contract is None:
        raise AssertionError
    nodes = tuple(node for node, _ in measures)
    tag = seen(connection, catalogue, found.tag(), nodes)
    return Checked(found, contract, nodes, tuple(words for _, words in measures), tag)


def unnamed(node: Node) -> Node:
    """Return a rule with what its features stand for in their place."""
    return unnamed(node.of) if isinstance(node, Named) else rebuilt(node, unnamed)


def contract_noted(
    features: Sequence[Measured], problems: Problems, at: tuple[int, int]
) -> FeatureContract | None:
    """Return the contract of some features; None after noting every reason why it bounds nothing."""
    try:
        return contract_of(features)
    except BadInput as fault:
        for one in fault.problems:
            problems.add(one.code, one.message, line=at[0], column=at[1], hint=one.hint)
        return None


def seen(connection: Connection, catalogue: Catalogue, tag: Tag, nodes: Sequence[Node]) -> Tag:
    """Return the tag with the data categories that its measures bring."""
    root = Segment("", tuple(nodes), None)
    whole = replace(catalogue, tags={**catalogue.tags, tag.key: Definition(tag, root)})
    return effective(tag, lineage(whole, attribute_categories(connection)))
