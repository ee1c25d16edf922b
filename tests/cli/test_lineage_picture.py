# SPDX-License-Identifier: Apache-2.0
"""`tag lineage` without a workspace, as a tree, as data and as a picture, in two languages."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner

from governance import purpose
from governance.cli import lineage as command
from governance.cli.app import app
from tests.unit.governance.test_run import PURPOSES, TAG
from tests.workshop import a_workspace, applied

SHOP = Path(__file__).parents[2] / "examples" / "shop"
FILES = ("--files", SHOP / "tags", "--files", SHOP / "features.yaml")


@pytest.fixture(autouse=True)
def nowhere(tmp_path, monkeypatch):
    monkeypatch.delenv("TAGWARDEN_WORKSPACE", raising=False)
    monkeypatch.chdir(tmp_path)


def call(*arguments):
    return CliRunner().invoke(app, ["tag", "lineage", *map(str, arguments)])


def test_files_are_enough_and_a_pipe_gets_indented_lines():
    done = call("behaviour.champion", *FILES)
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0] == "tag behaviour.champion  Champion"
    assert "    feature orders.last_365_days  Orders within 365 days" in lines
    assert "      column event_type, session" in lines
    assert "─" not in done.stdout


def test_a_terminal_gets_a_tree(monkeypatch):
    monkeypatch.setattr(command, "on_terminal", lambda: True)
    done = call("behaviour.champion", *FILES)
    assert "└── tag consumption.rfm_monetary" in done.stdout


def test_a_source_is_found_by_its_bare_key_and_tells_who_uses_it():
    done = call("coupon_discount", *FILES)
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == [
        "column coupon_discount",
        "  used by discount.share, consumption.deal_seeker",
    ]
    assert call("column:coupon_discount", *FILES).stdout == done.stdout


def test_the_tree_speaks_chinese():
    done = call("interest.fresh_food_lover", "--lang", "zh", *FILES)
    assert done.stdout.splitlines()[0] == "标签 interest.fresh_food_lover  偏好生鲜"
    assert "    事件列 amount、department、event_type" in done.stdout.splitlines()


def test_what_was_told_already_is_not_told_again(tmp_path):
    tags = [TAG.format(key="a.t0", ttl="30d", value="orders() > 1")]
    for number in range(1, 60):  # each names the two before it: a tree of them would never end
        value = f"tag('a.t{number - 1}') or tag('a.t{max(0, number - 2)}')"
        tags.append(TAG.format(key=f"a.t{number}", ttl="30d", value=value))
    (tmp_path / "tags.yaml").write_text("---".join(tags), "utf-8")
    done = call("--files", tmp_path / "tags.yaml")
    assert done.exit_code == 0, done.output
    assert len(done.stdout.splitlines()) < 400
    assert "(see above)" in done.stdout


def test_json_has_names_labels_and_the_edges_between_what_is_shown():
    data = json.loads(call("interest.fresh_food_lover", "--json", *FILES).stdout)
    nodes = {node["id"]: node for node in data["nodes"]}
    assert nodes["fresh.share"]["name"]["zh"] == "90天内生鲜占消费金额的比例"
    assert nodes["interest.fresh_food_lover"]["labels"] == [
        "user.behavior.purchase_history",
        "user.demographic.profile",
    ]
    assert ["fresh.share", "interest.fresh_food_lover"] in data["edges"]
    assert {end for edge in data["edges"] for end in edge} <= set(nodes)


def test_a_picture_goes_to_a_file_or_to_the_output(tmp_path):
    target = tmp_path / "lineage.svg"
    done = call("--svg", target, "--lang", "zh", *FILES)
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith(f"{target}: ")
    root = ET.fromstring(target.read_text("utf-8"))  # noqa: S314  (our own)
    assert root.get("lang") == "zh-CN"
    assert "偏好生鲜" in "".join(root.itertext())
    printed = call("--svg", "-", "--lang", "zh", *FILES)
    assert printed.stdout == target.read_text("utf-8")
    data = json.loads(call("--svg", target, "--json", *FILES).stdout)
    assert data["written"] == str(target)


def test_a_picture_that_cannot_be_written_is_said(tmp_path):
    done = call("--svg", tmp_path / "no" / "where.svg", *FILES)
    assert done.exit_code == 2
    assert "file-unwritable" in done.stderr


def test_two_things_never_go_to_one_output():
    done = call("--svg", "-", "--json", *FILES)
    assert done.exit_code == 2
    assert done.stdout == ""


def test_files_without_a_tag_and_files_with_problems_are_refused():
    assert "no-documents" in call("--files", SHOP / "purposes.yaml").stderr
    done = call("--files", SHOP / "tags")  # the features are not there
    assert done.exit_code == 2
    assert "unknown-feature" in done.stderr


def test_a_workspace_brings_its_attributes_and_its_language(tmp_path, monkeypatch):
    ws = a_workspace(tmp_path / "here")
    (tmp_path / "purposes.yaml").write_text(PURPOSES, "utf-8")
    purpose.apply(ws, [tmp_path / "purposes.yaml"])
    with ws.store.write() as unit:
        unit.connection.exec_driver_sql(
            "INSERT INTO attribute (key, category, class_id) VALUES ('age', 'user.demographic.age_range', 1)"
        )
    tag = TAG.format(key="basic.older", ttl="30d", value="attribute('age') = '65+'").replace(
        "[user.demographic.profile]", "[user.demographic.profile, user.demographic.age_range]"
    )
    (tmp_path / "tags.yaml").write_text(tag, "utf-8")
    applied(ws, tmp_path / "tags.yaml")
    monkeypatch.setenv("TAGWARDEN_WORKSPACE", str(ws.paths.root))
    ws.close()
    done = call("basic.older")
    assert "    data user.demographic.age_range" in done.stdout.splitlines()
    monkeypatch.setenv("TAGWARDEN_WORKSPACE_LANGUAGE", "zh")
    assert call("basic.older").stdout.startswith("标签 basic.older")
