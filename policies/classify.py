# SPDX-License-Identifier: Apache-2.0
"""What a tag reveals about a person, read from its words. Pure; the dictionary is data.

The dictionary knows words, not people: what it finds is a reason to look, and what it does not find
proves nothing. Whoever knows better states `asserts` in the tag, which then counts.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import Field

from audit.errors import Problems
from policies.decision import covers
from policies.document import Document, Path_, Strict, nearest, parse_documents, validate
from policies.lexicon import Entry, Lexicon, check_entries
from policies.packs import categories
from policies.rules import Texts

Where = Literal["key", "name", "description", "source"]


@dataclass(frozen=True, slots=True)
class Found:
    """One category that the words of a tag name, and the term that names it."""

    category: str
    term: str
    where: Where
    language: str
    provenance: str
    review: bool = False
    """A hint for a person: the term reveals the category only in some contexts."""
    age: int | None = None
    """The youngest age that the term speaks of, when it speaks of children themselves."""
    entry: str = ""
    """The entry of the dictionary; empty for a source, which is a category by itself."""


class Revealing(Entry):
    """An entry of the dictionary: terms, and the categories that they reveal."""

    category: Annotated[Texts, Field(min_length=1)]
    review: bool = False
    age: Annotated[int, Field(ge=0, le=17)] | None = None


class DictionaryFile(Strict):
    """A dictionary as a document. In a file of one's own, `remove` names entries to leave out."""

    api_version: Literal["tagwarden/v1"] = Field(alias="apiVersion")
    kind: Literal["Dictionary"]
    within: dict[str, str] = Field(default_factory=dict)
    entries: tuple[Revealing, ...] = ()
    remove: Texts = ()


@dataclass(frozen=True, slots=True)
class Dictionary:
    """Which terms reveal which categories of data."""

    lexicon: Lexicon[Revealing]
    within: Mapping[str, str]
    """Extensions that lie within a category that has no key for them: whoever asserts it, has both."""
    known: frozenset[str]
    """The categories that terms reveal for certain."""

    def entry(self, found: Found) -> Revealing | None:
        """Return the entry that a finding comes from; None for a source."""
        return next((e for e in self.lexicon.entries if e.id == found.entry), None)


def classify(
    *,
    key: str = "",
    names: Iterable[str] = (),
    descriptions: Iterable[str] = (),
    sources: Iterable[str] = (),
    dictionary: Dictionary | None = None,
) -> tuple[Found, ...]:
    """Return what the words of a tag reveal, in an order of its own; the same for the same words."""
    known = standard() if dictionary is None else dictionary
    texts: list[tuple[Where, str]] = [("key", key)]
    texts += [("name", text) for text in names]
    texts += [("description", text) for text in descriptions]
    found = {item for where, text in texts if text for item in _in_text(known, where, text)}
    found |= {
        Found(source, source, "source", "", "verified")
        for source in sources
        if any(covers(category, source) for category in known.known)
    }
    return tuple(sorted(found, key=_order))


def _order(found: Found) -> tuple[bool, int, str, str]:
    place = ("key", "name", "description", "source").index(found.where)
    return found.review, place, found.category, found.term


def _in_text(dictionary: Dictionary, where: Where, text: str) -> Iterator[Found]:
    for match in dictionary.lexicon.matches(text, key=where == "key"):
        entry = match.entry
        for category in entry.category:
            yield Found(
                category,
                match.term,
                where,
                match.language,
                entry.provenance,
                entry.review,
                entry.age,
                entry.id,
            )


def covered(found: Found, asserts: Iterable[str], dictionary: Dictionary) -> bool:
    """Return whether something asserted says what was found: the category, above it, or below it."""
    wider = dictionary.within.get(found.category)
    return any(
        covers(category, found.category)
        or covers(found.category, category)
        or (wider is not None and covers(category, wider))
        for category in asserts
    )


@cache
def standard() -> Dictionary:
    """Return the dictionary that comes with the product."""
    name = "dictionary.yaml"
    return read_dictionary((files("policies") / "library" / name).read_bytes(), name)


def read_dictionary(data: bytes, file: str) -> Dictionary:
    """Return the dictionary in a YAML document; raises BadInput with every problem of it."""
    given = _read(data, file, frozenset())
    return _made(given.entries, given.within)


def extend(dictionary: Dictionary, data: bytes, file: str) -> Dictionary:
    """Return the dictionary with entries of a file added, replaced (same id) or removed.

    Raises BadInput with every problem of the file.
    """
    known = {entry.id: entry for entry in dictionary.lexicon.entries}
    given = _read(data, file, frozenset(known))
    for name in given.remove:
        del known[name]
    known |= {entry.id: entry for entry in given.entries}
    return _made(known.values(), {**dictionary.within, **given.within})


def _made(entries: Iterable[Revealing], within: Mapping[str, str]) -> Dictionary:
    lexicon = Lexicon(entries)
    certain = (entry for entry in lexicon.entries if not entry.review)
    return Dictionary(lexicon, within, frozenset(c for entry in certain for c in entry.category))


def _read(data: bytes, file: str, removable: frozenset[str]) -> DictionaryFile:
    problems = Problems(file)
    documents = parse_documents(data, file)
    if len(documents) != 1:
        problems.add("not-one-document", "a dictionary is one document", hint="split the file")
    given = validate(DictionaryFile, documents[0], problems) if documents else None
    if given is not None:
        check_entries(given.entries, documents[0], problems)
        _check_names(given, documents[0], problems, removable)
    problems.raise_if_any("bad-dictionary", f"{file} is not a usable dictionary")
    if given is None:  # pragma: no cover  (what does not validate has problems)
        raise AssertionError(file)
    return given


def _check_names(
    given: DictionaryFile, document: Document, problems: Problems, removable: frozenset[str]
) -> None:
    known = categories()
    named: list[tuple[Path_, str]] = [
        (("entries", number, "category"), category)
        for number, entry in enumerate(given.entries)
        for category in entry.category
    ]
    named += [(("within", key), name) for key, wide in given.within.items() for name in (key, wide)]
    for path, category in named:
        if category not in known:
            line, column = document.place(path)
            problems.add(
                "unknown-category",
                f'there is no category "{category}"',
                line=line,
                column=column,
                hint=nearest(category, known),
            )
    for number, name in enumerate(given.remove):
        if name not in removable:
            line, column = document.place(("remove", number))
            problems.add(
                "unknown-entry",
                f'there is no entry "{name}" to remove',
                line=line,
                column=column,
                hint=nearest(name, removable),
            )
