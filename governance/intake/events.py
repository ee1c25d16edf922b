# SPDX-License-Identifier: Apache-2.0
"""Events of a file come into the lake: read, counted, people admitted, parts written, committed once.

The same file again changes nothing; an overlapping one adds what is new. Until the one transaction at
the end nothing can be seen, and when it fails the files are taken away again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pyroaring import BitMap
from sqlalchemy import Connection, text

from audit.errors import BadInput
from governance.authority import demand
from governance.intake import desk as work
from governance.intake import people
from governance.intake.desk import Desk, Input, ProgressUpdate, Steps
from governance.intake.report import DONE, Report, TypeCount, counts, period
from governance.store import bitmaps
from governance.store.unit import Unit
from tagging import lake
from tagging.intake import clean
from tagging.intake.clean import NEGATIVE
from tagging.intake.loading import Mapping
from tagging.intake.mapping import EventMap
from tagging.intake.rows import Rows, when
from tagging.intake.stage import Staged, stage

if TYPE_CHECKING:
    from governance.workspace import Workspace

KIND = "events"
MAX_VALUES = 5001
"""One more than a reader of rules lists: a column with so many values is not a list of kinds."""


@dataclass(frozen=True, slots=True)
class _New:
    """What a file adds, written but not committed."""

    written: lake.Written
    summary: lake.Summary | None
    suppressed: int
    """Rows about people who were erased: left out."""


def ingest(
    ws: "Workspace",
    inputs: Sequence[Input],
    mapping: Mapping[EventMap],
    *,
    folder: Path | None = None,
    progress: ProgressUpdate = lambda _done, _total: None,
) -> list[Report]:
    """Bring files (or databases) of events in, each whole or not at all; returns a report for each.

    Look-up files lie beside each file, or in `folder`. Raises BadInput for a file or mapping that
    cannot be used, Refused for one with too many bad rows; files before it have come in then.
    """
    _ = ws.store  # what a killed process left is cleared before the lock is taken
    reports = []
    demand(ws, "ingest.events")
    with ws.exclusive("ingest"):
        for number, what in enumerate(inputs):
            with work.desk(ws, KIND, what.name) as at:
                steps = Steps(progress, number, len(inputs))
                rows = work.lay_out(at, what, mapping, folder)
                reports.append(bring_in(at, rows, mapping, steps))
    return reports


def bring_in(at: Desk, rows: Rows, mapping: Mapping[EventMap], steps: Steps) -> Report:
    """Bring the rows of one source in; the lock is held by the caller."""
    source = work.source_digest((rows.relation.raw, *rows.lookups))
    if before := work.seen(at, source, mapping.digest):
        return before
    with at.ws.store.read() as connection:
        _check_extras(connection, mapping)
    settings = at.ws.settings
    clock = when(
        mapping.map.time,
        mapping.map.time_bounds,
        settings.text("workspace.zone"),
        at.ws.clock.now(),
    )
    staged = stage(at.duck, clean.events(rows, mapping.map, clock), steps.tick(0.0, 0.5))
    work.refuse_if_bad(at, staged, mapping.map.subject.column or "")
    suppressed = people.admit(at, staged.files)
    steps.tick(0.5, 0.6)(1.0)
    written = _write(at, staged, mapping, steps)
    with work.undone_unless_recorded(at, written.parts):
        new = _New(written, _summary(at, staged, written), suppressed)
        return _commit(at, staged, mapping, new, source)


def _check_extras(connection: Connection, mapping: Mapping[EventMap]) -> None:
    """Raise BadInput `column-type-differs` for an extra column that has another type already."""
    rows = connection.execute(text("SELECT name, type FROM eventcolumn"))
    known = {row.name: row.type for row in rows}
    for name, extra in mapping.map.extra.items():
        if known.get(name, extra.type) != extra.type:
            raise BadInput(
                "column-type-differs",
                f'the column "{name}" of events is {known[name]} already, not {extra.type}',
                hint="take the same type, or another name",
            )


def _write(at: Desk, staged: Staged, mapping: Mapping[EventMap], steps: Steps) -> lake.Written:
    existing: dict[int, list[Path]] = {}
    with at.ws.store.read() as connection:
        for row in connection.execute(text("SELECT path, bucket FROM lakepart")):
            existing.setdefault(row.bucket, []).append(at.ws.paths.lake / row.path)
    at.ws.paths.lake.mkdir(mode=0o700, parents=True, exist_ok=True)
    return lake.write(
        at.duck,
        lake.Events(staged.files, staged.cleaning.extras, mapping.map.duplicates == "keep"),
        lake.Target(at.ws.paths.lake, at.id, at.ws.settings.number("lake.buckets"), existing),
        steps.tick(0.6, 0.95),
    )


def _summary(at: Desk, staged: Staged, written: lake.Written) -> lake.Summary | None:
    if not written.parts:
        return None
    files = [at.ws.paths.lake / part.path for part in written.parts]
    columns = ["category", *(name for name, kind in staged.cleaning.extras if kind == "text")]
    return lake.summarise(at.duck, files, columns, MAX_VALUES)


def _commit(at: Desk, staged: Staged, mapping: Mapping[EventMap], new: _New, source: str) -> Report:
    ws = at.ws
    quarantine = work.put_aside(at, staged, mapping.map.subject.column or "")
    with ws.store.write() as unit:
        connection = unit.connection
        late = _late(connection, at, new)
        who = people.known_people(at)
        fresh = people.newcomers(connection, who)
        regime = mapping.map.regime or ws.settings.text("workspace.regime")
        people.enrol(ws, unit, fresh, regime=regime)
        _register(unit, at, staged, new)
        _totals(unit, at, staged, keep=mapping.map.duplicates == "keep")
        report = _report(at, staged, mapping, new)
        report = replace(
            report,
            people=len(who),
            new_people=len(fresh),
            quarantine=quarantine,
            findings={**report.findings, **late},
        )
        work.record(at, unit, report, source, mapping.digest)
    return report


def _late(connection: Connection, at: Desk, new: _New) -> dict[str, int]:
    """Return how many new events the last run should have seen, had they been in."""
    seen_to = connection.execute(
        text("SELECT max(as_of) FROM run WHERE state = 'published'")
    ).scalar()
    if seen_to is None or not new.written.parts:
        return {}
    files = lake.parts_sql([at.ws.paths.lake / part.path for part in new.written.parts])
    count = int(at.duck.one(f"SELECT count(*) FROM {files} WHERE ts <= {int(seen_to)}")[0])
    return {"late": count} if count else {}


def _register(unit: Unit, at: Desk, staged: Staged, new: _New) -> None:
    connection, extras = unit.connection, staged.cleaning.extras
    columns = ", ".join(f'"{name}"' for name in (*lake.CORE_COLUMNS, *(n for n, _ in extras)))
    parts = [
        {
            "p": part.path,
            "i": at.id,
            "b": part.bucket,
            "n": part.rows,
            "z": part.size,
            "f": part.first_ts,
            "l": part.last_ts,
            "c": f"[{columns}]",
        }
        for part in new.written.parts
    ]
    if not parts or new.summary is None:
        return
    connection.execute(
        text(
            "INSERT INTO lakepart (path, intake_id, bucket, row_count, size_bytes, first_ts, "
            "last_ts, columns) VALUES (:p, :i, :b, :n, :z, :f, :l, :c)"
        ),
        parts,
    )
    if extras:
        connection.execute(
            text(
                "INSERT INTO eventcolumn (name, type) VALUES (:n, :t) ON CONFLICT (name) DO NOTHING"
            ),
            [{"n": name, "t": kind} for name, kind in extras],
        )
    values = [
        {"c": column, "v": value, "n": count}
        for column, found in new.summary.values.items()
        for value, count in found
    ]
    if values:
        connection.execute(
            text(
                'INSERT INTO category ("column", value, row_count) VALUES (:c, :v, :n) '
                'ON CONFLICT ("column", value) DO UPDATE '
                "SET row_count = category.row_count + excluded.row_count"
            ),
            values,
        )
    for event_type, subjects in new.summary.touched.items():
        bitmaps.add_all(connection, f"touched:{event_type}", BitMap(subjects))


def _totals(unit: Unit, at: Desk, staged: Staged, *, keep: bool) -> None:
    """Enter the daily totals of the rows that belong to nobody; equal rows count once, or each."""
    if not staged.outcomes.get("nobody"):
        return
    once = "" if keep else "DISTINCT ON (dedup) "
    rows = at.duck.rows(
        "SELECT day, event_type, count(*), CAST(coalesce(sum(quantity), 0) AS BIGINT), "
        "CAST(coalesce(sum(amount), 0) AS BIGINT) FROM "
        f"(SELECT {once}* FROM {staged.files} WHERE outcome = 'nobody') "
        "GROUP BY 1, 2 ORDER BY 1, 2"
    )
    unit.connection.execute(
        text(
            "INSERT INTO eventtotal (intake_id, day, event_type, row_count, quantity, amount) "
            "VALUES (:i, :d, :e, :n, :q, :a)"
        ),
        [
            {"i": at.id, "d": day, "e": kind, "n": n, "q": quantity, "a": amount}
            for day, kind, n, quantity, amount in rows
        ],
    )


def _report(at: Desk, staged: Staged, mapping: Mapping[EventMap], new: _New) -> Report:
    written, summary = new.written, new.summary
    found = dict(staged.findings) | (dict(summary.findings) if summary else {})
    parts = written.parts
    span = (
        (min(p.first_ts for p in parts), max(p.last_ts for p in parts)) if parts else (None, None)
    )
    fields = counts(staged) | {"findings": found} | period(*span)
    taken = written.rows + written.repeated + written.known + new.suppressed
    if nameless := staged.outcomes.get("kept", 0) - taken:
        fields["bad"] = fields["bad"] | {"unusable-id": nameless}
    return Report(
        at.id,
        KIND,
        at.label,
        DONE,
        added=written.rows,
        repeated=written.repeated,
        known=written.known,
        suppressed=new.suppressed,
        by_type=tuple(TypeCount(*row) for row in summary.by_type) if summary else (),
        rules=tuple(_rules(at, mapping.map)),
        **fields,
    )


def _rules(at: Desk, mapping: EventMap) -> list[str]:
    """Return the rules that decided about rows, in words."""
    time = mapping.time
    zone = time.zone or at.ws.settings.text("workspace.zone")
    stored = "UTC" if time.stored == "UTC" else f"local ({time.ambiguous} of a doubled hour)"
    if isinstance(mapping.duplicates, tuple):
        same = f"equal {', '.join(mapping.duplicates)} of one person are one event"
    else:
        same = {"row": "equal rows are one event", "keep": "equal rows are different events"}[
            mapping.duplicates
        ]
    rules = [f"duplicates: {same}", f"clock: {zone}; times without an offset are {stored}"]
    if set(mapping.types()) & set(NEGATIVE):
        rules.append("return, cancel: quantity and amount are taken off")
    if mapping.price and mapping.price.means == "line_total":
        rules.append("price: the column is the total of a line; the price is it by quantity")
    return rules
