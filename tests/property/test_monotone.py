# SPDX-License-Identifier: Apache-2.0
"""Knowing more about a tag never makes the law laxer: whatever is added, the answer stays or hardens."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.decision import Question, decide
from policies.layers import severity
from policies.overlays import with_overlay
from policies.packs import categories, packs
from policies.vocabulary import Use

CATEGORIES = sorted(categories())
TELLING = (
    "user.behavior", "user.demographic.profile", "user.demographic.gender", "user.health_and_medical",
    "x.biometric.identification", "user.demographic.political_opinion", "user.criminal_history",
    "user.location.precise", "user.financial", "user.financial.credit_card", "user.childrens",
    "user.device.cookie_id", "user.content.private", "x.neural_data", "user.government_id", "user",
)  # fmt: skip
"""One category of each kind that some pack treats in its own way."""
RECIPIENTS = (
    "third_party_ads", "processor", "group_company", "overseas_group_company", "overseas_recipient",
)  # fmt: skip
BASES = ("consent", "contract", "legal_obligation", "public_task", "legitimate_interest", "notice")
DECIDED = ("opted_out", "opt_out_signal", "limited", "admt_opted_out")
USES = [str(use) for use in Use]
rarely = st.sampled_from([None, None, None, None, True, False])
categories_named = st.lists(st.sampled_from(TELLING), min_size=1, max_size=2, unique=True)


def mostly(usual, *others):
    return st.sampled_from([*[usual] * len(others), *others])


questions = st.fixed_dictionaries(
    {
        "derivation": st.sampled_from([None, "declared", "observed", "inferred"]),
        "sources": mostly(["user.behavior.purchase_history"], ["user.biometric"], ["user"]),
        "asserts": categories_named,
        "purposes": st.lists(st.sampled_from(USES), min_size=1, max_size=1),
        "automated": st.sampled_from([None, True, False, "solely"]),
        "effect": mostly("none", "legal_or_similarly_significant"),
        "recipients": st.lists(st.sampled_from(RECIPIENTS), max_size=1),
        "subject_age": mostly("adult", 10, 13, 14, 15, 17),
        "basis_claimed": mostly(None, *BASES),
        "service_conditional": rarely,
        "art22_gateway": mostly(None, "contract_necessity", "explicit_consent", "law"),
        "affects": mostly([], ["price"], ["trading_terms"]),
        "same_goods_same_terms": rarely,
        "consumer_informed": rarely,
        "keyword_class": mostly(None, "harmful_information"),
        "member_state": mostly(None, "BE", "DE"),
        "authorising_law": mostly(None, "a law"),
        "opted_out": rarely,
        "opt_out_signal": rarely,
        "limited": rarely,
        "admt_opted_out": rarely,
        "role": mostly(None, "own_shop", "online_platform"),
    }
)


def asked(ask, **more):
    found = {**ask, **more}
    return Question.model_validate({**found, "recipients": found["recipients"] or ["none"]})


def hardens(ask, **more):
    for regime, pack in packs().items():
        before, after = decide(asked(ask), pack), decide(asked(ask, **more), pack)
        assert severity(after) >= severity(before), (regime, before.rule, after.rule)


FULL = settings(max_examples=150, deadline=None)


@FULL
@given(questions, st.sampled_from(TELLING))
def test_what_a_tag_reveals_besides_never_makes_it_laxer(ask, category):
    hardens(ask, asserts=[*ask["asserts"], category])


@FULL
@given(questions, st.sampled_from(RECIPIENTS))
def test_one_more_recipient_never_makes_it_laxer(ask, recipient):
    hardens(ask, recipients=[*ask["recipients"], recipient])


@FULL
@given(questions, st.sampled_from(USES))
def test_one_more_purpose_never_makes_it_laxer(ask, use):
    hardens(ask, purposes=[*ask["purposes"], use])


@FULL
@given(questions, st.integers(0, 18))
def test_a_younger_person_never_makes_it_laxer(ask, age):
    if "user.childrens" in {*ask["asserts"], *ask["sources"]}:
        return  # of an adult it says that somebody else is a child
    older = 200 if ask["subject_age"] == "adult" else ask["subject_age"]
    hardens(ask, subject_age=min(age, older))


@FULL
@given(questions)
def test_a_choice_never_makes_it_laxer(ask):
    undecided = {**ask, **dict.fromkeys(DECIDED, False)}
    for choice in DECIDED:
        hardens(undecided, **{choice: True})
        hardens({**ask, choice: False}, **{choice: True})


@FULL
@given(questions)
def test_an_online_platform_is_never_freer_than_a_shop(ask):
    hardens({**ask, "role": "own_shop"}, role="online_platform")


@FULL
@given(questions)
def test_an_answer_is_whole(ask):
    for pack in packs().values():
        answer = decide(asked(ask), pack)
        assert (answer.consent == "none") == (answer.verdict != "needs_consent")
        assert answer.why["en"]
        assert answer.why["zh"]
        assert answer.cites or answer.verdict == "gap"
        assert answer.basis_carries is None or pack.basis_refused is not None


@pytest.mark.slow
@settings(max_examples=5_000, deadline=None)
@given(questions, st.sampled_from(CATEGORIES), st.sampled_from(RECIPIENTS), st.integers(0, 18))
def test_in_many_more_questions(ask, category, recipient, age):
    test_what_a_tag_reveals_besides_never_makes_it_laxer.hypothesis.inner_test(ask, category)
    test_one_more_recipient_never_makes_it_laxer.hypothesis.inner_test(ask, recipient)
    test_a_younger_person_never_makes_it_laxer.hypothesis.inner_test(ask, age)


OVERLAY = """
apiVersion: tagwarden/pack/v1
kind: PolicyOverlay
extends: {regime}
key: any
sets: {{{kind}: [{category}]}}
rules:
  - id: OWN
    provenance: operator
    cites: [House rule]
    when: {{purpose: {use}}}
    then:
      verdict: {verdict}
      consent: {consent}
      why: {{en: Ours., zh: 本店。}}
"""
VERDICTS = [
    ("allowed", "none"), ("gap", "none"), ("prohibited", "none"),
    *(("needs_consent", kind) for kind in ("ordinary", "separate", "explicit", "guardian")),
]  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(questions, st.sampled_from(["gdpr", "pipl_cn", "ccpa"]), st.data())
def test_an_overlay_without_approval_never_makes_it_laxer(ask, regime, data):
    pack = packs()[regime]
    verdict, consent = data.draw(st.sampled_from(VERDICTS))
    text = OVERLAY.format(
        regime=regime,
        kind=data.draw(st.sampled_from(sorted(pack.sets))),
        category=data.draw(st.sampled_from(CATEGORIES)),
        use=data.draw(st.sampled_from(USES)),
        verdict=verdict,
        consent=consent,
    )
    before, after = decide(asked(ask), pack), decide(asked(ask), with_overlay(pack, text, "own"))
    assert severity(after) >= severity(before)
    assert after.sensitive or not before.sensitive
    if after.verdict in ("allowed", "needs_consent"):
        assert set(before.requires) <= set(after.requires)
