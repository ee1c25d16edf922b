# SPDX-License-Identifier: Apache-2.0
"""What tags are made of as a picture: one SVG file that opens anywhere, without scripts or fonts.

Sources stand left, features in the middle, tags right. Shape and words say what colour says too;
the description tells the whole graph to those who do not see it. Columns of events stand inside of
what reads them: lines to them would hide all others.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final
from xml.sax.saxutils import escape

from tagging.document import Feature, Tag
from tagging.explain.naming import PLAIN, Naming
from tagging.layout import Box, Layout, Place, layout
from tagging.lineage import Lineage, Role

_LAYER: Final[Mapping[Role, int]] = {"data": 0, "attribute": 0, "feature": 1, "tag": 2}
_WORDS: Final = {
    "en": {
        "title": "What tags are made of",
        "data": "data category",
        "attribute": "attribute of the profile",
        "column": "column of events",
        "feature": "feature",
        "tag": "tag",
        "sensitive": "sensitive",
        "marked": "sensitive: {acts}",
        "reads": "reads ",
        "made": "{name} is made of {inputs}.",
        "alone": "{name} is made of no other definition.",
        "count": "{tags} tags, {features} features, {sources} sources; {sensitive} of them sensitive.",
        "comma": ", ",
        "of": " ({key})",
    },
    "zh": {
        "title": "标签的数据来源",
        "data": "数据类别",
        "attribute": "档案属性",
        "column": "事件列",
        "feature": "指标",
        "tag": "标签",
        "sensitive": "敏感",
        "marked": "敏感：{acts}",
        "reads": "读取 ",
        "made": "{name}由{inputs}计算。",
        "alone": "{name}不由其他定义计算。",
        "count": "标签{tags}个，指标{features}个，来源{sources}个；其中敏感{sensitive}个。",
        "comma": "、",
        "of": "（{key}）",
    },
}
_FONT: Final = (
    "system-ui, 'Segoe UI', Roboto, 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', "
    "'DejaVu Sans', sans-serif"
)
_STYLE: Final = (
    "text{fill:#1b2430;font-size:13px}"
    ".small{fill:#4a5666;font-size:11px}"
    ".warn{fill:#8f1d14;font-size:11px;font-weight:700}"
    ".head{font-size:17px;font-weight:600}"
    ".box{stroke:#44546a;stroke-width:1.2}"
    ".data{fill:#eceff3}.attribute{fill:#e9f0e4}.feature{fill:#e3eefb}.tag{fill:#fffdf5}"
    ".sensitive{stroke:#8f1d14;stroke-width:2.4;stroke-dasharray:6 3}"
    ".line{fill:none;stroke:#7d8a9c;stroke-width:1.2;stroke-opacity:.75}"
    ".line.sensitive{stroke:#8f1d14;stroke-width:1.8;stroke-opacity:.8}"
)
_PIECES: Final = re.compile(r"[\u2e80-\uffff]|[^\s\u2e80-\uffff]*\s*")
_UNWRITABLE: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

PAD, LEFT, TOP, GUTTER, GAP, LANE = 14.0, 24.0, 92.0, 110.0, 8.0, 2.0
FIRST, NEXT = 17.0, 15.0
"""Height of the first line of a box, and of each further one."""
ROOM: Final = 300.0
"""Width after which a text goes on in the next line of its box."""
INDENT: Final = 8.0
"""How much further in a text begins where the box ends in a point."""
ROUND: Final = 18.0
_SIZES: Final = {"": 13.0, "small": 11.0, "warn": 11.6}


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A box with its lines of text: (class of the text, text)."""

    role: Role
    lines: tuple[tuple[str, str], ...]
    sensitive: bool

    @property
    def height(self) -> float:
        return FIRST + NEXT * (len(self.lines) - 1) + 12

    @property
    def width(self) -> float:
        widest = max(text_width(text, _SIZES[kind]) for kind, text in self.lines)
        return widest + 2 * (PAD + (INDENT if self.sensitive else 0))


