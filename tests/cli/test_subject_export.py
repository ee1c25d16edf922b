# SPDX-License-Identifier: Apache-2.0
"""`tagwarden subject export`: what it prints, which form it writes, and what it never shows."""

import json
import zipfile

import pytest
from typer.testing import CliRunner

from governance.cli.app import app
from tests.access import Shop, a_person

NUMBER = "C-20240817"


@pytest.fixture
def shop(tmp_path):
    opened = Shop(tmp_path / "ws")
    a_person(opened, NUMBER)
    opened.close()
    return opened.ws.paths.root


@pytest.fixture
def number(tmp_path):
    path = tmp_path / "number.txt"
    path.write_text(NUMBER + "\n", "utf-8")
    return f"@{path}"


def export(shop, who, *arguments, code=0, stdin=""):
    command = ["subject", "export", who, "-w", str(shop), *map(str, arguments)]
    done = CliRunner().invoke(app, command, input=stdin)
    assert done.exit_code == code, done.output
    assert NUMBER not in done.output
    assert "Köln" not in done.output
    return done


@pytest.mark.parametrize("ending", ["html", "json", "zip"])
def test_the_form_follows_the_ending_and_only_counts_are_printed(shop, number, tmp_path, ending):
    out = tmp_path / f"me.{ending}"
    printed = export(shop, number, "--out", out).stdout.splitlines()
    assert printed[0] == "place\trecords"
    assert "store.assignment\t2" in printed
    if ending == "zip":
        assert zipfile.is_zipfile(out)
    else:
        assert out.read_text("utf-8").startswith({"html": "<!DOCTYPE", "json": "{"}[ending])


def test_a_number_may_come_by_standard_input(shop, tmp_path):
    out = tmp_path / "me.data"
    done = export(shop, "-", "--out", out, "--format", "json", "--json", stdin=NUMBER)
    answer, package = json.loads(done.stdout), json.loads(out.read_text("utf-8"))
    assert answer["places"] == package["counts"]
    assert answer["bytes"] == out.stat().st_size


def test_it_speaks_the_language_asked_for_and_leaves_out_what_was_inferred(shop, number, tmp_path):
    out = tmp_path / "me.json"
    export(shop, number, "--out", out, "--lang", "zh", "--portable")
    package = json.loads(out.read_text("utf-8"))
    assert (package["language"], package["kind"]) == ("zh", "PortablePackage")
    assert "store.assignment" not in package["counts"]


def test_what_is_refused_names_the_way_out(shop, number, tmp_path):
    out = tmp_path / "me.html"
    inside = export(shop, number, "--out", shop / "me.html", code=3)
    assert "inside-workspace" in inside.stderr
    export(shop, number, "--out", out)
    assert "--force" in export(shop, number, "--out", out, code=5).stderr
    export(shop, number, "--out", out, "--force")
    assert "subject-unknown" in export(shop, "-", "--out", out, code=4, stdin="nobody").stderr


def test_whoever_lacks_the_role_gets_nothing(shop, number, tmp_path, monkeypatch):
    monkeypatch.setenv("TAGWARDEN_ROLE", "tagger")
    denied = export(shop, number, "--out", tmp_path / "me.html", code=3)
    assert "not-permitted" in denied.stderr
    assert not (tmp_path / "me.html").exists()
