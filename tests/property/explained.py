# SPDX-License-Identifier: Apache-2.0
"""Random rules and random facts for explanations, from a seed: fast, and the same again."""

from random import Random

from audit.clock import DAY
from tagging.explain.domains import domain_of
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
    Literal,
    Named,
    Not,
    NullIf,
    Or,
    TagRef,
    Tier,
    Window,
    facts,
    tiers,
    walk,
)

OPS = ("=", "<>", "<", "<=", ">", ">=")
BOUGHT = Compare("=", Column("event_type", "text"), Literal("purchase", "text"))
MONTH = Window(30 * DAY)


def _drinks(number):
    category = Compare("=", Column("category", "text"), Literal(f"AISLE {number}", "text"))
    return And((BOUGHT, category))


def pool(size):
    """Some facts of every sort, as many as asked for."""
    makers = (
        lambda n: Aggregate("distinct", "session", _drinks(n), MONTH, "int"),
        lambda n: Aggregate("sum", "amount", _drinks(n), MONTH, "dec"),
        lambda n: Aggregate("since_last", None, _drinks(n), MONTH, "int"),
        lambda n: Aggregate("min", "price", _drinks(n), Window(), "dec"),
        lambda n: Aggregate("top", "category", BOUGHT, Window((7 + n) * DAY), "text"),
        lambda n: Attribute(f"city{n}"),
        lambda n: TagRef(f"tag.b{n}", "bool"),
        lambda n: TagRef(f"tag.i{n}", "int"),
    )
    return [makers[n % len(makers)](n) for n in range(size)]


class Maker:
    """Makes rules over some facts; `wild` ones calculate with them in every way."""

    def __init__(self, random, own, *, wild=False):
        self.random, self.own, self.wild = random, own, wild

    def constant(self, kind):
        pick = self.random.choice
        if kind == "bool":
            return Literal(pick((True, False)), kind)
        if kind == "text":
            return Literal(pick(("a", "b", "c")), kind)
        if kind == "real":
            return Literal(pick((0.0, 0.5, 1.0, 2.5, -1.5)), kind)
        return Literal(pick((0, 1, 2, 3, 5, 9)) * (10_000 if kind == "dec" else 1), kind)

    def fact(self, kind):
        fitting = [fact for fact in self.own if fact.kind == kind]
        return self.random.choice(fitting) if fitting else self.constant(kind)

    def atom(self, fact):
        """Return a condition on one fact."""
        roll = self.random.random()
        if fact.kind == "bool":
            return IsNull(fact) if roll < 0.1 else fact
        if roll < 0.1:
            return IsNull(fact)
        if roll < 0.2:
            return InList(fact, (self.constant(fact.kind), self.constant(fact.kind)))
        if fact.kind == "text":
            return Compare(self.random.choice(OPS[:2]), fact, self.constant("text"))
        left = self.shaped(fact)
        if roll > 0.85:
            low, high = self.constant(left.kind), self.constant(left.kind)
            return And((Compare(">=", left, low), Compare("<=", left, high)))
        return Compare(self.random.choice(OPS), left, self.constant(left.kind))

    def shaped(self, fact):  # noqa: PLR0911
        """Return a number fact, or a piecewise linear function of it."""
        roll = self.random.random()
        if roll < 0.08:
            return Coalesce((fact, self.constant(fact.kind)), fact.kind)
        if roll < 0.14:
            return NullIf(fact, self.constant(fact.kind), fact.kind)
        if roll < 0.2 and fact.kind == "int":
            return Arith("*", fact, Literal(10_000, "int"), "dec")
        if roll < 0.26:
            return Arith("-", self.constant(fact.kind), fact, fact.kind)
        if roll < 0.32:
            return Arith("/", fact, Literal(4, fact.kind), "real")
        if roll < 0.42:
            return Tier(fact, self.random.choice((3, 5)))
        return Named("some.feature", fact) if roll < 0.46 else fact

    def truth(self, atoms):
        """Return AND, OR, NOT over some conditions, each standing once."""
        if len(atoms) == 1:
            return Not(atoms[0]) if self.random.random() < 0.2 else atoms[0]
        place = self.random.randint(1, len(atoms) - 1)
        items = tuple(self.truth(part) for part in (atoms[:place], atoms[place:]))
        kind = self.random.choice((And, Or))
        flat = [p for i in items for p in (i.items if isinstance(i, kind) else (i,))]
        node = kind(tuple(flat))
        return Not(node) if self.random.random() < 0.15 else node

    def rule(self, depth=3):  # noqa: PLR0911
        """Return a condition in which a fact may stand many times."""
        roll = self.random.random()
        if depth == 0 or roll < 0.15:
            return self.atom(self.random.choice(self.own))
        if self.wild and roll < 0.35:
            kind = self.random.choice(("int", "dec", "real", "text"))
            return Compare(
                self.random.choice(OPS[:2] if kind == "text" else OPS),
                self.value(kind, depth - 1),
                self.value(kind, depth - 1),
            )
        parts = tuple(self.rule(depth - 1) for _ in range(self.random.choice((2, 2, 3))))
        if roll < 0.55:
            return And(parts)
        if roll < 0.8:
            return Or(parts)
        if roll < 0.88:
            return Not(parts[0])
        if roll < 0.94:
            return Case(((parts[0], parts[1]),), parts[-1], "bool")
        return Coalesce(parts[:2], "bool")

    def value(self, kind, depth=2):  # noqa: PLR0911
        """Return an expression that gives a value of a kind."""
        roll = self.random.random()
        if depth <= 0 or roll < 0.3:
            return self.fact(kind)
        if roll < 0.5:
            return Case(
                ((self.rule(depth - 1), self.value(kind, depth - 1)),),
                self.random.choice((Literal(None, kind), self.value(kind, depth - 1))),
                kind,
            )
        if roll < 0.6:
            return Coalesce((self.value(kind, depth - 1), self.value(kind, depth - 1)), kind)
        if kind == "text" or roll < 0.65:
            return NullIf(self.value(kind, depth - 1), self.constant(kind), kind)
        if kind == "real":
            of = self.random.choice(("int", "dec"))
            return Arith("/", self.value(of, depth - 1), self.value(of, depth - 1), "real")
        if kind == "int" and roll < 0.8:
            return Tier(self.fact(self.random.choice(("int", "dec"))), 3)
        op = self.random.choice("+-*" if kind == "int" else "+-")
        return Arith(op, self.value(kind, depth - 1), self.value(kind, depth - 1), kind)


