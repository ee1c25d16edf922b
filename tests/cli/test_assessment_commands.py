# SPDX-License-Identifier: Apache-2.0
"""assessment and policy record on the command line: what they print, write and refuse."""

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from governance.cli.app import app
from tests.workshop import a_folder

SHOP = Path(__file__).parents[2] / "examples" / "shop"
STORY = "2018-01-02T05:00:00Z"
"""When the documents of the example shop are in force."""


@pytest.fixture(autouse=True)
def shop(tmp_path, monkeypatch):
    folder = a_folder(tmp_path / "ws")
    monkeypatch.setenv("TAGWARDEN_WORKSPACE", str(folder))
    monkeypatch.setenv("TAGWARDEN_CLOCK_FIXED", STORY)
    call("purpose", "apply", SHOP / "purposes.yaml")
    return tmp_path


def call(*arguments, code=0):
    done = CliRunner().invoke(app, [str(item) for item in arguments])
    assert done.exit_code == code, done.output
    return done


def answer(*arguments, code=0):
    return json.loads(call(*arguments, "--json", code=code).stdout)


@pytest.mark.law("GDPR-35", "CN-PIPL-55", "CA-7150")
def test_assessments_are_applied_once_and_told():
    said = answer("assessment", "apply", SHOP)  # a folder: other documents are left alone
    assert [change["what"] for change in said["changes"]] == ["new"] * 4
    assert said["not_in_force"] == []
    assert "nothing to do: 4 assessments" in call("assessment", "apply", SHOP).stdout
    listed = answer("assessment", "list")["assessments"]
    assert {one["type"]: one["state"] for one in listed} == dict.fromkeys(
        ("balancing_test", "dpia", "pipia", "risk_assessment"), "in-force"
    )
    assert [one["days_left"] for one in listed if one["key"] == "shop_pipia"] == [333]


@pytest.mark.law("CA-7155")
def test_overdue_reviews_are_shown(monkeypatch):
    call("assessment", "apply", SHOP)
    monkeypatch.setenv("TAGWARDEN_CLOCK_FIXED", "2018-12-02T00:00:00Z")
    said = call("assessment", "list").stdout
    assert "overdue, so what they cover is stopped: shop_balancing_test" in said
    assert said.count("review overdue") == 3
    assert "逾期未复审" in call("assessment", "list", "--lang", "zh").stdout
    assert "(1 days overdue)" in call("assessment", "show", "shop_pipia").stdout
    again = call("assessment", "apply", SHOP).stdout
    assert "not in force today, so they open nothing: shop_balancing_test" in again


def test_one_is_shown_part_by_part_with_the_article():
    call("assessment", "apply", SHOP)
    said = call("assessment", "show", "shop_dpia_young_people", "--lang", "zh").stdout
    for letter in "abcd":
        assert f"GDPR Art. 35(7)({letter})" in said
    assert "GDPR Art. 35(2)" in said
    assert "keep until" not in said
    assert "keep until   2020-12-01" in call("assessment", "show", "shop_pipia").stdout


def test_a_bad_file_changes_nothing_and_names_the_missing_part(shop):
    text = (SHOP / "assessments.yaml").read_text("utf-8").replace("  impact:", "  imapct:")
    (shop / "bad.yaml").write_text(text, "utf-8")
    error = answer("assessment", "apply", shop / "bad.yaml", code=2)["error"]
    assert error["code"] == "bad-assessments"
    assert [one["code"] for one in error["problems"]] == [
        "assessment-part-missing",
        "unknown-assessment-part",
    ]
    assert "PIPL Art. 56(1)(2)" in error["problems"][0]["message"]
    assert answer("assessment", "list")["assessments"] == []
    assert (
        answer("assessment", "show", "shop_pipia", code=4)["error"]["code"] == "unknown-assessment"
    )


def test_only_who_has_the_role_applies_them(monkeypatch):
    monkeypatch.setenv("TAGWARDEN_ACTOR", "somebody")
    said = answer("assessment", "apply", SHOP, code=3)
    assert said["error"]["code"] == "unknown-operator"


@pytest.mark.law("GDPR-30")
def test_the_record_is_printed_in_every_format():
    plain = answer("policy", "record", "--regime", "gdpr")
    assert len(plain["entries"]) == 5
    assert {len(entry["fields"]) for entry in plain["entries"]} == {7}
    done = call("policy", "record")  # the workspace's regime
    assert done.stdout.count("GDPR Art. 30(1)(a)") == 5
    assert "not stated yet: controller.name" in done.stderr
    rows = list(csv.reader(call("policy", "record", "--format", "csv").stdout.splitlines()))
    assert len(rows) == 6
    assert call("policy", "record", "--format", "html").stdout.startswith("<!DOCTYPE html>")


@pytest.mark.law("GDPR-30", "CN-PIPL-55")
def test_the_record_is_written_in_the_format_of_the_file(shop):
    page, sheet = shop / "record.html", shop / "record.csv"
    said = answer("policy", "record", "--regime", "pipl_cn", "--out", page)
    assert said["written"] == str(page)
    assert 'lang="zh"' in page.read_text("utf-8")
    assert "Record of processing" in page.read_text("utf-8")
    call("policy", "record", "--regime", "pipl_cn", "--out", page, "--lang", "zh")
    assert "Record of processing" not in page.read_text("utf-8")
    call("policy", "record", "--regime", "pipl_cn", "--out", sheet, "--lang", "zh")
    assert "个人信息保护影响评估" in sheet.read_text("utf-8").splitlines()[0]
    for ending in ("json", "txt"):
        call("policy", "record", "--out", shop / f"record.{ending}")
    assert json.loads((shop / "record.json").read_text("utf-8"))["apiVersion"] == "tagwarden/v1"
    assert (shop / "record.txt").read_text("utf-8").startswith("purpose\tarticle")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--regime", "ccpa"), "no-record"),
        (("--regime", "gpdr"), "no-record"),
        (("--out", "/nowhere/record.html"), "file-unwritable"),
    ],
)
def test_what_cannot_be_recorded_or_written_is_refused(arguments, code):
    assert answer("policy", "record", *arguments, code=2)["error"]["code"] == code
