# SPDX-License-Identifier: Apache-2.0
"""Reads a source once into scratch files, and counts what became of its rows.

Nothing is kept yet: whoever asked looks at the counts first. Refuses a file whose end is missing.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from audit.errors import BadInput
from tagging.intake.broken import Broken, broken_rows, lines_of
from tagging.intake.cells import quote, readable
from tagging.intake.clean import Cleaning
from tagging.intake.duck import SMALL_ROWS, Duck, Tick

MAX_QUARANTINE = 100_000
"""Rows of one file that are put aside; more are only counted."""


@dataclass(frozen=True, slots=True)
class Bad:
    """A row that could not be read."""

    line: int | None
    row: int | None
    reason: str
    column: str
    content: str
    """JSON: the line as it is, or the row's cells by name."""


@dataclass(frozen=True, slots=True)
class Staged:
    """The rows of a source, read; who may look at them decides what is kept."""

    duck: Duck
    cleaning: Cleaning
    files: str
    """SQL that reads them all."""
    well_formed: int
    outcomes: Mapping[str, int]
    dropped: Mapping[str, int]
    bad: Mapping[str, int]
    findings: Mapping[str, int]
    broken: tuple[Broken, ...]

    @property
    def rows(self) -> int:
        """Every row of the source."""
        return self.well_formed + sum(part.rows for part in self.broken)

    @property
    def bad_rows(self) -> int:
        """Rows that could not be read."""
        return sum(self.bad.values())

    def quarantined(self) -> Iterator[Bad]:
        """Yield the rows that could not be read, in the order of the file; at most MAX_QUARANTINE."""
        found = self.duck.rows(
            "SELECT nr, reason, coalesce(field, ''), coalesce(content, '') "
            f"FROM {self.files} WHERE outcome = 'bad' ORDER BY nr LIMIT {MAX_QUARANTINE}"
        )
        relation = self.cleaning.rows.relation
        wanted = {int(row[0]) for row in found}
        lines = lines_of(relation, list(self.broken), self.well_formed, wanted)
        well = [Bad(lines.get(nr), nr, *rest) for nr, *rest in found]
        torn = [
            Bad(b.line, None, b.reason, "", json.dumps(b.text, ensure_ascii=False))
            for b in self.broken
        ]
        both = sorted([*well, *torn], key=lambda bad: (bad.line or 0, bad.row or 0))
        yield from both[:MAX_QUARANTINE]


def stage(duck: Duck, cleaning: Cleaning, tick: Tick = lambda _share: None) -> Staged:
    """Read the whole source into scratch files.

    Raises BadInput file-truncated or file-empty, and what the engine raises.
    """
    relation = cleaning.rows.relation
    files = _read(duck, cleaning, tick)
    broken = broken_rows(duck, relation)
    staged = _counted(duck, cleaning, files, broken)
    if not staged.rows:
        raise BadInput("file-empty", f"{relation.raw.label} holds no rows", hint="export it again")
    _refuse_cut_off(staged)
    return staged


def _read(duck: Duck, cleaning: Cleaning, tick: Tick) -> str:
    """Run the cleaning, piece by piece at the same time; returns SQL that reads the result."""
    relation = cleaning.rows.relation
    pieces = list(enumerate(relation.slices))
    if relation.estimate <= SMALL_ROWS:
        duck.run_all(
            [f"CREATE TABLE staged{n} AS {cleaning.sql(piece)}" for n, piece in pieces], tick
        )
        return "(" + " UNION ALL ".join(f"SELECT * FROM staged{n}" for n, _ in pieces) + ")"
    folder = duck.folder("staged")
    files = [folder / f"{n}.parquet" for n, _ in pieces]
    duck.run_all(
        [
            f"COPY ({cleaning.sql(piece)}) TO {quote(str(files[n]))} (FORMAT parquet, COMPRESSION lz4)"
            for n, piece in pieces
        ],
        tick,
    )
    return f"read_parquet([{', '.join(map(readable, files))}])"


def _counted(duck: Duck, cleaning: Cleaning, files: str, broken: list[Broken]) -> Staged:
    outcomes: dict[str, int] = {}
    by_reason: dict[str, dict[str, int]] = {"bad": {}, "dropped": {}}
    for outcome, reason, count in duck.rows(
        f"SELECT outcome, reason, count(*) FROM {files} GROUP BY ALL ORDER BY ALL"
    ):
        outcomes[outcome] = outcomes.get(outcome, 0) + int(count)
        if outcome in by_reason:
            by_reason[outcome][reason] = int(count)
    for part in broken:
        by_reason["bad"][part.reason] = by_reason["bad"].get(part.reason, 0) + part.rows
    return Staged(
        duck,
        cleaning,
        files,
        sum(outcomes.values()),
        outcomes,
        by_reason["dropped"],
        by_reason["bad"],
        _findings(duck, cleaning, files),
        tuple(broken),
    )


def _findings(duck: Duck, cleaning: Cleaning, files: str) -> dict[str, int]:
    codes = cleaning.findings
    found: dict[str, int] = {}
    if codes:
        sums = ", ".join(f"coalesce(sum((flags >> {bit}) & 1), 0)" for bit in range(len(codes)))
        counts = duck.one(f"SELECT {sums} FROM {files} WHERE flags <> 0")
        found = {code: int(n) for code, n in zip(codes, counts, strict=True) if n}
    if cleaning.rows.contradicting_keys:
        found["contradicting-look-up-keys"] = cleaning.rows.contradicting_keys
    return found


def _refuse_cut_off(staged: Staged) -> None:
    raw = staged.cleaning.rows.relation.raw
    if raw.format != "jsonl" or raw.whole_last_line:
        return
    if staged.duck.rows(
        f"SELECT 1 FROM {staged.files} WHERE reason = 'not-json' AND nr = {raw.lines}"
    ):
        raise BadInput(
            "file-truncated",
            f"{raw.label} is cut off: its last line ends in the middle",
            hint="copy it again",
            facts={"line": raw.lines},
        )
