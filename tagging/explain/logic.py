# SPDX-License-Identifier: Apache-2.0
"""The rule of a tag in words, about nobody in particular: what it looks at, and what it asks for.

Every part of the rule stands in the words once. Where the thresholds of a tag are withheld, the words
say what is looked at and no bound.
"""

from collections.abc import Iterator
from typing import Final

from tagging.document import Tag
from tagging.explain.amounts import Language, point
from tagging.explain.naming import Naming
from tagging.explain.phrases import measured, say_bound
from tagging.explain.regions import MISSING, Region
from tagging.explain.template import label
from tagging.rules.tree import (
    And,
    Case,
    Compare,
    InList,
    IsNull,
    Literal,
    Named,
    Node,
    Not,
    Or,
    Segment,
    Tier,
    facts,
)

_TURNED: Final = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_BETWEEN: Final = {
    "=": ("equals", "等于"),
    "<>": ("differs from", "不同于"),
    "<": ("is less than", "小于"),
    "<=": ("is at most", "不超过"),
    ">": ("is more than", "大于"),
    ">=": ("is at least", "不少于"),
}


def logic(tag: Tag, root: Node, language: Language, naming: Naming) -> list[str]:
    """Return the rule of a tag, one line for each value it can give; never empty."""
    if tag.thresholds == "withheld":
        return [_looked_at(root, language, naming)]
    if isinstance(root, Segment):
        return [_learned(root, language)]
    if root.kind == "bool":
        return [_condition(root, language, naming)]
    return list(_values(tag, root, language, naming))


def _learned(root: Segment, language: Language) -> str:
    zh = language == "zh"
    names = ("、" if zh else "; ").join(name[zh] for name in root.model.names)
    if root.call == "model":
        return f"由模型预测，依据：{names}" if zh else f"foretold by a model from: {names}"
    return (
        f"中心最近的群组，依据：{names}"
        if zh
        else f"the group whose middle is nearest, by: {names}"
    )


def _looked_at(root: Node, language: Language, naming: Naming) -> str:
    names = dict.fromkeys(measured(fact, language, naming) for fact in facts(root))
    text = ("、" if language == "zh" else "; ").join(names)
    return (
        f"参考：{text}（不公开界限）" if language == "zh" else f"looks at: {text} (bounds withheld)"
    )


def _values(tag: Tag, root: Node, language: Language, naming: Naming) -> Iterator[str]:
    """Yield what gives which value."""
    zh = language == "zh"
    node = root.of if isinstance(root, Named) else root
    if isinstance(node, Case):
        for when, then in node.whens:
            given = _given(tag, then, language, naming)
            text = _condition(when, language, naming)
            yield f"“{given}”：{text}" if zh else f"“{given}”: {text}"
        if not (isinstance(node.otherwise, Literal) and node.otherwise.value is None):
            given = _given(tag, node.otherwise, language, naming)
            yield f"“{given}”：其他情形" if zh else f"“{given}”: otherwise"
    elif isinstance(node, Tier):
        name = measured(node.of, language, naming)
        yield (
            f"按{name}由低到高分为{node.count}档"
            if zh
            else f"one of {node.count} tiers by {name}, counted from the lowest"
        )
    else:
        name = measured(root, language, naming)
        yield f"内容即：{name}" if zh else f"its value is: {name}"


def _given(tag: Tag, node: Node, language: Language, naming: Naming) -> str:
    if isinstance(node, Literal):
        return label(tag, None if node.value is None else str(node.value), language)
    return measured(node, language, naming)


def _condition(node: Node, language: Language, naming: Naming) -> str:
    zh = language == "zh"
    match node:
        case And(items):
            text = _joined(items, ("; and ", "，且"), language, naming)
        case Or(items):
            text = _joined(items, ("; or ", "，或"), language, naming)
        case Not(of):
            inner = _condition(of, language, naming)
            text = f"并非（{inner}）" if zh else f"not ({inner})"
        case Named(of=of) if of.kind == "bool":
            text = naming.feature(node.key, language) or _condition(of, language, naming)
        case IsNull(of):
            text = say_bound(of, MISSING, language, naming)
        case InList(of, values):
            names = tuple(str(value.value) for value in values)
            text = say_bound(of, Region("among", values=names), language, naming)
        case Compare():
            text = _comparison(node, language, naming)
        case _:
            text = say_bound(node, Region("among", values=(True,)), language, naming)
    return text


def _joined(
    items: tuple[Node, ...], joint: tuple[str, str], language: Language, naming: Naming
) -> str:
    parts = [_condition(item, language, naming) for item in items]
    if any(isinstance(item, And | Or) for item in items):
        parts = [
            _bracketed(part, language) if isinstance(item, And | Or) else part
            for item, part in zip(items, parts, strict=True)
        ]
    return joint[language == "zh"].join(parts)


def _bracketed(text: str, language: Language) -> str:
    return f"（{text}）" if language == "zh" else f"({text})"


def _comparison(node: Compare, language: Language, naming: Naming) -> str:
    left, right, op = node.left, node.right, str(node.op)
    if isinstance(left, Literal):
        left, right, op = right, left, _TURNED[op]
    if not isinstance(right, Literal):
        words = _BETWEEN[op][language == "zh"]
        names = [measured(side, language, naming) for side in (left, right)]
        return words.join(names) if language == "zh" else f" {words} ".join(names)
    region = _region(op, right)
    if region is not None:
        return say_bound(left, region, language, naming)
    text = say_bound(left, point(right.value), language, naming)
    return f"并非（{text}）" if language == "zh" else f"not ({text})"


def _region(op: str, constant: Literal) -> Region | None:
    """Return what a value may be by a comparison with a constant; None: anything but the constant."""
    value = constant.value
    if isinstance(value, str | bool):
        return Region("among" if op == "=" else "besides", values=(value,))
    if value is None or op == "<>":
        return None
    step = 1 if constant.kind == "int" else 0
    regions = {
        ">=": Region("between", low=value),
        ">": Region("between", low=value + step, low_open=not step),
        "<=": Region("between", high=value),
        "<": Region("between", high=value - step, high_open=not step),
    }
    return regions.get(op, point(value))
