# SPDX-License-Identifier: Apache-2.0
"""What a report means for findings: those it opens or finds again, those it resolves, waivers it ends.

A breach counts whatever limits and time it was found by. Only a report of the present by the policy in
force resolves one: nobody audits a finding away by limits of their own.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, text

from audit import canon
from audit.bias.breaches import breaches, resolves, worse
from audit.bias.policy import FairnessPolicy
from audit.bias.verdict import TagVerdict
from audit.clock import iso
from governance.auditing import kept
from governance.auditing.kept import Kept
from governance.catalogue import Active
from governance.findings import Finding, findings
from policies.vocabulary import label

if TYPE_CHECKING:
    from governance.store.unit import Unit
    from governance.workspace import Workspace

NOTHING_MORE: Final[Mapping[str, Any]] = {}


def keep(
    ws: "Workspace",
    document: dict[str, Any],
    tag: Active,
    verdict: TagVerdict,
    policy: FairnessPolicy,
    *,
    by_policy: str,
    may_resolve: bool,
    counts: Mapping[str, Any] = kept.NO_COUNTS,
    said: Mapping[str, Any] = NOTHING_MORE,
) -> kept.Kept:
    """Keep a bias report on a tag with what it means for findings, and log both in one transaction.

    `by_policy` is the digest of the policy in force when the report is the audit that it asks for;
    `said` are further facts of the entry.
    """
    with ws.store.write() as unit:
        document["waived"] = accepted(ws, unit.connection, document)
        made = kept.keep(
            ws,
            unit,
            document,
            kind=kept.BIAS,
            about=tag.tag.key,
            version=tag.version,
            status=verdict.status.value,
            policy=policy,
            counts=counts,
            by_policy=by_policy,
        )
        opened, resolved = note(ws, unit, made, may_resolve=may_resolve)
        unit.log(
            ws.evidence.entry(
                "audit.bias",
                report=made.name,
                sha256=made.digest,
                policy=policy.digest(),
                tag=tag.tag.key,
                version=tag.version,
                verdict=made.status,
                applied=by_policy,
                findings=opened,
                resolved=resolved,
                **said,
            )
        )
    return made


def note(ws: "Workspace", unit: "Unit", made: Kept, *, may_resolve: bool) -> tuple[int, int]:
    """Write what a bias report says of findings; returns how many are open by it and were resolved."""
    known = {one.name: one for one in findings(unit.connection, tag=made.about)}
    found = {one.name: one for one in breaches(made.document)}
    for name, breach in found.items():
        _write(ws, unit, made, name, breach.what, "open", breach.figure)
        waiver = known[name].waiver if name in known else None
        if waiver is None or waiver.state != "given":
            continue
        if worse(breach.milder, waiver.figure, benefit=breach.benefit):
            end(ws, unit, known[name], "worse-figure")
    over = [
        one
        for name, one in known.items()
        if may_resolve
        and name not in found
        and not one.resolved
        and resolves(made.document, one.what)
    ]
    for one in over:
        _write(ws, unit, made, one.name, one.what, "resolved", None)
        if one.waiver is not None and one.waiver.state == "given":
            end(ws, unit, one, "resolved")
    return len(found), len(over)


def accepted(ws: "Workspace", connection: Connection, document: Mapping[str, Any]) -> list[Any]:
    """Return which findings of a report are waived and stay so, as `audit.bias.schema.WaivedOf`."""
    now = ws.clock.now()
    found = {one.name: one for one in breaches(document)}
    told = []
    for one in findings(connection, tag=document["identity"]["tag"]):
        breach, waiver = found.get(one.name), one.waiver
        if breach is None or waiver is None or one.state(now) != "waived":
            continue
        if not worse(breach.milder, waiver.figure, benefit=breach.benefit):
            told.append(
                {
                    "finding": one.name,
                    "group": breach.group,
                    "owner": waiver.owner,
                    "reason": waiver.reason,
                    "words": {lang: label("waiver", waiver.reason, lang) for lang in ("en", "zh")},
                    "until": iso(waiver.until),
                }
            )
    return told


def end(ws: "Workspace", unit: "Unit", finding: Finding, why: str) -> None:
    """Write that the waiver of a finding has ended, and why (a code)."""
    waiver = finding.waiver
    if waiver is None:
        raise AssertionError
    unit.connection.execute(
        text(
            "INSERT INTO auditwaiver (finding, state, version, figure, owner, reason, until, note, at, "
            "given_by) VALUES (:f, :s, :v, :g, :o, :r, :u, '', :t, :b)"
        ),
        {
            "f": finding.name,
            "s": why,
            "v": waiver.version,
            "g": waiver.figure,
            "o": waiver.owner,
            "r": waiver.reason,
            "u": waiver.until,
            "t": ws.clock.now(),
            "b": ws.actor.ref,
        },
    )


def _write(  # noqa: PLR0917  (one row)
    ws: "Workspace",
    unit: "Unit",
    made: Kept,
    name: str,
    what: Mapping[str, object],
    state: str,
    figure: str | None,
) -> None:
    unit.connection.execute(
        text(
            "INSERT INTO auditfinding (name, tag, version, report, state, what, figure, auditor, at) "
            "VALUES (:n, :k, :v, :r, :s, :w, :f, :a, :t)"
        ),
        {
            "n": name,
            "k": made.about,
            "v": made.version,
            "r": made.name,
            "s": state,
            "w": canon.canonical(what).decode(),
            "f": figure,
            "a": ws.actor.ref,
            "t": made.at,
        },
    )
