# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest

from audit.errors import BadInput, NotFound
from policies.decision import Question, decide
from policies.document import parse_documents
from policies.packs import pack_of, packs, read_pack
from policies.vocabulary import DUTIES, Regime, Use, Verdict

CASES = Path(__file__).parents[2] / "cases"
LIBRARY = Path(__file__).parents[3] / "policies" / "library"


def load(regime):
    path = CASES / f"decision_{regime}.yaml"
    value = parse_documents(path.read_bytes(), path.name)[0].value
    return [
        pytest.param(
            regime, {**value["base"], **case["ask"]}, case["answer"], id=f"{regime}: {case['name']}"
        )
        for case in value["cases"]
    ]


@pytest.mark.parametrize(("regime", "ask", "wanted"), [c for r in Regime for c in load(str(r))])
def test_the_pack_answers_as_the_law_does(regime, ask, wanted):
    answer = decide(Question.model_validate(ask), pack_of(regime))
    for name in ("verdict", "consent", "sensitive", "basis_carries"):
        if name in wanted:
            assert getattr(answer, name) == wanted[name], name
    assert set(wanted.get("requires", [])) <= set(answer.requires)
    assert not set(wanted.get("lacks", [])) & set(answer.requires)
    for cite in wanted.get("cites", []):
        assert any(found.startswith(cite) for found in answer.cites), cite
    assert set(wanted.get("trace", [])) <= {step.rule for step in answer.trace}
    assert answer.why["en"]
    assert answer.why["zh"]
    assert (answer.consent == "none") == (answer.verdict is not Verdict.NEEDS_CONSENT)


@pytest.mark.parametrize("regime", list(Regime))
def test_each_regime_has_at_least_25_cases(regime):
    assert len(load(str(regime))) >= 25


@pytest.mark.parametrize("regime", list(Regime))
def test_every_rule_decides_at_least_one_case(regime):
    pack = pack_of(regime)
    seen = set()
    for case in load(str(regime)):
        answer = decide(Question.model_validate(case.values[1]), pack)
        seen |= {step.rule for step in answer.trace}
    assert {rule.id for rule in pack.rules} <= seen


@pytest.mark.parametrize("regime", list(Regime))
@pytest.mark.parametrize("use", list(Use))
def test_every_purpose_is_settled_for_a_harmless_tag_of_an_adult(regime, use):
    ask = Question(
        sources=["user.behavior.purchase_history"],
        purposes=[use],
        same_goods_same_terms=False,
        automated=True,
    )
    assert decide(ask, pack_of(regime)).verdict in (Verdict.ALLOWED, Verdict.NEEDS_CONSENT)


def test_duties_come_in_the_order_of_the_vocabulary():
    ask = Question(
        sources=["user.health_and_medical"],
        purposes=["cross_context_advertising", "first_party_recommendation"],
        recipients=["third_party_ads", "overseas_recipient"],
    )
    for pack in packs().values():
        requires = decide(ask, pack).requires
        assert list(requires) == sorted(requires, key=DUTIES.index)


def test_a_pack_that_names_unknown_things_is_refused_with_every_place():
    text = (LIBRARY / "gdpr.yaml").read_text("utf-8")
    broken = text.replace("reveals: neural", "reveals: nerual").replace(
        "requires: [balancing_test]", "requires: [balancing_tset]"
    )
    with pytest.raises(BadInput) as caught:
        read_pack(broken.encode(), "broken.yaml")
    messages = [problem.message for problem in caught.value.problems]
    assert any("nerual" in message for message in messages)
    assert any("balancing_tset" in message for message in messages)
    assert all(problem.line > 1 for problem in caught.value.problems)


def test_an_unknown_regime_is_not_found():
    with pytest.raises(NotFound) as caught:
        pack_of("pipl")
    assert "pipl_cn" in caught.value.hint


def test_the_answer_by_purpose_keeps_each_answer():
    ask = Question(
        sources=["user.behavior.purchase_history"],
        purposes=["order_fulfilment", "cross_context_advertising"],
    )
    answer = decide(ask, pack_of("gdpr"))
    assert {use: part.verdict for use, part in answer.by_purpose.items()} == {
        "order_fulfilment": Verdict.ALLOWED,
        "cross_context_advertising": Verdict.NEEDS_CONSENT,
    }
