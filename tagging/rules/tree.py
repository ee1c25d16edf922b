# SPDX-License-Identifier: Apache-2.0
"""The typed tree of a rule: what one tag says about one person, without any free code.

A rule is an expression over *facts* of a person. A fact is an aggregate over the person's events, a
declared attribute, or the value of another tag. Nodes are frozen and compare by meaning, so that
two tags that count the same thing share one fact.

Invariants: `kind` of every node is known; a window is a positive span; numbers with a fraction are
fixed-point (`dec`, 1/10000) until a division makes them `real`; NULL follows SQL's three values.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any
from typing import Literal as OneOf

from audit.clock import DAY, HOUR

Kind = OneOf["int", "dec", "real", "bool", "text"]

SCALE = 10_000
"""`dec` values are int64 in 1/10000 of a unit."""


@dataclass(frozen=True, slots=True)
class Window:
    """Events with  as_of - ago - span < ts <= as_of - ago;  span None: since ever."""

    span: int | None = None
    ago: int = 0

    def words(self) -> tuple[int, str] | None:
        """Return (number, unit) of the span, the unit being day or hour; None: since ever."""
        if self.span is None:
            return None
        return (self.span // DAY, "day") if self.span % DAY == 0 else (self.span // HOUR, "hour")


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant: int, fixed-point int, float, bool or text, or NULL of a kind."""

    value: int | float | str | bool | None
    kind: Kind


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the event at hand; only inside the condition of an aggregate."""

    name: str
    kind: Kind


AggregateOp = OneOf["count", "sum", "min", "max", "distinct", "since_first", "since_last", "top"]


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A measure over the person's events that fulfil `where` inside `window`.

    Nothing to count gives 0 for count, sum and distinct, and NULL for the others. `top` is the value
    with most events, of equal ones the first in byte order. `since_…` are whole days.
    """

    op: AggregateOp
    column: str | None
    where: "Node | None"
    window: Window
    kind: Kind


@dataclass(frozen=True, slots=True)
class Attribute:
    """A declared attribute of the person; NULL when there is none."""

    key: str
    kind: Kind = "text"


@dataclass(frozen=True, slots=True)
class TagRef:
    """The value of another tag, NULL where that tag may not be computed for the person."""

    key: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Tier:
    """The tier 1…count of a measure among the people of the tag, by cut points frozen per run.

    tier = 1 + number of cut points below the value: equal values share a tier. NULL stays NULL.
    """

    of: "Node"
    count: int
    kind: Kind = "int"


@dataclass(frozen=True, slots=True)
class Segment:
    """What was learned says of some measures: `segment('…')` or, when it is a condition, `model('…')`.

    A segment is the number, from 1, of the one whose published anchor is nearest; NULL: of none.
    Measures that are NULL count as the fill values of the contract. The model never changes under its
    name; it is a `tagging.segmentation.nearest.OnRows`.
    """

    name: str
    of: tuple["Node", ...]
    model: Any = field(compare=False, repr=False)
    kind: Kind = "int"

    @property
    def call(self) -> str:
        """The word by which a rule names it."""
        return "model" if self.kind == "bool" else "segment"


@dataclass(frozen=True, slots=True)
class Named:
    """A named feature: the same as its expression, but people see its name."""

    key: str
    of: "Node"

    @property
    def kind(self) -> Kind:
        """The kind of the expression."""
        return self.of.kind


@dataclass(frozen=True, slots=True)
class Arith:
    """`+ - * /`; a division is `real` and NULL when the divisor is 0."""

    op: OneOf["+", "-", "*", "/"]
    left: "Node"
    right: "Node"
    kind: Kind


@dataclass(frozen=True, slots=True)
class Compare:
    """A comparison of two values of one kind."""

    op: OneOf["=", "<>", "<", "<=", ">", ">="]
    left: "Node"
    right: "Node"
    kind: Kind = "bool"


@dataclass(frozen=True, slots=True)
class And:
    """True when all items are."""

    items: tuple["Node", ...]
    kind: Kind = "bool"


