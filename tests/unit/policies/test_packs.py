# SPDX-License-Identifier: Apache-2.0
"""Packs are versioned data: chosen by date, with their companions, never edited in place."""

from datetime import date
from pathlib import Path

import pytest

from audit.canon import digest
from audit.errors import BadInput, NotFound
from policies.decision import Question, decide
from policies.document import parse_documents
from policies.packs import in_force, library, pack_of, packs, read_pack, read_packs
from policies.vocabulary import Companion, Regime
from tests.unit.policies.test_decision import load

PINNED = Path(__file__).parents[2] / "golden" / "packs.yaml"
LIBRARY = Path(__file__).parents[3] / "policies" / "library"
ASK = Question(sources=["user.behavior"], purposes=["first_party_recommendation"])


def pinned():
    return parse_documents(PINNED.read_bytes(), PINNED.name)[0].value["packs"]


def as_it_is(pack):
    return digest(pack.model_dump(mode="json", by_alias=True, exclude_unset=True))


def test_no_version_of_a_pack_is_edited_in_place():
    """A change is a new version: copy the file, raise `version`, and pin the new digest here."""
    found = {f"{pack.regime} {pack.version}": as_it_is(pack) for pack in library()}
    assert found == pinned()


def later(pack, version, start, **more):
    span = pack.in_force.model_copy(update={"start": start, **more})
    return pack.model_copy(update={"version": version, "in_force": span})


def test_the_version_in_force_on_the_date_is_chosen():
    old = pack_of("gdpr")
    known = [*library(), later(old, "2027.06", date(2027, 6, 1))]
    assert in_force(known, date(2027, 5, 31))["gdpr"].version == old.version
    assert in_force(known, date(2027, 6, 1))["gdpr"].version == "2027.06"
    assert in_force(known)["gdpr"].version == "2027.06"


def test_of_two_corrections_of_one_law_the_newer_one_counts():
    old = pack_of("gdpr")
    known = [*library(), later(old, "2026.11.10", old.in_force.start)]
    assert in_force(known)["gdpr"].version == "2026.11.10"


def test_a_pack_that_has_ended_is_not_chosen():
    old = pack_of("gdpr")
    ended = later(old, "2026.12", old.in_force.start, end=date(2027, 1, 1))
    known = [pack for pack in library() if pack.regime != "gdpr"] + [ended]
    assert decide(ASK, in_force(known, date(2026, 12, 31))["gdpr"]).verdict == "allowed"
    ask = ASK.model_copy(update={"as_of": date(2027, 1, 1)})
    assert decide(ask, in_force(known, date(2027, 1, 1))["gdpr"]).rule == "not-in-force"


def test_before_the_law_the_first_version_says_that_it_is_not_in_force():
    at = date(2017, 1, 1)
    answer = decide(ASK.model_copy(update={"as_of": at}), packs(at)["gdpr"])
    assert (answer.verdict, answer.rule) == ("gap", "not-in-force")


def test_companions_apply_with_their_regime_and_can_be_asked_alone():
    assert [str(c.regime) for c in pack_of("gdpr").companions] == [str(c) for c in Companion]
    assert all(not pack_of(regime).companions for regime in ("pipl_cn", "ccpa"))
    assert set(packs()) == {str(regime) for regime in Regime}
    ask = ASK.model_copy(update={"purposes": ("cross_context_advertising",), "subject_age": 15})
    answer = decide(ask, pack_of("eu_dsa"))
    assert (answer.verdict, answer.rule) == ("prohibited", "EU-DSA-28-2")
    assert "role-assumed" in {step.rule for step in answer.trace}


def test_a_companion_never_makes_the_answer_laxer_and_every_rule_of_it_is_exercised():
    from policies.layers import severity

    pack = pack_of("gdpr")
    alone = pack.model_copy(update={"companions": ()})
    seen = set()
    for case in load("gdpr"):
        ask = Question.model_validate(case.values[1])
        assert severity(decide(ask, pack)) >= severity(decide(ask, alone))
        for companion in pack.companions:
            seen |= {step.rule for step in decide(ask, companion).trace}
    assert {rule.id for companion in pack.companions for rule in companion.rules} <= seen


def test_a_misspelt_companion_gets_a_hint():
    with pytest.raises(NotFound) as caught:
        pack_of("eu_das")
    assert "eu_dsa" in caught.value.hint


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("provenance: verified", "provenance: operator"),
        ("kind: PolicyPack", "kind: PolicyPack\nbeneath: {}"),
        ('version: "2026.11.3"', "version: newest"),
        ("- id: GDPR-10-law", "- id: GDPR-10"),
        ("categories: [x.neural_data]", "categories: [x.nural_data]"),
    ],
)
def test_what_a_pack_may_not_say_is_refused_with_its_place(old, new):
    text = (LIBRARY / "gdpr.yaml").read_text("utf-8")
    assert old in text
    with pytest.raises(BadInput) as caught:
        read_pack(text.replace(old, new, 1).encode(), "gdpr.yaml")
    assert caught.value.code == "bad-pack"
    assert all(problem.line > 1 for problem in caught.value.problems)


def test_a_file_without_a_pack_is_refused():
    with pytest.raises(BadInput):
        read_packs(b"", "empty.yaml")


@pytest.mark.parametrize("regime", list(Regime))
def test_each_regime_has_at_least_70_cases_of_which_15_are_allowed(regime):
    wanted = [case.values[2].get("verdict") for case in load(str(regime))]
    assert len(wanted) >= 70
    assert wanted.count("allowed") >= 15
    assert None not in wanted
