# SPDX-License-Identifier: Apache-2.0
"""Two questions about tags have the same normal form exactly when they mean the same people."""

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from audit.errors import BadInput
from tagging.algebra import Has, Joined, Without, parse, question, spelled

PLAIN = frozenset({"a", "b"})
LEAVES = st.sampled_from(
    [Has("a"), Has("b"), Has("a", "true"), Has("t"), Has("t", "1"), Has("t", "2"), Has("u", "x y")]
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        inner.map(Without),
        st.builds(Joined, st.booleans(), st.lists(inner, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=8,
)
WORLD = [
    dict(zip("abtu", case, strict=True))
    for case in product(("", "true"), ("", "true"), ("", "1", "2", "3"), ("", "x y", "z"))
]
"""Everything that can be the case with a person; '' has not the tag."""


def holds(tree, person):
    if isinstance(tree, Has):
        value = person[tree.key]
        return bool(value) if tree.value is None else value == tree.value
    if isinstance(tree, Without):
        return not holds(tree.of, person)
    return (all if tree.every else any)(holds(item, person) for item in tree.items)


def people(tree):
    return [holds(tree, person) for person in WORLD]


def form(tree):
    """The normal form, or nothing when everybody or nobody is meant."""
    try:
        return question(tree, PLAIN)
    except BadInput:
        return None


@given(TREES, TREES)
def test_the_same_people_are_the_same_question_and_others_another(one, other):
    here, there = people(one), people(other)
    if form(one) is None:
        assert len(set(here)) == 1
    else:
        assert (form(one) == form(other)) == (here == there)


@given(TREES)
def test_whichever_way_it_is_written_it_is_the_same_question(tree):
    ways = (
        parse(spelled(tree)),
        Without(Without(tree)),
        Joined(True, (tree, tree)),
        Joined(False, (Joined(True, (tree, Has("a"))), Joined(True, (Without(Has("a")), tree)))),
    )
    for way in ways:
        assert form(way) == form(tree)
    if isinstance(tree, Joined):
        assert form(Joined(tree.every, tree.items[::-1])) == form(tree)
        swapped = Joined(not tree.every, tuple(Without(item) for item in tree.items))
        assert form(Without(swapped)) == form(tree)
