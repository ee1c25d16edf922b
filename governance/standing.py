# SPDX-License-Identifier: Apache-2.0
"""How tags stand to the policy of audits: which it warns of, which it stops, from which instant on.

Read together with the tags, so every reader knows. A stopped tag is computed, or else no audit could
ever lift it, and is shown to nobody; so is each tag that is made of it. An instant is the first at
which it holds as long as nothing is said or audited: waivers and audits run out by themselves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, NamedTuple

from sqlalchemy import Connection, text

from audit.bias.policy import Duty, FairnessPolicy, Which
from audit.clock import Micros
from governance import findings
from governance.fairness import in_force
from tagging.document import Tag, span_micros
from tagging.equivalence import Form, canonical_rule
from tagging.evaluation.plan import closure
from tagging.rules.tree import Node

MISSING: Final = "audit-missing"
OVERDUE: Final = "audit-overdue"
BREACH: Final = "audit-breach"
TWIN: Final = "audit-twin"
INPUT: Final = "audit-input"

_form: Final = lru_cache(maxsize=4096)(canonical_rule)
"""Asked of every tag at each read while a finding is open."""
AT_ONCE: Final = Micros(0)


class Reason(NamedTuple):
    """One thing that the policy says of a tag."""

    since: Micros
    code: str
    stops: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """What the policy says of a tag, the gravest first; empty: nothing, or it asks for no audit."""

    reasons: tuple[Reason, ...] = ()
    asked: bool = False
    """Whether the policy asks for audits of the tag."""
    within: str = ""
    """How old its audit may be, such as 90d; '' where it asks for none."""

    def stopped(self, at: Micros) -> str:
        """Return why the tag is shown to nobody at an instant (a code); '' when it is not stopped."""
        return next((one.code for one in self.reasons if one.stops and one.since <= at), "")

    def said(self, at: Micros) -> str:
        """Return what the policy warns of or stops the tag for at an instant (a code), or ''."""
        return self.stopped(at) or next((one.code for one in self.reasons if one.since <= at), "")


NOT_ASKED: Final = Standing()


def standings(
    connection: Connection, tags: Mapping[str, Tag], rules: Mapping[str, Node]
) -> dict[str, Standing]:
    """Return how tags stand, by key; those of whom the policy in force says nothing are left out.

    `tags` and `rules` are all tags of the catalogue, for a tag rests on others.
    """
    version = in_force(connection)
    if version is None or not version.policy.audits:
        return {}
    audited, breached = _audited(connection), findings.open_from(connection)
    earlier = _found_in(connection) if breached else {}
    twins = _twins(connection, rules, breached) if breached else {}
    found = {}
    for key, tag in tags.items():
        duties, twin = asks(version.policy, tag), twins.get(key, [])
        for old in (old for one in (key, *twin) if one in breached for old in earlier.get(one, ())):
            duties += [duty for duty in asks(version.policy, old) if duty not in duties]
        since = min((breached[one] for one in twin), default=None)
        if duties:
            found[key] = _standing(duties, audited.get(key), breached.get(key), since)
    stopped = {
        key: min(one.since for one in standing.reasons if one.stops)
        for key, standing in found.items()
        if any(one.stops for one in standing.reasons)
    }
    for key in rules if stopped else ():
        below = [stopped[other] for other in closure(rules, {key}) - {key} if other in stopped]
        if below:
            own = found.get(key, NOT_ASKED)
            inherited = Reason(min(below), INPUT, stops=True)
            found[key] = replace(own, reasons=(*own.reasons, inherited))
    return found


def asks(policy: FairnessPolicy, tag: Tag) -> list[Duty]:
    """Return the duties of a policy that are about a tag."""
    return [duty for duty in policy.audits if _fits(duty.tags, tag)]


def _standing(
    duties: Sequence[Duty], audited: Micros | None, breached: Micros | None, twin: Micros | None
) -> Standing:
    reasons = []
    for duty in duties:
        for code, since in ((BREACH, breached), (TWIN, twin)):
            if since is not None:
                reasons.append(Reason(since, code, duty.breach == "suspend"))
        late = duty.overdue == "suspend"
        if audited is None:
            reasons.append(Reason(AT_ONCE, MISSING, late))
        else:
            due = Micros(audited + span_micros(duty.within))
            reasons.append(Reason(due, OVERDUE, late))
    order = (BREACH, TWIN, MISSING, OVERDUE)
    reasons.sort(key=lambda one: (order.index(one.code), one.since))
    within = min((duty.within for duty in duties), key=span_micros)
    return Standing(tuple(reasons), asked=True, within=within)


def _fits(which: Which, tag: Tag) -> bool:
    having = {"benefit" if good else "burden" for good in tag.direction().values()}
    wanted: tuple[tuple[list[str], set[str]], ...] = (
        ([*which.effect], {tag.effect}),
        ([*which.dimension], {tag.dimension}),
        ([*which.having], having),
        ([*which.purposes], set(tag.purposes)),
    )
    return all(not asked or set(asked) & has for asked, has in wanted)


def _found_in(connection: Connection) -> dict[str, list[Tag]]:
    """Return the versions of tags in which something was found.

    A duty about one of them holds until the finding is resolved: a new version that says less of
    itself, such as not whether it is good for people, is no way around it.
    """
    rows = connection.execute(
        text(
            "SELECT DISTINCT d.key, d.version, d.document FROM auditfinding f "
            "JOIN definition d ON d.key = f.tag AND d.version = f.version ORDER BY d.key, d.version"
        )
    )
    found: dict[str, list[Tag]] = {}
    for row in rows:
        found.setdefault(row.key, []).append(Tag.model_validate_json(row.document))
    return found


def _twins(
    connection: Connection, rules: Mapping[str, Node], breached: Mapping[str, Micros]
) -> dict[str, list[str]]:
    """Return the tags that have the rule of others with an unresolved finding, and these.

    Another name is no way around a finding. It ends for a tag that was itself shown within since.
    """
    first = {row.tag: row.at for row in connection.execute(text(_FIRST_FOUND))}
    forms: dict[Form, list[str]] = {}
    for key in sorted(breached.keys() & rules.keys()):
        forms.setdefault(_form(rules[key]), []).append(key)
    within = _audited(connection, "AND r.status = 'within'")
    found = {}
    for key, root in rules.items():
        same = [] if key in breached else forms.get(_form(root), [])
        if open_ := [one for one in same if within.get(key, -1) < first[one]]:
            found[key] = open_
    return found


_FIRST_FOUND: Final = (
    "SELECT f.tag, min(f.at) AS at FROM auditfinding f WHERE f.state = 'open' AND f.id > coalesce("
    "(SELECT max(r.id) FROM auditfinding r WHERE r.name = f.name AND r.state = 'resolved'), 0) "
    "GROUP BY f.tag"
)


def _audited(connection: Connection, which: str = "") -> dict[str, Micros]:
    """Return when the present version of each tag was last audited by an applied policy."""
    rows = connection.execute(
        text(
            "SELECT d.key, (SELECT max(r.at) FROM auditreport r WHERE r.about = d.key "
            f"AND r.version = d.version AND r.by_policy <> '' AND r.kind = 'bias' {which}) AS at "
            "FROM definition d WHERE d.state <> 'superseded'"
        )
    )
    return {row.key: Micros(row.at) for row in rows if row.at is not None}
