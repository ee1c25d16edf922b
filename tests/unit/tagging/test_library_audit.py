# SPDX-License-Identifier: Apache-2.0
"""The audit of mechanisms whose noise a library draws: sound on what we ship, red on planted bugs."""

import numpy as np
import pytest
from diffprivlib import mechanisms

from tagging.learning import library_audit, private
from tagging.learning.library_audit import Tape
from tagging.segmentation.privacy_audit import Audited
from tests.planted import LIBRARIES


def audited(pairs=12):
    found = Audited()
    library_audit.library_audit(found, pairs)
    return found


def codes(found):
    return {problem.code for problem in found.problems}


def test_what_we_ship_keeps_its_promise_as_far_as_it_can_be_heard():
    honest = mechanisms.LaplaceTruncated.randomise
    found = audited(24)
    assert found.problems == []
    assert all(0 < part <= 1 for part in found.worst.values())
    assert found.worst["diffprivlib-naive-bayes/0.6.6, 1 features"] > 0.5
    assert found.records >= 3
    assert {name.split("/")[0] for name in found.unheard} == {
        "diffprivlib-kmeans",
        "diffprivlib-random-forest",
        "interpret-ebm",
    }
    assert mechanisms.LaplaceTruncated.randomise is honest


@pytest.mark.parametrize("bug", LIBRARIES, ids=lambda bug: bug.__name__)
def test_a_planted_bug_is_found(monkeypatch, bug):
    bug(monkeypatch)
    assert LIBRARIES[bug] in codes(audited())


def test_a_baseline_that_is_told_more_than_was_charged_is_found(monkeypatch):
    honest = library_audit.baseline.nano_rho
    monkeypatch.setattr(library_audit.baseline, "nano_rho", lambda epsilon: honest(epsilon / 2))
    assert "audit-loss-exceeds" in codes(audited())


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"labels_": [0] * 997}, "audit-row-each"),
        ({"inertia_": 12.25}, "audit-off-lattice"),
        ({"people": 997}, "audit-exact"),
    ],
)
def test_what_a_library_leaves_in_its_model_is_found_where_it_is_kept(monkeypatch, more, code):
    honest = private.train

    def leaky(*asked, **size):
        found, queries = honest(*asked, **size)
        return {**found, **more}, queries

    monkeypatch.setattr(private, "train", leaky)
    assert codes(audited(0)) == {code}


def test_an_exact_mean_as_text_and_a_seed_are_found(monkeypatch):
    def seeded(*_asked, **_size):
        return {"means": ["0.5"]}, []

    def exact(_method, rows, outcomes, *_rest, **_size):
        return {"means": [repr(float(np.mean(rows[outcomes] / 2**20, axis=0)[0]))]}, []

    monkeypatch.setattr(private, "train", seeded)
    assert codes(audited(0)) == {"audit-noise-repeats"}
    monkeypatch.setattr(private, "train", exact)
    assert codes(audited(0)) == {"audit-exact"}


def test_a_library_that_asks_more_or_less_of_a_neighbour_is_found():
    class Noise:
        epsilon, sensitivity, lower, upper = 1.0, 1.0, 0.0, 9.0

    first = Tape()
    first.answer(Noise(), 3, lambda: 4)
    second = Tape(first.heard)
    assert second.answer(Noise(), 5, lambda: pytest.fail("drawn again")) == 4
    assert second.lost == 2
    with pytest.raises(Exception, match="ask more"):
        second.answer(Noise(), 5, lambda: 0)
