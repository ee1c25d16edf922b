# SPDX-License-Identifier: Apache-2.0
"""`policy obligations`: what an officer reads, and what a program gets."""

import json

from typer.testing import CliRunner

from governance.cli.app import app


def tagwarden(*arguments, code=0):
    done = CliRunner().invoke(app, ["policy", "obligations", *arguments])
    assert done.exit_code == code, done.output
    return done


def test_an_officer_sees_what_is_covered_and_what_is_open():
    lines = tagwarden("gdpr").stdout.splitlines()
    assert lines[0].split("\t")[:5] == ["id", "article", "how", "severity", "state"]
    (withdrawn,) = (line for line in lines if line.startswith("GDPR-7-3\t"))
    assert "covered in part" in withdrawn
    assert "at the next read" in withdrawn
    assert len(lines) == 43 + 2
    assert lines[-1].startswith("covered: ")


def test_the_same_in_chinese_and_only_what_is_open():
    lines = tagwarden("pipl_cn", "--state", "open", "--lang", "zh").stdout.splitlines()
    assert all("未覆盖" in line for line in lines[1:])
    assert not [line for line in lines if line.startswith("CN-PIPL-13\t")]


def test_json_has_stable_keys_and_counts_the_whole_regime():
    data = json.loads(tagwarden("ccpa", "--state", "done", "--json").stdout)
    assert data["apiVersion"] == "tagwarden/v1"
    assert set(data["counts"]) == {"done", "partly", "open"}
    assert sum(data["counts"].values()) == 37
    assert len(data["obligations"]) == data["counts"]["done"]
    assert list(data["obligations"][0]) == [
        "id",
        "regime",
        "article",
        "when",
        "must",
        "kind",
        "severity",
        "state",
        "by",
        "lacks",
        "rules",
        "reasons",
        "documents",
        "acts",
        "commands",
        "clocks",
        "provenance",
        "sources",
    ]


def test_all_regimes_come_when_none_is_named():
    data = json.loads(tagwarden("--json").stdout)
    assert len(data["obligations"]) == 125


def test_what_is_unknown_is_said_with_the_way_out():
    assert 'did you mean "pipl_cn"?' in tagwarden("pipl", code=4).stderr
    assert "[unknown-state]" in tagwarden("--state", "finished", code=2).stderr
