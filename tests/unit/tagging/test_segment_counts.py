# SPDX-License-Identifier: Apache-2.0
"""Counts that agree: what earlier questions said of the same subjects is not forgotten."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagging.segmentation.agreeing import Counted, agreed
from tagging.segmentation.clustering import DPKMeans
from tagging.segmentation.contract import ONE
from tagging.segmentation.published import verify
from tests.segments import CORNERS, Repeatable, blobs, mechanism, plain_contract, released

FOUND = released(blobs(8000, CORNERS))


def synopsis(counts, rows):
    """Three cells far apart, with counts of their own, in a synopsis of that many rows."""
    centres = np.array([[-ONE // 2, 0], [0, 0], [ONE // 2, 0]])
    return replace(
        FOUND,
        rows=rows,
        centres=centres,
        counts=np.array(counts),
        deviations=np.full((3, 2), ONE // 100),
    )


def asked(centres, counts, noise):
    return Counted(np.array(centres), np.array(counts, dtype=float), noise)


def test_an_exact_count_of_two_cells_together_decides_what_they_add_up_to():
    found = synopsis([100, 100, 100], rows=300)
    last = asked(found.centres, [100, 100, 100], 10.0)
    both = asked([[-ONE // 4, 0], [ONE // 2, 0]], [160, 130], 0.01)
    assert agreed(found, [last, both]).counts.tolist() == [80, 80, 130]


def test_what_noise_took_from_a_cell_that_was_dropped_is_not_given_to_the_other_half():
    found = synopsis([100, 100, 90], rows=260)
    halves = [*found.centres[:2].tolist(), [ONE // 2, ONE // 50], [ONE // 2, -ONE // 50]]
    counts = agreed(found, [asked(halves, [100, 100, 90, -30], 1.0)]).counts
    assert counts.tolist() == [100, 100, 60]


def test_without_another_answer_counts_stay_as_they_are_but_never_below_one():
    found = synopsis([100, 50, 7], rows=157)
    assert agreed(found, [asked(found.centres, [100, 50, 7], 1.0)]).counts.tolist() == [100, 50, 7]
    assert agreed(found, [asked(found.centres, [100, 50, -7], 1.0)]).counts.tolist()[2] == 1


@given(st.lists(st.integers(0, 400), min_size=3, max_size=3), st.integers(1, 100))
def test_answers_without_noise_are_kept_whatever_is_asked_besides(counts, noise):
    found = synopsis([10, 10, 10], rows=sum(counts))
    last = asked(found.centres, counts, float(noise))
    parent = asked([[-ONE // 4, 0], [ONE // 2, 0]], [counts[0] + counts[1], counts[2]], 3.0)
    assert agreed(found, [last, parent]).counts.tolist() == [max(n, 1) for n in counts]


@pytest.mark.parametrize("way", ["levels", "rounds"])
def test_a_release_is_not_lost_when_no_counts_agree(way, monkeypatch):
    """The same questions and the same cells, with the counts of the last question."""

    def made(work):
        monkeypatch.setattr("tagging.segmentation.synopsis.agreed", work)
        return mechanism(2, refine=4, way=way)(rows, Repeatable(4))

    def lost(*_, **__):
        raise RuntimeError("Maximum number of iterations reached.")

    rows = plain_contract(2).points(blobs(4000, CORNERS))
    without = made(lambda found, _: found)
    with monkeypatch.context() as broken:
        broken.setattr("scipy.optimize.nnls", lost)
        kept = made(agreed)
    assert kept.document() == without.document()
    assert verify(kept.document()).nano_rho == kept.nano_rho
    agreeing = made(agreed)
    assert agreeing.queries == kept.queries
    assert agreeing.counts.tolist() != kept.counts.tolist()


def test_sizes_of_segments_are_nearer_to_the_truth(monkeypatch):
    def off(seed):
        values = blobs(2500, CORNERS, spread=0.25, seed=seed).clip(-1, 1)
        model = DPKMeans(8).fit(released(values, Repeatable(seed)))
        true = np.bincount(model.predict(values), minlength=8)
        return float(((model.cluster_sizes_ - true) ** 2).mean() ** 0.5)

    ours = sum(map(off, range(6)))
    monkeypatch.setattr("tagging.segmentation.synopsis.agreed", lambda found, _: found)
    assert ours < 0.8 * sum(map(off, range(6)))
