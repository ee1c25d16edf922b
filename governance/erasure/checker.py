# SPDX-License-Identifier: Apache-2.0
"""Searches everything for people who are erased. Written apart from the erasers: it shares nothing with
them, does not ask the registry where to look, and reads files as bytes and stores with their own readers.

It looks for the random name, the wrapped keys and the index of identities in every file of the
workspace, and for letters in the folder of messages; for the number in every table, set and part of the
lake; for identities in the quarantine.
"""

import csv
import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pyroaring import BitMap
from sqlalchemy import Connection, inspect, text

from audit.errors import Conflict
from governance.erasure import bytesearch
from policies.decision import covers

if TYPE_CHECKING:
    from governance.erasure.scope import Scope
    from governance.workspace import Workspace

KEPT: Final = frozenset({"consentevent", "choiceevent", "keptproof", "erasure"})
"""Tables in which the bare number stays: ledgers with a ground, and this register until it is closed."""

HELD: Final = frozenset({"subject", "hold", "request", "liveevent", "choicestate", "bitmapdelta"})
"""Tables in which something stays of people whose transactions are held; of some, not everything."""
TRADES: Final = frozenset({"purchase", "return", "cancel", "adjustment"})

_CHUNK: Final = 20_000
_WORDS: Final = re.compile(r"[^,;\t|]+")
_TORN: Final = re.compile(r"[\w.@+/-]+")
"""Words of a line of which nobody knows the cells."""

_AMOUNT: Final = re.compile(r"[0-9]{1,8}(\.[0-9]{1,4})?\Z")
"""A quantity, a price or a day: beside the cell that says who a row is about, that is nobody's number."""

Found = dict[int, set[str]]
"""Person -> where something of them was found."""


def search(ws: "Workspace", people: Mapping[int, Sequence[bytes]]) -> Found:
    """Return what is still there of erased people, given the traces of each; empty when nothing is."""
    found: Found = {}
    owners = [(trace, person) for person, traces in people.items() for trace in traces]
    for number, path in _searched(ws.paths.root, [trace for trace, _ in owners]):
        _add(found, owners[number][1], f"file:{path}")
    _letters(ws, owners, found)
    numbers = BitMap(people)
    with ws.store.read() as connection:
        _tables(connection, numbers, found)
        _sets(connection, numbers, found)
    _keys(ws.paths.keystore, numbers, found)
    _lake(ws.paths.lake, numbers, found)
    if _in_quarantine(ws):
        for person in people:
            _add(found, person, "quarantine")
    return found


def search_held(
    ws: "Workspace", people: Mapping[int, int], seals: Mapping[int, Sequence[bytes]]
) -> Found:
    """Return what is there of people whose transactions a hold keeps, from an instant on, beside those.

    `seals` are traces of what was sealed of each.
    """
    found: Found = {}
    numbers = BitMap(people)
    if not numbers:
        return found
    owners = [(trace, person) for person, traces in seals.items() for trace in traces]
    for number, path in _searched(ws.paths.root, [trace for trace, _ in owners]):
        _add(found, owners[number][1], f"file:{path}")
    _letters(ws, owners, found)
    with ws.store.read() as connection:
        _tables_but(connection, people, found)
        names = {row.name for row in connection.execute(text("SELECT name FROM bitmap"))}
        _sets(connection, numbers, found, names - {"restricted"})
    _lake_but(ws.paths.lake, people, found)
    if _in_quarantine(ws):
        for person in people:
            _add(found, person, "quarantine")
    return found


def _letters(ws: "Workspace", owners: Sequence[tuple[bytes, int]], found: Found) -> None:
    """Look for the same traces in the folder of messages: a letter holds its own name."""
    folder = ws.settings.text("delivery.folder")
    if folder and Path(folder).expanduser().is_dir():
        for number, _ in _searched(Path(folder).expanduser(), [trace for trace, _ in owners]):
            _add(found, owners[number][1], "letters")


