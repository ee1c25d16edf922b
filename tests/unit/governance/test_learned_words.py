# SPDX-License-Identifier: Apache-2.0
"""What is printed of segments, models and budgets stands in both languages, with the same blanks and columns."""

import re
from string import Formatter

import pytest

from governance.cli import budget_words, model_words, segment_words
from governance.learning.training import Trained
from governance.segments.releasing import Released


def blanks(sentence):
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


SENTENCES = {
    f"{name}.{code}": pair
    for name, words in (
        ("segment", segment_words),
        ("model", model_words),
        ("budget", budget_words),
    )
    for code, pair in words._WORDS.items()
}


@pytest.mark.parametrize("code", SENTENCES)
def test_a_sentence_says_the_same_in_both_languages(code):
    english, chinese = SENTENCES[code]
    assert blanks(english) == blanks(chinese)
    assert english.count("|") == chinese.count("|")
    assert re.search("[一-鿿]", chinese)
    assert not re.search("[一-鿿]", english)


def test_a_promise_is_told_in_chinese():
    said = {
        "epsilon": "1.0", "delta": "1e-06", "nano_rho": 24_355_957, "purpose": "analytics",
        "mechanism": "synopsis/2", "noise": "exact", "verdict": "good", "signal_tenths": 552,
        "predicted_loss_percent": 5, "predicted_loss_p90_percent": 7, "contract_id": "0" * 64,
        "ledger": {"all": {"spent": 1, "limit": 2, "left": 1}}, "contract": {"features": []},
    }  # fmt: skip
    found = Released("release-1", "charge-1", "habits", {"names": []}, {}, said, "", 0)
    lines = list(segment_words.statement(found, "zh"))
    assert "承诺      epsilon 1.0（delta为1e-06）；已扣rho 0.024355957" in lines
    assert all(re.search("[一-鿿]", line) for line in lines)


def test_the_promise_of_a_model_is_told_in_chinese():
    kept = {"promise": "epsilon 1 at delta 1e-06"}
    found = Trained("training-1", "again", "charge-1", {}, kept, "", 0, 0)
    assert found.promise("en") == kept["promise"]
    assert found.promise("zh") == "epsilon 1，delta为1e-06"
