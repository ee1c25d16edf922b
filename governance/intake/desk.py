# SPDX-License-Identifier: Apache-2.0
"""What every intake does alike: a desk to work at, seen before, too many bad rows, the last record.

Everything that a file leaves on the way lies in one scratch folder, which is gone afterwards. A file
is taken whole or refused whole.
"""

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, text

from audit.canon import canonical
from audit.errors import BadInput, Problem, Refused
from audit.ids import new_id
from governance.intake import quarantine
from governance.intake.database import Database, fetch
from governance.intake.report import MEANINGS, NOTHING, Report
from governance.store.unit import Unit
from tagging import lake
from tagging.intake import duck as engine
from tagging.intake.duck import Duck
from tagging.intake.loading import Map, Mapping
from tagging.intake.raw import Raw
from tagging.intake.rows import Rows, join_all
from tagging.intake.source import open_source, parquet_rows
from tagging.intake.stage import Staged

if TYPE_CHECKING:
    from governance.workspace import Workspace

Input = Path | Database
ProgressUpdate = Callable[[int, int], None]
CUSTOMER = "customer"
PEOPLE_BATCH = 50_000
_THOUSAND = 1000


@dataclass(frozen=True, slots=True)
class Desk:
    """One file at work."""

    ws: "Workspace"
    duck: Duck
    id: str
    kind: str
    label: str


@dataclass(frozen=True, slots=True)
class Steps:
    """Progress of one file among several, in thousandths."""

    update: ProgressUpdate
    file: int = 0
    files: int = 1

    def tick(self, low: float, high: float) -> Callable[[float], None]:
        """Return what is told the share of one step, which goes from `low` to `high` of the file."""

        def told(share: float) -> None:
            here = self.file + low + (high - low) * share
            self.update(int(here * _THOUSAND), self.files * _THOUSAND)

        return told


@contextmanager
def desk(ws: "Workspace", kind: str, label: str) -> Iterator[Desk]:
    """Give a desk with an engine and a scratch folder of its own; both are gone afterwards."""
    intake_id = new_id(ws.ids, "in")
    scratch = ws.paths.scratch / intake_id
    scratch.mkdir(mode=0o700, parents=True)
    settings = ws.settings
    try:
        with engine.opened(
            scratch,
            memory=settings.text("engine.memory"),
            threads=settings.number("engine.threads"),
            row_key=ws.keys.ring.row_key,
        ) as duck:
            yield Desk(ws, duck, intake_id, kind, label)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def lay_out(at: Desk, what: Input, mapping: Mapping[Map], folder: Path | None = None) -> Rows:
    """Return the rows of a file or database, checked against the mapping.

    Look-ups lie in `folder`, or beside the file.
    """
    source = mapping.map.source
    if isinstance(what, Database):
        if source.format != "database":
            raise BadInput(
                "not-a-database",
                "this mapping reads a file",
                hint="format: database, and table: or query:, under source: in the mapping",
            )
        relation = parquet_rows(at.duck, fetch(what.url, source, at.duck.folder("database")))
        beside = Path.cwd()
    else:
        relation = open_source(at.duck, what, source)
        beside = what.parent
    mapping.check_columns((c.name for c in relation.columns), relation.repeated)
    return join_all(at.duck, relation, source, folder or beside)


def source_digest(files: Sequence[Raw]) -> str:
    """Return the digest of what came in: the file, and the look-ups that were read with it."""
    return sha256("\n".join(raw.digest for raw in files).encode()).hexdigest()


def seen(at: Desk, source: str, mapping: str) -> Report | None:
    """Return the report of the same content under the same mapping, when it came in before."""
    with at.ws.store.read() as connection:
        row = connection.execute(
            text(
                "SELECT id FROM intake WHERE kind = :k AND source_digest = :s AND mapping_digest = :m"
            ),
            {"k": at.kind, "s": source, "m": mapping},
        ).first()
    return None if row is None else Report(row.id, at.kind, at.label, NOTHING)


