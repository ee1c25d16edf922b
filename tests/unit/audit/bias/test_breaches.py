# SPDX-License-Identifier: Apache-2.0
"""A finding on a rate of an outcome is about that outcome: another one neither repeats nor resolves it."""

import pytest

from audit.bias.breaches import breaches, group_of, resolves


def a_report(status, outcome="", rate="tpr", group=(), *, benefit=True):
    group = {
        "labels": ["f"],
        "status": status,
        "reason": "",
        "ratio_rest": {"value": "0.5000"},
        **dict(group),
    }
    part = {"rate": rate, "value": "yes", "benefit": benefit, "attributes": ["gender"]}
    return {
        "identity": {"tag": "offer.gold", "outcome": outcome, "policy": {"against": "rest"}},
        "verdict": {"status": status},
        "comparisons": [part | {"groups": [group]}],
    }


def test_two_outcomes_are_two_findings():
    bought, came = "orders(days => 30) >= 1", "count(days => 30) >= 1"
    (one,), (other,) = (breaches(a_report("breach", asked)) for asked in (bought, came))
    assert one.name != other.name
    assert bought in group_of(one.what)
    assert resolves(a_report("within", bought), one.what)
    assert not resolves(a_report("within", came), one.what)


@pytest.mark.parametrize(
    ("group", "resolved"),
    [
        ({"status": "within"}, True),
        ({"status": "insufficient", "reason": "small-category"}, False),
        ({"status": "insufficient", "reason": "hidden"}, False),
        ({"status": "insufficient", "reason": "no-people"}, True),
        ({"labels": ["other"]}, True),
    ],
)
def test_that_the_others_are_within_says_nothing_of_a_group_that_could_not_be_judged(
    group, resolved
):
    (one,) = breaches(a_report("breach"))
    assert resolves(a_report("within", group=group), one.what) is resolved


def test_who_has_a_tag_is_no_matter_of_an_outcome():
    (plain,), (asked,) = (
        breaches(a_report("breach", outcome, "selection")) for outcome in ("", "coupon.used")
    )
    assert plain.name == asked.name
    assert resolves(a_report("within", "", "selection"), asked.what)


@pytest.mark.parametrize("benefit", [True, False])
def test_a_finding_that_names_no_group_is_resolved_in_its_own_direction_only(benefit):
    """Whoever audits a tag that does not say its direction may choose it."""
    hidden = {"status": "insufficient", "reason": "hidden"}
    (one,) = breaches(a_report("breach", group=hidden, benefit=benefit))
    assert one.labels == ()
    assert resolves(a_report("within", benefit=benefit), one.what)
    assert not resolves(a_report("within", benefit=not benefit), one.what)


def test_a_finding_that_names_no_group_is_resolved_by_the_same_outcome_only():
    hidden = {"status": "insufficient", "reason": "hidden"}
    (one,) = breaches(a_report("breach", "coupon.used", group=hidden))
    assert resolves(a_report("within", "coupon.used"), one.what)
    assert not resolves(a_report("within", "", "selection"), one.what)
    assert not resolves(a_report("within", "coupon.kept"), one.what)
