# SPDX-License-Identifier: Apache-2.0
"""The bias report: one document from counts, policy and verdict, with nothing in it that names anybody.

- The same counts, policy and head give the same bytes: the report has a digest.
- A figure is shown only when every number that it is made of is shown.
- The verdict on the tag is that of the finest groups; what is printed are the merged ones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

import numpy as np

from audit import canon
from audit.bias import intervals
from audit.bias.beside import Told, outside
from audit.bias.causes import Causes
from audit.bias.comparing import chance, comparison, figure, interval, is_shown, keys_of
from audit.bias.cube import Cube
from audit.bias.drift import Drift, RuleOf
from audit.bias.leak import Auc, Leaks, Pair
from audit.bias.policy import FairnessPolicy
from audit.bias.protection import Release, protect, proven
from audit.bias.rates import OF_OUTCOME
from audit.bias.scoring import Score
from audit.bias.statements import PEOPLE, Key
from audit.bias.successive import Before, Dated, Merges, side_by_side, stated
from audit.bias.verdict import OTHER_TAGS, TagVerdict, judge
from audit.bias.whatif import Outlook
from audit.words import Names

FRONT: Final = 40
"""Points of a front that are printed, evenly chosen."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a report says about itself; the fields of `schema.Identity` that counts do not know."""

    rule: str
    owner: str
    purposes: tuple[str, ...]
    basis: Mapping[str, str]
    since: str
    until: str
    made: str
    auditor: str
    reviewer: str
    program: str
    outcome: str = ""
    """What the rates of an outcome speak of: a tag or a rule; '' for none."""
    previous: str | None = None
    sources: tuple[Mapping[str, Any], ...] = ()
    """Fields of `schema.Source`."""
    left_out: tuple[Mapping[str, Any], ...] = ()
    """Fields of `schema.LeftOut`."""
    score: Score | None = None
    """The median, where people above it are compared."""
    name: Mapping[str, str] = field(default_factory=dict)
    """What people call the tag, by language."""
    limits: tuple[str, ...] = ()
    """Codes of `words.LIMITS` that hold besides those which the report adds itself."""
    names: Names = field(default_factory=dict)
    """What people call the codes of the report."""


@dataclass(frozen=True, slots=True, eq=False)
class Examined:
    """A tag examined: its verdict at the finest groups, and what may be printed of it."""

    cube: Cube
    """Merged, over the attributes of the policy."""
    fine: TagVerdict
    printed: TagVerdict
    merged: Merges
    release: Release
    earlier: Sequence[Dated]
    """The reports before, laid beside it."""
    narrowest: int | None
    """The smallest range that a reader is left with; None when nothing is hidden."""
    counts: str
    """Digest of the cube as it was counted."""


@dataclass(frozen=True, slots=True, eq=False)
class LeakFound:
    """What is known about the leak of one attribute."""

    attribute: str
    single: Leaks
    over: bool
    pairs: Sequence[tuple[str, str, Pair]] = ()
    """Names of both tags, and what they say together."""
    auc: Auc | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Further:
    """The parts of a report that come from other counts than the cube."""

    drift: Sequence[Drift] = ()
    rules: Sequence[RuleOf] = ()
    """Where another version of the tag took over in the periods of `drift`."""
    leaks: Sequence[LeakFound] = ()
    causes: Causes | None = None
    cause_groups: Sequence[Sequence[str]] = ()
    outlook: Outlook | None = None
    untold: bool = False
    """Whether causes were asked for, and some are not told because of small numbers behind them."""


def examine(
    cube: Cube,
    policy: FairnessPolicy,
    benefit: Mapping[str, bool],
    earlier: Sequence[Before] = (),
    others: Sequence[Told] = (),
) -> Examined:
    """Return the verdicts on a tag and what may be shown; `earlier` are its reports, oldest first.

    `others` are reports over other numbers of the same people. The proofs of the release are carried out at the end; the narrowest range left is part of the answer.
    """
    fine = judge(cube, policy, benefit)
    merged, into, dated = side_by_side(cube, policy, earlier)
    older = [one.release for one in dated]
    wanted, k = stated(merged, policy), policy.release.k
    elsewhere = outside(wanted, policy.attributes, into, k, others) if others else None
    release = protect(wanted, k, older, elsewhere)
    narrowest = proven(release, older)
    printed = judge(merged, policy, benefit)
    return Examined(merged, fine, printed, into, release, dated, narrowest, cube.digest())


def report(
    head: Head, examined: Examined, policy: FairnessPolicy, further: Further | None = None
) -> dict[str, Any]:
    """Return the report as plain data of the shape `schema.BiasReport`.

    Which findings are waived is known only to whoever keeps it.
    """
    more = further or Further()
    fine = examined.fine
    everybody = examined.release.value(Key(PEOPLE))
    audited = {j.value for j in fine.judgements}
    tagged = examined.release.value(Key(audited.pop())) if len(audited) == 1 else None
    return {
        "apiVersion": "tagwarden/v1",
        "kind": "BiasReport",
        "identity": _identity(head, examined, policy),
        **({"names": head.names} if head.names else {}),
        "verdict": {
            "status": fine.status.value,
            "reason": reason_of(fine),
            "people": everybody,
            "tagged": tagged,
            "reads": policy.reads,
        },
        **_score(head.score, policy.release.k),
        "sources": [dict(source) for source in head.sources],
        "left_out": [dict(reason) for reason in head.left_out],
        "comparisons": [
            comparison(j, examined.cube, examined.release, policy, examined.earlier)
            for j in examined.printed.judgements
        ],
        "drift": [_drift(one) for one in more.drift if _may_show(examined, one)],
        **({"rules": [asdict(one) for one in more.rules]} if more.rules else {}),
        "leaks": [_leak(one) for one in more.leaks],
        "waived": [],
        "causes": _causes(more, examined),
        "outlook": _outlook(more.outlook, policy.release.k),
        "limits": [*_limits(policy), *_told(more), *head.limits],
        "protection": {
            "k": policy.release.k,
            "merged": {name: dict(found) for name, found in examined.merged.items()},
            "numbers": len(examined.release.shown),
            "shown": int(examined.release.shown.sum()),
            "proofs": len(examined.release.proofs),
            "narrowest": examined.narrowest,
        },
    }


