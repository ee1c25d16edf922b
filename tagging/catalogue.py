# SPDX-License-Identifier: Apache-2.0
"""Documents of a catalogue → checked definitions. Every problem of every file is reported at once.

A definition that leaves here has a rule that can be computed, explained and erased: its columns,
categories, features, attributes, tags and purposes exist, and its sentence can be filled.
"""

import re
from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audit.errors import BadInput, Problem, Problems
from policies.document import Document, nearest, read_documents, validate
from tagging.document import Feature, Tag
from tagging.evaluation.plan import references
from tagging.explain.answer import check_template
from tagging.rules.functions import CORE_COLUMNS
from tagging.rules.parse import Scope, parse_rule
from tagging.rules.reader import BAD
from tagging.rules.tree import (
    Aggregate,
    Case,
    Kind,
    Literal,
    Named,
    Node,
    Segment,
    TagRef,
    Tier,
    walk,
)

_QUOTED = re.compile(r"'([a-z][a-z0-9_.]*)(?=')")
"""What could be the key of a tag or feature in the text of a rule."""


_FIT = re.compile(r"(?:segment|model)\(\s*'([^']+)'\s*\)")


@dataclass(frozen=True, slots=True)
class Fitted:
    """A fit that a tag may name: its model, and the measures with which it was made."""

    measures: tuple[str, ...]
    """Rules, in the order of the model's features, as they stood when the release was made."""
    model: Any
    kind: Kind = "int"
    """`bool` for a model, which says yes or no."""


OTHER_KINDS = frozenset(
    {
        "Assessment",
        "Calendar",
        "Clocks",
        "ComplianceReport",
        "ConsentMap",
        "ConsentPolicy",
        "ConsentReport",
        "BiasReport",
        "Dictionary",
        "EventMap",
        "FairnessPolicy",
        "LeakReport",
        "Model",
        "NoisedBiasReport",
        "Notices",
        "Obligations",
        "Plan",
        "PolicyOverlay",
        "PolicyPack",
        "PriceReport",
        "ProfileMap",
        "Purpose",
        "Rights",
        "Screen",
        "Segmentation",
    }
)
"""Documents of ours that may lie in a folder of tags, and define none."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is already there, for definitions to refer to."""

    columns: Mapping[str, Kind] = field(default_factory=lambda: CORE_COLUMNS)
    attributes: frozenset[str] | None = None
    purposes: frozenset[str] | None = None
    values: Callable[[str], frozenset[str] | None] = lambda _column: None
    tags: Mapping[str, Tag] = field(default_factory=dict)
    features: Mapping[str, Feature] = field(default_factory=dict)
    fits: Callable[[str], Fitted | None] = lambda _name: None


