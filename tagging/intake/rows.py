# SPDX-License-Identifier: Apache-2.0
"""What cleaning has in common for events, people and consents: joined rows, who, when, and why not.

A row is an event (or a person, or a consent), or belongs to nobody, or is left out on purpose, or
cannot be read: then it has exactly one reason, the first that holds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from audit.clock import DAY, HOUR, Micros, from_micros, parse_time
from tagging.intake.cells import PLACEHOLDERS, Cells, Column, quote, renamed
from tagging.intake.duck import Duck
from tagging.intake.parts import Bounds, Coded, Source, Subject, Time
from tagging.intake.raw import Raw
from tagging.intake.source import Relation, lookup, lookup_columns
from tagging.intake.zones import Clock, clock

UNUSABLE = (
    "length(subject) > 200 OR (NOT regexp_full_match(subject, '[ -~]*') "
    "AND NOT regexp_full_match(subject, '[\\pL\\pM\\pN\\pP\\pS ]*'))"
)
"""An id longer than people's keys may be, or with signs that nobody sees."""


@dataclass(frozen=True, slots=True)
class Rows:
    """A source with its look-ups joined, and the cells of it."""

    relation: Relation
    cells: Cells
    joins: tuple[str, str]
    """SQL before and after the source."""
    lookups: tuple[Raw, ...] = ()
    contradicting_keys: int = 0
    missing: tuple[str, ...] = ()
    """Columns that are true where a row's key has no record in a look-up, one per look-up."""

    def sql(self, piece: str = "true") -> str:
        """Return SQL for the rows of a piece of the source, with the text and number of each cell."""
        source = f"(SELECT * FROM ({self.relation.sql}) WHERE {piece})"
        return self.cells.layers(source.join(self.joins))


@dataclass(slots=True)
class Reasons:
    """Why rows cannot be read: conditions in the order in which they are asked."""

    steps: list[tuple[str, str, str]] = field(default_factory=list)

    def add(self, reason: str, condition: str, column: str = "", *, found: str = "") -> None:
        """Note a reason, the condition under which it holds, and the column it is about.

        `found`: SQL for the name of that column, when it differs from row to row.
        """
        if condition != "false":
            self.steps.append((reason, condition, found or quote(column)))

    def first(self) -> str:
        """Return SQL for the number of the first reason that holds; NULL when none does."""
        whens = " ".join(f"WHEN {test} THEN {n}" for n, (_, test, _) in enumerate(self.steps))
        return f"CASE {whens} ELSE NULL END"

    def reason(self, number: str) -> str:
        """Return SQL for the code of a reason, by its number."""
        whens = " ".join(
            f"WHEN {n} THEN {quote(code)}" for n, (code, _, _) in enumerate(self.steps)
        )
        return f"CASE {number} {whens} END"

    def field(self, number: str) -> str:
        """Return SQL for the column that a reason is about, by the reason's number."""
        whens = " ".join(f"WHEN {n} THEN {name}" for n, (_, _, name) in enumerate(self.steps))
        return f"CASE {number} {whens} END"


def join_all(duck: Duck, relation: Relation, source: Source, folder: Path) -> Rows:
    """Return the rows of a source with its look-ups joined; a key never makes two rows of one.

    The mapping's columns have been checked. Raises BadInput as tagging.intake.source does.
    """
    columns = {c.name: c for c in relation.columns}
    joins, missing, files, differ = "(SELECT s.*", [], [], 0
    tables = ""
    for number, join in enumerate(source.join):
        raw, twice = lookup(duck, folder, join, source, number)
        files.append(raw)
        differ += twice
        added = lookup_columns(duck, join, number)
        joins += "".join(f", l{number}.{c.sql}" for c in added)
        key = Cells(columns, source.nulls).read_text(columns[join.on])
        joins += f", l{number}.k IS NULL AND {key} IS NOT NULL AS missing{number}"
        tables += f" LEFT JOIN lookup{number} l{number} ON l{number}.k = {key}"
        missing.append(f"missing{number}")
        columns |= {c.name: c for c in added}
    cells = Cells(columns, source.nulls, source.numbers)
    around = f"{joins} FROM ", f" s{tables})"
    return Rows(relation, cells, around, tuple(files), differ, tuple(missing))


def who(cells: Cells, subject: Subject, reasons: Reasons) -> dict[str, str]:
    """Return SQL for subject and nobody (NULL or a value that means so), and note what is no id."""
    word = cells.word(subject)
    none = ", ".join(quote(value) for value in subject.none if value)
    accepted = {value.lower() for value in (*subject.accept, *subject.none)}
    refused = ", ".join(quote(word) for word in PLACEHOLDERS if word not in accepted)
    if cells.columns[subject.column].type == "text":
        reasons.add("unusable-id", f"coalesce({UNUSABLE}, false)", subject.column)
    reasons.add("id-lost-digits", cells.lost_digits(subject.column, "subject"), subject.column)
    reasons.add(
        "placeholder-subject",
        f"coalesce(NOT nobody AND lower(subject) IN ({refused}), false)",
        subject.column,
    )
    listed = f" OR {word} IN ({none})" if none else ""
    return {"subject": word, "nobody": f"({word} IS NULL{listed})"}


