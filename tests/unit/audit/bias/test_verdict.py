"""Verdicts on planted worlds: no false alarm, no missed breach, nothing called fair for lack of data."""

import numpy as np
import pytest

from audit.bias import verdict
from audit.bias.cube import Axis, Kind, cube_of
from audit.bias.verdict import Status, judge, judge_all
from tests.bias import YESNO, binary, drawn, policy

GOOD = {"yes": True}
BURDEN = {"yes": False}
SHARES = np.geomspace(0.001, 0.17, 18)


def only(cube, benefit=GOOD, **changes):
    (judgement,) = judge(cube, policy(**changes), benefit).judgements
    return judgement


@pytest.mark.parametrize("against", ["rest", "best"])
@pytest.mark.parametrize(
    ("groups", "people"),
    [
        (18, 3000),
        pytest.param(18, 100_000, marks=pytest.mark.slow),
        pytest.param(90, 20_000, marks=pytest.mark.slow),
    ],
)
def test_equal_groups_raise_no_alarm(groups, people, against):
    rng = np.random.default_rng(groups + people)
    shares = np.geomspace(0.001, 0.17, groups)
    limits = {"floor": 0.8, "against": against}
    found = [only(drawn(rng, people, shares, 0.2), impact_ratio=limits) for _ in range(150)]
    assert np.mean([j.status is Status.BREACH for j in found]) <= 0.01
    different = [np.nanmin(j.p_difference, initial=1.0) < 0.05 for j in found]
    assert np.mean(different) <= 0.085  # 0.06 and twice the error of 150 worlds


@pytest.mark.parametrize("benefit", [True, False])
def test_a_planted_ratio_is_found_and_nobody_else_is_blamed(benefit):
    rng = np.random.default_rng(8)
    rates = np.full(18, 0.2)
    rates[12] *= 0.6 if benefit else 1 / 0.6
    shares = np.full(18, 0.05)
    shares[12] = 0.1
    hit = wrong = 0
    for _ in range(200):
        found = only(drawn(rng, 21_000, shares, rates), {"yes": benefit}).statuses == "breach"
        hit += found[12]
        wrong += np.delete(found, 12).any()
    assert hit >= 190
    assert wrong <= 2


def test_a_group_is_shown_within_only_when_a_breach_is_ruled_out():
    rng = np.random.default_rng(9)
    rates = np.array([0.2, 0.16])  # exactly at the limit
    found = [only(drawn(rng, 20_000, [0.8, 0.2], rates)) for _ in range(300)]
    assert np.mean([j.statuses[1] == "within" for j in found]) <= 0.07
    assert np.mean([j.statuses[1] == "breach" for j in found]) <= 0.07
    assert only(binary([50_000, 20_000], [10_000, 4_000])).status is Status.WITHIN


@pytest.mark.parametrize(
    ("people", "tagged", "reason"),
    [
        ([0, 500], [0, 100], verdict.NO_OTHERS),
        ([500, 500], [0, 0], verdict.NOBODY_TAGGED),
        ([1, 5000], [1, 900], verdict.TOO_FEW),
        ([29, 500], [6, 100], verdict.TOO_FEW),
        ([40, 500], [1, 20], verdict.TOO_FEW_TAGGED),
        ([400, 400], [80, 85], verdict.TOO_CLOSE),
        ([0, 0], [0, 0], verdict.NO_PEOPLE),
    ],
)
def test_too_little_is_never_called_fair(people, tagged, reason):
    found = only(binary(people, tagged), exclude_share_below=0)
    assert found.status is Status.INSUFFICIENT
    assert found.reason == reason
    assert not (found.statuses == "within").any() or reason != verdict.NO_OTHERS


def test_a_group_without_people_has_no_rate():
    found = only(binary([0, 500, 500], [0, 100, 100]))
    assert found.reasons[0] == verdict.NO_PEOPLE
    assert np.isnan(verdict.rate_interval(found, policy())[0][0])
    assert np.isnan(verdict.observed_ratio(found, "rest")[0])


def test_all_unknown_and_many_unknown_say_so():
    names = ("f", "m", "unknown")
    found = only(binary([0, 0, 900], [0, 0, 90], names=names))
    assert (found.status, found.reason) == (Status.INSUFFICIENT, verdict.ALL_UNKNOWN)
    assert found.unknown == (90, 900)
    found = only(binary([9000, 9000, 20_000], [3000, 3000, 100], names=names))
    assert (found.status, found.reason) == (Status.INSUFFICIENT, verdict.MANY_UNKNOWN)


def test_the_unknown_are_nobodys_comparison():
    names = ("f", "m", "unknown")
    known = only(binary([9000, 9000], [3000, 3000], names=names[:2]))
    with_unknown = only(binary([9000, 9000, 8000], [3000, 3000, 10], names=names))
    assert (known.p_breach == with_unknown.p_breach).all()
    assert with_unknown.status is Status.WITHIN


def test_a_small_category_is_counted_but_holds_nothing_up():
    found = only(binary([9000, 9000, 100], [3000, 3000, 1]))
    assert found.reasons[2] == verdict.SMALL_CATEGORY
    assert found.known.trials[2] == 100
    assert found.status is Status.WITHIN


