# SPDX-License-Identifier: Apache-2.0
"""A release: what it costs, that it says so itself, and what it finds."""

import copy
import json
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from audit.canon import canonical
from audit.errors import BadInput, Refused, Tampered
from tagging.segmentation.accounting import (
    NANO,
    PrivacyBudget,
    charge_of,
    dp_event,
    epsilon_of,
    releases_within,
)
from tagging.segmentation.cells import caught, measured, pooled, starts
from tagging.segmentation.clustering import DPKMeans
from tagging.segmentation.contract import ONE
from tagging.segmentation.estimate import demanded, estimate_utility
from tagging.segmentation.noise import DiscreteGaussian, Gate, Query, measurement, sigma_for
from tagging.segmentation.published import read, verify
from tagging.segmentation.sums import REFINING, STEPS, WEIGHTS, Weights, cell_sums, usual_square
from tagging.segmentation.synopsis import LONE, DPSynopsis, level_sigmas
from tests.segments import CORNERS, NoNoise, Repeatable, blobs, plain_contract, released

OLD = Path(__file__).parents[2] / "golden" / "segments" / "synopsis-2.json"
SOLID = [(-0.5, -0.5, 0.5), (0.5, 0.5, 0.5), (-0.5, 0.5, -0.5), (0.6, -0.4, 0.0)]


def test_a_budget_keeps_its_promise_and_wastes_nothing():
    for epsilon in (0.25, 0.5, 1.0, 2.0, 4.0):
        budget = PrivacyBudget(epsilon)
        assert epsilon * 0.999 < epsilon_of(budget.rho, 1e-6) <= epsilon
        assert epsilon_of(budget.rho + Fraction(2, NANO), 1e-6) > epsilon


def test_a_lifetime_of_four_holds_46_releases_of_a_half():
    lifetime = PrivacyBudget(4.0)
    assert releases_within(lifetime, PrivacyBudget(0.5)) >= 46
    assert releases_within(lifetime, PrivacyBudget(1.0)) >= 12
    assert releases_within(lifetime, PrivacyBudget(0.25)) >= 170


@pytest.mark.parametrize("epsilon", [0, -1, math.nan, math.inf, 11])
def test_an_epsilon_that_promises_nothing_is_refused(epsilon):
    with pytest.raises(BadInput):
        PrivacyBudget(epsilon)


@pytest.mark.parametrize("delta", [0, 1e-3, math.nan])
def test_a_delta_that_promises_nothing_is_refused(delta):
    with pytest.raises(BadInput):
        PrivacyBudget(1.0, delta)


def test_sigma_is_the_smallest_that_costs_no_more():
    cases = ((1, Fraction(1, 7)), (STEPS**2, Fraction(3, 1000)), (5, Fraction(5, 2)))
    for square, rho in (*cases, (19, Fraction(1)), (18, Fraction(1))):  # just above and on a square
        sigma = sigma_for(square, rho)
        assert Fraction(square, 2 * sigma**2) <= rho
        assert sigma == 1 or Fraction(square, 2 * (sigma - 1) ** 2) > rho


def test_the_cost_of_a_question_is_the_one_that_opendp_computes():
    query = Query("q", 3, WEIGHTS.sensitivity_squared, 400_001, STEPS)
    theirs = measurement(query.sigma).map(math.sqrt(query.sensitivity_squared))
    assert theirs == pytest.approx(float(query.rho), rel=1e-12)


def test_noise_is_added_to_the_values_and_is_never_the_same():
    values = np.array([0, 5_000_000_000, -7])
    noise = DiscreteGaussian()
    first, second = noise.add(values, 1000), noise.add(values, 1000)
    assert np.abs(first - values).max() < 10_000
    assert first.tolist() != second.tolist()
    with pytest.raises(OverflowError):
        noise.add(np.array([2**62]), 1)


def test_the_gate_refuses_before_it_draws():
    gate = Gate(NoNoise(), Fraction(1, 8))
    gate.ask(Query("a", 1, 1, 2, 1), np.zeros(1, dtype=np.int64))
    with pytest.raises(Refused) as caught:
        gate.ask(Query("b", 1, 1, 1000, 1), np.zeros(1, dtype=np.int64))
    assert caught.value.code == "release-overspends"
    assert len(gate.queries) == 1
    with pytest.raises(ValueError, match="size"):
        gate.ask(Query("c", 2, 1, 1000, 1), np.zeros(1, dtype=np.int64))


