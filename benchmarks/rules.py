# SPDX-License-Identifier: Apache-2.0
"""Twenty-two tags of a shop, as people would write them, and the plan that they make.

`raw.sql` says the same by hand, without governance. Keys of tags are those of its long output.
"""

from collections.abc import Mapping
from dataclasses import replace

from audit.errors import Problems
from benchmarks.generate import EXTRA
from tagging.evaluation.plan import Plan, make_plan
from tagging.rules.functions import CORE_COLUMNS, EXTRA_KINDS
from tagging.rules.parse import Scope, parse_rule
from tagging.rules.tree import Node

PURPOSES = ("marketing", "recommendation", "statistics")

RULES: Mapping[str, tuple[str, str]] = {
    "frequent_buyer": ("marketing", "orders(days => 90) >= 6"),
    "spender_30d": ("marketing", "spend(days => 30) >= 100"),
    "soft_drinks_fan": (
        "marketing",
        (
            "distinct_count(session, event_type = 'purchase' and category = 'SOFT DRINKS', "
            "days => 30) >= 3"
        ),
    ),
    "lapsing": ("marketing", "recency() between 31 and 90"),
    "new_customer": ("marketing", "tenure() <= 60"),
    "rfm_r": ("statistics", "tier(recency(), 5)"),
    "rfm_f": ("statistics", "tier(orders(days => 365), 5)"),
    "rfm_m": ("statistics", "tier(spend(days => 365), 5)"),
    "favourite_department": (
        "recommendation",
        "top(department, event_type = 'purchase', days => 180)",
    ),
    "coupon_lover": (
        "marketing",
        (
            "count(event_type = 'purchase' and coupon_discount > 0, days => 180) "
            "/ count(event_type = 'purchase', days => 180) >= 0.05"
        ),
    ),
    "private_label": (
        "recommendation",
        (
            "sum(amount, event_type = 'purchase' and brand = 'Private', days => 180) "
            "/ sum(amount, event_type = 'purchase', days => 180) >= 0.3"
        ),
    ),
    "weekend_shopper": (
        "statistics",
        (
            "count(event_type = 'purchase' and weekday in (6, 7)) "
            "/ count(event_type = 'purchase') >= 0.4"
        ),
    ),
    "night_shopper": (
        "statistics",
        "count(event_type = 'purchase' and (hour >= 21 or hour < 5), days => 90) >= 10",
    ),
    "basket_value": (
        "marketing",
        (
            "case when spend(days => 365) / orders(days => 365) >= 50 then 'high' "
            "when spend(days => 365) / orders(days => 365) >= 20 then 'middle' "
            "when orders(days => 365) > 0 then 'low' end"
        ),
    ),
    "looker": ("recommendation", "views(days => 30) >= 20 and orders(days => 30) <= 1"),
    "cart_leaver": (
        "marketing",
        "count(event_type = 'cart', days => 30) > 0.9 * count(event_type = 'purchase', days => 30)",
    ),
    "returner": (
        "statistics",
        (
            "count(event_type = 'return', days => 180) "
            "/ count(event_type = 'purchase', days => 180) >= 0.02"
        ),
    ),
    "big_ticket": ("marketing", "max(amount, event_type = 'purchase') >= 20"),
    "variety_seeker": (
        "recommendation",
        "distinct_count(category, event_type = 'purchase', days => 90) >= 30",
    ),
    "growing": ("statistics", "spend(days => 90) > 1.25 * spend(days => 90, ago => 90)"),
    "meat_lover": (
        "recommendation",
        "count(event_type = 'purchase' and department in ('MEAT', 'MEAT-PCKGD'), days => 90) >= 8",
    ),
    "champion": (
        "statistics",
        "tag('rfm_r') <= 2 and tag('rfm_f') >= 4 and tag('rfm_m') >= 4",
    ),
}
"""Key → (purpose, rule)."""


def trees(chosen: Mapping[str, tuple[str, str]] = RULES) -> dict[str, Node]:
    """Return the trees of the rules; raises BadInput when one cannot be read."""
    problems = Problems("benchmarks/rules.py")
    columns = dict(CORE_COLUMNS) | {name: EXTRA_KINDS[kind] for name, kind in EXTRA.items()}
    scope = Scope(columns)
    roots: dict[str, Node] = {}
    for key, (_, rule) in chosen.items():
        root = parse_rule(
            rule, replace(scope, tags={k: n.kind for k, n in roots.items()}), problems, (1, 1)
        )
        if root is not None:
            roots[key] = root
    problems.raise_if_any("bad-rule", "a rule of the benchmark cannot be read")
    return roots


def plan(chosen: Mapping[str, tuple[str, str]] = RULES) -> Plan:
    """Return the plan of the rules; the gate class of a tag is the number of its purpose."""
    classes = {key: PURPOSES.index(purpose) for key, (purpose, _) in chosen.items()}
    return make_plan(trees(chosen), classes)
