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
from governance.segments.documents import Computable, only, seen, understood, unnamed
from policies.document import validate
from tagging.catalogue import check_documents
from tagging.document import Words
from tagging.explain.spelling import spell
from tagging.model_document import Model, faults, target_of, timeless
from tagging.rules.parse import Scope, parse_rule
from tagging.rules.tree import Node
from tagging.segment_document import contract_of, plain


@dataclass(frozen=True, slots=True)
class Checked(Computable):
    """A model that can be trained: what goes in is bounded, and the outcome comes after it."""

    document: Model
    target: Node

    def stored(self) -> dict[str, Any]:
        """Return what is kept of it: features of the catalogue are written out."""
        target = spell(unnamed(self.target))
        return {**Computable.stored(self), "model": plain(self.document), "target": target}


def read(connection: Connection, path: Path, now: Micros) -> Checked:
    """Return the model in a file; raises BadInput with every problem of it."""
    document, problems = only(path), Problems(path.name)
    if document is None:
        raise BadInput("model-file", "the file holds one Model and nothing else")
    found, target = validate(Model, document, problems), None
    if found is not None:
        faults(found, document, now, problems)
        so_far = understood(connection, found, document, problems)
        if timeless([unnamed(node) for node in so_far.measures]):
            line, column = document.place(("features",))
            problems.add(
                "feature-timeless",
                "of an attribute only the present value is known: a training in the past would see the future",
                line=line,
                column=column,
                hint="count events instead",
            )
        target = target_of(found, document, so_far.scope, problems)
    problems.raise_if_any("bad-model", "the model cannot be used")
    if found is None or target is None or so_far.contract is None:
        raise AssertionError
    tag = seen(connection, so_far.catalogue, found.tag(), (*so_far.measures, target))
    return Checked(so_far.contract, so_far.measures, so_far.names, tag, found, target)


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
    return Checked(contract_of(found.features), tuple(measures), names, tag, found, target)
