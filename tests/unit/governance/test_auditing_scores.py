# SPDX-License-Identifier: Apache-2.0
"""Audits of tags whose value is a number: who is above the median, by group."""

import json
from itertools import chain

import jsonschema
import pytest

from audit.bias import schema
from audit.clock import parse_time
from audit.ids import SeededIds
from governance.auditing.telling import lines, written
from tests.auditing import Planted, groups
from tests.shop import a_tag
from tests.workshop import code_of

EVEN = {"f": 0.45, "m": 0.45, None: 0.45}
SKEWED = {"f": 0.25, "m": 0.6, None: 0.45}


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """A shop with three scores: one favours men, one nobody, in one everybody has the same value."""
    planted = Planted(tmp_path_factory.mktemp("scores"), ids=SeededIds(5))
    said = planted.genders(unknown=0.1)
    planted.said = said
    planted.tiers = planted.scored("credit.skewed", SKEWED, said)
    planted.scored("credit.even", EVEN, said)
    planted.scored("credit.burden", SKEWED, said, having="burden")
    planted.scored("credit.top", EVEN, said, having={"4": "benefit"})
    flat = a_tag("credit.flat", value="tier(spend(), 4)", having="benefit")
    planted.tag(flat, planted.who, value="2")
    yield planted
    planted.close()


def test_a_score_that_favours_one_group_is_a_breach(story):
    (made,) = story.audit("credit.skewed")
    assert made.status == "breach"
    assert [groups(made)[g]["status"] for g in "fm"] == ["breach", "within"]
    jsonschema.validate(json.loads(made.bytes), schema.schema())


def test_a_high_score_that_is_a_burden_harms_the_other_group(story):
    (made,) = story.audit("credit.burden")
    assert [groups(made)[g]["status"] for g in "fm"] == ["within", "breach"]


def test_an_even_score_is_shown_within(story):
    (made,) = story.audit("credit.even")
    assert made.status == "within"
    (comparison,) = made.document["comparisons"]
    assert (comparison["rate"], comparison["value"]) == ("selection", "above-median")


def test_the_counts_are_those_of_the_people_above_the_median(story):
    (made,) = story.audit("credit.skewed")
    median = int(made.document["score"]["median"])
    held = {tier: set(people) for tier, people in story.tiers.items()}
    below = [len(held[str(tier)]) for tier in (1, 2, 3, 4) if tier < median]
    assert sum(below) < len(story.who) / 2 <= sum(below) + len(held[str(median)])
    above = set(chain.from_iterable(people for tier, people in held.items() if int(tier) > median))
    for value in "fm":
        people = {who for who, v in zip(story.who, story.said, strict=True) if v == value}
        found = groups(made)[value]
        assert (found["people"], found["tagged"]) == (len(people), len(people & above))
    ties, k = made.document["score"]["ties"], made.document["protection"]["k"]
    assert 0 <= len(held[str(median)]) - ties < k
    assert ties % k == 0


def test_where_all_values_are_equal_nobody_is_above_and_that_is_not_fair(story):
    (made,) = story.audit("credit.flat")
    assert (made.status, made.document["verdict"]["reason"]) == ("insufficient", "nobody-above")
    assert made.document["score"]["median"] == "2"


def test_a_tag_that_states_its_direction_value_by_value_is_compared_by_these(story):
    (made,) = story.audit("credit.top")
    assert "score" not in made.document
    assert {part["value"] for part in made.document["comparisons"]} == {"4"}


# --- the median moves ------------------------------------------------------------------------------


@pytest.fixture
def halved(tmp_path):
    """Exactly half of the people have tiers 1 and 2: one person less, and the median is 3."""
    planted = Planted(tmp_path, people=400, ids=SeededIds(5))
    planted.said = planted.genders()
    planted.has("age", ["18-24", "65+"] * 200)
    planted.tiers = planted.scored("credit.half", {"f": 0.5, "m": 0.5}, planted.said)
    yield planted
    planted.close()


def test_who_crosses_the_median_between_two_reports_is_not_told(halved):
    """Otherwise a reader who knows that one person came or moved learns where they stand now."""
    (before,) = halved.audit("credit.half")
    assert before.document["score"]["median"] == "2"
    assert groups(before)["f"]["tagged"] == 100
    halved.moved("credit.half", halved.tiers["2"][:1], "2", "3")
    for made in (*halved.audit("credit.half"), *halved.audit("credit.half", by=("age",))):
        assert made.document["score"] == before.document["score"]
    (after,) = halved.audit("credit.half")
    for group in groups(after).values():  # one of these moved by one
        shown = group["last"] if group["hidden"] else group
        assert shown["tagged"] == 100


def test_when_k_people_crossed_it_the_line_is_drawn_anew_and_all_is_counted_by_it(halved):
    halved.audit("credit.half")
    halved.moved("credit.half", halved.tiers["2"], "2", "3")
    (after,) = halved.audit("credit.half")
    assert after.document["score"]["median"] == "3"
    assert sum(group["tagged"] for group in groups(after).values()) == len(halved.tiers["4"])


def test_the_months_of_a_score_are_compared_by_one_line(halved):
    with halved.store.write() as unit:
        unit.connection.exec_driver_sql(
            "UPDATE assignment SET valid_from = ?", (parse_time("2024-04-03"),)
        )
    women = {who for who, value in zip(halved.who, halved.said, strict=True) if value == "f"}
    lost = [who for who in halved.tiers["3"] if who in women]
    assert len(lost) >= 20
    halved.moved("credit.half", lost, "3", "1", at=parse_time("2024-08-10"))
    (made,) = halved.audit("credit.half", months=6)
    drift = next(one for one in made.document["drift"] if one["group"] == "f")
    found = [float(one["value"]) for one in drift["ratios"]]
    assert found[:3] == pytest.approx([1, 1, 1], abs=0.15)
    assert found[3:] == pytest.approx([0.5, 0.5, 0.5], abs=0.15)
    assert drift["jump"] == "2024-08"
    jsonschema.validate(json.loads(made.bytes), schema.schema())


def test_drift_of_values_without_an_order_is_refused(story):
    assert code_of(lambda: story.audit("credit.top", months=3)) == "audit-question"


def test_a_score_without_a_direction_is_refused(story):
    story.scored("credit.unsaid", EVEN, story.said, having=None)
    assert code_of(lambda: story.audit("credit.unsaid")) == "direction-missing"


@pytest.mark.parametrize(
    ("language", "share", "above", "nobody"),
    [
        ("en", "share above the median", "the median of everybody counted", "nobody is above"),
        ("zh", "高于中位数的比例", "全部计入者的中位数", "无人高于中位数"),
    ],
)
def test_sentences_and_page_say_that_the_median_is_meant(story, language, share, above, nobody):
    skewed, flat = story.audit("credit.skewed", "credit.flat")
    median = skewed.document["score"]["median"]
    told = "\n".join(lines(skewed, language))
    shown = written([skewed], ".html", language).decode()
    for text in (told, shown):
        assert share in text
        assert above in text
        assert median in text
        assert "above-median" not in text.replace("value=above-median", "")
    assert nobody in "\n".join(lines(flat, language))
