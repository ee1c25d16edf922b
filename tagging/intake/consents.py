# SPDX-License-Identifier: Apache-2.0
"""Turns rows of a file into what people said about purposes, ready for the consent ledger.

Refuses to guess: a purpose that was never applied, a state or kind that the mapping does not list, a
time after the present.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from tagging.intake.cells import Cells, quote
from tagging.intake.clean import Cleaning
from tagging.intake.duck import Duck
from tagging.intake.mapping import ConsentMap
from tagging.intake.parts import Coded
from tagging.intake.rows import Reasons, Rows, When, flags, mapped, outcome, who

MAX_CODE = 80
TEXTS = ("notice", "language", "surface")
COLUMNS = ("purpose", "state", "kind", "ts", "expires", *TEXTS)
_BATCH = 10_000


def consents(
    rows: Rows,
    mapping: ConsentMap,
    times: tuple[When, When | None],
    purposes: Iterable[str] | None,
) -> Cleaning:
    """Return the statement that reads consents; `times`: of the statement, and of its end.

    `purposes` are those that were applied; None: nobody knows, any is good.

    Result: nr, outcome (kept, bad), reason, field, content, subject, and COLUMNS.
    """
    cells, reasons = rows.cells, Reasons()
    time, end = times
    first = _fields(cells, mapping, times)
    reasons.add("broken", "broken IS NOT NULL")
    reasons.add("no-subject", "nobody", mapping.subject.column)
    first |= who(cells, mapping.subject, reasons)
    time.note(reasons, "t", "ts")
    known = "purpose IS NOT NULL"
    if purposes is not None:
        known = f"purpose IN ({', '.join(map(quote, purposes)) or 'NULL'})"
    purpose_column = mapping.purpose.column or ""
    reasons.add("unknown-purpose", f"NOT coalesce({known}, false)", purpose_column)
    reasons.add("bad-value", "state IS NULL", mapping.state.column or "")
    kind_column = (mapping.consent_kind.column if mapping.consent_kind else None) or ""
    reasons.add("bad-value", "kind IS NULL", kind_column)
    if end is not None:
        column = end.time.column
        reasons.add("bad-time", "e_there AND e_clock IS NULL", column)
        reasons.add(
            "expires-before-it-begins",
            "coalesce(state = 'given' AND expires <= ts, false)",
            column,
        )
    for name in TEXTS:
        choice: Coded | None = getattr(mapping, name)
        test = f"coalesce(length({name}) > {MAX_CODE} OR regexp_matches({name}, '\\pC'), false)"
        reasons.add("bad-value", test if choice else "false", (choice and choice.column) or "")
    expires = f"CASE WHEN state = 'given' THEN {end.instant('e')} END" if end else "NULL"
    findings = {"clock-ambiguous": time.twice("t"), "clock-nonexistent": time.skipped("t")}
    findings = {code: test for code, test in findings.items() if test != "false"}
    result = {name: name for name in COLUMNS}
    result["flags"] = f"CASE WHEN why IS NULL THEN {flags(findings)} ELSE 0 END"
    layers = (
        first,
        {"ts": time.instant("t")},
        {"expires": f"CAST({expires} AS BIGINT)"},
        {"why": reasons.first()},
        outcome(result, rows, reasons),
    )
    return Cleaning(rows, layers, tuple(findings))


def _fields(cells: Cells, mapping: ConsentMap, times: tuple[When, When | None]) -> dict[str, str]:
    time, end = times
    fields = time.fields(cells, "t")
    if end is not None:
        fields |= end.fields(cells, "e")
    fields["purpose"] = cells.coded(mapping.purpose)
    state = cells.coded(mapping.state)
    if mapping.state.column and not mapping.state.values:
        state = f"CASE WHEN {state} IN ('given', 'refused', 'withdrawn') THEN {state} END"
    fields["state"] = state
    fields["kind"] = _kind(cells, mapping.consent_kind, state)
    for name in TEXTS:
        fields[name] = f"coalesce({mapped(cells, getattr(mapping, name))}, '')"
    return fields


def _kind(cells: Cells, choice: Coded | None, state: str) -> str:
    if choice is None:
        return f"CASE WHEN {state} = 'given' THEN 'ordinary' ELSE '' END"
    kind = cells.coded(choice)
    if choice.column is None:
        return kind
    if not choice.values:
        listed = "'ordinary', 'explicit', 'separate', 'guardian'"
        kind = f"CASE WHEN {kind} IN ({listed}) THEN {kind} END"
    empty = f"({cells.text(choice.column)} IS NULL AND coalesce({state} <> 'given', false))"
    return f"CASE WHEN {empty} THEN '' ELSE {kind} END"


def said(duck: Duck, files: str) -> Iterator[list[tuple[Any, ...]]]:
    """Yield (subject_id, *COLUMNS) of staged rows and the table `people`, each once, by person."""
    columns = ", ".join(f"s.{name}" for name in COLUMNS)
    cursor = duck.db.cursor()
    try:
        cursor.execute(
            f"SELECT DISTINCT p.subject_id, {columns} FROM {files} s JOIN people p "
            "ON p.value = s.subject WHERE s.outcome = 'kept' ORDER BY 1, 5, 2, 3, 4"
        )
        while batch := cursor.fetchmany(_BATCH):
            yield batch
    finally:
        cursor.close()