def picture(
    graph: Lineage,
    marked: Mapping[str, Sequence[str]],
    shown: Collection[str],
    *,
    language: str = "en",
    naming: Naming = PLAIN,
) -> str:
    """Return the SVG of some parts of a graph; `marked` gives the regimes in which each is sensitive."""
    words = _WORDS["zh" if language == "zh" else "en"]
    wanted = set(shown)
    keys = [k for k in graph.nodes if k in wanted and graph.nodes[k].role in _LAYER]
    names = {key: _name(graph, key, language, naming) for key in graph.nodes}
    drawn = {key: _drawn(graph, key, names, marked.get(key, ()), words) for key in keys}
    lines = [(start, key) for key in keys for start in _starts(graph, key, drawn)]
    boxes = {key: Box(box.height, _LAYER[box.role]) for key, box in drawn.items()}
    placed = layout(boxes, lines, gap=GAP, lane=LANE)
    widths = _widths(placed, drawn)
    lefts = [LEFT + sum(widths[:at]) + GUTTER * at for at in range(placed.layers)]
    inner = max(_legend_width(words), sum(widths) + GUTTER * max(0, placed.layers - 1))
    size = (inner + 2 * LEFT, placed.height + TOP + LEFT)
    parts = [
        *_head(size, language, words, _told(graph, keys, names, marked, words)),
        *_lines(placed, lefts, widths, lines, marked),
        *(_box(drawn[key], placed.boxes[key], lefts, widths, names[key]) for key in keys),
        "</svg>\n",
    ]
    return "\n".join(parts)


def text_width(text: str, size: float) -> float:
    """Return about how wide a text is drawn: a Chinese character is a square, a letter half of one."""
    return sum(size if ord(letter) > 0x2E80 else size * 0.57 for letter in text)


# --- what is drawn --------------------------------------------------------------------------------


def _name(graph: Lineage, key: str, language: str, naming: Naming) -> str:
    item, part = graph.documents.get(key), graph.nodes[key]
    if isinstance(item, Tag | Feature):
        return _clean(item.name.in_(language))
    if part.role == "attribute":
        return _clean(naming.attribute(part.key, language))
    return _clean(naming.column(part.key, language) if part.role == "column" else part.key)


def _drawn(
    graph: Lineage,
    key: str,
    names: Mapping[str, str],
    regimes: Sequence[str],
    words: Mapping[str, str],
) -> _Drawn:
    part = graph.nodes[key]
    lines = [("", names[key])]
    if part.key != names[key]:
        lines.append(("small", part.key))
    columns = [graph.nodes[k].key for k in graph.inputs[key] if graph.nodes[k].role == "column"]
    if columns:
        lines.append(("small", words["reads"] + words["comma"].join(columns)))
    if regimes:
        lines.append(("warn", words["marked"].format(acts=words["comma"].join(_acts(regimes)))))
    fitting = [(kind, row) for kind, text in lines for row in _wrapped(text, _SIZES[kind])]
    return _Drawn(part.role, tuple(fitting), bool(regimes))


def _wrapped(text: str, size: float) -> Iterator[str]:
    """Yield the rows of a text, broken at a blank or, in Chinese and in long words, anywhere."""
    row = ""
    for piece in _PIECES.findall(text):
        for part in piece if text_width(piece, size) > ROOM else (piece,):
            if row and text_width((row + part).rstrip(), size) > ROOM:
                yield row.rstrip()
                row = ""
            row += part
    yield row.rstrip()


def _acts(regimes: Sequence[str]) -> list[str]:
    """Return the acts as people abbreviate them: PIPL for pipl_cn."""
    return [regime.split("_")[0].upper() for regime in regimes]


def _starts(graph: Lineage, key: str, drawn: Collection[str]) -> Iterator[str]:
    """Yield what a line leads from: a category that comes along with another input needs no line."""
    starts = [start for start in graph.inputs[key] if start in drawn]
    along = {far for start in starts for far in graph.upstream(start)}
    yield from (start for start in starts if start not in along)


def _told(
    graph: Lineage,
    keys: Sequence[str],
    names: Mapping[str, str],
    marked: Mapping[str, Sequence[str]],
    words: Mapping[str, str],
) -> Iterator[str]:
    """Yield the graph in sentences."""
    roles = [graph.nodes[key].role for key in keys]
    yield words["count"].format(
        tags=roles.count("tag"),
        features=roles.count("feature"),
        sources=len(roles) - roles.count("tag") - roles.count("feature"),
        sensitive=sum(1 for key in keys if key in marked),
    )

    def called(key: str) -> str:
        part = graph.nodes[key]
        name = names[key] if part.role in ("tag", "feature") else part.key
        return f"{words[part.role]} {name}"

    for key in (key for key in keys if key in graph.documents):
        said = called(key) + words["of"].format(key=key)
        if key in marked:
            acts = words["comma"].join(_acts(marked[key]))
            said += words["comma"] + words["marked"].format(acts=acts) + words["comma"]
        inputs = words["comma"].join(map(called, graph.inputs[key]))
        yield words["made" if inputs else "alone"].format(name=said, inputs=inputs)


def _clean(text: str) -> str:
    return _UNWRITABLE.sub("\ufffd", text)


# --- how it is drawn ------------------------------------------------------------------------------


def _widths(placed: Layout, drawn: Mapping[str, _Drawn]) -> list[float]:
    widths = [0.0] * placed.layers
    for key, place in placed.boxes.items():
        widths[place.layer] = max(widths[place.layer], drawn[key].width)
    return widths


