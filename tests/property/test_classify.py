# SPDX-License-Identifier: Apache-2.0
"""Reading words: in any order, in any case, and no text takes a finding away but one that completes a phrase.

What is not promised: text put directly beside a term may complete an exception ("credit" before
"union member") or a longer term ("未成年" before "子女"). Separated by a full stop in Chinese and a
word of no meaning in English, it cannot.
"""

from hypothesis import given
from hypothesis import strategies as st

from policies.classify import classify, standard
from policies.decision import Question
from policies.packs import packs
from policies.question import answers, prepared
from policies.screen import screen, topics

TERMS = [t for e in standard().lexicon.entries for t in (*e.en, *e.zh)]
PHRASES = [p for e in standard().lexicon.entries for p in e.excepted]
KEYWORDS = [t for e in topics().entries for t in (*e.en, *e.zh)]
HARMLESS = ["Electronics enthusiast", "高价值客户", "prefers weekends", "运动鞋", "", "30天内3笔"]
texts = st.one_of(st.sampled_from(TERMS + PHRASES + KEYWORDS + HARMLESS), st.text(max_size=20))
APART = " 。zzz。 "


def kinds(found):
    return {(item.category, item.term) for item in found}


@given(st.lists(texts, max_size=4), st.randoms())
def test_the_order_of_texts_does_not_matter(names, random):
    shuffled = list(names)
    random.shuffle(shuffled)
    assert classify(names=names) == classify(names=shuffled)
    assert screen(names) == screen(shuffled)


@given(st.lists(texts, max_size=4), texts)
def test_another_text_never_takes_a_finding_away(names, more):
    assert set(classify(names=names)) <= set(classify(names=[*names, more]))
    assert set(screen(names)) <= set(screen([*names, more]))


@given(texts, texts)
def test_text_set_apart_never_takes_a_finding_away(first, second):
    joined = kinds(classify(names=[first + APART + second]))
    assert kinds(classify(names=[first])) | kinds(classify(names=[second])) <= joined


@given(st.sampled_from(TERMS + PHRASES + KEYWORDS + HARMLESS))
def test_case_does_not_matter(text):
    for other in (text.lower(), text.upper(), text.title()):
        assert kinds(classify(names=[other])) == kinds(classify(names=[text]))
        assert {hit.term for hit in screen([other])} == {hit.term for hit in screen([text])}


@given(st.sampled_from(TERMS + HARMLESS))
def test_a_key_is_read_like_a_name(text):
    key = text.replace(" ", "_")
    assert kinds(classify(key=key)) == kinds(classify(names=[text]))


@given(texts, st.booleans())
def test_every_question_has_an_answer_and_preparing_twice_changes_nothing(text, stated):
    question = Question.model_validate(
        {
            "key": text[:10],
            "name": text,
            "purpose": "analytics",
            "asserts": ["user.behavior"] if stated else [],
        }
    )
    ready, found = answers(question, packs())
    assert set(found) == set(packs())
    assert prepared(ready.question).question == ready.question
