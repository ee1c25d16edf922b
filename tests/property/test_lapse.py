# SPDX-License-Identifier: Apache-2.0
"""When a value ceases to hold, against the oracle asked at every instant that could matter ±1 µs."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.clock import DAY
from tagging.evaluation.duck import DuckEngine
from tagging.evaluation.lapse import HORIZON
from tagging.evaluation.single import SingleEngine
from tagging.rules.tree import Aggregate, TagRef
from tests.oracle import Person, parts
from tests.property.scene import (
    QUICK,
    SLOW,
    Scene,
    attribute_table,
    event_rows,
    slice_of,
    write_lake,
)
from tests.property.strategies import AS_OF, person, rules

CLASSES = (0, 1, 2)


def crowd_of(seed, count, most):
    """People of whom each is permitted something, with few events."""
    random = Random(seed)  # noqa: S311
    crowd = {number: person(random, CLASSES, most) for number in range(1, count + 1)}
    return {number: one for number, one in crowd.items() if one.permitted}


def reachable(oracle, key):
    """The facts of a tag and of the tags that it refers to."""
    found, waiting = set(), [key]
    while waiting:
        for part in parts(oracle.tags[waiting.pop()][0]):
            if isinstance(part, Aggregate):
                found.add(part)
            elif isinstance(part, TagRef):
                waiting.append(part.key)
    return found


def instants(facts, events, days):
    """Every instant at which a fact may change, and one microsecond before and after it."""
    found = set()
    for fact in facts:
        for ts in {event["ts"] for event in events}:
            found |= {ts + fact.window.ago, ts + fact.window.ago + (fact.window.span or 0)}
            if fact.op.startswith("since"):
                first = (AS_OF - ts) // DAY
                found |= {
                    ts + x * DAY
                    for x in (*range(first, first + days), *range(first, first + 3660, 97))
                }
    return sorted({t + d for t in found for d in (-1, 0, 1) if AS_OF < t + d <= AS_OF + HORIZON})


def check_person(scene, one, key, got, exact):
    """Check one answer: nothing changes before it, something changes at it."""
    past = Person([e for e in one.events if e["ts"] <= AS_OF], one.permitted, one.attributes)
    held = scene.oracle.value(past, key, AS_OF)
    end = AS_OF + HORIZON + 1 if got is None else got
    if got is not None and exact:
        assert scene.oracle.value(past, key, got) != held, (got, held)
        assert scene.oracle.value(past, key, got - 1) == held, (got, held)
    for instant in instants(reachable(scene.oracle, key), past.events, 45):
        if instant >= end:
            break
        assert scene.oracle.value(past, key, instant) == held, (instant, got, held)


def check(folder, tags, crowd, seed):
    """Check every tag of every person in both engines; return how many answers were checked."""
    scene = Scene(tags, crowd, write_lake(folder, crowd, seed), folder)
    duck, single = DuckEngine(folder, threads=1), SingleEngine(scene.plan)
    try:
        table = attribute_table(scene.plan, crowd)
        batch = {
            key: duck.lapses(
                scene.plan, key, scene.bucket, slice_of(crowd), AS_OF, scene.oracle.cuts, table
            )
            for key in tags
        }
        for row, (number, one) in enumerate(crowd.items()):
            alone = single.lapses(
                dict.fromkeys(tags, HORIZON),
                number,
                event_rows(scene, number),
                one.permitted,
                AS_OF,
                cuts=scene.oracle.cuts,
                attributes=one.attributes,
            )
            first = single.holds_until(
                dict.fromkeys(tags, HORIZON), event_rows(scene, number), AS_OF
            )
            for key in tags:
                got, exact = batch[key][0][row].as_py(), bool(batch[key][1][row])
                assert (alone[key].at, alone[key].exact) == (got, exact), (key, number)
                check_person(scene, one, key, got, exact)
                check_person(scene, one, key, first[key].at, exact=False)
    finally:
        duck.close()
        single.close()
    return len(crowd) * len(tags)


@pytest.mark.law("GDPR-5-1-e")
@settings(QUICK, max_examples=25)
@given(tags=rules(most=3), seed=st.integers(0, 2**32))
def test_a_value_holds_until_its_lapse_and_no_longer(folder, tags, seed):
    check(folder, tags, crowd_of(seed, 16, 7), seed)


@pytest.mark.slow
@settings(SLOW, max_examples=200)
@given(tags=rules(most=5), seed=st.integers(0, 2**32))
def test_many_values_hold_until_their_lapse_and_no_longer(folder, tags, seed):
    check(folder, tags, crowd_of(seed, 20, 12), seed)
