# SPDX-License-Identifier: Apache-2.0
"""Many segmentations of one release, and why a person is in a segment."""

import numpy as np
import pytest

from audit.errors import BadInput
from tagging.segmentation.assign import Anchors, anchors_of, assign
from tagging.segmentation.clustering import (
    DPDBSCAN,
    NOWHERE,
    DPAgglomerativeClustering,
    DPGaussianMixture,
    DPKMeans,
    choose_clusters,
    compare,
)
from tagging.segmentation.contract import ONE
from tagging.segmentation.published import read
from tagging.segmentation.ward import hierarchy
from tests.segments import CORNERS, blobs, plain_contract, released

VALUES = blobs(3000, CORNERS, 0.06)
ROWS = plain_contract(2).points(VALUES)
MODELS = (
    DPKMeans(4),
    DPAgglomerativeClustering(4),
    DPDBSCAN(0.08, 10),
    DPGaussianMixture(4),
)


@pytest.fixture(scope="module")
def synopsis():
    return released(VALUES)


def same_partition(one, other) -> bool:
    pairs = set(zip(one.tolist(), other.tolist(), strict=True))
    return len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})


@pytest.mark.parametrize("method", MODELS, ids=lambda m: type(m).__name__)
def test_each_method_finds_the_four_groups(synopsis, method):
    model = method.fit(synopsis)
    inside = np.abs(VALUES - np.array(CORNERS)[np.arange(len(VALUES)) % 4]).max(axis=1) < 0.1
    labels = model.predict(ROWS / ONE)[inside]
    assert same_partition(labels, (np.arange(len(VALUES)) % 4)[inside])
    assert len(model.cluster_sizes_) == 4
    assert np.abs(model.cluster_sizes_ - 750).max() < 200
    assert (model.size_noise_ > 0).all()
    near = np.linalg.norm(model.cluster_centers_[:, None] - np.array(CORNERS), axis=2)
    assert near.min(axis=0).max() < 0.05


@pytest.mark.parametrize("method", MODELS, ids=lambda m: type(m).__name__)
def test_a_model_is_the_same_whenever_it_is_fitted(synopsis, method):
    again = read(synopsis.document())
    assert (method.fit(synopsis).predict(ROWS / ONE) == method.fit(again).predict(ROWS / ONE)).all()


def test_synthetic_points_have_the_cells_own_means_and_deviations(synopsis):
    points, weights = synopsis.sample(40_000)
    assert weights.sum() == pytest.approx(synopsis.counts.sum())
    heaviest = int(np.argmax(synopsis.counts))
    share = np.maximum(np.rint(synopsis.counts / synopsis.counts.sum() * 20_000), 1).astype(int)
    start = int(share[:heaviest].sum())
    half = len(points) // 2
    mine = slice(start, start + int(share[heaviest]))
    own = np.concatenate([points[:half][mine], points[half:][mine]])
    assert np.allclose(own.mean(axis=0), synopsis.centers_[heaviest], atol=1e-9)
    assert np.allclose(own.std(axis=0), synopsis.scales_[heaviest], rtol=1e-6)


def test_the_number_of_segments_is_suggested_for_nothing(synopsis):
    choice = choose_clusters(synopsis, range(2, 9))
    assert choice.n_clusters == 4
    assert set(choice.scores) == set(range(2, 9))


def test_segmentations_are_compared_on_the_release_alone(synopsis):
    found = compare(synopsis, [method.fit(synopsis) for method in MODELS])
    assert found.methods == ("kmeans", "hierarchical", "dbscan", "gmm")
    assert found.segments == (4, 4, 4, 4)
    assert min(found.explained) > 0.9
    assert max(found.outside) < 0.2
    assert np.allclose(np.diag(found.agreement), 1.0)
    assert np.array(found.agreement).min() > 0.8


def test_a_refined_number_of_segments_uses_its_own_centres():
    synopsis = released(VALUES, refine=4)
    assert (DPKMeans(4).fit(synopsis).cluster_centers_ == synopsis.refined / ONE).all()
    assert DPKMeans(4).fit(synopsis).cluster_sizes_.tolist() == synopsis.refined_counts.tolist()
    assert len(DPKMeans(3).fit(synopsis).cluster_centers_) == 3


def test_small_segments_are_not_shown(synopsis):
    model = DPKMeans(4).fit(synopsis)
    assert None not in model.shown_sizes(50)
    assert model.shown_sizes(10**6) == [None] * 4
    few = DPKMeans(2).fit(released(blobs(40, CORNERS)))
    assert few.shown_sizes(1) == [None] * 2  # all of it is noise


