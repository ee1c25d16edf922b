# SPDX-License-Identifier: Apache-2.0
"""What a lint says, and what it is given to look at: one definition with what stands around it.

A finding names a place, an article or a reason, and the way out, in both languages. It holds words
of documents only; a lint never sees a person.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Literal, NamedTuple, get_args

from policies.document import Document
from policies.law import Law, shipped
from policies.rules import Provenance
from policies.vocabulary import Use
from tagging.catalogue import Catalogue
from tagging.certainty import ALL, Outcome, outcomes
from tagging.document import Feature, Tag, span_micros
from tagging.reading import constants
from tagging.rules.tree import Aggregate, Attribute, Named, Node, TagRef, walk

Severity = Literal["error", "warning"]

_USES: Final = frozenset(map(str, Use))


def provenance_of(mark: str) -> Provenance:
    """Return a mark of the packs and dictionaries; one that nobody knows waits for review."""
    return next((known for known in get_args(Provenance) if known == mark), "knowledge")


class Text(NamedTuple):
    """A sentence in both languages."""

    en: str
    zh: str

    def in_(self, language: str) -> str:
        """Return the sentence in a language: zh, and English for everything else."""
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a lint found: where, what, by which article, and the way out."""

    code: str
    severity: Severity
    key: str
    message: Text
    fix: Text
    cites: tuple[str, ...] = ()
    provenance: Provenance = "verified"
    file: str = ""
    line: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True)
class DeclaredPurpose:
    """What lints need to know of a purpose. `retention` is in microseconds, None where not known."""

    key: str
    use: str
    retention: int | None = None
    recipients: tuple[str, ...] = ("none",)
    words: tuple[str, ...] = ()
    """Every text of it that people read."""

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> "DeclaredPurpose | None":
        """Return the purpose in a plain document, None when the parts that count are not there.

        Whoever applies the purpose hears what is wrong with it; lints of tags only look at it.
        """
        key, use, span = plain.get("key"), plain.get("use"), plain.get("retention")
        if not isinstance(key, str) or not isinstance(use, str):
            return None
        try:
            retention = span_micros(span) if isinstance(span, str) else None
        except ValueError:
            retention = None
        given = plain.get("recipients")
        recipients = [given] if isinstance(given, str) else given or ["none"]
        texts = [plain.get("name"), plain.get("says")]
        words = [str(word) for text in texts if isinstance(text, Mapping) for word in text.values()]
        return cls(key, use, retention, tuple(map(str, recipients)), tuple(words))


@dataclass(frozen=True)
class Around:
    """What stands around the definitions: the whole catalogue, purposes, states of tags."""

    catalogue: Catalogue
    purposes: Mapping[str, DeclaredPurpose] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)
    """State of each tag of the workspace; empty without one."""

    successors: Mapping[str, str] = field(default_factory=dict)
    """The tag that replaces a deprecated one."""

    law: Law = field(default_factory=shipped)
    """The law that counts: of the workspace, or of the product."""

    def all(self) -> Iterator["Stated"]:
        """Yield every definition that is known, those of the files first."""
        found = self.catalogue
        for key in (*found.documents, *(k for k in found.tags if k not in found.documents)):
            if key in found.tags:
                yield Stated(found.tags[key].tag, found.tags[key].root, self)
            elif key in found.features:
                yield Stated(found.features[key], found.measures.get(key), self)
            elif key in found.unread:
                yield Stated(found.unread[key], None, self)

    @cached_property
    def roots(self) -> Mapping[str, Node]:
        """The rule of every tag that can be read."""
        return {key: definition.root for key, definition in self.catalogue.tags.items()}

    @cached_property
    def memory(self) -> dict[str, Any]:
        """What a lint has worked out once for the whole catalogue."""
        return {}


