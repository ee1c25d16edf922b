# SPDX-License-Identifier: Apache-2.0
"""The letters as data: both languages, closed conditions and blanks, no dead line."""

import re
from typing import get_args

import pytest

from audit.errors import BadInput
from policies.notices import KINDS, Blank, Condition, letter, notices, read_notices
from policies.rights import articles, rights
from policies.rules import Why

HAN = re.compile(r"[\u4e00-\u9fff]")


def every_line():
    found = notices()
    return [
        *found.head,
        *found.foot,
        *(line for one in found.notices.values() for line in one.lines),
    ]


def text_of():
    from importlib.resources import files

    return (files("policies") / "library" / "notices.yaml").read_text("utf-8")


def problems_of(text):
    with pytest.raises(BadInput) as caught:
        read_notices(text.encode("utf-8"), "notices.yaml")
    return {problem.code for problem in caught.value.problems}


def test_every_letter_says_the_same_in_both_languages():
    for line in every_line():
        written = re.sub(r"\{[a-z]+\}", "", line.zh)
        assert HAN.search(written) or not re.search(r"\w", written), line
        assert not HAN.search(line.en), line


def test_every_condition_and_blank_is_used_and_no_other():
    used = {name for line in every_line() for name in (*line.when, *line.unless)}
    assert used | {"pipl_cn"} == set(get_args(Condition))
    blanks = {name for line in every_line() for name in re.findall(r"\{([a-z]+)\}", line.en)}
    assert blanks == set(get_args(Blank))


def test_every_law_has_words_for_complaint_and_court():
    laws = {law for kind in rights().kinds.values() for law in kind.regimes}
    assert notices().remedies.keys() == laws


def test_every_ground_has_an_article_of_the_law_that_knows_it():
    for kind in rights().kinds.values():
        for regime, under in kind.regimes.items():
            for ground in under.refusals:
                assert articles(ground, regime), (ground, regime)


def test_a_letter_with_every_line_can_be_filled():
    blanks = {name: Why(en=f"<{name}>", zh=f"《{name}》") for name in get_args(Blank)}
    for kind in KINDS:
        for holds in (frozenset(), frozenset(get_args(Condition))):
            for language in ("en", "zh"):
                assert "{" not in letter(kind, blanks, holds, language)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("since {ended}", "since then", "blank-differs"),
        ("{due}", "{name}", "unknown-blank"),
        ("when: [contact]", "when: [birthday]", "bad-value"),
        ("  taken-back:", "  given-back:", "bad-value"),
    ],
)
def test_a_letter_with_a_fault_is_refused(old, new, code):
    assert text_of().count(old)
    assert problems_of(text_of().replace(old, new)) == {code}


def test_a_letter_that_is_missing_is_named():
    without = text_of().split("  taken-back:")[0]
    assert problems_of(without) == {"missing-notice"}
