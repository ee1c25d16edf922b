# SPDX-License-Identifier: Apache-2.0
"""The engine that reads files: DuckDB in memory, spilling into the scratch folder of one intake.

Loads no extension and reaches no network. What it says about a failure may quote a value of the
file, so that its messages are never passed on: only their kind is.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.errors import BadInput, Conflict
from tagging.rules.lower import DUCKDB

if TYPE_CHECKING:
    import duckdb

Tick = Callable[[float], None]
"""Told now and then which share (0 to 1) of a step is done."""

SPACE = " \t\r\n\u00a0\u3000"
SMALL_ROWS = 3_000_000
"""Up to so many rows are worked on in the engine's tables (which spill), more in scratch files."""
_POLL_SECONDS = 0.1
_UNHELPFUL = "common_subexpressions,join_order,build_side_probe_side"
"""Rows of unknown number would be the side that a join holds in memory; and working out shared parts
for every row costs more than the few rows that need them (measured: 2.0 s against 1.1 s)."""

MOST_E4 = 10**15 - 1
"""The largest number of an event, 100 billion: more is unreadable, so that no sum of a person's events
leaves 64 bits before there are nine thousand of them."""

_MACROS = f"""
CREATE MACRO fits(n) AS CAST(TRY_CAST(n AS DECIMAL(15, 0)) AS BIGINT);
CREATE MACRO clean(t) AS CASE
    WHEN t = '' OR regexp_matches(t, '^[{SPACE}]|[{SPACE}]$') THEN nullif(trim(t, '{SPACE}'), '')
    ELSE t END;
CREATE MACRO e4_digits(t) AS
    CAST(replace(CAST(TRY_CAST(t AS DECIMAL(38, 22)) AS VARCHAR), '.', '') AS HUGEINT);
CREATE MACRO e4_even(h) AS h // 1000000000000000000
    + CASE WHEN abs(h % 1000000000000000000) > 500000000000000000
             OR (abs(h % 1000000000000000000) = 500000000000000000
                 AND (h // 1000000000000000000) % 2 <> 0)
           THEN sign(h) ELSE 0 END;
CREATE MACRO e4(t) AS CASE
    WHEN contains(t, '_') THEN NULL
    WHEN regexp_matches(t, '[.][0-9]{{5}}|[eE]') THEN TRY_CAST(e4_even(e4_digits(t)) AS BIGINT)
    ELSE coalesce(CAST(TRY_CAST(t AS DECIMAL(14, 4)) * 10000 AS BIGINT),
                  TRY_CAST(e4_even(e4_digits(t)) AS BIGINT)) END;
CREATE MACRO quotient(n, d) AS n // d + CASE
    WHEN 2 * abs(n % d) > abs(d) OR (2 * abs(n % d) = abs(d) AND (n // d) % 2 <> 0)
    THEN sign(n) * sign(d) ELSE 0 END;
CREATE MACRO product_e4(n, m) AS fits(CASE
    WHEN abs(n) < 1000000000 AND abs(m) < 1000000000
    THEN quotient(CAST(n AS BIGINT) * CAST(m AS BIGINT), 10000)
    ELSE TRY_CAST(quotient(CAST(n AS HUGEINT) * m, 10000) AS BIGINT) END);
CREATE MACRO ratio_e4(n, d) AS fits(CASE
    WHEN d = 0 THEN NULL
    WHEN abs(n) < 900000000000000 THEN quotient(CAST(n AS BIGINT) * 10000, CAST(d AS BIGINT))
    ELSE TRY_CAST(quotient(CAST(n AS HUGEINT) * 10000, d) AS BIGINT) END);
"""
"""`e4`: decimal text → 1/10000 units, half-even and exact; NULL when it is not a number.
`product_e4`, `ratio_e4`: of two numbers in these units, half-even; NULL when it does not fit."""


