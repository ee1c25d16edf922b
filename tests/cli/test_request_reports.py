# SPDX-License-Identifier: Apache-2.0
"""`tagwarden request` doctor, notice, register, metrics, evidence: what is printed, and how it ends."""

import csv
import io
import json
import zipfile

import pytest
from typer.testing import CliRunner

from audit.clock import iso
from governance.cli.app import app
from tests.desk import Step, a_desk, a_person, ended, later, opened, verified

NUMBER = "C-canary-77"


@pytest.fixture
def shop(tmp_path):
    """A workspace whose clock stands 60 days after a request was received and 40 after another."""
    ws = a_desk(tmp_path)
    ref = opened(ws, "access", a_person(ws, NUMBER, "ccpa"))
    verified(ws, ref)
    later(ws, 20)
    ended(ws, opened(ws, "opt-out", a_person(ws, NUMBER, "ccpa")), Step.FULFIL)
    later(ws, 40)
    settings = ws.paths.root / "tagwarden.toml"
    text = settings.read_text("utf-8")
    assert "# fixed = " in text
    settings.write_text(text.replace('# fixed = ""', f'fixed = "{iso(ws.clock.at)}"'), "utf-8")
    ws.close()
    return ws.paths.root, ref


def request(shop, *arguments, code=0):
    done = CliRunner().invoke(app, ["request", *map(str, arguments), "-w", str(shop[0])])
    assert done.exit_code == code, done.output
    assert NUMBER not in done.output
    return done


def test_the_doctor_ends_with_one_while_something_is_overdue(shop):
    found = json.loads(request(shop, "doctor", "--json", code=1).stdout)
    assert found["overdue"] == 2
    assert {task["what"] for task in found["tasks"]} == {"letter", "execution"}
    assert all(task["command"].startswith("tagwarden request ") for task in found["tasks"])
    for language, words in (("en", "2 overdue"), ("zh", "逾期 2 项")):
        printed = request(shop, "doctor", "--lang", language, code=1).stdout
        assert words in printed
        assert f"tagwarden request execute {shop[1]} --out FILE" in printed


def test_a_letter_is_printed_or_written_and_noted_when_it_was_given(shop, tmp_path):
    ref = shop[1]
    done = request(shop, "notice", ref, "--lang", "zh")
    assert done.stdout.startswith("我们已收到您的请求")
    assert "--sent" in done.stderr
    out = tmp_path / "letter.txt"
    said = json.loads(request(shop, "notice", ref, "--sent", "--out", out, "--json").stdout)
    assert out.read_text("utf-8") == said["text"]
    assert json.loads(request(shop, "doctor", "--json", code=1).stdout)["overdue"] == 1
    request(shop, "notice", ref, "--kind", "refusal", code=5)
    request(shop, "notice", "rq-0", code=4)


def test_the_register_comes_as_a_table_csv_json_and_a_page(shop, tmp_path):
    rows = list(csv.reader(io.StringIO(request(shop, "register", "--csv").stdout)))
    assert [row[0] for row in rows][:2] == ["request", shop[1]]
    assert rows[1][-2:] == ["no", "the confirmation of receipt, the answer"]
    found = json.loads(request(shop, "register", "--json", "--from", "2026-03-02").stdout)
    assert [one["kind"] for one in found["requests"]] == ["opt-out"]
    page = tmp_path / "register.html"
    request(shop, "register", "--html", page, "--lang", "zh")
    assert "个人请求登记簿" in page.read_text("utf-8")
    assert request(shop, "register").stdout.splitlines()[0].startswith("request\tlaw\t")
    request(shop, "register", "--from", "yesterday", code=2)


def test_the_figures_of_a_year(shop):
    found = json.loads(request(shop, "metrics", "--year", "2026", "--json").stdout)
    assert {one["name"]: one["received"] for one in found["kinds"]} == {"access": 1, "opt-out": 1}
    assert {one["name"] for one in found["ccpa_7102"]} == {"know", "opt-out"}
    assert "11 CCR 7102(a)(1)" in request(shop, "metrics", "--year", "2026").stdout
    assert request(shop, "metrics", "--year", "2024").stdout == ""


def test_the_proof_is_packed(shop, tmp_path):
    out = tmp_path / "proof.zip"
    assert "3 steps" in request(shop, "evidence", shop[1], "--out", out).stdout
    assert "verifier.py" in zipfile.ZipFile(out).namelist()
    request(shop, "evidence", shop[1], "--out", out, code=5)
    request(shop, "evidence", shop[1], "--out", out, "--force")
