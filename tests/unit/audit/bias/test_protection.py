"""Reports are attacked: what can be worked out from all that is shown, by integer programmes and by hand."""

from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import pytest

from audit.bias.cube import Axis, Kind, cube_of
from audit.bias.merging import merge
from audit.bias.protection import Outside, Release, protect, proven
from audit.bias.statements import KNOWN, PEOPLE, Key, nobody_left, statements
from audit.bias.successive import merged_again
from audit.errors import Refused
from tests.attacking import attack
from tests.bias import YESNO, binary, two_way

K = 10
BOTH = ["gender", "age_band"]


def world(seed):
    rng = np.random.default_rng(seed)
    people = int(rng.choice([300, 1000, 5000]))
    gender = [0.5, 0.48, 0.02][: rng.integers(2, 4)]
    age = rng.dirichlet(np.full(rng.integers(3, 7), 1.2))
    return two_way(rng, people, gender, age, float(rng.choice([0.03, 0.2])))


LIVES = ("joined", "joined and lost the tag", "joined and left", "left", "one joined")


def later(rng, cube, life):
    """The same world some time after."""
    counts = cube.counts.copy()
    if "joined" in life and life != "one joined":
        counts += rng.poisson(cube.counts * 0.06)
    if life == "one joined":
        counts.flat[rng.integers(0, counts.size)] += 1
    if "left" in life:
        counts -= rng.binomial(cube.counts, 0.05)
    if "lost" in life:
        lost = rng.binomial(cube.counts, 0.05)
        counts += lost[..., ::-1] - lost
    return cube_of("t.x", 2, cube.axes, counts)


def reports(seed, lives):
    """A report, then one after each stretch of life, each beside all before."""
    rng = np.random.default_rng(seed)
    cube = world(seed)
    merged, into = merge(cube, BOTH, K)
    made = [protect(statements(merged, BOTH, 2), K)]
    for life in lives:
        cube = later(rng, cube, life)
        made.append(protect(statements(merged_again(cube, into), BOTH, 2), K, made))
    return made


def released(cube):
    merged, _ = merge(cube, BOTH, K)
    return protect(statements(merged, BOTH, 2), K)


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
def test_every_hidden_number_has_two_tables_that_agree_with_the_report(seed):
    release = released(world(seed))
    least = proven(release)
    assert release.shown.all() if least is None else least >= K
    assert hand_solved(release) == []
    small = (release.statements.values > 0) & (release.statements.values < K)
    assert not (small & release.shown).any()


@pytest.mark.parametrize("seed", range(6))
def test_nobody_is_worked_out_from_a_report(seed):
    assert narrow(attack([released(world(seed))])) == {}


@pytest.mark.parametrize(("seed", "life"), list(enumerate(LIVES)))
def test_nobody_is_worked_out_from_two_reports(seed, life):
    made = reports(seed, [life])
    assert narrow(attack(made)) == {}


@pytest.mark.parametrize("seed", range(2))
def test_nobody_is_worked_out_from_three_reports_with_an_outcome(seed):
    """People move among the cells within a group, when they gain the tag or have the outcome."""
    rng = np.random.default_rng(seed)
    axes = [
        Axis("group", Kind.ATTRIBUTE, ("a", "b")),
        Axis("redeemed", Kind.OUTCOME, ("unknown", "no", "yes")),
        Axis("tag", Kind.TAG, YESNO),
    ]
    counts = rng.poisson(rng.gamma(0.8, 60, (2, 3, 2)))
    made = []
    for _ in range(3):
        cube = cube_of("t.x", 1, axes, counts)
        made.append(protect(statements(cube, ["group"], 1, ["selection", "tpr"]), K, made))
        counts = later(rng, cube, str(rng.choice(LIVES))).counts
    assert narrow(attack(made)) == {}


