# SPDX-License-Identifier: Apache-2.0
"""What rules mean, once more, slowly and by hand: the judge of every engine in the tests.

It takes the data classes of a rule and nothing else of the product. A person is a list of events
(dicts with ts and the columns), the gate classes that permit, and attributes. NULL is None, whole
and fixed-point numbers are ints (dec: 1/10000), a whole number that leaves 64 bits is None.
"""

from collections import Counter
from dataclasses import dataclass, field, fields

from tagging.rules import tree

DAY = 86_400_000_000
LIMIT = 2**63 - 1


@dataclass
class Person:
    events: list = field(default_factory=list)
    permitted: frozenset = frozenset({0})
    attributes: dict = field(default_factory=dict)


@dataclass
class Oracle:
    """Some tags: key → (rule, gate class), with the cut points of their tiers."""

    tags: dict
    cuts: dict = field(default_factory=dict)

    def value(self, person, key, as_of):
        """The value of a tag: None where its class does not permit the person."""
        root, gate_class = self.tags[key]
        if gate_class not in person.permitted:
            return None
        return self.node(root, person, as_of)

    def tag_text(self, person, key, as_of):
        """How the tag is shown: "true" or the value as text, None where it does not hold."""
        root, _ = self.tags[key]
        value = self.value(person, key, as_of)
        if root.kind == "bool":
            return "true" if value else None
        return None if value is None else str(value)

    def needed_by(self, fact):
        """The gate classes of the tags in whose own rule the fact stands."""
        return {c for root, c in self.tags.values() if fact in parts(root)}

    def measure(self, person, tier, as_of):
        """The measure of a tier, None where no tag with that tier may be computed."""
        if not self.needed_by(tier) & person.permitted:
            return None
        return self.node(tier.of, person, as_of)

    def fit(self, people, as_of):
        """Fit the cut points of all tiers over some people: nearest rank."""
        for root, _ in self.tags.values():
            for tier in [part for part in parts(root) if isinstance(part, tree.Tier)]:
                found = sorted(
                    value
                    for person in people
                    if (value := self.measure(person, tier, as_of)) is not None
                )
                self.cuts[tier] = nearest_ranks(found, tier.count)

    def node(self, node, person, as_of):  # noqa: PLR0911
        """The value of any node for one person."""

        def of(part):
            return self.node(part, person, as_of)

        match node:
            case tree.Literal():
                return node.value
            case tree.Aggregate():
                return aggregate(node, person.events, as_of)
            case tree.Attribute():
                return person.attributes.get(node.key)
            case tree.TagRef():
                return self.value(person, node.key, as_of)
            case tree.Tier():
                value, cuts = of(node.of), self.cuts.get(node)
                if value is None or cuts is None:
                    return None
                return 1 + len([cut for cut in cuts if cut < value])
            case _:
                return plain(node, of)


def plain(node, of):  # noqa: C901, PLR0911, PLR0912  (one case per kind of node)
    """The value of a node that needs its parts only, given by `of`."""
    match node:
        case tree.Named():
            return of(node.of)
        case tree.Arith():
            return arithmetic(node.op, of(node.left), of(node.right))
        case tree.Compare():
            return compare(node.op, of(node.left), of(node.right))
        case tree.And():
            found = [of(item) for item in node.items]
            return False if False in found else None if None in found else True
        case tree.Or():
            found = [of(item) for item in node.items]
            return True if True in found else None if None in found else False
        case tree.Not():
            return {True: False, False: True, None: None}[of(node.of)]
        case tree.IsNull():
            return of(node.of) is None
        case tree.InList():
            value = of(node.of)
            return None if value is None else value in [item.value for item in node.values]
        case tree.Case():
            for condition, value in node.whens:
                if of(condition) is True:
                    return of(value)
            return of(node.otherwise)
        case tree.Coalesce():
            return next((v for item in node.items if (v := of(item)) is not None), None)
        case tree.NullIf():
            value = of(node.of)
            return None if value is not None and value == node.value.value else value
    raise AssertionError(f"no meaning for {type(node).__name__}")


def arithmetic(op, left, right):
    if left is None or right is None:
        return None
    if op == "/":
        return None if right == 0 else float(left) / float(right)
    result = left + right if op == "+" else left - right if op == "-" else left * right
    return None if isinstance(result, int) and abs(result) >= LIMIT else result


def compare(op, left, right):
    if left is None or right is None:
        return None
    if op in ("=", "<>"):
        return (left == right) is (op == "=")
    return {
        "<": left < right,
        "<=": left <= right,
        ">": left > right,
        ">=": left >= right,
    }[op]


def counts(fact, event, as_of):
    """Whether an event is counted by an aggregate."""
    if event["ts"] > as_of:
        return False
    newest = as_of - fact.window.ago
    if event["ts"] > newest:
        return False
    if fact.window.span is not None and event["ts"] <= newest - fact.window.span:
        return False
    return fact.where is None or condition(fact.where, event) is True


def condition(node, event):
    """The value of a node over the columns of one event."""
    if isinstance(node, tree.Literal):
        return node.value
    if isinstance(node, tree.Column):
        return event.get(node.name)
    return plain(node, lambda part: condition(part, event))


def aggregate(fact, events, as_of):  # noqa: PLR0911
    counted = [event for event in events if counts(fact, event, as_of)]
    if fact.op == "count":
        return len(counted)
    if fact.op in ("since_first", "since_last"):
        times = sorted(event["ts"] for event in counted)
        if not times:
            return None
        return (as_of - times[0 if fact.op == "since_first" else -1]) // DAY
    values = [event.get(fact.column) for event in counted]
    values = [value for value in values if value is not None]
    if fact.op == "sum":
        return sum(values)
    if fact.op == "distinct":
        return len(set(values))
    if not values:
        return None
    if fact.op == "top":
        often = Counter(values)
        return min(often, key=lambda value: (-often[value], value.encode()))
    return min(values) if fact.op == "min" else max(values)


def nearest_ranks(ascending, count):
    n = len(ascending)
    return [ascending[-(-i * n // count) - 1] for i in range(1, count)] if n else []


def parts(node):
    """The node and everything in it that is computed per person (not inside event conditions)."""
    yield node
    if isinstance(node, tree.Aggregate):
        return
    for name in (part.name for part in fields(node)):
        yield from _inside(getattr(node, name))


def _inside(value):
    if isinstance(value, tuple):
        for item in value:
            yield from _inside(item)
    elif type(value).__module__ == tree.__name__:
        yield from parts(value)
