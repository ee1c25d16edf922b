# SPDX-License-Identifier: Apache-2.0
"""Attributes of people come in: sealed to person and class; regime and age band told to the gate.

What a file does not say is left as it is. Where it gives one person two values for an attribute,
neither wins in silence: that attribute is left as it is, and counted. Refuses a sensitive category
that is declared ordinary.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pyroaring import BitMap
from sqlalchemy import Connection, text

from audit.clock import from_micros
from audit.errors import Problems, Refused
from governance import corrections
from governance.authority import demand
from governance.intake import desk as work
from governance.intake import people
from governance.intake.desk import Desk, Input, ProgressUpdate, Steps
from governance.intake.report import DONE, Report, counts
from governance.law import law_over
from governance.store import bitmaps
from governance.store.unit import Unit
from policies.decision import covers
from policies.document import nearest
from policies.law import Law
from policies.packs import categories
from tagging.intake.loading import Mapping
from tagging.intake.mapping import ProfileMap
from tagging.intake.people import Person, contradictions, persons, profiles
from tagging.intake.rows import Rows
from tagging.intake.stage import Staged, stage

if TYPE_CHECKING:
    from governance.workspace import Workspace

KIND = "profiles"


@dataclass(slots=True)
class _Changes:
    """What the file has changed so far."""

    people: int = 0
    fresh: int = 0
    minors: int = 0
    kept: int = 0
    ended: int = 0
    into: dict[str, BitMap] = field(default_factory=dict)
    out_of: dict[str, BitMap] = field(default_factory=dict)

    def move(self, subject_id: int, kind: str, old: str | None, new: str) -> None:
        """Note that a person leaves one set of a kind and enters another."""
        if old is not None:
            self.out_of.setdefault(f"{kind}:{old}", BitMap()).add(subject_id)
        self.into.setdefault(f"{kind}:{new}", BitMap()).add(subject_id)


def ingest(
    ws: "Workspace",
    inputs: Sequence[Input],
    mapping: Mapping[ProfileMap],
    *,
    folder: Path | None = None,
    progress: ProgressUpdate = lambda _done, _total: None,
) -> list[Report]:
    """Bring files (or databases) of people in, each whole or not at all; returns a report for each.

    Raises BadInput for a file or mapping that cannot be used, Refused for one with too many bad
    rows, or with contradictions where the mapping says so.
    """
    with ws.store.read() as connection:
        check_categories(mapping, law_over(connection))
    reports = []
    demand(ws, "ingest.profiles")
    with ws.exclusive("ingest"):
        for number, what in enumerate(inputs):
            with work.desk(ws, KIND, what.name) as at:
                rows = work.lay_out(at, what, mapping, folder)
                reports.append(bring_in(at, rows, mapping, Steps(progress, number, len(inputs))))
    return reports


def check_categories(mapping: Mapping[ProfileMap], law: Law) -> None:
    """Raise BadInput with every category that no pack knows, or that is more than ordinary."""
    problems = Problems(mapping.document.file)
    for key, attribute in mapping.map.attributes.items():
        line, column = mapping.document.place(("attributes", key, "category"))
        if attribute.category not in categories() and not attribute.category.startswith("x."):
            problems.add(
                "unknown-data-category",
                f'"{attribute.category}" is not a category of data',
                line=line,
                column=column,
                hint=nearest(attribute.category, categories()),
            )
        elif attribute.class_id == 1 and (article := _sensitive_by(law, attribute.category)):
            problems.add(
                "class-too-low",
                f'"{attribute.category}" is sensitive ({article})',
                line=line,
                column=column,
                hint="class: sensitive",
            )
    problems.raise_if_any("bad-mapping", f"{mapping.document.file} is not a usable mapping")


def _sensitive_by(law: Law, category: str) -> str:
    """Return the article that makes a category sensitive in some regime, or ''."""
    for pack in law.packs.values():
        for item in pack.sensitivity:
            for name in item.when.reveals or ():
                if any(covers(key, category) for key in pack.sets[name].categories):
                    return item.cites[0]
    return ""


def bring_in(at: Desk, rows: Rows, mapping: Mapping[ProfileMap], steps: Steps) -> Report:
    """Bring the people of one source in; the lock is held by the caller."""
    source = work.source_digest((rows.relation.raw, *rows.lookups))
    if before := work.seen(at, source, mapping.digest):
        return before
    with at.ws.store.read() as connection:
        _check_attributes(connection, mapping)
    today = from_micros(at.ws.clock.now()).date()
    staged = stage(at.duck, profiles(rows, mapping.map, today), steps.tick(0.0, 0.4))
    work.refuse_if_bad(at, staged, mapping.map.subject.column or "")
    suppressed = people.admit(at, staged.files)
    twice = contradictions(at.duck, staged.files, mapping.map)
    if twice and mapping.map.contradiction == "refuse":
        raise Refused(
            "contradicting-attributes",
            f"{at.label} gives people two values: "
            + ", ".join(f"{count:,} {code}" for code, count in twice.items()),
            hint="mend the file, or say contradiction: drop, first or last",
            facts=dict(twice),
        )
    with work.undone_unless_recorded(at):
        return _commit(
            at, staged, mapping, twice=twice, suppressed=suppressed, source=source, steps=steps
        )


def _check_attributes(connection: Connection, mapping: Mapping[ProfileMap]) -> None:
    """Raise BadInput for an attribute that is known with another category or class."""
    rows = connection.execute(text("SELECT key, category, class_id FROM attribute"))
    known = {row.key: (row.category, row.class_id) for row in rows}
    problems = Problems(mapping.document.file)
    for key, attribute in mapping.map.attributes.items():
        wanted = (attribute.category, attribute.class_id)
        if known.get(key, wanted) != wanted:
            line, column = mapping.document.place(("attributes", key))
            category, class_id = known[key]
            kind = "sensitive" if class_id > 1 else "ordinary"
            problems.add(
                "attribute-differs",
                f'the attribute "{key}" is known as {category}, {kind}',
                line=line,
                column=column,
                hint="take the same category and class, or another key",
            )
    problems.raise_if_any("bad-mapping", f"{mapping.document.file} is not a usable mapping")


def _commit(
    at: Desk,
    staged: Staged,
    mapping: Mapping[ProfileMap],
    *,
    twice: dict[str, int],
    suppressed: int,
    source: str,
    steps: Steps,
) -> Report:
    changes = _Changes()
    quarantine = work.put_aside(at, staged, mapping.map.subject.column or "")
    total = int(at.duck.one("SELECT count(*) FROM persons")[0])
    tick = steps.tick(0.5, 1.0)
    with at.ws.store.write() as unit:
        _declare(unit.connection, mapping.map)
        for batch in persons(at.duck):
            _gate(at, unit, batch, changes)
            _seal(at, unit.connection, batch, mapping.map, changes)
            changes.people += len(batch)
            tick(changes.people / max(total, 1))
        for name in sorted({*changes.into, *changes.out_of}):
            members = bitmaps.members(unit.connection, name)
            members = members - changes.out_of.get(name, BitMap())
            bitmaps.put(unit.connection, name, members | changes.into.get(name, BitMap()))
        report = _report(at, staged, mapping.map, twice, changes)
        report = replace(report, quarantine=quarantine, suppressed=suppressed)
        work.record(at, unit, report, source, mapping.digest)
    return report


def _declare(connection: Connection, mapping: ProfileMap) -> None:
    if mapping.attributes:
        connection.execute(
            text(
                "INSERT INTO attribute (key, category, class_id) VALUES (:k, :c, :n) "
                "ON CONFLICT (key) DO NOTHING"
            ),
            [
                {"k": key, "c": attribute.category, "n": attribute.class_id}
                for key, attribute in mapping.attributes.items()
            ],
        )


def _gate(at: Desk, unit: Unit, batch: Sequence[Person], changes: _Changes) -> None:
    """Tell the gate regime and age band: of new people all, of known ones what the file says."""
    ids = [person.subject_id for person in batch]
    rows = unit.connection.execute(
        text(
            "SELECT subject_id, regime, age_class FROM subject WHERE subject_id BETWEEN :a AND :b"
        ),
        {"a": ids[0], "b": ids[-1]},
    )
    known = {row.subject_id: (row.regime, row.age_class) for row in rows}
    sids = at.ws.people.sid([i for i in ids if i not in known])
    default = at.ws.settings.text("workspace.regime")
    new, changed = [], []
    for person in batch:
        i = person.subject_id
        regime, age = known.get(i, (None, None))
        to = (person.regime or regime or default, person.age or age or people.UNKNOWN_AGE)
        row = {"i": i, "r": to[0], "a": to[1]}
        if i not in known:
            new.append(row | {"s": sids[i], "t": at.ws.clock.now()})
        elif to != (regime, age):
            changed.append(row)
        if regime != to[0]:
            changes.move(i, "regime", regime, to[0])
        if age != to[1]:
            changes.move(i, "age", age, to[1])
        changes.minors += to[1] not in ("18+", people.UNKNOWN_AGE)
    changes.fresh += len(new)
    _write_subjects(unit.connection, new, changed)


def _write_subjects(
    connection: Connection, new: list[dict[str, object]], changed: list[dict[str, object]]
) -> None:
    if new:
        connection.execute(
            text(
                "INSERT INTO subject (subject_id, sid, regime, age_class, admitted_at) "
                "VALUES (:i, :s, :r, :a, :t)"
            ),
            new,
        )
    if changed:
        connection.execute(
            text("UPDATE subject SET regime = :r, age_class = :a WHERE subject_id = :i"), changed
        )


def _seal(
    at: Desk,
    connection: Connection,
    batch: Sequence[Person],
    mapping: ProfileMap,
    changes: _Changes,
) -> None:
    """Put what the file says into the sealed blobs of these people; what it does not say stays.

    What a person corrected stays as well, as long as the source says what it said before.
    """
    keys = list(mapping.attributes)
    by_class: dict[int, list[int]] = {}
    for number, key in enumerate(keys):
        by_class.setdefault(mapping.attributes[key].class_id, []).append(number)
    for class_id, numbers in by_class.items():
        said = {
            person.subject_id: {
                keys[n]: value for n in numbers if (value := person.attributes[n]) is not None
            }
            for person in batch
        }
        sifted = corrections.sift(at.ws, connection, said)
        changes.kept += sifted.kept
        changes.ended += sifted.ended
        said = {i: values for i, values in sifted.said.items() if values}
        if said:
            _merge(at, connection, class_id, said)


def _merge(at: Desk, connection: Connection, class_id: int, said: corrections.Values) -> None:
    ids = sorted(said)
    rows = connection.execute(
        text(
            "SELECT subject_id, class_id, cell FROM sealedblob "
            "WHERE subject_id BETWEEN :a AND :b AND class_id = :c"
        ),
        {"a": ids[0], "b": ids[-1], "c": class_id},
    )
    mine: Iterable[tuple[int, int, bytes]] = (tuple(row) for row in rows if row.subject_id in said)
    before = {i: values for i, _, values in at.ws.people.unseal(mine)}
    after = {i: {**before.get(i, {}), **values} for i, values in said.items()}
    cells = at.ws.people.seal(
        (i, class_id, values) for i, values in after.items() if values != before.get(i)
    )
    if cells:
        connection.execute(
            text(
                "INSERT INTO sealedblob (subject_id, class_id, cell, sealed_at) "
                "VALUES (:i, :c, :b, :t) ON CONFLICT (subject_id, class_id) "
                "DO UPDATE SET cell = excluded.cell, sealed_at = excluded.sealed_at"
            ),
            [{"i": i, "c": c, "b": cell, "t": at.ws.clock.now()} for i, c, cell in cells],
        )


def _report(
    at: Desk, staged: Staged, mapping: ProfileMap, twice: dict[str, int], changes: _Changes
) -> Report:
    found = dict(staged.findings) | twice
    if changes.minors:
        found["people-under-18"] = changes.minors
    for code, count in (("corrections-kept", changes.kept), ("corrections-ended", changes.ended)):
        if count:
            found[code] = count
    fields = counts(staged) | {"findings": found}
    settled = {
        "drop": "that attribute is left as it was; of two ages the younger band holds",
        "first": "the first row holds",
        "last": "the last row holds",
        "refuse": "the file is refused",
    }
    rules = [f"contradiction: {settled[mapping.contradiction]}"]
    if mapping.age:
        rules.append("age: only the band is kept")
    return Report(
        at.id,
        KIND,
        at.label,
        DONE,
        added=changes.people,
        people=changes.people,
        new_people=changes.fresh,
        rules=tuple(rules),
        **fields,
    )
