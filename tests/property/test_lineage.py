# SPDX-License-Identifier: Apache-2.0
"""Labels are the union over what a tag reaches; a reference that goes takes what only it brought."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tagging.catalogue import Catalogue, Definition
from tagging.lineage import effective, lineage
from tagging.rules.tree import And, Attribute, Compare, IsNull, Literal, Named, TagRef
from tests.shop import a_tag
from tests.unit.tagging.test_lineage import a_feature

QUICK = settings(max_examples=150, deadline=None)
CATEGORIES = tuple(f"user.c{number}" for number in range(8))
SOME = st.lists(st.sampled_from(CATEGORIES), min_size=1, max_size=3, unique=True)


@st.composite
def catalogues(draw):
    """Features and tags that refer to earlier ones: (catalogue, references of each)."""
    features, measures, tags, references = {}, {}, {}, {}
    for number in range(draw(st.integers(1, 4))):
        key = f"feature.f{number}"
        refs = draw(_earlier(references))
        features[key] = a_feature(key, "views()", draw(SOME))
        measures[key] = _rule(refs, measures)
        references[key] = refs
    for number in range(draw(st.integers(1, 7))):
        key = f"tag.t{number}"
        refs = draw(_earlier(references))
        tag = a_tag(key, sources=draw(SOME), asserts=draw(SOME))
        tags[key] = Definition(tag, _rule(refs, measures))
        references[key] = refs
    return Catalogue(tags, features, frozenset(), measures=measures), references


def _earlier(references):
    known = sorted(references)
    return st.lists(st.sampled_from(known), max_size=3, unique=True) if known else st.just([])


def _rule(refs, measures):
    parts = [IsNull(Named(r, measures[r]) if r in measures else TagRef(r, "bool")) for r in refs]
    return And((Compare("=", Attribute("city"), Literal("a", "text")), *parts))


def own(catalogue, key):
    if key in catalogue.features:
        return set(catalogue.features[key].sources)
    tag = catalogue.tags[key].tag
    return {*tag.sources, *tag.asserts}


def reached(references, key):
    """Everything that a key refers to, directly or not, and itself."""
    found = {key}
    for ref in references[key]:
        found |= reached(references, ref)
    return found


def brute_force(catalogue, references, key):
    return set().union(*(own(catalogue, part) for part in reached(references, key)))


@QUICK
@given(made=catalogues())
def test_labels_are_the_union_over_everything_that_is_reached(made):
    catalogue, references = made
    graph = lineage(catalogue)
    for key in references:
        assert graph.labels(key) == brute_force(catalogue, references, key)
        near = {part for part in graph.upstream(key) if part in references}
        assert near == reached(references, key) - {key}
        assert set(graph.dependants(key)) == {
            other for other in references if other != key and key in reached(references, other)
        }
    for key, item in catalogue.tags.items():
        wide = effective(item.tag, graph)
        assert {*wide.sources, *wide.asserts} == graph.labels(key)
        assert wide.asserts == item.tag.asserts


@QUICK
@given(made=catalogues(), choice=st.randoms(use_true_random=False))
def test_a_reference_that_goes_takes_exactly_what_nothing_else_brings(made, choice):
    catalogue, references = made
    edges = [(key, ref) for key in catalogue.tags for ref in references[key]]
    if not edges:
        return
    key, gone = choice.choice(edges)
    kept = [ref for ref in references[key] if ref != gone]
    changed = replace(catalogue.tags[key], root=_rule(kept, catalogue.measures))
    after = replace(catalogue, tags={**catalogue.tags, key: changed})
    before_labels, after_labels = lineage(catalogue).labels(key), lineage(after).labels(key)
    others = own(catalogue, key).union(*(brute_force(catalogue, references, ref) for ref in kept))
    assert after_labels == others
    assert before_labels - after_labels == brute_force(catalogue, references, gone) - others


@QUICK
@given(made=catalogues())
def test_every_part_stands_behind_all_that_it_is_made_of(made):
    graph = lineage(made[0])
    order = list(graph.nodes)
    for key, starts in graph.inputs.items():
        assert all(order.index(start) < order.index(key) for start in starts)
