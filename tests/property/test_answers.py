# SPDX-License-Identifier: Apache-2.0
"""The two languages carry the same facts and the same numbers, whatever the rule and the person."""

import re
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tagging.catalogue import Known, check_files
from tagging.document import Tag, Words
from tagging.explain.answer import Explanation, PurposeAnswer, said, to_json
from tagging.explain.evidence import decode_facts, encode_facts, replay
from tagging.explain.phrases import say_bound
from tagging.explain.reasons import Reasoner
from tagging.explain.regions import MISSING, Region
from tagging.rules.evaluate import evaluate
from tagging.rules.functions import CORE_COLUMNS
from tagging.rules.tree import Tier, facts
from tests.property import strategies
from tests.property.explained import Random, made, some_cuts, some_facts

SEEDS = st.integers(0, 2**48)
SHOP = Path(__file__).parents[2] / "examples" / "shop"
EXTRA = {"brand": "text", "department": "text", "store": "text"}
KINDS = ("int", "dec", "text")
KINDS_OF_TAG = ("bool", "int", "text")
MONEY = {"coupon_discount": "dec", "retail_discount": "dec"}
PURPOSE = PurposeAnswer(
    "ads", Words(en="ads", zh="广告"), True, (), "gdpr", "consent", 4, 0, ("Art. 6",)
)
TAG = Tag.model_validate(
    {
        "apiVersion": "tagwarden/v1",
        "kind": "Tag",
        "key": "a.tag",
        "name": {"en": "A tag", "zh": "标签"},
        "says": {"en": "something", "zh": "某事"},
        "owner": "team",
        "dimension": "interest",
        "derivation": "inferred",
        "sources": ["user.behavior"],
        "asserts": ["user"],
        "purposes": ["ads"],
        "basis": {"gdpr": "consent"},
        "ttl": "30d",
        "value": "rule",
        "purge_on_withdrawal": "immediately",
    }
)


def digits(text):
    return sorted(re.findall(r"\d+(?:[.,:]\d+)*", text))


def an_answer(tag, root, known, cuts):
    found = Reasoner(root, cuts).reason(known)
    value = evaluate(root, known, cuts)
    shown = ("true" if value else None) if root.kind == "bool" else value
    return Explanation(
        tag,
        root,
        1,
        "ab" * 32,
        None if shown is None else str(shown),
        True,
        (PURPOSE,),
        found,
        known,
        cuts,
        since=0,
        lapses_at=1,
    )


def assert_said_alike(answer):
    for depth in ("subject", "officer", "engineer"):
        both = [said(answer, depth, language) for language in ("en", "zh")]
        assert len(both[0]) == len(both[1])
        for en, zh in zip(*both, strict=True):
            assert en.facts == zh.facts
            assert digits(en.text) == digits(zh.text), (en.text, zh.text)
        told = {fact for line in both[0] for fact in line.facts}
        assert told == {f"f{n}" for n in range(len(facts(answer.root)))}
    assert to_json(answer, "subject")["text"]["zh"] == [
        line.text for line in said(answer, "subject", "zh")
    ]


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.booleans(), st.sampled_from(("bool", "bool", "text", "int")))
def test_any_rule_is_explained_alike_in_both_languages(seed, wild, kind):
    random, root, cuts = made(seed, wild=wild or kind != "bool", kind=kind)
    assert_said_alike(an_answer(TAG, root, some_facts(random, root), cuts))


def test_every_tag_of_the_example_shop_is_explained_alike():
    random = Random(7)
    known = Known(columns={**CORE_COLUMNS, **EXTRA, **MONEY})
    for definition in check_files([SHOP / "tags", SHOP / "features.yaml"], known).tags.values():
        root = definition.root
        cuts = some_cuts(random, root)
        own_words = {"name": TAG.name, "says": TAG.says, "labels": {}}  # those are the owner's
        tag = definition.tag.model_copy(update=own_words)
        assert_said_alike(an_answer(tag, root, some_facts(random, root), cuts))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(*(strategies.aggregates(k, typed=t) for k in KINDS for t in (True, False))))
def test_any_measure_has_words_in_both_languages(fact):
    for term in (fact, *([Tier(fact, 5)] if fact.kind != "text" else [])):
        for region in _regions(term.kind):
            en, zh = (say_bound(term, region, language) for language in ("en", "zh"))
            assert digits(en) == digits(zh)
            assert "event_type" not in en + zh
            assert re.search(r"[\u4e00-\u9fff]", zh)


def _regions(kind):
    if kind == "text":
        return [MISSING, Region("among", values=("a", "b")), Region("besides", values=("a",))]
    unit = 10_000 if kind == "dec" else 1
    ends = ((0, 0), (None, 0), (unit, unit), (3 * unit, None), (3 * unit + 1, None))
    more = ((None, 3 * unit - 1), (unit, 4 * unit), (None, None))
    return [MISSING, *(Region("between", low, high) for low, high in (*ends, *more))]


@settings(max_examples=100, deadline=None)
@given(SEEDS)
def test_evidence_replays_to_the_same_value(seed):
    random, root, cuts = made(seed, wild=True, kind=KINDS_OF_TAG[seed % 3])
    known = some_facts(random, root)
    again = decode_facts(root, encode_facts(list(known.values())))
    assert again == known
    assert evaluate(root, again, cuts) == evaluate(root, known, cuts)
    assert replay(root, again, cuts) == replay(root, known, cuts)
