# SPDX-License-Identifier: Apache-2.0
"""An operator's own document may be stricter freely, and laxer only with a reason."""

import pytest

from audit.errors import BadInput
from policies.decision import Question, decide
from policies.document import parse_documents
from policies.overlays import lay, with_overlay
from policies.packs import pack_of, packs

HEAD = """
apiVersion: tagwarden/pack/v1
kind: PolicyOverlay
extends: {regime}
key: counsel
"""
RULE = """
  - id: OWN-{number}
    provenance: operator
    cites: [House rule {number}]
    when: {{purpose: {purpose}}}
    then:
      verdict: {verdict}
      why: {{en: Our own rule., zh: 本店规则。}}
"""
REASONED = "reason: our lawyers have looked at it\n"


def overlay(*parts, regime="gdpr"):
    return HEAD.format(regime=regime) + "".join(parts)


def rule(purpose, verdict, number=1):
    return RULE.format(number=number, purpose=purpose, verdict=verdict)


def answer(text, regime="gdpr", **ask):
    pack = with_overlay(pack_of(regime), text, "own.yaml")
    base = {"sources": ["user.behavior"], "purposes": ["first_party_recommendation"]}
    return decide(Question.model_validate({**base, **ask}), pack)


def test_an_overlay_may_be_stricter_without_asking():
    found = answer(overlay("rules:", rule("first_party_recommendation", "prohibited")))
    assert (found.verdict, found.rule, found.provenance) == ("prohibited", "OWN-1", "operator")
    assert found.pack == f"{pack_of('gdpr').version}+counsel"


def test_without_a_reason_a_laxer_rule_does_not_count_and_the_trace_says_so():
    text = overlay("rules:", rule("cross_context_advertising", "allowed"))
    found = answer(text, purposes=["cross_context_advertising"])
    assert (found.verdict, found.consent) == ("needs_consent", "ordinary")
    assert any(s.rule == "counsel" and "no reason" in s.said for s in found.trace)


def test_with_a_reason_it_counts_and_the_trace_says_which():
    text = overlay(REASONED, "rules:", rule("analytics", "allowed"), regime="pipl_cn")
    found = answer(text, "pipl_cn", purposes=["analytics"])
    assert (found.verdict, found.rule) == ("allowed", "OWN-1")
    said = [step.said for step in found.trace if step.rule == "counsel"]
    assert said == ["laxer than CN-PIPL-13-1-other: our lawyers have looked at it"]


def test_a_gap_can_be_settled_with_a_reason():
    member = "sets: {sensitive_pi: [user.financial]}\n"
    own = rule("analytics", "needs_consent").replace(
        "verdict: needs_consent", "verdict: needs_consent\n      consent: separate"
    )
    ask = {"purposes": ["analytics"], "asserts": ["user.financial"]}
    assert (
        answer(overlay(member, "rules:", own, regime="pipl_cn"), "pipl_cn", **ask).verdict == "gap"
    )
    settled = answer(overlay(REASONED, member, "rules:", own, regime="pipl_cn"), "pipl_cn", **ask)
    assert (settled.verdict, settled.consent, settled.sensitive) == (
        "needs_consent",
        "separate",
        True,
    )


def test_one_more_member_of_a_set_makes_its_tags_sensitive():
    text = overlay("sets: {special_category: [user.demographic.marital_status]}\n")
    found = answer(text, asserts=["user.demographic.marital_status"])
    assert (found.verdict, found.consent, found.sensitive) == ("needs_consent", "explicit", True)


@pytest.mark.parametrize(
    ("age", "reason", "wanted"),
    [(15, "", "guardian"), (13, "", "guardian"), (13, REASONED, "ordinary")],
)
def test_an_age_of_a_state_can_be_raised_and_lowered_only_with_a_reason(age, reason, wanted):
    text = overlay(reason, f"tables: {{digital_age: {{AT: {age}}}}}\n")
    ask = {"subject_age": 13 if age == 13 else 14, "member_state": "AT", "basis_claimed": "consent"}
    assert answer(text, **ask).consent == wanted


def test_a_duty_of_ones_own_is_added():
    text = overlay(
        "duties:\n  - {id: OWN-D, provenance: operator, cites: [House rule 9], requires: [dpia]}\n"
    )
    assert "dpia" in answer(text).requires


def test_a_stricter_rule_without_a_reason_drops_no_duty():
    own = rule("first_party_recommendation", "needs_consent").replace(
        "verdict: needs_consent", "verdict: needs_consent\n      consent: ordinary"
    )
    found = answer(overlay("rules:", own))
    assert {"notice", "right_to_object_direct_marketing", "balancing_test"} <= set(found.requires)


def two(second="second"):
    one = overlay("rules:", rule("analytics", "prohibited", 1))
    other = overlay("rules:", rule("service_display", "prohibited", 2)).replace("counsel", second)
    return parse_documents(f"{one}---{other}", "own.yaml")


def test_two_overlays_lie_on_each_other():
    laid = lay(two(), packs())
    assert laid["gdpr"].version == f"{pack_of('gdpr').version}+counsel+second"
    assert laid["ccpa"] is packs()["ccpa"]
    for purpose in ("analytics", "service_display"):
        ask = Question(sources=["user.behavior"], purposes=[purpose])
        assert decide(ask, laid["gdpr"]).verdict == "prohibited"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (overlay("reason: because\n"), "reason"),
        (overlay("approved_by: general counsel\n"), "not a key"),
        (overlay("sets: {special_category: [user.demografic]}\n"), "unknown category"),
        (overlay("tables: {digital_aeg: {AT: 15}}\n"), 'unknown table "digital_aeg"'),
        (overlay("rules:", rule("analytiks", "prohibited")), "unknown purpose"),
        (
            overlay("rules:", rule("analytics", "prohibited").replace("operator", "verified")),
            "law's",
        ),
        (
            overlay("rules:", rule("analytics", "prohibited").replace("OWN-1", "GDPR-8")),
            "one thing",
        ),
        (overlay("rulez: []\n"), "not a key"),
        (overlay("", regime="lgpd"), "extends"),
    ],
)
def test_what_an_overlay_may_not_say_is_refused_with_its_place(text, said):
    with pytest.raises(BadInput) as caught:
        with_overlay(pack_of("gdpr"), text, "own.yaml")
    assert caught.value.code == "bad-overlay"
    assert any(said in problem.message for problem in caught.value.problems)
    assert all(problem.line > 1 for problem in caught.value.problems)


def test_one_key_stands_for_one_overlay():
    with pytest.raises(BadInput) as caught:
        lay(two(second="counsel"), packs())
    assert ["twice" in problem.message for problem in caught.value.problems] == [True]
