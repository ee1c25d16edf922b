# SPDX-License-Identifier: Apache-2.0
"""Facts in words: natural in both languages, with the same digits, and never SQL."""

import re

import pytest

from audit.errors import Problems
from tagging.document import Words
from tagging.explain.amounts import about
from tagging.explain.naming import Naming
from tagging.explain.phrases import needed, say, say_bound
from tagging.explain.regions import MISSING, Region
from tagging.explain.segments import units_of
from tagging.explain.spelling import spell
from tagging.rules.functions import SHORTHANDS
from tagging.rules.parse import Scope, parse_rule
from tagging.rules.tree import facts
from tagging.segmentation.contract import FeatureBounds, FeatureContract

SCOPE = Scope(tags={"tag.vip": "bool", "tag.level": "int"})


def rule(text):
    problems = Problems()
    root = parse_rule(text, SCOPE, problems, (1, 1))
    assert root is not None, problems.found
    return root


def digits(text):
    return sorted(re.findall(r"\d+(?:[.,:]\d+)*", text))


@pytest.mark.parametrize(
    ("text", "value", "en", "zh"),
    [
        (
            "distinct_count(session, event_type = 'purchase' and category = 'SOFT DRINKS', days => 30)",
            3,
            "3 orders in SOFT DRINKS within 30 days",
            "30天内在SOFT DRINKS下了3笔订单",
        ),
        (
            "orders(days => 1)",
            1,
            "1 order within 1 day",
            "1天内下了1笔订单",
        ),
        ("orders(category = 'TEA')", 0, "no orders in TEA so far", "至今没有在TEA下过订单"),
        ("spend(days => 90)", 5_234_000, "523.40 spent within 90 days", "90天内消费523.40"),
        (
            "sum(amount, event_type = 'purchase', days => 7)",
            90_000,
            "9.00 spent within 7 days (before returns)",
            "7天内消费9.00（未扣除退货）",
        ),
        (
            "units(category in ('TEA', 'MILK'), days => 7)",
            25_000,
            "2.5 units bought in TEA or MILK within 7 days",
            "7天内在TEA或MILK购买了2.5件商品",
        ),
        ("recency()", 12, "last purchase 12 days ago", "最近一次购买距今12天"),
        ("recency()", 0, "last purchase less than 1 day ago", "最近一次购买距今不到1天"),
        (
            "recency(category = 'TEA', days => 30)",
            None,
            "no purchase in TEA within 30 days",
            "30天内没有在TEA的购买记录",
        ),
        ("tenure()", 400, "first purchase 400 days ago", "首次购买距今400天"),
        (
            "views(hour between 18 and 21 and weekday in (6, 7), days => 7)",
            5,
            "5 views between 18:00 and 22:00 on weekends within 7 days",
            "7天内周末在18:00至22:00之间浏览了5次",
        ),
        (
            "count(event_type = 'coupon', days => 180)",
            0,
            "no coupons used within 180 days",
            "180天内没有使用优惠券的记录",
        ),
        (
            "orders(weekday = 1, days => 60, ago => 30)",
            2,
            "2 orders on Mondays between 90 and 30 days ago",
            "90天前至30天前周一下了2笔订单",
        ),
        (
            "orders(weekday >= 1 and weekday <= 5, hours => 12)",
            2,
            "2 orders from Monday to Friday within 12 hours",
            "12小时内周一至周五下了2笔订单",
        ),
        (
            "orders(hour >= 22 or hour < 6, days => 30)",
            2,
            "2 orders between 22:00 and 6:00 within 30 days",
            "30天内在22:00至6:00之间下了2笔订单",
        ),
        (
            "spend(category <> 'TEA', days => 90)",
            10_000,
            "1.00 spent outside TEA within 90 days",
            "90天内在TEA以外的品类消费1.00",
        ),
        (
            "orders(price > 50 and price <= 80, days => 30)",
            2,
            "2 orders within 30 days (price more than 50.00 and at most 80.00)",
            "30天内下了2笔订单（单价高于50.00且不高于80.00）",
        ),
        (
            "orders(item = 'sku-1' or not (price > 20), days => 30)",
            2,
            "2 orders within 30 days (item sku-1 or not (price more than 20.00))",
            "30天内下了2笔订单（商品为sku-1或非（单价高于20.00））",
        ),
        (
            "distinct_count(item, event_type = 'purchase', days => 90)",
            6,
            "6 different items bought within 90 days",
            "90天内购买了6种商品",
        ),
        (
            "max(price, event_type = 'purchase', days => 90)",
            99_900,
            "highest price within 90 days (only purchases): 9.99",
            "90天内的最高单价（仅购买）为9.99",
        ),
        (
            "top(category, event_type = 'purchase', days => 90)",
            "TEA",
            "category bought most often within 90 days: TEA",
            "90天内购买最多的品类是TEA",
        ),
        (
            "tier(spend(days => 365), 5)",
            5,
            "in the highest of 5 tiers by money spent within 365 days",
            "按365天内的消费金额由低到高分为5档，处于最高档",
        ),
        (
            "tier(spend(days => 365), 5)",
            3,
            "in tier 3 of 5 by money spent within 365 days, counted from the lowest",
            "按365天内的消费金额由低到高分为5档，处于第3档",
        ),
        (
            "spend(days => 90) / nullif(orders(days => 90), 0)",
            52.3,
            "average money spent per order within 90 days: 52.30",
            "90天内平均每笔订单的消费金额为52.30",
        ),
        (
            "orders(category = 'TEA', days => 90) / orders(days => 90)",
            0.4,
            "of the orders within 90 days, the share in TEA: 40%",
            "90天内的订单数中，在TEA的占比为40%",
        ),
        (
            "spend(days => 30) / spend(days => 365)",
            0.25,
            "ratio of money spent within 30 days to money spent within 365 days: 0.25",
            "30天内的消费金额与365天内的消费金额之比为0.25",
        ),
        ("tag('tag.vip')", True, "carries the tag “tag.vip”", "带有标签“tag.vip”"),
        ("tag('tag.vip')", None, "no result for the tag “tag.vip”", "标签“tag.vip”没有结果"),
        (
            "attribute('household_size')",
            "3",
            "declared: household size = 3",
            "填写的“household size”为3",
        ),
        (
            "attribute('household_size')",
            None,
            "not declared: household size",
            "未填写“household size”",
        ),
    ],
)
def test_a_fact_is_said_as_people_say_it(text, value, en, zh):
    root = rule(text)
    assert say(root, value, "en") == en
    assert say(root, value, "zh") == zh


