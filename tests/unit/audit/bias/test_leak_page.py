"""The page of a leak report: its pictures, its tables, and nothing that is not told."""

import re
from pathlib import Path

import numpy as np
import pytest

from audit.bias import leak, leak_page, leak_words
from audit.bias.leak_report import LeakCounts, LeakHead, LeakReport, leak_report
from tests.bias import policy

GOLDEN = Path(__file__).parents[3] / "golden" / "audits"
POLICY = policy(attributes=["gender"])
NAMES = {
    "attribute": {"gender": {"en": "gender", "zh": "性别"}},
    "category": {"user.demographic.gender": {"en": "gender", "zh": "性别"}},
    "opening": {
        "analytics: gdpr consent": {
            "en": "Analytics. Basis: GDPR: consent",
            "zh": "统计。依据：GDPR：同意",
        }
    },
    "tag": {
        "offer.gold": {"en": "Gold offers", "zh": "金牌优惠"},
        "offer.tier=high": {"en": "Tier: high", "zh": "等级：高"},
    },
}
HEAD = LeakHead(
    identity={
        "attribute": "gender",
        "made": "2026-11-27T00:00:00Z",
        "auditor": "op:0",
        "program": "0",
        "counts": "0" * 64,
        "seed": 1,
        "policy": {
            "key": "default",
            "version": 1,
            "digest": "0" * 64,
            "tag_bits": "0.02",
            "pair_bits": "0.05",
            "auc": "0.6",
        },
    },
    names=NAMES,
    sources=[
        {
            "attribute": "gender",
            "origin": "user.demographic.gender",
            "basis": "analytics: gdpr consent",
            "consents": 2190,
            "closed": None,
        }
    ],
)


@pytest.fixture(scope="module")
def document():
    """Gold tells much, tier little; two odd tags tell all together; one tag is held by three people."""
    rng = np.random.default_rng(3)
    code = rng.integers(0, 2, 3000)
    coin = rng.random(3000) < 0.5
    columns = {
        "offer.gold": rng.random(3000) < 0.2 + 0.3 * code,
        "offer.tier=high": rng.random(3000) < 0.3,
        "odd.one": coin,
        "odd.two": coin ^ code.astype(bool) ^ (rng.random(3000) < 0.1),
        "rare.one": np.arange(3000) < 3,
    }
    bits = np.column_stack(list(columns.values())).astype(np.uint8)
    sets, place = np.unique(bits, axis=0, return_inverse=True)
    people = np.zeros((len(sets), 2), dtype=np.int64)
    np.add.at(people, (place.ravel(), code), 1)
    counts = LeakCounts(
        tuple(columns), ("f", "m"), leak.gram(bits, code, 2), np.bincount(code), sets, people
    )
    return leak_report(HEAD, counts, POLICY, lambda _: 0.0)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_reads_as_it_did(document, language, request):
    LeakReport.model_validate(document)
    text = leak_page.page(document, language)
    golden = GOLDEN / f"leak.{language}.html"
    if request.config.getoption("--update-golden"):
        golden.write_text(text, "utf-8")
    assert text == golden.read_text("utf-8")


def test_it_has_a_verdict_two_pictures_and_the_names_of_tags(document):
    text = leak_page.page(document, "en")
    assert 'class="verdict"' in text
    assert text.count("<svg") == 2
    assert "Gold offers" in text
    assert "2,190 people agreed" in text
    assert "http" not in text.replace("http-equiv", "")
    assert "<script" not in text


def test_what_is_not_told_has_a_verdict_and_no_length(document):
    """Two bars have a length: gold, over the limit, and tier. Of a tag of three people none is drawn."""
    (rare,) = (one for one in document["tags"] if one["tag"] == "rare.one")
    assert rare["bits"] is None
    text = leak_page.page(document, "en")
    told = [one for one in document["tags"] if one["bits"] is not None]
    pictures = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    assert pictures[1].count("<rect") == len(told)
    assert "not shown, to protect people" in pictures[1]


def test_bits_on_the_other_side_of_their_limit_are_not_told(document):
    """They are moved by chance; beside the verdict they would contradict it."""
    moved = [{**one, "bits": "0.00100" if one["over"] else "0.09000"} for one in document["tags"]]
    text = leak_page.page({**document, "tags": moved}, "en")
    assert "0.0010" not in text
    assert "0.0900" not in text
    told = " ".join(leak_words.sentences({**document, "tags": moved}, "en"))
    assert "Gold offers (offer.gold) says more about it than the policy allows" in told


def test_one_other_is_told_as_one(document):
    gold = [one for one in document["tags"] if one["over"]]
    rest = [one for one in document["tags"] if not one["over"]]
    few = {**document, "tags": [*gold, rest[0]]}
    assert "One other says no more" in " ".join(leak_words.sentences(few, "en"))
    assert f"Each of {len(rest)} others says no more" in " ".join(
        leak_words.sentences(document, "en")
    )


def test_names_of_groups_and_tags_cannot_break_the_page(document):
    sets = [{**one, "value": "<b>&"} for one in document["sets"]]
    tags = [{**one, "tag": "<i>&"} for one in document["tags"]]
    pairs = [{**one, "first": "<u>&"} for one in document["pairs"]]
    text = leak_page.page({**document, "sets": sets, "tags": tags, "pairs": pairs}, "en")
    for broken in ("<b>&", "<i>&", "<u>&"):
        assert broken not in text


def test_a_report_without_names_and_sources_is_shown_with_its_codes(document):
    old = {key: value for key, value in document.items() if key not in ("names", "sources")}
    text = leak_page.page(LeakReport.model_validate(old).model_dump() | old, "zh")
    assert "offer.gold" in text


def test_tags_with_figures_come_before_those_that_are_not_told(document):
    """Beside a limit nothing is told of a tag whose rounded figure passes it: it takes no other's place."""
    (first, *_) = document["tags"]
    many = [{**first, "tag": f"t.n{n}", "over": False, "bits": "0.05000"} for n in range(20)]
    plain = {**first, "tag": "t.plain", "over": False, "bits": "0.00700"}
    text = leak_page.page({**document, "tags": [first, *many, plain]}, "en")
    assert "t.plain" in text
    assert text.index("t.plain") < text.index("t.n0")
