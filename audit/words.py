# SPDX-License-Identifier: Apache-2.0
"""A text in both languages that every report is written in, and what people call the codes of a report."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

Names = Mapping[str, Mapping[str, Mapping[str, str]]]
"""Kind of code → code → language → what people read."""


class Words(NamedTuple):
    """A text in English and Chinese."""

    en: str
    zh: str

    def of(self, language: str) -> str:
        """Return the text in a language (en or zh)."""
        return self.zh if language == "zh" else self.en


def name_of(document: Mapping[str, Any], kind: str, code: str, language: str) -> str:
    """Return what people read for a code, as the document says; the code itself where it says nothing."""
    known: Mapping[str, str] = document.get("names", {}).get(kind, {}).get(code, {})
    return known.get(language, code)


def with_code(document: Mapping[str, Any], kind: str, code: str, language: str) -> str:
    """Return what people read for a code, and the code beside it, which commands ask for."""
    name = name_of(document, kind, code, language)
    return code if name == code else coded(name, code, language)


def coded(name: str, code: str, language: str) -> str:
    """Return a name with its code beside it."""
    return f"{name}（{code}）" if language == "zh" else f"{name} ({code})"


def listed(parts: Iterable[str], language: str) -> str:
    """Return texts as a list in a sentence."""
    return ("、" if language == "zh" else ", ").join(parts)


def enumerated(parts: Sequence[str], language: str) -> str:
    """Return texts as a list that ends with `and`."""
    if len(parts) < 2 or language == "zh":
        return listed(parts, language)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def colon(language: str) -> str:
    """Return the colon between a word and what is said of it."""
    return "：" if language == "zh" else ": "


def semicolon(language: str) -> str:
    """Return the semicolon between parts of a sentence."""
    return "；" if language == "zh" else "; "


def capital(text: str) -> str:
    """Return a text as it begins a sentence."""
    return text[:1].upper() + text[1:]
