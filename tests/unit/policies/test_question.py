# SPDX-License-Identifier: Apache-2.0
"""Questions whose tag does not say what it reveals: words are read, the answer follows the law."""

from pathlib import Path

import pytest

from policies.decision import Question, decide
from policies.document import parse_documents
from policies.packs import packs
from policies.question import ORDINARY, answers, not_asserted, prepared
from policies.vocabulary import Verdict

CASES = Path(__file__).parents[2] / "cases" / "decision_unasserted.yaml"


def load():
    value = parse_documents(CASES.read_bytes(), CASES.name)[0].value
    for group in value["groups"]:
        for number, case in enumerate(group["cases"]):
            for regime, wanted in group["answers"].items():
                yield pytest.param(
                    regime,
                    {**value["base"], **case},
                    wanted,
                    id=f"{regime}: {group['name']} {number}",
                )


def asked(**words):
    return Question.model_validate({"purpose": "first_party_personalised_marketing", **words})


def steps(question):
    return [(step.rule, step.said) for step in prepared(question).steps]


def test_there_are_at_least_forty_cases():
    assert len({repr(case.values[1]) for case in load()}) >= 40


@pytest.mark.parametrize(("regime", "ask", "wanted"), list(load()))
def test_a_tag_that_does_not_say_what_it_reveals_is_answered_by_its_words(regime, ask, wanted):
    _, found = answers(Question.model_validate(ask), packs())
    answer = found[regime]
    for name in ("verdict", "consent", "sensitive"):
        if name in wanted:
            assert getattr(answer, name) == wanted[name], name
    assert set(wanted.get("requires", [])) <= set(answer.requires)
    assert not set(wanted.get("lacks", [])) & set(answer.requires)
    for cite in wanted.get("cites", []):
        assert any(found.startswith(cite) for found in answer.cites), cite


def test_the_trace_says_which_words_revealed_what():
    question = asked(key="interest.a", name={"en": "Maternity wear", "zh": "孕妇装"})
    assert steps(question) == [
        ("classified", 'x.health.reproductive: "maternity" in name'),
        ("classified", 'x.health.reproductive: "孕妇装" in name'),
    ]
    _, found = answers(question, packs())
    assert found["gdpr"].trace[0].rule == "classified"


def test_what_is_stated_counts_and_what_is_missing_is_said():
    question = asked(name="Halal food buyer", asserts=["user.behavior.purchase_history"])
    assert steps(question) == [
        ("not-asserted", 'user.demographic.religious_belief: "halal" in name')
    ]
    _, found = answers(question, packs())
    assert found["gdpr"].verdict is Verdict.ALLOWED
    assert [i.term for i in not_asserted(question, prepared(question).found)] == ["halal"]
    assert steps(asked(name="Halal", asserts=["user.demographic.religious_belief"])) == []


def test_a_hint_decides_nothing_and_is_no_missing_statement():
    question = asked(name="Vitamins")
    assert ("hint", 'user.health_and_medical: "vitamin" in name') in steps(question)
    assert prepared(question).question.asserts == (ORDINARY,)
    assert steps(asked(name="Vitamins", asserts=["user.demographic.profile"])) == []


def test_without_a_finding_the_sources_stand_in():
    question = asked(name="Opens newsletters", sources=["user.behavior"])
    ready = prepared(question)
    assert ready.question.asserts == ()
    assert ready.steps[0].rule == "classified"
    trace = [step.rule for step in decide(ready.question, packs()["gdpr"]).trace]
    assert "asserts-from-sources" in trace


def test_an_empty_list_of_asserts_is_not_a_statement():
    assert prepared(asked(name="Pregnant", asserts=[])).question.asserts == (
        "x.health.reproductive",
    )


def test_a_stated_keyword_class_is_kept_and_a_missing_one_is_found():
    assert prepared(asked(name="韭菜用户")).question.keyword_class == "harmful_information"
    assert prepared(asked(description="赌博")).question.keyword_class == "illegal_information"
    stated = prepared(asked(name="赌博", keyword_class="harmful_information"))
    assert stated.question.keyword_class == "harmful_information"
    assert ("screened", 'harmful_information: "韭菜" (humiliation)') in steps(asked(key="韭菜"))


@pytest.mark.law("CN-ALGO-18-MINOR-24")
def test_a_tag_about_children_is_asked_at_their_age_unless_it_is_stated():
    assert prepared(asked(name="Teenagers")).question.subject_age == 13
    assert prepared(asked(name="Teenagers", subject_age="adult")).question.subject_age == "adult"
    stated = asked(name="小学生", asserts=["user.childrens"])
    assert prepared(stated).question.subject_age == 12
    other = asked(name="小学生", asserts=["user.demographic.profile"])
    assert prepared(other).question.subject_age is None


def test_a_question_with_nothing_to_read_is_left_as_it_is():
    question = asked(sources=["user.behavior"], asserts=["user.behavior"])
    ready = prepared(question)
    assert ready.question is question
    assert (ready.steps, ready.found, ready.hits) == ((), (), ())


def test_purposes_have_two_names_that_add_up():
    question = Question(purposes=["analytics"], purpose=["pricing", "analytics"])
    assert question.uses() == ("analytics", "pricing")


@pytest.mark.parametrize("name", [3, ["a"], {"en": 3}, {"fr": "Enceinte"}])
def test_a_name_is_a_text_or_one_for_each_language(name):
    with pytest.raises(ValueError, match="name"):
        asked(name=name)
