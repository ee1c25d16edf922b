# SPDX-License-Identifier: Apache-2.0
"""Private explainable boosting: our score is the library's, and no more is asked than was charged."""

import itertools
import sys

import numpy as np
import pytest

from audit.errors import NotFound
from tagging.learning import boosting, library_audit, private
from tagging.learning.boosting_audit import audit_boosting
from tagging.learning.scoring import FINE, Scorer
from tagging.segmentation.accounting import PrivacyBudget, charge_of
from tagging.segmentation.auditing import audit_replay
from tagging.segmentation.contract import ONE
from tagging.segmentation.noise import Gate
from tagging.segmentation.privacy_audit import Audited
from tests.segments import NoNoise, Repeatable, found_by, neighbours

pytest.importorskip("interpret", reason="ebm-dp IS NOT TESTED: pip install interpret-core")

RHO = PrivacyBudget(1.0).rho
STREAM = np.random.default_rng(5)
ROWS = STREAM.integers(-ONE, ONE + 1, (500, 3)).astype(np.int32)
OUTCOMES = ROWS[:, 0] + STREAM.normal(0, 0.3 * ONE, 500) > 0


def bins_of(rows, noise=None, rho=RHO):
    return boosting.binned(rows, Gate(noise or NoNoise(), rho), rho * boosting.FOR_BINS)


def replayed(rows, other):
    return audit_replay(bins_of, rows, other, Repeatable(1), RHO * boosting.FOR_BINS)


@pytest.fixture(scope="module")
def model():
    return boosting.fitted(ROWS, OUTCOMES, bins_of(ROWS, Repeatable(2)), 20.0)


def test_our_score_is_the_log_odds_of_the_library_also_on_the_edges(model):
    rows = STREAM.integers(-ONE, ONE + 1, (3000, 3)).astype(np.int32)
    edges = np.concatenate([np.ceil(levels[0]) for levels in model.bins_]).astype(np.int64)
    rows[:1000] = STREAM.choice(np.concatenate([edges, edges - 1]), (1000, 3))
    scorer = Scorer("ebm-dp", boosting.terms(model))
    theirs = model.decision_function(rows.astype(np.float64))
    assert np.abs(scorer.scores(rows) / FINE - theirs).max() < 1e-9
    assert np.array_equal(scorer.parts(rows).sum(axis=1) + scorer.base, scorer.scores(rows))


def test_the_library_uses_our_bins_and_our_noise(model):
    wanted = bins_of(ROWS, Repeatable(2))
    for (cuts, weights), levels, held in zip(wanted, model.bins_, model.bin_weights_, strict=True):
        assert np.array_equal(cuts, levels[0])
        assert held.tolist() == [*weights, 0.0]
    assert model.noise_scale_boosting_ == 20.0 * boosting.RATE
    assert model.random_state is None


def test_the_questions_cost_what_was_charged_and_hardly_less():
    cost = private.price("ebm-dp", 1.0, 1e-6)
    _, asked = private.train("ebm-dp", ROWS, OUTCOMES, cost, trees=1, depth=1)
    assert [one["name"] for one in asked] == ["cells", "sums-of-residuals"]
    queries = boosting.train(ROWS, OUTCOMES, RHO)[1]
    assert 0.999 < charge_of(queries) / cost.nano_rho <= 1
    assert cost.measure == "zCDP"
    assert "floating point" in cost.noise


def test_a_person_moves_the_counts_of_the_bins_by_no_more_than_charged():
    """The replay of the audit, on the part whose noise is ours."""
    worst = max(
        replayed(*pair)
        for dimensions in (1, 4)
        for pair in itertools.islice(neighbours(dimensions, 7), 60)
    )
    assert 0.9 < worst <= 1


def test_a_person_moves_a_sum_by_half_a_rate_at_first_and_never_by_more_than_one(monkeypatch):
    """With one bin, one round and next to no noise, the whole term is the sum of residuals."""
    monkeypatch.setattr(boosting, "ROUNDS", 1)
    one_bin = [(np.empty(0), [0.0, 1.0])]

    def summed(count):
        rows, all_yes = np.zeros((count, 1), dtype=np.int32), np.ones(count, dtype=bool)
        return float(boosting.fitted(rows, all_yes, one_bin, 1e-12).intercept_[0])

    assert summed(6) - summed(5) == pytest.approx(boosting.RATE / 2, abs=1e-9)
    assert summed(0) == pytest.approx(0, abs=1e-9)  # the two public rows alone


