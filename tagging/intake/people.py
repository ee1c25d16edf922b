# SPDX-License-Identifier: Apache-2.0
"""Turns rows of a file into people: attributes, regime, age band; and where a person contradicts.

Of an age only the band is kept. Where two rows give one person two bands, the younger one holds: a
doubt about a child is not decided against it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from tagging.intake.cells import Cells, quote
from tagging.intake.clean import Cleaning
from tagging.intake.duck import Duck
from tagging.intake.mapping import Age, ProfileMap
from tagging.intake.rows import Reasons, Rows, flags, mapped, outcome, spelled, who

BANDS = ("0-12", "13", "14-15", "16-17", "18+")
OLDEST = 130
_BATCH = 10_000


@dataclass(frozen=True, slots=True)
class Person:
    """What a file says about one person; None where it says nothing, or contradicts itself."""

    subject_id: int
    regime: str | None
    age: str | None
    attributes: tuple[str | None, ...]


def profiles(rows: Rows, mapping: ProfileMap, today: date) -> Cleaning:
    """Return the statement that reads people.

    Result: nr, outcome (kept, bad), reason, field, content, subject, regime, age (a number from 0,
    the youngest band), x0, x1, …, flags.
    """
    cells, reasons = rows.cells, Reasons()
    reasons.add("broken", "broken IS NOT NULL")
    reasons.add("no-subject", "nobody", mapping.subject.column)
    first = who(cells, mapping.subject, reasons)
    first["regime_in"] = mapped(cells, mapping.regime)
    first["age_in"] = _band(cells, mapping.age, today)
    for number, attribute in enumerate(mapping.attributes.values()):
        text = cells.text(attribute.column)
        first[f"a{number}"] = spelled(text, dict(attribute.values))
    findings: dict[str, str] = {}
    if mapping.age:
        there = f"{cells.text(mapping.age.column)} IS NOT NULL"
        findings["unknown-age"] = f"age_in IS NULL AND {there}"
    if mapping.regime and mapping.regime.column:
        findings["unknown-regime"] = (
            f"regime_in IS NULL AND {cells.text(mapping.regime.column)} IS NOT NULL"
        )
    result = {"regime": "regime_in", "age": "age_in"}
    result |= {f"x{number}": f"a{number}" for number in range(len(mapping.attributes))}
    result["flags"] = f"CASE WHEN why IS NULL THEN {flags(findings)} ELSE 0 END"
    layers = (first, {"why": reasons.first()}, outcome(result, rows, reasons))
    extras = tuple((key, "text") for key in mapping.attributes)
    return Cleaning(rows, layers, tuple(findings), extras)


def _band(cells: Cells, age: Age | None, today: date) -> str:
    """Return SQL for the number of an age band."""
    if age is None:
        return "CAST(NULL AS INTEGER)"
    if age.means == "band":
        known = {old: band for old, band in age.values.items() if band in BANDS}
        steps = " ".join(
            f"WHEN {quote(old)} THEN {BANDS.index(band)}" for old, band in known.items()
        )
        return f"CASE {cells.text(age.column)} {steps} END" if steps else "CAST(NULL AS INTEGER)"
    if age.means == "birth_date":
        shown, _ = cells.instant(age.column, age.format)
        born = f"CAST(make_timestamp({shown}) AS DATE)"
        years = f"date_sub('year', {born}, DATE '{today.isoformat()}')"
        valid = f"{born} <= DATE '{today.isoformat()}'"
    else:
        years = f"({cells.number(age.column)} // 10000)"
        if age.means == "birth_year":  # the birthday may be still to come: the younger age holds
            years = f"({today.year - 1} - {years})"
            years = f"CASE WHEN {years} = -1 THEN 0 ELSE {years} END"
        valid = "true"
    return (
        f"CASE WHEN NOT {valid} OR {years} < 0 OR {years} > {OLDEST} THEN NULL "
        f"WHEN {years} <= 12 THEN 0 WHEN {years} = 13 THEN 1 WHEN {years} <= 15 THEN 2 "
        f"WHEN {years} <= 17 THEN 3 WHEN {years} >= 18 THEN 4 END"
    )


def contradictions(duck: Duck, files: str, mapping: ProfileMap) -> dict[str, int]:
    """Make the table `persons`, one row per person, of staged rows and the table `people`.

    Returns how many attributes, ages and regimes had two values for one person.
    """
    columns, counted = [], {"contradicting-attributes": ["0"]}
    pairs = [("regime", "contradicting-regime"), ("age", "contradicting-age")]
    pairs += [(f"x{n}", "contradicting-attributes") for n in range(len(mapping.attributes))]
    for column, code in pairs:
        differs = f"(min({column}) <> max({column}))"
        columns += [f"{_settled(column, mapping)} AS {column}", f"{differs} AS d_{column}"]
        counted.setdefault(code, []).append(f"count(*) FILTER (WHERE d_{column})")
    duck.rows(
        f"CREATE OR REPLACE TABLE persons AS SELECT p.subject_id, {', '.join(columns)} "
        f"FROM {files} s JOIN people p ON p.value = s.subject WHERE s.outcome = 'kept' GROUP BY 1"
    )
    sums = ", ".join(" + ".join(parts) for parts in counted.values())
    found = duck.one(f"SELECT {sums} FROM persons")
    return {code: int(n) for code, n in zip(counted, found, strict=True) if n}


def _settled(column: str, mapping: ProfileMap) -> str:
    rule = mapping.contradiction
    if column == "age" and rule not in ("first", "last"):
        return "min(age)"
    if rule in ("first", "last"):
        pick = "arg_min" if rule == "first" else "arg_max"
        return f"{pick}({column}, nr) FILTER (WHERE {column} IS NOT NULL)"
    return f"CASE WHEN min({column}) = max({column}) THEN min({column}) END"


def persons(duck: Duck) -> Iterator[list[Person]]:
    """Yield the people of the table `persons`, ordered, in batches."""
    names = [
        str(row[0]) for row in duck.rows("DESCRIBE persons") if not str(row[0]).startswith("d_")
    ]
    cursor = duck.db.cursor()
    try:
        cursor.execute(f"SELECT {', '.join(names)} FROM persons ORDER BY subject_id")
        while batch := cursor.fetchmany(_BATCH):
            yield [_person(row) for row in batch]
    finally:
        cursor.close()


def _person(row: tuple[Any, ...]) -> Person:
    subject_id, regime, age, *values = row
    return Person(int(subject_id), regime, None if age is None else BANDS[age], tuple(values))
