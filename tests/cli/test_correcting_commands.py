# SPDX-License-Identifier: Apache-2.0
"""subject correct and contest, policy explain-rules: what they print, and what they never print."""

import json

import pytest
from typer.testing import CliRunner

from governance.cli.app import app
from tests.unit.governance.test_correcting import ROMAN, Shop


@pytest.fixture
def shop(tmp_path, monkeypatch):
    monkeypatch.setenv("TAGWARDEN_CLOCK_FIXED", "2026-03-01T13:00:00Z")
    opened = Shop(tmp_path)
    opened.ws.close()
    monkeypatch.setenv("TAGWARDEN_ROLE", "dpo")
    monkeypatch.chdir(opened.ws.paths.root)
    (tmp_path / "who.txt").write_text("A\n", "utf-8")
    (tmp_path / "city.txt").write_text("Oslo\n", "utf-8")
    return tmp_path


def tagwarden(*arguments, code=0, stdin=""):
    done = CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)
    assert done.exit_code == code, done.output
    assert "Oslo" not in done.output
    return done


def answer(*arguments, **more):
    return json.loads(tagwarden(*arguments, "--json", **more).stdout)


@pytest.mark.law("GDPR-16", "CN-PIPL-46", "CA-106")
def test_an_attribute_is_corrected_deleted_and_lifted(shop):
    who = f"@{shop / 'who.txt'}"
    call = ("subject", "correct", who, "--attribute", "city")
    done = answer(*call, "--value", f"@{shop / 'city.txt'}")
    assert done["changed"]
    assert {tag["key"] for tag in done["tags"]} == {ROMAN, "interest.neighbour"}
    assert "nothing to do" in tagwarden(*call, "--value", "-", stdin="Oslo\n").stdout
    assert "deleted: city" in tagwarden(*call, "--delete").stdout
    assert "lifted: city" in tagwarden(*call, "--lift").stdout
    assert "[one-of-three]" in tagwarden(*call, code=2).stderr
    assert "[one-of-three]" in tagwarden(*call, "--delete", "--lift", code=2).stderr
    missing = tagwarden("subject", "correct", who, "--attribute", "cty", "--delete", code=4)
    assert 'did you mean "city"?' in missing.stderr


@pytest.mark.usefixtures("shop")
def test_number_and_value_may_both_come_from_stdin():
    call = ("subject", "correct", "-", "--attribute", "city", "--value", "-")
    assert answer(*call, stdin="A\nOslo\n")["changed"]


@pytest.mark.law("GDPR-18")
def test_a_tag_is_contested_and_settled(shop, monkeypatch):
    who = f"@{shop / 'who.txt'}"
    call = ("subject", "contest", who, "--tag", ROMAN)
    assert "out of use until settled" in tagwarden(*call).stdout
    listed = answer("choice", "list", "--subject", who)["choices"]
    assert [(item["kind"], item["target"]) for item in listed] == [("contest-tag", ROMAN)]
    monkeypatch.setenv("TAGWARDEN_CLOCK_FIXED", "2026-03-01T14:00:00Z")
    assert "rejected" in tagwarden(*call, "--outcome", "rejected").stdout
    assert answer("choice", "list", "--subject", who)["choices"] == []
    assert "[not-contested]" in tagwarden(*call, "--outcome", "upheld", code=5).stderr


@pytest.mark.law("CN-PIPL-48", "CN-ALGO-16")
def test_the_rules_are_printed_or_written_to_a_page(shop):
    said = tagwarden("policy", "explain-rules", "--regime", "ccpa").stdout
    assert "How we use your data" in said
    page = shop / "rules.html"
    done = answer("policy", "explain-rules", "--regime", "pipl_cn", "--lang", "zh", "--out", page)
    assert done["regime"] == "pipl_cn"
    assert "我们如何处理您的个人信息" in page.read_text("utf-8")
    assert "[file-unwritable]" in tagwarden("policy", "explain-rules", "--out", shop, code=2).stderr