def _score(score: Score | None, k: int) -> dict[str, Any]:
    if score is None:
        return {}
    return {"score": {"median": score.median, "ties": score.ties // k * k}}


def digest(document: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a report: it changes when one count behind it does."""
    return canon.digest(document)


def _identity(head: Head, examined: Examined, policy: FairnessPolicy) -> dict[str, Any]:
    return identity_of(head, examined.fine, policy) | {
        "name": dict(head.name),
        "reviewer": head.reviewer,
        "previous": head.previous,
        "counts": examined.counts,
        "seed": policy.seed,
    }


def identity_of(head: Head, verdict: TagVerdict, policy: FairnessPolicy) -> dict[str, Any]:
    """Return what every bias report says about itself."""
    return {
        "tag": verdict.tag,
        "version": verdict.version,
        "rule": head.rule,
        "outcome": head.outcome,
        "owner": head.owner,
        "purposes": list(head.purposes),
        "basis": dict(head.basis),
        "since": head.since,
        "until": head.until,
        "made": head.made,
        "auditor": head.auditor,
        "program": head.program,
        "policy": policy_of(policy),
    }


def policy_of(policy: FairnessPolicy) -> dict[str, Any]:
    """Return by which limits a report judges."""
    return {
        "key": policy.key,
        "version": policy.version,
        "digest": policy.digest(),
        "floor": str(policy.impact_ratio.floor),
        "against": policy.impact_ratio.against,
        "alpha": str(policy.alpha),
    }


def reason_of(verdict: TagVerdict) -> str:
    """Return why the tag has its verdict: the reason of the first part that has it."""
    if verdict.corrected_away:
        return OTHER_TAGS
    parts = {judgement.status: judgement.reason for judgement in reversed(verdict.judgements)}
    return parts[verdict.status]


def _may_show(examined: Examined, one: Drift) -> bool:
    """Return whether figures by period show no small group, nor one that the report merged."""
    return one.attribute not in examined.merged and one.least >= examined.release.k


def _drift(one: Drift) -> dict[str, Any]:
    columns = (one.ratio, one.low, one.high)
    return {
        "attribute": one.attribute,
        "group": one.group,
        "periods": list(one.periods),
        "ratios": [interval(columns, n) for n in range(len(one.periods))],
        "p": chance(one.p),
        "jump": one.jump,
    }


def _leak(one: LeakFound) -> dict[str, Any]:
    auc = None
    if one.auc is not None:
        half = intervals.z_of(0.05) * one.auc.error
        auc = {
            "value": figure(one.auc.auc),
            "low": figure(max(one.auc.auc - half, 0.0)),
            "high": figure(min(one.auc.auc + half, 1.0)),
        }
    return {
        "attribute": one.attribute,
        "bits": figure(float(one.single.corrected), 5),
        "p": chance(float(one.single.p)),
        "over": one.over,
        "pairs": [
            {"first": first, "second": second, "bits": figure(pair.bits, 5)}
            for first, second, pair in one.pairs
        ],
        "auc": auc,
        "auc_over": bool(one.auc and one.auc.above),
    }


def _causes(more: Further, examined: Examined) -> list[dict[str, Any]]:
    found = more.causes
    if found is None:
        return []
    named = {labels: j for j in examined.printed.judgements for labels in j.known.labels}
    rows = []
    for n, labels in enumerate(more.cause_groups):
        j = named.get(tuple(labels))
        if j is None or not is_shown(examined.release, keys_of(j, tuple(labels))):
            continue
        rows.append(
            {
                "group": list(labels),
                "gap": figure(float(found.gap[n])),
                "conditions": list(found.conditions),
                "share": [figure(float(x)) for x in found.share[n]],
                "without": [figure(float(x)) for x in found.without[n]],
            }
        )
    return rows


def _outlook(outlook: Outlook | None, k: int) -> list[dict[str, Any]]:
    if outlook is None:
        return []
    count = len(outlook.reach)
    chosen = np.unique(np.linspace(0, count - 1, min(count, FRONT)).round().astype(int))
    return [
        {
            "thresholds": outlook.thresholds[n].tolist(),
            "reach": int(outlook.reach[n]) // k * k,
            "correct": int(outlook.correct[n]) // k * k,
            "gap": figure(float(outlook.gap[n])),
            "ratio": figure(float(outlook.ratio[n])),
            "use": "possible" if outlook.uniform[n] else "simulation",
        }
        for n in chosen.tolist()
    ]


def _limits(policy: FairnessPolicy) -> list[str]:
    found = [policy.reads, "metrics-not-fairness", "no-legal-number", "no-proxies"]
    if OF_OUTCOME & set(policy.rates):
        found.append("selective-labels")
    return found


def _told(more: Further) -> list[str]:
    return [*(["drift"] if more.drift else []), *(["causes-untold"] if more.untold else [])]


def with_status(examined: Examined, fine: TagVerdict) -> Examined:
    """Return the examination with a verdict corrected over all tags (`verdict.judge_all`)."""
    return replace(examined, fine=fine)
