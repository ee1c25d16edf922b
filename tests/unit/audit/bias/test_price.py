"""Prices like for like: what strata put right, people as witnesses, exceptions, harm on one side only."""

from dataclasses import replace

import numpy as np
import pytest

from audit.bias import price
from audit.bias.price import Lines, Measure, compare, set_apart
from audit.bias.verdict import Status
from audit.errors import BadInput
from tests.bias import policy


def shop(rng, *, people=600, each=20, strata=80, markup=0.0, lean=0.0):
    """Purchases of two groups; `markup` for the second, who buy dear things more often by `lean`."""
    person = np.repeat(np.arange(people), each)
    group = (person % 3 == 0).astype(int)
    dear = rng.random(len(person)) < 0.5 + lean * group
    stratum = rng.integers(0, strata // 2, len(person)) + np.where(dear, strata // 2, 0)
    list_price = np.where(np.arange(strata) < strata // 2, 200, 1000)[stratum]
    of_person = np.exp(rng.normal(0, 0.03, people))[person]  # some always find a bargain
    paid = list_price * of_person * (1 + markup * group)
    return Lines(person, stratum, group, np.round(paid).astype(int), np.ones(len(person), int))


PRICE = Measure("price", "price", low_is_harm=False, tolerance=0.01)
DISCOUNT = Measure("discount", "share", low_is_harm=True, tolerance=0.01)


def second(lines, measure=PRICE, **limits):
    return compare(lines, ["others", "second"], policy(**limits), measure)[1]


def test_a_markup_is_measured_and_called():
    found = second(shop(np.random.default_rng(1), markup=0.05))
    assert found.effect == pytest.approx(0.05, abs=0.006)
    assert found.status is Status.BREACH


def test_buying_dear_things_is_no_dear_price():
    lines = shop(np.random.default_rng(2), lean=0.4)
    by_group = [lines.amount[lines.group == g].mean() for g in (0, 1)]
    assert by_group[1] > 1.3 * by_group[0]  # without strata the answer is wrong
    found = second(lines)
    assert abs(found.effect) < 0.01
    assert found.status is not Status.BREACH


def test_the_interval_is_that_of_people_not_of_lines():
    rng = np.random.default_rng(3)
    effects, inside, widths = [], 0, []
    for _ in range(60):
        found = second(shop(rng, people=150))
        effects.append(found.effect)
        widths.append(found.high - found.low)
        inside += found.low <= 0 <= found.high
    assert inside >= 55
    honest = 2 * 2.24 * np.std(effects)  # two groups share the error level
    assert np.mean(widths) == pytest.approx(honest, rel=0.3)


def test_the_resampling_of_people_agrees_with_counting_again():
    lines = shop(np.random.default_rng(4), people=90, strata=10)
    rng = np.random.default_rng(5)
    again = []
    for _ in range(400):
        weight = np.bincount(rng.integers(0, 90, 90), minlength=90)[lines.person]
        sums = np.zeros((2, 2, 10))
        np.add.at(sums, (0, lines.group, lines.stratum), weight * lines.amount)
        np.add.at(sums, (1, lines.group, lines.stratum), weight * lines.base)
        amount, base = sums
        usual = amount[0] / base[0]
        again.append(amount[1].sum() / (base[1] * usual).sum() - 1)
    found = second(lines)
    assert (found.high - found.low) / 2 / 2.2414 == pytest.approx(np.std(again), rel=0.15)
    full = second(lines).effect
    assert full == pytest.approx(np.mean(again), abs=0.003)


def test_only_the_harmed_side_breaches():
    lines = shop(np.random.default_rng(6), markup=0.08)
    found = compare(lines, ["others", "second"], policy(), PRICE)
    assert [one.status for one in found] == [Status.WITHIN, Status.BREACH]


def test_a_discount_is_compared_as_a_share_and_less_of_it_harms():
    rng = np.random.default_rng(7)
    lines = shop(rng)
    rate = np.where(lines.group == 1, 0.08, 0.14) + rng.normal(0, 0.01, len(lines.person))
    given = Lines(
        lines.person,
        lines.stratum,
        lines.group,
        np.round(lines.amount * rate).astype(int),
        lines.amount,
    )
    found = second(given, DISCOUNT)
    assert found.effect == pytest.approx(-0.06, abs=0.005)
    assert found.status is Status.BREACH


def test_few_people_or_no_common_stratum_is_no_verdict():
    few = second(shop(np.random.default_rng(8), people=60, markup=0.5))
    assert (few.status, few.reason) == (Status.INSUFFICIENT, price.TOO_FEW)
    lines = shop(np.random.default_rng(9))
    apart = Lines(
        lines.person, lines.stratum + 1000 * lines.group, lines.group, lines.amount, lines.base
    )
    alone = second(apart)
    assert (alone.status, alone.reason) == (Status.INSUFFICIENT, price.NO_OTHERS)
    assert alone.strata == 0


def test_only_a_registered_exception_in_force_takes_lines_out():
    excused = {
        "code": "new_customer",
        "reason": "first order offer, open to all",
        "owner": "pricing",
        "until": "2026-12-31",
    }
    limits = policy(
        price={
            "stratum": ["item"],
            "tolerance": 0.01,
            "claim": "promotion",
            "exceptions": [excused],
        }
    )
    lines = shop(np.random.default_rng(10), people=30)
    claims = np.full(len(lines.person), -1)
    claims[:40], claims[40:50] = 1, 0
    table = (claims, lines.person, np.full(len(claims), 2), ("mystery", "new_customer"), limits)
    kept, found = set_apart(*table, "2026-11-27")
    assert kept.sum() == len(claims) - 40
    assert {one.code: (one.lines, one.people, bool(one.reason)) for one in found} == {
        "new_customer": (80, 2, True),
        "mystery": (20, 1, False),
    }
    later, said = set_apart(*table, "2027-01-01")
    assert later.all()
    assert not any(one.reason for one in said)


def test_a_return_is_not_a_price():
    lines = shop(np.random.default_rng(11), people=30)
    with pytest.raises(BadInput) as caught:
        second(Lines(lines.person, lines.stratum, lines.group, lines.amount, lines.base - 2))
    assert caught.value.code == "price-base-negative"


def test_one_person_with_a_thousand_lines_is_one_witness():
    """A breach that is made by one buyer is none: the others of the group pay what everybody pays."""
    lines = shop(np.random.default_rng(12))
    whale = int(lines.person[lines.group == 1][0])
    often = np.where(lines.person == whale, 50, 1)  # 1,000 lines of 20 strata
    dear = np.where(lines.person == whale, 1.5, 1.0)
    bought = Lines(
        lines.person,
        lines.stratum,
        lines.group,
        np.round(lines.amount * often * dear).astype(int),
        lines.base * often,
    )
    found = second(bought)
    assert found.effect > 0.03  # as a sum over lines it is far over the tolerance
    assert found.status is Status.INSUFFICIENT


def test_a_group_that_one_person_makes_up_is_not_judged():
    lines = shop(np.random.default_rng(13), people=120)
    whale = int(lines.person[lines.group == 1][0])
    often = np.where(lines.person == whale, 5000, 1)
    bought = Lines(
        lines.person, lines.stratum, lines.group, lines.amount * often, lines.base * often
    )
    found = second(bought)
    assert found.people == 40
    assert found.weight < 1.1
    assert (found.status, found.reason) == (Status.INSUFFICIENT, price.FEW_CARRY)


def test_the_same_data_in_many_comparisons_need_a_clearer_difference():
    lines = shop(np.random.default_rng(14), markup=0.03)
    alone = second(lines)
    among = compare(lines, ["others", "second"], policy(), PRICE, comparisons=40)[1]
    assert among.low < alone.low < alone.effect == among.effect


def test_where_the_policy_reads_a_census_the_figure_decides():
    lines = shop(np.random.default_rng(15), people=120, markup=0.03)
    assert second(lines).status is Status.INSUFFICIENT
    assert second(lines, reads="census").status is Status.BREACH


def test_what_cannot_be_compared_is_said():
    lines = shop(np.random.default_rng(16), people=300)
    alone = np.where(lines.stratum < 40, lines.stratum, lines.stratum + 1000 * lines.group)
    found = second(Lines(lines.person, alone, lines.group, lines.amount, lines.base))
    cheap = lines.amount[(lines.group == 1) & (lines.stratum < 40)].sum()
    assert found.covered == pytest.approx(cheap / lines.amount[lines.group == 1].sum())
    assert found.strata == 40


def test_no_lines_at_all_are_no_verdict():
    none = np.zeros(0, int)
    found = second(Lines(none, none, none, none, none))
    assert (found.status, found.reason) == (Status.INSUFFICIENT, price.NO_OTHERS)
    assert (found.people, found.weight, found.strata) == (0, 0.0, 0)


# --- two reports over nearly the same people ---------------------------------------------------------


def told(found, k=10):
    return min(found.people, found.weight, found.others, found.others_weight) >= k


def without(lines, people):
    return lines.only(~np.isin(lines.person, people))


@pytest.mark.parametrize("measure", [PRICE, DISCOUNT], ids=["price", "share"])
@pytest.mark.parametrize("seed", range(12))
def test_fewer_than_k_people_move_a_figure_by_less_than_its_reach(seed, measure):
    """Whoever they are: at random, those who pay most, those who weigh most, or who comes with all there is."""
    rng = np.random.default_rng(seed)
    people = int(rng.choice([40, 90, 300]))
    lines = shop(rng, people=people, each=int(rng.choice([3, 20])), strata=int(rng.choice([4, 20])))
    times = np.where(rng.random(people) < 0.05, 30, 1)[lines.person]  # some buy far more
    lines = replace(lines, amount=lines.amount * times, base=lines.base * times)
    if measure is DISCOUNT:
        lines = replace(
            lines, base=lines.amount, amount=lines.amount // rng.integers(4, 9, len(lines.person))
        )
    whole = second(lines, measure)
    weights = np.bincount(lines.person, lines.base, people)
    paid = np.bincount(lines.person, lines.amount, people) / weights
    for order in (
        rng.permutation(people),
        np.argsort(-weights),
        np.argsort(-paid),
        np.argsort(paid),
    ):
        for count in (1, 3, 9):
            fewer = second(without(lines, order[:count]), measure)
            step = abs(fewer.effect - whole.effect)
            assert step < max(fewer.reach, whole.reach)
