# SPDX-License-Identifier: Apache-2.0
"""Models as plain numbers: equal to the libraries that trained them, and explained exactly."""

import itertools
from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.errors import Refused
from tagging.learning import private, training, trial
from tagging.learning.predicting import Predictor, sufficient
from tagging.learning.scoring import LEAST_VARIANCE, SHARE, THRESHOLDS, Scorer, Tree
from tagging.segmentation.contract import ONE
from tests.segments import NoNoise, plain_contract

WIDTH = 3
PLAIN = ("tree", "random-forest", "svm")
EBM = pytest.param(
    "ebm-dp",
    marks=pytest.mark.skipif(
        find_spec("interpret") is None, reason="ebm-dp IS NOT TESTED: pip install interpret-core"
    ),
)
ALL = (*PLAIN, "naive-bayes-dp", "random-forest-dp", EBM)


def people(count=600, seed=1):
    """Rows on the lattice, and an outcome that two of three features foretell."""
    stream = np.random.default_rng(seed)
    rows = stream.integers(-ONE, ONE + 1, (count, WIDTH)).astype(np.int32)
    noise = stream.normal(0, 0.3 * ONE, count)
    return rows, rows[:, 0] + 0.5 * rows[:, 1] + noise > 0


ROWS, OUTCOMES = people()
SIZE = {"trees": 15, "depth": 4}


def parameters(method, rows=ROWS, outcomes=OUTCOMES, epsilon=2.0):
    if method in PLAIN:
        return training.train(method, rows, outcomes, **SIZE)
    cost = private.price(method, epsilon, 1e-6)
    return private.train(method, rows, outcomes, cost, **SIZE)[0]


def predictor(method, threshold=50, **more):
    names = tuple((f"f{n}", f"特征{n}") for n in range(WIDTH))
    scorer = Scorer(method, parameters(method, **more))
    return Predictor("m/50", plain_contract(WIDTH), (1,) * WIDTH, scorer, threshold, names)


@pytest.mark.parametrize("method", PLAIN)
def test_a_plain_model_says_what_scikit_learn_says(method):
    rows, _ = people(3000, seed=9)
    ours = predictor(method)
    if not ours.scorer.linear:  # some stand on the edge at which a tree parts them
        edges = np.concatenate([tree.at for tree in ours.scorer.trees])
        rows[:2000] = np.random.default_rng(4).choice(edges, (2000, WIDTH))
    model = training.fitted(method, ROWS, OUTCOMES.astype(int), **SIZE)
    theirs = model.predict(rows / ONE if method == "svm" else rows)
    assert np.array_equal(ours.numbers(rows), theirs)


def test_naive_bayes_says_what_diffprivlib_says():
    rows, _ = people(3000, seed=9)
    model = private.bayes(ROWS, OUTCOMES.astype(int), 2.0)
    model.var_ = np.maximum(model.var_, LEAST_VARIANCE)
    scorer = Scorer("naive-bayes-dp", private.bayes_document(model))
    assert np.array_equal(scorer.scores(rows) > scorer.cut(50), model.predict(rows / ONE) == 1)