@dataclass(slots=True)
class Duck:
    """A connection of one intake, and its scratch folder."""

    db: "duckdb.DuckDBPyConnection"
    scratch: Path
    threads: int
    _names: Iterator[int] = field(default_factory=lambda: iter(range(1, 1_000_000)))

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query that gives few."""
        return self.db.execute(sql).fetchall()

    def one(self, sql: str) -> tuple[Any, ...]:
        """Return the only row of a query."""
        return self.rows(sql)[0]

    def integers(self, sql: str) -> Any:
        """Return the only column of a query as an array of whole numbers."""
        (column,) = self.db.execute(sql).fetchnumpy().values()
        return column

    def folder(self, name: str) -> Path:
        """Return a new folder in the scratch folder."""
        made = self.scratch / f"{name}-{next(self._names)}"
        made.mkdir(mode=0o700)
        return made

    def run_all(self, statements: Sequence[str], tick: Tick = lambda _share: None) -> None:
        """Run statements that do not depend on one another, as many at a time as there are threads.

        Raises what the first failing one raises, after the others have been stopped.
        """
        _Together(self, statements, tick).run()


class _Together:
    """Statements that run at the same time on cursors of one connection."""

    def __init__(self, duck: Duck, statements: Sequence[str], tick: Tick) -> None:
        self._waiting = list(enumerate(statements))[::-1]
        self._count = max(len(statements), 1)
        self._done = 0
        self._failed: list[BaseException] = []
        self._lock = threading.Lock()
        self._tick = tick
        workers = min(duck.threads, len(statements))
        # the first works on the connection itself: what it makes there (rejected rows) stays visible
        self._own = [duck.db.cursor() for _ in range(workers - 1)]
        self._cursors = [duck.db, *self._own][:workers]

    def run(self) -> None:
        threads = [threading.Thread(target=self._work, args=(c,)) for c in self._cursors]
        for thread in threads:
            thread.start()
        with ExitStack() as last:
            for cursor in self._own:
                last.callback(cursor.close)
            for thread in threads:
                last.callback(thread.join)
            with ExitStack() as interrupted:
                interrupted.callback(self._stop)
                for thread in threads:
                    while thread.is_alive():
                        thread.join(_POLL_SECONDS)
                        self._tick(self._share())
                interrupted.pop_all()
        if self._failed:
            raise self._failed[0]

    def _work(self, cursor: "duckdb.DuckDBPyConnection") -> None:
        import duckdb

        while True:
            with self._lock:
                if not self._waiting or self._failed:
                    return
                _, statement = self._waiting.pop()
            try:
                cursor.execute(statement).fetchall()
            except duckdb.Error as error:
                with self._lock:
                    self._failed.append(error)
                self._stop()
                return
            with self._lock:
                self._done += 1

    def _share(self) -> float:
        running = sum(max(cursor.query_progress(), 0.0) for cursor in self._cursors) / 100
        return min((self._done + running) / self._count, 1.0)

    def _stop(self) -> None:
        with self._lock:
            self._waiting.clear()
        for cursor in self._cursors:
            cursor.interrupt()


@contextmanager
def opened(
    scratch: Path, *, memory: str = "2GB", threads: int = 0, row_key: str = ""
) -> Iterator[Duck]:
    """Give an engine that spills into `scratch`; its failures become faults without values.

    `row_key` is what the numbers of rows are made with: a secret, or whoever has the lake can try out
    which customer a row was about.

    Raises Conflict `engine-memory` or `disk-full`, BadInput `file-unreadable`.
    """
    import duckdb

    db = duckdb.connect(":memory:")
    try:
        for statement in (
            "SET enable_progress_bar = false",
            f"SET memory_limit = {DUCKDB.quote(memory)}",
            *([f"SET threads = {threads}"] if threads else []),
            f"SET temp_directory = {DUCKDB.quote(str(scratch / 'spill'))}",
            "SET TimeZone = 'UTC'",
            "SET autoinstall_known_extensions = false",
            "SET autoload_known_extensions = false",
            "SET preserve_insertion_order = true",
            f"SET disabled_optimizers = '{_UNHELPFUL}'",
            f"CREATE MACRO row_key() AS {DUCKDB.quote(row_key)}",
            *[macro for macro in _MACROS.split(";\n") if macro.strip()],
        ):
            db.execute(statement)
        workers = int(db.execute("SELECT current_setting('threads')").fetchall()[0][0])
        yield Duck(db, scratch, workers)
    except duckdb.OutOfMemoryException:
        raise Conflict(
            "engine-memory",
            "the engine ran out of memory",
            hint="raise engine.memory in tagwarden.toml, or free some",
        ) from None
    except duckdb.IOException as error:
        if "No space left" in str(error):
            raise Conflict(
                "disk-full", "the disk is full", hint="free some space, then repeat the command"
            ) from None
        raise _unreadable() from None
    except (duckdb.DataError, duckdb.InvalidInputException, duckdb.SerializationException):
        raise _unreadable() from None
    finally:
        db.close()


def _unreadable() -> BadInput:
    return BadInput(
        "file-unreadable",
        "the file cannot be read as what the mapping says it is",
        hint="check format:, delimiter: and quote: in the mapping, or copy the file again",
    )
