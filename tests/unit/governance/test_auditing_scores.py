# SPDX-License-Identifier: Apache-2.0
"""Audits of tags whose value is a number: who is above the median, by group."""

import json
from itertools import chain

import jsonschema
import pytest

from audit.bias import schema
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
