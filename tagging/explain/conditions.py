# SPDX-License-Identifier: Apache-2.0
"""Which events are counted, in words: place, time of day or week, window, and everything else.

Never SQL: whatever has no phrase of its own is spelled out with and, or, not.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from audit.clock import DAY
from tagging.explain.amounts import AND, OR, Language, Unit, bounds, is_bounds, listed, point
from tagging.explain.naming import Naming
from tagging.explain.regions import Region
from tagging.explain.variables import rebuilt
from tagging.rules.evaluate import evaluate
from tagging.rules.tree import (
    And,
    Case,
    Column,
    Compare,
    InList,
    IsNull,
    Literal,
    Node,
    Not,
    Or,
    Window,
    walk,
)

_DAYS = {
    "en": ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays"),
    "zh": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
}
_PARTS = {"hour": range(24), "weekday": range(1, 8)}
_TURNED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def window_words(window: Window, language: Language) -> str:
    """Return the window in words: `within 30 days`, `30天内`."""
    zh = language == "zh"
    words = window.words()
    ago = window.ago // DAY
    if words is None:
        if not ago:
            return "至今" if zh else "so far"
        return f"{_days(ago, language)}以前" if zh else f"more than {_days(ago, language)} ago"
    size, unit = words
    if ago and unit == "day":
        if zh:
            return f"{ago + size}天前至{ago}天前"
        return f"between {ago + size} and {_days(ago, language)} ago"
    if zh:
        inside = f"{size}{'天' if unit == 'day' else '小时'}内"
        return f"截至{ago}天前的{inside}" if ago else inside
    inside = f"within {size} {unit}{'' if size == 1 else 's'}"
    return f"{inside} up to {_days(ago, language)} ago" if ago else inside


def _days(number: int, language: Language) -> str:
    if language == "zh":
        return f"{number}天"
    return f"{number} day" if number == 1 else f"{number} days"


@dataclass(slots=True)
class Conditions:
    """What events must be like, besides their type, sorted by how it is said."""

    items: Iterable[Node]
    naming: Naming
    _place: list[Node] = field(default_factory=list)
    _parts: dict[str, set[int]] = field(default_factory=dict)
    _rest: list[Node] = field(default_factory=list)
    _ranges: dict[str, Region] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for item in self.items:
            self._sort(item)

    def _sort(self, item: Node) -> None:
        columns = {part for part in walk(item) if isinstance(part, Column)}
        only = next(iter(columns)) if len(columns) == 1 else None
        if only is not None and only.name in _PARTS:
            fitting = {n for n in _PARTS[only.name] if _holds(item, n)}
            self._parts[only.name] = self._parts.get(only.name, fitting) & fitting
        elif only is not None and only.name == "category" and _names(item) is not None:
            self._place.append(item)
        elif only is not None and (region := _range(item)) is not None:
            before = self._ranges.get(only.name)
            self._ranges[only.name] = region if before is None else _both(before, region)
            if before is None:
                self._rest.append(item)
        else:
            self._rest.append(item)

    def around(self, language: Language) -> str:
        """Return time and place: ` in TEA on weekends`, `周末在TEA`."""
        zh = language == "zh"
        places = [_place(item, language) for item in self._place]
        times = [_PART_WORDS[name](found, language) for name, found in sorted(self._parts.items())]
        return "".join([*reversed(times), *places]) if zh else "".join([*places, *times])

    def notes(self, language: Language) -> list[str]:
        """Return everything else: `price above 50.00`, `单价高于50.00`."""
        found = []
        for item in self._rest:
            column = next((part for part in walk(item) if isinstance(part, Column)), None)
            if column is not None and column.name in self._ranges and _range(item) is not None:
                found.append(_ranged(column, self._ranges[column.name], self.naming, language))
            else:
                found.append(_plain(item, self.naming, language))
        return found


def _holds(item: Node, value: int) -> bool:
    def filled(node: Node) -> Node:
        return Literal(value, "int") if isinstance(node, Column) else rebuilt(node, filled)

    return evaluate(filled(item), {}, {}) is True


# --- place and time -------------------------------------------------------------------------


def _names(item: Node) -> tuple[list[str], bool] | None:
    """Return the texts that a column must (or must not) have, and which of both."""
    if isinstance(item, Not):
        inner = _names(item.of)
        return None if inner is None else (inner[0], not inner[1])
    if isinstance(item, InList) and isinstance(item.of, Column):
        return [str(value.value) for value in item.values], True
    if isinstance(item, Compare) and item.op in ("=", "<>"):
        left, right = item.left, item.right
        literal = right if isinstance(right, Literal) else left
        if isinstance(literal, Literal) and isinstance(literal.value, str):
            return [literal.value], item.op == "="
    return None


def _place(item: Node, language: Language) -> str:
    names, inside = _names(item) or ([], True)
    text = listed(names, language, joint=OR)
    if language == "zh":
        return f"在{text}" if inside else f"在{text}以外的品类"
    return f" in {text}" if inside else f" outside {text}"


def _weekday_words(found: set[int], language: Language) -> str:
    zh = language == "zh"
    if found == {6, 7}:
        return "周末" if zh else " on weekends"
    if found == {1, 2, 3, 4, 5}:
        return "周一至周五" if zh else " from Monday to Friday"
    names = [_DAYS["zh" if zh else "en"][day - 1] for day in sorted(found)]
    if not names:
        return "在不存在的日子" if zh else " on no day"
    return listed(names, language, joint=AND) if zh else " on " + listed(names, language, joint=AND)


def _hour_words(found: set[int], language: Language) -> str:
    zh = language == "zh"
    starts = [hour for hour in sorted(found) if (hour - 1) % 24 not in found]
    if len(starts) == 1:
        end = next(hour % 24 for hour in range(starts[0], starts[0] + 24) if hour % 24 not in found)
        first, last = f"{starts[0]}:00", f"{end or 24}:00"
        return f"在{first}至{last}之间" if zh else f" between {first} and {last}"
    if len(found) == 24:
        return ""
    names = [f"{hour}:00" for hour in sorted(found)]
    text = listed(names, language, joint=OR)
    return f"在{text}起的一小时内" if zh else f" in the hour from {text}"


_PART_WORDS = {"weekday": _weekday_words, "hour": _hour_words}


# --- everything else ------------------------------------------------------------------------


def _range(item: Node) -> Region | None:
    """Return the region of a comparison of one number column with a constant, or None."""
    if not isinstance(item, Compare) or item.op == "<>":
        return None
    left, right, op = item.left, item.right, item.op
    if isinstance(left, Literal):
        left, right, op = right, left, _TURNED[op]  # type: ignore[assignment]
    if not isinstance(left, Column) or left.kind not in ("int", "dec"):
        return None
    value = right.value if isinstance(right, Literal) else None
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    whole = {
        ">": Region("between", value + 1),
        ">=": Region("between", value),
        "<": Region("between", None, value - 1),
        "<=": Region("between", None, value),
    }
    return whole.get(op, point(value))


def _both(one: Region, other: Region) -> Region:
    lows = [r.low for r in (one, other) if r.low is not None]
    highs = [r.high for r in (one, other) if r.high is not None]
    return Region("between", max(lows, default=None), min(highs, default=None))


def column_unit(name: str) -> Unit:
    """Return how the numbers of a column are written."""
    if any(word in name for word in ("amount", "price", "discount", "spent", "cost", "fee")):
        return "money"
    return "quantity" if name == "quantity" else "plain"


def _ranged(column: Column, region: Region, naming: Naming, language: Language) -> str:
    name = naming.column(column.name, language)
    unit = column_unit(column.name)
    if language == "zh":
        return name + is_bounds(region, unit, column.kind, language)
    return f"{name} {bounds(region, unit, column.kind, language)}"


def _plain(item: Node, naming: Naming, language: Language) -> str:
    """Return any condition in plain words."""
    zh = language == "zh"
    if isinstance(item, And | Or):
        joint = {And: (" and ", "且"), Or: (" or ", "或")}[type(item)]
        return joint[zh].join(_part(part, naming, language) for part in item.items)
    if isinstance(item, Not):
        inner = _plain(item.of, naming, language)
        return f"非（{inner}）" if zh else f"not ({inner})"
    if isinstance(item, IsNull) and isinstance(item.of, Column):
        name = naming.column(item.of.name, language)
        return f"{name}缺失" if zh else f"{name} unknown"
    region = _range(item)
    column = next((part for part in walk(item) if isinstance(part, Column)), None)
    if region is not None and column is not None:
        return _ranged(column, region, naming, language)
    named = _one_column(item, naming, language)
    return named or ("符合其他条件" if zh else "meeting a further condition")


def _part(item: Node, naming: Naming, language: Language) -> str:
    text = _plain(item, naming, language)
    if not isinstance(item, And | Or):
        return text
    return f"（{text}）" if language == "zh" else f"({text})"


def _one_column(item: Node, naming: Naming, language: Language) -> str | None:
    zh = language == "zh"
    of = item.of if isinstance(item, InList) else item.left if isinstance(item, Compare) else None
    if not isinstance(of, Column) or isinstance(item, Case):
        return None
    name = naming.column(of.name, language)
    if isinstance(item, Compare) and not isinstance(item.right, Literal):
        return None
    literals = item.values if isinstance(item, InList) else (item.right,)  # type: ignore[union-attr]
    texts = [_literal(of, value, naming, language) for value in literals]  # type: ignore[arg-type]
    text = listed(texts, language, joint=OR)
    other = isinstance(item, Compare) and item.op == "<>"
    if zh:
        return f"{name}不是{text}" if other else f"{name}为{text}"
    return f"{name} not {text}" if other else f"{name} {text}"


def _literal(column: Column, value: Literal, naming: Naming, language: Language) -> str:
    if isinstance(value.value, str):
        if column.name == "event_type":
            return naming.event(value.value, language)
        return value.value or ("（空）" if language == "zh" else "(empty)")
    if value.value is None or isinstance(value.value, bool):
        return "未知" if language == "zh" else "unknown"
    return bounds(point(value.value), column_unit(column.name), column.kind, language)
