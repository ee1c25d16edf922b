# SPDX-License-Identifier: Apache-2.0
"""One audit for bias: limits → log that attributes are opened → count → judge → protect → report, kept.

The report and its digest go into store and evidence log in one transaction; nothing is given out before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from audit import canon
from audit.bias.drift import Drift
from audit.bias.policy import FairnessPolicy
from audit.bias.report import Examined, Head, report
from audit.bias.scoring import ABOVE, REST, above, above_median
from audit.bias.successive import Before, widened
from audit.bias.verdict import Status
from audit.clock import Micros, iso
from audit.errors import BadInput
from governance.auditing import drifting, kept, limits, side
from governance.auditing.apart import not_apart
from governance.auditing.counting import Counted, count
from governance.auditing.drifting import NONE
from governance.auditing.naming import names_of
from governance.auditing.noting import keep
from governance.auditing.opening import consents_to, log_opening, source_of
from governance.auditing.outcome import outcome_of
from governance.auditing.parts import Numbers, further
from governance.authority import demand
from governance.catalogue import Active, active
from tagging.rules.tree import Segment, TagRef, walk

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from governance.workspace import Workspace

REASONS = ("periodic", "release", "complaint", "authority")
"""Why attributes may be opened for an audit, as it stands in the evidence log."""
MAX_TAGS = 200
NUMBERS = ("int", "dec", "real")


@dataclass(frozen=True, slots=True)
class Asked:
    """What an audit for bias is about."""

    tags: tuple[str, ...]
    by: tuple[str, ...] = ()
    """Attributes; none: those of the policy."""
    outcome: str = ""
    """Key of a yes-no tag, or a rule over the events after `at`; '' for rates that need none."""
    at: Micros | None = None
    why: str = "periodic"
    having: str = ""
    """`benefit` or `burden`, for tags whose documents do not say."""
    causes: bool = False
    """Whether the rule is taken apart as well."""
    months: int = 0
    """Over how many months drift is looked at; 0 for none."""


def bias(ws: "Workspace", asked: Asked, policy_file: Path | None = None) -> list[kept.Kept]:
    """Audit tags for bias and return the reports as they are kept, in the order asked for.

    Raises BadInput for policy and question, NotFound for tags and attributes, Refused where tags were
    not computed or groups are too many.
    """
    demand(ws, "audit.bias")
    with ws.store.read() as connection:
        limit = limits.chosen(connection, policy_file)
        asked = replace(asked, by=asked.by or tuple(limit.policy.attributes))
        check_asked(asked)
        policy = limits.narrowed(limit.policy, asked.by, outcome=bool(asked.outcome))
        tags = [active(connection, [key])[key] for key in asked.tags]
        outcome = outcome_of(connection, asked.outcome) if asked.outcome else None
        directions = [direction_of(tag, asked) for tag in tags]
        scored = [_is_score(*one) for one in zip(tags, directions, strict=True)]
        drifting.check(tags, scored, asked.months, policy)
    log_opening(ws, policy, asked.why)
    with ws.exclusive("audit"):
        with ws.store.read() as connection:
            laid = kept.opened(ws, connection)
            befores = [side.earlier(laid, key, policy, asked.outcome) for key in asked.tags]
            counted = count(
                ws,
                connection,
                tags,
                policy,
                at=asked.at,
                outcome=outcome,
                apart=asked.causes,
                months=asked.months,
                named=_named(policy, [one for older, _ in befores for one in older]),
            )
            consents = consents_to(connection, policy)
            counted = [
                _comparable(connection, one, older, policy.release.k, score=score)
                for one, score, (older, _) in zip(counted, scored, befores, strict=True)
            ]
        cubes = [
            (one.cube, _audited(one, said)) for one, said in zip(counted, directions, strict=True)
        ]
        examined = side.examined(
            cubes, [older for older, _ in befores], policy, laid, asked.outcome
        )
        moved = drifting.drifts([one.months for one in counted], policy)
        return [
            _kept(ws, one, found, moves, (policy, limit), asked, previous, consents)
            for one, found, moves, (_, previous) in zip(
                counted, examined, moved, befores, strict=True
            )
        ]


def without_causes(ws: "Workspace", asked: Asked) -> list[str]:
    """Return the tags of an audit whose reports say nothing of causes: their rules are not taken apart."""
    with ws.store.read() as connection:
        return not_apart(active(connection, asked.tags).values()) if asked.causes else []


def check_asked(asked: Asked) -> None:
    """Raise BadInput `audit-question` for a question that is not asked rightly."""
    wrong = ""
    if not asked.tags or not asked.by:
        wrong = "an audit names a tag and an attribute"
    elif len(set(asked.tags)) < len(asked.tags) or len(set(asked.by)) < len(asked.by):
        wrong = "a tag or an attribute is named twice"
    elif len(asked.tags) > MAX_TAGS:
        wrong = f"an audit has at most {MAX_TAGS} tags"
    elif asked.why not in REASONS:
        wrong = "there is no such reason"
    if wrong:
        raise BadInput("audit-question", wrong, hint="reasons: " + ", ".join(REASONS))


def direction_of(tag: Active, asked: Asked) -> Mapping[str, bool]:
    """Return which values are good for a person; raises BadInput `direction-missing`."""
    said = tag.tag.direction() or ({"*": asked.having == "benefit"} if asked.having else {})
    if not said:
        raise BadInput(
            "direction-missing",
            f'"{tag.tag.key}" does not say whether it is good for a person to have it',
            hint="having: benefit (or burden) in its document, or --having",
        )
    return said


def _named(policy: FairnessPolicy, earlier: Sequence[Before]) -> dict[str, frozenset[str]]:
    """Return the values of each attribute that earlier reports named: they keep their names."""
    return {
        name: frozenset(value for one in earlier for value in one.cube.axis(name).values)
        for name in policy.attributes
    }


def _is_score(tag: Active, said: Mapping[str, bool]) -> bool:
    """Return whether the value of a tag is a number, compared by who is above the median.

    That is for tags that say of the number as a whole whether it is good to have a high one. One that
    says it value by value is compared by these, and a number that comes from a segment has no order.
    """
    unordered = any(
        isinstance(part, Segment) or (isinstance(part, TagRef) and part.kind in NUMBERS)
        for part in walk(tag.root)
    )
    return tag.root.kind in NUMBERS and not unordered and set(said) == {"*"}


def _comparable(
    connection: "Connection", one: Counted, earlier: Sequence[Before], k: int, *, score: bool
) -> Counted:
    """Return the counts that are compared, with the values of earlier reports.

    Those of a score are of who is above the line of its version, by month as well.
    """
    if score:
        drawn = kept.score_of_last(connection, one.tag.tag.key, one.tag.version)
        cube, line = above_median(one.cube, NONE, drawn=drawn, k=k)
        by_month = one.months and above(one.months, NONE, line.median)
        one = replace(one, cube=cube, score=line, months=by_month)
    return replace(one, cube=widened(one.cube, earlier))


def _audited(one: Counted, said: Mapping[str, bool]) -> dict[str, bool]:
    """Return the direction of each value of the tag that is audited."""
    values = [
        value for value in one.cube.axis("tag").values if value not in ("no", NONE, REST, ABOVE)
    ]
    if one.score is not None:
        return {ABOVE: said["*"]}
    if values == ["yes"]:
        return {"yes": said.get("*", said.get("true", True))}
    found = {v: said.get(v, said.get("*")) for v in values}
    wanted = {value: good for value, good in found.items() if good is not None}
    if not wanted:
        raise BadInput(
            "direction-missing",
            f'"{one.tag.tag.key}" has other values than those whose direction it states',
            hint="having: benefit, or the direction of each value",
        )
    return wanted


def _kept(  # noqa: PLR0917  (one caller)
    ws: "Workspace",
    one: Counted,
    found: Examined,
    moves: Sequence[Drift],
    limit: tuple[FairnessPolicy, limits.Limits],
    asked: Asked,
    previous: str | None,
    consents: int,
) -> kept.Kept:
    policy, by = limit
    head = _head(ws, one, policy, asked, previous, consents)
    with ws.store.read() as connection:
        head = replace(head, names=names_of(connection, policy, (one.tag,)))
    cube = one.cube.document()
    found = replace(found, counts=ws.keys.ring.mark_counts(canon.canonical(cube)))
    earlier: list[Numbers] = []
    if asked.causes:
        with ws.store.read() as connection:
            earlier = kept.numbers(ws, connection, one.tag.tag.key, one.tag.version)
    more, told = further(found, one.apart, policy, earlier, outcome=bool(asked.outcome))
    document = report(head, found, policy, replace(more, drift=moves, rules=one.rules))
    counts = {
        "cube": cube,
        "merged": found.merged,
        "told": told,
        "shown": sorted((key.what, key.attributes, key.labels) for key in found.release.visible()),
    }
    buried = found.fine.corrected_away  # by tags that were audited along: the tag stays due
    return keep(
        ws,
        document,
        one.tag,
        found.fine,
        policy,
        by_policy=by.in_force if is_whole(ws, asked, by) and not buried else "",
        may_resolve=may_resolve(ws, asked, by),
        counts=counts,
    )


def _is_present(ws: "Workspace", asked: Asked) -> bool:
    return asked.at is None or asked.at == ws.clock.now()


def is_whole(ws: "Workspace", asked: Asked, by: limits.Limits) -> bool:
    """Return whether this is the audit that the policy in force asks for: now, by all it names."""
    return by.applied and _is_present(ws, asked) and set(by.policy.attributes) <= set(asked.by)


def may_resolve(ws: "Workspace", asked: Asked, by: limits.Limits) -> bool:
    """Return whether a report may resolve findings: of now, and by no limits of one's own."""
    return _is_present(ws, asked) and (by.applied or not by.in_force)


