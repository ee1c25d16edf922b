# SPDX-License-Identifier: Apache-2.0
"""`tagwarden audit log`: what it prints, what it writes, and how it ends."""

import json
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from governance.cli.app import app
from tests.workshop import a_folder, reopened


@pytest.fixture
def shop(tmp_path, monkeypatch):
    folder = a_folder(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TAGWARDEN_WORKSPACE", str(folder))
    return folder


def log(*arguments, code=0):
    done = CliRunner().invoke(app, ["audit", "log", *map(str, arguments)])
    assert done.exit_code == code, done.output
    return done


def act(shop, count):
    with closing(reopened(shop)) as ws, ws.store.write() as unit:
        for number in range(count):
            unit.log(ws.evidence.entry("consent.recorded", n=number))


def test_an_auditor_checks_everything_with_what_was_handed_out(shop):
    act(shop, 5)
    assert log("checkpoint", "--out", "old.note").stdout == "old.note: checkpoint over 6 entries\n"
    act(shop, 300)
    log("checkpoint", "--keys", "--out", "keys")
    log("checkpoint", "--out", "new.note")
    assert log("prove", 7, "--out", "7.proof").stdout == "7.proof: proof of entry 7 among 306\n"
    assert (
        log("consistency", "old.note", "--out", "growth").stdout == "growth: 6 entries, now 306\n"
    )
    assert log("export", "--tiles", "tiles").stdout == (
        "tiles: 306 entries in 5 new files, 0 were there\n"
    )
    log("verifier", "--out", "verifier.py")
    for question in (
        ["proof", "7.proof"],
        ["tiles", "tiles"],
        ["consistency", "old.note", "new.note", "--tiles", "tiles"],
    ):
        done = subprocess.run(
            [sys.executable, "-I", "verifier.py", *question, "--keys", "keys"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout[:5]) == (0, "good:"), question


@pytest.mark.usefixtures("shop")
def test_what_is_printed_is_the_file_itself():
    note = log("checkpoint").stdout
    Path("printed.note").write_text(note)
    assert log("consistency", "printed.note").stdout.startswith("old 1\n\ntagwarden-audit/")


def test_every_answer_is_there_as_json(shop):
    act(shop, 3)
    log("checkpoint", "--out", "old.note")
    noted = json.loads(log("checkpoint", "--json").stdout)
    assert (noted["size"], noted["note"].split("\n")[1]) == (4, "4")
    assert len(json.loads(log("checkpoint", "--keys", "--json").stdout)["keys"]) == 2
    proven = json.loads(log("prove", 2, "--json").stdout)
    assert (proven["index"], len(proven["proof"]), json.loads(proven["entry"])["v"]) == (2, 2, 1)
    grown = json.loads(log("consistency", "old.note", "--json").stdout)
    assert (grown["old"], grown["proof"]) == (grown["new"], [])
    exported = json.loads(log("export", "--tiles", "tiles", "--json").stdout)
    assert (exported["size"], exported["written"]) == (4, 2)
    assert len(json.loads(log("verifier", "--json").stdout)["sha256"]) == 64


def test_a_fork_ends_with_six(shop, tmp_path):
    shutil.copytree(shop.parent / "rings", tmp_path / "kept" / "rings")
    shutil.copytree(shop, tmp_path / "kept" / "shop")
    act(shop, 2)
    log("checkpoint", "--out", "old.note")
    for name in ("rings", "shop"):
        shutil.rmtree(shop.parent / name)
        shutil.copytree(tmp_path / "kept" / name, shop.parent / name)
    assert "[log-rolled-back]" in log("consistency", "old.note", code=6).stderr
    act(shop, 2)
    act(shop, 2)
    answer = json.loads(log("consistency", "old.note", "--json", code=6).stdout)
    assert answer["error"]["code"] == "log-forked"


@pytest.mark.usefixtures("shop")
def test_what_is_not_there_is_told():
    assert "entries have the numbers 0 to 0" in log("prove", 9, code=4).stderr
    assert "[file-unreadable]" in log("consistency", "none.note", code=2).stderr
    assert "[file-unwritable]" in log("checkpoint", "--out", "none/x", code=2).stderr
    assert "[no-anchors]" in log("anchor", code=2).stderr


@pytest.mark.usefixtures("shop")
def test_anchors_are_told_one_by_one(tmp_path, monkeypatch):
    (tmp_path / "drop").mkdir()
    places = f"file:{tmp_path / 'drop'}, file:{tmp_path / 'away'}"
    monkeypatch.setenv("TAGWARDEN_EVIDENCE_ANCHORS", places)
    said = log("anchor", code=5).stdout.splitlines()
    assert said[0] == f"file:{tmp_path / 'drop'}: checkpoint over 1 entries, sent"
    assert said[1].startswith(f"file:{tmp_path / 'away'}: checkpoint over 1 entries, not reached:")
    answer = json.loads(log("anchor", "--json", code=5).stdout)
    assert [(one["new"], bool(one["failed"])) for one in answer["anchors"]] == [
        (False, False),
        (False, True),
    ]


@pytest.mark.parametrize(
    "command", ["verify", "checkpoint", "prove", "consistency", "export", "anchor", "verifier"]
)
def test_help_has_an_example(command):
    assert "Example: tagwarden audit log" in log(command, "--help").stdout