@pytest.mark.parametrize(
    ("text", "region", "en", "zh", "short"),
    [
        (
            "orders(days => 30)",
            Region("between", 3),
            "at least 3 orders within 30 days",
            "30天内下了至少3笔订单",
            ("at least 3", "至少3笔"),
        ),
        (
            "orders(days => 30)",
            Region("between", None, 2),
            "fewer than 3 orders within 30 days",
            "30天内下了不到3笔订单",
            ("fewer than 3", "不到3笔"),
        ),
        (
            "orders(days => 30)",
            Region("between", 3, 9),
            "between 3 and 9 orders within 30 days",
            "30天内下了3至9笔订单",
            ("between 3 and 9", "3至9笔"),
        ),
        (
            "spend(days => 30)",
            Region("between", 505_001),
            "more than 50.50 spent within 30 days",
            "30天内消费超过50.50",
            ("more than 50.50", "超过50.50"),
        ),
        (
            "spend(days => 30)",
            Region("between", None, 999_999),
            "less than 100.00 spent within 30 days",
            "30天内消费不到100.00",
            ("less than 100.00", "不到100.00"),
        ),
        (
            "recency()",
            Region("between", None, 30),
            "last purchase at most 30 days ago",
            "最近一次购买距今最多30天",
            ("at most 30 days", "最多30天"),
        ),
        ("recency()", MISSING, "no purchase so far", "至今没有购买记录", ("none", "没有")),
        (
            "tier(spend(), 5)",
            Region("between", 4),
            "in tier 4 or higher of 5 by money spent so far, counted from the lowest",
            "按至今的消费金额由低到高分为5档，处于第4档或更高",
            ("tier 4 or higher", "第4档或更高"),
        ),
        (
            "attribute('city')",
            Region("besides", values=("A", "B")),
            "declared: city other than A or B",
            "填写的“city”不是A或B",
            ("anything but A or B", "A或B以外"),
        ),
    ],
)
def test_a_bound_is_said_as_people_say_it(text, region, en, zh, short):
    root = rule(text)
    assert (say_bound(root, region, "en"), say_bound(root, region, "zh")) == (en, zh)
    assert (needed(root, region, "en"), needed(root, region, "zh")) == short


