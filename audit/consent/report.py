# SPDX-License-Identifier: Apache-2.0
"""The consent report: one document from facts, limits and a head, with nothing in it that names anybody.

Counts of people are protected here and nowhere else: 0 is told, 1 to k - 1 is null, what is more is
rounded down to a multiple of k. Counts of assignments, of what the house did, are exact.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from audit.clock import SECOND, iso
from audit.consent.facts import Coverage, Effect, Facts, Span
from audit.consent.findings import ATTENTION, BREACH, CITES, Found, findings
from audit.consent.policy import ConsentPolicy

LIMITS: Final = (
    "present-law",
    "present-person",
    "no-assessments",
    "ledger-only",
    "what-people-meant",
)
"""Codes of `words.LIMITS`: what every report does not say."""
Names = Mapping[str, Mapping[str, Mapping[str, str]]]
"""Kind of code → code → language → what people read."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a report says about itself."""

    made: str
    auditor: str
    program: str
    previous: str | None
    facts: str
    """Keyed digest of the exact facts."""
    overlays: int


def report(head: Head, facts: Facts, policy: ConsentPolicy, names: Names) -> dict[str, Any]:
    """Return the report as plain data of the shape `schema.ConsentReport`."""
    k = policy.release.k
    found = findings(facts)
    severities = [one.severity for one in found]
    status = BREACH if BREACH in severities else ATTENTION if ATTENTION in severities else "clear"
    return {
        "apiVersion": "tagwarden/v1",
        "kind": "ConsentReport",
        "identity": _identity(head, facts, policy),
        "verdict": {
            "status": status,
            "breaches": severities.count(BREACH),
            "findings": len(found),
            "people": shown(facts.people, k),
            "assignments": shown(facts.assignments, k),
        },
        "findings": [_finding(one, k) for one in found],
        "coverage": [_coverage(one, k) for one in facts.coverage],
        "stale": [_people(asdict(one), k, notices=list(one.notices)) for one in facts.stale],
        "effects": [_effect(one, k) for one in facts.effects],
        "signals": _people(asdict(facts.signals), k, broken=facts.signals.broken),
        "minors": [_people(asdict(one), k) for one in facts.minors],
        "ages": _people({"unknown": facts.age_unknown, "outgrown": facts.outgrown}, k),
        "not_judged": {
            "earlier_law": facts.earlier_law,
            "earlier_regime": facts.earlier_regime,
        },
        "limits": list(LIMITS),
        "k": k,
        "names": {kind: {**codes} for kind, codes in names.items()},
    }


def shown(count: int, k: int) -> int | None:
    """Return a count of people as it may be shown: null for 1 to k - 1, else a multiple of k."""
    return None if 0 < count < k else count // k * k


def _identity(head: Head, facts: Facts, policy: ConsentPolicy) -> dict[str, Any]:
    return {
        **asdict(head),
        "since": iso(facts.start),
        "until": iso(facts.end),
        "packs": dict(facts.packs),
        "policy": {
            "key": policy.key,
            "version": policy.version,
            "digest": policy.digest(),
            "max_age_days": policy.max_age_days,
            "at_once_seconds": policy.at_once_seconds,
            "recorded_days": policy.recorded_days,
        },
    }


def _finding(one: Found, k: int) -> dict[str, Any]:
    return {
        "code": one.code,
        "severity": one.severity,
        "count": one.count if one.exact else shown(one.count, k),
        "about": dict(one.about),
        "reason": one.reason,
        "cites": list(CITES.get(one.code, ())),
        "command": one.command,
    }


def _people(plain: dict[str, Any], k: int, **exact: Any) -> dict[str, Any]:
    """Return the fields with every number protected, but for those that are given."""
    protected = {
        name: shown(value, k) if isinstance(value, int) else value for name, value in plain.items()
    }
    return protected | exact


def _coverage(one: Coverage, k: int) -> dict[str, Any]:
    lists = {"needs": list(one.needs), "bases": list(one.bases)}
    return _people(asdict(one), k, tags=one.tags, **lists)


def _effect(one: Effect, k: int) -> dict[str, Any]:
    return {
        "stop": one.stop,
        "at_once": one.at_once,
        "entries": shown(one.entries, k),
        "recorded": _lasting(one.recorded),
        "rested": shown(one.rested, k),
        "ended": _lasting(one.ended),
        "late": one.late,
        "recorded_late": one.recorded_late,
        "standing": one.standing if one.at_once else shown(one.standing, k),
    }


def _lasting(span: Span) -> dict[str, str | None]:
    return {
        name: None if value is None else f"{value / SECOND:.3f}"
        for name, value in asdict(span).items()
    }
