# SPDX-License-Identifier: Apache-2.0
"""Prints a record of processing: rows of a table, plain data, CSV, one HTML page that opens offline."""

import csv
import io
from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, StrictUndefined

from audit.clock import iso
from governance.record.fields import Field, Record
from policies.vocabulary import label

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet would compute."""

_WORDS: Final = {
    "en": {
        "title": "Record of processing",
        "of": " of ",
        "as_of": "As of",
        "law": "Law",
        "field": "Field",
        "says": "What is on record",
        "empty": "No purpose has been applied yet.",
        "missing": "Not stated yet:",
        "knowledge": "from memory, to be checked",
        "language": "English",
    },
    "zh": {
        "title": "处理活动记录",
        "of": "：",
        "as_of": "截至",
        "law": "法律",
        "field": "项目",
        "says": "记录内容",
        "empty": "尚未登记任何处理目的。",
        "missing": "尚未填写：",
        "knowledge": "凭知识记录，待核对",
        "language": "中文",
    },
}


def as_rows(record: Record, language: str) -> Iterator[tuple[str, str, str, str]]:
    """Yield (purpose, article, field, what it says), one row per field."""
    for entry in record.entries:
        for field in entry.fields:
            yield (
                entry.purpose,
                field.article,
                field.title.in_(language),
                _joined(field, language),
            )


def as_plain(record: Record) -> dict[str, Any]:
    """Return the record as plain data, every text in both languages."""
    return {
        "regime": record.regime,
        "as_of": iso(record.at),
        "not_stated": list(record.not_stated),
        "entries": [
            {
                "purpose": entry.purpose,
                "name": entry.name._asdict(),
                "fields": [
                    {
                        "field": field.code,
                        "article": field.article,
                        "title": field.title._asdict(),
                        "provenance": field.provenance,
                        "lines": [
                            {**line.says._asdict(), "stated": not line.setting}
                            | ({"state_with": line.setting} if line.setting else {})
                            for line in field.lines
                        ],
                    }
                    for field in entry.fields
                ],
            }
            for entry in record.entries
        ],
    }


def as_csv(record: Record, language: str) -> str:
    """Return the record as CSV, one row per purpose, one column per field."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    for number, entry in enumerate(record.entries):
        if number == 0:
            heads = [f"{field.article} {field.title.in_(language)}" for field in entry.fields]
            rows.writerow(["purpose", *heads])
        cells = [_joined(field, language) for field in entry.fields]
        rows.writerow([harmless(cell) for cell in (entry.purpose, *cells)])
    return out.getvalue()


def as_html(record: Record, languages: Sequence[str]) -> str:
    """Return the record as one page without anything from elsewhere, in one language or more."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    page = environment.from_string((files(__package__) / "page.html").read_text("utf-8"))
    return page.render(
        record=record, languages=languages, words=_WORDS, label=label, as_of=iso(record.at)
    )


def _joined(field: Field, language: str) -> str:
    mark = "；" if language == "zh" else "; "
    return mark.join(line.says.in_(language).rstrip(".。") for line in field.lines)


def harmless(cell: str) -> str:
    """Return a cell that a spreadsheet takes as text."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
