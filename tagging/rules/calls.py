# SPDX-License-Identifier: Apache-2.0
"""Reads the calls of a rule: aggregates with their window and condition, tags, features, tiers."""

from collections.abc import Callable

from sqlglot import exp

from audit.clock import DAY, HOUR
from policies.document import nearest
from tagging.rules import functions
from tagging.rules.reader import BAD, NUMBERS, Reader
from tagging.rules.tree import (
    Aggregate,
    And,
    Attribute,
    Coalesce,
    Column,
    Kind,
    Literal,
    Named,
    Node,
    NullIf,
    TagRef,
    Tier,
    Window,
    walk,
)


def call(r: Reader, e: exp.Expression) -> Node:
    """Return the tree of a call; an unknown function is noted."""
    name = str(e.name).lower()
    if name in functions.SHORTHANDS or name in functions.AGGREGATES:
        return _aggregate(r, name, e)
    if name not in functions.SCALARS:
        known = (*functions.SHORTHANDS, *functions.AGGREGATES, *functions.SCALARS)
        return r.note(
            "unknown-function",
            f'there is no function "{name}"',
            e,
            nearest(name, known) or "known: " + ", ".join(known),
        )
    if r.row:
        return r.note("rule-not-allowed", f"{name} cannot stand inside an aggregate", e)
    return _CALLS[name](r, e)


def _aggregate(r: Reader, name: str, e: exp.Expression) -> Node:
    if r.row:
        return r.note("nested-aggregate", "an aggregate cannot stand inside another", e)
    positional = [item for item in e.expressions if not isinstance(item, exp.Kwarg)]
    window = _window(r, [item for item in e.expressions if isinstance(item, exp.Kwarg)])
    short = functions.SHORTHANDS.get(name)
    function = functions.AGGREGATES[short.function if short else name]
    column = short.column if short else None
    if short is None and function.takes != "nothing":
        column = _measured(r, name, function, positional, e)
        positional = positional[1:]
        if column is None:
            return BAD
    where = _condition(r, name, positional, short.where if short else None)
    kind: Kind = r.scope.columns[column or ""] if function.gives == "same" else function.gives
    return Aggregate(function.op, column, where, window, kind)


def _measured(
    r: Reader,
    name: str,
    function: functions.AggregateFunction,
    arguments: list[exp.Expression],
    e: exp.Expression,
) -> str | None:
    if not arguments or not isinstance(arguments[0], exp.Column):
        r.note("missing-column", f"{name} needs a column first", e, f"{name}(amount, …)")
        return None
    r.row = True
    column = r.node(arguments[0])
    r.row = False
    if not isinstance(column, Column):
        return None
    wanted = {"number": ("int", "dec"), "text": ("text",)}.get(function.takes)
    if wanted and column.kind not in wanted:
        r.note("wrong-kind", f'{name} cannot measure "{column.name}"', arguments[0])
        return None
    return column.name


def _condition(
    r: Reader, name: str, arguments: list[exp.Expression], fixed: Node | None
) -> Node | None:
    items: list[Node] = [fixed] if fixed is not None else []
    for extra in arguments[1:]:
        r.note("too-many-arguments", f"{name} takes one condition; join them with and", extra)
    for argument in arguments[:1]:
        if isinstance(argument, exp.Star):
            continue
        r.row = True
        condition = r.truth(argument)
        r.row = False
        items.extend(condition.items if isinstance(condition, And) else (condition,))
    return None if not items else items[0] if len(items) == 1 else And(tuple(items))


def _window(r: Reader, arguments: list[exp.Expression]) -> Window:
    given: dict[str, int] = {}
    for argument in arguments:
        name = str(argument.this.name).lower()
        value = argument.expression
        if name not in ("days", "hours", "ago"):
            r.note("unknown-option", f'"{name}" is not an option', argument, "days, hours, ago")
        elif name in given:
            r.note("duplicate-option", f'"{name}" stands here twice', argument)
        elif not _whole(value):
            r.note("bad-window", f"{name} => takes a whole number above 0", argument)
        elif not 0 < int(value.this) <= functions.MAX_SPAN_DAYS * (24 if name == "hours" else 1):
            r.note(
                "bad-window",
                f"{name} => {value.this} is not a window: between 1 and {functions.MAX_SPAN_DAYS} days",
                argument,
                hint="days => 30",
            )
        else:
            given[name] = int(value.this)
    if "days" in given and "hours" in given:
        r.note("bad-window", "a window is given in days or in hours, not both", arguments[0])
    span = given.get("days", 0) * DAY + given.get("hours", 0) * HOUR
    return Window(span or None, given.get("ago", 0) * DAY)


