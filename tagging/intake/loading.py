# SPDX-License-Identifier: Apache-2.0
"""Reads a mapping file, and says which columns it names and where: every problem with its place."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import BaseModel

from audit.canon import digest
from audit.errors import BadInput, Problems
from policies.document import Document, Path_, nearest, read_documents, validate
from tagging.intake.mapping import KINDS, AnyMap, EventMap
from tagging.intake.parts import Coded

Map = TypeVar("Map", bound=AnyMap)
_SHARED = re.compile(
    r"(^|[_ .-])(gender|sex|age([_ ]?(band|range|group|class))?|birth[_ ]?(year|day|date)|dob|city|town"
    r"|country|state|province|region|(post(al)?|zip)[_ ]?code|zip|(sur|last|first|given|full)[_ ]?name"
    r"|marital[_ ]?status|income([_ ]?(band|range))?|household[_ ]?size|segment|tier|level)$"
    r"|(性别|年龄|年龄段|出生(日期|年份)|城市|省份?|国家|地区|邮编|姓名|姓氏|婚姻状况|收入|等级)$"
)
"""Columns with few values, or with values that are frequent: never an identity."""
_COLUMN_FIELDS = ("column", "clock")


@dataclass(frozen=True, slots=True)
class Mapping(Generic[Map]):
    """A mapping, with the places of its parts."""

    document: Document
    map: Map

    @property
    def digest(self) -> str:
        """The digest of what it says, however it is written."""
        return digest(self.map.model_dump(mode="json", by_alias=True))

    def check_columns(self, known: Iterable[str], repeated: frozenset[str] = frozenset()) -> None:
        """Raise BadInput with every column that the mapping names and the source does not have.

        `missing-header` when none is there: then the first row is probably not a header, and its
        values, which may be people's, are not repeated in a message. `repeated` are names that more
        than one column of the source has.
        """
        columns = set(known)
        wanted = list(references(self.map))
        missing = [(path, name) for path, name in wanted if name not in columns]
        twice = [(path, name) for path, name in wanted if name in repeated]
        if missing and len(missing) == len(wanted):
            raise BadInput(
                "missing-header",
                f"none of the columns of {self.document.file} stands in the first row of the file",
                hint="check delimiter: and skip:, or say header: false and list columns:",
            )
        problems = Problems(self.document.file)
        for path, name in missing:
            line, column = self.document.place(path)
            problems.add(
                "unknown-column",
                f'the file has no column "{name}"',
                line=line,
                column=column,
                hint=nearest(name, columns),
            )
        for path, name in twice:
            line, column = self.document.place(path)
            problems.add(
                "duplicate-column",
                f'the file has more than one column "{name}"',
                line=line,
                column=column,
                hint="give each a name of its own under columns:",
            )
        problems.raise_if_any(
            "unknown-column", "the mapping names columns that are not there, or there twice"
        )


def load(path: Path, model: type[Map]) -> Mapping[Map]:
    """Return the mapping in a file; raises BadInput with every problem, each with its place."""
    documents = read_documents(path)
    problems = Problems(path.name)
    if len(documents) != 1:
        problems.add("not-one-document", "a mapping file holds exactly one document")
        problems.raise_if_any("bad-mapping", f"{path.name} is not a usable mapping")
    return parsed(documents[0], model)


def parsed(document: Document, model: type[Map]) -> Mapping[Map]:
    """Return the mapping in a document; raises BadInput with every problem, each with its place."""
    problems = Problems(document.file)
    value = document.value
    kind = value.get("kind") if isinstance(value, dict) else None
    if isinstance(value, dict) and isinstance(kind, str) and kind in KINDS:
        if KINDS[kind] is not model:
            line, column = document.place(("kind",))
            noun = kind.removesuffix("Map").lower() + "s"
            problems.add(
                "wrong-kind",
                f"this is a {kind}, and a {model.__name__} is needed",
                line=line,
                column=column,
                hint=f"tagwarden ingest {noun} FILE --map {document.file}",
            )
    elif kind is not None:
        line, column = document.place(("kind",))
        hint = nearest(str(kind), KINDS) or "known: " + ", ".join(KINDS)
        problems.add(
            "unknown-kind", f'"{kind}" is not a mapping', line=line, column=column, hint=hint
        )
    found = None if problems.found else validate(model, document, problems)
    if found is not None:
        _check_subject(found, document, problems)
    problems.raise_if_any("bad-mapping", f"{document.file} is not a usable mapping")
    if found is None:
        raise BadInput("bad-mapping", f"{document.file} is not a usable mapping")
    return Mapping(document, found)


def _check_subject(found: AnyMap, document: Document, problems: Problems) -> None:
    """Note a person named by what many share: an index over it would give it away (threat 14)."""
    name = found.subject.column or ""
    if _SHARED.search(name.casefold()):
        line, column = document.place(("subject",))
        problems.add(
            "shared-identity",
            f'"{name}" is something that many people share, and names nobody',
            line=line,
            column=column,
            hint="subject: the column with the customer number",
        )


def load_any(path: Path) -> Mapping[AnyMap]:
    """Return the mapping in a file, of whichever kind it is."""
    documents = read_documents(path)
    value = documents[0].value if documents else None
    kind = value.get("kind") if isinstance(value, dict) else None
    model: type[AnyMap] = KINDS.get(str(kind), EventMap)
    return load(path, model)


def references(document: AnyMap) -> Iterator[tuple[Path_, str]]:
    """Yield every column that a mapping reads, with the path of the place that names it.

    Columns that a join adds are given by the join; its key is read from the file itself.
    """
    given: set[str] = set()
    for number, join in enumerate(document.source.join):
        if join.on not in given:
            yield ("source", "join", number, "on"), join.on
        given |= set(join.take)
    for path, name in _columns(document, ()):
        if name not in given:
            yield path, name
    if isinstance(document, EventMap) and isinstance(document.duplicates, tuple):
        for number, name in enumerate(document.duplicates):
            if name not in given:
                yield ("duplicates", number), name


def _columns(part: object, path: Path_) -> Iterator[tuple[Path_, str]]:
    if isinstance(part, Coded) and part.column is None:
        return
    if isinstance(part, BaseModel):
        for name in type(part).model_fields:
            if name == "source" and not path:
                continue
            value = getattr(part, name)
            if name in _COLUMN_FIELDS and isinstance(value, str):
                yield (*path, name), value
            else:
                yield from _columns(value, (*path, name))
    elif isinstance(part, dict):
        for key, value in part.items():
            yield from _columns(value, (*path, key))
    elif isinstance(part, tuple):
        for number, value in enumerate(part):
            yield from _columns(value, (*path, number))