def test_fixed_point_values_show_no_more_than_they_hold():
    spent = rule("spend()")
    assert say(spent, 12_345_678, "en") == "1,234.5678 spent so far"
    assert say(spent, 12_345_600, "zh") == "至今消费1,234.56"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0004, "count", "0"),
        (0.9996, "count", "1"),
        (25.2, "count", "25"),
        (-0.3, "count", "0"),
        (1234.4, "count", "1,234"),
        (0.14149, "share", "14.1%"),
        (0.00001, "share", "0%"),
        (1.0, "share", "100%"),
        (0.25, "money", "0.25"),
        (12.69, "money", "12.7"),
        (768.4, "money", "768"),
        (12_345.0, "money", "12,300"),
        (-0.00001, "plain", "0"),
        (0.05678, "plain", "0.0568"),
    ],
)
def test_what_is_about_right_has_three_digits_that_count(value, unit, text):
    assert about(value, unit) == text


@pytest.mark.parametrize(
    ("text", "upper", "unit"),
    [
        ("orders(days => 90)", 200, "count"),
        ("case when orders() > 3 then 1 else 0 end", 1, "count"),
        ("spend()", 1, "money"),
        ("spend(category = 'TEA') / nullif(spend(), 0)", 1, "share"),
        ("sum(amount, event_type = 'purchase') / nullif(spend(), 0)", 1, "share"),
        ("sum(amount, event_type = 'purchase') / nullif(spend(), 0)", 3, "plain"),
        ("spend() / nullif(orders(), 0)", 500, "money"),
    ],
)
def test_a_feature_is_written_by_its_rule_and_its_public_bounds(text, upper, unit):
    contract = FeatureContract((FeatureBounds("f", 0, upper, 0),))
    assert units_of([rule(text)], contract) == (unit,)


@pytest.mark.parametrize("name", SHORTHANDS)
def test_shorthands_have_words_of_their_own(name):
    root = rule(f"{name}(category = 'TEA', days => 30)")
    for language in ("en", "zh"):
        assert "TEA" in say(root, 10_000 if root.kind == "dec" else 1, language)
        assert "event_type" not in say(root, None, language)


def test_callers_can_name_attributes_tags_and_columns():
    naming = Naming(
        attributes={"city": Words(en="home town", zh="所在城市")},
        tags={"tag.vip": Words(en="Very important", zh="贵宾")},
        columns={"item": Words(en="article", zh="货品")},
    )
    assert say(rule("attribute('city')"), "X", "zh", naming) == "填写的“所在城市”为X"
    assert (
        say(rule("tag('tag.vip')"), False, "en", naming)
        == "does not carry the tag “Very important”"
    )
    assert say(rule("orders(item = 'A')"), 2, "zh", naming) == "至今下了2笔订单（货品为A）"


def test_long_lists_are_cut_with_the_same_numbers_in_both_languages():
    names = ", ".join(f"'C{n}'" for n in range(20))
    root = rule(f"orders(category in ({names}))")
    assert "14 more" in say(root, 2, "en")
    assert digits(say(root, 2, "en")) == digits(say(root, 2, "zh"))


@pytest.mark.parametrize(
    "text",
    [
        "orders(category = 'it''s', days => 30)",
        "spend(price > 10.25 and not (weekday in (6, 7)), hours => 5)",
        "max(price, hour >= 5 or hour < 2, days => 30, ago => 7)",
        "top(category, event_type <> 'view')",
        "count(category is null)",
        "attribute('city')",
        "tag('tag.level')",
    ],
)
def test_what_engineers_read_is_the_rule_language_and_means_the_same(text):
    (fact,) = facts(rule(text))
    assert facts(rule(spell(fact))) == [fact]
