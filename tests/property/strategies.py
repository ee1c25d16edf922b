# SPDX-License-Identifier: Apache-2.0
"""Random rules (every kind of node, well typed) and random people (every edge that hurts)."""

from dataclasses import dataclass
from random import Random

from hypothesis import strategies as st

from audit.clock import DAY, HOUR, SECOND
from tagging.rules.functions import CORE_COLUMNS
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
    Literal,
    Named,
    Not,
    NullIf,
    Or,
    TagRef,
    Tier,
    Window,
)
from tests.oracle import Person

AS_OF = 1_740_832_496_789_012
EXTRAS = {
    "brand": "text",
    "coupon": "dec",
    "points": "int",
    "b": "text",  # this one and the following are names that the engines use themselves
    "v": "text",
    "m0": "int",
    "k0": "dec",
}
KINDS = {**CORE_COLUMNS, **EXTRAS}
TYPES = ("view", "purchase", "return")
TEXTS = (
    "",
    " ",
    "a",
    "A",
    "ａ",
    "é",
    "e\u0301",
    "Z",
    "it's",
    "tail\\",
    "\\'",
    "a' or '1'='1",
    '"q"',
    "--",
    "/*",
    "%_",
    "null",
    "0",
    "\n",
    "东京",
    "😀",
    "\ufeff",
    "\x7f",
    "x" * 300,
)
CITIES = ("", "it's", "东京", "😀", "a\\")
SPANS = (HOUR, DAY, 2 * DAY, 7 * DAY, 30 * DAY)
AGOS = (DAY, 7 * DAY)
WINDOWS = st.builds(Window, st.sampled_from((None, *SPANS)), st.sampled_from((0, 0, 0, *AGOS)))
NUMBERS = ("int", "dec", "real")
SMALL = {
    "int": (-1, 0, 1, 2, 3, 5, 7, 999_999_999_999),
    "dec": (-50_000, 0, 1, 10_000, 25_000, 10_000_000_000_000),
    "real": (-1.5, 0.0, 0.1, 0.3, 1.0, 2.5, 1e-4),
    "bool": (True, False),
    "text": TEXTS,
}


def literal(kind):
    return st.sampled_from(SMALL[kind]).map(lambda value: Literal(value, kind))


def columns(*kinds):
    return st.sampled_from([Column(n, k) for n, k in KINDS.items() if k in kinds])


def _row_test(column):
    """A condition over one column of an event."""
    literals = literal(column.kind)
    if column.name == "event_type":
        literals = st.sampled_from(TYPES).map(lambda value: Literal(value, "text"))
    ops = ("=", "<>") if column.kind == "text" else ("=", "<>", "<", "<=", ">", ">=")
    return st.one_of(
        st.builds(Compare, st.sampled_from(ops), st.just(column), literals),
        st.builds(InList, st.just(column), st.lists(literals, min_size=1, max_size=3).map(tuple)),
        st.just(IsNull(column)),
    )


def _as_real(node):
    return Arith("/", node, Literal(10_000 if node.kind == "dec" else 1, "int"), "real")


ROW_PRODUCT = st.builds(
    lambda a, b, limit: Compare(">", Arith("*", _as_real(a), _as_real(b), "real"), limit),
    columns("dec"),
    columns("dec", "int"),
    literal("real"),
)
ROW_SUM = st.builds(
    lambda a, b, limit: Compare("<=", Arith("+", a, b, "dec"), limit),
    columns("dec"),
    columns("dec"),
    literal("dec"),
)
CONDITIONS = st.recursive(
    st.one_of(
        columns("text", "dec", "int").flatmap(_row_test),
        st.just(Column("event_type", "text")).flatmap(_row_test),
        ROW_PRODUCT,
        ROW_SUM,
        literal("bool"),
    ),
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda items: And(tuple(items))),
        st.lists(inner, min_size=2, max_size=3).map(lambda items: Or(tuple(items))),
        inner.map(Not),
        st.builds(lambda c, v, o: Case(((c, v),), o, "bool"), inner, inner, inner),
    ),
    max_leaves=4,
)
OF_A_TYPE = st.one_of(
    st.sampled_from(TYPES).map(
        lambda t: Compare("=", Column("event_type", "text"), Literal(t, "text"))
    ),
    st.just(Column("event_type", "text")).flatmap(_row_test),
)
WHERES = {
    False: st.one_of(st.none(), CONDITIONS, CONDITIONS),
    True: st.one_of(OF_A_TYPE, st.builds(lambda a, b: And((a, b)), OF_A_TYPE, CONDITIONS)),
}
"""Conditions of aggregates; True: every one narrows the type of the event, as rules of a shop do."""