@pytest.mark.parametrize("count", [0, 1, 2])
def test_nobody_or_one_outcome_alone_asks_the_same(count):
    found, asked = boosting.train(ROWS[:count], OUTCOMES[:count], RHO)
    whole = boosting.train(ROWS, OUTCOMES, RHO)[1]
    assert asked == whole
    assert len(found["scores"]) == 3


def test_what_the_library_warns_of_as_a_leak_is_an_error(monkeypatch):
    honest = boosting.library().DPExplainableBoostingClassifier
    monkeypatch.setattr(
        boosting.library(),
        "DPExplainableBoostingClassifier",
        lambda **more: honest(**{**more, "random_state": 1}),
    )
    with pytest.raises(UserWarning, match="Privacy violation"):
        boosting.train(ROWS, OUTCOMES, RHO)


def test_two_trainings_are_never_the_same():
    assert boosting.train(ROWS, OUTCOMES, RHO)[0] != boosting.train(ROWS, OUTCOMES, RHO)[0]


@pytest.mark.parametrize("there", [False, True])
def test_without_the_library_or_with_another_one_nothing_is_promised(monkeypatch, there):
    if there:
        monkeypatch.setattr("interpret.__version__", "0.7.9")
    else:
        monkeypatch.setitem(sys.modules, "interpret", None)
    with pytest.raises(NotFound) as fault:
        private.price("ebm-dp", 1.0, 1e-6)
    assert fault.value.code == "ebm-not-installed"


def test_the_replay_of_the_bins_is_red_when_a_person_stands_in_two_cells(monkeypatch):
    honest = np.bincount
    monkeypatch.setattr(boosting.np, "bincount", lambda *a, **k: 2 * honest(*a, **k))
    pairs = itertools.islice(neighbours(1, 7), 9)
    codes = {found_by(lambda p=pair: replayed(*p)) for pair in pairs}
    assert codes == {"audit-loss-exceeds"}


def sums_replayed(pairs=10):
    asked, found = boosting.sums_asked(2, RHO), []
    for rows, other in itertools.islice(neighbours(2, 7), pairs):
        found.append(audit_boosting(rows, other, bins_of(rows, Repeatable(3)), asked))
    return [share for share, _ in found], np.concatenate([noise for _, noise in found])


def test_a_person_moves_the_sums_by_no_more_than_charged_and_the_noise_has_its_size(monkeypatch):
    monkeypatch.setattr(boosting, "ROUNDS", 60)
    shares, noise = sums_replayed()
    assert 0.2 < max(shares) <= 1
    assert np.square(noise).mean() == pytest.approx(1, abs=6 * (2 / len(noise)) ** 0.5)
    assert boosting.train(ROWS, OUTCOMES, RHO)[0] != boosting.train(ROWS, OUTCOMES, RHO)[0]


def each_person_three_times(rows, outcomes):
    return np.repeat(rows, 3, axis=0), np.repeat(outcomes, 3)


def a_round_for_each_person(rows, outcomes):
    boosting.ROUNDS = 60 + len(rows)
    return rows, outcomes


@pytest.mark.parametrize(
    ("bug", "code"),
    [
        (each_person_three_times, "audit-loss-exceeds"),
        (a_round_for_each_person, "audit-questions-differ"),
    ],
)
def test_the_replay_of_the_sums_is_red_for_a_planted_bug(monkeypatch, bug, code):
    monkeypatch.setattr(boosting, "ROUNDS", 60)
    honest = boosting.fitted
    monkeypatch.setattr(
        boosting, "fitted", lambda rows, known, *rest: honest(*bug(rows, known), *rest)
    )
    assert found_by(sums_replayed) == code


def test_half_the_noise_of_the_sums_is_found(monkeypatch):
    monkeypatch.setattr(boosting, "ROUNDS", 60)
    honest = boosting.fitted
    monkeypatch.setattr(boosting, "fitted", lambda *asked: honest(*asked[:-1], asked[-1] / 2))
    found = Audited()
    library_audit.library_audit(found, 10)
    assert {(one.code, one.file[:18]) for one in found.problems} == {
        ("audit-noise-size", "interpret-ebm sums")
    }
