# SPDX-License-Identifier: Apache-2.0
"""What once went wrong in an engine, or easily could."""

import pytest

from audit.clock import DAY
from audit.errors import Problems
from tagging.evaluation.plan import make_plan
from tagging.evaluation.single import SingleEngine
from tagging.rules.parse import Scope, parse_rule
from tagging.rules.tree import (
    Aggregate,
    And,
    Arith,
    Column,
    Compare,
    Literal,
    Or,
    TagRef,
    Tier,
    Window,
)
from tests.oracle import Oracle, Person
from tests.property.scene import check
from tests.property.strategies import AS_OF, EXTRAS, people
from tests.property.test_lapse import check as check_lapses
from tests.property.test_lapse import crowd_of

COUNT = Aggregate("count", None, None, Window(), "int")
SPENT = Aggregate("sum", "amount", None, Window(), "dec")
TOP = Aggregate("top", "category", None, Window(), "text")
VIEWED = Compare("=", Column("event_type", "text"), Literal("view", "text"))
VIEWS = Aggregate("count", None, VIEWED, Window(), "int")


def int_(value):
    return Literal(value, "int")


def real(value):
    return Literal(value, "real")


def ratio(left, right):
    return Arith("/", left, right, "real")


def value_of(folder, root, crowd=None):
    """Check one rule in all engines; return its value for the first person."""
    crowd = crowd or people(3, 40)
    check(folder, {"tag": (root, 0)}, crowd, 3)
    first = min(number for number, one in crowd.items() if 0 in one.permitted)
    return Oracle({"tag": (root, 0)}).value(crowd[first], "tag", AS_OF)


def one_with(*amounts):
    """One person with one purchase per amount."""
    events = [
        {"ts": AS_OF - n, "event_type": "purchase", "amount": a} for n, a in enumerate(amounts)
    ]
    return {1: Person(events, frozenset({0}))}


def test_bare_numbers_are_64_bits_wide(folder):
    big = Arith("*", int_(100_000), int_(100_000), "int")
    assert value_of(folder, Compare("<", COUNT, big)) is True


def test_ratios_are_doubles_and_never_decimals(folder):
    product = Arith("*", real(0.1), real(0.2), "real")
    assert value_of(folder, Compare("=", product, real(0.02))) is False


def test_a_whole_number_that_leaves_64_bits_is_null(folder):
    huge = Arith("*", SPENT, int_(999_999_999_999), "dec")
    assert value_of(folder, huge, one_with(10**9)) is None
    assert value_of(folder, huge, one_with(-(10**9))) is None
    assert value_of(folder, huge, one_with(3)) == 2_999_999_999_997


def test_equal_ratios_share_a_tier_at_the_cut_point(folder):
    thirds = {n: Person([{"ts": AS_OF, "amount": n}] * 3, frozenset({0})) for n in range(1, 50)}
    tier = Tier(ratio(ratio(SPENT, int_(30_000)), real(0.7)), 7)
    check(folder, {"tag": (tier, 0)}, thirds, 1)


def test_divisions_in_divisors_stay_short(folder):
    root = COUNT
    for _ in range(8):
        root = ratio(real(1.0), root)
    assert value_of(folder, Compare("=", root, real(1.0)), one_with(1)) is True
    assert value_of(folder, root, {1: Person()}) is None  # 1 / (1 / 0)


SHAPES = {
    "case": ("case when count() > 1 then 'a' else ", "'b'", " end"),
    "coalesce": ("coalesce(recency(), ", "1", ")"),
    "sum": ("", "count()", " + count()"),
    "product": ("(1 + count() * ", "1", ")"),
    "ratio": ("1 / ", "count()", " / count()"),
    "divisor": ("1 / (", "count()", ")"),
    "not": ("not (", "count() > 1", ")"),
    "mixed": ("(count() > 1 or (orders() > 2 and ", "count() > 1", "))"),
    "condition": ("count(not (item = 'a' or (hour + 1 > 2 and ", "true", ")))"),
    "nullif": ("nullif(", "count()", ", 7)"),
}


