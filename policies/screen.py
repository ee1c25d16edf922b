# SPDX-License-Identifier: Apache-2.0
"""The keyword screen of Algorithm Provisions Art. 10: words that may not be a user tag. Pure.

The terms are data, by topic. A hit refuses the tag in mainland China; which words are illegal or
harmful information is a judgement, so each topic says why and whether it was checked.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import Field

from audit.errors import Problems
from policies.document import Strict, parse_documents, validate
from policies.lexicon import Entry, Lexicon, check_entries

KeywordClass = Literal["illegal_information", "harmful_information"]


@dataclass(frozen=True, slots=True)
class Hit:
    """A keyword of illegal or harmful information in the words of a tag."""

    keyword_class: KeywordClass
    term: str
    language: str
    topic: str = ""
    provenance: str = "knowledge"


class Screened(Entry):
    """A topic of the screen, and its terms."""

    keyword_class: KeywordClass


class ScreenFile(Strict):
    """The screen as a document."""

    api_version: Literal["tagwarden/v1"] = Field(alias="apiVersion")
    kind: Literal["Screen"]
    entries: tuple[Screened, ...] = Field(min_length=1)


def screen(texts: Iterable[str], *, lexicon: Lexicon[Screened] | None = None) -> tuple[Hit, ...]:
    """Return the keywords in texts, illegal ones first; the same for the same texts in any order."""
    known = topics() if lexicon is None else lexicon
    found = {
        Hit(entry.keyword_class, match.term, match.language, entry.id, entry.provenance)
        for text in texts
        for match in known.matches(text)
        for entry in (match.entry,)
    }
    return tuple(sorted(found, key=_order))


def _order(hit: Hit) -> tuple[bool, str, str]:
    return hit.keyword_class != "illegal_information", hit.topic, hit.term


@cache
def topics() -> Lexicon[Screened]:
    """Return the screen that comes with the product."""
    name = "screen.yaml"
    return read_screen((files("policies") / "library" / name).read_bytes(), name)


def read_screen(data: bytes, file: str) -> Lexicon[Screened]:
    """Return the screen in a YAML document; raises BadInput with every problem of it."""
    problems = Problems(file)
    document = parse_documents(data, file)[0]
    given = validate(ScreenFile, document, problems)
    if given is not None:
        check_entries(given.entries, document, problems)
    problems.raise_if_any("bad-screen", f"{file} is not a usable keyword screen")
    if given is None:  # pragma: no cover  (what does not validate has problems)
        raise AssertionError(file)
    return Lexicon(given.entries)
