# SPDX-License-Identifier: Apache-2.0
"""`policy decide` and `policy classify`: one question or many, from a file or stdin; every problem at once."""

import json
import time

import pytest
from typer.testing import CliRunner

from governance.cli.app import app

MARKETING = "first_party_personalised_marketing"


def tagwarden(*args, stdin=None, code=0):
    done = CliRunner().invoke(app, [str(arg) for arg in args], input=stdin)
    assert done.exit_code == code, done.output
    return done


def answered(text, *options):
    done = tagwarden("policy", "decide", "-", "--json", *options, stdin=text)
    return json.loads(done.stdout)


def test_one_question_gets_one_object():
    found = answered(f"key: a.b\nname: {{en: Electronics, zh: 电子产品}}\npurpose: {MARKETING}\n")
    assert found["apiVersion"] == "tagwarden/v1"
    assert found["key"] == "a.b"
    assert {name: part["verdict"] for name, part in found["answers"].items()} == {
        "gdpr": "allowed",
        "pipl_cn": "needs_consent",
        "ccpa": "allowed",
    }
    for part in found["answers"].values():
        assert {"verdict", "consent", "sensitive", "requires", "cites", "why", "trace"} <= set(part)
        assert set(part["why"]) == {"en", "zh"}


@pytest.mark.parametrize("form", ["yaml", "json", "documents"])
def test_a_list_gets_a_list_in_the_same_order(form):
    questions = [
        {"key": "a", "name": "孕妇装", "purpose": MARKETING},
        {"name": "Electronics enthusiast", "purposes": [MARKETING]},
        {"key": "c", "name": "韭菜用户", "purpose": MARKETING},
    ]
    lines = [json.dumps(question, ensure_ascii=False) for question in questions]
    text = {
        "yaml": "".join(f"- {line}\n" for line in lines),
        "json": json.dumps(questions),
        "documents": "---\n".join(f"{line}\n" for line in lines),
    }[form]
    found = answered(text)
    assert [one["key"] for one in found] == ["a", None, "c"]
    assert [one["answers"]["pipl_cn"]["consent"] for one in found] == [
        "separate",
        "ordinary",
        "none",
    ]
    assert found[0]["found"][0]["term"] == "孕妇装"
    assert found[2]["screened"][0]["keyword_class"] == "harmful_information"


def test_a_list_of_one_stays_a_list_and_an_empty_one_is_empty():
    assert len(answered(f"- {{purpose: {MARKETING}}}\n")) == 1
    assert answered("[]") == []


def test_only_the_regimes_that_are_named_answer():
    assert list(answered(f"purpose: {MARKETING}\n", "--regime", "ccpa")["answers"]) == ["ccpa"]
    done = tagwarden("policy", "decide", "-", "--regime", "gdrp", stdin="purpose: x\n", code=4)
    assert 'did you mean "gdpr"?' in done.stderr


def test_every_problem_of_every_question_is_told_with_its_place(tmp_path):
    file = tmp_path / "questions.yaml"
    file.write_text(
        "- {purposs: analytics}\n"
        "- {purpose: analytics}\n"
        "- purpose: analytics\n"
        "  subject_age: old\n"
        "  name: {fr: Enceinte}\n"
        "- just words\n",
        "utf-8",
    )
    done = tagwarden("policy", "decide", file, "--json", code=2)
    problems = json.loads(done.stdout)["error"]["problems"]
    assert {(p["line"], p["code"]) for p in problems} >= {
        (1, "unknown-key"),
        (4, "bad-value"),
        (5, "unknown-key"),
    }
    assert any(p["line"] == 6 for p in problems)
    assert any('did you mean "purposes"?' in p["hint"] for p in problems)
    assert not any(p["line"] == 2 for p in problems)


@pytest.mark.parametrize("text", ["", "# nothing\n"])
def test_no_question_is_refused(text):
    assert "no-question" in tagwarden("policy", "decide", "-", stdin=text, code=2).stderr


def test_a_person_reads_which_words_counted():
    done = tagwarden("policy", "decide", "-", stdin=f"name: Halal food\npurpose: {MARKETING}\n")
    assert '[classified] user.demographic.religious_belief: "halal" in name' in done.stdout


def test_a_thousand_questions_take_less_than_two_seconds():
    questions = [
        {
            "key": f"interest.tag_{number}",
            "name": {"en": "Maternity wear" if number % 2 else "Coffee lover", "zh": "咖啡爱好者"},
            "description": "bought in three orders within 30 days",
            "sources": ["user.behavior.purchase_history"],
            "purpose": MARKETING,
        }
        for number in range(1000)
    ]
    answered(json.dumps(questions[:1]))  # packs and dictionary are read once
    start = time.process_time()
    found = answered(json.dumps(questions))
    assert time.process_time() - start < 2
    assert len(found) == 1000


def test_words_are_explained():
    found = json.loads(
        tagwarden("policy", "classify", "Prenatal classes", "韭菜用户", "Tea", "--json").stdout
    )["texts"]
    assert [one["text"] for one in found] == ["Prenatal classes", "韭菜用户", "Tea"]
    assert found[0]["found"][0]["category"] == "x.health.reproductive"
    assert set(found[0]["found"][0]["why"]) == {"en", "zh"}
    assert found[1]["screened"][0]["topic"] == "humiliation"
    assert found[2] == {"text": "Tea", "found": [], "screened": []}
    told = tagwarden("policy", "classify", "-", "--lang", "zh", stdin="孕妇装\n茶\n").stdout
    assert "由购物推断怀孕" in told
    assert "nothing found" in told


def test_an_own_dictionary_counts_and_a_broken_one_is_refused(tmp_path):
    own = tmp_path / "own.yaml"
    head = "apiVersion: tagwarden/v1\nkind: Dictionary\nentries:\n"
    own.write_text(
        head
        + "  - {id: house, category: x.disability, provenance: knowledge, en: [silver care]}\n",
        "utf-8",
    )
    text = f"name: Silver care\npurpose: {MARKETING}\n"
    assert answered(text)["answers"]["gdpr"]["verdict"] == "allowed"
    assert answered(text, "--dictionary", own)["answers"]["gdpr"]["consent"] == "explicit"
    own.write_text(
        head + "  - {id: house, category: x.disabilty, provenance: knowledge}\n", "utf-8"
    )
    done = tagwarden("policy", "decide", "-", "--dictionary", own, stdin=text, code=2)
    assert "[bad-dictionary]" in done.stderr
    assert "own.yaml:4" in done.stderr
    missing = tmp_path / "none.yaml"
    done = tagwarden("policy", "classify", "Tea", "--dictionary", missing, code=2)
    assert "[file-unreadable]" in done.stderr
