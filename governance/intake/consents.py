# SPDX-License-Identifier: Apache-2.0
"""What people consented to comes in, into the one ledger, with its fold, in one transaction.

A statement that the ledger holds already is not entered a second time. A statement that comes late
is folded at its own time. Refuses rows about purposes that were never applied.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from audit.clock import Micros
from governance.authority import demand
from governance.consent import ConsentFact, record_many
from governance.intake import desk as work
from governance.intake import people
from governance.intake.desk import Desk, Input, ProgressUpdate, Steps
from governance.intake.report import DONE, Report, counts
from governance.purpose import purposes
from tagging.intake.consents import consents, said
from tagging.intake.loading import Mapping
from tagging.intake.mapping import ConsentMap
from tagging.intake.parts import Bounds
from tagging.intake.rows import Rows, when
from tagging.intake.stage import Staged, stage

if TYPE_CHECKING:
    from governance.workspace import Workspace

KIND = "consents"


@dataclass(slots=True)
class _Count:
    """What became of the statements of a file."""

    said: int = 0
    known: int = 0


def ingest(
    ws: "Workspace",
    inputs: Sequence[Input],
    mapping: Mapping[ConsentMap],
    *,
    folder: Path | None = None,
    progress: ProgressUpdate = lambda _done, _total: None,
) -> list[Report]:
    """Bring files (or databases) of consents in, each whole or not at all; returns a report for each.

    Raises BadInput for a file or mapping that cannot be used, Refused for one with too many bad rows.
    """
    _ = ws.store
    reports = []
    demand(ws, "ingest.consents")
    with ws.exclusive("ingest"):
        for number, what in enumerate(inputs):
            with work.desk(ws, KIND, what.name) as at:
                rows = work.lay_out(at, what, mapping, folder)
                reports.append(bring_in(at, rows, mapping, Steps(progress, number, len(inputs))))
    return reports


def bring_in(at: Desk, rows: Rows, mapping: Mapping[ConsentMap], steps: Steps) -> Report:
    """Bring the consents of one source in; the lock is held by the caller."""
    source = work.source_digest((rows.relation.raw, *rows.lookups))
    if before := work.seen(at, source, mapping.digest):
        return before
    with at.ws.store.read() as connection:
        applied = sorted(purposes(connection))
    now, zone = at.ws.clock.now(), at.ws.settings.text("workspace.zone")
    time = when(mapping.map.time, mapping.map.time_bounds, zone, now)
    time = replace(time, latest=min(time.latest, now))
    end = mapping.map.expires
    ends = when(end, Bounds(earliest="1970-01-01", latest="2199-01-01"), zone, now) if end else None
    cleaning = consents(rows, mapping.map, (time, ends), applied)
    staged = stage(at.duck, cleaning, steps.tick(0.0, 0.5))
    work.refuse_if_bad(at, staged, mapping.map.subject.column or "")
    suppressed = people.admit(at, staged.files)
    with work.undone_unless_recorded(at):
        return _commit(at, staged, mapping, source, suppressed=suppressed)


def _commit(
    at: Desk, staged: Staged, mapping: Mapping[ConsentMap], source: str, *, suppressed: int
) -> Report:
    quarantine = work.put_aside(at, staged, mapping.map.subject.column or "")
    who = people.known_people(at)
    count = _Count()
    with at.ws.store.write() as unit:
        fresh = people.newcomers(unit.connection, who)
        people.enrol(at.ws, unit, fresh, regime=at.ws.settings.text("workspace.regime"))
        facts = _facts(at, unit.connection, staged, count)
        added = record_many(unit, facts, now=at.ws.clock.now())
        kept = staged.outcomes.get("kept", 0)
        report = Report(
            at.id,
            KIND,
            at.label,
            DONE,
            added=added,
            people=len(who),
            new_people=len(fresh),
            repeated=kept - suppressed - count.said,
            suppressed=suppressed,
            known=count.known,
            rules=("order: what was said later holds; at one instant a withdrawal holds",),
            quarantine=quarantine,
            **counts(staged),
        )
        work.record(at, unit, report, source, mapping.digest)
        unit.log(at.ws.evidence.entry("consent.imported", intake=at.id, added=added))
    return report


def _facts(
    at: Desk, connection: Connection, staged: Staged, count: _Count
) -> Iterator[ConsentFact]:
    """Yield the statements that the ledger does not hold yet."""
    for batch in said(at.duck, staged.files):
        count.said += len(batch)
        there = {
            tuple(row)
            for row in connection.execute(
                text(
                    "SELECT subject_id, purpose, state, kind, at FROM consentevent "
                    "WHERE subject_id BETWEEN :a AND :b"
                ),
                {"a": batch[0][0], "b": batch[-1][0]},
            )
        }
        for row in batch:
            if row[:5] in there:
                count.known += 1
                continue
            subject_id, purpose, state, kind, ts, expires, notice, language, surface = row
            yield ConsentFact(
                subject_id,
                purpose,
                state,
                kind,
                Micros(ts),
                None if expires is None else Micros(expires),
                notice,
                language,
                surface,
                source=at.id,
            )
