# SPDX-License-Identifier: Apache-2.0
"""What the words of a tag reveal, and what they do not."""

from pathlib import Path

import pytest

from audit.errors import BadInput
from policies.classify import classify, covered, extend, read_dictionary, standard
from policies.document import parse_documents
from policies.packs import categories
from policies.vocabulary import Regime
from tagging.document import Tag

ROOT = Path(__file__).parents[3]
CASES = parse_documents((ROOT / "tests/cases/classify.yaml").read_bytes(), "classify.yaml")[0].value

HEAD = "apiVersion: tagwarden/v1\nkind: Dictionary\n"


def certain(*texts, **words):
    return {item.category for item in classify(names=texts, **words) if not item.review}


def test_there_are_many_cases_and_half_of_them_are_harmless():
    harmless = len(CASES["harmless"])
    other = len(CASES["reveals"]) + len(CASES["hints"])
    assert harmless + other >= 150
    assert harmless >= other


@pytest.mark.parametrize("text", CASES["harmless"])
def test_a_harmless_tag_finds_nothing(text):
    assert classify(names=[text]) == ()


@pytest.mark.parametrize("case", CASES["reveals"], ids=lambda case: case["text"])
def test_words_reveal_what_the_law_treats_specially(case):
    assert certain(case["text"]) == set(case["finds"])


@pytest.mark.parametrize("case", CASES["hints"], ids=lambda case: case["text"])
def test_words_with_many_reasons_are_a_hint_only(case):
    found = classify(names=[case["text"]])
    assert {item.category for item in found} == set(case["finds"])
    assert all(item.review for item in found)


def test_the_dictionary_has_terms_in_both_languages_and_each_finds_its_own_category():
    entries = standard().lexicon.entries
    terms = [(entry, term) for entry in entries for term in (*entry.en, *entry.zh)]
    assert len(terms) >= 350
    assert sum(len(entry.zh) for entry in entries) >= 150
    for entry, term in terms:
        assert set(entry.category) <= {item.category for item in classify(names=[term])}, term


def test_an_exception_takes_away_only_what_it_is_written_for():
    for entry in standard().lexicon.entries:
        for phrase in entry.excepted:
            found = {item.entry for item in classify(names=[phrase])}
            assert entry.id not in found, phrase


def test_everything_that_a_regime_lists_has_a_term():
    from policies.packs import pack_of

    known = {category for entry in standard().lexicon.entries for category in entry.category}
    sets = {Regime.GDPR: "special_category", Regime.PIPL_CN: "sensitive_pi", Regime.CCPA: "spi"}
    below = {"x.health": "x.health.reproductive", "user.government_id": "passport_number"}
    for regime, name in sets.items():
        for category in pack_of(regime).sets[name].categories:
            wanted = below.get(category, category)
            near = {"user.authorization.biometric": "x.biometric.identification"}.get(
                wanted, wanted
            )
            assert any(near in one or one.startswith(near) for one in known), category


def test_the_place_is_told_and_key_parts_are_words():
    found = classify(
        key="health.maternity_wear", descriptions=["wheelchair parts"], names=["Halal food"]
    )
    assert [(item.where, item.term, item.category) for item in found] == [
        ("key", "maternity", "x.health.reproductive"),
        ("name", "halal", "user.demographic.religious_belief"),
        ("description", "wheelchair", "x.disability"),
    ]
    assert certain(key="isPregnant") == {"x.health.reproductive"}


def test_a_special_source_is_found_and_an_ordinary_one_is_not():
    assert classify(sources=["user.behavior.purchase_history", "user.demographic.profile"]) == ()
    found = classify(sources=["user.health_and_medical.genetic"])
    assert [(item.category, item.where) for item in found] == [
        ("user.health_and_medical.genetic", "source")
    ]