def aggregates(kind, *, typed):
    """Aggregates whose value is of a kind."""
    numeric = columns(kind) if kind in ("int", "dec") else None

    def build(op, column):
        name = column.name if column else None
        return st.builds(
            Aggregate, st.just(op), st.just(name), WHERES[typed], WINDOWS, st.just(kind)
        )

    options = []
    if numeric is not None:
        options.append(
            st.tuples(st.sampled_from(("sum", "min", "max")), numeric).flatmap(lambda t: build(*t))
        )
    if kind == "int":
        options.append(columns("text", "dec", "int").flatmap(lambda c: build("distinct", c)))
        options.append(
            st.sampled_from(("count", "since_first", "since_last")).flatmap(
                lambda op: build(op, None)
            )
        )
    if kind == "text":
        options.append(columns("text").flatmap(lambda c: build("top", c)))
    return st.one_of(options)


@dataclass(frozen=True)
class Parts:
    """Draws trees: `pool` holds facts that several tags share, `tags` the earlier tags."""

    draw: object
    pool: dict
    tags: dict
    tiered: bool = True

    def node(self, kind, depth):
        if depth <= 0 or self.draw(st.integers(0, 4)) == 4:
            made = self._leaf(kind)
        else:
            branches = [b for b in _BRANCHES[kind] if self.tiered or b is not Parts.tier]
            made = self.draw(st.sampled_from(branches))(self, kind, depth - 1)
        return Named("some.feature", made) if self.draw(st.integers(0, 14)) == 14 else made

    def _leaf(self, kind):
        options = [st.sampled_from(self.pool[kind])] * 6 if self.pool[kind] else []
        options.append(literal(kind))
        refs = [key for key, root in self.tags.items() if root.kind == kind]
        if refs:
            options += [st.sampled_from(refs).map(lambda key: TagRef(key, kind))] * 2
        if kind == "text":
            options.append(st.sampled_from(("city", "segment")).map(Attribute))
        return self.draw(st.one_of(options))

    def either(self, *values):
        return self.draw(st.sampled_from(values))

    # --- branches ---------------------------------------------------------------------------

    def arith(self, kind, depth):
        op = self.either("+", "-", "*")
        if kind == "dec" and op == "*":
            pair = self.node("int", depth), self.node("dec", depth)
            return Arith("*", *(pair if self.either(True, False) else pair[::-1]), "dec")
        return Arith(op, self.node(kind, depth), self.node(kind, depth), kind)

    def ratio(self, _kind, depth):
        of = self.either("int", "dec")
        return Arith("/", self.node(of, depth), self.node(of, depth), "real")

    def converted(self, kind, depth):
        if kind == "dec":
            return Arith("*", self.node("int", depth), Literal(10_000, "int"), "dec")
        return _as_real(self.node(self.either("int", "dec"), depth))

    def tier(self, _kind, depth):
        kind = self.either(*NUMBERS)
        inside = Parts(self.draw, self.pool, {}, tiered=False)
        return Tier(inside.node(kind, depth), self.either(2, 3, 5))

    def case(self, kind, depth):
        whens = [
            (self.node("bool", depth), self.node(kind, depth)) for _ in range(self.either(1, 1, 2))
        ]
        other = Literal(None, kind) if self.either(True, False) else self.node(kind, depth)
        return Case(tuple(whens), other, kind)

    def coalesce(self, kind, depth):
        items = [self.node(kind, depth) for _ in range(self.either(1, 2, 3))]
        return Coalesce(tuple(items), kind)

    def nullif(self, kind, depth):
        return NullIf(self.node(kind, depth), self.draw(literal(kind)), kind)

    def compare(self, _kind, depth):
        of = self.either(*NUMBERS, "text", "bool")
        ops = ("=", "<>") if of in ("text", "bool") else ("=", "<>", "<", "<=", ">", ">=")
        return Compare(self.either(*ops), self.node(of, depth), self.node(of, depth))

    def all_of(self, _kind, depth):
        return And(tuple(self.node("bool", depth) for _ in range(self.either(2, 3))))

    def any_of(self, _kind, depth):
        return Or(tuple(self.node("bool", depth) for _ in range(self.either(2, 3))))

    def opposite(self, _kind, depth):
        return Not(self.node("bool", depth))

    def is_null(self, _kind, depth):
        return IsNull(self.node(self.either(*NUMBERS, "text", "bool"), depth))

    def in_list(self, _kind, depth):
        of = self.either(*NUMBERS, "text")
        values = self.draw(st.lists(literal(of), min_size=1, max_size=3))
        return InList(self.node(of, depth), tuple(values))