def _whole(e: exp.Expression) -> bool:
    return isinstance(e, exp.Literal) and not e.is_string and str(e.this).isdecimal()


def _name_argument(r: Reader, e: exp.Expression, what: str) -> str | None:
    items = e.expressions
    if len(items) == 1 and isinstance(items[0], exp.Literal) and items[0].args.get("is_string"):
        return str(items[0].this)
    r.note("bad-reference", f"{what} takes one name in quotes", e, f"{what}('some.key')")
    return None


def _tag(r: Reader, e: exp.Expression) -> Node:
    key = _name_argument(r, e, "tag")
    if key is None:
        return BAD
    kind = r.scope.tags.get(key)
    if kind is None:
        return r.note("unknown-tag", f'there is no tag "{key}"', e, nearest(key, r.scope.tags))
    return TagRef(key, kind)


def _feature(r: Reader, e: exp.Expression) -> Node:
    key = _name_argument(r, e, "feature")
    if key is None:
        return BAD
    of = r.scope.features.get(key)
    if of is None:
        return r.note(
            "unknown-feature",
            f'there is no feature "{key}"',
            e,
            nearest(key, r.scope.features),
        )
    return Named(key, of)


def _attribute(r: Reader, e: exp.Expression) -> Node:
    key = _name_argument(r, e, "attribute")
    if key is None:
        return BAD
    if r.scope.attributes is not None and key not in r.scope.attributes:
        return r.note(
            "unknown-attribute",
            f'no profile has an attribute "{key}"',
            e,
            nearest(key, r.scope.attributes),
        )
    return Attribute(key)


def _tier(r: Reader, e: exp.Expression) -> Node:
    items = e.expressions
    if len(items) != 2 or not _whole(items[1]) or not 2 <= int(items[1].this) <= 100:
        return r.note(
            "bad-tier",
            "tier takes a measure and 2 to 100 tiers",
            e,
            "tier(spend(days => 365), 5)",
        )
    of = r.node(items[0])
    if of is BAD:
        return BAD
    if of.kind not in NUMBERS:
        return r.note("wrong-kind", "tier measures a number", e)
    if any(isinstance(part, Tier) for part in walk(of)):
        return r.note("nested-tier", "a tier cannot stand inside another", e)
    if any(isinstance(part, TagRef) for part in walk(of)):
        return r.note("tier-of-tag", "a tier measures events, not other tags", e)
    return Tier(of, int(items[1].this))


def _segment(r: Reader, e: exp.Expression) -> Node:
    return _learned(r, e, "segment", "unknown-fit", "fit")


def _model(r: Reader, e: exp.Expression) -> Node:
    return _learned(r, e, "model", "unknown-model", "model")


def _learned(r: Reader, e: exp.Expression, call: str, code: str, what: str) -> Node:
    name = _name_argument(r, e, call)
    if name is None:
        return BAD
    found = r.scope.segments.get(name)
    if found is None or found.call != call:
        hint = nearest(name, r.scope.segments) or f"tagwarden {call} list"
        return r.note(code, f'there is no {what} "{name}"', e, hint)
    return found


def _coalesce(r: Reader, e: exp.Expression) -> Node:
    nodes = [r.node(item) for item in e.expressions]
    if BAD in nodes:
        return BAD
    items = r.one_kind(nodes, e)
    if not items:
        return r.note("bad-coalesce", "coalesce takes values of one kind", e)
    return Coalesce(tuple(items), items[0].kind)


def _nullif(r: Reader, e: exp.Expression) -> Node:
    if len(e.expressions) != 2:
        return r.note("bad-nullif", "nullif takes a value and a constant", e)
    left, right = r.node(e.expressions[0]), r.node(e.expressions[1])
    if BAD in (left, right):
        return BAD
    pair = r.same_kind(left, right, e)
    if pair is None or not isinstance(pair[1], Literal):
        return r.note("bad-nullif", "nullif takes a value and a constant of its kind", e)
    return NullIf(pair[0], pair[1], pair[0].kind)


_Method = Callable[[Reader, exp.Expression], Node]
_CALLS: dict[str, _Method] = {
    "tag": _tag,
    "feature": _feature,
    "attribute": _attribute,
    "tier": _tier,
    "segment": _segment,
    "model": _model,
    "coalesce": _coalesce,
    "nullif": _nullif,
}
