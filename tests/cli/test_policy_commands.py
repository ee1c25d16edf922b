# SPDX-License-Identifier: Apache-2.0
"""policy show, diff, simulate, schema and overlays on the command line."""

import json

import pytest
from pyroaring import BitMap
from typer.testing import CliRunner

from governance.cli.app import app
from tests.workshop import a_folder, applied, reopened

OVERLAY = """
apiVersion: tagwarden/pack/v1
kind: PolicyOverlay
extends: gdpr
key: house
rules:
  - id: OWN-1
    provenance: operator
    cites: [House rule 1]
    when: {purpose: first_party_recommendation}
    then:
      verdict: prohibited
      why: {en: Not here., zh: 本店不做。}
"""
QUESTION = """
sources: [user.behavior]
asserts: [user.demographic.religious_belief]
purposes: first_party_recommendation
"""
TAG = """
apiVersion: tagwarden/v1
kind: Tag
key: interest.flowers
name: {en: Flowers, zh: 花卉}
says: {en: "orders flowers", zh: "购买花卉"}
owner: growth-team
dimension: interest
derivation: inferred
sources: [user.behavior.purchase_history]
asserts: [user.demographic.profile]
purposes: [first_party_recommendation]
basis: {gdpr: legitimate_interest, pipl_cn: consent, ccpa: notice}
ttl: 30d
value: "orders() >= 3"
purge_on_withdrawal: immediately
"""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.yaml").write_text(OVERLAY, "utf-8")
    (tmp_path / "question.yaml").write_text(QUESTION, "utf-8")


def tagwarden(*arguments, code=0):
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == code, done.output
    return done


def answer(*arguments, **more):
    return json.loads(tagwarden(*arguments, "--json", **more).stdout)


def test_a_pack_is_shown_whole_in_both_languages():
    shown = answer("policy", "show", "gdpr")
    assert {"rules_in_order", "duties_in_order", "sensitivity", "sets", "tables"} <= set(shown)
    assert shown["companions"] == ["eu_dsa", "eu_eprivacy", "eu_consumer", "eu_ai_act"]
    assert all(rule["why"]["zh"] for rule in shown["rules_in_order"])
    assert shown["duties_in_order"][0]["requires"]["notice"]["zh"] == "履行告知义务"
    english, chinese = (
        tagwarden("policy", "show", "pipl_cn", "--lang", lang).stdout for lang in ("en", "zh")
    )
    assert "CN-PIPL-29: needs consent (separate consent)" in english
    assert "CN-PIPL-13-law (?)" in english
    assert "须取得单独同意" in chinese
    assert "敏感个人信息 (user.health_and_medical" in chinese
    assert "DSA Art. 28(2)" in tagwarden("policy", "show", "eu_dsa").stdout


def test_an_overlay_counts_in_decide_and_says_whose_it_is():
    plain = answer("policy", "decide", "question.yaml", "--regime", "gdpr")["answers"]["gdpr"]
    own = answer("policy", "decide", "question.yaml", "--overlay", "own.yaml")["answers"]["gdpr"]
    assert (plain["verdict"], own["verdict"]) == ("needs_consent", "prohibited")
    assert (own["rule"], own["provenance"]) == ("OWN-1", "operator")


def test_an_overlay_that_was_applied_counts_in_decide_and_in_show(tmp_path):
    folder = a_folder(tmp_path)
    assert "no overlays" in tagwarden("policy", "overlays", "-w", folder).stdout
    assert "house\tin_force" in tagwarden("policy", "apply", "own.yaml", "-w", folder).stdout
    found = answer("policy", "decide", "question.yaml", "-w", folder)["answers"]["gdpr"]
    assert found["rule"] == "OWN-1"
    assert "OWN-1 (own): prohibited" in tagwarden("policy", "show", "gdpr", "-w", folder).stdout
    assert answer("policy", "decide", "question.yaml")["answers"]["gdpr"]["rule"] != "OWN-1"
    tagwarden("policy", "withdraw", "house", "-w", folder)
    found = answer("policy", "decide", "question.yaml", "-w", folder)["answers"]["gdpr"]
    assert found["rule"] != "OWN-1"


