# SPDX-License-Identifier: Apache-2.0
"""Reports over other numbers of the same people: other tags, other attributes. Read together, they name nobody."""

from dataclasses import replace

import numpy as np
import pytest

from audit.bias.beside import told_of_people, told_of_tag
from audit.bias.cube import cube_of
from audit.bias.report import examine
from audit.bias.statements import PEOPLE
from audit.bias.successive import Before
from tests.attacking import attack
from tests.bias import binary, policy, two_way

K = 10
SHAPES = (["gender"], ["age_band"], ["gender", "age_band"])


def limits(attributes):
    return policy(attributes=attributes, intersections=2)


def world(seed, people=None):
    rng = np.random.default_rng(seed)
    age = rng.dirichlet(np.full(5, 1.5))
    return rng, two_way(rng, people or int(rng.choice([400, 1500])), [0.55, 0.43, 0.02], age, 0.1)


def over(cube, attributes):
    return cube.subset([*attributes, "tag"])


def before(cube, made):
    shown = frozenset(made.release.visible())
    return Before(cube, made.merged, shown, made.release.k, "2026-10-01T00:00:00Z")


def by(cube, attributes, laid=()):
    """A report by some attributes beside those that were made by others: (attributes, counts, report)."""
    others = [
        told_of_tag(before(was, made), limits(names), near=K, outcome=True)
        for names, was, made in laid
    ]
    return examine(over(cube, attributes), limits(attributes), {"yes": True}, (), others)


def visible(made):
    """What a report shows, by the values of the counts and not by the names that it gave them."""
    return made.release.visible()


def together(fine, *others):
    """The finest report with all that others on the same people show of its numbers."""
    shown = fine.release.shown.copy()
    keys = fine.release.statements.keys
    for other in others:
        for key, value in visible(other).items():
            if key in keys and fine.release.statements.values[keys.index(key)] == value:
                shown[keys.index(key)] = True
    return replace(fine.release, shown=shown)


def narrow(release):
    return [key for key, (low, high) in attack([release]).items() if high - low < K]


@pytest.mark.parametrize("seed", range(12))
def test_reports_by_other_attributes_do_not_give_away_what_one_hid(seed):
    """By gender and age, then by age and by gender, of the same people; and the other way round."""
    _, cube = world(seed)
    for order in (SHAPES[::-1], SHAPES):
        laid = []
        for attributes in order:
            made = by(cube, attributes, laid)
            laid.append((attributes, over(cube, attributes), made))
        fine = next(made for attributes, _, made in laid if len(attributes) == 2)
        assert narrow(together(fine, *(made for _, _, made in laid))) == []


@pytest.mark.slow
def test_without_laying_them_side_by_side_they_give_it_away():
    found = []
    for seed in range(12):
        _, cube = world(seed)
        fine, *others = (by(cube, attributes) for attributes in SHAPES[::-1])
        found += narrow(together(fine, *others))
    assert found


@pytest.mark.parametrize("seed", range(12))
def test_who_joined_between_reports_by_other_attributes_is_not_named(seed):
    rng, cube = world(seed)
    counts = cube.counts.copy()
    counts.flat[rng.integers(0, counts.size)] += 1
    later = cube_of("t.x", 1, cube.axes, counts)
    alone = steps = 0
    for first, second in [(a, b) for a in SHAPES for b in SHAPES if a != b]:
        was = by(cube, first)
        now = by(later, second, [(first, over(cube, first), was)])
        steps += moved(visible(was), visible(now))
        alone += moved(visible(was), visible(by(later, second)))
    assert steps == 0 < alone


def moved(was, now):
    """How many numbers two reports show that moved by fewer than k people."""
    return sum(0 < abs(now[key] - was[key]) < K for key in was.keys() & now.keys())


# --- other tags ------------------------------------------------------------------------------------


def of_tags(*cubes, laid=True):
    """Reports on several tags by one attribute, each beside those before."""
    made, told = [], []
    for cube in cubes:
        made.append(examine(cube, policy(), {"yes": True}, (), told if laid else ()))
        told.append(told_of_people(before(cube, made[-1]), policy()))
    return made


def people(made):
    return {key: n for key, n in visible(made).items() if key.what == PEOPLE}


ALL = binary([600, 600], [180, 300], tag="t.a")
"""Everybody; of the second tag one of the first group objected to its purpose."""
ONE_OBJECTS = binary([599, 600], [200, 310], tag="t.b")


def test_who_objects_to_the_purpose_of_one_of_two_tags_is_not_placed_in_a_group():
    """Whoever knows that one person objected would read their group off the two sizes of it."""
    first, second = of_tags(ALL, ONE_OBJECTS, laid=False)
    assert moved(people(first), people(second)) > 0
    first, second = of_tags(ALL, ONE_OBJECTS)
    assert moved(people(first), people(second)) == 0
    assert narrow(second.release) == []
    assert visible(second)  # the group that nobody left is told


def test_nor_by_a_third_tag_with_the_people_of_the_second():
    third = binary([599, 600], [100, 120], tag="t.c")
    first, _, last = of_tags(ALL, ONE_OBJECTS, third)
    assert moved(people(first), people(last)) == 0
    assert narrow(last.release) == []


def test_what_one_report_shows_of_people_no_other_hides():
    """A small number of another tag is hidden by the tag's own, since the people are known."""
    names = [f"g{n}" for n in range(6)]
    first, second = of_tags(
        binary([300] * 6, [60] * 6, names=names, tag="t.a"),
        binary([300] * 6, [4, 60, 60, 60, 60, 60], names=names, tag="t.b"),
    )
    assert not second.release.shown.all()
    assert people(first) == people(second)
    assert narrow(second.release) == []


def test_tags_of_the_same_people_cost_nothing():
    first, second = of_tags(ALL, replace(ALL, tag="t.b"))
    assert first.release.shown.all()
    assert second.release.shown.all()


def test_a_number_that_another_tag_hid_to_protect_its_own_stays_hidden():
    names = [f"g{n}" for n in range(12)]
    first = binary([9, *[300] * 11], [3, *[60] * 11], names=names, tag="t.a")
    own = examine(first, policy(), {"yes": True})
    keys = own.release.statements.keys
    hidden = [key for key in keys if key.what == PEOPLE and key not in visible(own)]
    assert len(hidden) > 1
    _, second = of_tags(first, binary([9, *[300] * 11], [9, *[70] * 11], names=names, tag="t.b"))
    assert not visible(second).keys() & set(hidden)
    assert visible(second)


def test_merged_groups_are_compared_by_who_is_in_them():
    """The second report puts together what the first named apart: their sum is known."""
    _, cube = world(3, people=3000)
    ages = over(cube, ["age_band"])
    first = by(cube, ["age_band"])
    counts = ages.counts.copy()
    counts[0, 0] += 1
    later = cube_of("t.x", 1, ages.axes, counts)
    merged = later.merged("age_band", {"18-24": "18-34", "25-34": "18-34"})
    told = told_of_tag(before(ages, first), limits(["age_band"]), near=K, outcome=True)
    last = Before(ages, {"age_band": {"18-24": "18-34", "25-34": "18-34"}}, frozenset(), K, "")
    now = examine(later, limits(["age_band"]), {"yes": True}, [last], [told])
    assert now.cube.axis("age_band").values == merged.axis("age_band").values
    was = visible(first)
    parts = [
        sum(n for key, n in was.items() if key.what == PEOPLE and key.labels == (age,))
        for age in ("18-24", "25-34")
    ]
    keys = [key for key in visible(now) if key.what == PEOPLE and key.labels == ("18-34",)]
    assert all(parts)
    assert keys == []
