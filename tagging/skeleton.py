# SPDX-License-Identifier: Apache-2.0
"""A new tag as a document to fill in: right in form, and `TODO` where only its owner knows.

What is written is a valid document of its kind; the lint `placeholder-left` finds every place that is
left. Refuses a key that is none and a kind that nobody knows.
"""

import json
from dataclasses import dataclass
from typing import Final

from audit.errors import BadInput
from policies.document import nearest
from tagging.document import KEY

DIMENSIONS: Final = ("basic", "behaviour", "interest", "consumption", "social", "credit")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of rule: what people choose it for, and the parts of a document that follow from it."""

    meaning: str
    derivation: str
    source: str
    dimension: str
    says: tuple[str, str]
    rule: tuple[str, ...]
    refresh: str = "{every: 1d, on: [purchase]}"
    labels: tuple[tuple[str, str, str], ...] = ()


_TIERS = tuple((f'"{tier}"', f"tier {tier} of 5", f"5级中的第{tier}级") for tier in range(1, 6))
KINDS: Final[dict[str, Kind]] = {
    "rule": Kind(
        "true or not, by what somebody did",
        "inferred",
        "user.behavior.purchase_history",
        "interest",
        (
            "TODO: bought … in {count} orders within 30 days",
            "待填写：30天内在{count}笔订单中购买了……",
        ),
        (
            "# true for whoever bought the category in three orders or more",
            "value: \"orders(category = 'TODO', days => 30) >= 3\"",
        ),
    ),
    "levels": Kind(
        "one of a few values, by bounds",
        "observed",
        "user.behavior.purchase_history",
        "behaviour",
        ("ordered {count} times within 90 days: {value}", "90天内下了{count}笔订单：{value}"),
        (
            "# Set the bounds. The first branch that is true wins: the narrowest one comes first.",
            "value: |",
            "  case",
            "    when orders(days => 90) >= 9 then 'often'",
            "    when orders(days => 90) >= 3 then 'sometimes'",
            "    when orders(days => 90) >= 1 then 'seldom'",
            "  end",
        ),
        labels=(
            ("often", "often", "经常"),
            ("sometimes", "now and then", "偶尔"),
            ("seldom", "seldom", "很少"),
        ),
    ),
    "quantile": Kind(
        "a tier among the people of the tag",
        "inferred",
        "user.behavior.purchase_history",
        "consumption",
        ("spent {amount} within 365 days: {value}", "365天内消费{amount}：{value}"),
        (
            "# Tier 5 is the highest fifth. nullif(…, 0): who spent nothing gets no tier. Equal values share a tier.",
            'value: "tier(nullif(spend(days => 365), 0), 5)"',
        ),
        labels=_TIERS,
    ),
    "favourite": Kind(
        "what somebody buys most, of a list",
        "inferred",
        "user.behavior.purchase_history",
        "interest",
        ("bought {value} most often within 90 days", "90天内最常购买{value}"),
        (
            "# A list, so that nothing that nobody has looked at can become somebody's value.",
            "value: |",
            "  top(category, event_type = 'purchase' and category in ('TODO a', 'TODO b'), days => 90)",
        ),
        labels=(
            ("TODO a", "TODO first category", "待填写：第一个品类"),
            ("TODO b", "TODO second category", "待填写：第二个品类"),
        ),
    ),
    "declared": Kind(
        "what people state in their profile",
        "declared",
        "user.demographic.profile",
        "basic",
        ("TODO: the profile says {value}", "待填写：资料中填写为{value}"),
        (
            "# The key of an attribute, as the map of the profiles names it.",
            "value: \"attribute('TODO')\"",
        ),
        refresh="{every: 7d}",
    ),
}


@dataclass(frozen=True, slots=True)
class Given:
    """What is known of a new tag before it is written; a name that is empty is to be filled in."""

    key: str
    kind: str = "rule"
    dimension: str | None = None
    name_en: str = ""
    name_zh: str = ""
    owner: str = "TODO-team"
    purposes: tuple[str, ...] = ("first_party_recommendation",)
    known_purposes: tuple[str, ...] = ()


def skeleton(given: Given) -> str:
    """Return the text of a new tag; raises BadInput `bad-key`, `unknown-kind`, `unknown-dimension`."""
    kind = _kind(given)
    dimension = given.dimension or _dimension(given.key, kind)
    if dimension not in DIMENSIONS:
        raise BadInput(
            "unknown-dimension",
            f'there is no dimension "{dimension}"',
            hint=nearest(dimension, DIMENSIONS) or "one of: " + ", ".join(DIMENSIONS),
        )
    asserts = kind.source if kind.derivation != "inferred" else "user.demographic.profile"
    known = ", ".join(given.known_purposes)
    name_en = given.name_en or f"TODO name of {given.key}"
    name_zh = given.name_zh or f"待填写：{given.key} 的名称"
    lines = [
        "apiVersion: tagwarden/v1",
        "kind: Tag",
        f"key: {given.key}",
        f"name: {{en: {_quoted(name_en)}, zh: {_quoted(name_zh)}}}",
        "# The sentence that the person reads: {count}, {amount}, {days}, {value} are filled in.",
        f"says: {{en: {_quoted(kind.says[0])}, zh: {_quoted(kind.says[1])}}}",
        "# A team, not a person.",
        f"owner: {_quoted(given.owner)}",
        f"dimension: {dimension}                  # {', '.join(DIMENSIONS)}",
        f"derivation: {kind.derivation}                 # declared, observed, inferred",
        "# What the rule reads, and what the tag states or reveals about a person, also by inference.",
        f"sources: [{kind.source}]",
        f"asserts: [{asserts}]",
        "# Why it is used. A tag may be read for these purposes and no others."
        + (f" There are: {known}." if known else ""),
        f"purposes: [{', '.join(given.purposes)}]",
        "# On which ground, for each law under which your customers live. Leave a law out, and nothing is",
        "# computed for its people. PIPL knows no legitimate interests.",
        "basis: {gdpr: consent, pipl_cn: consent, ccpa: notice}",
        "effect: none                         # or legal_or_similarly_significant: credit, refusal of service",
        "recipients: none",
        "ttl: 30d                             # not shown longer than this after it was computed",
        f"refresh: {kind.refresh}",
        *kind.rule,
        *_labels(kind),
        "thresholds: public                   # withheld: the person is not told the numbers of the rule",
        "purge_on_withdrawal: immediately",
    ]
    return "\n".join(lines) + "\n"


def _kind(given: Given) -> Kind:
    if not KEY.match(given.key):
        raise BadInput(
            "bad-key",
            f'"{given.key}" is not a key',
            hint="small letters, digits and _, parts joined by dots: interest.tea_lover",
        )
    kind = KINDS.get(given.kind)
    if kind is None:
        raise BadInput(
            "unknown-kind",
            f'there is no kind of rule "{given.kind}"',
            hint=nearest(given.kind, KINDS) or "one of: " + ", ".join(KINDS),
        )
    return kind


def _dimension(key: str, kind: Kind) -> str:
    first = key.split(".", maxsplit=1)[0]
    return first if first in DIMENSIONS else kind.dimension


def _labels(kind: Kind) -> list[str]:
    if not kind.labels:
        return []
    lines = ["# What people read for each value.", "labels:"]
    return [*lines, *(f"  {key}: {{en: {en}, zh: {zh}}}" for key, en, zh in kind.labels)]


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
