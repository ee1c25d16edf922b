# SPDX-License-Identifier: Apache-2.0
"""One audit of consent: facts → report, kept and signed into the log before it is given out."""

from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, text

from audit import canon
from audit.clock import DAY, Micros, iso
from audit.consent.facts import Facts
from audit.consent.policy import ConsentPolicy
from audit.consent.report import Head, Names, report
from audit.errors import BadInput
from governance.auditing import kept, limits
from governance.auditing.consenting import Period, derive
from governance.auditing.naming import labels
from governance.authority import demand
from governance.law import IN_FORCE, law_over
from governance.purpose import Purpose, purposes
from policies.vocabulary import Kind

if TYPE_CHECKING:
    from governance.workspace import Workspace

ABOUT: Final = "consent"
DAYS: Final = 30
"""Days of a period whose start is not given."""


def audit(
    ws: "Workspace",
    start: Micros | None = None,
    end: Micros | None = None,
    policy_file: Path | None = None,
    *,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> kept.Kept:
    """Audit consent over a period (by default the last 30 days) and return the kept report.

    Raises BadInput for the period and the policy, Conflict while a run or another audit goes on.
    """
    demand(ws, "audit.consent")
    policy = limits.consents(policy_file)
    with ws.exclusive("audit"):
        now = ws.clock.now()
        period = _period(now, start, end)
        with ws.store.read() as connection:
            facts = derive(
                connection,
                period,
                law_over(connection),
                policy,
                present=period.end == now,
                progress=progress,
            )
            names = names_of(facts, purposes(connection))
            head = _head(ws, connection, facts)
        document = report(head, facts, policy, names)
        return _kept(ws, document, facts, policy)


def _period(now: Micros, start: Micros | None, end: Micros | None) -> Period:
    """Return the period; raises BadInput `time-to-come`, `bad-period`."""
    last = now if end is None else end
    first = Micros(last - DAYS * DAY) if start is None else start
    if last > now:
        raise BadInput("time-to-come", "that time has not come yet", hint="--to with a past time")
    if first >= last:
        raise BadInput("bad-period", "the period ends before it begins", hint="--from before --to")
    return Period(first, last)


def _kept(
    ws: "Workspace", document: dict[str, Any], facts: Facts, policy: ConsentPolicy
) -> kept.Kept:
    verdict = document["verdict"]
    with ws.store.write() as unit:
        made = kept.keep(
            ws,
            unit,
            document,
            kind=kept.CONSENT,
            about=ABOUT,
            version=policy.version,
            status=str(verdict["status"]),
            policy=policy,
            counts=facts.document(),
        )
        unit.log(
            ws.evidence.entry(
                "audit.consent",
                report=made.name,
                sha256=made.digest,
                policy=policy.digest(),
                since=iso(facts.start),
                until=iso(facts.end),
                breaches=int(verdict["breaches"]),
                verdict=made.status,
            )
        )
    return made


def _head(ws: "Workspace", connection: Connection, facts: Facts) -> Head:
    overlays = connection.execute(
        text(f"SELECT count(*) FROM overlay WHERE {IN_FORCE}")
    ).scalar_one()
    return Head(
        made=iso(ws.clock.now()),
        auditor=ws.actor.ref,
        program=version("tagwarden"),
        previous=kept.digest_of_last(connection, kept.CONSENT, ABOUT),
        facts=ws.keys.ring.mark_counts(canon.canonical(facts.document())),
        overlays=int(overlays),
    )


def names_of(facts: Facts, known: Mapping[str, Purpose]) -> Names:
    """Return what people read for the codes of a report."""
    served = {one.purpose for one in facts.coverage} | {one.purpose for one in facts.stale}
    named = {
        key: {"en": one.name.en, "zh": one.name.zh} for key, one in known.items() if key in served
    }
    reasons = {one.reason for one in facts.unfounded} | {one.barred_by for one in facts.coverage}
    return {
        "purpose": named,
        "regime": labels("regime", facts.packs),
        "reason": labels("reason", reasons - {""}),
        "choice": labels("choice", (one.stop for one in facts.effects)),
        "consent": labels("consent", map(str, Kind)),
        "basis": labels("basis", (one for line in facts.coverage for one in line.bases)),
        "age": labels("age", (one.band for one in facts.minors)),
    }