def _tables_but(connection: Connection, people: Mapping[int, int], found: Found) -> None:
    seen: Found = {}
    _tables(connection, BitMap(people), seen)
    for person, places in seen.items():
        for place in places - HELD:
            _add(found, person, place)
    for table, query in _BESIDES.items():
        for person in BitMap(connection.execute(text(query)).scalars()) & BitMap(people):
            _add(found, person, table)
    for row in connection.execute(text("SELECT subject_id, event_type, ts FROM liveevent")):
        if row.subject_id in people and not _stays(people, *row):
            _add(found, row.subject_id, "liveevent")


_BESIDES: Final = {
    "choicestate": "SELECT subject_id FROM choicestate WHERE kind <> 'restrict'",
    "bitmapdelta": "SELECT subject_id FROM bitmapdelta WHERE name <> 'restricted'",
}


def _stays(people: Mapping[int, int], person: int, kind: str, instant: int) -> bool:
    return kind in TRADES and instant >= people[person]


def _lake_but(lake: Path, people: Mapping[int, int], found: Found) -> None:
    """Read back whose events of which type lie in every file of the lake."""
    import pyarrow.parquet as pq

    for path in sorted(lake.rglob("*")) if lake.is_dir() else ():
        if not path.is_file():
            continue
        columns = ["subject_id", "event_type", "ts"]
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=1 << 20, columns=columns):
                for item in batch.filter(_among(batch, people)).to_pylist():
                    if not _stays(people, item["subject_id"], item["event_type"], item["ts"]):
                        _add(found, item["subject_id"], "lake")


def _among(batch: Any, people: Mapping[int, int]) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.is_in(batch.column("subject_id"), pa.array(sorted(people), pa.int64()))


def search_part(ws: "Workspace", people: Collection[int], scope: "Scope") -> Found:
    """Return what is still there of a part that was erased of some people."""
    found: Found = {}
    with ws.store.read() as connection:
        rows = connection.execute(text("SELECT id, key, document FROM definition")).all()
        gone = {row.id for row in rows if _is_of(json.loads(row.document), scope)}
        values = connection.execute(text("SELECT tv, definition_id FROM tagvalue")).all()
        numbers = [row.tv for row in values if row.definition_id in gone]
        for tv in numbers:
            held = connection.execute(
                text("SELECT subject_id FROM assignment WHERE tv = :t"), {"t": tv}
            )
            for person in BitMap(row.subject_id for row in held) & BitMap(people):
                _add(found, person, "assignment")
        _sets(connection, BitMap(people), found, {f"tv:{tv}" for tv in numbers})
        if scope.kind == "category":
            _attributes(ws, connection, people, scope, found)
    return found


def _is_of(document: Mapping[str, Any], scope: "Scope") -> bool:
    if scope.kind == "tag":
        return bool(document["key"] == scope.target)
    if scope.kind == "purpose":
        return list(document["purposes"]) == [scope.target]
    return any(covers(scope.target, stated) for stated in document["asserts"])


def _attributes(
    ws: "Workspace", connection: Connection, people: Collection[int], scope: "Scope", found: Found
) -> None:
    rows = connection.execute(text("SELECT key, category FROM attribute"))
    keys = {row.key for row in rows if covers(scope.target, row.category)}
    for person in people:
        cells = connection.execute(
            text("SELECT subject_id, class_id, cell FROM sealedblob WHERE subject_id = :s"),
            {"s": person},
        ).all()
        opened = ws.people.unseal((row.subject_id, row.class_id, row.cell) for row in cells)
        if any(keys & values.keys() for _, _, values in opened):
            _add(found, person, "sealedblob")


def _add(found: Found, person: int, where: str) -> None:
    found.setdefault(person, set()).add(where)


