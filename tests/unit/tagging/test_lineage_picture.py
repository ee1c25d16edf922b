# SPDX-License-Identifier: Apache-2.0
"""The picture holds every part, in words and shapes; what people wrote never becomes markup."""

import re
from time import process_time
from xml.etree import ElementTree as ET

import pytest

from tagging.catalogue import Known, check_files
from tagging.document import Words
from tagging.lineage import lineage, sensitive
from tagging.lineage_picture import picture, text_width
from tests.unit.tagging.test_lineage import BOUGHT, HEALTH, REVEALING, SHOP, graph
from tests.unit.test_examples import ATTRIBUTES, COLUMNS
from tests.unit.test_examples import SHOP as FOLDER

SVG = "{http://www.w3.org/2000/svg}"


def drawn(found, shown=None, **more):
    text = picture(found, sensitive(found), list(found.nodes if shown is None else shown), **more)
    return ET.fromstring(text)  # noqa: S314  (our own)


def words(node):
    return [part.text or "" for part in node.iter(f"{SVG}text")]


def boxes(svg):
    return {group.find(f"{SVG}title").text: group for group in svg.iter(f"{SVG}g")}


def box(svg, key):
    return next(group for title, group in boxes(svg).items() if key in title.split("\n"))


def test_every_definition_and_source_has_a_box_with_its_name_and_key():
    svg = drawn(graph(*SHOP))
    titles = " ".join(boxes(svg))
    for key in ("orders.month", "behaviour.regular", "interest.both", BOUGHT, "age"):
        assert key in titles
    assert "reads event_type, session" in words(box(svg, "orders.month"))


def test_a_sensitive_part_says_so_in_words_and_by_its_shape():
    found = graph(*(REVEALING if item.key == REVEALING.key else item for item in SHOP))
    svg = drawn(found)
    for key, marked in (("behaviour.regular", True), ("orders.month", False)):
        here = box(svg, key)
        assert (here.find(f"{SVG}polygon") is not None) is marked
        assert ("sensitive: GDPR, PIPL, CCPA" in words(here)) is marked
    assert "敏感：GDPR、PIPL、CCPA" in words(box(drawn(found, language="zh"), "behaviour.local"))


def test_roles_differ_in_shape():
    svg = drawn(graph(*SHOP))
    shapes = {
        key: [(part.tag, part.get("rx")) for part in box(svg, key) if "text" not in part.tag][1:]
        for key in ("orders.month", "behaviour.regular", BOUGHT, "age")
    }
    assert len({str(shape) for shape in shapes.values()}) == 4


def test_the_description_tells_the_whole_graph_to_those_who_do_not_see_it():
    svg = drawn(graph(*SHOP))
    assert svg.get("role") == "img"
    about = {part.get("id"): part.text for part in svg if part.get("id")}
    assert svg.get("aria-labelledby").split() == list(about)
    assert "4 tags, 2 features" in about["about"]
    assert "tag words (interest.both) is made of " in about["about"]
    assert "column of events event_type, column of events session." in about["about"]


def test_a_category_that_comes_along_with_a_feature_needs_no_line_of_its_own():
    svg = drawn(graph(*SHOP), [f"data:{BOUGHT}", "orders.month", "behaviour.regular"])
    lines = [part for part in svg.iter(f"{SVG}path") if "line" in part.get("class")]
    assert [part.get("d").count("M") for part in lines] == [1, 1]


def test_only_what_is_shown_is_drawn():
    found = graph(*SHOP)
    svg = drawn(found, found.around("basic.older"))
    assert "orders.month" not in " ".join(boxes(svg))
    assert drawn(found, []).find(f"{SVG}g") is None


@pytest.mark.parametrize(
    "name",
    ["<script>alert(1)</script>", "a & b > c", "\"'", "]]>", "bell \x07 and \ufffe", "😀" * 60],
)
def test_what_people_wrote_never_becomes_markup(name):
    named = Words(en=name, zh=name)
    item = SHOP[2].model_copy(update={"name": named})
    svg = drawn(graph(*(item if one.key == item.key else one for one in SHOP)))
    assert "script" not in {part.tag.removeprefix(SVG) for part in svg.iter()}
    shown = re.sub("[^ -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", name)
    assert shown in next(title for title in boxes(svg) if "behaviour.regular" in title)


def test_the_picture_needs_nothing_from_elsewhere():
    found = graph(*SHOP)
    text = picture(found, {}, list(found.nodes))
    assert re.findall(r"https?://[^\"]*", text) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"<script|<image|@import|url\(|\bon[a-z]+=", text)


def test_long_names_go_on_in_the_next_line_and_fit_their_box():
    long = "很长的标签名称" * 9
    named = SHOP[2].model_copy(update={"name": Words(en="word " * 30, zh=long)})
    found = graph(*(named if one.key == named.key else one for one in SHOP))
    for language in ("en", "zh"):
        here = box(drawn(found, language=language), "behaviour.regular")
        rect = here.find(f"{SVG}rect")
        rows = [part for part in here.iter(f"{SVG}text") if part.get("class") is None]
        assert len(rows) > 1
        right = float(rect.get("x")) + float(rect.get("width"))
        assert all(float(row.get("x")) + text_width(row.text, 13) <= right for row in rows)
        bottom = float(rect.get("y")) + float(rect.get("height"))
        assert all(float(row.get("y")) < bottom for row in rows)
    assert "".join(row.text for row in rows) == long


def the_shop():
    known = Known(columns=COLUMNS, attributes=ATTRIBUTES)
    return lineage(check_files([FOLDER / "features.yaml", FOLDER / "tags"], known))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_example_shop_is_drawn_within_its_frame(language):
    svg = drawn(the_shop(), language=language)
    assert len(boxes(svg)) == 59  # 41 tags, 9 features, 5 categories, 4 attributes
    width, height = float(svg.get("width")), float(svg.get("height"))
    assert width < 1600
    for part in svg.iter(f"{SVG}rect"):
        assert float(part.get("x", 0)) + float(part.get("width")) <= width
        assert float(part.get("y", 0)) + float(part.get("height")) <= height


def test_sensitive_lines_differ_too():
    found = graph(*(REVEALING if item.key == REVEALING.key else item for item in SHOP))
    svg = drawn(found)
    kinds = {part.get("class") for part in svg.iter(f"{SVG}path")}
    assert "line sensitive" in kinds
    assert HEALTH not in " ".join(boxes(svg))  # stated by a tag, not a source


def test_the_example_shop_is_drawn_in_a_moment():
    found = the_shop()
    start = process_time()
    picture(found, {}, list(found.nodes))
    assert process_time() - start < 0.3
