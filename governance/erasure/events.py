# SPDX-License-Identifier: Apache-2.0
"""Events in the lake: only parts that hold some of these people are written anew, without them.

New file, on the disk; then one transaction registers it and forgets the old one; then the old one is
removed. What a crash leaves is in no table, and is swept.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from governance.store.private_file import sync_folder
from governance.store.repair import orphans, registered_parts
from governance.workspace import Workspace
from tagging.lake import Part
from tagging.lake_without import Without

SUFFIX = ".parquet"


def counted(ws: Workspace, connection: Connection, people: Collection[int]) -> Mapping[int, int]:
    """Return person -> events in the lake."""
    found: dict[int, int] = {}
    with _engine(ws, people) as engine:
        for item in engine.held(
            [ws.paths.lake / row.path for row in _parts(ws, connection, people)]
        ):
            found[item.subject_id] = found.get(item.subject_id, 0) + item.rows
    return found


def erase(ws: Workspace, people: Collection[int]) -> int:
    """Write the parts of the lake anew without some people; returns how many parts there were.

    Call it while holding the lock of long work.
    """
    with ws.store.read() as connection:
        rows = {ws.paths.lake / row.path: row for row in _parts(ws, connection, people)}
        kinds = _text_columns(connection)
    with _engine(ws, people) as engine, ExitStack() as undo:
        old = sorted({item.file for item in engine.held(list(rows))})
        written: dict[Path, Part] = {}
        for file in old:
            path = successor(rows[file].path)
            undo.callback((ws.paths.lake / path).unlink, missing_ok=True)
            written[file] = engine.write(file, ws.paths.lake, path, rows[file].bucket)
        gone = _values(engine, {file: rows[file] for file in old}, kinds)
        with ws.store.write() as unit:
            _swap(unit.connection, rows, written)
            _forget_values(ws, unit.connection, engine, gone)
        undo.pop_all()
    remove_unregistered(ws)
    return len(old)


def successor(path: str) -> str:
    """Return the path of the part that comes in place of one: the same name, with the next number.

    So a store that was put back finds what has come in place of the parts that it knows.
    """
    name, number = _numbered(path)
    return f"{name}.{number + 1}{SUFFIX}"


def _numbered(path: str) -> tuple[str, int]:
    stem = path.removesuffix(SUFFIX)
    name, dot, number = stem.rpartition(".")
    return (name, int(number)) if dot and number.isdecimal() else (stem, 0)


def relink(ws: Workspace) -> tuple[int, int]:
    """Register the successors of parts that are gone; returns how many, and how many have none.

    For a store that was put back: what it knows was written anew after the copy.
    """
    there = {path.relative_to(ws.paths.lake).as_posix() for path in orphans(ws.paths.lake, set())}
    latest: dict[str, str] = {}
    for path in sorted(there, key=lambda path: _numbered(path)[1]):
        latest[_numbered(path)[0]] = path
    linked = lost = 0
    with ws.store.write() as unit, _engine(ws, ()) as engine:
        for row in unit.connection.execute(text("SELECT path, bucket FROM lakepart")).all():
            if row.path in there:
                continue
            found = latest.get(_numbered(row.path)[0])
            part = engine.part(ws.paths.lake, found, row.bucket) if found else None
            _put(unit.connection, row.path, part)
            linked, lost = linked + bool(part), lost + (not part)
    return linked, lost


def remove_unregistered(ws: Workspace) -> None:
    """Remove the files of the lake that are in no table, those of a killed process too.

    Call it while holding the lock of long work.
    """
    lost = orphans(ws.paths.lake, registered_parts(ws.store))
    for path in lost:
        path.unlink()
    for folder in {path.parent for path in lost}:
        sync_folder(folder)


@contextmanager
def _engine(ws: Workspace, people: Collection[int]) -> Iterator[Without]:
    settings = ws.settings
    engine = Without(
        ws.paths.lake,
        people,
        memory=settings.text("engine.memory"),
        threads=settings.number("engine.threads"),
    )
    try:
        yield engine
    finally:
        engine.close()


def _parts(ws: Workspace, connection: Connection, people: Collection[int]) -> list[Any]:
    """Return the registered parts of the buckets in which these people are."""
    count = ws.settings.number("lake.buckets")
    buckets = {subject_id % count for subject_id in people}
    rows = connection.execute(text("SELECT path, bucket, columns FROM lakepart ORDER BY path"))
    return [row for row in rows if row.bucket % count in buckets]


def _swap(connection: Connection, rows: Mapping[Path, Any], written: Mapping[Path, Part]) -> None:
    for file, part in written.items():
        _put(connection, rows[file].path, part)


def _put(connection: Connection, old: str, part: Part | None) -> None:
    """Register a part in place of another, or nothing."""
    if part is None:
        connection.execute(text("DELETE FROM lakepart WHERE path = :old"), {"old": old})
        return
    connection.execute(
        text(
            "UPDATE lakepart SET path = :p, row_count = :n, size_bytes = :z, first_ts = :f, "
            "last_ts = :l WHERE path = :old"
        ),
        {
            "p": part.path,
            "n": part.rows,
            "z": part.size,
            "f": part.first_ts,
            "l": part.last_ts,
            "old": old,
        },
    )


def _text_columns(connection: Connection) -> frozenset[str]:
    """Return the text columns of events whose values are listed."""
    rows = connection.execute(text('SELECT DISTINCT "column" AS name FROM category'))
    return frozenset(row.name for row in rows)


def _values(
    engine: Without, rows: Mapping[Path, Any], kinds: frozenset[str]
) -> Mapping[tuple[str, str], int]:
    """Return (column, value) -> how many events of these people have it."""
    if not rows:
        return {}
    there = {name for row in rows.values() for name in json.loads(row.columns)}
    return engine.values(list(rows), sorted(kinds & there))


def _forget_values(
    ws: Workspace,
    connection: Connection,
    engine: Without,
    gone: Mapping[tuple[str, str], int],
) -> None:
    """Take these events off the list of values; a value that no other event has leaves it."""
    if not gone:
        return
    connection.execute(
        text('UPDATE category SET row_count = row_count - :n WHERE "column" = :c AND value = :v'),
        [{"c": column, "v": value, "n": count} for (column, value), count in gone.items()],
    )
    doubtful = connection.execute(
        text('SELECT "column" AS name, value FROM category WHERE row_count <= 0')
    ).all()
    lists: dict[str, list[Path]] = {}
    for row in connection.execute(text("SELECT path, columns FROM lakepart")):
        for name in json.loads(row.columns):
            lists.setdefault(name, []).append(ws.paths.lake / row.path)
    for row in doubtful:
        files = lists.get(row.name, [])
        left = engine.count(files, row.name, row.value) if files else 0
        change = "UPDATE category SET row_count = :n" if left else "DELETE FROM category"
        connection.execute(
            text(f'{change} WHERE "column" = :c AND value = :v'),
            {"n": left, "c": row.name, "v": row.value} if left else {"c": row.name, "v": row.value},
        )
