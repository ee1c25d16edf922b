# SPDX-License-Identifier: Apache-2.0
"""A normal form means what its rule means, so rules of one form are equal; rewriting a rule keeps it."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagging.equivalence import canonical_rule, same
from tagging.explain.variables import rebuilt
from tagging.rules.tree import (
    Aggregate,
    And,
    Arith,
    Coalesce,
    Compare,
    InList,
    Literal,
    Named,
    Not,
    NullIf,
    Or,
    Tier,
    Window,
    walk,
)
from tests.oracle import Oracle, aggregate, arithmetic, compare
from tests.property.strategies import AS_OF, people, rules

QUICK = settings(max_examples=40, deadline=None)
THOROUGH = settings(max_examples=4000, deadline=None)
MIRROR = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "=", "<>": "<>"}
OPPOSITE = {"<": ">=", ">=": "<", ">": "<=", "<=": ">", "=": "<>", "<>": "="}


# --- what a normal form means, by hand ------------------------------------------------------------


def meaning(form, facts):  # noqa: C901, PLR0911, PLR0912  (one case per kind of form)
    """The value of a form; `facts` gives columns, attributes, tags, aggregates and cut points."""

    def of(part):
        return meaning(part, facts)

    match form:
        case ("literal", _, value):
            return value
        case ("column" | "attribute" | "tag" | "aggregate", *_):
            return facts(form)
        case ("tier", measure, *_):
            value = of(measure)
            return None if value is None else 1 + sum(cut < value for cut in facts(form))
        case ("+" | "*", _, parts):
            left, right = parts if len(parts) == 2 else (*parts, *parts)
            return arithmetic(form[0], of(left), of(right))
        case ("-" | "/", _, left, right):
            return arithmetic(form[0], of(left), of(right))
        case ("in", value, values):
            found = of(value)
            place = (found, 0) if isinstance(found, float) else found
            return None if found is None else values.holds(place)
        case ("=", parts):
            left, right = parts if len(parts) == 2 else (*parts, *parts)
            return compare("=", of(left), of(right))
        case ("<" | "<=", left, right):
            return compare(form[0], of(left), of(right))
        case ("not", part):
            return {True: False, False: True, None: None}[of(part)]
        case ("and" | "or" as word, parts):
            found, stops = [of(part) for part in parts], word == "or"
            return stops if stops in found else None if None in found else not stops
        case ("missing", part):
            return of(part) is None
        case ("case", _, whens, otherwise):
            return next((of(value) for when, value in whens if of(when) is True), of(otherwise))
        case ("coalesce", _, parts):
            return next((value for part in parts if (value := of(part)) is not None), None)
        case ("nullif", part, value, _):
            found = of(part)
            return None if found == value else found
    raise AssertionError(form)


def cuts(form):
    """Some cut points for a tier: the same for tiers of one form."""
    random = Random(repr(form[2]))  # noqa: S311
    return sorted(random.randint(-3, 30) for _ in range(form[2] - 1))


def fact_of(person, oracle):
    """Facts of a person, for `meaning`."""

    def facts(form):
        if form[0] == "tier":
            return cuts(form)
        if form[0] == "tag":
            return oracle.value(person, form[1], AS_OF)
        if form[0] == "attribute":
            return person.attributes.get(form[1])
        _, op, column, where, (span, ago), kind = form
        events = [e for e in person.events if meaning(where, lambda c: e.get(c[1])) is True]  # noqa: B023
        return aggregate(Aggregate(op, column, None, Window(span, ago), kind), events, AS_OF)

    return facts


def an_oracle(tags):
    found = Oracle(tags)
    for root, _ in tags.values():
        cut_points(root, found)
    return found


def cut_points(root, oracle):
    oracle.cuts |= {
        tier: cuts(canonical_rule(tier)) for tier in walk(root) if isinstance(tier, Tier)
    }


def equal(a, b):
    return a == b or (a != a and b != b)  # noqa: PLR0124  (not a number equals itself here)


# --- the laws -------------------------------------------------------------------------------------


def check_meaning(tags, seed):
    oracle = an_oracle(tags)
    for person in people(seed, 12).values():
        facts = fact_of(person, oracle)
        for root, _ in tags.values():
            form = canonical_rule(root)
            value = oracle.node(root, person, AS_OF)
            assert equal(meaning(form, facts), value), (root, form)


def check_rewriting(tags, seed):
    random = Random(seed)  # noqa: S311
    oracle = an_oracle(tags)
    everybody = people(seed, 6).values()
    for root, _ in tags.values():
        other = rewritten(root, random)
        cut_points(other, oracle)
        assert same(root, other), (root, other)
        for person in everybody:
            value = oracle.node(root, person, AS_OF)
            assert equal(value, oracle.node(other, person, AS_OF)), (root, other)


@QUICK
@given(tags=rules(most=4), seed=st.integers(0, 2**32))
def test_a_normal_form_has_the_value_of_its_rule(tags, seed):
    check_meaning(tags, seed)


@QUICK
@given(tags=rules(most=3), seed=st.integers(0, 2**32))
def test_a_rule_rewritten_without_changing_its_meaning_is_found_the_same(tags, seed):
    check_rewriting(tags, seed)


@pytest.mark.slow
@THOROUGH
@given(tags=rules(most=4), seed=st.integers(0, 2**32))
def test_both_laws_hold_in_thousands_of_rules(tags, seed):
    check_meaning(tags, seed)
    check_rewriting(tags, seed)


# --- rewriting ------------------------------------------------------------------------------------


def rewritten(node, random):
    """The same rule written in another way."""
    node = rebuilt(node, lambda part: rewritten(part, random))
    if isinstance(node, Aggregate) and node.where is not None:
        node = replace(node, where=rewritten(node.where, random))
    for way in random.sample(WAYS, len(WAYS)):
        if random.random() < 0.4:
            node = way(node, random) or node
    return Named("some.name", node) if random.random() < 0.05 else node


def twice_denied(node, _):
    return Not(Not(node)) if node.kind == "bool" else None


def alone(node, random):
    """x → x and x, x or x."""
    return random.choice((And, Or))((node, node)) if node.kind == "bool" else None


def regrouped(node, random):
    if not isinstance(node, And | Or):
        return None
    items = random.sample(node.items, len(node.items))
    items.append(random.choice(items))
    cut = random.randint(1, len(items) - 1)
    return type(node)((type(node)(tuple(items[:cut])), *items[cut:]))


def denied_inside(node, _):
    """not (a and b) → not a or not b; not x > 3 → x <= 3."""
    if not isinstance(node, Not):
        return None
    if isinstance(node.of, And | Or):
        kind = Or if isinstance(node.of, And) else And
        return kind(tuple(Not(item) for item in node.of.items))
    if isinstance(node.of, Compare) and node.of.left.kind != "real":
        return replace(node.of, op=OPPOSITE[node.of.op])
    return None


def turned(node, _):
    if isinstance(node, Compare):
        return Compare(MIRROR[node.op], node.right, node.left)
    if isinstance(node, Arith) and node.op in "+*":
        return replace(node, left=node.right, right=node.left)
    return None


def strict(node, _):
    """x > 2 ↔ x >= 3 for whole numbers."""
    if not isinstance(node, Compare) or node.left.kind not in ("int", "dec"):
        return None
    if not isinstance(node.right, Literal) or node.right.value is None:
        return None
    to = {">": (">=", 1), ">=": (">", -1), "<": ("<=", -1), "<=": ("<", 1)}.get(node.op)
    step = to and replace(node.right, value=node.right.value + to[1])
    return Compare(to[0], node.left, step) if to else None


def listed(node, random):
    """x = 1 ↔ x in (1); x in (1, 2) ↔ x = 1 or x = 2."""
    if isinstance(node, InList):
        values = [*node.values, random.choice(node.values)]
        if random.random() < 0.5:
            return replace(node, values=tuple(random.sample(values, len(values))))
        return Or(tuple(Compare("=", node.of, value) for value in values))
    if isinstance(node, Compare) and isinstance(node.right, Literal):
        if node.op == "=" and node.right.value is not None:
            return InList(node.left, (node.right,))
        if node.op == "<>" and node.right.value is not None:
            return Not(InList(node.left, (node.right,)))
    return None


def taken_away(node, _):
    """x - 2 → x + -2."""
    if isinstance(node, Arith) and node.op == "-" and isinstance(node.right, Literal):
        value = node.right.value
        return replace(node, op="+", right=replace(node.right, value=value and -value))
    return None


def not_by_zero(node, _):
    """x / y → x / nullif(y, 0)."""
    if isinstance(node, Arith) and node.op == "/" and not isinstance(node.right, Literal):
        zero = Literal(0.0 if node.right.kind == "real" else 0, node.right.kind)
        return replace(node, right=NullIf(node.right, zero, node.right.kind))
    return None


def with_nothing(node, _):
    """x → coalesce(x, null)."""
    return Coalesce((node, Literal(None, node.kind)), node.kind)


WAYS = (
    twice_denied,
    alone,
    regrouped,
    denied_inside,
    turned,
    strict,
    listed,
    taken_away,
    not_by_zero,
    with_nothing,
)