def test_a_private_tree_says_what_diffprivlib_says():
    rows, _ = people(3000, seed=9)
    for model in private.forest(ROWS, OUTCOMES.astype(int), 2.0, 3, 4):
        ours = training.tree_of(model)
        theirs = model.predict(rows.astype(np.float64)) == 1
        assert np.array_equal(ours.share[ours.leaf(rows)] > SHARE // 2, theirs)


@pytest.mark.parametrize("method", ALL)
def test_a_model_foretells_better_than_chance(method):
    rows, outcomes = people(3000, seed=9)
    told = predictor(method).numbers(rows) == 1
    assert (told == outcomes).mean() > 0.7


@pytest.mark.parametrize("method", ALL)
def test_one_person_alone_is_what_many_at_once_are(method):
    model = predictor(method)
    points = [[int(x) / ONE for x in row] for row in ROWS[:40]]
    whole = model.numbers(model.points(np.array(points).T))
    assert [model.one(one) for one in points] == whole.tolist()


@pytest.mark.parametrize("method", ["svm", "naive-bayes-dp", EBM])
@pytest.mark.parametrize("threshold", [20, 50, 85])
def test_the_parts_of_a_linear_model_add_up_to_the_margin(method, threshold):
    model = predictor(method, threshold)
    for row in ROWS[:50]:
        found = model.explained([int(x) / ONE for x in row])
        assert found.base + sum(found.parts) == found.margin
        assert found.given == (found.margin > 0) == bool(model.numbers(row[None])[0])


def test_the_votes_of_a_forest_are_counted():
    model = predictor("random-forest-dp")
    row = ROWS[0]
    yes = sum(int(tree.share[tree.leaf(row[None])[0]]) == SHARE for tree in model.scorer.trees)
    found = model.explained([int(x) / ONE for x in row])
    assert found.votes == (yes, SIZE["trees"])
    assert not found.parts
    assert not found.ranges
    assert found.score == pytest.approx(100 * yes / SIZE["trees"])


@st.composite
def trees(draw):
    """A tree of depth 2 or 3 over places from 0 to 4 of three features."""
    depth = draw(st.integers(2, 3))
    inner = 2**depth - 1
    count = 2 ** (depth + 1) - 1
    feature = [draw(st.integers(0, 2)) if n < inner else -1 for n in range(count)]
    at = [draw(st.integers(0, 3)) for _ in range(count)]
    left = [2 * n + 1 if n < inner else 0 for n in range(count)]
    right = [2 * n + 2 if n < inner else 0 for n in range(count)]
    share = [draw(st.sampled_from([0, SHARE])) if n >= inner else 0 for n in range(count)]
    return Tree(*(np.array(one, dtype=np.int64) for one in (feature, at, left, right, share)))


SPACE = np.array(list(itertools.product(range(5), repeat=3)), dtype=np.int32)


@settings(max_examples=200, deadline=None)
@given(trees(), st.tuples(*[st.integers(0, 4)] * 3))
def test_the_facts_of_a_tree_suffice_and_no_end_can_be_left_out(tree, row):
    ranges = sufficient(tree, row, SHARE // 2)
    told = tree.share[tree.leaf(SPACE)] > SHARE // 2
    mine = bool(tree.share[tree.leaf(np.array([row], dtype=np.int32))[0]] > SHARE // 2)
    inside = np.all([(SPACE[:, n] > a) & (SPACE[:, n] <= b) for n, (a, b) in enumerate(ranges)], 0)
    assert all(a < x <= b for x, (a, b) in zip(row, ranges, strict=True))
    assert np.all(told[inside] == mine)
    for feature, ends in enumerate(ranges):
        for side, whole in enumerate((-ONE - 1, ONE)):
            if ends[side] != whole:
                wider = list(ranges)
                wider[feature] = (whole, ends[1]) if side == 0 else (ends[0], whole)
                assert len(reached(tree, wider)) == 2


def reached(tree, ranges, node=0):
    """The answers that can be reached within ranges, by leaves that need not be possible."""
    feature, at = int(tree.feature[node]), int(tree.at[node])
    if feature < 0:
        return {bool(tree.share[node] > SHARE // 2)}
    above, up_to = ranges[feature]
    left = reached(tree, ranges, int(tree.left[node])) if above < at else set()
    return left | (reached(tree, ranges, int(tree.right[node])) if up_to > at else set())


@pytest.mark.parametrize("method", PLAIN)
def test_a_one_sided_outcome_is_refused(method):
    with pytest.raises(Refused) as refused:
        parameters(method, outcomes=np.zeros(len(ROWS), dtype=bool))
    assert refused.value.code == "model-one-sided"


def test_a_leaf_of_a_plain_tree_holds_many_people():
    tree = Scorer("tree", parameters("tree")).trees[0]
    assert np.bincount(tree.leaf(ROWS)).max() < len(ROWS)
    assert min(np.unique(tree.leaf(ROWS), return_counts=True)[1]) >= training.LEAST_LEAF


@pytest.mark.parametrize("method", ["naive-bayes-dp", "random-forest-dp"])
@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_private_model_asks_the_same_of_nobody_and_of_everybody(method, count):
    found = parameters(method, rows=ROWS[:count], outcomes=OUTCOMES[:count])
    whole = parameters(method)
    shape = [len(one) for one in found.get("trees", found.get("means"))]
    assert shape == [len(one) for one in whole.get("trees", whole.get("means"))]


def test_the_exact_number_of_people_is_not_in_the_counts_of_bayes():
    """What diffprivlib does by itself: counts that add up to the number of rows."""
    totals = {private.bayes(ROWS, OUTCOMES.astype(int), 0.3).class_count_.sum() for _ in range(20)}
    assert len(totals) > 5


def test_one_person_more_is_in_one_tree(monkeypatch):
    """Whoever comes in front moves nobody into another tree: each has a draw of their own."""
    seen = []
    real = np.random.default_rng

    class Fixed:
        def integers(self, low, high, count):
            seen.append(count)
            return real(5).integers(low, high, 601)[601 - count :]

    monkeypatch.setattr(private.np.random, "default_rng", Fixed)
    rows = np.concatenate([[[0, 0, 0]], ROWS]).astype(np.int32)
    parts = []

    class Kept:
        def __init__(self, *_args, **_more):
            pass

        def fit(self, mine, _known, **_more):
            parts.append({tuple(one) for one in mine.tolist()})
            return self

    import diffprivlib.models.forest as theirs

    monkeypatch.setattr(theirs, "DecisionTreeClassifier", Kept)
    private.forest(ROWS, OUTCOMES.astype(int), 1.0, 10, 4)
    private.forest(rows, np.append(0, OUTCOMES).astype(int), 1.0, 10, 4)
    changed = sum(a != b for a, b in zip(parts[:10], parts[10:], strict=True))
    assert changed == 1


def test_figures_follow_from_the_table():
    model = predictor("tree")
    table = trial.table_of(model.scorer, ROWS, OUTCOMES)
    assert table.sum() == len(ROWS)
    for one in trial.figures(table.tolist()):
        told = model.scorer.scores(ROWS) > model.scorer.cut(one.threshold)
        assert one.right_yes == int((told & OUTCOMES).sum())
        assert one.wrong_yes == int((told & ~OUTCOMES).sum())
        assert one.wrong_no == int((~told & OUTCOMES).sum())
        assert one.right_no == int((~told & ~OUTCOMES).sum())
    assert [one.threshold for one in trial.figures(table.tolist())] == list(THRESHOLDS)


def test_noise_makes_no_people():
    sigma, whole = 17, np.zeros((trial.STEPS, 2), dtype=np.int64)
    whole[2] = 2000, 400
    stream = np.random.default_rng(5)
    noisy = whole + np.rint(stream.normal(0, sigma, (300, *whole.shape))).astype(np.int64)
    given = [trial.figures(one.tolist(), sigma)[0] for one in noisy]  # above 5: 19 steps
    people = np.array([one.right_yes + one.wrong_yes for one in given])
    assert abs(people.mean() - 2400) < 4 * sigma * np.sqrt(38 / 300)


def test_a_share_that_noise_hides_is_not_told():
    table = np.zeros((trial.STEPS, 2), dtype=np.int64)
    table[10], table[19] = (300, 700), (9, 12)
    exact, noisy = trial.figures(table.tolist()), trial.figures(table.tolist(), sigma=17)
    assert (exact[9].precision, exact[-1].precision) == (712 / 1021, 12 / 21)
    assert (noisy[9].precision, noisy[-1].precision) == (712 / 1021, None)
    assert trial.figures(table.tolist(), sigma=100)[9].recall is None
    assert "sigma" not in noisy[9].to_dict()


def test_one_person_changes_one_cell_of_the_table():
    model = predictor("svm")
    whole = trial.table_of(model.scorer, ROWS, OUTCOMES)
    less = trial.table_of(model.scorer, ROWS[1:], OUTCOMES[1:])
    assert np.abs(whole - less).sum() == 1


def test_noise_costs_no_more_than_was_charged():
    from fractions import Fraction

    rho = Fraction(24_000_000, 10**9)
    table, queries = trial.noisy(np.zeros((20, 2), dtype=np.int64), rho, NoNoise())
    assert sum(query.rho for query in queries) <= rho
    assert table.shape == (20, 2)