def reasoned(path):
    reason = "reason: our counsel has looked at it\nrules"
    path.write_text(OVERLAY.replace("rules", reason), "utf-8")


def test_a_laxer_overlay_goes_through_two_pairs_of_hands(tmp_path, monkeypatch):
    folder = a_folder(tmp_path)
    tagwarden("operator", "add", "reviewer", "--role", "dpo", "-w", folder)
    reasoned(tmp_path / "own.yaml")
    text = tagwarden("policy", "apply", "own.yaml", "-w", folder).stdout
    (waiting,) = answer("policy", "overlays", "-w", folder)["overlays"]
    assert (waiting["state"], waiting["by"]) == ("proposed", "officer")
    assert f"tagwarden policy approve house --digest {waiting['digest'][:12]}" in text
    words = ("policy", "approve", "house", "--digest", waiting["digest"][:12], "-w", folder)
    assert "[own-change]" in tagwarden(*words, code=3).stderr
    monkeypatch.setenv("TAGWARDEN_ACTOR", "reviewer")
    assert tagwarden(*words).stdout == "house: in force\n"
    (counts,) = answer("policy", "overlays", "-w", folder)["overlays"]
    assert (counts["state"], counts["by"]) == ("in_force", "reviewer")
    assert "may be laxer: our counsel" in tagwarden("policy", "show", "gdpr", "-w", folder).stdout


def test_what_waits_can_be_read_and_tried_before_it_is_approved(tmp_path):
    folder = a_folder(tmp_path)
    tagwarden("policy", "apply", "own.yaml", "-w", folder)
    reasoned(tmp_path / "own.yaml")
    tagwarden("policy", "apply", "own.yaml", "-w", folder)
    shown = tagwarden("policy", "overlays", "house", "-w", folder).stdout
    (tmp_path / "shown.yaml").write_text(shown, "utf-8")
    again = answer("policy", "apply", "shown.yaml", "-w", folder)["overlays"]
    assert [one["state"] for one in again] == ["unchanged"]
    assert (
        "nothing would change" in tagwarden("policy", "simulate", "shown.yaml", "-w", folder).stdout
    )
    found = answer("policy", "decide", "question.yaml", "--overlay", "shown.yaml", "-w", folder)
    assert found["answers"]["gdpr"]["rule"] == "OWN-1"
    assert (
        "[unknown-overlay]" in tagwarden("policy", "overlays", "hause", "-w", folder, code=4).stderr
    )


def test_a_file_is_tried_over_what_is_in_force(tmp_path):
    folder = a_folder(tmp_path)
    tagwarden("policy", "apply", "own.yaml", "-w", folder)
    other = OVERLAY.replace("house", "other").replace("OWN-1", "OWN-2")
    (tmp_path / "other.yaml").write_text(other.replace("first_party", "third_party"), "utf-8")
    words = ("policy", "decide", "question.yaml", "--overlay", "other.yaml")
    assert "[bad-overlay]" in tagwarden(*words, "-w", folder, code=2).stderr
    other = other.replace("first_party_recommendation", "analytics")
    (tmp_path / "other.yaml").write_text(other, "utf-8")
    assert answer(*words, "-w", folder)["answers"]["gdpr"]["rule"] == "OWN-1"
    assert answer(*words)["answers"]["gdpr"]["rule"] != "OWN-1"


def test_a_marketplace_is_asked_as_one(tmp_path):
    folder = a_folder(tmp_path)
    text = (folder / "tagwarden.toml").read_text("utf-8")
    (folder / "tagwarden.toml").write_text(
        text.replace("# role =", "role =").replace('role = ""', 'role = "online_platform"'), "utf-8"
    )
    (tmp_path / "question.yaml").write_text(
        QUESTION.replace("first_party_recommendation", "cross_context_advertising"), "utf-8"
    )
    found = answer("policy", "decide", "question.yaml", "-w", folder)["answers"]["gdpr"]
    assert (found["verdict"], found["rule"]) == ("prohibited", "EU-DSA-26-3")


