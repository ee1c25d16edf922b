# SPDX-License-Identifier: Apache-2.0
"""Bad input on the command line: one clear message, its place, a stable code, nothing changed."""

import json

import pytest
from typer.testing import CliRunner

from governance import purpose
from governance.cli.app import app
from tests.unit.governance.test_run import PURPOSES, TAG
from tests.workshop import a_folder, applied, reopened

GOOD = TAG.format(key="interest.tea", ttl="30d", value="orders(days => 30) >= 3")
BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"
OTHER = TAG.format(key="interest.host", ttl="30d", value="tag('interest.tea') and orders() > 1")
CIRCLE = OTHER + "---" + TAG.format(key="interest.tea", ttl="30d", value="tag('interest.host')")


@pytest.fixture
def shop(tmp_path, monkeypatch):
    folder = a_folder(tmp_path / "ws")
    ws = reopened(folder)
    (tmp_path / "purposes.yaml").write_text(PURPOSES, "utf-8")
    purpose.apply(ws, [tmp_path / "purposes.yaml"])
    ws.close()
    monkeypatch.setenv("TAGWARDEN_WORKSPACE", str(folder))
    return tmp_path


def give(shop, path):
    """Bring documents into the catalogue, with a second pair of eyes."""
    ws = reopened(shop / "ws" / "shop")
    applied(ws, path)
    ws.close()


def call(*arguments, stdin=""):
    return CliRunner().invoke(app, [str(item) for item in arguments], input=stdin)


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (GOOD.replace("[recommendation]", "[recomendation]"), "unknown-purpose"),
        (GOOD.replace("orders(days", "orders(colour = 'red', days"), "unknown-column"),
        (GOOD.replace("orders(days => 30) >= 3", "tag('interest.tee')"), "unknown-tag"),
        (GOOD.replace("orders(", "ordrs("), "unknown-function"),
        (GOOD.replace("days => 30", "days => 0"), "bad-window"),
        (GOOD.replace(">= 3", ">= 'three'"), "wrong-kind"),
        (GOOD.replace(">= 3", ">= 3; drop table x"), "rule-not-one-expression"),
        (CIRCLE, "tag-cycle"),
        (BOMB, "yaml-alias"),
        (GOOD + "key: interest.again\n", "duplicate-key"),
        (GOOD.replace('says: {en: "a sentence", zh: "一句话"}\n', ""), "missing-key"),
        (GOOD.replace("purge_on_withdrawal: immediately\n", ""), "missing-key"),
        (GOOD.replace("owner:", "ownr:"), "unknown-key"),
        (GOOD.replace("ttl: 30d", "ttl: soon"), "bad-value"),
        (
            GOOD.replace("a sentence", "{amount} spent").replace("一句话", "{amount}"),
            "bad-sentence",
        ),
        (GOOD.replace(">= 3", ""), "tag-value-kind"),
        ("kind: [", "yaml-syntax"),
    ],
)
def test_a_bad_definition_is_refused_with_its_place(shop, document, code):
    path = shop / "tags.yaml"
    path.write_text(document, "utf-8")
    done = call("tag", "apply", path, "--json")
    assert done.exit_code == 2, done.output
    error = json.loads(done.stdout)["error"]
    found = [problem for problem in error["problems"] if problem["code"] == code]
    assert found, error["problems"]
    assert found[0]["file"] == "tags.yaml"
    assert found[0]["line"] > 0
    assert json.loads(call("tag", "list", "--json").stdout)["tags"] == []


def test_every_problem_of_every_file_comes_at_once(shop):
    (shop / "tags").mkdir()
    (shop / "tags" / "a.yaml").write_text(GOOD.replace("ordrs", "x").replace("30) >=", "0) >="))
    (shop / "tags" / "b.yaml").write_text(GOOD.replace("owner: growth-team\n", ""))
    done = call("tag", "lint", shop / "tags")
    assert done.exit_code == 1
    assert "a.yaml:" in done.stdout
    assert "b.yaml:" in done.stdout


def test_applying_twice_changes_nothing(shop):
    path = shop / "tags.yaml"
    path.write_text(GOOD, "utf-8")
    give(shop, path)
    assert "nothing to do" in call("tag", "apply", path).stdout


