# SPDX-License-Identifier: Apache-2.0
"""Rows of a database as a source: streamed once into a scratch file of text, then read like a file.

Only reads: one SELECT, in a transaction that is never committed. The URL may hold a password, so that it
comes from a file or from stdin; it never stands in a message, and neither does what a driver says.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Engine, create_engine, inspect, quoted_name, select, table, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from audit.errors import BadInput
from tagging.intake.parts import Source
from tagging.intake.raw import Raw

BATCH = 20_000
_SPELLINGS: tuple[tuple[type | tuple[type, ...], Callable[[Any], str]], ...] = (
    (bool, lambda value: "true" if value else "false"),
    (datetime, lambda value: value.isoformat(sep=" ")),
    ((date, time), lambda value: value.isoformat()),
    (Decimal, lambda value: format(value, "f")),
    ((bytes, memoryview), lambda value: bytes(value).hex()),
)
_READS = re.compile(r"\s*(select|with)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Database:
    """A database to read rows from; the URL is not shown."""

    url: str = field(repr=False)

    @property
    def name(self) -> str:
        """What a report calls it."""
        return label_of(self.url)


def label_of(url: str) -> str:
    """Return what a report calls a database: its kind and name, never a person or a password.

    Raises BadInput `bad-url`.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise BadInput(
            "bad-url", "this is not a database URL", hint="such as postgresql+psycopg://…/shop"
        ) from None
    name = Path(parsed.database or "").name
    return f"{parsed.get_backend_name()}:{name or 'database'}"


def has_password(url: str) -> bool:
    """Return whether a URL holds a password, which must not stand in argv."""
    try:
        return make_url(url).password is not None
    except ArgumentError:
        return False


def fetch(url: str, source: Source, folder: Path) -> Raw:
    """Write the rows of a table or query, all as text, into a Parquet file in `folder`.

    Returns it with a digest of its content. Raises BadInput: bad-url, bad-query,
    database-unreadable, file-empty, duplicate-column.
    """
    if source.query is not None and not _READS.match(source.query):
        raise BadInput("bad-query", "a query only reads: SELECT …", hint="query: in the mapping")
    label = label_of(url)
    file = make_url(url).database
    if label.startswith("sqlite:") and not (file and Path(file).is_file()):
        raise BadInput("database-unreadable", f"{label} is not there", hint="check the URL")
    try:
        engine = create_engine(url, hide_parameters=True)
    except (NoSuchModuleError, ImportError, ArgumentError):
        raise BadInput(
            "bad-url",
            f"the driver of {label} is not installed",
            hint="pip install 'tagwarden[postgres]', or another driver of SQLAlchemy",
        ) from None
    try:
        return _stream(engine, source, folder, label)
    except SQLAlchemyError as error:
        raise BadInput(
            "database-unreadable",
            f"{label} cannot be read ({type(error).__name__})",
            hint="check the URL, the permission, and table: or query: in the mapping",
        ) from None
    finally:
        engine.dispose()


def _stream(engine: Engine, source: Source, folder: Path, label: str) -> Raw:
    path = folder / "rows.parquet"
    counted = sha256()
    rows = 0
    with engine.connect() as connection:
        result = connection.execution_options(stream_results=True, yield_per=BATCH).execute(
            text(source.query) if source.query else _whole_table(engine, str(source.table))
        )
        names = list(result.keys())
        if len({name.lower() for name in names}) != len(names):
            raise BadInput(
                "duplicate-column",
                "the query gives two columns the same name",
                hint="name them with AS in query:",
            )
        with _Writer(path, names) as writer:
            for batch in result.partitions(BATCH):
                lines = [tuple(_as_text(value) for value in row) for row in batch]
                counted.update("\n".join(map(repr, lines)).encode("utf-8", "surrogatepass"))
                writer.write(lines)
                rows += len(lines)
    if not rows:
        raise BadInput("file-empty", f"{label} gives no rows", hint="check table: or query:")
    digest = sha256("\n".join(names).encode() + counted.digest()).hexdigest()
    return Raw(path, label, "parquet", digest, path.stat().st_size)


def _whole_table(engine: Engine, name: str) -> Any:
    schema, _, plain = name.rpartition(".")
    columns = inspect(engine).get_columns(plain, schema=schema or None)
    found = table(
        quoted_name(plain, quote=True), schema=quoted_name(schema, quote=True) if schema else None
    )
    return select(*(text(_quoted(engine, column["name"])) for column in columns)).select_from(found)


def _quoted(engine: Engine, name: str) -> str:
    return engine.dialect.identifier_preparer.quote_identifier(name).replace(":", "\\:")


def _as_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    for kind, spell in _SPELLINGS:
        if isinstance(value, kind):
            return spell(value)
    return str(value)


class _Writer:
    """Writes batches of text rows into a Parquet file."""

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._schema = pa.schema([(name, pa.string()) for name in names])
        self._out = pq.ParquetWriter(path, self._schema, compression="snappy")

    def __enter__(self) -> Self:
        return self

    def write(self, rows: Sequence[tuple[str | None, ...]]) -> None:
        """Write one batch as a row group."""
        import pyarrow as pa

        columns: Iterator[tuple[str | None, ...]] = zip(*rows, strict=True)
        arrays = [pa.array(column, pa.string()) for column in columns]
        self._out.write_table(pa.Table.from_arrays(arrays, schema=self._schema))

    def __exit__(self, *_: object) -> None:
        self._out.close()