def test_a_companion_can_be_asked_alone():
    found = answer("policy", "decide", "question.yaml", "--regime", "eu_dsa")["answers"]
    assert found["eu_dsa"]["verdict"] == "allowed"


def test_a_difference_is_told_rule_by_rule_and_answer_by_answer():
    found = answer("policy", "diff", "gdpr", "own.yaml")
    assert [item["id"] for item in found["changes"]] == ["version", "OWN-1"]
    ways = {item["way"] for item in found["answers"]}
    assert "stricter" in ways
    assert "laxer" not in ways
    assert all("first_party_recommendation" in item["question"] for item in found["answers"])
    text = tagwarden("policy", "diff", "gdpr", "own.yaml").stdout
    assert "+ rules OWN-1" in text
    assert "no difference" in tagwarden("policy", "diff", "ccpa", "ccpa@2026.11.3").stdout


@pytest.mark.parametrize(
    ("one", "other", "error", "code"),
    [
        ("gdpr", "ccpa", "other-regime", 2),
        ("gdpr", "gdpr@1999.01", "unknown-version", 4),
        ("gdpr", "nothing.yaml", "file-unreadable", 2),
        ("gdrp", "gdpr", "unknown-regime", 4),
    ],
)
def test_what_cannot_be_compared_is_refused(one, other, error, code):
    assert f"[{error}]" in tagwarden("policy", "diff", one, other, code=code).stderr


def test_a_simulation_says_who_would_lose_what_and_exits_1_when_it_gets_worse(tmp_path):
    folder = a_folder(tmp_path)
    ws = reopened(folder)
    from governance.intake.people import enrol

    who = ws.people.admit("customer", ["C-1"])["C-1"]
    with ws.store.write() as unit:
        enrol(ws, unit, BitMap([who]), regime="ccpa")
    purposes = tmp_path / "purposes.yaml"
    purposes.write_text(PURPOSE, "utf-8")
    (tmp_path / "tag.yaml").write_text(TAG, "utf-8")
    from governance import purpose

    purpose.apply(ws, [purposes])
    applied(ws, tmp_path / "tag.yaml")
    ws.close()
    (tmp_path / "own.yaml").write_text(OVERLAY.replace("gdpr", "ccpa"), "utf-8")
    assert "nothing would change" in tagwarden("policy", "simulate", "ccpa", "-w", folder).stdout
    found = answer("policy", "simulate", "own.yaml", "-w", folder, code=1)
    assert found["worse"]
    (tag,) = found["tags"]
    assert (tag["tag"], tag["lose"], tag["gain"]) == ("interest.flowers", 1, 0)
    text = tagwarden("policy", "simulate", "own.yaml", "-w", folder, "--lang", "zh", code=1).stdout
    assert "本店不做。" in text
    tagwarden("policy", "apply", "own.yaml", "-w", folder)
    assert "nothing would change" in tagwarden("policy", "simulate", "ccpa", "-w", folder).stdout


PURPOSE = """
apiVersion: tagwarden/v1
kind: Purpose
key: first_party_recommendation
name: {en: Recommendation, zh: 推荐}
says: {en: we recommend goods, zh: 推荐商品}
use: first_party_recommendation
personalised: true
retention: 365d
"""


@pytest.mark.parametrize("kind", ["pack", "overlay", "tag", "purpose"])
def test_the_schema_of_a_document_is_printed_for_editors(kind):
    schema = json.loads(tagwarden("policy", "schema", kind).stdout)
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert {"apiVersion", "kind"} <= set(schema["required"])
    assert "companions" not in schema["properties"]
    assert schema["additionalProperties"] is False


def test_the_schema_of_an_overlay_takes_one_word_where_a_list_may_stand():
    schema = json.loads(tagwarden("policy", "schema", "overlay").stdout)
    purpose = schema["$defs"]["When"]["properties"]["purpose"]
    assert {"type": "string"} in purpose["anyOf"]
    assert {"type": "array", "items": {"type": "string"}} in purpose["anyOf"]
