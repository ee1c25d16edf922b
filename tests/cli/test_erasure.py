# SPDX-License-Identifier: Apache-2.0
"""`tagwarden erasure`: from the preview to a certificate that is verified without the workspace."""

import json

import pytest
from typer.testing import CliRunner

from governance.cli.app import app
from tests.access import Shop, a_person
from tests.erasing import REF, begun

NUMBER = "C-20240817"


@pytest.fixture
def shop(tmp_path):
    """A shop in which the grace of an erasure is over, and another person."""
    opened = Shop(tmp_path / "ws")
    begun(opened.ws, a_person(opened, NUMBER))
    a_person(opened, "C-2")
    opened.close()
    return opened.ws.paths.root


@pytest.fixture
def number(tmp_path):
    path = tmp_path / "number.txt"
    path.write_text("C-2\n", "utf-8")
    return f"@{path}"


def call(shop, *words, code=0):
    done = CliRunner().invoke(app, [*map(str, words), "-w", str(shop)])
    assert done.exit_code == code, done.output
    assert NUMBER not in done.output
    return done.stdout


def test_a_preview_says_what_goes_and_what_stays_until_when(shop, number):
    lines = call(shop, "erasure", "preview", number).splitlines()
    assert lines[0] == "what\trows\tthen\tground\tuntil"
    assert any(line.startswith("behaviour events\t") and "\terased" in line for line in lines)
    assert any("proof that consent was asked for" in line for line in lines)
    chinese = call(shop, "erasure", "preview", number, "--lang", "zh")
    assert "删除" in chinese
    found = json.loads(call(shop, "erasure", "preview", number, "--tag", "interest.tea", "--json"))
    assert [line["place"] for line in found["lines"]] == ["store.assignment"]


def test_two_scopes_at_once_are_refused(shop, number):
    call(shop, "erasure", "preview", number, "--tag", "a.b", "--purpose", "c", code=2)


def test_an_erasure_is_run_and_its_certificate_verified(shop, tmp_path):
    assert "restricted" in call(shop, "erasure", "list")
    out = tmp_path / "erased.tlog-proof"
    call(shop, "erasure", "certificate", REF, "--out", out, code=5)
    done = json.loads(call(shop, "erasure", "run", REF, "--json"))
    assert [(item["ref"], item["step"]) for item in done] == [(REF, "closed")]
    call(shop, "erasure", "certificate", REF, "--out", out)
    keys = tmp_path / "keys"
    call(shop, "audit", "log", "checkpoint", "--keys", "--out", keys)
    checked = CliRunner().invoke(app, ["cert", "verify", str(out), "--vkey", str(keys)])
    assert checked.exit_code == 0, checked.output
    assert REF in checked.stdout
    for language, stays in (
        ("en", "besides: a keyed digest of each identity stays"),
        ("zh", "另: 保留身份的带密钥摘要"),
    ):
        words = ["cert", "verify", str(out), "--vkey", str(keys), "--lang", language]
        said = CliRunner().invoke(app, words).stdout
        assert stays in said
        assert "2029-" in said  # until when the ledgers are kept
        assert "proof-of-consent" not in said


def test_what_has_begun_can_be_cancelled_and_what_is_not_there_cannot(shop):
    call(shop, "erasure", "cancel", REF)
    assert "cancelled" in call(shop, "erasure", "list")
    call(shop, "erasure", "cancel", "R0", code=4)
