# SPDX-License-Identifier: Apache-2.0
"""The rules of processing told to people: all of what is on record, nothing of anybody, no scripts."""

import re
from html.parser import HTMLParser

import pytest

from audit.errors import NotFound
from governance import purpose, rulebook
from tests.access import Shop as People
from tests.access import a_person
from tests.workshop import a_workspace, applied

PURPOSES = """
apiVersion: tagwarden/v1
kind: Purpose
key: offers
name: {en: "Offers <chosen>", zh: 优惠}
says: {en: We send offers & coupons., zh: 我们寄送优惠券。}
use: first_party_personalised_marketing
personalised: true
retention: 365d
recipients: [processor]
---
apiVersion: tagwarden/v1
kind: Purpose
key: statistics
name: {en: Statistics, zh: 统计}
says: {en: We count., zh: 我们统计。}
use: analytics
personalised: false
retention: 730d
"""
TAG = """
apiVersion: tagwarden/v1
kind: Tag
key: {key}
name: {{en: {en}, zh: {zh}}}
says: {{en: "{says}", zh: "{says_zh}"}}
owner: growth-team
dimension: interest
derivation: inferred
sources: [user.behavior.purchase_history]
asserts: [user.demographic.profile]
purposes: [offers]
basis: {{{basis}}}
ttl: 30d
thresholds: {thresholds}
value: "{value}"
purge_on_withdrawal: immediately
"""


@pytest.fixture(scope="module")
def ws(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rulebook")
    opened = a_workspace(folder)
    (folder / "purposes.yaml").write_text(PURPOSES, "utf-8")
    purpose.apply(opened, [folder / "purposes.yaml"])
    tags = [
        TAG.format(
            key="interest.tea",
            en="Tea lover",
            zh="茶爱好者",
            says="bought tea {count} times",
            says_zh="购买茶{count}次",
            basis="gdpr: consent, pipl_cn: consent, ccpa: notice",
            thresholds="public",
            value="orders(category = 'tea', days => 30) >= 3",
        ),
        TAG.format(
            key="interest.cup",
            en="Buys cups",
            zh="购买杯具",
            says="buys cups",
            says_zh="购买杯具",
            basis="gdpr: consent",
            thresholds="withheld",
            value="orders(category = 'cup', days => 40) >= 77",
        ),
        TAG.format(
            key="interest.hat",
            en="Buys hats",
            zh="购买帽子",
            says="buys hats",
            says_zh="购买帽子",
            basis="pipl_cn: consent",
            thresholds="public",
            value="orders(category = 'hat', days => 30) >= 1",
        ),
    ]
    (folder / "tags.yaml").write_text("---".join(tags), "utf-8")
    applied(opened, folder / "tags.yaml")
    yield opened
    opened.close()


def lines(ws, regime, language="en"):
    return "\n".join(rulebook.as_lines(rulebook.rulebook_of(ws, regime), language))


@pytest.mark.law("CN-PIPL-48", "CN-ALGO-16", "GDPR-13-14")
def test_every_purpose_and_tag_is_told_with_its_rule_ground_and_term(ws):
    said = lines(ws, "gdpr")
    for part in (
        "Offers <chosen>: We send offers & coupons.",
        "data that are used: purchase history",
        "who gets it: processors that act for the shop",
        "kept for: 365 days",
        "Tea lover: bought tea … times",
        "at least 3 orders in tea within 30 days",
        "Ground: consent; only with your consent",
        "Ends after: 30 days",
        "It is personalised: you can switch it off",
        "Statistics: We count.",
        "to have their use restricted (Art. 18)",
        "You may complain",
    ):
        assert part in said, part
    assert "Buys hats" not in said  # claims no basis here, so that it is not used here


@pytest.mark.law("CN-PIPL-48", "CN-ALGO-16", "CN-PIPL-17", "CN-ALGO-10-R")
def test_it_is_told_in_chinese_and_names_what_the_law_stops(ws):
    said = lines(ws, "pipl_cn", "zh")
    for part in (
        "茶爱好者：购买茶…次",
        "30天内在tea下了至少3笔订单",
        "保存期限：365天",
        "要求解释说明处理规则（第四十八条）",
        "不用于此目的",
    ):
        assert part in said, part


def test_bounds_that_are_withheld_are_not_told(ws):
    said = lines(ws, "gdpr")
    assert "looks at: number of orders in cup within 40 days (bounds withheld)" in said
    assert not re.search(r"77", said)


def test_california_is_told_of_the_right_to_limit_and_of_decisions(ws):
    said = lines(ws, "ccpa")
    assert "1798.121" in said
    assert "11 CCR 7221" in said


def test_a_law_that_nobody_knows_is_not_told(ws):
    with pytest.raises(NotFound):
        rulebook.rulebook_of(ws, "lgpd")


class Page(HTMLParser):
    """The text of a page, what it would load or run, and whether its parts are closed."""

    def __init__(self, html):
        super().__init__()
        self.text, self.loads, self.open = [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        if tag != "meta":
            self.open.append(tag)
        self.loads += [tag] if tag in ("script", "link", "img", "iframe") else []
        self.loads += [k for k, _ in attrs if k in ("src", "href") or k.startswith("on")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.mark.parametrize("regime", ["gdpr", "pipl_cn", "ccpa"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_says_what_the_lines_say_and_loads_nothing(ws, regime, language):
    found = rulebook.rulebook_of(ws, regime)
    page = Page(rulebook.as_html(found, language))
    assert (page.loads, page.open) == ([], [])
    text = "".join(page.text)
    for part in found.parts:
        for said in (part.name, part.says, part.kept, *part.used, *part.recipients, *part.abroad):
            assert said.in_(language) in text
        for tag in part.tags:
            for said in (tag.name, tag.says, tag.kind, tag.ground, tag.kept, *tag.logic):
                assert said.in_(language) in text


def test_nobody_is_in_it(tmp_path):
    people = People(tmp_path / "ws")
    try:
        before = lines(people.ws, "gdpr")
        a_person(people)
        assert lines(people.ws, "gdpr") == before
    finally:
        people.close()