@dataclass(frozen=True, slots=True)
class Definition:
    """A tag with its rule as a typed tree."""

    tag: Tag
    root: Node


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Checked definitions: those of the files and those that were known before."""

    tags: Mapping[str, Definition]
    features: Mapping[str, Feature]
    stated: frozenset[str]
    """Keys of the tags and features that stand in the files."""

    documents: Mapping[str, Document] = field(default_factory=dict)
    """The document of each stated key: where its parts stand."""

    measures: Mapping[str, Node] = field(default_factory=dict)
    """The rule of each feature that can be read."""

    unread: Mapping[str, Tag] = field(default_factory=dict)
    """Tags whose document is right and whose rule cannot be read; only `load_documents` has any."""


def check_files(paths: Iterable[Path], known: Known) -> Catalogue:
    """Return the definitions of the files on top of the known ones.

    Folders are searched for *.yaml, where documents of other kinds (purposes, assessments) are passed
    over. Raises BadInput `bad-definitions` with every problem of every file.
    """
    return check_documents(_read(_files(paths)), known)


def check_documents(documents: Iterable[Document], known: Known) -> Catalogue:
    """Return the definitions in some documents on top of the known ones; raises BadInput."""
    catalogue, problems = load_documents(documents, known)
    if problems:
        raise BadInput(
            "bad-definitions",
            f"{len(problems)} problem{'s' if len(problems) > 1 else ''} in the definitions",
            problems=problems,
        )
    return catalogue


def load_documents(documents: Iterable[Document], known: Known) -> tuple[Catalogue, list[Problem]]:
    """Return the definitions that can be read, and every problem of the documents."""
    problems: list[Problem] = []
    stated: dict[str, tuple[Tag | Feature, Document | None]] = {}
    stated |= {key: (old, None) for key, old in known.features.items()}
    stated |= {key: (old, None) for key, old in known.tags.items()}
    fresh: set[str] = set()
    for document in documents:
        found = Problems(document.file)
        item = _model(document, found)
        if item is not None and item.key in fresh:
            line, column = document.place(("key",))
            found.add(
                "duplicate-definition", f'"{item.key}" is defined twice', line=line, column=column
            )
        elif item is not None:
            stated[item.key] = (item, document)
            fresh.add(item.key)
        problems += found.found
    return _Checker(stated, known, problems).check(frozenset(fresh)), problems


def _files(paths: Iterable[Path]) -> list[tuple[Path, bool]]:
    """Return the files, and whether each was found in a folder."""
    found: list[tuple[Path, bool]] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(path.rglob("*.yaml"))
            if not inside:
                raise BadInput("no-documents", f"there is no *.yaml file in {path.name}")
            found += [(file, True) for file in inside]
        else:
            found.append((path, False))
    return found


def _read(files: Iterable[tuple[Path, bool]]) -> list[Document]:
    documents: list[Document] = []
    problems: list[Problem] = []
    for path, in_folder in files:
        try:
            documents += [
                one for one in read_documents(path) if not (in_folder and is_of_another_kind(one))
            ]
        except BadInput as fault:
            problems += fault.problems or (Problem(fault.code, fault.message, path.name),)
    if problems:
        raise BadInput("bad-definitions", "some files cannot be read", problems=problems)
    return documents


def kind_of(document: Document) -> object:
    """Return the kind that a document states, None when it states none."""
    return document.value.get("kind") if isinstance(document.value, Mapping) else None


def is_of_another_kind(document: Document) -> bool:
    """Return whether a document is one that the product knows and that defines no tag."""
    return kind_of(document) in OTHER_KINDS


def _model(document: Document, problems: Problems) -> Tag | Feature | None:
    kind = kind_of(document)
    if kind == "Feature":
        return validate(Feature, document, problems)
    if kind == "Tag":
        return validate(Tag, document, problems)
    line, column = document.place(("kind",))
    problems.add(
        "unknown-kind",
        "this is neither a Tag nor a Feature",
        line=line,
        column=column,
        hint="begin with apiVersion: tagwarden/v1 and kind: Tag",
    )
    return None


class _Checker:
    """Parses rules in the order of their references and checks what stands around them."""

    def __init__(
        self,
        stated: Mapping[str, tuple[Tag | Feature, Document | None]],
        known: Known,
        problems: list[Problem],
    ) -> None:
        self.stated, self.known, self.problems = stated, known, problems
        self.roots: dict[str, Node | None] = {}
        self.path: list[str] = []
        self.every_tag: dict[str, Kind] = {  # for "did you mean"
            key: "bool" for key, (item, _) in stated.items() if isinstance(item, Tag)
        }

    def check(self, fresh: frozenset[str]) -> Catalogue:
        for key in self.stated:
            self._root(key)
        tags, features, measures, unread = {}, {}, {}, {}
        for key, (item, document) in self.stated.items():
            root = self.roots.get(key)
            if isinstance(item, Feature):
                features[key] = item
                if root is not None:
                    measures[key] = root
                continue
            if document is not None:
                self._purposes(item, document)
            if root is not None:
                tags[key] = Definition(item, root)
                if document is not None:
                    self._around(item, root, document)
            else:
                unread[key] = item
        documents = {key: doc for key, (_, doc) in self.stated.items() if doc is not None}
        return Catalogue(tags, features, fresh, documents, measures, unread)

    def _root(self, key: str) -> Node | None:
        if key in self.roots:
            return self.roots[key]
        item, document = self.stated[key]
        found = Problems(document.file if document else "catalogue")
        place = document.place(("value",)) if document else (0, 0)
        if key in self.path:
            circle = " → ".join([*self.path[self.path.index(key) :], key])
            found.add(
                "tag-cycle",
                f"tags refer to each other in a circle: {circle}",
                line=place[0],
                column=place[1],
                hint="let one of them use events instead of the other tag",
            )
            self.problems += found.found
            self.roots[key] = None
            return None
        self.path.append(key)
        root = parse_rule(item.value, self._scope(item), found, _value_place(document, item.value))
        self.path.pop()
        self.problems += found.found
        return self.roots.setdefault(key, root)

    def _scope(self, item: Tag | Feature) -> Scope:
        """Return the scope of one rule: what it names is parsed first, so that kinds are known."""
        named = [key for key in dict.fromkeys(_QUOTED.findall(item.value)) if key in self.stated]
        tags: dict[str, Kind] = {}
        features: dict[str, Node] = {}
        for key in named:
            root = self._root(key)
            if isinstance(self.stated[key][0], Feature):
                if root is not None:
                    features[key] = root
            else:
                tags[key] = root.kind if root is not None else "bool"
        return Scope(
            self.known.columns,
            self.known.attributes,
            features,
            ChainMap(tags, self.every_tag),
            self._segments(item.value),
            self.known.values,
        )

    def _segments(self, value: str) -> dict[str, Segment]:
        """Return the segments that a rule names; their measures are read as they were written."""
        found: dict[str, Segment] = {}
        for name in dict.fromkeys(_FIT.findall(value)):
            fit = self.known.fits(name)
            if fit is None:
                continue
            problems = Problems("fit")
            scope = Scope(self.known.columns, self.known.attributes)
            parts = [parse_rule(text, scope, problems, (0, 0)) for text in fit.measures]
            self.problems += problems.found
            nodes = tuple(BAD if part is None else part for part in parts)
            found[name] = Segment(name, nodes, fit.model, fit.kind)
        return found

    def _purposes(self, tag: Tag, document: Document) -> None:
        found = Problems(document.file)
        for number, purpose in enumerate(tag.purposes):
            if self.known.purposes is not None and purpose not in self.known.purposes:
                line, column = document.place(("purposes", number))
                found.add(
                    "unknown-purpose",
                    f'there is no purpose "{purpose}"',
                    line=line,
                    column=column,
                    hint=nearest(purpose, self.known.purposes) or "tagwarden purpose apply FILE",
                )
        self.problems += found.found

    def _around(self, tag: Tag, root: Node, document: Document) -> None:
        found = Problems(document.file)

        def note(code: str, message: str, *path: str | int, hint: str = "") -> None:
            line, column = document.place(path)
            found.add(code, message, line=line, column=column, hint=hint)

        if not _small_domain(root):
            note(
                "tag-value-kind",
                "a tag is true or not, or takes one of a few values",
                "value",
                hint="compare it (… >= 3), or use tier(…, 5) or case when … then 'high' end",
            )
        for ref in references(root):
            wider = set(tag.purposes) - set(self._tag(ref).purposes)
            if wider:
                note(
                    "purpose-widened",
                    f'"{ref}" may not be used for {", ".join(sorted(wider))}',
                    "purposes",
                    hint=f"drop the purpose here, or add it to {ref}",
                )
        for message in check_template(tag, root):
            note("bad-sentence", message, "says")
        self._sources(tag, root, note)
        self.problems += found.found

    def _sources(self, tag: Tag, root: Node, note: Callable[..., None]) -> None:
        if tag.derivation == "declared" and any(isinstance(part, Aggregate) for part in walk(root)):
            note(
                "declared-from-events",
                "a declared tag repeats what a person stated; this one counts events",
                "derivation",
                hint="derivation: observed or inferred",
            )

    def _tag(self, key: str) -> Any:
        return self.stated[key][0]


def _value_place(document: Document | None, text: str) -> tuple[int, int]:
    """Return where the text of a rule begins: behind the key and its quote, or in the block below."""
    if document is None:
        return (0, 0)
    line, column = document.place(("value",))
    block = "\n" in text
    return (line + 1, 3) if block else (line, column + len('value: "'))


def _small_domain(root: Node) -> bool:
    """Return whether a rule takes few values: bitmaps are kept per value."""
    if root.kind in ("bool", "text"):
        return True
    if isinstance(root, Named):
        return _small_domain(root.of)
    if isinstance(root, Case):
        return all(_small_domain(part) for part in (*(v for _, v in root.whens), root.otherwise))
    return isinstance(root, Tier | Segment | Literal) or (
        isinstance(root, TagRef) and root.kind == "int"
    )
