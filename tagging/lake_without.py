# SPDX-License-Identifier: Apache-2.0
"""Parts of the lake without the events of some people: found, counted, written anew.

Only parts that hold such events are read whole. A new part is on the disk before anybody hears of it;
nothing is removed here. The connection reaches the lake and nothing else.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tagging.evaluation.duck import DuckEngine
from tagging.intake.cells import ident, quote, readable
from tagging.lake import ROWS_IN_GROUP, Part, parts_sql, sync

FEW = 50
"""Up to so many people are named in a query, so that whole groups of rows are passed over."""


@dataclass(frozen=True, slots=True)
class Held:
    """Events of one person in one part."""

    file: Path
    subject_id: int
    rows: int


class Without:
    """An engine that leaves some people out; ends with `close`."""

    def __init__(self, lake: Path, people: Collection[int], *, memory: str, threads: int) -> None:
        import pyarrow as pa

        self._engine = DuckEngine(lake, memory=memory, threads=threads)
        self._db = self._engine.connection
        self._some = sorted(people)
        self._db.register("leaving", pa.table({"subject_id": pa.array(self._some, pa.int64())}))

    def close(self) -> None:
        """Close the connection."""
        self._engine.close()

    @property
    def _theirs(self) -> str:
        if 0 < len(self._some) <= FEW:
            return f"subject_id IN ({', '.join(map(str, self._some))})"
        return "subject_id IN (SELECT subject_id FROM leaving)"

    def held(self, files: Sequence[Path]) -> list[Held]:
        """Return who of the people has how many events in which of these parts."""
        if not files or not self._some:
            return []
        listed = ", ".join(map(readable, files))
        rows = self._db.execute(
            "SELECT filename, subject_id, count(*) FROM "
            f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false, filename = true) "
            f"WHERE {self._theirs} GROUP BY 1, 2 ORDER BY 1, 2"
        ).fetchall()
        return [Held(Path(name), int(person), int(count)) for name, person, count in rows]

    def values(
        self, files: Sequence[Path], columns: Sequence[str]
    ) -> Mapping[tuple[str, str], int]:
        """Return (text column, value) -> how many of the people's events have it."""
        found: Counter[tuple[str, str]] = Counter()
        for column in columns if files else ():
            rows = self._db.execute(
                f"SELECT {ident(column)}, count(*) FROM {parts_sql(files)} "
                f"WHERE {self._theirs} AND {ident(column)} IS NOT NULL GROUP BY 1"
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