def test_children_themselves_have_an_age_and_their_parents_do_not():
    assert {item.age for item in classify(names=["Users under 14"])} == {12}
    assert {item.age for item in classify(names=["青少年"])} == {13}
    assert {item.age for item in classify(names=["青少年家长", "Parent of a teenager"])} == {None}


def test_what_is_asserted_above_below_or_around_a_finding_covers_it():
    (found,) = classify(names=["Maternity wear"])
    known = standard()
    for category in ("x.health.reproductive", "user.health_and_medical"):
        assert covered(found, [category], known)
    assert not covered(found, ["user.demographic.profile"], known)


def test_no_tag_of_the_shop_hides_something_and_the_refused_ones_would_be_found():
    def unsaid(folder):
        for path in sorted((ROOT / "examples/shop" / folder).glob("*.yaml")):
            for document in parse_documents(path.read_bytes(), path.name):
                tag = Tag.model_validate(document.value)
                for item in classify(
                    key=tag.key,
                    names=[tag.name.en, tag.name.zh],
                    descriptions=[tag.says.en, tag.says.zh],
                ):
                    if not item.review and not covered(item, tag.asserts, standard()):
                        yield tag.key, item.term

    assert list(unsaid("tags")) == []
    assert list(unsaid("refused")) == []
    assert "user.health_and_medical" in certain("常患感冒的家庭")


def test_an_own_file_adds_replaces_and_removes():
    own = HEAD + (
        "remove: [breastfeeding]\n"
        "entries:\n"
        "  - {id: house-code, category: x.disability, provenance: knowledge, zh: [银色关怀], en: [silver care]}\n"
        "  - {id: diabetes, category: user.health_and_medical, provenance: knowledge, en: [sugar club]}\n"
    )
    known = extend(standard(), own.encode(), "own.yaml")
    look = {
        text: {item.category for item in classify(names=[text], dictionary=known)}
        for text in ("银色关怀客户", "Sugar club", "Breast pump", "Insulin", "Halal food")
    }
    assert look == {
        "银色关怀客户": {"x.disability"},
        "Sugar club": {"user.health_and_medical"},
        "Breast pump": set(),
        "Insulin": set(),
        "Halal food": {"user.demographic.religious_belief"},
    }
    assert certain("Insulin"), "the dictionary of the product is unchanged"


def test_every_problem_of_an_own_file_is_told_at_once_with_its_place():
    own = HEAD + (
        "remove: [breastfeding]\n"
        "entries:\n"
        "  - {id: one, category: user.helth, provenance: knowledge, en: [a term]}\n"
        "  - {id: two, category: x.disability, provenance: knowledge}\n"
        "  - {id: three, category: x.disability, provenance: knowledge, zh: [病, word], en: [词]}\n"
        "  - {id: three, category: x.disability, provenance: knowledge, en: [union], except: [western bank]}\n"
    )
    with pytest.raises(BadInput) as caught:
        extend(standard(), own.encode(), "own.yaml")
    told = [(problem.line, problem.message) for problem in caught.value.problems]
    assert caught.value.code == "bad-dictionary"
    for line, part in [
        (3, '"breastfeding" to remove'),
        (5, 'no category "user.helth"'),
        (6, "no term"),
        (7, '"病" is not a Chinese term'),
        (7, '"word" is not a Chinese term'),
        (7, '"词" is not an English term'),
        (8, "one entry only"),
        (8, "touches none of the terms"),
    ]:
        assert any(at == line and part in message for at, message in told), (line, part)
    assert any('did you mean "breastfeeding"?' in p.hint for p in caught.value.problems)


@pytest.mark.parametrize("text", ["", HEAD + "---\n" + HEAD, HEAD + "entris: []\n"])
def test_what_is_no_dictionary_is_refused(text):
    with pytest.raises(BadInput):
        read_dictionary(text.encode(), "own.yaml")


def test_the_categories_of_the_dictionary_are_those_of_the_packs():
    for entry in standard().lexicon.entries:
        assert set(entry.category) <= categories()