@pytest.mark.parametrize("seed", range(12))
def test_every_report_of_a_year_is_proven_beside_all_before(seed):
    lives = np.random.default_rng(seed).choice(LIVES, 6).tolist()
    made = reports(seed, lives)
    for at in range(len(made)):
        least = proven(made[at], made[:at])
        assert least is None or least >= K
    for old, new in pairwise(made):
        was, now = old.visible(), new.visible()
        assert not any(0 < abs(now[key] - was[key]) < K for key in now.keys() & was.keys())


def test_a_number_is_not_shown_again_when_it_moved_little_since_the_report_before_last():
    """Hidden in between, it would be told by the first and the third report."""
    first = binary([400, 600], [100, 300])
    made = [protect(statements(first, ["group"], 1), K)]
    for step in (9, 9):
        counts = np.add(made[-1].statements.counts.reshape(2, 2), [[0, step], [0, 0]])
        cube = cube_of("t.x", 1, first.axes, counts)
        made.append(protect(statements(cube, ["group"], 1), K, made))
    key = Key("yes", ("group",), ("g0",))
    assert [one.value(key) for one in made] == [100, None, 118]
    cube = cube_of("t.x", 1, first.axes, np.add(first.counts, [[0, 9], [0, 0]]))
    made[2] = protect(statements(cube, ["group"], 1), K, made[:2])
    assert made[2].value(key) is None


def test_six_who_joined_two_hidden_groups_are_not_told_by_the_others():
    """All less those who are shown, in both reports: the two groups have six more between them."""
    first = binary([222, 265, 520, 440], [114, 4, 107, 93])
    made = [protect(statements(first, ["group"], 1), K)]
    counts = np.add(first.counts, [[3, 20], [3, 20], [0, 0], [20, 30]])
    made.append(protect(statements(cube_of("t.x", 1, first.axes, counts), ["group"], 1), K, made))
    assert narrow(attack(made)) == {}


def test_beside_a_report_that_gave_numbers_away_nothing_is_shown():
    wanted = statements(world(1), BOTH, 2)
    small = (wanted.values > 0) & (wanted.values < K)
    assert small.any()
    assert not protect(wanted, K, [Release(wanted, ~small, K)]).shown.any()


def test_what_the_first_report_hid_stays_hidden_beside_the_second():
    """Small in the first, large in the second: shown there, it must not narrow what it was."""
    for seed in range(12):
        first, second = reports(seed, ["joined"])
        hidden = set(np.flatnonzero(~first.shown).tolist())
        kept = {p.target.number for p in second.proofs if p.target.report == 0}
        assert hidden == kept


@pytest.mark.slow
@pytest.mark.parametrize("part", range(50))
def test_nobody_is_worked_out_from_five_hundred_reports_and_pairs(part):
    rng = np.random.default_rng(part)
    for seed in range(10 * part, 10 * part + 10):
        first, second = reports(seed, [str(rng.choice(LIVES))])
        assert narrow(attack([first])) == {}
        assert narrow(attack([first, second])) == {}


def test_most_numbers_are_still_shown():
    shown = [released(world(seed)).shown for seed in range(25)]
    assert np.concatenate(shown).mean() >= 0.6


def test_most_numbers_of_the_next_report_are_shown_in_it_or_with_the_date_of_the_last():
    pairs = [reports(seed, ["joined and lost the tag"]) for seed in range(25)]
    assert np.concatenate([new.shown for _, new in pairs]).mean() >= 0.35
    assert np.concatenate([old.shown | new.shown for old, new in pairs]).mean() >= 0.6


def test_hiding_the_small_alone_gives_them_away():
    found = recovered = 0
    for seed in range(4):
        wanted = statements(world(seed), BOTH, 2)
        small = (wanted.values > 0) & (wanted.values < K)
        ends = attack([Release(wanted, ~small, K)]).values()
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
    release = Release(wanted, shown, 2)
    tables = [
        np.array(cells)
        for cells in product(range(8), repeat=4)
        if (wanted.matrix[shown] @ np.array(cells) == wanted.values[shown]).all()
    ]
    for (key, _, _), (low, high) in attack([release]).items():
        row = wanted.matrix[wanted.keys.index(key)]
        values = [int(row @ table) for table in tables]
        assert (low, high) == (min(values), max(values))


