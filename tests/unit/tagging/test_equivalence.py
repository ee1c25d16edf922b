# SPDX-License-Identifier: Apache-2.0
"""Two spellings of one rule are one rule; rules that can differ for somebody are never one."""

from time import process_time

import pytest

from audit.errors import Problems
from tagging.catalogue import Catalogue, Definition
from tagging.equivalence import canonical_rule, duplicates, same
from tagging.rules.functions import CORE_COLUMNS
from tagging.rules.parse import Scope, parse_rule
from tagging.rules.tree import Named, TagRef
from tests.shop import a_tag


def rule(text, **features):
    scope = Scope(
        {**CORE_COLUMNS, "brand": "text"},
        features=features,
        tags={"tag.vip": "bool", "tag.tier": "int"},
    )
    problems = Problems("test")
    root = parse_rule(text, scope, problems, (1, 1))
    assert root is not None, problems.found
    return root


VISITS = rule("views(days => 7)")
SHARE = "spend(days => 90) / nullif(orders(days => 90), 0)"
HUGE = " * ".join(["spend()"] * 24)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("orders() > 2", "orders() >= 3"),
        ("3 <= orders()", "orders() >= 3"),
        ("not orders() < 3", "orders() >= 3"),
        ("not not orders() >= 3", "orders() >= 3"),
        ("orders() >= 1", "orders() <> 0"),
        ("orders() >= 0", "true"),
        ("orders() < 0", "false"),
        ("orders() between 2 and 4", "orders() in (2, 3, 4)"),
        ("orders() between 2 and 4", "not (orders() < 2 or orders() > 4)"),
        ("orders() >= 3 and orders() >= 5", "orders() > 4"),
        ("spend() >= 3", "spend() >= 3.0000"),
        ("spend() > 2.9999", "spend() >= 3"),
        ("orders(hours => 24) >= 3", "orders(days => 1) >= 3"),
        ("orders(hours => 48, ago => 1) = 1", "orders(days => 2, ago => 1) = 1"),
        ("orders(category in ('tea')) > 1", "orders(category = 'tea') > 1"),
        (
            "orders(category = 'tea' or category = 'coffee') > 1",
            "orders(category in ('coffee', 'tea', 'tea')) > 1",
        ),
        (
            "orders(not (category = 'tea' or category = 'coffee')) > 1",
            "orders(category <> 'coffee' and category <> 'tea') > 1",
        ),
        ("orders() > 1 and views() > 1", "views() > 1 and orders() > 1 and orders() > 1"),
        (
            "not (orders() > 1 and (views() > 1 or spend() > 9))",
            "orders() <= 1 or (views() <= 1 and spend() <= 9)",
        ),
        ("orders() - 1 >= views()", "views() <= -1 + orders()"),
        ("spend() >= 2 * 3 + 4", "spend() >= 10"),
        (f"{SHARE} >= 0.5", "spend(days => 90) / orders(days => 90) >= 0.5"),
        (f"not {SHARE} >= 0.5", f"0.5 > {SHARE}"),
        (f"{SHARE} between 1 and 2", f"{SHARE} <= 2 and not {SHARE} < 1"),
        ("coalesce(spend(), 0) >= 3", "spend() >= 3"),
        ("recency() is null and orders() is null", "false"),
        ("tag('tag.vip') = true", "tag('tag.vip')"),
        ("tag('tag.vip') <> false", "not tag('tag.vip') = false"),
        ("tier(spend(), 5) = 5", "tier(spend(), 5) >= 5"),
        ("feature('visits') >= 3", "views(days => 7) >= 3"),
        (
            "case when orders() > 2 then 'a' when spend() > 9 then 'a' else 'b' end",
            "case when spend() > 9 or orders() >= 3 then 'a' else 'b' end",
        ),
        ("case when orders() > 2 then 'a' when 1 > 2 then 'b' end", "case when orders() > 2 then 'a' end"),
    ],
)  # fmt: skip
def test_two_spellings_of_one_meaning_are_found_the_same(one, other):
    assert same(rule(one, visits=VISITS), rule(other, visits=VISITS))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("orders() > 2", "orders() > 3"),
        ("recency() >= 3", "not recency() is null and recency() >= 3"),
        ("recency() >= 3 or recency() < 3", "true"),
        ("recency() >= 3 and recency() < 3", "false"),
        ("coalesce(recency(), 0) >= 3", "recency() >= 3 or recency() is null"),
        ("coalesce(recency(), 9) >= 3", "recency() >= 3"),
        ("orders(days => 30) >= 3", "orders(days => 31) >= 3"),
        ("orders(days => 30, ago => 30) >= 3", "orders(days => 60) >= 3"),
        ("orders(category = 'tea') >= 3", "orders(category = 'Tea') >= 3"),
        ("count(category = 'tea') >= 3", "orders(category = 'tea') >= 3"),
        ("orders() - views() > 0", "views() - orders() > 0"),
        ("spend() / orders() > 1", "orders() / spend() > 1"),
        (f"{SHARE} > 0.5", f"{SHARE} >= 0.5"),
        ("spend() / nullif(orders(), 1) > 2", "spend() / orders() > 2"),
        ("tag('tag.vip')", "tag('tag.tier') = 1"),
        ("not tag('tag.vip')", "tag('tag.vip') is null or not tag('tag.vip')"),
        ("tier(spend(), 5) >= 4", "tier(spend(), 4) >= 4"),
        (
            "case when orders() > 2 then 'a' when spend() > 9 then 'b' end",
            "case when spend() > 9 then 'b' when orders() > 2 then 'a' end",
        ),
        ("spend() + orders() - 1 > 2", "spend() + (orders() - 1) > 2"),  # 64 bits on the way
        (f"not {HUGE} - {HUGE} >= 0", f"{HUGE} - {HUGE} < 0"),  # may be no number
    ],
)
def test_rules_that_can_differ_for_somebody_are_not_the_same(one, other):
    assert not same(rule(one), rule(other))


