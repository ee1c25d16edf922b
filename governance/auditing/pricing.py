# SPDX-License-Identifier: Apache-2.0
"""One audit of prices: what groups paid for the same thing, by a sealed attribute or by a tag they have.

Purchases are read only of people whom the purpose of the policy permits. Person, group and line meet
in arrays, in memory; what leaves are figures of groups.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, text

from audit import canon
from audit.bias.policy import FairnessPolicy
from audit.bias.price import Lines, Measure, SetApart, compare, set_apart
from audit.bias.price_earlier import Earlier
from audit.bias.price_report import DISCOUNT, PRICE, Part, counts_of, price_report
from audit.clock import Micros, from_micros, iso
from audit.errors import BadInput, Refused
from audit.words import Names
from governance.auditing import kept, limits
from governance.auditing.counting import check_computed
from governance.auditing.examining import REASONS
from governance.auditing.grouping import Grouping, axes, crossed, parts_of
from governance.auditing.naming import names_of_prices
from governance.auditing.opening import (
    EVENTS,
    asked,
    consents_to,
    log_opening,
    numbers_of,
    source_of,
)
from governance.authority import demand
from governance.catalogue import Active, active, known
from governance.gate import Gate
from governance.purpose import purpose_named, purposes
from governance.running.evaluation import engine_of
from tagging.evaluation import pricing as lake
from tagging.rules.functions import CORE_COLUMNS
from tagging.rules.tree import Kind

if TYPE_CHECKING:
    from governance.workspace import Workspace


@dataclass(frozen=True, slots=True)
class PriceAsked:
    """What an audit of prices is about: events from `since` on and before `until`; None is open."""

    by: tuple[str, ...]
    since: Micros | None = None
    until: Micros | None = None
    why: str = "periodic"


@dataclass(frozen=True, slots=True, eq=False)
class _Counted:
    parts: list[Part]
    exceptions: list[SetApart]
    sources: list[dict[str, Any]]
    left_out: dict[str, int]
    span: lake.Span
    lines: int
    alone: int


def prices(ws: "Workspace", question: PriceAsked, policy_file: Path | None = None) -> kept.Kept:
    """Audit prices and return the report as it is kept.

    Raises BadInput for policy and question, NotFound for tags and attributes, Refused where tags
    were not computed, groups are too many, or there is nothing to compare.
    """
    demand(ws, "audit.price")
    sealed, keys = _check(question)
    if question.since is not None and question.since >= ws.clock.now():
        raise BadInput("time-to-come", "that time has not come yet", hint="--from with a past time")
    with ws.store.read() as connection:
        by = limits.chosen(connection, policy_file)
        policy = limits.over(by.policy, sealed) if sealed else by.policy
        tags = active(connection, keys) if keys else {}
        for tag in tags.values():
            check_computed(tag, ws.clock.now())
        purpose_named(connection, policy.opening.purpose)
        _questions(connection, policy)
    if sealed:
        log_opening(ws, policy, question.why)
    with ws.exclusive("audit"):
        with ws.store.read() as connection:
            earlier = kept.earlier_prices(ws, connection)
            counted = _count(ws, connection, question, policy, tags)
            strata = [part for one in counted.parts for part in one.stratum]
            names = names_of_prices(connection, policy, tuple(tags.values()), strata)
        counts_for = by.in_force if by.applied and question.until is None else ""
        return _kept(ws, question, policy, counted, names, earlier, counts_for)


def _check(question: PriceAsked) -> tuple[list[str], list[str]]:
    wrong = ""
    if not question.by:
        wrong = "an audit names what to compare by"
    elif len(set(question.by)) < len(question.by):
        wrong = "something is named twice"
    elif question.why not in REASONS:
        wrong = "there is no such reason"
    elif None not in (question.since, question.until) and question.since >= question.until:  # type: ignore[operator]
        wrong = "the time ends before it begins"
    if wrong:
        hint = "--by gender,tag:consumption.big_spender; reasons: " + ", ".join(REASONS)
        raise BadInput("audit-question", wrong, hint=hint)
    return parts_of(question.by)


def _count(
    ws: "Workspace",
    connection: Connection,
    question: PriceAsked,
    policy: FairnessPolicy,
    tags: dict[str, Active],
) -> _Counted:
    now = ws.clock.now()
    gate = Gate(connection, now, purposes(connection))
    people = gate.people(asked(policy, "purchases", EVENTS), policy.opening.purpose)
    found = axes(ws, connection, policy, question.by, tags, gate, people)
    groups = crossed(found, policy.intersections)
    files, first, last = _lake(ws, connection)
    span = lake.Span(
        max(question.since or first, first),
        min(now + 1 if question.until is None else question.until, last + 1),
        ws.settings.text("workspace.zone"),
    )
    engine = engine_of(ws)
    try:
        counted = [
            (measures, lake.rows(engine, files, numbers_of(people), one, span))
            for measures, one in _questions(connection, policy)
        ]
    finally:
        engine.close()
    total = sum(len(g.labels) for g in groups) * sum(len(m) for m, _ in counted)
    today = from_micros(now).date().isoformat()
    parts: list[Part] = []
    exceptions: list[SetApart] = []
    for measures, rows in counted:
        stays, excused = set_apart(rows.claim, rows.person, rows.times, rows.claims, policy, today)
        exceptions += excused
        parts += [
            _part(one, rows, stays, group, policy, total) for one in measures for group in groups
        ]
    bought = counted[0][1]
    restricted = gate.everyone & gate.members("restricted")
    left_out = {
        "restricted": len(restricted),
        "not-permitted": len(gate.everyone - people - restricted),
    }
    sources = [
        source_of(policy, one.axis.name, one.category, one.closed, consents_to(connection, policy))
        for one in found
    ]
    return _Counted(parts, exceptions, sources, left_out, span, bought.lines, bought.alone)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A measure: its name, what is alike, and which sums are compared."""

    measure: Measure
    name: dict[str, str]
    stratum: tuple[str, ...]
    amount: str
    base: str