def test_the_range_over_two_reports_is_what_trying_every_table_says():
    cube = binary([2, 2], [1, 1])
    more = cube_of("t.x", 1, cube.axes, np.add(cube.counts, [[0, 1], [1, 0]]))
    lost = cube_of("t.x", 1, cube.axes, np.add(cube.counts, [[1, 0], [1, -1]]))
    gone = cube_of("t.x", 1, cube.axes, np.subtract(cube.counts, [[0, 1], [1, 0]]))
    assert nobody_left(statements(cube, ["group"], 1), statements(gone, ["group"], 1)) == (
        False,
        False,
    )
    for second in (more, lost):
        of = [statements(one, ["group"], 1) for one in (cube, second)]
        shown = np.array(
            [not key.attributes or key == Key("no", ("group",), ("g0",)) for key in of[0].keys]
        )
        made = [Release(one, shown, 3) for one in of]
        groups, cells = nobody_left(*of)
        assert (groups, cells) == (True, second is more)
        every = np.array(list(product(range(6), repeat=4)))
        old, new = (
            every[(every @ one.matrix[shown].T == one.values[shown]).all(axis=1)] for one in of
        )
        step = new[None] - old[:, None]
        sums = np.eye(4) if cells else np.kron(np.eye(2), [1, 1])
        at_once = np.argwhere((step @ sums.T >= 0).all(axis=2))
        pair = old[at_once[:, 0]], new[at_once[:, 1]]
        for (key, at, since), ends in attack(made).items():
            row = of[0].matrix[of[0].keys.index(key)]
            values = pair[at] @ row - (0 if since is None else pair[since] @ row)
            assert ends == (values.min(), values.max())


@pytest.mark.parametrize("seed", range(6))
def test_two_reports_on_the_same_people_do_not_name_the_newcomer(seed):
    first, second = reports(seed, ["one joined"])
    was = first.visible()
    alone = protect(second.statements, K)  # as if there had been no report before
    steps = [abs(v - was[key]) for key, v in alone.visible().items() if key in was]
    assert any(0 < step < K for step in steps)
    now = second.visible()
    assert all(now[key] == was[key] for key in now.keys() & was.keys())


def test_a_proof_that_does_not_hold_is_refused():
    made = reports(3, ["joined"])
    assert made[1].proofs
    for n, proof in enumerate(made[1].proofs):
        more = replace(proof, up=10_000 * (proof.up - proof.down))
        less = replace(proof, up=0 * proof.up, down=0 * proof.down)
        for wrong in (more, less):
            proofs = (*made[1].proofs[:n], wrong, *made[1].proofs[n + 1 :])
            if (proof.up >= 0).all() and wrong is more:
                continue  # people can be added without end
            with pytest.raises(Refused):
                proven(replace(made[1], proofs=proofs), made[:1])
    with pytest.raises(Refused):
        proven(replace(made[1], proofs=()), made[:1])


def test_what_no_box_of_cells_moves_far_enough_is_found_by_looking_for_it():
    """Ten have the tag, and all totals are known: only a table with all of them in one group is far enough."""
    cube = binary([300] * 6, [2, 1, 2, 1, 2, 2], names=[f"g{n}" for n in range(6)])
    wanted = statements(cube, ["group"], 1)
    known = np.array([not key.attributes or key.what == PEOPLE for key in wanted.keys])
    nothing = np.zeros_like(known)
    release = protect(wanted, K, (), Outside(nothing, known))
    assert release.shown[known].all()
    assert proven(release) == K
    assert narrow(attack([release])) == {}


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
        proven(protect(replace(wanted, values=values), K))
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
    assert narrow(attack([protect(wanted, K)])) == {}
