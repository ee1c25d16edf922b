# SPDX-License-Identifier: Apache-2.0
"""Reads a model's document against the catalogue; and a stored one as it was written."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from audit.clock import Micros
from audit.errors import BadInput, Problems
from governance.catalogue import known
from governance.segments.documents import contract_noted, seen, unnamed
from policies.document import nearest, read_documents, validate
from tagging.catalogue import check_documents
from tagging.document import Tag, Words
from tagging.explain.spelling import spell
from tagging.model_document import Model, faults, plain, target_of, timeless
from tagging.rules.parse import Scope, parse_rule
from tagging.rules.tree import SCALE, Node
from tagging.segment_document import contract_of, measures_of
from tagging.segmentation.contract import FeatureContract


@dataclass(frozen=True, slots=True)
class Checked:
    """A model that can be trained: what goes in is bounded, and the outcome comes after it."""

    document: Model
    contract: FeatureContract
    measures: tuple[Node, ...]
    target: Node
    names: tuple[Words, ...]
    tag: Tag
    """As the gate must see it."""

    @property
    def divisors(self) -> tuple[int, ...]:
        """Return how many units of each measure are one unit of its feature."""
        return tuple(SCALE if node.kind == "dec" else 1 for node in self.measures)

    def stored(self) -> dict[str, Any]:
        """Return what is kept of it: features of the catalogue are written out."""
        return {
            "model": plain(self.document),
            "measures": [spell(unnamed(node)) for node in self.measures],
            "target": spell(unnamed(self.target)),
            "divisors": list(self.divisors),
            "names": [{"en": one.en, "zh": one.zh} for one in self.names],
        }


def read(connection: Connection, path: Path, now: Micros) -> Checked:
    """Return the model in a file; raises BadInput with every problem of it."""
    documents = read_documents(path)
    problems = Problems(path.name)
    if len(documents) != 1 or not isinstance(documents[0].value, dict):
        raise BadInput("model-file", "the file holds one Model and nothing else")
    document = documents[0]
    found = validate(Model, document, problems)
    if found is None:
        problems.raise_if_any("bad-model", "the model cannot be used")
        raise AssertionError
    there = known(connection)
    line, column = document.place(("purpose",))
    if there.purposes is not None and found.purpose not in there.purposes:
        problems.add(
            "unknown-purpose",
            f'there is no purpose "{found.purpose}"',
            line=line,
            column=column,
            hint=nearest(found.purpose, there.purposes) or "tagwarden purpose list",
        )
    faults(found, document, now, problems)
    catalogue = check_documents((), there)
    scope = Scope(there.columns, there.attributes, catalogue.measures, values=there.values)
    names = {key: feature.name for key, feature in catalogue.features.items()}
    measures = measures_of(found.features, document, scope, names, problems)
    nodes = tuple(node for node, _ in measures)
    line, column = document.place(("features",))
    if timeless([unnamed(node) for node in nodes]):
        problems.add(
            "feature-timeless",
            "of an attribute only the present value is known: a training in the past would see the future",
            line=line,
            column=column,
            hint="count events instead",
        )
    contract = contract_noted(found.features, problems, (line, column))
    target = target_of(found, document, scope, problems)
    problems.raise_if_any("bad-model", "the model cannot be used")
    if contract is None or target is None:
        raise AssertionError
    tag = seen(connection, catalogue, found.tag(), (*nodes, target))
    return Checked(found, contract, nodes, target, tuple(words for _, words in measures), tag)


def again(connection: Connection, stored: Mapping[str, Any]) -> Checked:
    """Return a stored model as it was when it was trained, whatever the catalogue says now."""
    found = Model.model_validate(stored["model"])
    there = known(connection)
    scope, problems = Scope(there.columns, there.attributes), Problems("model")
    texts = (*stored["measures"], stored["target"])
    nodes = [parse_rule(one, scope, problems, (0, 0)) for one in texts]
    problems.raise_if_any("bad-model", "the measures of the model can no longer be computed")
    *measures, target = [node for node in nodes if node is not None]
    catalogue = check_documents((), there)
    tag = seen(connection, catalogue, found.tag(), (*measures, target))
    names = tuple(Words(en=one["en"], zh=one["zh"]) for one in stored["names"])
    return Checked(found, contract_of(found.features), tuple(measures), target, names, tag)
