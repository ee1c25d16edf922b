"""What tags say about an attribute: known worlds, brute force, and no alarm where there is nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from audit.bias import leak
from audit.bias.leak_report import figures
from tests.bias import policy


def rows(rng, people, tags, weak=0, xor=False):
    """Tags of people and whether each belongs to the value; `weak` tags say a little, a pair all."""
    code = rng.integers(0, 2, people)
    bits = (rng.random((people, tags)) < 0.3).astype(np.uint8)
    for tag in range(weak):
        bits[:, tag] = rng.random(people) < 0.30 + 0.02 * (2 * code - 1)
    if xor:
        bits[:, -2] = rng.random(people) < 0.5
        wrong = rng.random(people) < 0.08
        bits[:, -1] = bits[:, -2] ^ code ^ wrong
    return bits, code


def patterns(bits, code):
    found, place = np.unique(bits, axis=0, return_inverse=True)
    counts = np.zeros((len(found), 2), dtype=np.int64)
    np.add.at(counts, (place.ravel(), code), 1)
    return found, counts


@given(hnp.arrays(np.int64, (3, 4), elements=st.integers(0, 40)))
def test_information_is_its_definition(table):
    found = leak.information(table)
    total = table.sum()
    if not total:
        assert np.isnan(found.bits)
        return
    p = table / total
    outer = np.outer(p.sum(axis=1), p.sum(axis=0))
    expected = (p[p > 0] * np.log2(p[p > 0] / outer[p > 0])).sum()
    assert found.bits == pytest.approx(expected, abs=1e-9)
    assert found.corrected <= found.bits + 1e-12


def test_a_tag_that_is_the_attribute_says_all_of_it():
    found = leak.information(np.array([[500, 0], [0, 500]]))
    assert found.bits == pytest.approx(1.0)
    assert found.p < 1e-9


def test_the_scan_of_pairs_is_the_count_of_each_pair():
    bits, code = rows(np.random.default_rng(1), 3000, 6)
    held = leak.gram(bits, code, 2)
    sizes = np.bincount(code, minlength=2)
    pairs, tables = leak.pair_tables(held, sizes)
    for (first, second), table in zip(pairs, tables, strict=True):
        cell = bits[:, first].astype(int) + 2 * bits[:, second].astype(int)
        expected = np.zeros((4, 2), dtype=np.int64)
        np.add.at(expected, (cell, code), 1)
        assert (table == expected).all()


def test_a_pair_that_only_together_tells_is_found_first():
    bits, code = rows(np.random.default_rng(2), 20_000, 40, xor=True)
    held, sizes = leak.gram(bits, code, 2), np.bincount(code)
    limits = policy()
    assert leak.over_single(held, sizes, limits) == []
    worst = leak.over_pairs(held, sizes, limits)[0]
    assert (worst.first, worst.second) == (38, 39)
    assert worst.bits == pytest.approx(1 + 0.08 * np.log2(0.08) + 0.92 * np.log2(0.92), abs=0.02)
    assert worst.beyond_single > 0.5


def test_the_whole_set_tells_as_much_as_the_world_holds():
    bits, code = rows(np.random.default_rng(3), 50_000, 60, weak=20, xor=True)
    share = np.full(60, 0.3)
    odds = np.zeros(50_000)
    for tag in range(20):
        up, down = np.log(0.32 / 0.28), np.log(0.68 / 0.72)
        odds += np.where(bits[:, tag] == 1, up, down)
    odds += np.where(bits[:, -2] ^ bits[:, -1], 1, -1) * np.log(0.92 / 0.08)
    best = leak.auc(odds, np.stack([1 - code, code], axis=1))
    found = leak.joint_auc(*patterns(bits, code), policy())
    assert share.size == bits.shape[1]
    assert found.auc == pytest.approx(best, abs=0.01)
    assert found.above


def test_tags_that_hang_together_in_a_chain_are_weighed_as_they_are():
    every = np.array(list(np.ndindex(2, 2, 2)), dtype=np.uint8)
    first = np.where(every[:, 0] == 1, 0.7, 0.3)  # tells by itself, too
    stays = [every[:, n] == every[:, n + 1] for n in (0, 1)]
    value = first * np.prod([np.where(same, 0.9, 0.1) for same in stays], axis=0)
    rest = np.full(8, 1 / 8)
    counts = np.round(np.stack([rest, value], axis=1) * 1_000_000).astype(np.int64)
    assert leak._bayes(every, counts) == pytest.approx(np.log(value / rest), abs=0.01)


def test_people_are_not_judged_by_what_was_learnt_from_them():
    rng = np.random.default_rng(13)
    bits = rng.integers(0, 2, (300, 120), dtype=np.uint8)
    code = rng.integers(0, 2, 300)
    found = leak.joint_auc(*patterns(bits, code), policy())
    assert found.auc < 0.5 + 3 * found.error


def test_what_chance_gives_is_taken_off():
    rng = np.random.default_rng(14)
    found = leak.information(rng.multinomial(500, np.full(20, 0.05), size=400).reshape(400, 4, 5))
    assert found.bits.mean() == pytest.approx(12 / (2 * 500 * np.log(2)), rel=0.1)
    assert found.corrected.mean() < 0.3 * found.bits.mean()
    assert (found.p < 0.05).mean() == pytest.approx(0.05, abs=0.03)


def test_where_there_is_nothing_nothing_is_found():
    limits = policy(leak={"tag_bits": 0.001, "pair_bits": 0.001, "auc": 0.52, "folds": 5})
    alarms = 0
    for seed in range(60):
        bits, code = rows(np.random.default_rng(seed), 3000, 20)
        held, sizes = leak.gram(bits, code, 2), np.bincount(code)
        alarms += bool(
            leak.over_single(held, sizes, limits)
            or leak.over_pairs(held, sizes, limits)
            or leak.joint_auc(*patterns(bits, code), limits).above
        )
    assert alarms <= 4


@given(st.integers(0, 2**32 - 1))
def test_auc_is_the_share_of_right_pairs(seed):
    rng = np.random.default_rng(seed)
    score = rng.integers(0, 4, 6).astype(float)
    counts = rng.integers(0, 4, (6, 2)) + 1
    rest, value = (np.repeat(score, counts[:, n]) for n in (0, 1))
    above = (value[:, None] > rest).mean() + (value[:, None] == rest).mean() / 2
    assert leak.auc(score, counts) == pytest.approx(above)


def test_with_nobody_on_one_side_there_is_no_answer():
    found = leak.joint_auc(
        np.array([[0], [1]], dtype=np.uint8), np.array([[5, 0], [5, 0]]), policy()
    )
    assert np.isnan(found.auc)
    assert not found.above


def test_trees_find_what_takes_three_tags():
    pytest.importorskip("sklearn")
    rng = np.random.default_rng(5)
    code = rng.integers(0, 2, 6000)
    bits = rng.integers(0, 2, (6000, 6), dtype=np.uint8)
    bits[:, 2] = bits[:, 0] ^ bits[:, 1] ^ code
    found = leak.joint_auc(*patterns(bits, code), policy(), model="trees")
    assert found.auc > 0.9
    assert leak.joint_auc(*patterns(bits, code), policy()).auc < 0.55


@given(
    hnp.arrays(np.int64, (2, 3), elements=st.integers(20, 4000)),
    st.integers(0, 1),
    st.permutations(range(3)),
    st.floats(-0.5, 0.5),
)
def test_bits_do_not_tell_a_number_that_a_bias_report_hides(table, row, columns, lot):
    """Who knows all the sums of a table tries every one, with every lot: k or more could have been told."""
    move = np.zeros_like(table)
    move[np.ix_([row, 1 - row], columns[:2])] = [[1, -1], [-1, 1]]
    seen = float(figures(table, 10, lot)[0])

    def fits(n):
        low, high = (float(figures(table + n * move, 10, end)[0]) for end in (-0.5, 0.5))
        return low <= seen <= high

    run = 1
    for way in (1, -1):
        n = way
        while (table + n * move).min() >= 10 and fits(n) and run < 11:
            run, n = run + 1, n + way
        if (table + n * move).min() < 10:
            return  # the table ends here
    assert run >= 10


def test_exact_bits_would_tell_it():
    table, move = np.array([[431, 388], [169, 212]]), np.array([[1, -1], [-1, 1]])

    def fitting(figures):
        return [n for n in range(-150, 160) if figures(table + n * move) == figures(table)]

    exact = fitting(lambda one: f"{float(leak.information(one).corrected):.5f}")
    assert exact == [-43, 0]  # two tables only
    assert fitting(lambda one: figures(one, 10, 0.0)) == exact  # were the lot known


def test_groups_under_k_have_no_bits():
    assert figures(np.array([[9, 300], [300, 300]]), 10, 0.1) == (None, None)
    assert figures(np.array([[0, 0], [0, 0]]), 10, 0.1) == (None, None)
    assert figures(np.array([[10, 300], [300, 300]]), 10, 0.1) != (None, None)
