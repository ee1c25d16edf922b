# SPDX-License-Identifier: Apache-2.0
"""Evaluation on DuckDB: in memory, over the Parquet files of one bucket at a time.

The connection can read the lake and nothing else: no network, no other folders, no extensions.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tagging.evaluation.engine import Bucket, BucketFacts, BucketValues, GateSlice
from tagging.evaluation.fused import facts_sql, tier_inputs_sql, values_sql
from tagging.evaluation.lapse import HORIZON, lapse_sql, narrowed
from tagging.evaluation.plan import Plan
from tagging.intake.cells import ident, readable
from tagging.lake import parts_sql
from tagging.rules.lower import DUCKDB, Cuts

PEOPLE_AT_ONCE = 20_000
"""People whose lapses are computed at a time: each may need thousands of rows."""

ROWS_AT_ONCE = 1_000
"""Events of one person that `stream` takes from the engine at a time."""

_TYPES = {"text": "VARCHAR", "dec": "BIGINT", "int": "BIGINT", "any": '"NULL"'}
"""Types of columns that a file lacks; "NULL" is the type that takes any other's place."""


class DuckEngine:
    """Evaluates plans on a DuckDB connection of its own."""

    def __init__(
        self, lake: Path, *, memory: str = "2GB", threads: int = 0, strict: bool = True
    ) -> None:
        import duckdb

        self.strict = strict
        self._db = duckdb.connect(":memory:")
        self._known: set[str] = set()
        for statement in (
            "SET enable_progress_bar = false",
            "SET parquet_metadata_cache = true",  # a part is never written a second time
            f"SET memory_limit = {DUCKDB.quote(memory)}",
            *([f"SET threads = {threads}"] if threads else []),
            f"SET allowed_directories = [{_folder(lake)}]",
            "SET enable_external_access = false",
            "SET lock_configuration = true",
        ):
            self._db.execute(statement)

    @property
    def connection(self) -> Any:
        """The connection, for other work on the same lake under the same limits."""
        return self._db

    def facts(
        self, plan: Plan, bucket: Bucket, gate: GateSlice, as_of: int, attributes: Any
    ) -> BucketFacts:
        """Return the facts of the people in the slice."""
        self._gate(gate)
        self._events(plan, bucket)
        if plan.attributes():
            self._db.register("attr", attributes)
        sql = facts_sql(plan, DUCKDB, as_of, strict=self.strict, masks=len(gate.masks))
        return BucketFacts(self._db.sql(sql).to_arrow_table())

    def values(self, plan: Plan, facts: BucketFacts, cuts: Cuts) -> BucketValues:
        """Return the tag values that follow from the facts."""
        table = self.measures(plan, facts, cuts)
        subject_ids = table.column("subject_id").to_numpy()
        found = {
            tag.key: _positions(table.column(f"t{number}"), boolean=tag.boolean)
            for number, tag in enumerate(plan.tags)
        }
        return BucketValues(subject_ids, found, facts.table, table)

    def measures(self, plan: Plan, facts: BucketFacts, cuts: Cuts) -> Any:
        """Return the values of the tags as an Arrow table: subject_id, t0…, in plan order."""
        self._segments(plan)
        self._db.register("facts", facts.table)
        return self._db.sql(values_sql(plan, DUCKDB, cuts)).to_arrow_table()

    def person(self, plan: Plan, bucket: Bucket, subject_id: int) -> list[tuple[Any, ...]]:
        """Return the events of one person: subject_id, ts, and the plan's columns in its order."""
        if not bucket.parts:
            return []
        sql = f"{_events_sql(plan, bucket)} WHERE subject_id = ?"
        return self._db.execute(sql, [subject_id]).fetchall()

    def stream(
        self, parts: Sequence[Path], columns: Sequence[str], subject_id: int
    ) -> Iterator[tuple[Any, ...]]:
        """Yield some columns of the events of one person, by time; holds few of them at once."""
        names = ", ".join(map(ident, columns))
        cursor = self._db.cursor()
        try:
            cursor.execute(
                f"SELECT {names} FROM {parts_sql(parts)} WHERE subject_id = ? ORDER BY ts, dedup",
                [subject_id],
            )
            while rows := cursor.fetchmany(ROWS_AT_ONCE):
                yield from rows
        finally:
            cursor.close()

    def tier_inputs(self, plan: Plan, facts: BucketFacts) -> list[Any]:
        """Return, per tier of the plan, the measures of the people who count, in no order."""
        if not plan.tiers:
            return []
        self._db.register("facts", facts.table)
        table = self._db.sql(tier_inputs_sql(plan, DUCKDB)).to_arrow_table()
        return [table.column(n).drop_null().to_numpy() for n in range(len(plan.tiers))]

    def lapses(  # noqa: PLR0917  (what the engine's other methods take, in their order)
        self,
        plan: Plan,
        key: str,
        bucket: Bucket,
        gate: GateSlice,
        as_of: int,
        cuts: Cuts,
        attributes: Any,
        *,
        horizon: int = HORIZON,
    ) -> tuple[Any, Any]:
        """Return when the value of a tag ceases to hold for the people of the slice, in its order.

        The first is an Arrow int64 array of instants, NULL where the value holds to the horizon; the
        second a bool array: false where the value may hold longer than to that instant.
        """
        import numpy as np
        import pyarrow as pa

        self._segments(plan)
        self._events(narrowed(plan, key), bucket)
        if plan.attributes():
            self._db.register("attr", attributes)
        masks = len(gate.masks)
        sql = lapse_sql(plan, key, DUCKDB, as_of, cuts=cuts, masks=masks, horizon=horizon)
        instants, exact = [], []
        for start in range(0, len(gate.subject_ids), PEOPLE_AT_ONCE):
            some = slice(start, start + PEOPLE_AT_ONCE)
            self._gate(GateSlice(gate.subject_ids[some], [mask[some] for mask in gate.masks]))
            table = self._db.sql(f"{sql} ORDER BY subject_id").to_arrow_table()
            instants += table.column("lapse").chunks
            exact.append(table.column("exact").to_numpy())
        return (
            pa.chunked_array(instants, pa.int64()).combine_chunks(),
            np.concatenate(exact) if exact else np.empty(0, dtype=bool),
        )

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    def _segments(self, plan: Plan) -> None:
        """Give the connection the functions of the segments that a plan computes."""
        from duckdb.func import FunctionNullHandling, PythonUDFType
        from duckdb.sqltypes import BIGINT, DOUBLE

        for part in plan.segments():
            if part.name not in self._known:
                self._known.add(part.name)
                self._db.create_function(
                    part.model.function,
                    part.model.arrow,
                    [DOUBLE] * len(part.of),
                    BIGINT,
                    type=PythonUDFType.ARROW,
                    null_handling=FunctionNullHandling.SPECIAL,
                )

    def _gate(self, gate: GateSlice) -> None:
        import pyarrow as pa

        columns = {"subject_id": gate.subject_ids}
        columns |= {f"m{number}": mask for number, mask in enumerate(gate.masks)}
        self._db.register("gate", pa.table(columns))

    def _events(self, plan: Plan, bucket: Bucket) -> None:
        self._db.execute(f"CREATE OR REPLACE TEMP VIEW event AS {_events_sql(plan, bucket)}")