def _head(
    size: tuple[float, float], language: str, words: Mapping[str, str], told: Iterator[str]
) -> Iterator[str]:
    width, height = (f"{value:.0f}" for value in size)
    code = "zh-CN" if language == "zh" else "en"
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img" aria-labelledby="title about" '
        f'xml:lang="{code}" lang="{code}" font-family="{escape(_FONT)}">'
    )
    yield f'<title id="title">{escape(words["title"])}</title>'
    yield f'<desc id="about">{escape(" ".join(told))}</desc>'
    yield f"<style>{_STYLE}</style>"
    yield f'<rect width="{width}" height="{height}" fill="#ffffff"/>'
    yield f'<text class="head" x="{LEFT:.0f}" y="32">{escape(words["title"])}</text>'
    yield from _legend(words)


_LEGEND: Final[Sequence[tuple[Role, bool]]] = (
    ("data", False),
    ("attribute", False),
    ("feature", False),
    ("tag", False),
    ("tag", True),
)


def _legend(words: Mapping[str, str]) -> Iterator[str]:
    x = LEFT
    for role, sensitive in _LEGEND:
        text = words["sensitive"] if sensitive else words[role]
        yield _shape(role, (x, 50, 34, 18), sensitive=sensitive)
        yield f'<text class="small" x="{x + 42:.0f}" y="63">{escape(text)}</text>'
        x += 42 + text_width(text, 11) + 26


def _legend_width(words: Mapping[str, str]) -> float:
    texts = [words[role] for role, _ in _LEGEND] + [words["sensitive"]]
    return sum(68 + text_width(text, 11) for text in texts)


def _lines(
    placed: Layout,
    lefts: Sequence[float],
    widths: Sequence[float],
    pairs: Sequence[tuple[str, str]],
    marked: Collection[str],
) -> Iterator[str]:
    """Yield one path for all the lines from a box: where they run together they are one line."""
    steps: dict[str, dict[str, None]] = {}
    for start, end in pairs:
        for before, after in pairwise(placed.path(start, end)):
            left, right = lefts[before.layer] + widths[before.layer], lefts[after.layer]
            y, to, half = TOP + before.middle, TOP + after.middle, GUTTER / 2
            step = (
                f"M{left:.1f} {y:.1f}C{left + half:.1f} {y:.1f} {right - half:.1f} {to:.1f} "
                f"{right:.1f} {to:.1f}"
            )
            if after is not placed.boxes[end]:
                step += f"H{right + widths[after.layer]:.1f}"
            steps.setdefault(start, {})[step] = None
    for start, found in steps.items():
        kind = "line sensitive" if start in marked else "line"
        yield f'<path class="{kind}" d="{"".join(found)}"/>'


def _box(
    box: _Drawn, place: Place, lefts: Sequence[float], widths: Sequence[float], name: str
) -> str:
    x, width = lefts[place.layer], widths[place.layer]
    top = TOP + place.middle - box.height / 2
    indent = PAD + (INDENT if box.sensitive else 0)
    texts = []
    for number, (kind, text) in enumerate(box.lines):
        y = top + FIRST + NEXT * number
        style = f' class="{kind}"' if kind else ""
        texts.append(f'<text{style} x="{x + indent:.1f}" y="{y:.1f}">{escape(text)}</text>')
    whole = escape("\n".join([name, *(text for _, text in box.lines[1:])]))
    shape = _shape(box.role, (x, top, width, box.height), sensitive=box.sensitive)
    return f"<g><title>{whole}</title>{shape}{''.join(texts)}</g>"


def _shape(role: Role, where: tuple[float, float, float, float], *, sensitive: bool) -> str:
    """Return the outline of a box: square, double, round or rounded; six-sided when sensitive."""
    x, y, width, height = where
    kind = f"box {role}" + (" sensitive" if sensitive else "")
    if sensitive:
        point, middle = min(11.0, height / 3), y + height / 2
        corners = (
            f"{x:.1f},{middle:.1f} {x + point:.1f},{y:.1f} {x + width - point:.1f},{y:.1f} "
            f"{x + width:.1f},{middle:.1f} {x + width - point:.1f},{y + height:.1f} "
            f"{x + point:.1f},{y + height:.1f}"
        )
        return f'<polygon class="{kind}" points="{corners}"/>'
    round_ = {"feature": min(height / 2, ROUND), "tag": 5.0}.get(role, 0.0)
    rect = (
        f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" '
        f'height="{height:.1f}" rx="{round_:.1f}"/>'
    )
    if role == "attribute":
        rect += f'<path class="box" d="M{x + 4:.1f} {y:.1f}v{height:.1f}"/>'
    return rect