def test_a_folder_of_tags_may_hold_documents_of_other_kinds_and_a_file_may_not(shop):
    folder = shop / "tags"
    folder.mkdir()
    (folder / "tea.yaml").write_text(GOOD, "utf-8")
    (shop / "purposes.yaml").rename(folder / "purposes.yaml")
    found = json.loads(call("tag", "plan", folder, "--json").stdout)
    assert [item["key"] for item in found["plan"]["items"]] == ["interest.tea"]
    refused = call("tag", "plan", folder / "purposes.yaml")
    assert refused.exit_code == 2
    assert "unknown-kind" in refused.stderr


def test_the_list_shows_what_waits_for_review(shop):
    (shop / "tags.yaml").write_text(GOOD, "utf-8")
    change = json.loads(call("tag", "submit", shop / "tags.yaml", "--json").stdout)["change"][
        "name"
    ]
    listed = json.loads(call("tag", "list", "--json").stdout)
    assert (listed["tags"], listed["in_review"]) == ([], {"interest.tea": change})
    assert change in call("tag", "list").stdout
    give(shop, shop / "tags.yaml")
    call("tag", "withdraw", change)
    (listed,) = json.loads(call("tag", "list", "--json").stdout)["tags"]
    assert (listed["state"], listed["in_review"]) == ("active", None)


def test_an_unknown_subject_is_not_repeated(shop):
    path = shop / "tags.yaml"
    path.write_text(GOOD, "utf-8")
    give(shop, path)
    done = call("explain", "-", "interest.tea", stdin="4711-secret\n")
    assert done.exit_code == 4
    assert "subject-unknown" in done.stderr
    assert "4711" not in done.output


def test_an_unknown_tag_is_answered_with_the_nearest_one(shop):
    path = shop / "tags.yaml"
    path.write_text(GOOD, "utf-8")
    give(shop, path)
    done = call("tag", "show", "interest.tee")
    assert done.exit_code == 4
    assert 'did you mean "interest.tea"' in done.stderr


@pytest.mark.usefixtures("shop")
def test_a_run_without_tags_says_what_to_type():
    done = call("run", "all")
    assert done.exit_code == 4
    assert "tagwarden tag plan" in done.stderr


def test_where_there_is_no_workspace_the_way_to_one_is_said(tmp_path, monkeypatch):
    monkeypatch.delenv("TAGWARDEN_WORKSPACE", raising=False)
    done = call("tag", "list", "--workspace", tmp_path)
    assert done.exit_code == 4
    assert "tagwarden init" in done.stderr


def test_a_bad_event_names_every_problem(shop):
    path = shop / "tags.yaml"
    path.write_text(GOOD, "utf-8")
    give(shop, path)
    event = {"customer": "1", "time": "noon", "event_type": "purchase", "colour": 1, "amount": "x"}
    done = call("run", "event", "--json", stdin=json.dumps(event))
    assert done.exit_code == 2
    codes = {problem["code"] for problem in json.loads(done.stdout)["error"]["problems"]}
    assert codes == {"bad-time", "unknown-column", "bad-number"}


def test_suspending_names_the_tags_made_of_it_and_a_run_what_it_left_out(shop):
    (shop / "tags.yaml").write_text(
        OTHER + "---" + GOOD + "---" + GOOD.replace("interest.tea", "interest.mate"), "utf-8"
    )
    give(shop, shop / "tags.yaml")
    said = call("tag", "suspend", "interest.tea")
    assert said.exit_code == 0
    assert "nor interest.host, which is made of it" in said.stdout
    assert "made of   interest.tea: not in use" in call("tag", "show", "interest.host").stdout
    tags = {tag["key"]: tag for tag in json.loads(call("tag", "list", "--json").stdout)["tags"]}
    assert tags["interest.host"]["lacking"] == ["interest.tea"]
    assert tags["interest.mate"]["lacking"] == []
    ran = call("run", "all")
    assert ran.exit_code == 0, ran.output
    assert "not computed: interest.host, made of interest.tea, which is not in use" in ran.stdout
