# SPDX-License-Identifier: Apache-2.0
"""A file as rows: numbered, every cell as it is written, columns called c0, c1, … inside.

Names of people's columns never become names in SQL. Rows that break the form of the file are kept
apart with their line; a file that is cut off is refused whole.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from audit.errors import BadInput
from tagging.intake.cells import Cells, Column, column_type, ident, quote, readable
from tagging.intake.duck import Duck
from tagging.intake.parts import Join, Source
from tagging.intake.raw import Raw, look

HEAD_BYTES = 1 << 20
MAX_LINE = 16_000_000
SAMPLE_LINES = 10_000
_DELIMITERS = (",", ";", "\t", "|")
_MANY_ROWS = 200_000


@dataclass(frozen=True, slots=True)
class Relation:
    """A file as the engine sees it."""

    raw: Raw
    sql: str
    """SELECT with the columns nr (1 is the first), broken (a reason or NULL), line and c0, c1, …"""
    columns: tuple[Column, ...]
    slices: tuple[str, ...] = ("true",)
    """Conditions that split the rows into pieces which can be read at the same time."""
    estimate: int = 0
    """About how many rows there are."""
    rejects: str = ""
    """Table of rows that break the form of a CSV file; it exists when there are some."""
    first_line: int = 1
    """The line in which the first row stands, when every row is one line."""
    quote: str = ""
    repeated: frozenset[str] = frozenset()
    """Names that more than one column has."""


def open_source(duck: Duck, path: Path, source: Source, *, limit: int = 0) -> Relation:
    """Return a file as rows; `limit`: only about so many bytes of it, for a preview.

    Raises BadInput with the codes of tagging.intake.raw, and column-count.
    """
    if source.format == "database":
        raise BadInput(
            "not-a-file", "this mapping reads a database", hint="--url-file FILE instead of a file"
        )
    raw = look(
        path,
        format=source.format,
        encoding=source.encoding,
        scratch=duck.folder("text"),
        limit=limit,
    )
    if raw.format == "parquet":
        return parquet_rows(duck, raw)
    if raw.format == "jsonl":
        return _jsonl(duck, raw)
    return _csv(duck, raw, source)


def parquet_rows(duck: Duck, raw: Raw) -> Relation:
    """Return a Parquet file as rows; raises BadInput file-unreadable or file-empty."""
    import duckdb

    file = readable(raw.path)
    try:
        described = duck.rows(f"DESCRIBE SELECT * FROM read_parquet({file})")
        rows, groups = duck.one(
            f"SELECT sum(num_rows), sum(num_row_groups) FROM parquet_file_metadata({file})"
        )
    except duckdb.Error:
        raise BadInput(
            "file-unreadable", f"{raw.label} is not a readable Parquet file", hint="copy it again"
        ) from None
    if not rows:
        raise BadInput("file-empty", f"{raw.label} holds no rows", hint="export it again")
    columns = tuple(
        Column(row[0], f"c{number}", column_type(row[1])) for number, row in enumerate(described)
    )
    cells = ", ".join(f"{ident(c.name)} AS {c.sql}" for c in columns)
    sql = (
        f"SELECT file_row_number + 1 AS nr, CAST(NULL AS VARCHAR) AS broken, "
        f"CAST(NULL AS VARCHAR) AS line, {cells} FROM read_parquet({file}, file_row_number = true)"
    )
    return Relation(raw, sql, columns, _slices(int(rows), int(groups), duck.threads), int(rows))


def _slices(rows: int, groups: int, threads: int) -> tuple[str, ...]:
    """Return how to split a file: the engine reads row groups at once, so few of them need help."""
    if groups >= threads or rows < _MANY_ROWS:
        return ("true",)
    edges = [rows * number // threads for number in range(threads + 1)]
    return tuple(f"nr > {low} AND nr <= {high}" for low, high in pairwise(edges))


def _jsonl(duck: Duck, raw: Raw) -> Relation:
    if _head(raw.path).lstrip().startswith("["):
        raise BadInput(
            "file-unreadable",
            f"{raw.label} is one JSON list, not JSON Lines",
            hint="write one object per line, without commas between them",
        )
    lines = (
        f"(SELECT row_number() OVER () AS nr, trim(line) AS line FROM read_csv({readable(raw.path)}, "
        "columns = {'line': 'VARCHAR'}, auto_detect = false, header = false, delim = '\x1f', "
        f"quote = '', escape = '', max_line_size = {MAX_LINE}))"
    )
    good = "CASE WHEN json_valid(line) THEN json_type(line) = 'OBJECT' ELSE false END"
    keys = [
        str(row[0])
        for row in duck.rows(
            f"SELECT key FROM (SELECT unnest(json_keys(line)) AS key, nr FROM {lines} "
            f"WHERE nr <= {SAMPLE_LINES} AND {good}) GROUP BY key ORDER BY min(nr), key"
        )
        if '"' not in row[0] and "\\" not in row[0]
    ]
    if not keys:
        raise BadInput(
            "file-unreadable",
            f"{raw.label} holds no JSON objects, one per line",
            hint="check format: in the mapping",
        )
    columns = tuple(Column(key, f"c{number}") for number, key in enumerate(keys))
    paths = ", ".join(quote(f'$."{key}"') for key in keys)
    cells = ", ".join(f"found[{n}] AS c{n - 1}" for n in range(1, len(keys) + 1))
    sql = (
        f"SELECT nr, CASE WHEN found IS NULL THEN CASE WHEN json_valid(line) "
        f"THEN 'not-an-object' ELSE 'not-json' END END AS broken, line, {cells} "
        f"FROM (SELECT nr, line, CASE WHEN {good} THEN json_extract_string(line, [{paths}]) END "
        f"AS found FROM {lines} WHERE line <> '')"
    )
    return Relation(raw, sql, columns, estimate=raw.lines)


def _csv(duck: Duck, raw: Raw, source: Source) -> Relation:
    delimiter = source.delimiter or ("\t" if raw.format == "tsv" else _delimiter(raw.path, source))
    names, repeated = _names(raw, source, delimiter)
    columns = tuple(Column(name, f"c{number}") for number, name in enumerate(names))
    types = ", ".join(f"'{c.sql}': 'VARCHAR'" for c in columns)
    rejects = f"rejects_{duck.folder('rejects').name.rpartition('-')[2]}"
    options = {
        "auto_detect": "false",
        "columns": f"{{{types}}}",
        "header": "true" if source.header else "false",
        "skip": str(source.skip),
        "delim": quote(delimiter),
        "quote": quote(source.quote),
        "escape": quote(source.quote),
        "max_line_size": str(MAX_LINE),
        "buffer_size": str(2 * MAX_LINE),
        "store_rejects": "true",
        "rejects_table": quote(rejects),
        "rejects_scan": quote(rejects + "_scan"),
    }
    listed = ", ".join(f"{key} = {value}" for key, value in options.items())
    sql = (
        "SELECT row_number() OVER () AS nr, CAST(NULL AS VARCHAR) AS broken, "
        f"CAST(NULL AS VARCHAR) AS line, * FROM read_csv({readable(raw.path)}, {listed})"
    )
    return Relation(
        raw,
        sql,
        columns,
        estimate=raw.lines,
        rejects=rejects,
        first_line=source.skip + 1 + int(source.header),
        quote=source.quote,
        repeated=repeated,
    )


def _head(path: Path) -> str:
    with path.open("rb") as handle:
        data = handle.read(HEAD_BYTES)
    return data.decode("utf-8-sig", "ignore")


def _delimiter(path: Path, source: Source) -> str:
    lines = _head(path).splitlines()[source.skip : source.skip + 1] or [""]
    counts = {sign: lines[0].count(sign) for sign in _DELIMITERS}
    return max(counts, key=lambda sign: counts[sign]) if any(counts.values()) else ","


def _names(raw: Raw, source: Source, delimiter: str) -> tuple[list[str], frozenset[str]]:
    """Return the names of the columns, and those that stand there twice."""
    first = _first_record(raw, source, delimiter)
    if source.columns:
        if len(source.columns) != len(first):
            raise BadInput(
                "column-count",
                f"columns lists {len(source.columns)} names, the first row has {len(first)} cells",
                hint="list one name per cell, in order; check delimiter:",
            )
        return list(source.columns), frozenset()
    counts: dict[str, int] = {}
    names = []
    for number, name in enumerate(first, 1):
        word = name or f"column {number}"
        counts[word] = counts.get(word, 0) + 1
        names.append(word if counts[word] == 1 else f"{word} ({counts[word]})")
    return names, frozenset(word for word, count in counts.items() if count > 1)


def _first_record(raw: Raw, source: Source, delimiter: str) -> list[str]:
    text = io.StringIO(_head(raw.path), newline="")
    for _ in range(source.skip):
        text.readline()
    try:
        rows: Iterator[list[str]]
        if len(delimiter) > 1 or not source.quote:
            rows = (line.rstrip("\r\n").split(delimiter) for line in text)
        else:
            rows = csv.reader(text, delimiter=delimiter, quotechar=source.quote or None)
        first = next((row for row in rows if row), [])
    except csv.Error:
        first = []
    if not first:
        raise BadInput(
            "file-unreadable",
            f"{raw.label} has no readable first row",
            hint="check skip: and quote:",
        )
    return [name.strip() for name in first]


def lookup(duck: Duck, folder: Path, join: Join, source: Source, number: int) -> tuple[Raw, int]:
    """Make the table lookup<number> (k, j<number>_0, …) of a second file.

    Returns the file, and how many keys it has twice with different values: those give nothing.
    Raises BadInput lookup-column when it has no such column, and what `open_source` raises.
    """
    other = Source(nulls=source.nulls, encoding=source.encoding)
    relation = open_source(duck, folder / join.file, other)
    cells = Cells({c.name: c for c in relation.columns}, source.nulls)
    key = join.key or join.on
    for name in (key, *join.take.values()):
        if name not in cells.columns:
            raise BadInput(
                "lookup-column",
                f'{relation.raw.label} has no column "{name}"',
                hint="check join: in the mapping",
            )
    taken = [cells.columns[name] for name in join.take.values()]
    texts = [cells.read_text(c) if c.type == "text" else c.sql for c in taken]
    values = ", ".join(
        f"CASE WHEN count(DISTINCT {text}) <= 1 THEN min({text}) END AS j{number}_{at}"
        for at, text in enumerate(texts)
    )
    differ = " OR ".join(f"count(DISTINCT {text}) > 1" for text in texts)
    duck.rows(
        f"CREATE TABLE lookup{number} AS SELECT {cells.read_text(cells.columns[key])} AS k, "
        f"{values}, {differ} AS differs FROM ({relation.sql}) GROUP BY 1"
    )
    return relation.raw, int(duck.one(f"SELECT count(*) FROM lookup{number} WHERE differs")[0])


def lookup_columns(duck: Duck, join: Join, number: int) -> list[Column]:
    """Return the columns that lookup<number> adds to each row."""
    kinds = {row[0]: row[1] for row in duck.rows(f"DESCRIBE lookup{number}")}
    return [
        Column(name, f"j{number}_{at}", column_type(kinds[f"j{number}_{at}"]), own=False)
        for at, name in enumerate(join.take)
    ]