def _folder(lake: Path) -> str:
    """Return the folder as it is named and as a pattern for itself: files are asked for by patterns."""
    inside = lake / "_"
    return ", ".join(text[:-2] + "'" for text in (DUCKDB.quote(str(inside)), readable(inside)))


def _events_sql(plan: Plan, bucket: Bucket) -> str:
    """Return the query that gives subject_id, ts and the plan's columns of a bucket."""
    names = ["subject_id", "ts", *plan.columns]
    if not bucket.parts:
        nulls = ", ".join(
            f"CAST(NULL AS {_TYPES[plan.columns.get(name, 'int')]}) AS {DUCKDB.ident(name)}"
            for name in names
        )
        return f"SELECT {nulls} WHERE FALSE"
    absent = [name for name in plan.columns if name in bucket.missing]
    files = ", ".join(map(readable, bucket.parts))
    source = (
        f"read_parquet([{files}], hive_partitioning = false, "  # b=007 is no column of events
        f"union_by_name = {'true' if absent else 'false'})"
    )
    if absent:  # a column that no file has at all must still be there
        nulls = ", ".join(
            f"CAST(NULL AS {_TYPES[plan.columns[name]]}) AS {DUCKDB.ident(name)}" for name in absent
        )
        source = f"(FROM {source} UNION ALL BY NAME SELECT {nulls} WHERE FALSE)"
    chosen = ", ".join(DUCKDB.ident(name) for name in names)
    return f"SELECT {chosen} FROM {source}"


def _positions(column: Any, *, boolean: bool) -> dict[str, Any]:
    """Return, for each value that a tag takes, the positions of the people who have it."""
    import numpy as np
    import pyarrow.compute as pc

    if boolean:
        held = pc.fill_null(column, False).to_numpy()
        where = np.flatnonzero(held)
        return {"true": where} if len(where) else {}
    encoded = column.combine_chunks().dictionary_encode()
    codes = pc.fill_null(encoded.indices, -1).to_numpy()
    order = np.argsort(codes, kind="stable")
    ends = np.searchsorted(codes[order], np.arange(-1, len(encoded.dictionary)), side="right")
    return {
        str(value.as_py()): order[ends[code] : ends[code + 1]]
        for code, value in enumerate(encoded.dictionary)
    }