def test_few_people_or_none_give_models_without_an_error():
    for count in (0, 1, 7):
        synopsis = released(blobs(count, CORNERS))
        assert len(DPDBSCAN(0.05, 10).fit(synopsis).predict(ROWS[:5] / ONE)) == 5
        assert DPKMeans(2).fit(synopsis).cluster_centers_.shape == (2, 2)


def test_what_cannot_be_made_is_refused(synopsis):
    for method in (
        DPKMeans(1),
        DPKMeans(101),
        DPAgglomerativeClustering(10_000),
        DPAgglomerativeClustering(3, "average"),
        DPGaussianMixture(1),
        DPDBSCAN(0.0),
        DPDBSCAN(0.1, 0),
    ):
        with pytest.raises(BadInput):
            method.fit(synopsis)
    with pytest.raises(BadInput):
        choose_clusters(synopsis, [])


def test_ward_of_equal_weights_is_that_of_scikit_learn():
    from sklearn.cluster import AgglomerativeClustering

    points = np.random.default_rng(2).uniform(-1, 1, (60, 3))
    tree = hierarchy(points, np.ones(60))
    for clusters in (1, 2, 5, 17, 60):
        theirs = AgglomerativeClustering(clusters).fit(points).labels_
        assert same_partition(tree.labels(clusters), theirs)
    assert (np.diff(tree.costs_) >= -1e-12).all()
    total = ((points - points.mean(axis=0)) ** 2).sum()
    assert tree.costs_.sum() == pytest.approx(total)
    assert tree.linkage_.shape == (59, 4)


def test_a_weight_is_so_many_points_at_one_place():
    points = np.random.default_rng(4).uniform(-1, 1, (12, 2))
    weights = np.arange(1, 13)
    many = hierarchy(np.repeat(points, weights, axis=0), np.ones(weights.sum()))
    few = hierarchy(points, weights.astype(float))
    for clusters in (2, 4, 7):
        first = np.cumsum(weights) - 1
        assert same_partition(few.labels(clusters), many.labels(clusters)[first])


@pytest.mark.parametrize("method", MODELS[:3], ids=lambda m: type(m).__name__)
def test_a_margin_is_the_sum_of_its_parts_and_the_assignment_follows(synopsis, method):
    model = method.fit(synopsis)
    found = assign(ROWS, anchors_of(model))
    assert (found.margin == found.parts.sum(axis=1)).all()
    assert (found.margin >= 0).all()
    assert (found.labels == model.predict(ROWS / ONE)).mean() > 0.999
    assert (found.runner_up != found.labels)[found.labels != NOWHERE].all()
    outside = found.labels == NOWHERE
    assert not found.parts[outside].any()


def test_the_parts_are_the_squared_distances_by_hand():
    anchors = Anchors(np.array([[0, 0], [10, 0], [0, 4]]), np.array([7, 8, 7]))
    found = assign(np.array([[6, 3], [2, 9], [5, 0]], dtype=np.int32), anchors)
    assert found.labels.tolist() == [8, 7, 7]  # the first of equals
    assert found.runner_up.tolist() == [7, 8, 8]
    assert found.parts.tolist() == [[36 - 16, 1 - 9], [64 - 4, 81 - 25], [0, 0]]
    assert found.margin.tolist() == [12, 116, 0]


def test_a_single_segment_has_no_runner_up_and_no_anchor_no_segment():
    rows = np.array([[5, 5], [900, 900]], dtype=np.int32)
    one = assign(rows, Anchors(np.array([[0, 0]]), np.array([0]), 100))
    assert one.labels.tolist() == [0, NOWHERE]
    assert one.runner_up.tolist() == [NOWHERE, NOWHERE]
    none = assign(rows, Anchors(np.zeros((0, 2), dtype=np.int64), np.zeros(0, dtype=np.int64)))
    assert none.labels.tolist() == [NOWHERE, NOWHERE]


def test_a_new_person_is_assigned_as_if_alone(synopsis):
    anchors = anchors_of(DPKMeans(4).fit(synopsis))
    together = assign(ROWS, anchors)
    for n in (0, 17, 2999):
        alone = assign(ROWS[n : n + 1], anchors)
        assert alone.labels[0] == together.labels[n]
        assert alone.parts.tolist() == together.parts[n : n + 1].tolist()


def test_a_mixture_has_no_exact_explanation_and_says_so(synopsis):
    with pytest.raises(BadInput, match="likelihood"):
        anchors_of(DPGaussianMixture(4).fit(synopsis))