@pytest.mark.parametrize(("left", "middle", "right"), SHAPES.values(), ids=SHAPES)
def test_the_deepest_rule_that_is_accepted_runs_everywhere(folder, left, middle, right):
    if left.startswith("count(not"):
        texts = [f"count({left[6:] * n}{middle}{right[1:] * n}) > 0" for n in range(1, 30)]
    else:
        texts = [left * n + middle + right * n for n in range(1, 60)]
    trees = [parse_rule(text, Scope(), Problems(), (1, 1)) for text in texts]
    deepest = max(number for number, tree in enumerate(trees) if tree is not None)
    assert deepest >= 4
    assert trees[-1] is None
    check(folder, {"tag": (trees[deepest], 0)}, people(3, 10), 3)
    check_lapses(folder, {"tag": (trees[deepest], 0)}, crowd_of(3, 4, 4), 3)


def test_a_long_chain_of_tags_is_not_written_out():
    rules = {"t0": Compare(">", COUNT, int_(1))}
    for number in range(1, 26):
        ref = TagRef(f"t{number - 1}", "bool")
        rules[f"t{number}"] = Or((And((ref, ref)), ref))
    engine = SingleEngine(make_plan(rules))
    try:
        found = engine.evaluate(1, [(1, AS_OF), (1, AS_OF)], frozenset({0}), AS_OF, {})
    finally:
        engine.close()
    assert found.tags == dict.fromkeys(rules, "true")


def test_a_bucket_without_files_or_people(folder):
    tags = {"tag": (Compare("=", COUNT, int_(0)), 0), "top": (TOP, 1), "spent": (Tier(SPENT, 3), 0)}
    check(folder, tags, {1: Person(), 2: Person(permitted=frozenset({1}))}, 1)
    check(folder, tags, {}, 1)
    check(folder, tags, {1: Person([{"ts": AS_OF}], frozenset())}, 1)


def test_facts_about_one_column_do_not_disturb_each_other(folder):
    bought = Compare("=", Column("event_type", "text"), Literal("purchase", "text"))
    best_viewed = Aggregate("top", "category", VIEWED, Window(), "text")
    kinds_bought = Aggregate("distinct", "category", bought, Window(2 * DAY), "int")
    tags = {"best": (best_viewed, 0), "kinds": (Compare(">", kinds_bought, int_(0)), 0)}
    event = {"ts": AS_OF, "event_type": "purchase", "category": "tea"}
    check(folder, tags, {1: Person([event], frozenset({0}))}, 1)


@pytest.mark.parametrize("op", ["=", "<>"])
def test_only_events_of_a_type_or_all_but_those(folder, op):
    other = Compare(op, Column("event_type", "text"), Literal("purchase", "text"))
    for where in (other, And((other, VIEWED)), And((VIEWED, other)), Or((other, VIEWED))):
        value_of(folder, Aggregate("count", None, where, Window(), "int"))


def test_nothing_is_computed_for_a_class_that_needs_no_events(folder):
    """A person whom only a tag without events permits has no facts in the strict gate."""
    always = Literal(value=True, kind="bool")
    tags = {"always": (always, 0), "viewer": (Compare(">", VIEWS, int_(0)), 1)}
    crowd = {1: Person([{"ts": AS_OF, "event_type": "view"}], frozenset({0}))}
    check(folder, tags, crowd, 1)


def test_a_bool_or_text_tag_that_others_refer_to_keeps_its_kind(folder):
    tags = {
        "viewer": (Compare(">", VIEWS, int_(0)), 0),
        "same": (Compare("=", TagRef("viewer", "bool"), Literal(value=True, kind="bool")), 1),
        "best": (TOP, 0),
        "none": (Compare("=", TagRef("best", "text"), Literal("", "text")), 1),
    }
    check(folder, tags, people(11, 60), 11)


@pytest.mark.parametrize("name", EXTRAS)
def test_a_column_may_have_a_name_that_the_engines_use(folder, name):
    kind = EXTRAS[name]
    text = kind == "text"
    test = Compare("<>", Column(name, kind), Literal("a" if text else 1, kind))
    facts = [Aggregate("count", None, test, Window(2 * DAY), "int")]
    facts += [Aggregate("distinct", name, VIEWED, Window(7 * DAY), "int")]
    facts += [Aggregate("distinct", name, test, Window(), "int")]
    facts += [Aggregate("top", name, test, Window(), "text")] if text else []
    facts += [] if text else [Aggregate("sum", name, test, Window(), kind)]
    tags = {f"t{number}": (fact, number % 3) for number, fact in enumerate(facts)}
    check(folder, tags, people(5, 30), 5)
    check_lapses(folder, tags, crowd_of(5, 6, 5), 5)
