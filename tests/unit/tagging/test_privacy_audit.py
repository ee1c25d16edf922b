# SPDX-License-Identifier: Apache-2.0
"""The audit of privacy as one program: sound on what we ship, red on each planted bug."""

import pytest

from tagging.segmentation import counting, crosstab, histogram, noise, privacy_audit, synopsis
from tagging.segmentation.noise import DiscreteGaussian
from tagging.segmentation.privacy_audit import Extent, Registered
from tests import planted
from tests.segments import Repeatable

SMALL = Extent(pairs=120, draws=200_000, runs=40)


def audited(*names, source=None, extent=SMALL):
    """The audit of some mechanisms; with none, of noise and attacker only."""
    known = [one for one in privacy_audit.registered() if one.name in names]
    assert len(known) == len(names)
    return privacy_audit.privacy_audit(extent, noise=source or Repeatable(1), mechanisms=known)


def codes(found):
    return {problem.code for problem in found.problems}


SYNOPSIS = f"{synopsis.MECHANISM}, 2 features"
HISTOGRAM = f"{histogram.MECHANISM}, 2 features"
WHOLE = f"{histogram.MECHANISM} whole, 3 features"
ROUNDS = f"{synopsis.MECHANISM} rounds, 3 features"
COUNT = counting.MECHANISM
TABLE = crosstab.MECHANISM


def test_what_we_ship_keeps_its_promise():
    found = audited(COUNT, TABLE, SYNOPSIS, ROUNDS, HISTOGRAM, WHOLE)
    assert found.problems == []
    assert 0.5 < found.worst[COUNT] <= 1
    assert 0.5 < found.worst[TABLE] <= 1
    assert 0.9 < found.worst[SYNOPSIS] <= 1
    assert 0.7 < found.worst[ROUNDS] <= 1
    assert found.worst[HISTOGRAM] == found.worst[WHOLE] > 0.95  # everybody costs the same
    assert found.records == 6
    assert found.pairs >= 120


def test_every_mechanism_that_the_gate_of_noise_knows_is_registered():
    names = {one.name.split(",")[0].split(" ")[0] for one in privacy_audit.registered()}
    assert names == {
        counting.MECHANISM,
        crosstab.MECHANISM,
        synopsis.MECHANISM,
        histogram.MECHANISM,
    }


# Planted bugs: each of them must turn it red.


def test_bug_1_no_clipping(monkeypatch):
    planted.no_clipping(monkeypatch)
    assert "audit-loss-exceeds" in codes(audited(SYNOPSIS))
    assert "audit-loss-exceeds" in codes(audited(ROUNDS))


@pytest.mark.parametrize(
    ("module", "name"),
    [(synopsis, SYNOPSIS), (counting, COUNT), (crosstab, TABLE), (histogram, HISTOGRAM)],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_bug_2_half_of_the_noise_is_missing(monkeypatch, module, name):
    honest = noise.sigma_for

    def unchecked(gate, query, values):
        gate.queries.append(query)
        return gate.noise.add(values, query.sigma)

    monkeypatch.setattr(module, "sigma_for", lambda square, rho: honest(square, rho) // 2)
    monkeypatch.setattr(noise.Gate, "ask", unchecked)
    found = audited(name)
    assert {"audit-loss-exceeds", "audit-cost-exceeds"} <= codes(found)


def test_bug_3_the_budget_is_spent_twice():
    one = next(one for one in privacy_audit.registered() if one.name == COUNT)

    def twice(budget, rows, source):
        one.run(budget, rows, source)
        return one.run(budget, rows, source)

    doubled = Registered(COUNT, 1, 1, twice, dict)
    found = privacy_audit.privacy_audit(SMALL, noise=Repeatable(1), mechanisms=[doubled])
    assert {"audit-loss-exceeds", "audit-record-differs"} <= codes(found)


def test_bug_4_a_question_depends_on_the_exact_count(monkeypatch):
    planted.a_question_by_the_exact_count(monkeypatch)
    assert "audit-questions-differ" in codes(audited(SYNOPSIS, extent=Extent(120, 200_000, 4)))


def test_bug_5_exact_figures_or_a_label_for_each_person_in_the_record():
    one = next(one for one in privacy_audit.registered() if one.name == SYNOPSIS)
    for extra, code in (
        ({"labels": [0] * privacy_audit._PEOPLE}, "audit-row-each"),
        ({"inertia": 12.25}, "audit-off-lattice"),
        ({"first": privacy_audit._FIRST_SUBJECT}, "audit-exact"),
    ):
        leaky = Registered(
            SYNOPSIS, 2, 1, one.run, lambda found, e=extra: {**found.document(), **e}
        )
        found = privacy_audit.privacy_audit(
            Extent(2, 200_000, 4), noise=Repeatable(1), mechanisms=[leaky]
        )
        assert code in codes(found)


@pytest.mark.parametrize("share", [0.5, 0.8, 1.1])
def test_bug_6_the_sampler_draws_noise_of_another_size(share):
    assert "audit-noise-size" in codes(audited(source=Repeatable(1, share)))


def test_bug_7_one_person_counts_twice(monkeypatch):
    planted.one_person_counts_twice(monkeypatch)
    assert "audit-loss-exceeds" in codes(audited(COUNT))


@pytest.mark.parametrize(
    "bug", [planted.one_person_in_two_cells, planted.a_table_with_its_exact_total]
)
def test_bugs_of_a_table(monkeypatch, bug):
    bug(monkeypatch)
    assert planted.BUGS[bug] in codes(audited(TABLE))


@pytest.mark.parametrize(
    "bug",
    [
        planted.one_person_in_two_cells_of_a_grid,
        planted.a_grid_of_the_data,
        planted.noise_for_whom_there_is,
    ],
    ids=lambda bug: bug.__name__,
)
def test_bugs_of_a_histogram(monkeypatch, bug):
    bug(monkeypatch)
    assert planted.BUGS[bug] in codes(audited(HISTOGRAM, WHOLE))


def test_a_record_that_says_less_than_was_lost(monkeypatch):
    planted.a_record_that_says_less(monkeypatch)
    for name in (HISTOGRAM, SYNOPSIS):
        assert "audit-loss-exceeds" in codes(audited(name))


def test_bug_8_no_noise_at_all():
    class Silent(Repeatable):
        def add(self, values, sigma):  # noqa: ARG002  (the shape of every source)
            return values.copy()

    found = audited(SYNOPSIS, source=Silent(), extent=Extent(2, 200_000, 4))
    assert {"audit-exact", "audit-noise-repeats"} <= codes(found)


@pytest.mark.slow
def test_the_whole_audit_is_sound():
    found = privacy_audit.privacy_audit(noise=DiscreteGaussian())
    assert found.problems == []
    assert found.pairs >= 10_000
    assert found.epsilon_seen <= 4
