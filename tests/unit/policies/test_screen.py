# SPDX-License-Identifier: Apache-2.0
"""Keywords that may be no tag in mainland China, and words that only look like them."""

from pathlib import Path

import pytest

from audit.errors import BadInput
from policies.document import parse_documents
from policies.screen import read_screen, screen, topics

CASES = parse_documents(
    (Path(__file__).parents[2] / "cases" / "screen.yaml").read_bytes(), "screen.yaml"
)[0].value


@pytest.mark.law("CN-ALGO-10")
@pytest.mark.parametrize(
    ("keyword_class", "text"),
    [
        (name, text)
        for name in ("illegal_information", "harmful_information")
        for text in CASES[name]
    ],
)
def test_a_keyword_is_found_in_its_class(keyword_class, text):
    hits = screen([text])
    assert hits
    assert hits[0].keyword_class == keyword_class


@pytest.mark.parametrize("text", CASES["harmless"])
def test_a_harmless_tag_passes(text):
    assert screen([text]) == ()


def test_illegal_comes_before_harmful_and_order_does_not_matter():
    texts = ["韭菜用户", "赌博爱好者"]
    hits = screen(texts)
    assert [hit.keyword_class for hit in hits] == ["illegal_information", "harmful_information"]
    assert hits == screen(reversed(texts))
    assert (hits[0].term, hits[0].language, hits[0].topic) == ("赌博", "zh", "gambling")


def test_every_term_is_found_and_every_exception_passes():
    for entry in topics().entries:
        for term in (*entry.en, *entry.zh):
            assert entry.id in {hit.topic for hit in screen([term])}, term
        for phrase in entry.excepted:
            assert entry.id not in {hit.topic for hit in screen([phrase])}, phrase


def test_a_screen_with_an_unknown_class_is_refused():
    text = (
        "apiVersion: tagwarden/v1\nkind: Screen\nentries:\n"
        "  - {id: one, keyword_class: ilegal, provenance: knowledge, en: [word]}\n"
    )
    with pytest.raises(BadInput) as caught:
        read_screen(text.encode(), "screen.yaml")
    assert caught.value.problems[0].line == 4
