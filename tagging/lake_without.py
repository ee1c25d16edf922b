# SPDX-License-Identifier: Apache-2.0
"""Parts of the lake without some events: those of some people, or old ones; found, counted, written anew.

Transactions may be spared, from an instant on. Only parts that hold such events are read whole. A new part is on the disk before anybody hears of it;
nothing is removed here. The connection reaches the lake and nothing else.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from tagging.evaluation.duck import DuckEngine
from tagging.intake.cells import ident, quote, readable
from tagging.lake import ROWS_IN_GROUP, Part, parts_sql, sync

FEW = 50
"""Up to so many people are named in a query, so that whole groups of rows are passed over."""


TRANSACTIONS = ("purchase", "return", "cancel", "adjustment")
"""Types of events that are transactions: purchases, and what changes them."""


@dataclass(frozen=True, slots=True)
class Going:
    """Events that go: all of some people, unless it is said which stay."""

    people: Collection[int]
    others: bool = False
    """Whether the events of everybody else are meant."""
    before: int | None = None
    """Only those before this instant."""
    spared: int | None = None
    """Transactions from this instant on stay."""


@dataclass(frozen=True, slots=True)
class Held:
    """Events of one person in one part."""

    file: Path
    subject_id: int
    rows: int


_TRADED = f"event_type IN ({', '.join(map(quote, TRANSACTIONS))})"


def _which(one: Going) -> str:
    """Return which events of these people go, as the rest of a condition."""
    found = "" if one.before is None else f" AND ts < {int(one.before)}"
    if one.spared is not None:
        found += f" AND NOT coalesce({_TRADED} AND ts >= {int(one.spared)}, FALSE)"
    return found


class Without:
    """An engine that leaves some events out; ends with `close`."""

    def __init__(self, lake: Path, going: Sequence[Going], *, memory: str, threads: int) -> None:
        self._open = partial(DuckEngine, lake, memory=memory, threads=threads)
        self._going = [one for one in going if one.people or one.others]

    @cached_property
    def _engine(self) -> DuckEngine:
        """Opened with the first part that is read: often there is none, and opening is what costs."""
        import pyarrow as pa

        engine = self._open()
        for number, one in enumerate(self._going):
            people = pa.array(sorted(one.people), pa.int64())
            engine.connection.register(f"leaving_{number}", pa.table({"subject_id": people}))
        return engine

    @property
    def _db(self) -> Any:
        return self._engine.connection

    def close(self) -> None:
        """Close the connection, if there is one."""
        engine = self.__dict__.pop("_engine", None)
        if engine is not None:
            engine.close()

    @property
    def _theirs(self) -> str:
        """The condition for events that go."""
        return " OR ".join(
            f"({self._whose(number, one)}{_which(one)})" for number, one in enumerate(self._going)
        )

    def _whose(self, number: int, one: Going) -> str:
        if not one.people:
            return "TRUE"
        listed = f"SELECT subject_id FROM leaving_{number}"
        if len(one.people) <= FEW:
            listed = ", ".join(str(int(who)) for who in sorted(one.people))
        return f"subject_id {'NOT ' if one.others else ''}IN ({listed})"

    def held(self, files: Sequence[Path]) -> list[Held]:
        """Return of whom how many events in which of these parts go."""
        if not files or not self._going:
            return []
        listed = ", ".join(map(readable, files))
        rows = self._db.execute(
            "SELECT filename, subject_id, count(*) FROM "
            f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false, filename = true) "
            f"WHERE ({self._theirs}) GROUP BY 1, 2 ORDER BY 1, 2"
        ).fetchall()
        return [Held(Path(name), int(person), int(count)) for name, person, count in rows]

    def total(self, files: Sequence[Path]) -> int:
        """Return how many events of these parts go."""
        if not files or not self._going:
            return 0
        return int(self._one(f"SELECT count(*) FROM {parts_sql(files)} WHERE {self._theirs}")[0])

    def transactions(self, files: Sequence[Path], since: int) -> dict[int, tuple[int, int]]:
        """Return person -> transactions since an instant: how many, and when the last was.

        Of the people who are named; nobody when there is none.
        """
        if not files or not self._going:
            return {}
        rows = self._db.execute(
            f"SELECT subject_id, count(*), max(ts) FROM {parts_sql(files)} "
            f"WHERE ({self._theirs}) AND {_TRADED} AND ts >= {int(since)} GROUP BY 1"
        ).fetchall()
        return {int(who): (int(count), int(last)) for who, count, last in rows}

    def seen(self, files: Sequence[Path], since: int) -> list[int]:
        """Return whoever has an event since an instant."""
        if not files:
            return []
        rows = self._db.execute(
            f"SELECT DISTINCT subject_id FROM {parts_sql(files)} WHERE ts >= {int(since)}"
        ).fetchall()
        return [int(who) for (who,) in rows]

    def values(
        self, files: Sequence[Path], columns: Sequence[str]
    ) -> Mapping[tuple[str, str], int]:
        """Return (text column, value) -> how many of the events that go have it."""
        found: Counter[tuple[str, str]] = Counter()
        for column in columns if files else ():
            rows = self._db.execute(
                f"SELECT {ident(column)}, count(*) FROM {parts_sql(files)} "
                f"WHERE ({self._theirs}) AND {ident(column)} IS NOT NULL GROUP BY 1"
            ).fetchall()
            found.update({(column, value): int(count) for value, count in rows})
        return found

    def count(self, files: Sequence[Path], column: str, value: str) -> int:
        """Return how many events of parts, whoever's, have a value in a text column."""
        sql = f"SELECT count(*) FROM {parts_sql(files)} WHERE {ident(column)} = ?"
        return int(self._one(sql, [value])[0])

    def write(self, old: Path, lake: Path, path: str, bucket: int) -> Part:
        """Write what is left of a part, in its order, as another part, safe on disk afterwards.

        It may hold no event at all: so whoever knows the old part finds what came in its place.
        """
        new = lake / path
        self._db.execute(
            "COPY (SELECT * EXCLUDE file_row_number FROM "
            f"read_parquet([{readable(old)}], hive_partitioning = false, file_row_number = true) "
            f"WHERE NOT ({self._theirs}) ORDER BY file_row_number) TO {quote(str(new))} "
            f"(FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE {ROWS_IN_GROUP})"
        )
        new.chmod(0o600)
        sync(new)
        sync(new.parent)
        return self.part(lake, path, bucket)

    def part(self, lake: Path, path: str, bucket: int) -> Part:
        """Return a part as it lies in the lake."""
        file = lake / path
        rows, first, last = self._one(
            f"SELECT count(*), coalesce(min(ts), 0), coalesce(max(ts), 0) FROM {parts_sql([file])}"
        )
        return Part(path, bucket, int(rows), file.stat().st_size, int(first), int(last))

    def _one(self, sql: str, parameters: Sequence[object] = ()) -> tuple[Any, ...]:
        found: tuple[Any, ...] = self._db.execute(sql, list(parameters)).fetchall()[0]
        return found
