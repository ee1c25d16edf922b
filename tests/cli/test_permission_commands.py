# SPDX-License-Identifier: Apache-2.0
"""purpose, policy, consent, choice and subject on the command line: what they print and leave."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from pyroaring import BitMap
from typer.testing import CliRunner

from governance.cli.app import app
from governance.store import bitmaps
from tests.shop import a_tag
from tests.workshop import NOON, a_folder, reopened

NUMBER = "C-20240817"
PURPOSES = Path(__file__).parents[2] / "examples" / "shop" / "purposes.yaml"
RECOMMENDING = "first_party_recommendation"


@pytest.fixture
def shop(tmp_path, monkeypatch):
    folder = a_folder(tmp_path)
    monkeypatch.setenv("TAGWARDEN_CLOCK_FIXED", "2026-03-01T12:00:00Z")
    monkeypatch.setenv("TAGWARDEN_ROLE", "dpo")
    ws = reopened(folder)
    from governance.intake.people import enrol

    who = ws.people.admit("customer", [NUMBER])[NUMBER]
    with ws.store.write() as unit:
        enrol(ws, unit, BitMap([who]), regime="pipl_cn")
    ws.close()
    tagwarden("purpose", "apply", PURPOSES, "-w", folder)
    assessed = PURPOSES.with_name("assessments.yaml").read_text("utf-8")
    for was in (2020, 2018, 2017):  # the example's calendar stands at the beginning of 2018
        assessed = assessed.replace(f": {was}-", f": {was + 8}-")
    (tmp_path / "assessments.yaml").write_text(assessed, "utf-8")
    tagwarden("assessment", "apply", tmp_path / "assessments.yaml", "-w", folder)
    return folder


@pytest.fixture
def number(tmp_path):
    path = tmp_path / "number.txt"
    path.write_text(NUMBER + "\n", "utf-8")
    return f"@{path}"


def tagwarden(*arguments, code=0, stdin=""):
    done = CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)
    assert done.exit_code == code, done.output
    assert NUMBER not in done.output
    return done


def answer(*arguments, **more):
    return json.loads(tagwarden(*arguments, "--json", **more).stdout)


def give_tag(folder, tag):
    """Let the person have a tag, as a published run would."""
    ws = reopened(folder)
    with ws.store.write() as unit:
        connection = unit.connection
        connection.exec_driver_sql(
            "INSERT INTO run (id, name, mode, state, as_of, started_at, report) "
            "VALUES (1, 'run-1', 'all', 'published', 0, 0, '{}')"
        )
        connection.exec_driver_sql(
            "INSERT INTO definition (id, key, version, state, digest, meaning, document, author, "
            "applied_at, evaluated_at) VALUES (1, ?, 1, 'active', '', '', ?, '', 0, ?)",
            (tag.key, json.dumps(tag.model_dump(mode="json", by_alias=True)), NOON),
        )
        connection.exec_driver_sql("INSERT INTO tagvalue VALUES (1, 1, 'true')")
        connection.exec_driver_sql(
            "INSERT INTO assignment (subject_id, tv, valid_from, run_id) VALUES (1, 1, ?, 1)",
            (NOON,),
        )
        bitmaps.change(connection, [("tv:1", 1, True)])
    ws.close()


def has_tag(folder):
    ws = reopened(folder)
    with ws.store.read() as connection:
        found = connection.exec_driver_sql(
            "SELECT 1 FROM assignment WHERE valid_to IS NULL"
        ).first()
        audience = bitmaps.members(connection, "tv:1")
    ws.close()
    assert bool(audience) == (found is not None)
    return found is not None


def acts(folder):
    """What the evidence log says was done, and that it names nobody."""
    ws = reopened(folder)
    ws.evidence.drain()
    path = ws.paths.evidence
    ws.close()
    with closing(sqlite3.connect(path)) as log:
        entries = [row[0] for row in log.execute("SELECT bytes FROM entry ORDER BY idx")]
    assert not any(NUMBER.encode() in entry for entry in entries)
    return [json.loads(entry)["act"] for entry in entries]


def test_purposes_are_applied_listed_and_shown(shop):
    assert "nothing to do: 5 purposes" in tagwarden("purpose", "apply", PURPOSES, "-w", shop).stdout
    listed = answer("purpose", "list", "-w", shop)["purposes"]
    assert RECOMMENDING in [item["key"] for item in listed]
    shown = tagwarden("purpose", "show", RECOMMENDING, "-w", shop, "--lang", "zh").stdout
    assert "本店商品推荐" in shown
    missing = tagwarden("purpose", "show", "first_party_recomendation", "-w", shop, code=4)
    assert f'did you mean "{RECOMMENDING}"?' in missing.stderr


@pytest.mark.law("CN-PIPL-14", "CN-PIPL-15")
def test_a_consent_is_recorded_checked_and_withdrawn(shop, number):
    given = ("--purpose", RECOMMENDING, "-w", shop)
    tagwarden("consent", "record", "-s", number, *given, "--at", "2026-02-01", "--notice", "n-1")
    now = answer("consent", "check", "-s", number, *given)
    assert now["given"] == ["ordinary"]
    before = answer("consent", "check", "-s", number, *given, "--at", "2026-01-31")
    assert before["kinds"] == {}
    tagwarden("consent", "withdraw", "-s", "-", *given, stdin=NUMBER)
    assert answer("consent", "check", "-s", number, *given)["given"] == []
    told = answer("consent", "history", "-s", number, "-w", shop)["history"]
    assert [(item["state"], item["kind"]) for item in told] == [
        ("given", "ordinary"),
        ("withdrawn", "all"),
    ]
    assert acts(shop)[-6:] == [
        "consent.recorded",
        "read.consent",
        "read.consent",
        "consent.recorded",
        "read.consent",
        "read.consent",
    ]
    (row,) = answer("consent", "coverage", "-w", shop)["coverage"]
    assert (row["withdrawn"], row["given"], row["never"]) == (1, 0, 0)


@pytest.mark.law("CN-PIPL-15")
def test_a_withdrawal_ends_the_tag_and_says_so(shop, number):
    given = ("--purpose", RECOMMENDING, "-w", shop)
    tagwarden("consent", "record", "-s", number, *given)
    give_tag(shop, a_tag())
    done = tagwarden("consent", "withdraw", "-s", number, *given)
    assert "1 tags ended at once" in done.stdout
    assert not has_tag(shop)


def test_consents_come_in_from_a_file_and_only_once(shop, tmp_path, number):
    (tmp_path / "map.yaml").write_text(
        "apiVersion: tagwarden/v1\nkind: ConsentMap\n"
        "subject: {column: who}\n"
        f"purpose: {{constant: {RECOMMENDING}}}\n"
        "state: {column: said, values: {yes: given, no: withdrawn}}\n"
        "time: {column: at, zone: UTC}\nexpires: {column: until, zone: UTC}\n",
        "utf-8",
    )
    (tmp_path / "said.csv").write_text(
        "who,said,at,until\n"
        f"{NUMBER},no,2026-02-02 10:00:00,2027-01-01 00:00:00\n"
        f"{NUMBER},yes,2026-02-01 10:00:00,2027-01-01 00:00:00\n"
        "C-2,yes,2026-02-01 10:00:00,\n",
        "utf-8",
    )
    call = ("consent", "import", tmp_path / "said.csv", "--map", tmp_path / "map.yaml", "-w", shop)
    (report,) = answer(*call)["reports"]
    assert (report["added"], report["new_people"]) == (3, 1)
    answer(*call)
    asked = ("consent", "check", "-s", number, "--purpose", RECOMMENDING, "-w", shop)
    assert answer(*asked)["given"] == []
    assert answer(*asked, "--at", "2026-02-01T12:00:00Z")["given"] == ["ordinary"]
    (row,) = answer("consent", "coverage", "-w", shop)["coverage"]
    assert (row["given"], row["withdrawn"]) == (1, 1)


def test_an_unknown_number_is_not_repeated(shop):
    done = tagwarden("consent", "history", "-s", "C-99999999", "-w", shop, code=4)
    assert "[subject-unknown]" in done.stderr
    assert "C-99999999" not in done.output


@pytest.mark.parametrize(
    ("option", "value", "code"),
    [("--at", "yesterday", "bad-time"), ("--kind", "verbal", "bad-consent")],
)
def test_what_cannot_be_recorded_is_a_wrong_argument(shop, number, option, value, code):
    call = ("consent", "record", "-s", number, "--purpose", RECOMMENDING, option, value, "-w", shop)
    assert f"[{code}]" in tagwarden(*call, code=2).stderr


@pytest.mark.law("CA-135-b", "CA-7025-c6")
def test_every_choice_is_recorded_listed_and_taken_back(shop, number):
    where = ("-s", number, "-w", shop)
    tagwarden("choice", "object", *where, "--purpose", RECOMMENDING)
    tagwarden("choice", "restrict", *where)
    tagwarden("choice", "gpc", *where)
    tagwarden("choice", "personalisation", "off", *where)
    held = answer("choice", "list", *where)["choices"]
    assert [item["kind"] for item in held] == ["depersonalise", "object", "opt-out", "restrict"]
    tagwarden("choice", "limit", *where)
    tagwarden("choice", "decisions", "off", *where)
    held = answer("choice", "list", *where)["choices"]
    assert {"limit", "admt-opt-out"} <= {item["kind"] for item in held}
    assert "bad-switch" in tagwarden("choice", "decisions", "of", *where, code=2).stderr
    later = ("--at", "2026-03-01T12:00:00.000001Z")
    assert "after the present" in tagwarden("choice", "unrestrict", *where, *later, code=2).stderr
    assert "bad-switch" in tagwarden("choice", "personalisation", "of", *where, code=2).stderr
    missing = tagwarden("choice", "object", *where, "--purpose", "recommendation", code=4)
    assert "[unknown-purpose]" in missing.stderr


@pytest.mark.law("CN-ALGO-17-2")
def test_a_deleted_tag_goes_at_once(shop, number):
    where = ("-s", number, "-w", shop)
    give_tag(shop, a_tag())
    assert (
        "[unknown-tag]"
        in tagwarden("choice", "delete-tag", "interest.flower", *where, code=4).stderr
    )
    assert has_tag(shop)
    assert answer("choice", "delete-tag", "interest.flowers", *where)["ended"] == 1
    assert not has_tag(shop)


def test_the_law_is_asked_from_a_file_or_stdin(tmp_path):
    question = tmp_path / "question.yaml"
    question.write_text(
        "purposes: [first_party_personalised_marketing]\n"
        "sources: [user.behavior.purchase_history]\n"
        "basis_claimed: legitimate_interest\n",
        "utf-8",
    )
    found = answer("policy", "decide", question)["answers"]
    assert {name: part["verdict"] for name, part in found.items()} == {
        "gdpr": "allowed",
        "pipl_cn": "needs_consent",
        "ccpa": "allowed",
    }
    for part in found.values():
        assert {"verdict", "consent", "sensitive", "requires", "cites", "why"} <= set(part)
    told = tagwarden("policy", "decide", "-", "--lang", "zh", stdin=question.read_text("utf-8"))
    assert "需取得同意" in told.stdout
    one = answer("policy", "decide", question, "--regime", "ccpa")["answers"]
    assert list(one) == ["ccpa"]


def test_a_question_that_cannot_be_asked_is_refused_with_the_place(tmp_path):
    question = tmp_path / "question.yaml"
    question.write_text("purposs: [analytics]\nsubject_age: old\n", "utf-8")
    done = tagwarden("policy", "decide", question, code=2)
    assert 'did you mean "purposes"?' in done.stderr
    assert "question.yaml:2" in done.stderr


def test_packs_are_shown_with_what_waits_for_review():
    packs = answer("policy", "show")["packs"]
    assert [item["regime"] for item in packs] == ["gdpr", "pipl_cn", "ccpa"]
    assert all(item["to_review"] for item in packs)
    assert "CN-PIPL-31" in tagwarden("policy", "show", "pipl_cn").stdout
    assert "[unknown-regime]" in tagwarden("policy", "show", "pipl", code=4).stderr


@pytest.mark.law("GDPR-5-2", "GDPR-25")
def test_an_officer_sees_what_the_purpose_permits_and_the_look_is_on_record(shop, number):
    look = ("subject", "show", "-s", number, "--purpose", RECOMMENDING, "-w", shop)
    give_tag(shop, a_tag())
    refused = answer(*look)
    assert (refused["tags"], refused["withheld"]) == ([], {"no-consent": 1})
    tagwarden("consent", "record", "-s", number, "--purpose", RECOMMENDING, "-w", shop)
    seen = answer(*look)
    assert [tag["key"] for tag in seen["tags"]] == ["interest.flowers"]
    assert seen["regime"] == "pipl_cn"
    assert seen["consents"][RECOMMENDING]["ordinary"]["state"] == "given"
    assert "interest.flowers" in tagwarden(*look).stdout
    assert acts(shop).count("read.subject") == 3


def test_another_regime_is_another_answer(shop, number):
    where = ("-s", number, "-w", shop)
    give_tag(shop, a_tag(basis={"ccpa": "notice", "pipl_cn": "consent"}))
    done = answer("subject", "regime", *where, "--set", "ccpa")
    assert done == {"apiVersion": "tagwarden/v1", "changed": True, "ended": 0}
    look = answer("subject", "show", *where, "--purpose", RECOMMENDING)
    assert [tag["key"] for tag in look["tags"]] == ["interest.flowers"]
    assert answer("subject", "regime", *where, "--set", "gdpr")["ended"] == 1
    assert "nothing to do" in tagwarden("subject", "regime", *where, "--set", "gdpr").stdout
    assert (
        "[unknown-regime]" in tagwarden("subject", "regime", *where, "--set", "eu", code=4).stderr
    )


def test_whether_one_may_ask_again_is_said_with_the_day_and_the_article(shop, number):
    asked = ("consent", "may-ask", "--subject", number, "-p", RECOMMENDING, "-w", shop)
    assert tagwarden(*asked).stdout == "may be asked\n"
    tagwarden(
        "consent",
        "record",
        "--subject",
        number,
        "-p",
        RECOMMENDING,
        "--state",
        "refused",
        "-w",
        shop,
    )
    assert tagwarden(*asked, "--lang", "zh").stdout == (
        "再次征求同意不得早于 2026-08-28T12:00:00Z: 本人拒绝同意 (2026-03-01T12:00:00Z; NDSR Art. 22(5))\n"
    )
    assert answer(*asked)["may_ask"] is False
