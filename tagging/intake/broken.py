# SPDX-License-Identifier: Apache-2.0
"""Rows that break the form of a CSV file, and the line in which any row of it stands."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from audit.errors import BadInput
from tagging.intake.cells import quote
from tagging.intake.duck import Duck
from tagging.intake.raw import CHUNK
from tagging.intake.source import Relation

REASONS = {
    "MISSING COLUMNS": "too-few-columns",
    "TOO MANY COLUMNS": "too-many-columns",
    "UNQUOTED VALUE": "broken-quote",
    "LINE SIZE OVER MAXIMUM": "line-too-long",
}


@dataclass(frozen=True, slots=True)
class Broken:
    """Rows that break the form of the file, from one place on."""

    reason: str
    line: int
    text: str
    rows: int = 1
    """How many lines it has swallowed."""


def broken_rows(duck: Duck, relation: Relation) -> list[Broken]:
    """Return the rows that break the form of a CSV file, after it has been read once.

    Raises BadInput file-truncated when the last of them is the end of the file, cut off.
    """
    if not relation.rejects or not duck.rows(
        f"SELECT 1 FROM duckdb_tables() WHERE table_name = {quote(relation.rejects)}"
    ):
        return []
    found = duck.rows(
        "SELECT any_value(CAST(error_type AS VARCHAR) ORDER BY byte_position), line, "
        "min(line_byte_position), any_value(csv_line) "
        f"FROM {relation.rejects} GROUP BY line ORDER BY line"
    )
    starts = [int(row[2]) for row in found]
    lines = _line_numbers(relation.raw.path, starts)
    broken = []
    for (kind, _, _, text), line in zip(found, lines, strict=True):
        body = text or ""
        leading = len(body) - len(body.lstrip("\r\n"))
        swallowed = body.strip("\r\n").count("\n") if kind == "UNQUOTED VALUE" else 0
        broken.append(
            Broken(
                REASONS.get(kind, "broken-row"),
                line + leading,
                body.strip("\r\n"),
                1 + swallowed,
            )
        )
    if broken and not relation.raw.whole_last_line:
        last = broken[-1]
        if last.line + last.rows - 1 >= relation.raw.lines:
            raise BadInput(
                "file-truncated",
                f"{relation.raw.label} is cut off: line {last.line} ends in the middle",
                hint="copy it again",
                facts={"line": last.line},
            )
    return broken


def _line_numbers(path: Path, starts: list[int]) -> list[int]:
    """Return the line in which each byte position (from 1, ascending) stands."""
    found: list[int] = []
    line, at = 1, 0
    with path.open("rb") as handle:
        for start in starts:
            while at < start - 1:
                chunk = handle.read(min(CHUNK, start - 1 - at))
                if not chunk:
                    break
                line += chunk.count(b"\n")
                at += len(chunk)
            found.append(line)
    return found


def lines_of(
    relation: Relation, broken: list[Broken], rows: int, wanted: Collection[int]
) -> dict[int, int]:
    """Return the line in which each wanted row of a text begins; `rows` is how many there are.

    Empty when it cannot be told: the file's quotes do not add up to the rows that were read.
    """
    if relation.raw.format == "parquet":
        return {}
    if relation.raw.format == "jsonl":
        return {row: row for row in wanted}
    if not broken and rows + relation.first_line - 1 == relation.raw.lines:
        return {row: row + relation.first_line - 1 for row in wanted}
    skipped = {line for part in broken for line in range(part.line, part.line + part.rows)}
    found: dict[int, int] = {}
    seen, line, open_quote = 0, 0, False
    mark = relation.quote.encode()
    with relation.raw.path.open("rb") as handle:
        for text in handle:
            line += 1
            if line < relation.first_line or line in skipped:
                open_quote = False
                continue
            if not open_quote:
                if not text.strip(b"\r\n"):
                    continue
                seen += 1
                if seen in wanted:
                    found[seen] = line
            if mark and text.count(mark) % 2:
                open_quote = not open_quote
    return found if seen == rows else {}
