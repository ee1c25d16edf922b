# SPDX-License-Identifier: Apache-2.0
"""The record of processing: the fields of the law, what is on record for each, nothing made up."""

import csv
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from pyroaring import BitMap

from audit.errors import BadInput
from governance import assessment, purpose
from governance import record as records
from governance.intake.people import enrol
from governance.settings import KNOWN
from governance.store import bitmaps
from tests.workshop import a_workspace, applied

GOLDEN = Path(__file__).parents[2] / "golden" / "record"

PURPOSES = """
apiVersion: tagwarden/v1
kind: Purpose
key: offers
name: {en: "Offers <chosen>", zh: 优惠}
says: {en: We send offers & coupons., zh: 我们寄送优惠券。}
use: first_party_personalised_marketing
personalised: true
retention: 365d
recipients: [processor, overseas_recipient]
---
apiVersion: tagwarden/v1
kind: Purpose
key: statistics
name: {en: Statistics, zh: "=统计"}
says: {en: We count., zh: 我们统计。}
use: analytics
personalised: false
retention: 730d
"""
TAG = """
apiVersion: tagwarden/v1
kind: Tag
key: {key}
name: {{en: Name, zh: 名称}}
says: {{en: a sentence, zh: 一句话}}
owner: growth-team
dimension: interest
derivation: inferred
sources: [user.behavior.purchase_history]
asserts: [{asserts}]
purposes: [offers]
basis: {{{basis}}}
ttl: {ttl}
value: "orders(days => 30) >= 3"
purge_on_withdrawal: immediately
"""
ASSESSMENT = """
apiVersion: tagwarden/v1
kind: Assessment
key: offers.pipia
type: pipia
covers: {purposes: [offers], tags: [interest.tea]}
made: 2026-01-10
reviewed_by: privacy team
approved: 2026-01-20
review_by: 2027-01-20
contents:
  lawfulness: {en: It rests on consent., zh: 以同意为基础。}
  impact: {en: Little., zh: 影响较小。}
  measures: {en: Sealed names., zh: 身份已封存。}
"""


def tag(key, ttl, asserts="user.demographic.profile", basis="gdpr: consent, pipl_cn: consent"):
    return TAG.format(key=key, ttl=ttl, asserts=asserts, basis=basis)


@pytest.fixture
def ws(tmp_path, monkeypatch):
    monkeypatch.setenv("TAGWARDEN_CONTROLLER_NAME", "=Shop\n Ltd. <b>")
    monkeypatch.setenv("TAGWARDEN_CONTROLLER_DPO", "privacy office, dpo@shop.example")
    opened = a_workspace(tmp_path)
    files = {
        "purposes": PURPOSES,
        "assessments": ASSESSMENT,
        "tags": "---".join(
            [
                tag("interest.tea", "30d"),
                tag("interest.coffee", "60d"),
                tag("interest.here", "90d", "user.behavior", "gdpr: consent"),
            ]
        ),
    }
    for name, content in files.items():
        (tmp_path / f"{name}.yaml").write_text(content, "utf-8")
    purpose.apply(opened, [tmp_path / "purposes.yaml"])
    assessment.apply(opened, [tmp_path / "assessments.yaml"])
    applied(opened, tmp_path / "tags.yaml")
    people = opened.people.admit("customer", ["c1", "c2", "c3"])
    with opened.store.write() as unit:
        enrol(opened, unit, BitMap([people["c1"], people["c2"]]), regime="gdpr")
        enrol(opened, unit, BitMap([people["c3"]]), regime="pipl_cn")
        bitmaps.change(unit.connection, [("age:16-17", people["c1"], True)])
    yield opened
    opened.close()


def field(found, key, code):
    """The lines of one field of a purpose, in English."""
    entry = next(entry for entry in found.entries if entry.purpose == key)
    return [line.says.en for one in entry.fields if one.code == code for line in one.lines]


@pytest.fixture
def golden(request):
    def compare(name, got):
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.write_text(got, "utf-8")
        assert got == path.read_text("utf-8")

    return compare


