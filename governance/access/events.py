# SPDX-License-Identifier: Apache-2.0
"""What the person did: events from the lake, and those that came one by one since. Streamed."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from sqlalchemy import text

from audit.clock import iso
from governance.access.section import Field, Record, Section, Source, field
from governance.catalogue import known
from tagging.evaluation.duck import DuckEngine
from tagging.finding import Text
from tagging.rules.functions import CORE_COLUMNS
from tagging.rules.tree import Kind

_E4: Final = 10_000
_NAMES: Final = {
    "event_type": Text("what", "行为"),
    "item": Text("article", "商品"),
    "category": Text("category", "类别"),
    "session": Text("order or visit", "订单或访问"),
    "price": Text("price", "单价"),
    "quantity": Text("quantity", "数量"),
    "amount": Text("amount", "金额"),
    "hour": Text("hour", "时"),
    "weekday": Text("weekday (1: Monday)", "星期（1：星期一）"),
}


def columns(source: Source) -> Mapping[str, Kind]:
    """Return the columns of events, the core ones first."""
    found = known(source.connection).columns
    return {**{name: found.get(name, kind) for name, kind in CORE_COLUMNS.items()}, **found}


def _lake(source: Source) -> Iterator[Record]:
    """Yield the events of the one bucket in which the person is; some hundred in memory at a time."""
    bucket = source.subject_id % source.ws.settings.number("lake.buckets")
    rows = source.connection.execute(
        text("SELECT path, columns FROM lakepart WHERE bucket = :b ORDER BY path"), {"b": bucket}
    ).all()
    if not rows:
        return
    there = {name for row in rows for name in json.loads(row.columns)} | set(CORE_COLUMNS)
    kinds = {name: kind for name, kind in columns(source).items() if name in there}
    parts = [Path(source.ws.paths.lake / row.path) for row in rows]
    engine = DuckEngine(source.ws.paths.lake, memory="512MB", threads=1)
    try:
        for ts, *values in engine.stream(parts, ["ts", *kinds], source.subject_id):
            yield _event(ts, dict(zip(kinds, values, strict=True)), kinds)
    finally:
        engine.close()


def _live(source: Source) -> Iterator[Record]:
    rows = source.connection.execute(
        text("SELECT ts, event_type, fields FROM liveevent WHERE subject_id = :s ORDER BY ts, id"),
        {"s": source.subject_id},
    )
    kinds = columns(source)
    for row in rows:
        yield _event(row.ts, {"event_type": row.event_type, **json.loads(row.fields)}, kinds)


def _event(ts: int, values: Mapping[str, Any], kinds: Mapping[str, Kind]) -> Record:
    return {"at": iso(ts)} | {
        name: _decimal(value) if kinds.get(name) == "dec" and value is not None else value
        for name, value in values.items()
    }


def _decimal(number: int) -> str:
    """Return a number in 1/10000 units as people write it, exactly."""
    whole, rest = divmod(abs(int(number)), _E4)
    sign = "-" if number < 0 else ""
    return f"{sign}{whole}.{rest:04d}".rstrip("0").rstrip(".")


def _extra_fields(source: Source) -> tuple[Field, ...]:
    extras = (name for name in columns(source) if name not in CORE_COLUMNS)
    return tuple(Field(name, Text(name, name)) for name in extras)


_FIELDS: Final = (
    field("at", "time (UTC)", "时间（UTC）"),
    *(Field(name, _NAMES[name]) for name in CORE_COLUMNS),
)
_NOTE: Final = Text(
    "Hour and weekday are those of the shop's clock. Left out: a number by which repeated rows are told.",
    "时与星期按商店当地时间。未列出用于识别重复行的内部编号。",
)
LAKE: Final = Section(
    "events",
    "file.lake",
    Text("What you bought and did", "您的购买与行为"),
    _FIELDS,
    _lake,
    note=_NOTE,
    given=True,
    more_fields=_extra_fields,
)
LIVE: Final = Section(
    "latest-events",
    "store.liveevent",
    Text("What you did most recently", "您的最近行为"),
    _FIELDS,
    _live,
    note=_NOTE,
    given=True,
    more_fields=_extra_fields,
)