@pytest.mark.parametrize("refine", [0, 4])
@pytest.mark.parametrize("count", [0, 1, 30, 3000])
def test_a_release_costs_at_most_its_charge_whatever_the_data(count, refine):
    found = released(blobs(count, CORNERS), refine=refine)
    assert charge_of(found.queries) <= found.nano_rho == PrivacyBudget(1.0).nano_rho
    assert float(found.rho_) > 0.99 * float(PrivacyBudget(1.0).rho)
    assert found.centres.shape == found.deviations.shape
    assert np.abs(found.centres).max() <= ONE
    assert (found.counts >= 1).all()
    assert len(found.refined) == refine


@pytest.mark.parametrize("refine", [0, 4])
@pytest.mark.parametrize("count", [0, 1, 30, 3000])
def test_rounds_cost_the_same_whatever_the_data(count, refine):
    budget, values = PrivacyBudget(1.0), blobs(count, SOLID)
    maker = DPSynopsis(plain_contract(3), budget, refine, Repeatable(), "rounds")
    found = maker.fit(values, np.arange(count))
    assert charge_of(found.queries) <= found.nano_rho == budget.nano_rho
    assert float(found.rho_) > 0.99 * float(budget.rho)
    assert np.abs(found.centres).max() <= ONE
    assert (found.counts >= 1).all()


def test_rounds_are_for_few_people_and_levels_for_many_or_next_to_none():
    def way(count, refine=8, dimensions=3):
        values = np.resize(blobs(count, SOLID), (count, dimensions))
        found = released(values, refine=refine)
        return found.queries[3].name.split("-")[0]

    assert way(2500, refine=20) == "round"
    assert way(2500, refine=8) == "level"  # enough for each
    assert way(1000, refine=20) == "level"  # too few for a first round
    assert way(2500, refine=20, dimensions=2) == "level"


def test_rounds_find_what_is_apart():
    found = released(blobs(2400, SOLID), refine=20)
    assert found.queries[3].name == "round-1"
    middles = DPKMeans(4).fit(found).cluster_centers_
    apart = np.linalg.norm(middles[:, None] - np.array(SOLID)[None], axis=2)
    assert apart.min(axis=0).max() < 0.05


