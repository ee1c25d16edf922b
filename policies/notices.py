# SPDX-License-Identifier: Apache-2.0
"""What people are told about their requests, as data, in both languages. Pure.

Reads `library/notices.yaml`. A letter is plain text; its lines depend on closed conditions, and its
blanks are filled from closed fields, none of which can hold who somebody is.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from string import Formatter
from typing import Final, Literal, get_args

from pydantic import Field

from audit.errors import Problems
from policies.document import Strict, parse_documents, validate
from policies.rules import Texts, Why

Kind = Literal[
    "acknowledgement",
    "proof",
    "extension",
    "refusal",
    "answer",
    "duplicate",
    "expired",
    "lifting",
    "taken-back",
]
Condition = Literal[
    "gdpr",
    "pipl_cn",
    "ccpa",
    "contact",
    "proof",
    "review",
    "extendable",
    "unverified",
    "partial",
    "ground",
    "erased",
    "document",
    "erase",
    "restrict",
]
Blank = Literal[
    "title",
    "ref",
    "received",
    "kind",
    "day",
    "contact",
    "due",
    "extended",
    "reason",
    "ground",
    "articles",
    "act",
    "other",
    "ended",
    "remedy",
]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
_BLANKS: Final = frozenset(get_args(Blank))


class Line(Strict):
    """A paragraph of a letter."""

    when: tuple[Condition, ...] = ()
    unless: tuple[Condition, ...] = ()
    en: str = Field(min_length=1)
    zh: str = Field(min_length=1)

    def in_(self, language: str) -> str:
        """Return the paragraph in a language: zh, and English for everything else."""
        return self.zh if language == "zh" else self.en


class Notice(Strict):
    """One kind of letter; `cites` are the articles that ask for it."""

    title: Why
    cites: Texts
    lines: tuple[Line, ...] = Field(min_length=1)


class Notices(Strict):
    """The whole file."""

    api_version: Literal["tagwarden/v1"] = Field(alias="apiVersion")
    kind: Literal["Notices"]
    version: str
    head: tuple[Line, ...]
    foot: tuple[Line, ...]
    remedies: dict[str, Why]
    notices: dict[Kind, Notice]


@cache
def notices() -> Notices:
    """Return the letters that come with the product."""
    data = (files("policies") / "library" / "notices.yaml").read_bytes()
    return read_notices(data, "notices.yaml")


def read_notices(data: bytes, file: str) -> Notices:
    """Return the letters in a YAML document; raises BadInput with every problem of it."""
    problems = Problems(file)
    document = parse_documents(data, file)[0]
    found = validate(Notices, document, problems)
    if found:
        for kind in KINDS:
            if kind not in found.notices:
                problems.add("missing-notice", f"the letter {kind} is missing")
        every = (line for notice in found.notices.values() for line in notice.lines)
        for line in (*found.head, *found.foot, *every):
            for blank in sorted(_blanks(line.en) ^ _blanks(line.zh)):
                problems.add("blank-differs", f"{{{blank}}} stands in one language only")
            for blank in sorted((_blanks(line.en) | _blanks(line.zh)) - _BLANKS):
                problems.add("unknown-blank", f"a letter has no blank {{{blank}}}")
    problems.raise_if_any("bad-notices", f"{file} does not hold usable letters")
    if found is None:  # pragma: no cover  (letters that do not validate have problems)
        raise AssertionError(file)
    return found


def letter(
    kind: Kind, blanks: Mapping[Blank, Why], holds: Collection[Condition], language: str
) -> str:
    """Return the text of a letter: its paragraphs, in `en` or `zh`, each on one line."""
    found = notices()
    notice = found.notices[kind]
    filled = {str(name): both.in_(language) for name, both in blanks.items()}
    filled["title"] = notice.title.in_(language)
    lines = (*found.head, *notice.lines, *found.foot)
    return "\n\n".join(_written(lines, filled, holds, language)) + "\n"


def _written(
    lines: Iterable[Line], filled: Mapping[str, str], holds: Collection[Condition], language: str
) -> Iterator[str]:
    for line in lines:
        if all(one in holds for one in line.when) and not any(one in holds for one in line.unless):
            yield line.in_(language).format(**filled)


def _blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}
