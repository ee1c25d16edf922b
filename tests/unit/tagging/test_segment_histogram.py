# SPDX-License-Identifier: Apache-2.0
"""A noisy histogram: how features are cut, what is published, and what DBSCAN finds in it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.errors import BadInput, Refused
from tagging.segmentation import histogram, sums
from tagging.segmentation.accounting import PrivacyBudget
from tagging.segmentation.assign import anchors_of, assign
from tagging.segmentation.clustering import (
    DPDBSCAN,
    DPAgglomerativeClustering,
    DPGaussianMixture,
    DPKMeans,
    choose_clusters,
)
from tagging.segmentation.contract import ONE, FeatureBounds, FeatureContract
from tagging.segmentation.estimate import demanded, estimate_histogram
from tagging.segmentation.histogram import MOST_CELLS, DPHistogram, cells_of
from tagging.segmentation.noise import DiscreteGaussian
from tagging.segmentation.published import read, verify
from tagging.segmentation.smoothing import smoothed
from tests.segments import NoNoise, Repeatable, plain_contract

ORDERS = FeatureContract(
    (
        FeatureBounds("recency", 0, 100, 100),
        FeatureBounds("orders", 0, 20, 0, "log"),
    )
)
WHOLE = (True, True)
EPS = 0.12
SIZES = {1: 2400, 2: 1500, 12: 900}


def shoppers(seed=5):
    """People with one, two or twelve orders, who came at any time: three columns side by side."""
    stream = np.random.default_rng(seed)
    orders = np.repeat(list(SIZES), list(SIZES.values()))
    return np.column_stack([stream.integers(0, 101, len(orders)), orders]).astype(float)


def released(values, noise=None, contract=ORDERS, eps=EPS, whole=WHOLE):
    made = DPHistogram(contract, PrivacyBudget(1.0), eps, whole, noise or Repeatable())
    return made.fit(values, np.arange(len(values)))


def axes(contract=ORDERS, eps=EPS, whole=WHOLE):
    return DPHistogram(contract, PrivacyBudget(1.0), eps, whole).axes


def cell_of(axis, points):
    return np.searchsorted(axis.edges, points, side="right")


def test_whole_numbers_are_cut_between_their_values():
    recency, orders = axes()
    numbers = np.arange(21.0)
    places = ORDERS.points(np.column_stack([numbers, numbers]))
    few = cell_of(orders, places[:, 1])
    assert few[:4].tolist() == [0, 1, 2, 3]  # on a log scale the first ones are far apart
    assert few[-1] < 20  # and the last ones share cells
    assert orders.places[:4].tolist() == places[:4, 1].tolist()
    days = np.bincount(
        cell_of(recency, ORDERS.points(np.array([[x, 0] for x in range(101)]))[:, 0])
    )
    assert set(days[:-1].tolist()) == {days[0]}  # every cell has as many days, but for the last


@given(
    st.integers(-50, 50),
    st.integers(1, 400),
    st.floats(0.01, 1.5),
    st.sampled_from(["linear", "log"]),
    st.booleans(),
)
def test_no_cell_is_wider_than_it_should_be_and_every_place_is_in_its_cell(
    low, span, eps, scale, whole
):
    low = abs(low) if scale == "log" else low
    contract = FeatureContract((FeatureBounds("f", low, low + span, low, scale),))
    (axis,) = axes(contract, eps, (whole,))
    width = histogram.width_of(eps, 1) * ONE + 2
    values = np.arange(low, low + span + 1.0) if whole else np.linspace(low, low + span, 3000)
    points = contract.points(values[:, None])[:, 0]
    cells = cell_of(axis, points)
    assert axis.cells == cells_of(contract, eps, (whole,)) == len(axis.edges) + 1
    for cell in range(axis.cells):
        mine = points[cells == cell]
        assert len(mine) or not whole
        assert not len(mine) or mine.max() - mine.min() <= width
    assert cell_of(axis, axis.places).tolist() == list(range(axis.cells))
    assert (np.diff(axis.edges) > 0).all()


STEPS_ = st.one_of(st.sampled_from([-ONE, -1, 0, 1, 7, ONE]), st.integers(-ONE, ONE))


@given(
    st.lists(st.tuples(STEPS_, STEPS_), max_size=8),
    st.tuples(STEPS_, STEPS_),
    st.lists(STEPS_, max_size=5, unique=True),
    st.lists(STEPS_, max_size=5, unique=True),
)
def test_one_person_more_is_one_more_in_one_cell(rows, person, first, second):
    edges = [np.array(sorted(cuts), dtype=np.int64) for cuts in (first, second)]
    fewer = np.array(rows, dtype=np.int32).reshape(-1, 2)
    more = np.array([*rows, person], dtype=np.int32)
    counts = sums.cell_counts(fewer, edges)
    moved = sums.cell_counts(more, edges) - counts
    assert sorted(moved.tolist()) == [0] * (len(moved) - 1) + [1]
    assert counts.sum() == len(rows)
    by_hand = [sum(cut <= x for cut in cuts) for x, cuts in zip(person, edges, strict=True)]
    assert moved.reshape(len(first) + 1, len(second) + 1)[tuple(by_hand)] == 1


def test_without_noise_nothing_is_smoothed_away():
    counts = np.random.default_rng(3).integers(0, 50, (13, 6, 5)).astype(float)
    assert np.allclose(smoothed(counts, 0.0), counts)


def test_a_column_stays_sharp_and_a_field_of_noise_goes():
    stream, sigma = np.random.default_rng(4), 4.5
    counts = np.zeros((64, 32))
    counts[:, 10] = 12.0
    found = smoothed(counts + stream.normal(0, sigma, counts.shape), sigma)
    assert np.abs(found[:, 10] - 12).mean() < 3
    assert np.abs(np.delete(found, 10, axis=1)).mean() < 0.5


def test_the_charge_buys_one_count_of_every_cell_and_nothing_is_wasted():
    found = released(shoppers())
    rows, cells = found.queries
    assert (rows.name, cells.name) == ("rows", "cells")
    assert cells.dimension == cells_of(ORDERS, EPS, WHOLE)
    assert verify(found.document()).rho <= PrivacyBudget(1.0).rho
    assert found.rho_ > PrivacyBudget(1.0).rho * 999 / 1000
    again = read(found.document())
    assert again.document() == found.document()
    assert again.gridded


def test_the_counts_are_about_right_and_of_whole_people():
    found = released(shoppers(), DiscreteGaussian())
    assert abs(found.rows - 4800) < 400
    assert abs(int(found.counts.sum()) - 4800) < 600
    assert found.counts.min() >= 1


def test_dbscan_finds_the_columns_and_a_person_belongs_to_the_nearest_core():
    values = shoppers()
    model = DPDBSCAN(EPS, 20).fit(released(values))
    labels = assign(ORDERS.points(values), anchors_of(model)).labels
    assert len(model.cluster_sizes_) == 3
    for orders, size in SIZES.items():
        mine = labels[values[:, 1] == orders]
        assert (mine == np.bincount(mine[mine >= 0]).argmax()).mean() > 0.98
        at = int(np.bincount(mine[mine >= 0]).argmax())
        assert abs(model.cluster_sizes_[at] - size) < 4 * model.size_noise_[at]
    nowhere = ORDERS.points(np.array([[50.0, 5.0]]))
    assert assign(nowhere, anchors_of(model)).labels[0] == -1


def test_noise_alone_makes_no_segment():
    for seed in range(8):
        nobody = released(np.zeros((0, 2)), Repeatable(seed))
        assert len(DPDBSCAN(EPS, 5).fit(nobody).cluster_sizes_) == 0
    wide = released(np.zeros((0, 2)), Repeatable(9), plain_contract(2), 0.03, ())
    assert len(DPDBSCAN(0.03, 10).fit(wide).cluster_sizes_) == 0


def test_few_people_or_none_give_a_release_without_an_error():
    for count in (0, 1, 7):
        found = released(shoppers()[:count], NoNoise())
        assert len(found.counts) >= 1
        assert len(DPDBSCAN(EPS, 5).fit(found).predict(np.zeros((3, 2)))) == 3


def test_too_many_cells_to_publish_are_told_in_larger_steps(monkeypatch):
    whole = released(shoppers(), NoNoise())
    monkeypatch.setattr(histogram, "MOST_PUBLISHED", 40)
    few = released(shoppers(), NoNoise())
    assert len(few.counts) <= 40 < len(whole.counts)
    step = int(few.counts.min())
    assert step > 1
    assert not (few.counts % step).any()
    assert abs(int(few.counts.sum()) - int(whole.counts.sum())) <= step


def test_cells_told_in_large_steps_need_more_people_around_a_core(monkeypatch):
    stream = np.random.default_rng(8)
    values = stream.normal(0, 0.3, (60_000, 2))
    monkeypatch.setattr(histogram, "MOST_PUBLISHED", 4000)
    found = released(values, NoNoise(), plain_contract(2), 0.05, ())
    assert found.step_ in (2, 4, 8)
    with pytest.raises(BadInput, match=f"steps of {found.step_}") as fault:
        DPDBSCAN(0.05, 8 * found.step_ - 1).fit(found)
    least = int(fault.value.hint.split()[1])
    assert len(DPDBSCAN(0.05, least).fit(found).cluster_sizes_) == 1
    assert released(values[:3], NoNoise()).step_ == 1


def test_only_dbscan_can_be_fitted_and_the_refusal_says_what_to_do():
    found = released(shoppers())
    others = (DPKMeans(3), DPAgglomerativeClustering(3), DPGaussianMixture(3))
    for call in (*(one.fit for one in others), choose_clusters):
        with pytest.raises(BadInput, match="only dbscan") as fault:
            call(found)
        assert "--method dbscan" in fault.value.hint


def test_what_noise_alone_would_give_is_not_published():
    for seed in range(5):
        nobody = released(np.zeros((0, 2)), Repeatable(seed), plain_contract(2), 0.03, ())
        assert len(nobody.counts) == 1  # a synopsis has at least one cell
        assert nobody.counts.sum() == 1


def test_what_makes_no_grid_is_refused_and_the_way_out_works():
    for eps in (0.0, -1.0, float("nan"), 100.0):
        with pytest.raises(BadInput, match="eps"):
            cells_of(ORDERS, eps, WHOLE)
    with pytest.raises(BadInput, match="at most 3 features"):
        DPHistogram(plain_contract(4), PrivacyBudget(1.0), 0.5)
    assert cells_of(plain_contract(3), 1e-6, (True,) * 3) == 27  # three values each, however fine
    for contract, whole in (
        (plain_contract(2), ()),
        (ORDERS, ()),
        (plain_contract(3), (True, False, False)),
    ):
        with pytest.raises(BadInput, match="262,144 cells") as fault:
            cells_of(contract, 1e-6, whole)
        least = float(fault.value.hint.split()[2])
        assert cells_of(contract, least, whole) <= histogram.MOST_CELLS
        with pytest.raises(BadInput):
            cells_of(contract, least * 0.9, whole)


def test_so_many_whole_numbers_are_cut_like_any_numbers():
    wide = FeatureContract((FeatureBounds("spend", 0, 10**9, 0),))
    assert cells_of(wide, 0.1, (True,)) == cells_of(wide, 0.1, (False,))


def test_the_estimate_says_from_how_many_people_on_a_place_is_seen():
    budget = PrivacyBudget(1.0)
    few, many = (estimate_histogram(n, ORDERS, EPS, WHOLE, budget) for n in (100, 10_000))
    assert many.cells == cells_of(ORDERS, EPS, WHOLE)
    assert many.noise == pytest.approx(released(shoppers()).noise_scale_, rel=1e-3)
    assert (few.verdict, many.verdict) == ("hopeless", "good")
    with pytest.raises(Refused, match="too few"):
        demanded(100, few)
    demanded(few.rows_needed, estimate_histogram(few.rows_needed, ORDERS, EPS, WHOLE, budget))
    dear = estimate_histogram(10_000, ORDERS, EPS, WHOLE, PrivacyBudget(4.0))
    assert dear.least < many.least
    with pytest.raises(BadInput):
        estimate_histogram(-1, ORDERS, EPS, WHOLE, budget)


@pytest.mark.parametrize("whole", [(True, True), (False, False)])
@pytest.mark.parametrize("eps", [1e-3, 1e-8, 1e-300, 5e-324])
def test_a_grid_too_fine_is_refused_at_once_with_the_distance_that_fits(eps, whole):
    contract = FeatureContract(
        tuple(FeatureBounds(name, 0, 65_000, 0) for name in ("orders", "days"))
    )
    with pytest.raises(BadInput) as stop:
        cells_of(contract, eps, whole)
    fits = float(stop.value.hint.split()[2])
    assert cells_of(contract, fits, whole) <= MOST_CELLS
    with pytest.raises(BadInput):
        cells_of(contract, fits - 0.001, whole)
