"""A report is attacked: what can be worked out from what is shown, by linear programmes and by hand."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from audit.bias import protection
from audit.bias.cube import Axis, Kind, cube_of
from audit.bias.protection import KNOWN, PEOPLE, Key, attack, merge, protect, statements
from audit.errors import Refused
from tests.bias import YESNO, binary, two_way

K = 10
BOTH = ["gender", "age_band"]


def world(seed):
    rng = np.random.default_rng(seed)
    people = int(rng.choice([300, 1000, 5000]))
    gender = [0.5, 0.48, 0.02][: rng.integers(2, 4)]
    age = rng.dirichlet(np.full(rng.integers(3, 7), 1.2))
    return two_way(rng, people, gender, age, float(rng.choice([0.03, 0.2])))


def released(cube, before=None):
    merged, _ = merge(cube, BOTH, K)
    return protect(statements(merged, BOTH, 2), K, before)


def narrow(found):
    return {key: ends for key, ends in found.items() if ends[1] - ends[0] < K}


def hand_solved(release):
    """All the numbers that follow from shown ones by adding and subtracting: rank of the system."""
    matrix = release.statements.matrix.astype(float)
    shown = matrix[release.shown]
    rank = np.linalg.matrix_rank(shown) if len(shown) else 0
    return [
        release.statements.keys[n]
        for n in np.flatnonzero(~release.shown)
        if np.linalg.matrix_rank(np.vstack([shown, matrix[n]])) == rank and len(shown)
    ]


@pytest.mark.parametrize("seed", range(25))
def test_nobody_is_worked_out_from_a_report(seed):
    release = released(world(seed))
    assert narrow(attack(release)) == {}
    assert hand_solved(release) == []
    small = (release.statements.values > 0) & (release.statements.values < K)
    assert not (small & release.shown).any()


def test_most_numbers_are_still_shown():
    shown = [released(world(seed)).shown for seed in range(25)]
    assert np.concatenate(shown).mean() >= 0.6


def test_hiding_the_small_alone_gives_them_away():
    found = recovered = 0
    for seed in range(10):
        wanted = statements(world(seed), BOTH, 2)
        small = (wanted.values > 0) & (wanted.values < K)
        naive = protection.Release(wanted, ~small, K)
        ends = attack(naive).values()
        found += len(ends)
        recovered += sum(low == high for low, high in ends)
    assert recovered > 0.5 * found  # and this is why `protect` goes on hiding


def test_the_range_of_an_attack_is_what_trying_every_table_says():
    cube = binary([3, 4], [1, 2])
    wanted = statements(cube, ["group"], 1)
    keep = [key for key in wanted.keys if not key.attributes or key.labels == ("g0",)]
    shown = np.array(
        [(key in keep and key.what == PEOPLE) or key == Key("yes") for key in wanted.keys]
    )
    release = protection.Release(wanted, shown, 2)
    tables = [
        np.array(cells)
        for cells in product(range(8), repeat=4)
        if (wanted.matrix[shown] @ np.array(cells) == wanted.values[shown]).all()
    ]
    for key, (low, high) in attack(release).items():
        row = wanted.matrix[wanted.keys.index(key)]
        values = [int(row @ table) for table in tables]
        assert (low, high) == (min(values), max(values))


@pytest.mark.parametrize("seed", range(6))
def test_two_reports_on_the_same_people_do_not_name_the_newcomer(seed):
    rng = np.random.default_rng(seed)
    first = world(seed)
    one_more = first.counts.copy()
    one_more.flat[rng.integers(0, one_more.size)] += 1
    second = cube_of("t.x", 2, first.axes, one_more)
    merged, into = merge(first, BOTH, K)
    for name, step in into.items():
        second = second.merged(name, step)
    before = protect(statements(merged, BOTH, 2), K)
    after = protect(statements(second, BOTH, 2), K, before)
    old, new = before.visible(), after.visible()
    moved = [abs(new[key] - old[key]) for key in old.keys() & new.keys()]
    assert all(step == 0 or step >= K for step in moved)
    assert narrow(attack(after, before)) == {}
    alone = protect(statements(second, BOTH, 2), K)  # as if there had been no report before
    steps = [abs(v - old[key]) for key, v in alone.visible().items() if key in old]
    assert any(0 < step < K for step in steps)


def test_a_world_too_small_shows_nothing():
    release = released(two_way(np.random.default_rng(1), 8, [0.5, 0.5], [0.5, 0.5], 0.5))
    assert release.visible() == {}


def test_a_large_world_hides_nothing():
    release = released(two_way(np.random.default_rng(1), 100_000, [0.5, 0.5], np.ones(6) / 6, 0.3))
    assert release.shown.all()
    assert release.value(Key(PEOPLE)) == 100_000
    assert release.value(Key(PEOPLE, ("gender",), (KNOWN,))) == 100_000


def test_numbers_that_contradict_each_other_are_refused():
    wanted = statements(binary([300, 5], [100, 2]), ["group"], 1)
    values = wanted.values.copy()
    values[wanted.keys.index(Key("no"))] += 1
    with pytest.raises(Refused) as caught:
        attack(protect(replace(wanted, values=values), K))
    assert caught.value.code == "release-contradictory"


def test_only_neighbours_of_an_ordered_attribute_are_merged_and_unknown_stays():
    ages = ("18-24", "25-34", "35-44", "unknown")
    axes = [Axis("age_band", Kind.ATTRIBUTE, ages, ordered=True), Axis("tag", Kind.TAG, YESNO)]
    cube = cube_of("t.x", 1, axes, np.array([[30, 3], [40, 4], [500, 90], [4, 1]]))
    merged, into = merge(cube, ["age_band"], K)
    assert merged.axis("age_band").values[-1] == "unknown"
    assert into["age_band"]["18-24"] == into["age_band"]["25-34"] == "18-24+25-34"
    assert merged.total == cube.total


def test_both_sides_of_a_rate_with_an_outcome_are_protected():
    rng = np.random.default_rng(3)
    axes = [
        Axis("group", Kind.ATTRIBUTE, ("a", "b", "c")),
        Axis("redeemed", Kind.OUTCOME, ("no", "yes", "unknown")),
        Axis("tag", Kind.TAG, YESNO),
    ]
    cube = cube_of("t.x", 1, axes, rng.integers(0, 60, (3, 3, 2)))
    wanted = statements(cube, ["group"], 1, ["selection", "tpr"])
    found = dict(zip(wanted.keys, wanted.values, strict=True))
    assert found[Key("yes:tpr:of", ("group",), ("b",))] == cube.counts[1, 1, 1]
    assert found[Key("yes:tpr:among", ("group",), ("b",))] == cube.counts[1, 1].sum()
    assert narrow(attack(protect(wanted, K))) == {}
