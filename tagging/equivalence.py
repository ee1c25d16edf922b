# SPDX-License-Identifier: Apache-2.0
"""Whether two rules mean the same, by a normal form. What is found the same is the same for everybody.

Features are written out; `and`, `or` and `not` are laid flat; comparisons of one expression with
constants become one set of values; what is missing stays missing (three-valued logic). Two rules
that are not found the same may still be: nothing is rearranged that could leave 64 bits on the way,
or round differently. Two tiers are the same when they divide the same measure: as rules of one tag
they have the same people, so the same cut points.
"""

from collections.abc import Callable, Iterable, Mapping
from math import inf, isfinite
from typing import Any, Final, TypeAlias

from tagging.catalogue import Catalogue
from tagging.rules.evaluate import evaluate
from tagging.rules.tree import (
    Aggregate,
    And,
    Arith,
    Attribute,
    Case,
    Coalesce,
    Column,
    Compare,
    InList,
    IsNull,
    Kind,
    Literal,
    Named,
    Node,
    Not,
    NullIf,
    Or,
    Segment,
    TagRef,
    Tier,
)
from tagging.values import EVERY_VALUE, NO_VALUE, Values

Form: TypeAlias = tuple[Any, ...]
"""A normal form: nested tuples and frozen sets, the first item says what it is."""

_TRUE: Final[Form] = ("literal", "bool", True)
_FALSE: Final[Form] = ("literal", "bool", False)
_NULL: Final[Form] = ("literal", "bool", None)
_MIRROR: Final = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "=", "<>": "<>"}
_NEVER_MISSING: Final = ("count", "distinct", "sum")
_WIDE: Final = float(2**63)
_TAME: Final = 1e300


def canonical_rule(root: Node) -> Form:
    """Return the normal form of a rule: equal forms give equal values, whatever the facts."""
    return _form(root, {})


def same(a: Node, b: Node) -> bool:
    """Return whether two rules are found to give the same value for every person."""
    return canonical_rule(a) == canonical_rule(b)


def duplicates(catalogue: Catalogue) -> list[tuple[str, str]]:
    """Return the tags, then the features, that mean what an earlier key means: (earlier, later)."""
    written: _Known = {}
    tags = {key: definition.root for key, definition in catalogue.tags.items()}
    return [*_pairs(tags, written), *_pairs(catalogue.measures, written)]


_Known: TypeAlias = dict[int, tuple[Node, Form]]
"""Forms of the features that were written out already, by identity; the node is kept alive."""


def _pairs(roots: Mapping[str, Node], written: _Known) -> Iterable[tuple[str, str]]:
    first: dict[tuple[Kind, Form], str] = {}
    for key, root in sorted(roots.items()):
        earlier = first.setdefault((root.kind, _form(root, written)), key)
        if earlier != key:
            yield earlier, key


def _form(node: Node, written: _Known) -> Form:
    return _FORMS[type(node)](node, written)


# --- values -------------------------------------------------------------------------------------


def _literal(value: Any, kind: Kind) -> Form:
    return ("literal", kind, value + 0.0 if isinstance(value, float) else value)  # no minus zero


def _named(node: Any, written: _Known) -> Form:
    found = written.get(id(node.of))
    if found is None:
        found = written[id(node.of)] = (node.of, _form(node.of, written))
    return found[1]


def _aggregate(node: Any, written: _Known) -> Form:
    where = _form(node.where, written) if node.where is not None else _TRUE
    window = (node.window.span, node.window.ago)
    if where == _NULL:  # an event counts when the condition is true
        where = _FALSE
    return ("aggregate", node.op, node.column, where, window, node.kind)


def _arith(node: Any, written: _Known) -> Form:
    left, right = _form(node.left, written), _form(node.right, written)
    kind: Kind = node.kind
    if node.op == "/":
        right = _divisor(right)
        if right[0] == "literal" and right[2] == 0:
            return _literal(None, kind)
    if left[0] == right[0] == "literal":
        value: Any = evaluate(Arith(node.op, _constant(left), _constant(right), kind), {}, {})
        if value is None or isfinite(value):
            return _literal(value, kind)
    if _missing(left) or _missing(right):
        return _literal(None, kind)
    if node.op == "-" and right[0] == "literal":
        return ("+", kind, frozenset((left, _literal(-right[2], right[1]))))
    if node.op in "+*":
        return (node.op, kind, frozenset((left, right)))
    return (node.op, kind, left, right)


def _divisor(form: Form) -> Form:
    """Return a divisor without `nullif(…, 0)`: a division by zero has no value anyway."""
    if form[0] == "nullif" and form[2] == 0:
        return _divisor(form[1])
    if form[0] == "/" and form[3][0] == "literal" and form[3][2]:
        return (*form[:2], _divisor(form[2]), form[3])
    return form


