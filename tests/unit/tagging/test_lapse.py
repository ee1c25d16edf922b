# SPDX-License-Identifier: Apache-2.0
"""When a value ceases to hold: examples that a person can check, in both engines."""

import pytest

from audit.clock import DAY, HOUR
from audit.errors import Problems
from tagging.evaluation import lapse
from tagging.evaluation.duck import DuckEngine
from tagging.evaluation.plan import make_plan
from tagging.evaluation.single import Lapse, SingleEngine
from tagging.rules.parse import Scope, parse_rule
from tagging.rules.tree import tiers
from tests.oracle import Person
from tests.property.scene import slice_of, write_lake
from tests.property.strategies import AS_OF


def bought(days_ago, amount=100, category="a", event_type="purchase"):
    """An event some days before now; each purchase is a basket of its own."""
    ts = AS_OF - round(days_ago * DAY)
    return {
        "ts": ts,
        "event_type": event_type,
        "session": str(ts),
        "category": category,
        "amount": amount * 10_000,
    }


def lapses(folder, text, *events, cuts=(), other=None, horizon=lapse.HORIZON):
    """Return the lapse of a rule for one person, after checking that both engines agree."""
    scope = Scope(tags={"other": "bool"})
    rules = {"tag": parse_rule(text, scope, Problems(), (1, 1))}
    if other:
        rules["other"] = parse_rule(other, scope, Problems(), (1, 1))
    plan = make_plan(rules, {"tag": 0, "other": 1})
    one = Person(list(events), frozenset({0}))
    found = {tier: list(cuts) for tier in tiers(rules["tag"])}
    duck, single = DuckEngine(folder, threads=1), SingleEngine(plan)
    try:
        bucket = write_lake(folder, {1: one}, 1)
        instants, exact = duck.lapses(
            plan, "tag", bucket, slice_of({1: one}), AS_OF, found, None, horizon=horizon
        )
        rows = [(1, *(event.get(name) for name in single.columns[1:])) for event in one.events]
        alone = single.lapses({"tag": horizon}, 1, rows, one.permitted, AS_OF, cuts=found)
    finally:
        duck.close()
        single.close()
    assert alone == {"tag": Lapse(instants[0].as_py(), bool(exact[0]))}
    return alone["tag"]


def after(days):
    return AS_OF + round(days * DAY)


MICROSECOND = 1 / DAY

EXAMPLES = [
    # an event leaves the window
    ("count(days => 30) >= 3", [bought(1), bought(5), bought(29), bought(30)], after(1)),
    ("count(days => 30) >= 3", [bought(1), bought(5), bought(29), bought(29.5)], after(1)),
    ("count(days => 30) >= 1", [bought(0)], after(30)),
    ("count(days => 30) >= 1", [bought(n) for n in range(20)], after(30)),
    ("count(days => 30) >= 1", [bought(30 - MICROSECOND)], after(MICROSECOND)),
    ("count(hours => 36) >= 1", [bought(1)], after(0.5)),
    ("count(days => 30) = 0", [bought(30)], None),
    ("count() >= 1", [bought(1)], None),
    ("orders(days => 9) >= 2", [bought(1), bought(2), bought(2)], after(7)),
    ("min(amount, days => 9) < 50", [bought(8, 10), bought(7, 20), bought(1, 90)], after(2)),
    ("max(amount, days => 9) is null", [bought(10)], None),
    # a value is gained, not lost
    ("spend(days => 90) >= 500", [bought(10, 600), bought(60, -250, "a", "return")], after(30)),
    # events enter a window that ends some days ago
    ("count(days => 30, ago => 30) = 0", [bought(10)], after(20)),
    ("count(days => 30, ago => 30) > 0", [bought(35)], after(25)),
    ("count(ago => 7) > 1", [bought(7), bought(0)], after(7)),
    # days that pass
    ("recency() <= 30", [bought(40), bought(10.5)], after(20.5)),
    ("recency() > 30", [bought(40)], None),
    ("recency() > 30", [bought(10)], after(21)),
    ("recency(days => 20) <= 30", [bought(10)], after(10)),
    ("recency() in (3, 5)", [bought(4)], after(1)),
    ("recency() * 2 + 1 >= 12", [bought(0)], after(6)),
    ("coalesce(tenure(), 99) < 7", [bought(3), bought(1)], after(4)),
    ("days_since_first(days => 10) >= 5", [bought(7), bought(2)], after(8)),
    ("days_since_first(days => 10) >= 5", [bought(7), bought(1)], after(3)),
    ("days_since_first(days => 10) >= 5", [bought(2)], after(3)),
    ("days_since_last(days => 10) >= 9", [bought(1)], after(8)),
    ("days_since_last(ago => 5) <= 9", [bought(9), bought(1)], after(1)),
    ("days_since_last(ago => 5) <= 9", [bought(9), bought(4)], after(6)),
    ("days_since_last(ago => 5) <= 9", [bought(9)], after(1)),
    ("tenure() / orders() <= 5", [bought(9), bought(9 - 0.5)], after(2)),
    # several facts, and other kinds of values
    ("count(days => 9) > 0 and recency() < 5", [bought(2)], after(3)),
    ("count(days => 9) > 0 or recency() < 5", [bought(2)], after(7)),
    (
        "top(category, days => 30)",
        [bought(d, 1, c) for d, c in zip((20, 10, 5, 4), "aabb", strict=True)],
        after(10),
    ),
    ("top(category, days => 30)", [bought(20, 1, "b"), bought(10, 1, "a")], after(20)),
    (
        "top(category, days => 30)",
        [bought(10, 1, "a"), bought(20, 1, "é"), bought(5, 1, "z")],
        after(20),
    ),
    ("top(category, ago => 3) is null", [bought(1)], after(2)),
    ("case when count(days => 3) > 0 then 'new' else 'old' end", [bought(1)], after(2)),
    ("count(days => 3) / count(days => 7) > 0.5", [bought(1), bought(5)], after(6)),
    ("count(days => 3) / count(days => 7) >= 0.5", [bought(1), bought(5)], after(2)),
    # what has not happened yet does not count
    ("count(days => 2) = 0", [bought(-1)], None),
]


