"""fairlearn is the oracle: equal numbers where it is right; where it misleads, the strict answer differs."""

import warnings

import numpy as np
import pytest

from audit.bias import compatible, mitigation, rates, significance, verdict
from audit.bias.cube import tally
from audit.bias.rates import strict, trials_of
from audit.bias.verdict import Status, judge
from tests.bias import binary, policy

pytest.importorskip("fairlearn", reason="THE ORACLE IS NOT ASKED: pip install fairlearn")

NAMES = {
    "selection": "selection_rate",
    "tpr": "true_positive_rate",
    "fnr": "false_negative_rate",
    "fpr": "false_positive_rate",
    "tnr": "true_negative_rate",
    "accuracy": "accuracy_score",
    "precision": "precision_score",
}


def metrics():
    import fairlearn.metrics as fm
    import sklearn.metrics as skm

    def f2(y_true, y_pred, sample_weight=None):
        return skm.fbeta_score(y_true, y_pred, beta=2, sample_weight=sample_weight)

    own = ["selection_rate", "true_positive_rate", "true_negative_rate", "false_positive_rate"]
    own += ["false_negative_rate", "mean_prediction"]
    further = [
        "accuracy_score",
        "balanced_accuracy_score",
        "precision_score",
        "recall_score",
        "f1_score",
        "zero_one_loss",
        "matthews_corrcoef",
        "cohen_kappa_score",
        "jaccard_score",
        "hamming_loss",
        "brier_score_loss",
        "roc_auc_score",
        "average_precision_score",
        "mean_absolute_error",
        "mean_squared_error",
        "root_mean_squared_error",
        "hinge_loss",
        "median_absolute_error",
    ]
    found = {name: getattr(fm, name) for name in own} | {
        name: getattr(skm, name) for name in further
    }
    return found | {"f2": f2}


@pytest.fixture(scope="module")
def world():
    """Twenty thousand rows in ninety groups, some of them empty, and what fairlearn says of them."""
    import pandas as pd
    from fairlearn.metrics import MetricFrame

    rng = np.random.default_rng(1)
    rows, sizes = 20_000, (3, 6, 5)
    groups = [rng.choice(size, rows, p=rng.dirichlet(np.full(size, 0.7))) for size in sizes]
    due = (rng.random(rows) < 0.3).astype(int)
    tag = (rng.random(rows) < 0.2 + 0.3 * due).astype(int)
    features = pd.DataFrame({f"a{n}": part.astype(str) for n, part in enumerate(groups)})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        oracle = MetricFrame(metrics=metrics(), y_true=due, y_pred=tag, sensitive_features=features)
    return tally([*groups, due, tag], (*sizes, 2, 2)), oracle


def same(ours, theirs):
    return np.array_equal(np.asarray(ours, float), np.asarray(theirs, float), equal_nan=True)


def summaries(frame, name=None):
    def pick(value):
        return value if name is None else value[name]

    found = {
        "min": pick(frame.group_min()),
        "max": pick(frame.group_max()),
        "overall": pick(frame.overall),
    }
    for how in ("difference", "ratio"):
        for method in ("between_groups", "to_overall"):
            found[f"{how} {method}"] = pick(getattr(frame, how)(method=method))
    return {key: float(value) for key, value in found.items()}


@pytest.mark.parametrize("rate", NAMES)
def test_rates_from_counts_are_fairlearns_bit_for_bit(world, rate):
    cells, oracle = world
    ours = compatible.frame(cells.reshape(-1, 2, 2), rate)
    assert same(ours.by_group, oracle.by_group[NAMES[rate]])
    theirs = summaries(oracle, NAMES[rate])
    assert list(summaries(ours).values()) == pytest.approx(
        list(theirs.values()), abs=0, nan_ok=True
    )


def test_further_metrics_on_counted_rows_are_bit_equal(world):
    cells, oracle = world
    labels = {f"a{n}": [str(v) for v in range(size)] for n, size in enumerate(cells.shape[:3])}
    ours = compatible.metric_frame(cells, labels, metrics())
    assert len(metrics()) >= 24
    for name in metrics():
        assert same(ours.by_group[name], oracle.by_group[name]), name
        assert same([*summaries(ours, name).values()], [*summaries(oracle, name).values()]), name


def test_a_group_without_positives_has_no_tpr_although_fairlearn_says_zero():
    cells = np.array([[[50, 50], [0, 40]], [[60, 40], [0, 0]]])  # both real answers are right
    assert compatible.frame(cells, "tpr").difference() == 1.0  # "as unfair as can be"
    found = strict(*trials_of(cells, "tpr"))
    assert found[0] == 1.0
    assert np.isnan(found[1])
    assert np.isnan(rates.spread(found)["difference"])


def test_nobody_tagged_is_not_perfectly_fair():
    cells = np.array([[[50, 0], [40, 0]], [[60, 0], [30, 0]]])
    assert compatible.frame(cells, "selection").difference() == 0.0  # "perfectly fair"
    found = judge(binary([90, 90], [0, 0]), policy(), {"yes": True})
    assert found.status is Status.INSUFFICIENT
    assert found.judgements[0].reason == verdict.NOBODY_TAGGED


def test_groups_without_people_vanish_in_fairlearn_and_are_listed_by_us():
    cells = np.array([[[50, 50], [0, 0]], [[0, 0], [0, 0]], [[50, 50], [0, 0]]])
    assert len(compatible.frame(cells, "selection").known) == 2
    found = judge(binary([100, 0, 100], [50, 0, 50]), policy(), {"yes": True}).judgements[0]
    assert found.known.labels[1] == ("g1",)
    assert found.reasons[1] == verdict.NO_PEOPLE


def test_an_interval_of_the_extremes_would_always_exclude_zero():
    rng = np.random.default_rng(6)
    n = np.full(18, 200)
    a = rng.binomial(n, 0.2)  # all groups are equal
    cells = np.stack([n - a, a], axis=1)
    drawn = significance.resample(cells, 400, rng)
    found = drawn[..., 1] / drawn.sum(axis=-1)
    gap = found.max(axis=1) - found.min(axis=1)
    assert np.quantile(gap, 0.025) > 0  # what `difference_ci` reports
    assert significance.spread_under_equality(a, n, 1000, rng)[1] > 0.05


def test_mitigation_answers_some_people_by_lot():
    rng = np.random.default_rng(2)
    histogram = rng.multinomial(20_000, rng.dirichlet(np.full(2 * 2 * 50, 5))).reshape(2, 2, 50)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = mitigation.simulate(histogram, seed=1)
    assert found.gap < 0.02
    assert found.by_lot > 0
    assert found.reach <= histogram.sum()