def _searched(root: Path, needles: Sequence[bytes]) -> Iterator[tuple[int, str]]:
    """Yield (number of the byte string, path of the file in which it stands)."""
    if not needles:
        return
    done = subprocess.run(  # noqa: S603  (our own program)
        [sys.executable, "-I", bytesearch.__file__, os.fspath(root)],
        input="\n".join(needle.hex() for needle in needles),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        raise Conflict(
            "search-failed",
            "the files of the workspace could not be searched: nothing is certified like this",
            hint="check that they may be read, then repeat the command",
        )
    for line in done.stdout.splitlines():
        number, _, path = line.partition("\t")
        yield int(number), path


# --- stores ---------------------------------------------------------------------------------


def _tables(connection: Connection, people: BitMap, found: Found) -> None:
    """Look for the numbers in every table of the database that has such a column."""
    catalogue = inspect(connection)
    for table in catalogue.get_table_names():
        columns = {column["name"] for column in catalogue.get_columns(table)}
        if "subject_id" in columns and table not in KEPT:
            for person in _numbers(connection, table, people):
                _add(found, person, table)


def _numbers(connection: Connection, table: str, people: BitMap) -> set[int]:
    there: set[int] = set()
    for listed in _lists(people):
        rows = connection.execute(
            text(f'SELECT DISTINCT subject_id FROM "{table}" WHERE subject_id IN ({listed})')
        )
        there.update(row.subject_id for row in rows)
    return there


def _lists(people: BitMap) -> Iterator[str]:
    """Yield the numbers as lists for a query."""
    numbers = list(people)
    for start in range(0, len(numbers), _CHUNK):
        yield ", ".join(map(str, numbers[start : start + _CHUNK]))


def _sets(
    connection: Connection, people: BitMap, found: Found, names: Collection[str] | None = None
) -> None:
    for row in connection.execute(text("SELECT name, members FROM bitmap")):
        if names is None or row.name in names:
            for person in BitMap.deserialize(row.members) & people:
                _add(found, person, "bitmap")


def _keys(path: Path, people: BitMap, found: Found) -> None:
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as store:
        tables = store.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            columns = {row[1] for row in store.execute(f"PRAGMA table_info({table})")}
            if "subject_id" in columns:
                for listed in _lists(people):
                    rows = store.execute(
                        f"SELECT DISTINCT subject_id FROM {table} WHERE subject_id IN ({listed})"
                    )
                    for (person,) in rows:
                        _add(found, person, f"keystore.{table}")


def _lake(lake: Path, people: BitMap, found: Found) -> None:
    """Read the column of people back from every file of the lake, registered or not."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    for path in sorted(lake.rglob("*")) if lake.is_dir() else ():
        if not path.is_file():
            continue
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=1 << 20, columns=["subject_id"]):
                there = BitMap(pc.unique(batch.column(0)).to_numpy(zero_copy_only=False))
                for person in there & people:
                    _add(found, person, "lake")


def _in_quarantine(ws: "Workspace") -> bool:
    """Return whether any quarantined row names somebody who is not to come back."""
    folder = ws.paths.quarantine
    csv.field_size_limit(2**31 - 1)
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if not path.is_file():
            continue
        with path.open(encoding="utf-8", errors="replace", newline="") as file:
            rows = list(csv.reader(file))
        told = bool(rows) and rows[0][-2:] == ["subject", "content"]
        words = {
            word
            for row in rows
            for cell in row[-1:]
            for word in _words(cell, row[-2] if told and len(row) > 1 else "")
        }
        usable = [word for word in words if word and word.isprintable()]
        if ws.people.suppressed("customer", usable):
            return True
    return False


def _words(content: str, subject: str) -> list[str]:
    """Return the words of a row; of cells beside the one that says who it is about, no short numbers."""
    try:
        value = json.loads(content)
    except ValueError:
        value = content
    if not isinstance(value, dict):
        plain = str(value)
        return [_bare(word) for word in (*_WORDS.findall(plain), *_TORN.findall(plain))]
    told = subject in value
    own = _WORDS.findall(str(value.pop(subject, "")))
    others = [_bare(word) for word in _WORDS.findall(",".join(map(str, value.values())))]
    if told:
        others = [word for word in others if not _AMOUNT.match(word)]
    return [*map(_bare, own), *others]


def _bare(word: str) -> str:
    return word.strip(" \"'{}[]\r\n")
