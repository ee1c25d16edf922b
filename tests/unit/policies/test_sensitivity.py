# SPDX-License-Identifier: Apache-2.0
"""Every row of the table of sensitive attributes, and every state's digital age of consent."""

from pathlib import Path

import pytest

from policies.decision import Question, decide
from policies.document import parse_documents
from policies.packs import pack_of
from policies.vocabulary import Regime

TABLE = Path(__file__).parents[2] / "cases" / "sensitivity.yaml"
MEANS = {
    "plain": ("allowed", "none", False),
    "limit": ("allowed", "none", True),
    "ordinary": ("needs_consent", "ordinary", False),
    "separate": ("needs_consent", "separate", True),
    "explicit": ("needs_consent", "explicit", True),
    "prohibited": ("prohibited", "none", True),
}
AGES = {
    13: "BE EE FI LV MT PT SE",
    14: "AT BG CY ES IT LT",
    15: "CZ DK FR GR SI",
    16: "DE HR HU IE LU NL PL RO SK",
}


def rows():
    value = parse_documents(TABLE.read_bytes(), TABLE.name)[0].value
    for row in value["rows"]:
        ask = {**value["base"], "asserts": row["asserts"], "subject_age": row.get("age", "adult")}
        ask["derivation"] = row.get("derivation", ask["derivation"])
        for regime in Regime:
            name = f"{row['name']}: {regime}"
            yield pytest.param(str(regime), ask, row[regime], row.get("age"), id=name)


@pytest.mark.parametrize(("regime", "ask", "wanted", "age"), list(rows()))
def test_each_kind_of_attribute_is_what_the_texts_make_of_it(regime, ask, wanted, age):
    answer = decide(Question.model_validate(ask), pack_of(regime))
    if wanted == "gap":
        assert answer.verdict == "gap"
    elif wanted == "guardian":
        assert (answer.verdict, answer.consent) == ("needs_consent", "guardian")
        assert answer.sensitive == (regime == "pipl_cn" and age < 14)
    else:
        assert (answer.verdict, answer.consent, answer.sensitive) == MEANS[wanted]
    assert ("right_to_limit" in answer.requires) == (wanted == "limit")


@pytest.mark.parametrize("age", AGES)
def test_a_child_below_the_age_of_its_state_needs_the_guardian(age):
    for state in AGES[age].split():
        assert consent(state, age - 1) == "guardian", state
        assert consent(state, age) == "ordinary", state


def test_without_a_state_the_age_is_16():
    assert consent(None, 15) == "guardian"
    assert consent(None, 16) == "ordinary"


def consent(state, age):
    ask = Question(
        sources=["user.behavior.purchase_history"],
        purposes=["first_party_recommendation"],
        basis_claimed="consent",
        subject_age=age,
        member_state=state,
    )
    return decide(ask, pack_of("gdpr")).consent