def put_aside(at: Desk, staged: Staged, subject: str) -> str:
    """Write the rows that could not be read, when there are some; returns the file's path or ''.

    Rows in which an identity stands that was erased are left out. `subject` is the column with the
    customer number.
    """
    if not staged.bad:
        return ""
    suppressed = partial(at.ws.people.suppressed, CUSTOMER)
    rows = quarantine.without(staged.quarantined(), suppressed, subject)
    first = next(rows, None)
    if first is None:
        return ""
    path = quarantine.write(at.ws.paths.quarantine, at.id, chain((first,), rows), subject)
    return str(path.relative_to(at.ws.paths.root))


def refuse_if_bad(at: Desk, staged: Staged, subject: str) -> None:
    """Raise Refused `too-many-bad-rows` when too large a share of the file cannot be read.

    Nothing of the file is kept but its bad rows in quarantine, and an entry in the evidence log.
    """
    share = at.ws.settings.share("intake.max_bad_share")
    if staged.bad_rows <= share * staged.rows:
        return
    aside = put_aside(at, staged, subject)
    with at.ws.store.write() as unit:
        entry = at.ws.evidence.entry(
            "intake.refused", intake=at.id, kind=at.kind, rows=staged.rows, bad=staged.bad_rows
        )
        unit.log(entry)
    raise Refused(
        "too-many-bad-rows",
        f"{staged.bad_rows:,} of {staged.rows:,} rows of {at.label} cannot be read; "
        f"up to {share:.1%} would be put aside",
        hint=f"{f'see {aside}, then ' if aside else ''}mend the mapping or the file (tagwarden ingest preview), "
        "or raise intake.max_bad_share",
        facts={"rows": staged.rows, "bad": staged.bad_rows, "quarantine": aside},
        problems=_by_reason(at, staged),
    )


def _by_reason(at: Desk, staged: Staged) -> list[Problem]:
    first: dict[str, int] = {}
    for bad in staged.quarantined():
        first.setdefault(bad.reason, bad.line or 0)
    return [
        Problem(
            reason,
            f"{count:,} rows: {MEANINGS.get(reason, reason)}",
            at.label,
            first.get(reason, 0),
        )
        for reason, count in sorted(staged.bad.items(), key=lambda item: -item[1])
    ]


def record(at: Desk, unit: Unit, report: Report, source: str, mapping: str) -> None:
    """Enter an intake in the store, with evidence, in the transaction of what it brought."""
    values: dict[str, Any] = {
        "i": at.id,
        "k": at.kind,
        "s": source,
        "m": mapping,
        "l": at.label,
        "r": canonical(report.as_json()).decode(),
        "t": at.ws.clock.now(),
    }
    unit.connection.execute(
        text(
            "INSERT INTO intake (id, kind, source_digest, mapping_digest, label, report, at) "
            "VALUES (:i, :k, :s, :m, :l, :r, :t)"
        ),
        values,
    )
    unit.log(
        at.ws.evidence.entry(
            "intake.done",
            intake=at.id,
            kind=at.kind,
            source=source,
            mapping=mapping,
            rows=report.rows,
            added=report.added,
            people=report.people,
            new_people=report.new_people,
            nobody=report.no_subject,
            suppressed=report.suppressed,
            repeated=report.repeated,
            known=report.known,
            dropped=sum(report.dropped.values()),
            bad=report.bad_rows,
        )
    )


@contextmanager
def undone_unless_recorded(at: Desk, parts: Iterable[lake.Part] = ()) -> Iterator[None]:
    """Take back the quarantine and the lake files of an intake that ends without its record.

    What fails after the commit (carrying evidence to the log) does not take committed files away.
    """
    with ExitStack() as undo:
        undo.callback(_take_back, at, tuple(parts))
        yield
        undo.pop_all()


def _take_back(at: Desk, parts: Sequence[lake.Part]) -> None:
    with at.ws.store.read() as connection:
        if is_recorded(connection, at.id):
            return
    lake.remove(at.ws.paths.lake, parts)
    (at.ws.paths.quarantine / f"{at.id}.csv").unlink(missing_ok=True)


def is_recorded(connection: Connection, intake_id: str) -> bool:
    """Return whether an intake was committed."""
    found = connection.execute(text("SELECT 1 FROM intake WHERE id = :i"), {"i": intake_id})
    return found.first() is not None
