# SPDX-License-Identifier: Apache-2.0
"""The commands of audits: exit codes, files, both languages, nothing counted for a file that cannot be."""

import hashlib
import json

import pytest
from typer.testing import CliRunner

from governance.cli.app import app
from tests.auditing import Planted

SKEWED = {"f": 0.1, "m": 0.3, None: 0.2}


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop")
    planted = Planted(folder)
    said = planted.genders()
    planted.tagged("offer.gold", SKEWED, said)
    planted.tagged("offer.even", dict.fromkeys(SKEWED, 0.3), said)
    planted.close()
    settings = folder / "shop" / "tagwarden.toml"
    text = settings.read_text("utf-8")
    settings.write_text(text.replace('# fixed = ""', 'fixed = "2024-10-04T00:00:00Z"'), "utf-8")
    assert "2024-10-04" in settings.read_text("utf-8")
    return folder / "shop"


def tagwarden(shop, *words):
    return CliRunner().invoke(app, ["audit", *words, "-w", str(shop)])


def test_a_breach_ends_with_1_and_the_rest_with_0(shop):
    gold = tagwarden(shop, "bias", "--tag", "offer.gold", "--by", "gender")
    assert gold.exit_code == 1, gold.output
    assert tagwarden(shop, "bias", "--tag", "offer.even", "--by", "gender").exit_code == 0
    assert tagwarden(shop, "leak", "--by", "gender").exit_code == 1
    assert tagwarden(shop, "leak", "--by", "gender", "--tag", "offer.even").exit_code == 0


def test_the_file_is_what_the_digest_is_over(shop, tmp_path):
    out = tmp_path / "report.json"
    done = tagwarden(
        shop, "bias", "--tag", "offer.even", "--by", "gender", "--out", str(out), "--json"
    )
    (report,) = json.loads(done.stdout)["reports"]
    assert hashlib.sha256(out.read_bytes()).hexdigest() == report["sha256"]
    again = tmp_path / "again.json"
    assert tagwarden(shop, "show", report["report"], "--out", str(again)).exit_code == 0
    assert again.read_bytes() == out.read_bytes()


@pytest.mark.parametrize(("language", "word"), [("en", "beyond the limit"), ("zh", "超出限度")])
def test_a_page_in_each_language(shop, tmp_path, language, word):
    out = tmp_path / "page.html"
    tagwarden(shop, "bias", "--tag", "offer.gold", "--tag", "offer.even", "--by", "gender",
              "--out", str(out), "--lang", language)  # fmt: skip
    assert word in out.read_text("utf-8")
    assert out.read_text("utf-8").count("<article>") == 2


def test_a_file_of_another_kind_is_refused_before_anything_is_opened(shop):
    before = len(tagwarden(shop, "list").stdout.splitlines())
    done = tagwarden(shop, "bias", "--tag", "offer.gold", "--by", "gender", "--out", "report.pdf")
    assert done.exit_code == 2
    assert "[report-format]" in done.output
    assert len(tagwarden(shop, "list").stdout.splitlines()) == before


def test_several_reports_make_one_document(shop, tmp_path):
    out = tmp_path / "all.json"
    tagwarden(
        shop,
        "bias",
        "--tag",
        "offer.gold",
        "--tag",
        "offer.even",
        "--by",
        "gender",
        "--out",
        str(out),
    )
    whole = json.loads(out.read_bytes())
    assert whole["kind"] == "BiasReports"
    assert [one["identity"]["tag"] for one in whole["reports"]] == ["offer.gold", "offer.even"]


def test_a_policy_with_mistakes_says_all_of_them(shop, tmp_path):
    policy = tmp_path / "fairness.yaml"
    policy.write_text("apiVersion: tagwarden/v1\nkind: FairnessPolicy\nkey: x\nalpha: 7\n", "utf-8")
    done = tagwarden(shop, "bias", "--tag", "offer.gold", "--by", "gender", "--policy", str(policy))
    assert done.exit_code == 2
    assert done.output.count("fairness.yaml:") > 5


def test_compliance_ends_with_1_when_something_is_not_met_and_says_what(shop, tmp_path):
    out = tmp_path / "report.json"
    done = tagwarden(shop, "compliance", "--regime", "gdpr", "--out", str(out))
    assert done.exit_code == 1
    assert "not met: GDPR-30 (GDPR Art. 30(1))" in done.stdout
    made = json.loads(out.read_text("utf-8"))
    assert made["kind"] == "ComplianceReport"
    assert hashlib.sha256(out.read_bytes()).hexdigest() in done.stdout
    again = tagwarden(shop, "show", "gdpr", "--json")
    assert json.loads(again.stdout)["reports"][0]["document"] == made
    assert tagwarden(shop, "compliance", "--out", "x.pdf").exit_code == 2


def test_compliance_reads_in_chinese_as_a_page(shop, tmp_path):
    out = tmp_path / "report.html"
    done = tagwarden(shop, "compliance", "--regime", "pipl_cn", "--out", str(out), "--lang", "zh")
    assert "不符合" in done.stdout
    assert "自动化决策" in out.read_text("utf-8")


def test_a_pack_is_written_with_its_proof_and_says_which_law_was_not_audited(shop, tmp_path):
    out = tmp_path / "audit.zip"
    asked = ("--from", "2024-10-04", "--to", "2026-12-31", "--out", str(out))
    done = tagwarden(shop, "pack", *asked, "--json")
    assert done.exit_code == 0, done.output
    data = json.loads(done.stdout)
    assert hashlib.sha256(out.read_bytes()).hexdigest() == data["sha256"]
    assert (tmp_path / "audit.zip.tlog-proof").is_file()
    assert tagwarden(shop, "pack", "--from", "x", "--to", "y", "--out", str(out)).exit_code == 2
