# SPDX-License-Identifier: Apache-2.0
"""Builds files that shops export, mappings for them, and reads what came of both."""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from audit.clock import from_micros, parse_time
from policies.document import parse_documents
from tagging.intake import clean, consents, people
from tagging.intake.duck import opened
from tagging.intake.loading import parsed
from tagging.intake.mapping import KINDS
from tagging.intake.rows import join_all, when
from tagging.intake.source import open_source
from tagging.intake.stage import stage

NOW = parse_time("2026-03-01T12:00:00Z")
PLAIN = {
    "subject": "customer",
    "time": {"column": "at", "zone": "UTC"},
    "type": "purchase",
    "item": "item",
    "session": "order",
    "quantity": "quantity",
    "price": "price",
}
HEADER = "customer,at,order,item,quantity,price"


def a_map(kind="EventMap", **parts):
    """A mapping that fits HEADER, with some parts changed; None takes a part away."""
    start = PLAIN if kind == "EventMap" else {"subject": "customer"}
    document = {"apiVersion": "tagwarden/v1", "kind": kind, **start, **parts}
    document = {key: value for key, value in document.items() if value is not None}
    return parsed(parse_documents(json.dumps(document), "map.yaml")[0], KINDS[kind])


def a_file(folder, content, name="events.csv", encoding="utf-8"):
    """A file with a text, or with bytes as they are."""
    path = Path(folder) / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def an_order_file(folder, *rows, name="events.csv", encoding="utf-8"):
    """A CSV file with HEADER and the given lines."""
    return a_file(folder, "\n".join([HEADER, *rows]) + "\n", name, encoding)


@dataclass
class Read:
    """What cleaning made of a file."""

    rows: list
    bad: list
    outcomes: dict
    dropped: dict
    reasons: dict
    findings: dict
    count: int

    def column(self, name):
        return [row[name] for row in self.rows]


def read(path, mapping, *, zone="UTC", now=NOW, threads=2):
    """Read a file with a mapping, as `ingest` does before it keeps anything."""
    folder = Path(tempfile.mkdtemp(dir=Path(path).parent))
    with opened(folder, threads=threads) as duck:
        relation = open_source(duck, Path(path), mapping.map.source)
        mapping.check_columns((c.name for c in relation.columns), relation.repeated)
        rows = join_all(duck, relation, mapping.map.source, Path(path).parent)
        staged = stage(duck, _cleaning(rows, mapping.map, zone, now))
        names = staged.cleaning.columns
        found = duck.rows(f"SELECT {', '.join(names)} FROM {staged.files} ORDER BY nr")
        kept = [dict(zip(names, row, strict=True)) for row in found]
        for row in kept:
            for number, (name, _) in enumerate(staged.cleaning.extras):
                row[name] = row.pop(f"x{number}")
        return Read(
            [row for row in kept if row["outcome"] in ("kept", "nobody")],
            list(staged.quarantined()),
            dict(staged.outcomes),
            dict(staged.dropped),
            dict(staged.bad),
            dict(staged.findings),
            staged.rows,
        )


def _cleaning(rows, mapping, zone, now):
    kind = type(mapping).__name__
    if kind == "ProfileMap":
        return people.profiles(rows, mapping, from_micros(now).date())
    times = when(mapping.time, mapping.time_bounds, zone, now)
    if kind == "EventMap":
        return clean.events(rows, mapping, times)
    return consents.consents(rows, mapping, (times, None), None)


def e4(number):
    """A number in 1/10000 units."""
    return round(number * 10000)


def lake_rows(ws, columns="*"):
    """The events of the registered parts of a workspace's lake, ordered."""
    import duckdb
    from sqlalchemy import text

    with ws.store.read() as connection:
        paths = [row[0] for row in connection.execute(text("SELECT path FROM lakepart"))]
    if not paths:
        return []
    files = [str(ws.paths.lake / path) for path in paths]
    with duckdb.connect() as db:
        sql = f"SELECT {columns} FROM read_parquet($1, union_by_name=true, hive_partitioning=false)"
        cursor = db.execute(f"{sql} ORDER BY subject_id, ts, dedup", [files])
        names = [part[0] for part in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