@dataclass(frozen=True, slots=True)
class Or:
    """True when one item is."""

    items: tuple["Node", ...]
    kind: Kind = "bool"


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite; NULL stays NULL."""

    of: "Node"
    kind: Kind = "bool"


@dataclass(frozen=True, slots=True)
class IsNull:
    """Whether there is no value."""

    of: "Node"
    kind: Kind = "bool"


@dataclass(frozen=True, slots=True)
class InList:
    """Whether the value is one of some constants."""

    of: "Node"
    values: tuple[Literal, ...]
    kind: Kind = "bool"


@dataclass(frozen=True, slots=True)
class Case:
    """The value behind the first condition that is true, or else the last value."""

    whens: tuple[tuple["Node", "Node"], ...]
    otherwise: "Node"
    kind: Kind


@dataclass(frozen=True, slots=True)
class Coalesce:
    """The first value that is not NULL."""

    items: tuple["Node", ...]
    kind: Kind


@dataclass(frozen=True, slots=True)
class NullIf:
    """NULL when the value equals the constant, else the value."""

    of: "Node"
    value: Literal
    kind: Kind


Fact = Aggregate | Attribute | TagRef
Node = (
    Literal
    | Column
    | Aggregate
    | Attribute
    | TagRef
    | Tier
    | Segment
    | Named
    | Arith
    | Compare
    | And
    | Or
    | Not
    | IsNull
    | InList
    | Case
    | Coalesce
    | NullIf
)


_PLAIN = frozenset({"op", "kind", "key", "name", "column", "window", "count", "model"})
"""Fields that never hold a node."""

_NAMES: dict[type, tuple[str, ...]] = {Literal: ()}
"""The fields of each kind of node that may hold nodes, looked up once."""


def children(node: Node) -> Iterator[Node]:
    """Yield the direct parts of a node, but not the event condition of an aggregate."""
    if isinstance(node, Aggregate):
        return
    kind = type(node)
    names = _NAMES.get(kind)
    if names is None:
        found = (part.name for part in fields(kind) if part.name not in _PLAIN)
        names = _NAMES[kind] = tuple(found)
    for name in names:
        yield from _nodes(getattr(node, name))


def _nodes(value: object) -> Iterator[Node]:
    if isinstance(value, tuple):
        for item in value:
            yield from _nodes(item)
    elif hasattr(value, "kind") and not isinstance(value, str):
        yield value  # type: ignore[misc]


def walk(node: Node) -> Iterator[Node]:
    """Yield a node and everything in it, outer first; event conditions are not entered."""
    waiting = [node]
    while waiting:
        part = waiting.pop()
        yield part
        waiting += reversed(list(children(part)))


def facts(node: Node) -> list[Fact]:
    """Return the distinct facts of a rule, in the order in which they first stand in it."""
    found: dict[Fact, None] = {}
    for part in walk(node):
        if isinstance(part, Aggregate | Attribute | TagRef):
            found[part] = None
    return list(found)


def tiers(node: Node) -> list[Tier]:
    """Return the distinct tiers of a rule, in order."""
    found: dict[Tier, None] = {}
    for part in walk(node):
        if isinstance(part, Tier):
            found[part] = None
    return list(found)


def segments(node: Node) -> list[Segment]:
    """Return the distinct segments of a rule, in order."""
    return list(dict.fromkeys(part for part in walk(node) if isinstance(part, Segment)))


def event_columns(node: Node) -> set[str]:
    """Return the event columns that the facts of a rule read, besides time and subject."""
    found: set[str] = set()
    for fact in facts(node):
        if isinstance(fact, Aggregate):
            if fact.column:
                found.add(fact.column)
            if fact.where is not None:
                found |= {part.name for part in walk(fact.where) if isinstance(part, Column)}
    return found


def rests_on(root: Node, kind: type, roots: Mapping[str, Node]) -> bool:
    """Return whether there is a node of a kind in a rule, or in a tag that it refers to.

    A tag of which the rule is not known counts as one that has it.
    """
    seen: set[str] = set()
    waiting = [root]
    while waiting:
        for node in walk(waiting.pop()):
            if isinstance(node, kind):
                return True
            if isinstance(node, TagRef) and node.key not in seen:
                if node.key not in roots:
                    return True
                seen.add(node.key)
                waiting.append(roots[node.key])
    return False