def test_a_feature_within_a_feature_is_written_out():
    inner = Named("visits", VISITS)
    assert same(Named("again", inner), VISITS)
    assert canonical_rule(Named("again", inner)) == canonical_rule(VISITS)


def a_catalogue(rules, measures=()):
    tags = {key: Definition(a_tag(key), root) for key, root in dict(rules).items()}
    return Catalogue(tags, {}, frozenset(), measures=dict(measures))


def test_duplicates_are_pairs_of_tags_and_pairs_of_features_the_first_key_first():
    found = duplicates(
        a_catalogue(
            {
                "z.late": rule("orders() > 2"),
                "a.early": rule("3 <= orders()"),
                "m.other": rule("orders() > 3"),
                "m.third": rule("not orders() <= 2"),
            },
            {"f.two": rule("views()"), "f.one": rule("views()"), "f.else": rule("orders()")},
        )
    )
    assert found == [("a.early", "m.third"), ("a.early", "z.late"), ("f.one", "f.two")]


def test_a_tag_and_a_feature_are_never_duplicates_of_each_other():
    assert duplicates(a_catalogue({"a.tag": rule("views()")}, {"a.feature": rule("views()")})) == []


def test_references_to_different_tags_differ():
    assert not same(TagRef("a.one", "bool"), TagRef("a.two", "bool"))


def test_a_thousand_tags_are_compared_in_a_moment():
    shared = {f"f{n}": Named(f"f{n}", rule(f"orders(days => {n + 1})")) for n in range(40)}
    rules = {}
    for number in range(1000):
        feature = shared[f"f{number % 40}"]
        text = (
            f"orders(category in ('a', 'b', 'c{number % 7}'), days => 30) >= {number % 500 + 2} "
            f"and (feature('it') >= 3 or {SHARE} >= 0.5 and not views(days => 7) < 2)"
        )
        rules[f"tag.t{number:04}"] = rule(text, it=feature.of)
    catalogue = a_catalogue(rules)
    times = []
    for _ in range(3):
        start = process_time()
        assert duplicates(catalogue) == []
        times.append(process_time() - start)
    assert min(times) < 0.3
