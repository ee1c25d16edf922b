# SPDX-License-Identifier: Apache-2.0
"""What a person, an officer and an engineer read about one tag, in both languages."""

import re
from dataclasses import replace

import pytest

from audit.clock import parse_time
from audit.errors import Problems
from policies.vocabulary import Reason
from tagging.document import Tag, Words
from tagging.explain.answer import Explanation, PurposeAnswer, render, to_json
from tagging.explain.evidence import decode_facts, encode_facts, replay
from tagging.explain.reasons import reason
from tagging.explain.template import check_template, fill
from tagging.explain.wording import LINES, NOTES, OF_THE_PERSON, REFUSALS
from tagging.rules.parse import Scope, parse_rule
from tagging.rules.tree import facts

RULE = "orders(category = 'TEA', days => 30) >= 3 and spend(days => 90) >= 50"
YES = PurposeAnswer(
    "recommendation",
    Words(en="Recommendations", zh="商品推荐"),
    allowed=True,
    reasons=(),
    regime="pipl_cn",
    basis="consent",
    consent_id=12,
    consent_at=parse_time("2026-01-02T10:00:00Z"),
    cites=("PIPL Art. 13",),
)
NO = replace(YES, allowed=False, reasons=("consent-withdrawn",), consent_id=None, consent_at=None)


def a_tag(**more):
    return Tag.model_validate(
        {
            "apiVersion": "tagwarden/v1",
            "kind": "Tag",
            "key": "interest.tea",
            "name": {"en": "Tea lover", "zh": "爱茶人"},
            "says": {"en": "bought tea in {count} orders", "zh": "在{count}笔订单中买了茶"},
            "owner": "team",
            "dimension": "interest",
            "derivation": "inferred",
            "sources": ["user.behavior.purchase_history"],
            "asserts": ["user.demographic.profile"],
            "purposes": ["recommendation"],
            "basis": {"gdpr": "consent"},
            "ttl": "30d",
            "value": RULE,
            "purge_on_withdrawal": "immediately",
            **more,
        }
    )


def a_rule(text=RULE):
    problems = Problems()
    root = parse_rule(text, Scope(), problems, (1, 1))
    assert root is not None, problems.found
    return root


def an_answer(values, *, value="true", tag=None, purpose=YES):
    tag = tag or a_tag()
    root = a_rule(tag.value)
    known = dict(zip(facts(root), values, strict=True))
    permitted = purpose.allowed
    return Explanation(
        tag,
        root,
        1,
        "d" * 64,
        value,
        permitted,
        (purpose,),
        reason(root, known, {}) if permitted else None,
        known,
        {},
        since=parse_time("2026-02-01"),
        lapses_at=parse_time("2026-02-20"),
        run="run-1",
        replays=True,
        evidence=encode_facts(values),
    )


def numbers(lines):
    return sorted(re.findall(r"\d[\d,.]*\d|\d", " ".join(lines)))


@pytest.mark.parametrize("depth", ["subject", "officer", "engineer"])
@pytest.mark.parametrize(("values", "value"), [((4, 812_300), "true"), ((1, 90_000), None)])
def test_both_languages_carry_the_same_numbers(depth, values, value):
    answer = an_answer(values, value=value)
    assert numbers(render(answer, depth, "en")) == numbers(render(answer, depth, "zh"))


@pytest.mark.law("GDPR-15-1-h", "CN-PIPL-24-3", "CN-PIPL-48", "CN-ALGO-17-3")
def test_the_person_reads_what_was_noted_why_and_what_would_change_it():
    text = "\n".join(render(an_answer((4, 812_300)), "subject", "en"))
    assert "Tea lover: yes, since 2026-02-01" in text
    assert "bought tea in 4 orders" in text
    assert "4 orders in TEA within 30 days (the rule asks for at least 3)" in text
    assert "81.23" in text
    assert "by time alone" in text
    assert "consent of 2026-01-02" in text
    assert "choice delete-tag" in text


@pytest.mark.law("GDPR-15-1-h")
def test_why_not_says_what_is_missing():
    text = "\n".join(render(an_answer((2, 812_300), value=None), "subject", "en"))
    assert "you do not have this tag" in text
    assert "It would change with: at least 3 orders in TEA within 30 days (now 2; " in text


def test_what_the_gate_refuses_is_said_with_its_reason_and_nothing_else():
    answer = an_answer((4, 812_300), purpose=NO)
    for language, words in (("en", "consent was withdrawn"), ("zh", "撤回")):
        text = "\n".join(render(answer, "engineer", language))
        assert words in text
        assert "TEA within" not in text


def test_withheld_thresholds_are_not_told_to_the_person_but_to_the_officer():
    answer = an_answer((4, 812_300), tag=a_tag(thresholds="withheld"))
    assert "at least" not in "\n".join(render(answer, "subject", "en"))
    assert "at least 3" in "\n".join(render(answer, "officer", "en"))


def test_json_holds_both_languages_and_no_more_than_the_depth_allows():
    answer = an_answer((4, 812_300))
    shallow, deep = to_json(answer, "subject"), to_json(answer, "engineer")
    assert set(shallow["text"]) == {"en", "zh"}
    assert "rule" not in shallow
    assert deep["rule"] == RULE
    assert deep["consents"] == [12]


@pytest.mark.law("GDPR-5-1-d")
def test_evidence_comes_back_as_it_was_and_replays():
    root = a_rule()
    known = decode_facts(root, encode_facts((4, 812_300)))
    assert list(known.values()) == [4, 812_300]
    assert replay(root, known, {}) == "true"
    assert replay(root, {**known, facts(root)[0]: 2}, {}) is None
    with pytest.raises(ValueError, match="not that of this rule"):
        decode_facts(root, "[1]")