def test_the_direction_belongs_to_the_tag():
    cube = binary([9000, 3000], [1800, 1200])  # the second group has it twice as often
    assert only(cube, GOOD).statuses.tolist() == ["breach", "within"]
    assert only(cube, BURDEN).statuses.tolist() == ["within", "breach"]


def test_a_census_reads_what_was_counted():
    cube = binary([400, 60], [80, 9])  # ratio 0.75, could be chance
    assert only(cube).statuses[1] == "insufficient"
    assert only(cube, reads="census").statuses[1] == "breach"


def test_against_the_best_the_best_is_not_chosen_by_looking():
    limits = {"floor": 0.8, "against": "best"}
    cube = binary([5000, 5000, 5000], [1500, 1450, 800])
    found = only(cube, impact_ratio=limits)
    assert found.statuses.tolist() == ["within", "within", "breach"]
    assert verdict.observed_ratio(found, "best")[2] == pytest.approx(800 / 1500)


def test_a_harm_in_an_intersection_only_is_found():
    n = np.full((2, 2), 5000)
    a = np.array([[1000, 2000], [2000, 1000]])  # no single attribute shows it
    axes = [
        Axis("gender", Kind.ATTRIBUTE, ("f", "m")),
        Axis("age_band", Kind.ATTRIBUTE, ("young", "old")),
        Axis("tag", Kind.TAG, YESNO),
    ]
    cube = cube_of("t.x", 1, axes, np.stack([n - a, a], axis=-1))
    found = judge(cube, policy(attributes=["gender", "age_band"], intersections=2), GOOD)
    assert [j.status.value for j in found.judgements] == ["within", "within", "breach"]
    assert found.status is Status.BREACH


def test_a_tag_is_within_only_when_all_its_parts_are():
    axes = [
        Axis("gender", Kind.ATTRIBUTE, ("f", "m")),
        Axis("age_band", Kind.ATTRIBUTE, ("young", "old")),
        Axis("tag", Kind.TAG, YESNO),
    ]
    n = np.array([[9000, 12], [9000, 12]])  # too few of the old
    counts = np.stack([n - n // 4, n // 4], axis=-1)
    limits = policy(attributes=["gender", "age_band"], exclude_share_below=0)
    found = judge(cube_of("t.x", 1, axes, counts), limits, GOOD)
    assert [j.status.value for j in found.judgements] == ["within", "insufficient"]
    assert found.status is Status.INSUFFICIENT


def test_equal_opportunity_asks_among_those_with_the_outcome():
    cells = np.array(
        [
            [[4000, 1000], [500, 500], [70, 30]],  # group, outcome no / yes / unknown, tag
            [[4500, 500], [900, 100], [70, 30]],
        ]
    )
    axes = [
        Axis("group", Kind.ATTRIBUTE, ("a", "b")),
        Axis("redeemed", Kind.OUTCOME, ("no", "yes", "unknown")),
        Axis("tag", Kind.TAG, YESNO),
    ]
    cube = cube_of("t.x", 1, axes, cells)
    tpr = only(cube, rates=["tpr"])
    assert tpr.known.successes.tolist() == [500, 100]
    assert tpr.known.trials.tolist() == [1000, 1000]
    assert tpr.statuses.tolist() == ["within", "breach"]


def test_several_values_are_audited_one_against_the_rest_and_whole():
    counts = np.array([[100, 500, 400], [400, 500, 100]]) * 10
    axes = [
        Axis("group", Kind.ATTRIBUTE, ("a", "b")),
        Axis("tag", Kind.TAG, ("low", "middle", "high")),
    ]
    cube = cube_of("t.tier", 1, axes, counts)
    found = judge(cube, policy(), {"high": True, "low": False})
    assert {j.value: j.statuses.tolist() for j in found.judgements} == {
        "high": ["within", "breach"],
        "low": ["within", "breach"],
    }
    strength, p = verdict.association(cube, "group")
    assert strength == pytest.approx(0.4243, abs=1e-4)
    assert p < 1e-9


def test_two_hundred_tags_are_corrected_together():
    rng = np.random.default_rng(11)
    limits = policy()
    bad = np.arange(200) < 20
    found = []
    for is_bad in bad:
        rates = np.full(9, 0.2)
        rates[4] *= 0.6 if is_bad else 1.0
        found.append(judge(drawn(rng, 20_000, np.ones(9), rates), limits, GOOD))
    called = np.array([v.status is Status.BREACH for v in judge_all(found, limits)])
    assert called[bad].mean() >= 0.9
    assert called[~bad].sum() <= 0.06 * max(called.sum(), 1)


def test_a_breach_that_does_not_hold_over_all_tags_is_not_within():
    limits = policy()
    close = judge(binary([20_000, 1000], [4000, 129]), limits, GOOD)
    assert close.status is Status.BREACH
    calm = judge(binary([20_000, 1000], [4000, 200]), limits, GOOD)
    found = judge_all([close, *[calm] * 400], limits)
    assert found[0].status is Status.INSUFFICIENT
    assert judge_all([close], limits)[0].status is Status.BREACH
