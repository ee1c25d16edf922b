# SPDX-License-Identifier: Apache-2.0
"""Finds out how a file is written, from its first bytes: format, encoding, delimiter, header."""

import csv
import io
import re
from pathlib import Path

from tagging.intake.encoding import guess_encoding
from tagging.intake.parts import Source
from tagging.intake.raw import beginning, format_of

_BYTES = 1 << 18
_ROWS = 50
_DELIMITERS = (",", ";", "\t", "|")
_VALUE = re.compile(r"[+-]?[0-9][0-9.,:/T +-]*Z?\Z")


def guess_source(path: Path) -> tuple[Source, dict[str, object]]:
    """Return how a file seems to be written, and the part of it that a mapping must say.

    Raises BadInput as tagging.intake.raw does.
    """
    head = beginning(path, _BYTES)
    kind = format_of(path.name, head)
    told: dict[str, object] = {"format": kind}
    if kind == "parquet":
        return Source.model_validate(told), told
    encoding = guess_encoding(head)
    if encoding != "utf-8":
        told["encoding"] = encoding
    if kind == "jsonl":
        return Source.model_validate(told), told
    text = head.decode(encoding, "ignore").removeprefix("\ufeff")
    delimiter = _delimiter(text)
    told["delimiter"] = delimiter
    if not _has_header(text, delimiter):
        told["header"] = False
        told["columns"] = [f"c{number + 1}" for number in range(len(_rows(text, delimiter)[0]))]
    return Source.model_validate(told), told


def _delimiter(text: str) -> str:
    """Return the sign that splits the first rows most evenly into most cells."""

    def score(sign: str) -> tuple[int, int]:
        widths = [len(row) for row in _rows(text, sign)]
        common = max(set(widths), key=widths.count)
        return (widths.count(common) if common > 1 else 0), common

    return max(_DELIMITERS, key=score)


def _rows(text: str, delimiter: str) -> list[list[str]]:
    rows = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            if row:
                rows.append(row)
            if len(rows) >= _ROWS:
                break
    except csv.Error:
        pass
    return rows or [[""]]


def _has_header(text: str, delimiter: str) -> bool:
    """Return whether the first row is names: all different, none empty, none a number or a time."""
    first = [cell.strip() for cell in _rows(text, delimiter)[0]]
    return all(first) and len(set(first)) == len(first) and not any(map(_VALUE.match, first))
