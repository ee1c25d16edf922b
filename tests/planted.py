# SPDX-License-Identifier: Apache-2.0
"""Bugs of privacy, each planted in the program itself: what an audit must find, and by which code."""

from dataclasses import replace
from functools import partialmethod

import numpy as np

from tagging.learning import private
from tagging.segmentation import (
    baseline,
    counting,
    crosstab,
    histogram,
    noise,
    published,
    sums,
    synopsis,
)

_HONEST_SIGMA, _HONEST_BALL = noise.sigma_for, synopsis._ball
_HONEST_COUNT, _HONEST_DOCUMENT = counting.noisy, published.Synopsis.document
_HONEST_TABLE = crosstab.noisy
_HONEST_ASK = noise.Gate.ask
_HONEST_CELLS, _HONEST_FIT = sums.cell_counts, histogram.DPHistogram.fit_grid
_HONEST_DRAW, _HONEST_BAYES = noise.DiscreteGaussian.add, private.bayes


def no_clipping(patch):
    def unclipped(plain, around, reach, weights):
        out = np.empty((1 + len(plain) * (2 if weights.square else 1), plain.shape[1]))
        out[0] = weights.presence
        away = (plain - around) / reach
        out[1 : 1 + len(plain)] = away * weights.place
        if weights.square:
            out[1 + len(plain) :] = away**2 * weights.square
        return np.trunc(out)

    patch.setattr(sums, "_vectors", unclipped)


def half_the_noise(patch):
    def unchecked(gate, query, values):
        gate.queries.append(query)
        return gate.noise.add(values, query.sigma)

    for module in (synopsis, counting, crosstab, histogram):
        patch.setattr(module, "sigma_for", lambda square, rho: _HONEST_SIGMA(square, rho) // 2)
    patch.setattr(noise.Gate, "ask", unchecked)


def spent_twice(patch):
    patch.setattr(
        counting, "noisy", lambda *asked: (_HONEST_COUNT(*asked), _HONEST_COUNT(*asked))[1]
    )


def a_question_by_the_exact_count(patch):
    def peeking(gate, rows):
        _, centre, radius = _HONEST_BALL(gate, rows)
        return max(40 * len(rows), 1), centre, radius

    patch.setattr(synopsis, "_ball", peeking)


def a_label_for_each_person(patch):
    def leaky(found):
        return {**_HONEST_DOCUMENT(found), "labels": [0] * 997}

    patch.setattr(published.Synopsis, "document", leaky)


def noise_of_another_size(patch):
    patch.setattr(noise.DiscreteGaussian, "add", partialmethod(_drawn, share=0.8))


def one_person_counts_twice(patch):
    patch.setattr(counting, "noisy", lambda n, budget, how: _HONEST_COUNT(2 * n, budget, how))


def one_person_in_two_cells(patch):
    """A sensitivity of 2 that is charged as 1: margins beside the cells, of which nobody spoke."""

    def twice(counts, budget, how):
        return _HONEST_TABLE(counts + np.roll(counts, 1), budget, how)

    patch.setattr(crosstab, "noisy", twice)


def a_table_with_its_exact_total(patch):
    """The last cell is chosen so that all add up to the exact number of people."""

    def adding_up(counts, budget, how):
        cells = _HONEST_TABLE(counts, budget, how)
        cells[-1] = counts.sum() - cells[:-1].sum()
        return cells

    patch.setattr(crosstab, "noisy", adding_up)


def one_person_in_two_cells_of_a_grid(patch):
    def blurred(rows, edges):
        counts = _HONEST_CELLS(rows, edges)
        return counts + np.roll(counts, 1)

    patch.setattr(sums, "cell_counts", blurred)


def a_grid_of_the_data(patch):
    """A finer grid where there are more people: its size is told without noise."""

    def fitted(made, rows):
        finer = replace(made, eps=made.eps / (1 + len(rows) % 2))
        return _HONEST_FIT(finer, rows)

    patch.setattr(histogram.DPHistogram, "fit_grid", fitted)


def noise_for_whom_there_is(patch):
    """Noise on occupied cells only: an empty cell is published as what it is."""

    def ask(gate, query, values):
        if query.name != published.CELLS:
            return _HONEST_ASK(gate, query, values)
        gate.queries.append(query)
        there = np.flatnonzero(values)
        out = values.copy()
        out[there] = gate.noise.add(values[there], query.sigma)
        return out

    patch.setattr(noise.Gate, "ask", ask)


def a_record_that_says_less(patch):
    """The noise is right, but the record claims a tenth of what a person moves."""

    def humble(gate, query, values):
        gate.queries.append(replace(query, sensitivity_squared=query.sensitivity_squared // 100))
        return gate.noise.add(values, query.sigma)

    patch.setattr(noise.Gate, "ask", humble)


def no_noise(patch):
    patch.setattr(noise.DiscreteGaussian, "add", lambda _, values, sigma: values.copy())  # noqa: ARG005


def a_fifth_of_the_noise(patch):
    patch.setattr(noise.DiscreteGaussian, "add", partialmethod(_drawn, share=0.2))


def bayes_told_twice_the_epsilon(patch):
    patch.setattr(private, "bayes", lambda rows, known, told: _HONEST_BAYES(rows, known, 2 * told))


def bayes_as_the_library_has_it(patch):
    """Counts that add up to the exact number of people."""

    def exact(rows, known, told):
        from diffprivlib.models import GaussianNB

        width = rows.shape[1]
        model = GaussianNB(epsilon=told, bounds=(-np.ones(width), np.ones(width)))
        plain = np.concatenate([rows / 2**20, np.zeros((2, width))])
        return model.fit(plain, np.concatenate([known, [0, 1]]))

    patch.setattr(private, "bayes", exact)


def a_baseline_with_exact_middles(patch):
    def exact(rows, clusters, _epsilon):
        return np.repeat(rows.sum(axis=0, dtype=np.int64)[None], clusters, axis=0)

    patch.setattr(baseline, "fit", exact)


def _drawn(source, values, sigma, *, share):
    drawn = _HONEST_DRAW(source, np.zeros_like(values), sigma)
    return values + np.rint(drawn * share).astype(np.int64)


BUGS = {
    no_clipping: "audit-loss-exceeds",
    half_the_noise: "audit-cost-exceeds",
    spent_twice: "audit-record-differs",
    a_question_by_the_exact_count: "audit-questions-differ",
    a_label_for_each_person: "audit-row-each",
    noise_of_another_size: "audit-noise-size",
    one_person_counts_twice: "audit-loss-exceeds",
    one_person_in_two_cells: "audit-loss-exceeds",
    a_table_with_its_exact_total: "audit-exact",
    one_person_in_two_cells_of_a_grid: "audit-loss-exceeds",
    a_grid_of_the_data: "audit-questions-differ",
    noise_for_whom_there_is: "audit-questions-differ",
    a_record_that_says_less: "audit-loss-exceeds",
    no_noise: "audit-exact",
    a_fifth_of_the_noise: "audit-attack-exceeds",
    bayes_told_twice_the_epsilon: "audit-loss-exceeds",
    bayes_as_the_library_has_it: "audit-questions-differ",
    a_baseline_with_exact_middles: "audit-exact",
}
"""A bug → one of the codes by which the audit of the program must name it."""
LIBRARIES = {
    bug: code for bug, code in BUGS.items() if bug.__name__.startswith(("bayes", "a_base"))
}