@pytest.mark.parametrize(("text", "events", "expected"), EXAMPLES)
def test_a_value_holds_until(tmp_path, text, events, expected):
    assert lapses(tmp_path, text, *events) == Lapse(expected)


def test_a_tier_holds_until_the_measure_crosses_a_cut_point(tmp_path):
    events = [bought(n) for n in range(8)]
    assert lapses(tmp_path, "tier(count(days => 10), 3)", *events, cuts=(5, 20)) == Lapse(after(5))
    assert lapses(tmp_path, "tier(recency(), 3)", *events, cuts=(5, 20)) == Lapse(after(6))


def test_a_tag_that_the_gate_hides_never_changes(tmp_path):
    found = lapses(tmp_path, "tag('other')", bought(1), other="count(days => 3) > 0")
    assert found == Lapse(None)


def test_nothing_beyond_the_horizon_is_found(tmp_path):
    text = "count(days => 30) >= 1"
    assert lapses(tmp_path, text, bought(0), horizon=30 * DAY) == Lapse(after(30))
    assert lapses(tmp_path, text, bought(0), horizon=30 * DAY - HOUR) == Lapse(None)


def test_a_person_with_too_many_moments_gets_a_bound(tmp_path, monkeypatch):
    monkeypatch.setattr(lapse, "MOST", 3)
    events = [bought(n) for n in range(20)]
    assert lapses(tmp_path, "count(days => 30) >= 15", *events) == Lapse(after(13), exact=False)
    assert lapses(tmp_path, "count(days => 30) >= 18", *events) == Lapse(after(13))
    assert lapses(tmp_path, "count(days => 30) >= 1", *events[:3]) == Lapse(after(30))


def test_many_people_are_done_in_several_steps(tmp_path, monkeypatch):
    monkeypatch.setattr("tagging.evaluation.duck.PEOPLE_AT_ONCE", 2)
    crowd = {n: Person([bought(n)], frozenset({0})) for n in range(1, 6)}
    plan = make_plan({"tag": parse_rule("count(days => 9) > 0", Scope(), Problems(), (1, 1))})
    duck = DuckEngine(tmp_path, threads=1)
    try:
        bucket, gate = write_lake(tmp_path, crowd, 1), slice_of(crowd)
        instants, exact = duck.lapses(plan, "tag", bucket, gate, AS_OF, {}, None)
        nobody = duck.lapses(plan, "tag", bucket, slice_of({}), AS_OF, {}, None)
    finally:
        duck.close()
    assert instants.to_pylist() == [after(9 - n) for n in range(1, 6)]
    assert exact.tolist() == [True] * 5
    assert [len(part) for part in nobody] == [0, 0]