def _head(  # noqa: PLR0917  (one caller)
    ws: "Workspace",
    one: Counted,
    policy: FairnessPolicy,
    asked: Asked,
    previous: str | None,
    consents: int,
) -> Head:
    tag, k = one.tag.tag, policy.release.k
    now = ws.clock.now()
    return Head(
        name=tag.name.model_dump(),
        rule=one.tag.meaning,
        outcome=asked.outcome,
        owner=tag.owner,
        purposes=tag.purposes,
        basis={str(regime): str(name) for regime, name in tag.basis.items()},
        since=iso(one.tag.applied_at),
        until=iso(now if asked.at is None else asked.at),
        made=iso(now),
        auditor=ws.actor.ref,
        reviewer="",
        program=version("tagwarden"),
        previous=previous,
        sources=tuple(
            source_of(policy, item.name, item.category, item.closed, consents)
            for item in one.sources
        ),
        left_out=tuple(
            {"reason": reason, "people": people // k * k} for reason, people in one.left_out.items()
        ),
        score=one.score,
    )


def status_of(made: Sequence[kept.Kept]) -> Status:
    """Return the worst verdict of some reports: a breach, then what has too little evidence."""
    found = {Status(one.status) for one in made}
    for status in (Status.BREACH, Status.INSUFFICIENT):
        if status in found:
            return status
    return Status.WITHIN
