# SPDX-License-Identifier: Apache-2.0
"""The event lake: Parquet parts, bucketed by person and sorted by person and time.

An event that is there already is not written again, whether the file repeats it or an earlier one
brought it. A part counts for readers only when the store says so; what is written here is nothing
until then.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tagging.intake.cells import ident, quote, readable
from tagging.intake.duck import Duck, Tick

CORE_COLUMNS = (
    *("subject_id", "ts", "dedup", "event_type", "item", "category", "session"),
    *("price", "quantity", "amount", "hour", "weekday"),
)
_STAGED = CORE_COLUMNS[1:]
_SAME = "USING (subject_id, dedup)"
GROUP_ROWS = 2_000_000
"""About so many events are sorted in memory together (measured: 1.3 GB with the rest)."""

ROWS_IN_GROUP = 16_384
"""Events that are read together at least. One person's are found in 2.4 ms (5.3 with the default of
122,880) on a bucket of 90,000 events, and reading all of them takes 10 % longer (measured)."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where parts go, and what is there already."""

    lake: Path
    part_name: str
    buckets: int
    existing: Mapping[int, Sequence[Path]]
    """Bucket → its registered parts."""


@dataclass(frozen=True, slots=True)
class Events:
    """Staged events: SQL that reads them, and which of their columns go into the lake under which name."""

    files: str
    extras: Sequence[tuple[str, str]]
    keep_repeated: bool
    """Whether equal rows are different events (the n-th of a file is the n-th of another)."""


@dataclass(frozen=True, slots=True)
class Part:
    """A file of the lake that has been written and is safe on disk."""

    path: str
    bucket: int
    rows: int
    size: int
    first_ts: int
    last_ts: int


@dataclass(frozen=True, slots=True)
class Written:
    """What a file has added to the lake."""

    parts: tuple[Part, ...]
    repeated: int
    """Events that the file itself holds more than once."""
    known: int
    """Events that an earlier file brought."""

    @property
    def rows(self) -> int:
        """Events that are new."""
        return sum(part.rows for part in self.parts)


def distinct_subjects(duck: Duck, files: str, size: int) -> Iterator[list[str]]:
    """Yield the different ids of people in staged events, `size` at a time.

    Always in the same order, which says nothing about the ids.
    """
    cursor = duck.db.cursor()
    try:
        cursor.execute(
            f"SELECT subject FROM {files} WHERE outcome = 'kept' GROUP BY subject "
            "ORDER BY md5(subject)"
        )
        while batch := cursor.fetchmany(size):
            yield [row[0] for row in batch]
    finally:
        cursor.close()


def know_people(duck: Duck, batches: Iterable[Mapping[str, int]]) -> int:
    """Make the table `people` (value, subject_id) of identities; returns how many there are."""
    duck.rows("CREATE OR REPLACE TABLE people (value VARCHAR, subject_id BIGINT)")
    for batch in batches:
        duck.db.execute(
            "INSERT INTO people SELECT unnest($1::VARCHAR[]), unnest($2::BIGINT[])",
            [list(batch.keys()), list(batch.values())],
        ).fetchall()
    return int(duck.one("SELECT count(DISTINCT subject_id) FROM people")[0])


def count_of(duck: Duck, files: str, values: Sequence[str]) -> int:
    """Return how many staged rows that were kept are about one of these ids."""
    if not values:
        return 0
    rows = f"SELECT count(*) FROM {files} WHERE outcome = 'kept' AND subject IN (SELECT unnest($1::VARCHAR[]))"
    return int(duck.db.execute(rows, [list(values)]).fetchall()[0][0])


def write(duck: Duck, events: Events, target: Target, tick: Tick = lambda _s: None) -> Written:
    """Write what is new as parts, one per bucket at most; when it fails, none is left.

    Memory is bounded by a few million rows, or by one bucket of this file when that is more, and by
    the keys of the bucket; above the engine's limit it spills.
    """
    found = duck.rows(f"SELECT DISTINCT subject_id % {target.buckets} FROM people ORDER BY 1")
    buckets = [int(row[0]) for row in found]
    total = int(
        duck.one(
            f"SELECT count(*) FROM {events.files} s SEMI JOIN people p ON p.value = s.subject "
            "WHERE s.outcome = 'kept'"
        )[0]
    )
    groups = _groups(buckets, total)
    parts: list[Part] = []
    known = 0
    with ExitStack() as undo:
        for number, group in enumerate(groups):
            for bucket in group:
                file = target.lake / part_path(bucket, target.part_name)
                undo.callback(file.unlink, missing_ok=True)

            def share(done: float, number: int = number) -> None:
                tick((number + done) / len(groups))

            _sort(duck, events, target, group, lambda done: share(done / 2))
            parts += _buckets(duck, events, target, group, lambda done: share((1 + done) / 2))
            known += sum(_known(duck, events, target, bucket) for bucket in group)
        undo.pop_all()
    return Written(tuple(parts), total - known - sum(part.rows for part in parts), known)