def test_starts_are_the_same_whatever_the_data_and_lie_evenly():
    centre, radius = np.array([ONE // 2, 0, -ONE]), ONE // 4
    first, reach = starts(100, centre, radius, np.random.default_rng(1))
    again, _ = starts(100, centre, radius, np.random.default_rng(1))
    assert (first == again).all()
    assert np.abs(first).max() <= ONE
    assert np.abs(first - centre).max() <= radius
    first, reach = starts(100, centre * 0, radius, np.random.default_rng(1))
    away = np.linalg.norm(first[:, None] - first[None], axis=2) + np.eye(100) * ONE
    assert away.min(axis=1).min() > 0.3 * reach[0] > 0.03 * radius


@pytest.mark.parametrize("dimensions", [2, 8, 16])
def test_what_short_places_miss_of_a_shift_is_made_up_for(dimensions):
    spread, shift = 0.1 * dimensions**0.5, 0.02
    rows = 0.1 * np.random.default_rng(2).standard_normal((20_000, dimensions))
    rows[:, 0] += shift
    for factor in (0.8, 1.0, 1.4):
        radius = np.array([round(factor * spread * ONE)])
        centre = np.zeros((1, dimensions), dtype=np.int64)
        sums = cell_sums(plain_contract(dimensions).points(rows), centre, radius, REFINING)
        seen = sums[0, 1] / REFINING.place / len(rows) * radius[0] / ONE
        share = caught(radius, np.array([spread * ONE]))[0]
        assert seen / shift == pytest.approx(share, rel=0.2)


def test_two_readings_of_a_number_are_better_than_one():
    value, noise = pooled(
        np.array([100.0, 100.0]), np.array([3.0, 1e9]), np.array([110.0, 7.0]), 3.0
    )
    assert value == pytest.approx([105, 7])
    assert noise == pytest.approx([3 / 2**0.5, 3])


def test_without_noise_cells_are_what_they_hold():
    rows = np.array([[100, -40], [120, 0], [80, 40], [-900, 7], [-900, 9]], dtype=np.int32)
    centres = np.array([[110, 10], [-890, 0]])
    radius = np.array([4096, 4096])
    weights = Weights(2**20, 2**30, 2**30)  # so fine that truncation does not count
    found = measured(
        cell_sums(rows, centres, radius, weights).astype(float), centres, radius, weights, 1
    )
    assert found.counts.tolist() == [3.0, 2.0]
    assert found.centres.tolist() == [[100, 0], [-900, 8]]


def test_squares_below_the_usual_length_come_back_exactly():
    rows = np.full((10, 4), 1000, dtype=np.int32)
    rows[::2] *= -1
    centres, radius = np.zeros((1, 4), dtype=np.int64), np.array([4000])
    sums = cell_sums(rows, centres, radius, WEIGHTS)[0]
    assert sums[0] == 10 * WEIGHTS.presence
    assert sums[1:5].tolist() == [0] * 4
    square = sums[5:] * usual_square(4) / WEIGHTS.square / 10
    assert np.allclose(square, (1000 / 4000) ** 2, rtol=1e-3)


def test_well_separated_people_are_found():
    found = released(blobs(8000, CORNERS), epsilon=1.0, refine=4)
    apart = np.linalg.norm(found.refined[:, None] / ONE - np.array(CORNERS)[None], axis=2)
    assert apart.min(axis=0).max() < 0.01
    assert np.abs(found.refined_counts - 2000).max() < 150


def test_centres_are_refined_by_steps_of_equal_parts_and_sizes_by_all_of_them():
    found = released(blobs(8000, CORNERS), refine=4)
    steps = [q for q in found.queries if q.name.startswith("refine")]
    assert [q.name for q in steps] == ["refine-1", "refine-2"]
    assert steps[0].sigma == steps[1].sigma
    one = steps[0].sigma / REFINING.presence
    assert found.refined_noise_ == pytest.approx(one / 2**0.5)
    assert found.noise_scale_ == found.queries[-3].sigma / WEIGHTS.presence
    assert found.queries[-3].name.startswith("level")


def test_a_second_step_goes_on_from_where_the_first_one_led(monkeypatch):
    asked = []

    def seen(rows, centres, radius, weights):
        if weights is REFINING:
            asked.append(centres)
        return cell_sums(rows, centres, radius, weights)

    monkeypatch.setattr("tagging.segmentation.sums.cell_sums", seen)
    values = blobs(600, CORNERS, spread=0.2)
    found = released(values, NoNoise(), refine=4)
    rows = values.clip(-1, 1) * ONE

    def loss(centres):
        return ((rows[:, None] - centres[None]) ** 2).sum(axis=2).min(axis=1).sum()

    assert len(asked) == 2
    assert loss(asked[0]) > loss(asked[1]) > loss(found.refined)


def test_with_few_people_in_a_round_a_small_group_is_kept_and_nobody_is_dropped():
    weights, sigma = Weights(100, 100, 100), 1000  # noise of ten rows
    centres, radius = np.array([[0, 0], [500, 0], [0, 500]]), np.full(3, 200)
    sums = np.zeros((3, 5))
    sums[:, 0] = np.array([90, 8, 7]) * 100  # rows, seen
    assert measured(sums, centres, radius, weights, sigma).counts.tolist() == [90]
    kept = measured(sums, centres, radius, weights, sigma, empty=LONE).counts.tolist()
    assert kept == [90, 10]  # never fewer than the noise


@pytest.mark.parametrize(("way", "empty"), [("rounds", {LONE}), ("levels", {1.0})])
def test_rounds_drop_a_cell_later_than_levels_do(way, empty, monkeypatch):
    limits = set()

    def seen(*given, empty):
        limits.add(empty)
        return measured(*given, empty=empty)

    monkeypatch.setattr("tagging.segmentation.synopsis.measured", seen)
    DPSynopsis(plain_contract(3), PrivacyBudget(1.0), 0, Repeatable(), way).fit_grid(
        plain_contract(3).points(blobs(600, SOLID))
    )
    assert limits == empty


def test_a_record_of_the_mechanism_before_reads_verifies_and_serves_as_it_did():
    document = json.loads(OLD.read_text())
    found = read(document)
    assert found.mechanism == "synopsis/2"
    assert found.document() == document
    assert verify(document).questions == 9
    assert found.noise_scale_ == found.queries[-2].sigma / WEIGHTS.presence
    assert found.refined_noise_ == pytest.approx(found.queries[-1].sigma / REFINING.presence)
    model = DPKMeans(2).fit(found)
    assert (model.cluster_centers_ == found.refined / ONE).all()
    assert model.cluster_sizes_.tolist() == [133, 37]


def test_the_same_draws_give_the_same_bytes_whatever_the_order_of_the_rows():
    values = blobs(40_000, CORNERS)  # several chunks and workers
    first = canonical(released(values, Repeatable(5), refine=4).document())
    assert canonical(released(values, Repeatable(5), refine=4).document()) == first
    shuffled = values[np.random.default_rng(1).permutation(len(values))]
    assert canonical(released(shuffled, Repeatable(5), refine=4).document()) == first
    assert canonical(released(values, Repeatable(6), refine=4).document()) != first


def test_levels_grow_with_the_public_count_only():
    rho = PrivacyBudget(1.0).rho
    levels = [len(level_sigmas(rho, count, 4)) for count in (1, 1000, 10_000, 10**6, 10**9)]
    assert levels == sorted(levels)
    assert levels[0] == 1
    assert levels[-1] == 9


def test_a_reader_counts_the_statement_again_from_the_record():
    from dp_accounting.rdp import RdpAccountant

    document = json.loads(canonical(released(blobs(2000, CORNERS), refine=3).document()))
    found = verify(document)
    assert (found.unit, found.neighbours) == ("subject", "add_or_remove_one")
    assert found.nano_rho == PrivacyBudget(1.0).nano_rho
    accountant = RdpAccountant()
    accountant.compose(dp_event(read(document).queries))
    assert accountant.get_epsilon(1e-6) <= found.epsilon <= 1.0


def test_a_record_reads_back_to_the_same_bytes():
    found = released(blobs(2000, CORNERS), refine=3)
    document = json.loads(canonical(found.document()))
    assert read(document).document() == found.document()


def test_a_record_that_costs_more_than_it_says_is_not_believed():
    document = released(blobs(500, CORNERS)).document()
    cheaper = copy.deepcopy(document)
    cheaper["queries"][-1]["sigma"] //= 2
    dearer = copy.deepcopy(document)
    dearer["privacy"]["epsilon"] = "0.5"
    for changed in (cheaper, dearer):
        with pytest.raises(Tampered) as caught:
            read(changed)
        assert caught.value.code == "synopsis-overspent"
    wider = copy.deepcopy(document)
    wider["contract"]["features"][0]["upper"] = "2.0"
    with pytest.raises(Tampered):
        read(wider)
    with pytest.raises(BadInput):
        read({"format": "something else"})


def test_a_release_for_one_segment_or_too_many_is_refused():
    for refine in (1, -1, 65):
        with pytest.raises(BadInput):
            DPSynopsis(plain_contract(2), PrivacyBudget(1.0), refine)


def test_the_estimate_refuses_what_would_be_noise_and_says_what_would_do():
    budget = PrivacyBudget(0.5)
    with pytest.raises(Refused, match="too few") as caught:
        demanded(500, estimate_utility(500, 8, 8, budget))
    needed = caught.value.facts["rows_needed"]
    assert estimate_utility(int(needed), 8, 8, budget).verdict == "doubtful"
    assert estimate_utility(int(needed) - 1, 8, 8, budget).verdict == "hopeless"
    demanded(1_000_000, estimate_utility(1_000_000, 8, 8, budget))
    losses = [estimate_utility(n, 4, 4, budget).loss_p90 for n in (700, 2000, 5000, 10**6)]
    assert losses == sorted(losses, reverse=True)
    with pytest.raises(BadInput):
        estimate_utility(-1, 4, 4, budget)
