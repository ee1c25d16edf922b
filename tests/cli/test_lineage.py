# SPDX-License-Identifier: Apache-2.0
"""Where a tag comes from: labels travel as a union, and vanish when the edge does."""

import json

import pytest
from typer.testing import CliRunner

from governance import catalogue, purpose
from governance.cli.app import app
from tests.unit.governance.test_run import PURPOSES, TAG
from tests.workshop import a_workspace, applied

HEALTH = TAG.format(key="interest.remedies", ttl="30d", value="orders() >= 3").replace(
    "[user.demographic.profile]", "[user.health_and_medical]"
)
PLAIN = TAG.format(key="interest.host", ttl="30d", value="orders() > 1")
HOST = PLAIN.replace("orders() > 1", "tag('interest.remedies') and orders() > 1").replace(
    "[user.demographic.profile]", "[user.demographic.profile, user.health_and_medical]"
)


@pytest.fixture
def ws(tmp_path, monkeypatch):
    opened = a_workspace(tmp_path)
    monkeypatch.setenv("TAGWARDEN_WORKSPACE", str(opened.paths.root))
    (tmp_path / "purposes.yaml").write_text(PURPOSES, "utf-8")
    purpose.apply(opened, [tmp_path / "purposes.yaml"])
    give(opened, tmp_path, HEALTH + "---" + HOST)
    yield opened
    opened.close()


def give(ws, folder, text):
    path = folder / "tags.yaml"
    path.write_text(text, "utf-8")
    applied(ws, path)


def labels(ws, key):
    with ws.store.read() as connection:
        return catalogue.origins(connection).labels(key)


@pytest.mark.law("GDPR-9")
def test_what_an_input_reveals_travels_to_the_tag_and_leaves_with_the_edge(ws, tmp_path):
    assert "user.health_and_medical" in labels(ws, "interest.host")
    with ws.store.read() as connection:
        effective = catalogue.active(connection)["interest.host"].effective
    assert "user.health_and_medical" in effective.sources
    give(ws, tmp_path, PLAIN)
    assert "user.health_and_medical" not in labels(ws, "interest.host")


@pytest.mark.usefixtures("ws")
def test_the_tree_names_what_a_tag_is_made_of_and_what_is_sensitive():
    done = CliRunner().invoke(app, ["tag", "lineage", "interest.host"])
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0].startswith("tag interest.host  sensitive in gdpr")
    assert any(line.startswith("  tag interest.remedies  sensitive in gdpr") for line in lines)
    found = json.loads(CliRunner().invoke(app, ["tag", "lineage", "--json"]).stdout)
    assert ["interest.remedies", "interest.host"] in found["edges"]
    assert {node["role"] for node in found["nodes"]} >= {"tag", "data"}


@pytest.mark.usefixtures("ws")
def test_an_unknown_key_is_answered_with_the_nearest_one():
    done = CliRunner().invoke(app, ["tag", "lineage", "interest.hos"])
    assert done.exit_code == 4
    assert "interest.host" in done.stderr
