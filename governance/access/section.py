# SPDX-License-Identifier: Apache-2.0
"""What a section of a package is, and what its readers are given."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

from sqlalchemy import Connection, text

from audit.clock import Micros
from governance.catalogue import Active, active
from governance.purpose import Purpose, purposes
from governance.running.live import Live
from governance.workspace import Workspace
from policies.vocabulary import label
from tagging.finding import Text


class Lines(NamedTuple):
    """Several lines in both languages; there may be more of them in one."""

    en: tuple[str, ...]
    zh: tuple[str, ...]

    @classmethod
    def of(cls, texts: Iterable[Text]) -> "Lines":
        """Return texts as lines."""
        found = tuple(texts)
        return cls(tuple(text.en for text in found), tuple(text.zh for text in found))


NO_NOTE: Final = Text("", "")

Value = str | int | bool | Text | Lines | None
Record = Mapping[str, Value]
Plain = str | int | bool | list[str] | None


class Field(NamedTuple):
    """One field of the records of a section."""

    code: str
    title: Text


@dataclass(frozen=True)
class Source:
    """The workspace as the readers see it: one person, one snapshot of the store."""

    ws: Workspace
    connection: Connection
    live: Live
    subject_id: int
    at: Micros

    @cached_property
    def tags(self) -> Mapping[str, Active]:
        """The newest version of each tag."""
        return active(self.connection)

    @cached_property
    def purposes(self) -> Mapping[str, Purpose]:
        """The purposes in force."""
        return purposes(self.connection)

    @cached_property
    def regime(self) -> str:
        """The law that applies to the person, '' when nobody said which."""
        found: str | None = self.connection.execute(
            text("SELECT regime FROM subject WHERE subject_id = :s"), {"s": self.subject_id}
        ).scalar()
        return found or ""

    def purpose(self, key: str) -> Text:
        """Return the name of a purpose, or its key when there is none any more."""
        found = self.purposes.get(key)
        return Text(found.name.en, found.name.zh) if found else Text(key, key)

    def tag(self, key: str) -> Text:
        """Return the name of a tag, or its key when there is none any more."""
        found = self.tags.get(key)
        return Text(found.tag.name.en, found.tag.name.zh) if found else Text(key, key)


def _nothing(_source: Source) -> tuple[Field, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class Section:
    """Records of one kind. Together the sections of a place read all that it holds about a person."""

    code: str
    place: str
    """Code of the place in the registry."""
    title: Text
    fields: tuple[Field, ...]
    read: Callable[[Source], Iterator[Record]]
    note: Text = NO_NOTE
    cards: bool = False
    """Whether a record is a table of its own on the page: it has many fields, or long ones."""
    given: bool = False
    """Whether the person gave it or was observed: that is what portability is about (GDPR Art. 20)."""
    more_fields: Callable[[Source], tuple[Field, ...]] = _nothing
    """Fields that only the workspace knows."""


def field(code: str, en: str, zh: str) -> Field:
    """Return a field."""
    return Field(code, Text(en, zh))


def word(group: str, code: str) -> Text:
    """Return what people read for a code."""
    return Text(label(group, code), label(group, code, "zh"))


def plain(value: Value, language: str) -> Plain:
    """Return a value as plain data in one language."""
    match value:
        case Lines():
            return list(value.zh if language == "zh" else value.en)
        case Text():
            return value.in_(language)
        case _:
            return value
