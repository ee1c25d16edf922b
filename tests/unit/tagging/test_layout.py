# SPDX-License-Identifier: Apache-2.0
"""Boxes stand behind what leads to them, never on each other, and lines seldom cross."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from tagging.layout import Box, layout

GAP, LANE = 8.0, 2.0


@st.composite
def graphs(draw):
    boxes = {
        f"b{number}": Box(draw(st.sampled_from((20.0, 35.0, 50.0))), draw(st.integers(0, 2)))
        for number in range(draw(st.integers(0, 14)))
    }
    keys = list(boxes)
    pairs = [(one, two) for n, two in enumerate(keys) for one in keys[:n]]
    chosen = st.lists(st.sampled_from(pairs), max_size=30, unique=True) if pairs else st.just([])
    return boxes, draw(chosen)


@settings(max_examples=150, deadline=None)
@given(graph=graphs())
def test_nothing_stands_on_anything_else_and_lines_lead_to_the_right(graph):
    boxes, lines = graph
    placed = layout(boxes, lines, gap=GAP, lane=LANE)
    standing = [
        (place.layer, place.middle, boxes[key].height) for key, place in placed.boxes.items()
    ]
    standing += [(place.layer, place.middle, LANE) for place in placed.lanes.values()]
    for layer in range(placed.layers):
        column = sorted((m - h / 2, m + h / 2) for at, m, h in standing if at == layer)
        assert column
        assert all(top >= bottom + GAP - 1e-6 for (_, bottom), (top, _) in pairwise(column))
        assert column[0][0] >= -1e-6
        assert column[-1][1] <= placed.height + 1e-6
    for start, end in lines:
        layers = [place.layer for place in placed.path(start, end)]
        assert layers == list(range(layers[0], layers[-1] + 1))
        assert len(layers) > 1
    assert layout(boxes, lines, gap=GAP, lane=LANE) == placed


def rows(placed, *keys):
    return sorted(keys, key=lambda key: placed.boxes[key].middle)


def test_lines_that_can_run_beside_each_other_do_not_cross():
    boxes = {key: Box(20) for key in ("a", "b", "c", "x", "y", "z")}
    lines = [("a", "z"), ("b", "y"), ("c", "x")]
    placed = layout(boxes, lines, gap=GAP, lane=LANE)
    starts = [dict(lines)[key] for key in rows(placed, "a", "b", "c")]
    assert starts == rows(placed, "x", "y", "z")


def test_a_line_that_passes_a_layer_has_a_lane_beside_its_boxes_and_shares_it():
    boxes = {"source": Box(20), "feature": Box(40, 1), "one": Box(30, 2), "two": Box(30, 2)}
    lines = [("source", "feature"), ("feature", "one"), ("source", "one"), ("source", "two")]
    placed = layout(boxes, lines, gap=GAP, lane=LANE)
    assert list(placed.lanes) == [("source", 1)]
    apart = abs(placed.lanes["source", 1].middle - placed.boxes["feature"].middle)
    assert apart >= 20 + GAP + LANE / 2
    assert placed.path("source", "two")[1] == placed.lanes["source", 1]


def test_a_box_stands_beside_the_middle_of_what_it_leads_to():
    boxes = {"source": Box(20), **{f"t{n}": Box(30, 2) for n in range(5)}}
    placed = layout(boxes, [("source", f"t{n}") for n in range(5)], gap=GAP, lane=LANE)
    assert placed.layers == 2  # nothing stands in the layer between
    assert (
        placed.boxes["source"].middle
        == placed.boxes[rows(placed, *(f"t{n}" for n in range(5)))[2]].middle
    )


def test_nothing_at_all_has_no_layers():
    placed = layout({}, [], gap=GAP, lane=LANE)
    assert (placed.layers, placed.height) == (0, 0.0)