@dataclass(frozen=True)
class Stated:
    """One definition as somebody states it. `root` is None when its rule cannot be read."""

    item: Tag | Feature
    root: Node | None
    around: Around

    @property
    def tag(self) -> Tag:
        """The definition, for lints of tags only."""
        if isinstance(self.item, Tag):
            return self.item
        raise TypeError(f"{self.item.key} is not a tag")

    @property
    def document(self) -> Document | None:
        """Where it stands; None for what is only in the catalogue."""
        return self.around.catalogue.documents.get(self.item.key)

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """Every part of the rule, those of its features included."""
        return tuple(walk(self.root)) if self.root is not None else ()

    @cached_property
    def aggregates(self) -> tuple[Aggregate, ...]:
        """The different measures over events that the rule and its features take."""
        return tuple(dict.fromkeys(n for n in self.nodes if isinstance(n, Aggregate)))

    @cached_property
    def attributes(self) -> tuple[str, ...]:
        """Keys of the attributes that the rule opens."""
        return tuple(dict.fromkeys(n.key for n in self.nodes if isinstance(n, Attribute)))

    @cached_property
    def references(self) -> tuple[str, ...]:
        """Keys of the tags that the rule names."""
        return tuple(dict.fromkeys(n.key for n in self.nodes if isinstance(n, TagRef)))

    @cached_property
    def measures(self) -> tuple[str, ...]:
        """Keys of the features that the rule names."""
        return tuple(dict.fromkeys(n.key for n in self.nodes if isinstance(n, Named)))

    @cached_property
    def purposes(self) -> tuple[tuple[int, DeclaredPurpose], ...]:
        """The purposes of the tag that are known, each with its position.

        Where nobody declares one, a key that is a use of the law stands for itself.
        """
        found = []
        for number, key in enumerate(self.tag.purposes):
            purpose = self.around.purposes.get(key)
            if purpose is None and not self.around.purposes and key in _USES:
                purpose = DeclaredPurpose(key, key)
            if purpose is not None:
                found.append((number, purpose))
        return tuple(found)

    @cached_property
    def words(self) -> tuple[tuple[tuple[str, ...], str], ...]:
        """Every text of the tag with its place: key, name, sentence, labels, constants of the rule."""
        tag = self.tag
        found: list[tuple[tuple[str, ...], str]] = [
            (("key",), tag.key),
            (("name", "en"), tag.name.en),
            (("name", "zh"), tag.name.zh),
            (("says", "en"), tag.says.en),
            (("says", "zh"), tag.says.zh),
        ]
        for key, label in tag.labels.items():
            found += [(("labels", key), label.en), (("labels", key), label.zh)]
        found += [(("value",), text) for text in constants(self.nodes)]
        return tuple(found)

    @cached_property
    def outcomes(self) -> frozenset[Outcome]:
        """What the rule can come out as, when it is a condition; everything when it is none."""
        if self.root is None or self.root.kind != "bool":
            return ALL
        return outcomes(self.root, self.around.roots)


TAGS: Final = (Tag,)
EVERYTHING: Final = (Tag, Feature)


@dataclass(frozen=True, slots=True)
class Lint:
    """A lint: the name of its module gives its code, the docstring of its module is its manual."""

    module: str
    severity: Severity
    zh: str
    """What it finds, in one Chinese line; the English one is the first line of the docstring."""

    cites: tuple[str, ...] = ()
    provenance: Provenance = "verified"
    of: tuple[type, ...] = TAGS
    """The kinds of definition that it looks at."""

    @property
    def code(self) -> str:
        """The stable code."""
        return self.module.rpartition(".")[2].replace("_", "-")

    def finds(
        self,
        stated: Stated,
        path: tuple[str | int, ...],
        message: tuple[str, str],
        fix: tuple[str, str],
        *,
        severity: Severity | None = None,
        cites: tuple[str, ...] | None = None,
        provenance: Provenance | None = None,
    ) -> Finding:
        """Return a finding at a key of the document; message and fix are English, Chinese."""
        document = stated.document
        line, column = document.place(path) if document is not None else (0, 0)
        return Finding(
            self.code,
            severity or self.severity,
            stated.item.key,
            Text(*message),
            Text(*fix),
            self.cites if cites is None else cites,
            provenance or self.provenance,
            document.file if document is not None else "",
            line,
            column,
        )