def _groups(buckets: Sequence[int], rows: int) -> list[Sequence[int]]:
    """Return the buckets in groups whose rows are sorted in memory together."""
    count = min(max(-(-rows // GROUP_ROWS), 1), max(len(buckets), 1))
    size = -(-len(buckets) // count)
    return [buckets[start : start + size] for start in range(0, len(buckets), max(size, 1))]


def _sort(duck: Duck, events: Events, target: Target, group: Sequence[int], tick: Tick) -> None:
    """Make the table `sorted` of the events of some buckets, and a view of each bucket."""
    listed = ", ".join(map(str, group))
    rows = f"{_rows(events, target)} AND p.subject_id % {target.buckets} IN ({listed})"
    duck.rows("DROP TABLE IF EXISTS sorted CASCADE")
    duck.run_all([f"CREATE TABLE sorted AS {rows} ORDER BY bucket, subject_id, ts, nr"], tick)
    for bucket in group:
        sql = f"SELECT * EXCLUDE bucket FROM sorted WHERE bucket = {bucket}"
        duck.rows(f"CREATE OR REPLACE VIEW bucket{bucket} AS {sql}")


def _rows(events: Events, target: Target) -> str:
    columns = ", ".join(f"s.{name}" for name in (*_STAGED, *_extra_names(events)))
    return (
        f"SELECT p.subject_id, {columns}, s.nr, p.subject_id % {target.buckets} AS bucket "
        f"FROM {events.files} s JOIN people p ON p.value = s.subject WHERE s.outcome = 'kept'"
    )


def part_path(bucket: int, name: str) -> str:
    """Return the path of a part, relative to the lake."""
    return f"b={bucket:03d}/{name}.parquet"


def remove(lake: Path, parts: Iterable[Part]) -> None:
    """Remove parts that were written and are not to be."""
    for part in parts:
        (lake / part.path).unlink(missing_ok=True)


def _extra_names(events: Events) -> list[str]:
    return [f"x{number}" for number in range(len(events.extras))]


def _buckets(
    duck: Duck, events: Events, target: Target, buckets: Sequence[int], tick: Tick
) -> tuple[Part, ...]:
    statements = []
    for bucket in buckets:
        file = target.lake / part_path(bucket, target.part_name)
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        rows = _different(duck, events, bucket)
        if target.existing.get(bucket):
            rows = f"SELECT r.* FROM ({rows}) r ANTI JOIN ({_keys(target, bucket)}) k {_SAME}"
        statements.append(
            f"COPY ({_sorted(events, f'({rows})')}) TO {quote(str(file))} "
            f"(FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE {ROWS_IN_GROUP})"
        )
    duck.run_all(statements, tick)
    parts = (_finish(duck, target, bucket) for bucket in buckets)
    return tuple(part for part in parts if part is not None)


def _different(duck: Duck, events: Events, bucket: int) -> str:
    """Return SQL for the events of a bucket, each once; or each with a key of its own."""
    same = "GROUP BY subject_id, dedup HAVING count(*) > 1"
    if not duck.rows(f"SELECT 1 FROM bucket{bucket} {same} LIMIT 1"):
        return f"SELECT * FROM bucket{bucket}"
    times = "row_number() OVER (PARTITION BY subject_id, dedup ORDER BY nr)"
    if events.keep_repeated:
        return f"SELECT * REPLACE (dedup + {times} - 1 AS dedup) FROM bucket{bucket}"
    return f"SELECT * FROM bucket{bucket} QUALIFY {times} = 1"


def _keys(target: Target, bucket: int) -> str:
    return f"SELECT subject_id, dedup FROM {parts_sql(target.existing[bucket])}"


def _known(duck: Duck, events: Events, target: Target, bucket: int) -> int:
    """Return how many different events of a bucket an earlier file brought."""
    if not target.existing.get(bucket):
        return 0
    rows = f"SELECT subject_id, dedup FROM ({_different(duck, events, bucket)})"
    return int(
        duck.one(f"SELECT count(*) FROM ({rows}) r SEMI JOIN ({_keys(target, bucket)}) k {_SAME}")[
            0
        ]
    )


def _sorted(events: Events, view: str) -> str:
    extras = [
        f"{staged} AS {ident(name)}"
        for staged, (name, _) in zip(_extra_names(events), events.extras, strict=True)
    ]
    columns = ", ".join([*CORE_COLUMNS, *extras])
    return f"SELECT {columns} FROM {view} ORDER BY subject_id, ts, nr"


def _finish(duck: Duck, target: Target, bucket: int) -> Part | None:
    """Bring a written part to disk; one without events is removed."""
    relative = part_path(bucket, target.part_name)
    file = target.lake / relative
    rows, first, last = duck.one(f"SELECT count(*), min(ts), max(ts) FROM {parts_sql([file])}")
    if not rows:
        file.unlink()
        return None
    file.chmod(0o600)
    sync(file)
    sync(file.parent)
    return Part(relative, bucket, int(rows), file.stat().st_size, int(first), int(last))


def parts_sql(files: Sequence[Path]) -> str:
    """Return SQL that reads parts of the lake."""
    listed = ", ".join(map(readable, files))
    return f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"


def sync(path: Path) -> None:
    """Bring a file, or the names in a folder, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@dataclass(frozen=True, slots=True)
class Summary:
    """What the new events are, in figures that name nobody."""

    by_type: tuple[tuple[str, int, int, int], ...]
    """(event type, rows, quantity, amount), the last two in 1/10000 units."""
    touched: Mapping[str, Any]
    """Event type → array of the subject_ids with new events."""
    values: Mapping[str, tuple[tuple[str, int], ...]]
    """Text column → (value, rows), the most frequent ones."""
    findings: Mapping[str, int]


def summarise(duck: Duck, files: Sequence[Path], columns: Sequence[str], most: int) -> Summary:
    """Return what new parts hold; of each text column at most `most` values."""
    parts = parts_sql(files)
    types = duck.rows(
        "SELECT event_type, count(*), CAST(coalesce(sum(quantity), 0) AS HUGEINT), "
        f"CAST(coalesce(sum(amount), 0) AS HUGEINT) FROM {parts} GROUP BY 1 ORDER BY 1"
    )
    touched = {
        name: duck.integers(
            f"SELECT DISTINCT subject_id FROM {parts} WHERE event_type = {quote(name)}"
        )
        for name, *_ in types
    }
    values = {
        column: tuple(
            (value, int(count))
            for value, count in duck.rows(
                f"SELECT {ident(column)}, count(*) FROM {parts} WHERE {ident(column)} IS NOT NULL "
                f"GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {most}"
            )
        )
        for column in columns
    }
    by_type = tuple((name, int(n), int(q), int(a)) for name, n, q, a in types)
    return Summary(by_type, touched, values, _oddities(duck, parts))


def _oddities(duck: Duck, parts: str) -> dict[str, int]:
    """Return what only many rows together show: goods in two categories, a price that is a total."""
    two, steady_price, steady_ratio = duck.one(
        "SELECT count(*) FILTER (WHERE c0 <> c1), "
        "count(*) FILTER (WHERE q0 < q1 AND p0 = p1), "
        "count(*) FILTER (WHERE q0 < q1 AND p0 < p1 AND r0 = r1) "
        "FROM (SELECT min(category) AS c0, max(category) AS c1, min(quantity) AS q0, "
        "max(quantity) AS q1, min(price) AS p0, max(price) AS p1, "
        "min(price / nullif(quantity, 0)) AS r0, max(price / nullif(quantity, 0)) AS r1 "
        f"FROM {parts} WHERE event_type = 'purchase' AND item IS NOT NULL GROUP BY item)"
    )
    found = {"items-in-two-categories": int(two)}
    if steady_ratio > max(9, steady_price):
        found["price-looks-like-line-total"] = int(steady_ratio)
    return {code: count for code, count in found.items() if count}
