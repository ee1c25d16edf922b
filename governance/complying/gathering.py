# SPDX-License-Identifier: Apache-2.0
"""Reads what a compliance audit looks at: counts, codes and digests. No attribute is opened.

Reports of other audits join here: `audit_reports` finds the newest of every kind about each thing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from pyroaring import BitMap
from sqlalchemy import Connection, text

from audit import canon
from audit.clock import DAY, SECOND, Micros, iso
from audit.compliance.facts import (
    Assessed,
    Facts,
    Finding,
    Keys,
    Late,
    Log,
    Missing,
    Paper,
    Recipient,
    Seen,
    TagFact,
    Waiting,
)
from audit.evidence.entry import Entry
from audit.evidence.reading import decode
from governance import holds, overlay, retention
from governance.assessment import day_of
from governance.assignments import holders
from governance.catalogue import USABLE, Active, active
from governance.complying.reports import audit_reports
from governance.custody.status import backups, status
from governance.erasure.outlook import outlook
from governance.findings import findings
from governance.gate import Gate
from governance.law import law_over
from governance.learning.due import overdue
from governance.notifying import OPEN
from governance.purpose import purposes
from governance.record import REGIMES, record_of
from governance.record.facts import Facts as OnRecord
from governance.record.facts import gather as on_record
from governance.requests.days import day_here
from governance.requests.doctor import tasks
from governance.requests.register import lines_in
from policies.clocks import add_months
from policies.obligations import tested
from policies.rights import rights
from policies.vocabulary import AGE_BANDS, Reason
from tagging.document import Tag

if TYPE_CHECKING:
    from governance.workspace import Workspace

KEPT_MONTHS: Final = 24
"""How long California wants requests kept (11 CCR 7101); no setting keeps them for less."""
MONTH_DAYS: Final = 31
_PLAIN: Final = ("retention.people_days", "policy.role", "audits.bias_days", "clock.fixed")
_STATED: Final = ("controller.recipients", "controller.transfers")


def facts(ws: "Workspace", regime: str) -> Facts:
    """Return how a workspace stands under a regime now; raises Tampered, Conflict as log and keys do."""
    acts, opened = _acts(ws)
    log = _log(ws)
    past = {one.code: one.count for one in retention.standing(ws)}
    lacking = record_of(ws, regime).not_stated if regime in REGIMES else ()
    now = ws.clock.now()
    with ws.store.read() as connection:
        in_force, unconfirmed = _holds(connection, now)
        consents, unnoticed = _consents(connection, regime, now)
        known = on_record(ws, connection, regime)
        tags = _tags(connection, known, now)
        asked = _asked(ws, connection, regime, opened)
        return Facts(
            regime=regime,
            people=_people(connection, regime),
            tags=tuple(fact for fact, _ in tags),
            purposes=_purposes(connection),
            unapplied=tuple(sorted(_named(tag for _, tag in tags) - known.purposes.keys())),
            assessments=_assessments(connection, known),
            missing=_missing(known),
            settings={key: ws.settings.text(key) for key in _PLAIN}
            | {key: "stated" if ws.settings.text(key) else "" for key in _STATED},
            retention=past,
            requests=asked.count,
            waiting=asked.waiting,
            late=asked.late,
            lost=asked.lost,
            erasures=outlook(connection, now).ready,
            holds=in_force,
            unconfirmed=unconfirmed,
            untold=_untold(connection, Micros(now + DAY)),
            untold_long=_untold(connection, Micros(now - MONTH_DAYS * DAY)),
            consents=consents,
            unnoticed=unnoticed,
            recipients=_recipients(known),
            record=tuple(lacking),
            reports=audit_reports(connection, regime, now),
            findings=tuple(
                Finding(one.tag, one.state(now)) for one in findings(connection) if not one.resolved
            ),
            models_overdue=tuple(overdue(connection, now)),
            keys=_keys(ws, connection),
            log=log,
            acts=acts,
            overlaid=law_over(connection).packs[regime].beneath is not None,
            tests=tested(),
        )


def law_papers(connection: Connection, regime: str) -> tuple[Paper, ...]:
    """Return the packs of a regime, and the overlays in force over them, as documents."""
    pack = law_over(connection).packs[regime]
    shipped = [pack]
    while shipped[-1].beneath is not None:
        shipped.append(shipped[-1].beneath)
    found = [
        Paper("pack", f"{one.regime} {one.version}", canon.digest(one.model_dump(mode="json")))
        for one in (shipped[-1], *pack.companions)
    ]
    over = overlay.in_force(connection).values()
    return (*found, *(Paper("overlay", one.key, one.digest) for one in over))


def _acts(ws: "Workspace") -> tuple[dict[str, Seen], list[Entry]]:
    """Return how often each act stands in the log, and the entries of requests that came in."""
    seen: dict[str, Seen] = {}
    opened = []
    for number, raw in enumerate(ws.evidence.entries()):
        entry = decode(raw)
        times = seen[entry.act].times if entry.act in seen else 0
        seen[entry.act] = Seen(times + 1, number, iso(entry.at_ms * 1000))
        if entry.act == "request.opened":
            opened.append(entry)
    return seen, opened


def _log(ws: "Workspace") -> Log:
    found = ws.evidence.verify()
    anchors = ws.evidence.anchors
    newest = anchors.newest() if found.good else None
    with ws.store.read() as connection:
        waiting = connection.execute(text("SELECT count(*) FROM outbox")).scalar_one()
    return Log(
        size=found.size,
        root=found.root,
        problems=tuple(dict.fromkeys(problem.code for problem in found.problems)),
        waiting=waiting,
        anchors=len(anchors),
        unreachable=len(anchors.unreachable()),
        hours=None if newest is None else (ws.clock.now() // SECOND - newest.seconds) // 3600,
        covered=newest is not None and newest.head.size >= found.size,
    )


def _tags(connection: Connection, known: OnRecord, now: Micros) -> list[tuple[TagFact, Active]]:
    """Return the tags in use, each with the people who hold it and may not."""
    gate = Gate(connection, now, purposes(connection))
    here = gate.members(f"regime:{known.regime}")
    found = []
    for key, tag in sorted(active(connection).items()):
        if tag.state not in USABLE:
            continue
        outside = (_held(connection, tag, now) & here) - gate.people(tag.effective)
        asked = [what for one in tag.tag.purposes for what in gate.asked(tag.effective, one)]
        basis = {str(name): str(claimed) for name, claimed in tag.tag.basis.items()}
        fact = TagFact(
            key=key,
            version=tag.version,
            digest=tag.digest,
            basis=basis.get(known.regime, ""),
            sensitive=any(what.sensitive for what in asked if what.regime == known.regime),
            weighty=tag.effective.effect != "none",
            directed=bool(tag.tag.direction()),
            within=tag.standing.within,
            standing=tag.standing.said(now),
            outside=_against(gate, tag.effective, outside),
        )
        found.append((fact, tag))
    return found


def _held(connection: Connection, tag: Active, now: Micros) -> BitMap:
    """Return who holds a tag by its sets or by its rows: who writes past the product may write one only."""
    both = (holders(connection, tag, now, present=present) for present in (True, False))
    return BitMap().union(*(people for found in both for people in found.values()))


def _against(gate: Gate, tag: Tag, people: BitMap) -> dict[str, int]:
    """Return everything that stops people for a tag, of every purpose: reason → how many of them.

    One reason does not hide another, since another row of the law may ask for it; "no consent" is said
    of whom nothing else stops.
    """
    found: dict[str, BitMap] = {}
    for key in tag.purposes:
        left = people
        for reason, stopped in gate.stops(tag, key):
            here = (left if reason is Reason.NO_CONSENT else people) & stopped
            if here:
                found[reason] = found.get(reason, BitMap()) | here
                left = left - here
    return {str(reason): len(who) for reason, who in found.items()}


def _named(tags: Iterable[Active]) -> set[str]:
    return {key for tag in tags for key in tag.tag.purposes}


def _people(connection: Connection, regime: str) -> dict[str, int]:
    rows = connection.execute(
        text("SELECT age_class, count(*) AS n FROM subject WHERE regime = :r GROUP BY age_class"),
        {"r": regime},
    )
    found = dict.fromkeys(AGE_BANDS, 0) | {row.age_class: row.n for row in rows}
    return {**found, "": sum(found.values())}


def _purposes(connection: Connection) -> tuple[Paper, ...]:
    rows = connection.execute(text("SELECT key, digest FROM purpose ORDER BY key"))
    return tuple(Paper("purpose", row.key, row.digest) for row in rows)


def _assessments(connection: Connection, known: OnRecord) -> tuple[Assessed, ...]:
    rows = connection.execute(text("SELECT key, digest FROM assessment ORDER BY id"))
    digests = {row.key: row.digest for row in rows}
    return tuple(
        Assessed(one.key, one.type, one.state(known.day), digests[one.key])
        for one in known.assessments
    )


def _missing(known: OnRecord) -> tuple[Missing, ...]:
    return tuple(
        Missing(kind, purpose, tag)
        for purpose, found in sorted(known.missing.items())
        for kind, tag in found
    )


def _recipients(known: OnRecord) -> tuple[Recipient, ...]:
    return tuple(
        Recipient(code, key)
        for key, purpose in sorted(known.purposes.items())
        for code in known.recipients(purpose)
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """How requests of people stand under a regime."""

    count: int
    waiting: tuple[Waiting, ...]
    late: tuple[Late, ...]
    lost: int
    """Of all regimes: how many the log knows that must still be kept, and are not there."""


def _asked(ws: "Workspace", connection: Connection, regime: str, opened: Iterable[Entry]) -> _Asked:
    today, kinds = day_here(ws), rights().kinds
    lines = lines_in(connection, ws.settings, today)
    mine = [line for line in lines if line.regime == regime]
    since, kept_since = today - timedelta(days=365), add_months(today, -KEPT_MONTHS)
    there = {line.ref for line in lines}
    return _Asked(
        len(mine),
        tuple(
            Waiting(task.ref, kinds[task.kind].act, task.what, task.detail, task.days)
            for task in tasks(connection, ws.settings, today)
            if task.regime == regime
        ),
        tuple(
            Late(line.ref, kinds[line.kind].act, what)
            for line in mine
            if line.received >= since
            for what in line.missed
        ),
        sum(
            day_of(Micros(entry.at_ms * 1000)) > kept_since and str(entry.facts["ref"]) not in there
            for entry in opened
        ),
    )


def _holds(connection: Connection, now: Micros) -> tuple[int, int]:
    """Return how many legal holds are in force, and how many of them nobody has confirmed."""
    found = [one for mine in holds.in_force(connection, now).values() for one in mine]
    return len(found), sum(one.state == "unconfirmed" for one in found)


def _untold(connection: Connection, before: Micros) -> int:
    states = ", ".join(f"'{state}'" for state in sorted(OPEN))
    query = f"SELECT count(*) FROM notification WHERE state IN ({states}) AND made_at < :t"
    return int(connection.execute(text(query), {"t": before}).scalar_one())


def _consents(connection: Connection, regime: str, now: Micros) -> tuple[int, int]:
    """Return how many consents are in force, and how many of them do not name their notice."""
    row = connection.execute(
        text(
            "SELECT count(*) AS n, count(CASE WHEN e.notice = '' THEN 1 END) AS bare "
            "FROM consentstate c JOIN consentevent e ON e.id = c.event_id "
            "JOIN subject s ON s.subject_id = c.subject_id WHERE c.state = 'given' "
            "AND (c.expires_at IS NULL OR c.expires_at > :t) AND s.regime = :r"
        ),
        {"t": now, "r": regime},
    ).one()
    return row.n, row.bare


def _keys(ws: "Workspace", connection: Connection) -> Keys:
    found, now = status(ws), ws.clock.now()
    people = connection.execute(text("SELECT count(*) FROM subject")).scalar_one()
    return Keys(
        level=found.level,
        epoch=found.epoch,
        age=found.age(now),
        limit=ws.settings.number("keys.rotate_days"),
        unfinished=bool(found.unfinished or found.old),
        backup=backups(found, now, ws.settings.number("keys.backup_days")),
        keyless=max(people - sum(found.data_keys.values()), 0),
    )
