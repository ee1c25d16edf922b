# SPDX-License-Identifier: Apache-2.0
"""A year of audits of two tags, by changing attributes: no two reports name who came between them."""

from itertools import combinations

import numpy as np
import pytest

from audit.bias.cube import cube_of
from audit.bias.statements import KNOWN, PEOPLE
from audit.bias.successive import Before
from governance.auditing import side
from governance.auditing.kept import Opened
from tests.bias import policy, two_way

SHAPES = (("gender",), ("age_band",), ("gender", "age_band"), ("age_band", "gender"))


def year(seed, reports=10):
    """Reports of a year: (tag, who is in each group that was named, what was shown)."""
    rng = np.random.default_rng(seed)
    world = two_way(rng, 900, [0.5, 0.5], rng.dirichlet(np.full(5, 2)), 0.2)
    people, laid, told = world.counts.sum(axis=-1), [], []
    for _ in range(reports):
        people = people + rng.binomial(2, 0.1, people.shape) - rng.binomial(1, 0.1, people.shape)
        tag, attributes = f"t.{rng.integers(2)}", list(SHAPES[rng.integers(len(SHAPES))])
        here = people - (rng.binomial(1, 0.1, people.shape) if tag == "t.1" else 0)  # who objected
        having = rng.binomial(here, 0.2)
        whole = cube_of(tag, 1, world.axes, np.stack([here - having, having], axis=-1))
        cube = whole.subset([*attributes, "tag"])
        limits = policy(attributes=attributes, intersections=2)
        older, _ = side.earlier(laid, tag, limits, "")
        (made,) = side.examined([(cube, {"yes": True})], [older], limits, laid, "")
        shown = frozenset(made.release.visible())
        before = Before(cube, made.merged, shown, 10, "2026-10-01T00:00:00Z")
        laid.append(Opened(tag, limits, "", before, "0"))
        told.append((tag, made))
    return told


def meant(made):
    """What a report shows, by which values of attributes each group is made of."""
    found = {}
    values = {axis.name: axis.values for axis in made.cube.axes}
    for key, number in made.release.visible().items():
        if key.labels == (KNOWN,):
            continue
        group = []
        for name, label in zip(key.attributes, key.labels, strict=True):
            into = made.merged.get(name, {})
            own = {value for value, put in into.items() if put == label and "+" not in value}
            assert label in values[name]
            group.append((name, frozenset(own or {label})))
        found[key.what, frozenset(group)] = number
    return found


def steps(told):
    """Numbers of two reports that are of the same group and moved by fewer than k people."""
    return [
        (first, second, key)
        for (first, one), (second, other) in combinations(
            [(tag, meant(made)) for tag, made in told], 2
        )
        for key in one.keys() & other.keys()
        if (first == second or key[0] == PEOPLE) and 0 < abs(one[key] - other[key]) < 10
    ]


@pytest.mark.parametrize("seed", range(6))
def test_no_two_reports_of_a_year_differ_by_few(seed):
    told = year(seed)
    assert steps(told) == []
    assert sum(made.release.shown.any() for _, made in told) >= 5


def test_laid_beside_their_own_kind_alone_they_do(monkeypatch):
    monkeypatch.setattr(side, "examine", lambda *given, real=side.examine: real(*given[:4]))
    assert steps(year(1))