@pytest.mark.law("GDPR-30", "CN-PIPL-55")
@pytest.mark.parametrize("regime", ["gdpr", "pipl_cn"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_record_reads_as_it_did(ws, golden, regime, language):
    rows = records.as_rows(records.record_of(ws, regime), language)
    golden(f"{regime}.{language}.txt", "".join("\t".join(row) + "\n" for row in rows))


@pytest.mark.law("GDPR-30")
def test_the_record_of_the_gdpr_has_the_seven_fields_of_article_30_and_no_others(ws):
    for entry in records.record_of(ws, "gdpr").entries:
        assert [one.article for one in entry.fields] == [
            f"GDPR Art. 30(1)({letter})" for letter in "abcdefg"
        ]


@pytest.mark.law("CN-PIPL-55")
def test_the_record_of_the_pipl_names_what_the_law_names(ws):
    found = records.record_of(ws, "pipl_cn")
    articles = " ".join(one.article for one in found.entries[0].fields)
    for number in (17, 19, 21, 23, 38, 51, 55, 56):
        assert re.search(rf"\b{number}\b", articles), number
    assert "NDSR Art. 12" in articles


@pytest.mark.law("GDPR-30")
def test_each_field_follows_from_what_is_on_record(ws):
    found = records.record_of(ws, "gdpr")
    assert field(found, "offers", "c") == [
        "customers: 16 to 17, age unknown (treated as adult)",
        "data read: user.behavior.purchase_history",
        "stated by 3 tags: user.behavior, user.demographic.profile",
    ]
    assert field(found, "offers", "f") == [
        "365 days for this purpose",
        "user.behavior: tags end after 90 days",
        "user.behavior.purchase_history: 365 days",
        "user.demographic.profile: tags end after 60 days",
    ]
    assert "other recipients abroad" in field(found, "offers", "d")
    assert field(found, "statistics", "e") == ["none: no recipient abroad is declared"]
    assert field(found, "statistics", "c")[-1] == "no tag in use serves this purpose"


def test_a_tag_without_a_basis_under_a_regime_is_not_in_its_record(ws):
    found = records.record_of(ws, "pipl_cn")
    assert "stated by 2 tags: user.demographic.profile" in field(found, "offers", "categories")


def test_what_is_not_stated_is_said_with_the_setting_and_never_made_up(ws):
    found = records.record_of(ws, "gdpr")
    assert "contact: not stated (setting controller.contact)" in field(found, "offers", "a")
    assert "controller: =Shop Ltd. <b>" in field(found, "offers", "a")
    assert set(found.not_stated) == {
        "controller.contact",
        "controller.joint",
        "controller.representative",
        "controller.transfers",
        "controller.measures",
    }
    assert set(found.not_stated) <= set(KNOWN)
    plain = records.as_plain(found)
    lines = [line for entry in plain["entries"] for one in entry["fields"] for line in one["lines"]]
    assert {line["state_with"] for line in lines if not line["stated"]} == set(found.not_stated)


@pytest.mark.law("CN-PIPL-55")
def test_an_assessment_is_shown_with_how_long_to_keep_it_and_what_it_leaves_open(ws):
    assert field(records.record_of(ws, "pipl_cn"), "offers", "assessment") == [
        (
            "offers.pipia: approved 2026-01-20, review by 2027-01-20, in force, "
            "keep until 2029-01-20 at least"
        ),
        "not stated for interest.coffee (tagwarden assessment apply FILE)",
    ]


def test_california_has_no_such_record(ws):
    with pytest.raises(BadInput) as caught:
        records.record_of(ws, "ccpa")
    assert caught.value.code == "no-record"


def test_csv_has_one_row_per_purpose_and_no_formula(ws):
    rows = list(csv.reader(io.StringIO(records.as_csv(records.record_of(ws, "gdpr"), "zh"))))
    assert [row[0] for row in rows] == ["purpose", "offers", "statistics"]
    assert {len(row) for row in rows} == {8}
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)


class Page(HTMLParser):
    """What a reader of a page gets: its text, and what it would load or run."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.foreign, self.text = [], [], ""
        self.feed(text)

    def handle_starttag(self, name, attributes):
        self.tags.append((name, dict(attributes)))
        self.foreign += [v for k, v in attributes if k == "src" or (k == "href" and v[0] != "#")]

    def handle_data(self, data):
        self.text += data


@pytest.mark.law("GDPR-30")
def test_the_page_holds_both_languages_and_nothing_from_elsewhere(ws):
    page = Page(records.as_html(records.record_of(ws, "gdpr"), ("zh", "en")))
    names = [name for name, _ in page.tags]
    assert page.foreign == []
    assert not {"script", "link", "img", "b", "chosen"} & set(names)
    assert ("html", {"lang": "zh"}) in page.tags
    assert [a["lang"] for name, a in page.tags if name == "section"] == ["zh", "en"]
    for text in ("Offers <chosen>", "=Shop Ltd. <b>", "offers & coupons", "处理活动记录"):
        assert text in page.text


@pytest.mark.law("GDPR-30")
def test_every_table_of_the_page_can_be_heard(ws):
    page = Page(records.as_html(records.record_of(ws, "pipl_cn"), ("en",)))
    names = [name for name, _ in page.tags]
    assert names.count("table") == names.count("caption") == 2
    assert all("scope" in attributes for name, attributes in page.tags if name == "th")
    assert names.count("h1") == 1


def test_a_shop_without_purposes_has_an_empty_record(tmp_path):
    opened = a_workspace(tmp_path)
    found = records.record_of(opened, "gdpr")
    opened.close()
    assert (found.entries, records.as_csv(found, "en")) == ((), "")
    assert "No purpose" in records.as_html(found, ("en",))