def _questions(
    connection: Connection, policy: FairnessPolicy
) -> list[tuple[list[_Asked], lake.Asked]]:
    """Return what is asked of the lake, and which measures come of it; raises BadInput."""
    columns, price = _columns(connection), policy.price
    alike, tolerance = tuple(price.stratum), float(price.tolerance)
    paid = [
        _Asked(
            Measure("price", "price", low_is_harm=False, tolerance=tolerance),
            PRICE,
            alike,
            "paid",
            "units",
        )
    ]
    if price.discount:
        off = Measure("discount", "share", low_is_harm=True, tolerance=tolerance)
        paid.append(_Asked(off, DISCOUNT, alike, "off", "list"))
    found = [(paid, lake.purchases(price.stratum, price.discount, price.claim, columns))]
    for one in price.shares:
        share = Measure(
            one.code, "share", low_is_harm=one.harm == "low", tolerance=float(one.tolerance)
        )
        told = _Asked(share, one.name.model_dump(), tuple(one.stratum), "of", "among")
        found.append(([told], lake.share(one.of, one.among, one.stratum, columns)))
    return found


def _columns(connection: Connection) -> dict[str, Kind]:
    """Return the columns that some file of the lake has."""
    rows = connection.execute(text("SELECT DISTINCT columns FROM lakepart"))
    there = {name for row in rows for name in json.loads(row.columns)} | set(CORE_COLUMNS)
    return {name: kind for name, kind in known(connection).columns.items() if name in there}


def _lake(ws: "Workspace", connection: Connection) -> tuple[list[Path], int, int]:
    """Return the files of the lake, and the first and the last time in them."""
    rows = connection.execute(text("SELECT path, first_ts, last_ts FROM lakepart ORDER BY path"))
    found = rows.all()
    if not found:
        raise Refused(
            "nothing-to-compare", "there are no purchases yet", hint="tagwarden ingest events FILE"
        )
    return (
        [ws.paths.lake / row.path for row in found],
        min(row.first_ts for row in found),
        max(row.last_ts for row in found),
    )


def _part(  # noqa: PLR0917  (one caller)
    one: _Asked,
    rows: lake.Rows,
    stays: NDArray[np.bool_],
    group: Grouping,
    policy: FairnessPolicy,
    comparisons: int,
) -> Part:
    code = group.codes[rows.person]
    sums = {**rows.sums}
    if one.base == "list":
        sums["list"] = sums["paid"] + sums["off"]
    lines = Lines(rows.person, rows.stratum, code, sums[one.amount], sums[one.base])
    lines = lines.only((code >= 0) & stays)
    found = compare(lines, group.labels, policy, one.measure, comparisons=comparisons)
    return Part(
        by=group.by,
        measure=one.measure,
        name=one.name,
        stratum=one.stratum,
        found=found,
        known=len(np.unique(rows.person[code >= 0])),
        people=len(np.unique(rows.person)),
    )


def _kept(  # noqa: PLR0917  (one caller)
    ws: "Workspace",
    question: PriceAsked,
    policy: FairnessPolicy,
    counted: _Counted,
    names: Names,
    earlier: Sequence[Earlier],
    by_policy: str,
) -> kept.Kept:
    counts = {"parts": counts_of(counted.parts), "left_out": counted.left_out}
    document = price_report(
        _identity(ws, question, policy, counted, counts),
        names,
        counted.sources,
        counted.left_out,
        counted.parts,
        counted.exceptions,
        policy,
        earlier,
    )
    with ws.store.write() as unit:
        made = kept.keep(
            ws,
            unit,
            document,
            kind=kept.PRICE,
            about=",".join(question.by),
            version=policy.version,
            status=str(document["verdict"]["status"]),
            policy=policy,
            counts=counts,
            by_policy=by_policy,
        )
        unit.log(
            ws.evidence.entry(
                "audit.price",
                report=made.name,
                sha256=made.digest,
                policy=policy.digest(),
                parts=len(counted.parts),
                verdict=made.status,
                applied=by_policy,
            )
        )
    return made


def _identity(
    ws: "Workspace",
    question: PriceAsked,
    policy: FairnessPolicy,
    counted: _Counted,
    counts: Any,
) -> dict[str, Any]:
    """Return what a report says about itself."""
    k = policy.release.k
    return {
        "by": list(question.by),
        "since": iso(counted.span.since),
        "until": iso(counted.span.until),
        "made": iso(ws.clock.now()),
        "auditor": ws.actor.ref,
        "program": version("tagwarden"),
        "counts": ws.keys.ring.mark_counts(canon.canonical(counts)),
        "seed": policy.seed,
        "k": k,
        "lines": counted.lines // k * k,
        "lines_alone": counted.alone // k * k,
        "policy": {
            "key": policy.key,
            "version": policy.version,
            "digest": policy.digest(),
            "alpha": str(policy.alpha),
        },
    }