@dataclass(frozen=True, slots=True)
class When:
    """A time column being read: the mapping's part, the shop's clock, what is believed."""

    time: Time
    zone: Clock
    earliest: int
    latest: int

    def fields(self, cells: Cells, name: str) -> dict[str, str]:
        """Return SQL for the time as it is written: clock, whether that is UTC, whether it is there."""
        shown, sure = cells.instant(self.time.column, self.time.format, self.time.clock)
        return {
            f"{name}_clock": shown,
            f"{name}_sure": "true" if self.time.stored == "UTC" else sure,
            f"{name}_there": f"({cells.text(self.time.column)} IS NOT NULL)",
        }

    def instant(self, name: str) -> str:
        """Return SQL for the instant (microseconds UTC) of the fields of that name."""
        if self.time.stored == "UTC":
            return f"{name}_clock"
        later = self.time.ambiguous == "later"
        offset = self.zone.offset_of_local(f"{name}_clock", later=later)
        return f"{name}_clock - CASE WHEN {name}_sure THEN 0 ELSE {offset} END"

    def twice(self, name: str) -> str:
        """Return SQL that is true for a time that the shop's clock shows twice."""
        if self.time.stored == "UTC":
            return "false"
        return f"coalesce(NOT {name}_sure AND {self.zone.is_twice(f'{name}_clock')}, false)"

    def skipped(self, name: str) -> str:
        """Return SQL that is true for a time that the shop's clock never shows."""
        if self.time.stored == "UTC":
            return "false"
        return f"coalesce(NOT {name}_sure AND {self.zone.is_skipped(f'{name}_clock')}, false)"

    def note(self, reasons: Reasons, name: str, ts: str) -> None:
        """Note why a time cannot be read; `ts` is the SQL name of its instant."""
        column = self.time.column
        reasons.add("no-time", f"NOT {name}_there", column)
        reasons.add("bad-time", f"{name}_clock IS NULL", column)
        reasons.add(
            "time-out-of-bounds",
            f"NOT coalesce({ts} BETWEEN {self.earliest} AND {self.latest}, false)",
            column,
        )
        if self.time.ambiguous == "quarantine":
            reasons.add("clock-ambiguous", self.twice(name), column)
        if self.time.nonexistent == "quarantine":
            reasons.add("clock-nonexistent", self.skipped(name), column)


def when(time: Time, bounds: Bounds, zone: str, now: Micros) -> When:
    """Return how a time column is read; `zone` is the shop's, unless the mapping names another."""
    earliest, latest = _instant(bounds.earliest, now), _instant(bounds.latest, now)
    years = from_micros(earliest).year - 1, min(from_micros(latest).year + 1, 2200)
    return When(time, clock(time.zone or zone, *years), earliest, latest)


def _instant(bound: str, now: Micros) -> int:
    if not bound.startswith("now"):
        return parse_time(bound)
    span = bound.removeprefix("now+")
    if span == "now":
        return now
    return now + int(span[:-1]) * (DAY if span[-1] == "d" else HOUR)


def mapped(cells: Cells, choice: Coded | None) -> str:
    """Return SQL for a closed choice, or for nothing."""
    return "CAST(NULL AS VARCHAR)" if choice is None else cells.coded(choice)


def outcome(result: dict[str, str], rows: Rows, reasons: Reasons) -> dict[str, str]:
    """Return the last layer of a source in which every row is about somebody: `why` is a number."""
    return {
        "nr": "nr",
        "outcome": "CASE WHEN why IS NULL THEN 'kept' ELSE 'bad' END",
        "reason": f"coalesce(broken, {reasons.reason('why')})",
        "field": reasons.field("why"),
        "content": f"CASE WHEN why IS NOT NULL THEN {content(rows.relation.columns)} END",
        "subject": "subject",
        **result,
    }


def flags(findings: dict[str, str]) -> str:
    """Return SQL that says in bits which findings hold."""
    bits = [
        f"CASE WHEN {test} THEN {1 << n} ELSE 0 END" for n, test in enumerate(findings.values())
    ]
    return " + ".join(bits) or "0"


def named(fields: dict[str, str]) -> str:
    """Return a select list of SQL with names."""
    return ", ".join(f"{sql} AS {name}" for name, sql in fields.items())


def spelled(text: str, names: dict[str, str]) -> str:
    """Return SQL that gives a text its new name, or leaves it."""
    return renamed(text, names, text) if names else text


def content(columns: Sequence[Column]) -> str:
    """Return SQL for the row as it came in, as JSON: its line, or its cells by name."""
    cells = ", ".join(f"{quote(c.name)}, {c.sql}" for c in columns)
    return (
        f"CAST(CASE WHEN line IS NULL THEN json_object({cells}) ELSE to_json(line) END AS VARCHAR)"
    )