_ANY = (Parts.case, Parts.coalesce, Parts.nullif)
_BRANCHES = {
    "int": (Parts.arith, Parts.tier, *_ANY),
    "dec": (Parts.arith, Parts.converted, *_ANY),
    "real": (Parts.arith, Parts.ratio, Parts.ratio, Parts.converted, *_ANY),
    "text": _ANY,
    "bool": (
        Parts.compare,
        Parts.compare,
        Parts.compare,
        Parts.all_of,
        Parts.any_of,
        Parts.opposite,
        Parts.is_null,
        Parts.in_list,
        *_ANY,
    ),
}


@st.composite
def rules(draw, *, most=6, classes=(0, 1, 2), kinds=("bool", "bool", "int", "text", "dec", "real")):
    """Some tags: key → (rule, gate class); later ones may refer to earlier ones."""
    typed = draw(st.booleans())
    pool = {
        kind: draw(st.lists(aggregates(kind, typed=typed), min_size=1, max_size=4))
        for kind in ("int", "dec", "text")
    }
    pool |= {"real": [], "bool": []}
    tags = {}
    for number in range(draw(st.integers(1, most))):
        parts = Parts(draw, pool, {key: root for key, (root, _) in tags.items()})
        kind = draw(st.sampled_from(kinds))
        root = draw(st.sampled_from(_BRANCHES[kind]))(parts, kind, 2)
        tags[f"tag.t{number}"] = (root, draw(st.sampled_from(classes)))
    return tags


# --- people ---------------------------------------------------------------------------------


def person(random, classes=(0, 1, 2), most=30):
    """A random person whose events stand at the edges of windows and on top of each other."""
    events = []
    for _ in range(random.choice((0, 1, 2, 3, random.randint(4, most)))):
        events.append({"ts": _instant(random, events), **_columns(random, events)})
    permitted = frozenset(c for c in classes if random.random() < 0.7)
    attributes = {
        key: random.choice(CITIES) for key in ("city", "segment") if random.random() < 0.6
    }
    return Person(events, permitted, attributes)


def _instant(random, events):
    roll = random.random()
    if events and roll < 0.2:
        return random.choice(events)["ts"]
    if roll < 0.6:
        edge = random.choice((0, *AGOS)) + random.choice((0, *SPANS))
        return AS_OF - edge + random.choice((-1, 0, 1))
    if roll < 0.8:
        return AS_OF - random.randint(0, 40) * DAY + random.choice((-1, 0, 1))
    return AS_OF + random.randint(-45 * DAY, 3 * DAY) // SECOND * SECOND


def _columns(random, events):
    if events and random.random() < 0.2:  # the same again: ties for the most frequent value
        return {k: v for k, v in random.choice(events).items() if k != "ts"}
    found = {"event_type": random.choice(TYPES)}
    few = random.sample(TEXTS, 4)
    for name, kind in KINDS.items():
        if random.random() < 0.15:
            found[name] = None
        elif kind == "text":
            found.setdefault(name, random.choice(few))
        else:
            found[name] = random.choice(SMALL[kind][:-1])
    return found


def people(seed, count, classes=(0, 1, 2)):
    """Some random people: the same ones for the same seed."""
    random = Random(seed)  # noqa: S311
    return {number * 3 + 1: person(random, classes) for number in range(count)}
