# SPDX-License-Identifier: Apache-2.0
"""Columns of events where no workspace says which there are: taken from how rules use them.

A guess is good enough to read a rule and to lint it; `tag apply` has the real ones and refuses the
rest.
"""

import re
from collections.abc import Iterable

from tagging.rules.functions import CORE_COLUMNS
from tagging.rules.tree import Kind

_TEXT = re.compile(r"'(?:[^']|'')*'")
_WORD = re.compile(r"[A-Za-z_]\w*")
_MEASURED = re.compile(r"\b(?:sum|min|max)\(\s*([A-Za-z_]\w*)", re.IGNORECASE)
_COMPARED = re.compile(
    r"([A-Za-z_]\w*)\s*(?:<=|>=|<>|!=|<|>|=|\bbetween\b|\bin\s*\()\s*-?[0-9.]", re.IGNORECASE
)
_CALL_OR_OPTION = re.compile(r"[A-Za-z_]\w*(?=\s*(?:\(|=>))")
_RESERVED = frozenset(
    [
        "and",
        "or",
        "not",
        "in",
        "is",
        "null",
        "between",
        "case",
        "when",
        "then",
        "else",
        "end",
        "true",
        "false",
        "like",
    ]
)


def guessed_columns(rules: Iterable[object]) -> dict[str, Kind]:
    """Return the core columns and every other word of some rules that can be a column."""
    columns: dict[str, Kind] = dict(CORE_COLUMNS)
    for rule in rules:
        if not isinstance(rule, str):
            continue
        bare = _TEXT.sub("''", rule)
        numbers = {*_MEASURED.findall(bare), *_COMPARED.findall(bare)}
        calls = set(_CALL_OR_OPTION.findall(bare))
        for word in _WORD.findall(bare):
            if word in calls - numbers or word.lower() in _RESERVED or word in CORE_COLUMNS:
                continue
            if columns.get(word) != "dec":
                columns[word] = "dec" if word in numbers else "text"
    return columns