def _case(node: Any, written: _Known) -> Form:
    whens: list[tuple[Form, Form]] = []
    otherwise = _form(node.otherwise, written)
    for condition, value in node.whens:
        when, then = _form(condition, written), _form(value, written)
        if when == _TRUE:
            otherwise = then
            break
        if when in (_FALSE, _NULL):
            continue
        if whens and whens[-1][1] == then:
            when = _joined("or", [whens.pop()[0], when])
        whens.append((when, then))
    while whens and whens[-1][1] == otherwise:
        whens.pop()
    return ("case", node.kind, tuple(whens), otherwise) if whens else otherwise


def _coalesce(node: Any, written: _Known) -> Form:
    found: dict[Form, None] = {}
    for item in node.items:
        form = _form(item, written)
        for part in form[2] if form[0] == "coalesce" else (form,):
            if part[0] != "literal" or part[2] is not None:
                found[part] = None
            if not _nullable(part):
                return _first(tuple(found), node.kind)
    return _first(tuple(found), node.kind)


def _first(items: tuple[Form, ...], kind: Kind) -> Form:
    if not items:
        return _literal(None, kind)
    return items[0] if len(items) == 1 else ("coalesce", kind, items)


def _nullif(node: Any, written: _Known) -> Form:
    of, value = _form(node.of, written), node.value.value
    if value is None:
        return of
    if of[0] == "literal":
        return _literal(None, node.kind) if of[2] == value else of
    return ("nullif", of, _literal(value, node.kind)[2], node.kind)


def _constant(form: Form) -> Literal:
    return Literal(form[2], form[1])


def _missing(form: Form) -> bool:
    return form[0] == "literal" and form[2] is None


def _nullable(form: Form) -> bool:
    """Return whether a value can be missing; True where it is not known."""
    what = form[0]
    if what in ("in", "not"):
        return _nullable(form[1])
    if what == "coalesce":
        return all(map(_nullable, form[2]))
    if what in ("and", "or", "case"):
        parts = form[1] if what != "case" else (*(value for _, value in form[2]), form[3])
        return any(map(_nullable, parts))
    if what == "aggregate":
        return form[1] not in _NEVER_MISSING
    return _missing(form) if what == "literal" else what != "missing"


# --- conditions ---------------------------------------------------------------------------------


def _compare(node: Any, written: _Known) -> Form:
    left, right, op = _form(node.left, written), _form(node.right, written), node.op
    if left[0] == "literal":
        left, right, op = right, left, _MIRROR[op]
    if _missing(left) or _missing(right):
        return _NULL
    ordered = _ordered(left) and _ordered(right)
    if right[0] == "literal" and right[1] == "bool":
        return left if right[2] is (op == "=") else _not(left)
    if right[0] == "literal" and ordered:
        return _held(left, Values.of(op, right[2], right[1]))
    if op in ("=", "<>"):
        equal = ("=", frozenset((left, right)))
        return equal if op == "=" else _not(equal)
    if op in (">", ">="):
        left, right, op = right, left, _MIRROR[op]
    return _not(("<", right, left)) if op == "<=" and ordered else (op, left, right)


def _in(node: Any, written: _Known) -> Form:
    of = _form(node.of, written)
    if _missing(of):
        return _NULL
    if node.of.kind == "bool" or not _ordered(of):
        return _joined("or", [_compare(Compare("=", node.of, v), written) for v in node.values])
    kind: Kind = node.of.kind
    return _held(of, Values.joined(any, [Values.of("=", v.value, kind) for v in node.values]))


def _held(of: Form, values: Values) -> Form:
    """Return that a number or text, if there is one, is among some values."""
    if of[0] == "literal":
        place = (of[2], 0) if of[1] == "real" else of[2]
        return _literal(None if of[2] is None else values.holds(place), "bool")
    domain = _domain(of)
    if domain is not None:
        values = Values.joined(all, [values, domain])
    if not _nullable(of):
        if values in NO_VALUE:
            return _FALSE
        if values == domain or values in EVERY_VALUE:
            return _TRUE
    return ("in", of, values)


def _domain(of: Form) -> Values | None:
    """Return the values that an expression can have at all, where its shape says so."""
    if of[0] == "aggregate" and of[1] in ("count", "distinct"):
        return Values.of(">=", 0, "int")
    if of[0] == "tier":
        return Values.joined(all, [Values.of(">=", 1, "int"), Values.of("<=", of[2], "int")])
    return None


