# SPDX-License-Identifier: Apache-2.0
"""The sentence of a tag: `{count}`, `{amount}`, `{days}`, `{value}` filled from the person's facts.

`{count}` is the first count of the rule; `{amount}` the first amount of money; `{days}` the first
number of days; `{value}` the value of the tag, or what a plain tag repeats of the profile. Facts that
decided come before facts that only stand in the rule.
"""

import re
from collections.abc import Mapping

from tagging.document import Tag, Words
from tagging.explain.amounts import Language
from tagging.explain.conditions import column_unit
from tagging.explain.phrases import fact_value
from tagging.rules.evaluate import Value
from tagging.rules.tree import Aggregate, Attribute, Fact, Node, facts

_PLACE = re.compile(r"\{([^{}]*)\}")
KNOWN = ("count", "amount", "days", "value")


def check_template(tag: Tag, root: Node) -> list[str]:
    """Return what is wrong with the sentences of a tag; none: they can be filled for everybody."""
    problems = []
    places = {language: _PLACE.findall(tag.says.in_(language)) for language in ("en", "zh")}
    if sorted(places["en"]) != sorted(places["zh"]):
        problems.append("the two languages do not name the same facts")
    problems += [
        f"a brace without its partner stands in the sentence ({language})"
        for language in ("en", "zh")
        if re.search(r"[{}]", _PLACE.sub("", tag.says.in_(language)))
    ]
    for name in sorted({*places["en"], *places["zh"]}):
        if name not in KNOWN:
            problems.append(f"{{{name}}} is not one of " + ", ".join(f"{{{k}}}" for k in KNOWN))
        elif name != "value" and _fact(root, name) is None:
            problems.append(f"{{{name}}} has no fact in the rule that could fill it")
        elif name == "value" and root.kind == "bool" and _fact(root, name) is None:
            problems.append("{value} needs a tag that takes values")
    return problems


def fill(
    tag: Tag,
    root: Node,
    known: Mapping[Fact, Value],
    value: str | None,
    language: Language,
    *,
    first: tuple[Fact, ...] = (),
) -> str:
    """Return the sentence of a tag about one person; what is not known is `…`.

    `first` are the facts that decided: they are preferred to others of the rule.
    """

    def put(found: re.Match[str]) -> str:
        name = found[1]
        if name == "value" and root.kind != "bool":
            return label(tag, value, language)
        fact = _fact(root, name, first)
        given = known.get(fact) if fact is not None else None
        if fact is None or given is None:
            return "…"
        return (
            label(tag, given, language)
            if isinstance(given, str)
            else fact_value(fact, given, language)
        )

    return _PLACE.sub(put, tag.says.in_(language))


def label(tag: Tag, value: str | None, language: Language) -> str:
    """Return what people read for a value of a tag."""
    words: Words | None = tag.labels.get(value or "")
    return words.in_(language) if words else value or "…"


def _fact(root: Node, name: str, first: tuple[Fact, ...] = ()) -> Fact | None:
    """Return the fact that fills a placeholder."""
    own = [*first, *(fact for fact in facts(root) if fact not in first)]
    return next((fact for fact in own if _fills(fact, name)), None)


def _fills(fact: Fact, name: str) -> bool:
    if not isinstance(fact, Aggregate):
        return name == "value" and isinstance(fact, Attribute)
    if name == "count":
        return fact.op in ("count", "distinct")
    if name == "amount":
        money = fact.op in ("sum", "min", "max") and fact.kind == "dec"
        return money and column_unit(fact.column or "") == "money"
    return name == "days" and fact.op in ("since_first", "since_last")