@pytest.mark.parametrize(
    ("says", "rule", "problem"),
    [
        ({"en": "{count} orders", "zh": "{count}笔"}, "orders() >= 1", None),
        ({"en": "{count} orders", "zh": "订单"}, "orders() >= 1", "do not name the same facts"),
        ({"en": "{amount}", "zh": "{amount}"}, "orders() >= 1", "no fact"),
        ({"en": "{colour}", "zh": "{colour}"}, "orders() >= 1", "not one of"),
        ({"en": "{value}", "zh": "{value}"}, "orders() >= 1", "takes values"),
        ({"en": "{days} days", "zh": "{days}天"}, "recency() <= 3", None),
    ],
)
def test_a_sentence_that_cannot_be_filled_is_refused(says, rule, problem):
    found = check_template(a_tag(says=says, value=rule), a_rule(rule))
    assert (problem is None) == (found == [])
    assert problem is None or problem in found[0]


def test_a_sentence_is_filled_with_the_persons_facts():
    tag, root = a_tag(), a_rule()
    known = dict(zip(facts(root), (1_234, 0), strict=True))
    assert fill(tag, root, known, "true", "en") == "bought tea in 1,234 orders"
    assert fill(tag, root, {}, "true", "zh") == "在…笔订单中买了茶"


def test_every_reason_of_the_gate_is_said_to_the_person_in_both_languages():
    for code in Reason:
        refused = an_answer((4, 812_300), purpose=replace(NO, reasons=(str(code),)))
        for language in ("en", "zh"):
            text = "\n".join(render(refused, "subject", language))
            assert REFUSALS[code][language == "zh"] in text


def test_fixed_words_have_the_same_places_in_both_languages():
    for en, zh in (*LINES.values(), *OF_THE_PERSON.values(), *NOTES.values()):
        assert sorted(re.findall(r"\{\w+\}", en)) == sorted(re.findall(r"\{\w+\}", zh))
    for code, pair in OF_THE_PERSON.items():  # an officer may be told more than the person
        assert set(re.findall(r"\{\w+\}", pair[0])) >= set(re.findall(r"\{\w+\}", LINES[code][0]))


@pytest.mark.parametrize(("values", "value"), [((9_000, 9_000_000), "true"), ((4, 812_300), None)])
def test_a_withheld_threshold_stands_nowhere_in_what_the_person_gets(values, value):
    hidden = "orders(category = 'TEA', days => 30) >= 7919 and spend(days => 90) >= 739.57"
    answer = an_answer(values, value=value, tag=a_tag(thresholds="withheld", value=hidden))
    person = str(to_json(answer, "subject"))
    assert "your present number" in person
    assert not re.search(r"7,?919|7,?918|739\.5", person)
    assert "7,919" in str(to_json(answer, "officer"))


def test_every_own_fact_is_named_even_when_it_did_not_decide():
    text = "\n".join(render(an_answer((2, 812_300), value=None), "subject", "en"))
    assert "Looked at too, without deciding: 81.23 spent within 90 days" in text


@pytest.mark.law("GDPR-21-4")
def test_the_caller_gives_the_commands_and_every_purpose_can_be_objected_to():
    other = replace(YES, key="marketing", name=Words(en="Marketing", zh="营销"))
    answer = replace(an_answer((4, 812_300)), purposes=(YES, other))
    lines = render(answer, "subject", "en")
    assert len([line for line in lines if line.startswith("  Object to the use:")]) == 2
    called = replace(answer, actions={"object": "call 123", "correct": "write to us"})
    lines = render(called, "subject", "zh")
    assert "  反对此用途：call 123" in lines
    assert "  更正数据：write to us" in lines


def test_the_tags_behind_a_tag_can_be_explained_with_it():
    inner = an_answer((4, 812_300))
    outer = replace(an_answer((5, 900_000)), inner=(inner,))
    lines = render(outer, "subject", "en")
    assert "    Tea lover:" in lines
    assert any(line.startswith("      Because: 4 orders") for line in lines)


def test_a_sentence_takes_the_fact_that_decided_and_what_the_profile_says():
    text = "orders(category = 'TEA', days => 30) >= 3 or orders(days => 90) >= 20"
    answer = an_answer((0, 25), tag=a_tag(value=text))
    assert "  We noted: bought tea in 25 orders" in render(answer, "subject", "en")
    says = {"en": "lives in {value}", "zh": "住在{value}"}
    tag = a_tag(says=says, value="attribute('city') = 'Wien'", labels={"Wien": says})
    root = a_rule(tag.value)
    assert check_template(tag, root) == []
    plain = a_tag(says=says, value=tag.value)
    assert fill(plain, root, {facts(root)[0]: "Wien"}, "true", "zh") == "住在Wien"


def test_a_brace_without_its_partner_is_refused():
    tag = a_tag(says={"en": "{count orders", "zh": "{count笔"})
    assert any("brace" in problem for problem in check_template(tag, a_rule()))


def test_officers_read_on_which_ground_and_engineers_how_it_was_computed():
    answer = replace(an_answer((4, 812_300)), author="lin", approved_by="mei")
    officer = "\n".join(render(answer, "officer", "en"))
    for part in ("PIPL Art. 13", "consent record 12", "d" * 64, "approved by: mei", "run-1"):
        assert part in officer
    assert "distinct_count" not in officer
    engineer = "\n".join(render(answer, "engineer", "en"))
    assert "f0: 4 orders in TEA within 30 days  [distinct_count(session, " in engineer
    assert "smallest change: f1 812300 -> 499999" in engineer
    assert "evidence: [4,812300]" in engineer


def test_evidence_takes_no_number_that_is_none():
    with pytest.raises(ValueError, match="JSON compliant"):
        encode_facts((float("nan"),))