def _not(form: Form) -> Form:
    what = form[0]
    if what == "literal":
        return _literal(None if form[2] is None else not form[2], "bool")
    if what == "in":
        return _held(form[1], form[2].other())
    if what in _DUAL:
        return _joined(_DUAL[what], [_not(item) for item in form[1]])
    return form[1] if what == "not" else ("not", form)


def _joined(word: str, items: Iterable[Form]) -> Form:
    """Return a flat `and` or `or`; what it says of one expression is one set of values."""
    rest: set[Form] = set()
    sets: dict[Form, list[Values]] = {}
    for item in items:
        for part in item[1] if item[0] == word else (item,):
            if part[0] == "in":
                sets.setdefault(part[1], []).append(part[2])
            else:
                rest.add(part)
    every = all if word == "and" else any
    rest |= {_held(of, Values.joined(every, found)) for of, found in sets.items()}
    stops, idle = (_FALSE, _TRUE) if word == "and" else (_TRUE, _FALSE)
    if stops in rest:
        return stops
    rest.discard(idle)
    if not rest:
        return idle
    return rest.pop() if len(rest) == 1 else (word, frozenset(rest))


def _is_missing(node: Any, written: _Known) -> Form:
    of = _form(node.of, written)
    while of[0] in ("in", "not"):  # missing exactly when what it is said of is missing
        of = of[1]
    if of[0] == "literal" or not _nullable(of):
        return _literal(_missing(of), "bool")
    return ("missing", of)


# --- numbers that are in order ------------------------------------------------------------------


def _ordered(form: Form) -> bool:
    """Return whether a value, if there is one, is in order with every other: never `not a number`."""
    return _most(form) < inf


def _most(form: Form) -> float:
    """Return what the size of a number cannot exceed; inf: not known, and it may be no number."""
    what = form[0]
    if what == "literal":
        return abs(float(form[2])) if form[1] in _NUMBERS and form[2] is not None else 0.0
    if what == "nullif":
        return _most(form[1])
    if _kind(form) != "real":
        return _WIDE
    if what == "case":
        return max(_most(value) for value in (*(value for _, value in form[2]), form[3]))
    if what == "coalesce":
        return max(map(_most, form[2]))
    return _most_of_arith(form) if what in _OPERATIONS else inf


def _most_of_arith(form: Form) -> float:
    operands = tuple(form[2]) if isinstance(form[2], frozenset) else form[2:]
    left, right = _most(operands[0]), _most(operands[-1])
    if inf in (left, right):
        return inf
    if form[0] == "*":
        most = left * right
    elif form[0] == "/":
        least = _least(operands[-1])
        most = left / least if least else inf
    else:
        most = left + right
    return most if most < _TAME else inf  # far enough away for what rounding adds


def _least(form: Form) -> float:
    """Return what the size of a number other than 0 cannot fall below; 0.0: not known."""
    if form[0] == "literal":
        return abs(float(form[2]))
    if _kind(form) != "real":
        return 1.0
    if form[0] == "/" and form[3][0] == "literal":
        return _least(form[2]) / abs(float(form[3][2]))
    return 0.0


def _kind(form: Form) -> Kind:
    place = _KIND_AT.get(form[0])
    return "bool" if place is None else form[place]


_NUMBERS: Final = ("int", "dec", "real")
_OPERATIONS: Final = ("+", "-", "*", "/")
_KIND_AT: Final = {
    "column": 2,
    "attribute": 2,
    "tag": 2,
    "segment": 2,
    "model": 2,
    "nullif": 3,
    "tier": 3,
    "aggregate": 5,
    **dict.fromkeys(("literal", "case", "coalesce", *_OPERATIONS), 1),
}
_DUAL: Final = {"and": "or", "or": "and"}
_FORMS: Mapping[type, Callable[[Any, _Known], Form]] = {
    Literal: lambda node, _: _literal(node.value, node.kind),
    Column: lambda node, _: ("column", node.name, node.kind),
    Attribute: lambda node, _: ("attribute", node.key, node.kind),
    TagRef: lambda node, _: ("tag", node.key, node.kind),
    Tier: lambda node, written: ("tier", _form(node.of, written), node.count, node.kind),
    Segment: lambda node, _: (node.call, node.name, node.kind),
    Named: _named,
    Aggregate: _aggregate,
    Arith: _arith,
    Case: _case,
    Coalesce: _coalesce,
    NullIf: _nullif,
    Compare: _compare,
    InList: _in,
    And: lambda node, written: _joined("and", [_form(item, written) for item in node.items]),
    Or: lambda node, written: _joined("or", [_form(item, written) for item in node.items]),
    Not: lambda node, written: _not(_form(node.of, written)),
    IsNull: _is_missing,
}
