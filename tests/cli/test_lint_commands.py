# SPDX-License-Identifier: Apache-2.0
"""`tag lint` says everything at once, with or without a workspace; `tag new` writes what it accepts."""

import json
from pathlib import Path
from time import process_time

import pytest
from typer.testing import CliRunner

from benchmarks.catalogue import tag_files
from governance import purpose
from governance.cli.app import app
from tests.unit.governance.test_run import PURPOSES
from tests.workshop import a_folder, reopened

ROOT = Path(__file__).parents[2]
SHOP = ROOT / "examples" / "shop"
KINDS = ("rule", "levels", "quantile", "favourite", "declared")
BAD = """\
apiVersion: tagwarden/v1
kind: Tag
key: interest.tea
name: {en: Tea lover, zh: 茶叶爱好者}
says: {en: bought tea within 90 days, zh: 90天内购买了茶叶}
owner: growth-team
dimension: interest
derivation: inferred
sources: [user.behavior.purchase_history]
asserts: [user.demographic.profile]
purposes: [first_party_recommendation]
basis: {gdpr: consent, pipl_cn: legitimate_interest}
ttl: 30d
value: "orders(category = 'tea', days => 30) >= 3"
purge_on_withdrawal: immediately
"""


@pytest.fixture(autouse=True)
def _nowhere(tmp_path, monkeypatch):
    """A folder without a workspace in it or above it."""
    monkeypatch.delenv("TAGWARDEN_WORKSPACE", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    folder = a_folder(tmp_path / "ws")
    ws = reopened(folder)
    (tmp_path / "purposes.yaml").write_text(PURPOSES, "utf-8")
    purpose.apply(ws, [tmp_path / "purposes.yaml"])
    ws.close()
    monkeypatch.setenv("TAGWARDEN_WORKSPACE", str(folder))
    return folder


def call(*arguments, stdin=""):
    return CliRunner().invoke(app, [str(item) for item in arguments], input=stdin)


def found(*arguments):
    done = call("tag", "lint", *arguments, "--json")
    return json.loads(done.stdout)


def codes(*arguments):
    return [item["code"] for item in found(*arguments)["findings"]]


@pytest.mark.parametrize(
    "paths",
    [
        [ROOT / "examples" / "first"],
        [SHOP / "tags", SHOP / "features.yaml"],
        [SHOP / "tags", SHOP / "features.yaml", SHOP / "purposes.yaml"],
    ],
)
def test_the_examples_have_no_finding(paths):
    done = call("tag", "lint", *paths)
    assert done.exit_code == 0, done.stdout
    assert "no problem" in done.stdout


def test_each_refused_example_has_an_error():
    given = [SHOP / "refused", SHOP / "features.yaml", SHOP / "purposes.yaml"]
    assert call("tag", "lint", *given).exit_code == 1
    refused = {item["key"] for item in found(*given)["findings"] if item["severity"] == "error"}
    assert refused == {
        "refused.baby_household",
        "refused.cold_season",
        "refused.full_price_payer",
    }


def test_a_folder_of_a_whole_shop_may_hold_maps_and_purposes():
    assert found(SHOP)["definitions"] > 50


def test_a_finding_names_place_article_and_the_way_out(tmp_path):
    (tmp_path / "bad.yaml").write_text(BAD, "utf-8")
    done = call("tag", "lint", "bad.yaml")
    assert done.exit_code == 1
    assert "bad.yaml:12:24: error: interest.tea: " in done.stdout
    assert "[basis-impossible]" in done.stdout
    assert "    by: PIPL Art. 13" in done.stdout
    assert "    fix: basis: {pipl_cn: consent}, and ask for consent" in done.stdout
    assert "1 definition: 3 errors, 0 warnings" in done.stdout


def test_the_same_in_chinese(tmp_path):
    (tmp_path / "bad.yaml").write_text(BAD, "utf-8")
    done = call("tag", "lint", "bad.yaml", "--lang", "zh")
    assert "bad.yaml:12:24: 错误: interest.tea: " in done.stdout
    assert "办法: basis: {pipl_cn: consent}，并取得同意" in done.stdout
    assert "共1个定义：3个错误，0个警告" in done.stdout


def test_json_has_stable_keys(tmp_path):
    (tmp_path / "bad.yaml").write_text(BAD, "utf-8")
    data = found("bad.yaml")
    assert set(data) == {"apiVersion", "definitions", "errors", "warnings", "findings"}
    assert set(data["findings"][0]) == {
        "code", "severity", "key", "file", "line", "column", "message", "fix", "cites", "provenance",
    }  # fmt: skip
    assert set(data["findings"][0]["message"]) == {"en", "zh"}


def test_problems_of_documents_and_findings_come_together(tmp_path):
    (tmp_path / "tags").mkdir()
    (tmp_path / "tags" / "a.yaml").write_text(BAD, "utf-8")
    (tmp_path / "tags" / "b.yaml").write_text("kind: [", "utf-8")
    (tmp_path / "tags" / "c.yaml").write_text(
        BAD.replace("interest.tea", "interest.cup").replace("orders(", "ordrs("), "utf-8"
    )
    assert {"basis-impossible", "says-wrong-window", "yaml-syntax", "unknown-function"} <= set(
        codes("tags")
    )
    done = call("tag", "lint", "tags")
    assert done.exit_code == 1
    assert "tags/b.yaml:" in done.stdout


def test_only_one_lint_is_asked_for(tmp_path):
    (tmp_path / "bad.yaml").write_text(BAD, "utf-8")
    assert codes("bad.yaml", "--only", "basis-impossible") == ["basis-impossible"]
    assert call("tag", "lint", "bad.yaml", "--only", "ttl-over-window").exit_code == 0


def test_a_document_that_cannot_be_read_is_never_filtered_away(tmp_path):
    (tmp_path / "bad.yaml").write_text("kind: [", "utf-8")
    assert call("tag", "lint", "bad.yaml", "--only", "ttl-over-window").exit_code == 1


def test_an_unknown_lint_is_answered_with_the_nearest_one():
    done = call("tag", "lint", "x.yaml", "--only", "basis-imposible")
    assert done.exit_code == 4
    assert 'did you mean "basis-impossible"' in done.stderr


def test_a_manual_is_printed():
    done = call("tag", "lint", "--explain", "never-true")
    assert done.exit_code == 0
    assert "**Mend.**" in done.stdout
    assert (
        "条件对任何人都不可能成立" in call("tag", "lint", "--explain", "all", "--lang", "zh").stdout
    )


@pytest.mark.parametrize("arguments", [[], ["nothing.yaml"]])
def test_what_is_not_there_is_a_wrong_argument(arguments):
    assert call("tag", "lint", *arguments).exit_code == 2


def test_a_workspace_that_is_named_must_be_there(tmp_path):
    (tmp_path / "bad.yaml").write_text(BAD, "utf-8")
    assert call("tag", "lint", "bad.yaml", "--workspace", tmp_path).exit_code == 4


@pytest.mark.usefixtures("workspace")
def test_with_a_workspace_purposes_are_checked(tmp_path):
    (tmp_path / "bad.yaml").write_text(BAD, "utf-8")
    assert "unknown-purpose" in codes("bad.yaml")
    (tmp_path / "good.yaml").write_text(BAD.replace("first_party_recommendation", "recommendation"))
    assert codes("good.yaml") == ["says-wrong-window", "says-wrong-window", "basis-impossible"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_tag_is_clean_but_for_what_is_to_be_filled_in(kind):
    done = call("tag", "new", f"interest.{kind}", "--from", kind)
    assert done.exit_code == 0, done.output
    path = f"interest.{kind}.yaml"
    assert path in done.stdout
    assert set(codes(path)) == {"placeholder-left"}


def test_a_new_tag_never_overwrites_a_file(tmp_path):
    (tmp_path / "interest.tea.yaml").write_text("mine", "utf-8")
    done = call("tag", "new", "interest.tea")
    assert done.exit_code == 5
    assert (tmp_path / "interest.tea.yaml").read_text("utf-8") == "mine"


def test_a_new_tag_can_be_printed(tmp_path):
    done = call("tag", "new", "credit.payer", "--out", "-")
    assert "dimension: credit" in done.stdout
    assert (
        "key: credit.payer"
        in json.loads(call("tag", "new", "credit.payer", "--out", "-", "--json").stdout)["document"]
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("workspace")
def test_a_new_tag_takes_a_purpose_of_the_workspace():
    assert "purposes: [recommendation]" in call("tag", "new", "interest.tea", "--out", "-").stdout


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["Interest.Tea"], "bad-key"),
        (["interest.tea", "--from", "quantil"], "unknown-kind"),
        (["interest.tea", "--dimension", "interests"], "unknown-dimension"),
        (["interest.tea", "--interactive"], "no-terminal"),
        (["interest.tea", "--out", "nowhere/tea.yaml"], "file-unwritable"),
    ],
)
def test_what_makes_no_tag_is_refused_and_nothing_is_written(tmp_path, arguments, code):
    done = call("tag", "new", *arguments, stdin="Tea\n")
    assert done.exit_code == 2
    assert f"[{code}]" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_at_a_terminal_a_few_questions_are_asked(tmp_path, monkeypatch):
    monkeypatch.setattr("governance.cli.new.on_terminal", lambda: True)
    answers = "Tea lover\n茶叶爱好者\ncrm-team\nlevels\nanalytics\n"
    done = call("tag", "new", "interest.tea", "-i", stdin=answers)
    assert done.exit_code == 0, done.output
    text = (tmp_path / "interest.tea.yaml").read_text("utf-8")
    assert 'name: {en: "Tea lover", zh: "茶叶爱好者"}' in text
    assert "purposes: [analytics]" in text
    assert found("interest.tea.yaml")["errors"] == 0


def test_answers_that_make_no_document_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("governance.cli.new.on_terminal", lambda: True)
    done = call("tag", "new", "interest.tea", "-i", stdin="a\n茶\ncrm\nlevels\nNot A Key\n")
    assert done.exit_code == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_thousand_tags_are_linted_in_two_seconds_of_processor_time(tmp_path):
    tag_files(tmp_path / "tags", 1000)
    call("tag", "lint", ROOT / "examples" / "first")
    before = process_time()
    done = call("tag", "lint", "tags")
    assert process_time() - before < 2
    assert "1000 definitions, no problem" in done.stdout
