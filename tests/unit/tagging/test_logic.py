# SPDX-License-Identifier: Apache-2.0
"""A rule in words, about nobody: whole, the same in both languages, silent about bounds when told so."""

import re

import pytest

from tagging.explain.logic import logic
from tagging.explain.naming import Naming
from tagging.explain.phrases import measured
from tagging.rules.tree import facts
from tests.shop import a_tag
from tests.unit.tagging.test_phrases import rule
from tests.unit.test_examples import catalogue


@pytest.fixture(scope="module")
def tags():
    found = catalogue()
    naming = Naming(
        tags={key: item.tag.name for key, item in found.tags.items()},
        features={key: item.name for key, item in found.features.items()},
    )
    return found.tags, naming


def digits(lines):
    return sorted(re.findall(r"[0-9]+(?:[.,][0-9]+)*", " ".join(lines)))


@pytest.mark.law("CN-PIPL-48", "CN-ALGO-16")
def test_both_languages_say_the_same_numbers(tags):
    found, naming = tags
    for key, item in found.items():
        en, zh = (logic(item.tag, item.root, language, naming) for language in ("en", "zh"))
        assert len(en) == len(zh) >= 1, key
        assert all([*en, *zh]), key
        assert digits(en) == digits(zh), key


def test_bounds_are_not_told_when_they_are_withheld(tags):
    found, naming = tags
    for key, item in found.items():
        tag = item.tag.model_copy(update={"thresholds": "withheld"})
        (said,) = logic(tag, item.root, "en", naming)
        names = [measured(fact, "en", naming) for fact in facts(item.root)]
        assert digits([said]) == digits(list(dict.fromkeys(names))), key
        assert all(name in said for name in names), key


@pytest.mark.parametrize(
    ("key", "en", "zh"),
    [
        (
            "interest.soft_drinks_fan",
            ["at least 3 orders in SOFT DRINKS within 30 days"],
            ["30天内在SOFT DRINKS下了至少3笔订单"],
        ),
        (
            "behaviour.campaign_fatigue",
            ["at least 3 campaigns received within 180 days; and no coupons used within 180 days"],
            ["180天内收到营销活动至少3次，且180天内没有使用优惠券的记录"],
        ),
        (
            "behaviour.rfm_frequency",
            ["one of 5 tiers by number of orders within 365 days, counted from the lowest"],
            ["按365天内的订单数由低到高分为5档"],
        ),
        (
            "behaviour.campaign_pressure",
            [
                "“three or more”: at least 3 campaigns received within 90 days",
                "“two”: 2 campaigns received within 90 days",
                "“one”: 1 campaign received within 90 days",
            ],
            [
                "“三次及以上”：90天内收到营销活动至少3次",
                "“两次”：90天内收到营销活动2次",
                "“一次”：90天内收到营销活动1次",
            ],
        ),
    ],
)
def test_it_reads_well(tags, key, en, zh):
    found, naming = tags
    item = found[key]
    assert logic(item.tag, item.root, "en", naming) == en
    assert logic(item.tag, item.root, "zh", naming) == zh


@pytest.mark.parametrize(
    ("text", "en"),
    [
        ("orders() > 2", "at least 3 orders so far"),
        ("orders() < 3", "fewer than 3 orders so far"),
        ("2 < orders()", "at least 3 orders so far"),
        ("orders() <> 2", "not (2 orders so far)"),
        ("orders() = 2", "2 orders so far"),
        ("spend() > 10", "more than 10.00 spent so far"),
        ("spend() <= 10", "at most 10.00 spent so far"),
        ("attribute('city') = 'Rome'", "declared: city = Rome"),
        ("attribute('city') is null", "not declared: city"),
        ("attribute('city') in ('Rome', 'Oslo')", "declared: city = Rome or Oslo"),
        ("not (orders() >= 2)", "not (at least 2 orders so far)"),
        (
            "orders() >= 2 and (spend() >= 5 or tag('tag.vip'))",
            "at least 2 orders so far; and (at least 5.00 spent so far; or carries the tag “tag.vip”)",
        ),
        (
            "orders() > units()",
            "number of orders so far is more than quantity bought so far",
        ),
    ],
)
def test_a_comparison_keeps_its_meaning(text, en):
    root = rule(text)
    (said,) = logic(a_tag(value=text), root, "en", Naming())
    assert said == en
    (zh,) = logic(a_tag(value=text), root, "zh", Naming())
    assert digits([zh]) == digits([said])
