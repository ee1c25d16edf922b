# SPDX-License-Identifier: Apache-2.0
"""`audit consent` as it is typed: exit codes, files, periods, both languages."""

import hashlib
import json

import pytest
from typer.testing import CliRunner

from governance.cli.app import app
from tests.auditing import Planted
from tests.shop import a_tag

DAYS = ("--from", "2024-10-03", "--to", "2024-10-04")


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Twelve people have a tag that needs their consent, which nobody gave."""
    folder = tmp_path_factory.mktemp("shop")
    planted = Planted(folder, people=30)
    planted.tag(a_tag(basis={"gdpr": "consent"}), planted.who[:12])
    planted.close()
    settings = folder / "shop" / "tagwarden.toml"
    text = settings.read_text("utf-8")
    settings.write_text(text.replace('# fixed = ""', 'fixed = "2024-10-04T00:00:00Z"'), "utf-8")
    return folder / "shop"


def tagwarden(shop, *words):
    return CliRunner().invoke(app, ["audit", *words, "-w", str(shop)])


def test_a_breach_ends_with_1_and_a_period_without_one_with_0(shop):
    done = tagwarden(shop, "consent")
    assert done.exit_code == 1, done.output
    assert "computed although nothing on record permitted it" in done.stdout
    assert ": 12." in done.stdout
    earlier = tagwarden(shop, "consent", "--from", "2024-08-01", "--to", "2024-09-01")
    assert earlier.exit_code == 0, earlier.output


def test_the_file_is_what_the_digest_is_over_and_is_given_again(shop, tmp_path):
    out, again = tmp_path / "consent.json", tmp_path / "again.json"
    done = tagwarden(shop, "consent", *DAYS, "--out", str(out), "--json")
    (made,) = json.loads(done.stdout)["reports"]
    assert hashlib.sha256(out.read_bytes()).hexdigest() == made["sha256"]
    assert tagwarden(shop, "show", "consent", "--out", str(again)).exit_code == 0
    assert again.read_bytes() == out.read_bytes()
    assert f"{made['report']}\tconsent\tconsent\t1\tbreach" in tagwarden(shop, "list").stdout


@pytest.mark.parametrize(("language", "word"), [("en", "Consent report"), ("zh", "同意审计报告")])
def test_a_page_in_each_language(shop, tmp_path, language, word):
    out = tmp_path / "page.html"
    tagwarden(shop, "consent", "--out", str(out), "--lang", language)
    assert word in out.read_text("utf-8")


def test_what_cannot_be_done_is_refused_before_anything_is_read(shop, tmp_path):
    before = tagwarden(shop, "list").stdout
    policy = tmp_path / "consent.yaml"
    policy.write_text("apiVersion: tagwarden/v1\nkind: ConsentPolicy\nkey: X\n", "utf-8")
    for words, code in (
        (("--out", "report.pdf"), "report-format"),
        (("--from", "2024-10-05"), "bad-period"),
        (("--to", "2030-01-01"), "time-to-come"),
        (("--from", "yesterday"), "bad-time"),
        (("--policy", str(policy)), "bad-consent-policy"),
    ):
        done = tagwarden(shop, "consent", *words)
        assert (done.exit_code, f"[{code}]" in done.output) == (2, True), done.output
    assert tagwarden(shop, "list").stdout == before
