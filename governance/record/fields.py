# SPDX-License-Identifier: Apache-2.0
"""What a record of processing is made of: entries, fields with their articles, lines of text."""

from dataclasses import dataclass

from audit.clock import Micros
from policies.rules import Provenance
from tagging.finding import Text


@dataclass(frozen=True, slots=True)
class Line:
    """One statement; `setting` is what would state it when it is not stated, '' when it is."""

    says: Text
    setting: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """One field that the law names, and what is on record for it."""

    code: str
    article: str
    title: Text
    lines: tuple[Line, ...]
    provenance: Provenance = "verified"


@dataclass(frozen=True, slots=True)
class Entry:
    """The fields of one purpose."""

    purpose: str
    name: Text
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """The record of one regime at one instant."""

    regime: str
    shop: str
    at: Micros
    entries: tuple[Entry, ...]

    @property
    def not_stated(self) -> tuple[str, ...]:
        """Return the settings that would state what is missing, each once."""
        lines = (line for entry in self.entries for field in entry.fields for line in field.lines)
        return tuple(dict.fromkeys(line.setting for line in lines if line.setting))


def said(en: str, zh: str) -> Line:
    """Return a statement in both languages."""
    return Line(Text(en, zh))


def stated(what: Text, value: str, setting: str) -> Line:
    """Return what a setting states, or that it does not."""
    value = " ".join(value.split())
    if value:
        return said(f"{what.en}: {value}", f"{what.zh}：{value}")
    return Line(
        Text(
            f"{what.en}: not stated (setting {setting})", f"{what.zh}：未填写（设置项 {setting}）"
        ),
        setting,
    )


def span(text: str) -> Text:
    """Return a length of time such as 30d in words."""
    number, unit = int(text[:-1]), text[-1]
    if unit == "d":
        return Text(f"{number} day{'s' if number != 1 else ''}", f"{number}天")
    return Text(f"{number} hour{'s' if number != 1 else ''}", f"{number}小时")