def constants(root):
    """The constants of a rule, and a few more."""
    own = [part.value for part in walk(root) if isinstance(part, Literal)]
    return [value for value in own if value is not None and not isinstance(value, bool)] + [0, 1]


def some_value(random, fact, near):
    """A value that a fact can take, mostly close to a constant of the rule."""
    domain = domain_of(fact, {})
    if domain.nullable and random.random() < 0.15:
        return None
    if fact.kind == "bool":
        return random.random() < 0.5
    if fact.kind == "text":
        return random.choice([c for c in near if isinstance(c, str)] + ["a", "zz"])
    numbers = [c for c in near if not isinstance(c, str)]
    step = random.choice((0, 0, 1, -1, random.randint(-3, 3), random.randint(-100_000, 100_000)))
    value = int(random.choice(numbers)) + step
    value = value if domain.low is None else max(value, domain.low)
    return value if domain.high is None else min(value, domain.high)


def some_facts(random, root):
    """A random person, as far as a rule is concerned."""
    near = constants(root)
    return {fact: some_value(random, fact, near) for fact in facts(root)}


def some_cuts(random, root):
    """Random cut points for the tiers of a rule."""
    near = constants(root)
    found = {}
    for tier in tiers(root):
        of = facts(tier.of)[0] if facts(tier.of) else Attribute("x", "int")
        points = (some_value(random, of, near) or 0 for _ in range(tier.count - 1))
        found[tier] = tuple(sorted(points))
    return found


def outcome(root, values, cuts):
    """What people see of a value: whether a plain tag is there, or which value the tag has."""
    value = evaluate(root, values, cuts)
    return value is True if root.kind == "bool" else (type(value), value)


def made(seed, *, wild=False, size=4, kind="bool"):
    """Return (random, rule, cut points) of a seed."""
    random = Random(seed)  # noqa: S311
    maker = Maker(random, random.sample(pool(16), size), wild=wild)
    root = maker.rule() if kind == "bool" else maker.value(kind, 3)
    return random, root, some_cuts(random, root)


def read_once(seed, size):
    """Return (random, rule, cut points): every fact stands in one condition."""
    random = Random(seed)  # noqa: S311
    own = random.sample(pool(24), size)
    maker = Maker(random, own)
    root = maker.truth([maker.atom(fact) for fact in own])
    return random, root, some_cuts(random, root)
