# SPDX-License-Identifier: Apache-2.0
"""Texts of rules: the good ones with their trees, the hostile ones with the place of the problem."""

import pytest

from audit.clock import DAY, HOUR
from audit.errors import Problems
from tagging.rules.functions import CORE_COLUMNS
from tagging.rules.parse import Scope, parse_rule
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

BASKETS = Aggregate("distinct", "session", None, Window(), "int")
SCOPE = Scope(
    columns={**CORE_COLUMNS, "brand": "text", "points": "int"},
    attributes=frozenset({"city"}),
    features={"baskets": BASKETS},
    tags={"big.spender": "bool", "level": "int"},
    values=lambda column: frozenset({"tea", "it's"}) if column == "category" else None,
)

TYPE = Column("event_type", "text")
BOUGHT = Compare("=", TYPE, Literal("purchase", "text"))
NET = InList(
    TYPE, tuple(Literal(t, "text") for t in ("purchase", "return", "cancel", "adjustment"))
)
COUNT = Aggregate("count", None, None, Window(), "int")
SPEND = Aggregate("sum", "amount", NET, Window(), "dec")
TEA = Compare("=", Column("category", "text"), Literal("tea", "text"))


def parsed(text, at=(1, 1)):
    problems = Problems("rule")
    return parse_rule(text, SCOPE, problems, at), problems.found


def int_(value):
    return Literal(value, "int")


def dec(value):
    return Literal(round(value * 10_000), "dec")


def text_(value):
    return Literal(value, "text")


def as_dec(node):
    return Arith("*", node, int_(10_000), "dec")


def as_real(node, by=1):
    return Arith("/", node, int_(by), "real")


MANY = Compare(">", COUNT, int_(2))
GOOD = {
    "count() > 2": MANY,
    "COUNT(*) > 2": MANY,
    "count() > 2 -- a remark; drop table event": MANY,
    "/* first */ count() /* ' */ > 2;": MANY,
    "not count() <= 2": Not(Compare("<=", COUNT, int_(2))),
    "count() <> -3": Compare("<>", COUNT, int_(-3)),
    "count() > 2 and count() > 2 and true": And((MANY, MANY, Literal(True, "bool"))),
    "count() > 2 or (count() > 2 or false)": Or((MANY, MANY, Literal(False, "bool"))),
    "orders(category = 'tea', days => 30) >= 3": Compare(
        ">=",
        Aggregate("distinct", "session", And((BOUGHT, TEA)), Window(30 * DAY), "int"),
        int_(3),
    ),
    "spend(hours => 36) >= 12.50": Compare(
        ">=", Aggregate("sum", "amount", NET, Window(36 * HOUR), "dec"), dec(12.5)
    ),
    "spend() >= 500": Compare(">=", SPEND, dec(500)),
    "units(days => 7, ago => 7) > .5": Compare(
        ">", Aggregate("sum", "quantity", NET, Window(7 * DAY, 7 * DAY), "dec"), dec(0.5)
    ),
    "recency() between 1 and 30": And(
        tuple(
            Compare(op, Aggregate("since_last", None, BOUGHT, Window(), "int"), int_(n))
            for op, n in ((">=", 1), ("<=", 30))
        )
    ),
    "tenure() is null": IsNull(Aggregate("since_first", None, BOUGHT, Window(), "int")),
    "count() is not null": Not(IsNull(COUNT)),
    "count() in (1, 2)": InList(COUNT, (int_(1), int_(2))),
    "count() not in (1)": Not(InList(COUNT, (int_(1),))),
    "count() > 1.5": Compare(">", as_dec(COUNT), dec(1.5)),
    "count() / 2 > 1": Compare(">", Arith("/", COUNT, int_(2), "real"), Literal(1.0, "real")),
    "spend() / count() > 10": Compare(
        ">", Arith("/", as_real(SPEND, 10_000), as_real(COUNT), "real"), Literal(10.0, "real")
    ),
    "spend() * 0.5 > 1": Compare(
        ">", Arith("*", as_real(SPEND, 10_000), Literal(0.5, "real"), "real"), Literal(1.0, "real")
    ),
    "2 * spend() > 1": Compare(">", Arith("*", int_(2), SPEND, "dec"), dec(1)),
    "spend() - count() > 1": Compare(">", Arith("-", SPEND, as_dec(COUNT), "dec"), dec(1)),
    "min(points) + max(hour) > 1": Compare(
        ">",
        Arith(
            "+",
            Aggregate("min", "points", None, Window(), "int"),
            Aggregate("max", "hour", None, Window(), "int"),
            "int",
        ),
        int_(1),
    ),
    "distinct_count(brand, amount > 1) > 2": Compare(
        ">",
        Aggregate(
            "distinct",
            "brand",
            Compare(">", Column("amount", "dec"), dec(1)),
            Window(),
            "int",
        ),
        int_(2),
    ),
    "count(item in ('it''s', 'tail\\', '') or item is null) > 2": Compare(
        ">",
        Aggregate(
            "count",
            None,
            Or(
                (
                    InList(Column("item", "text"), (text_("it's"), text_("tail\\"), text_(""))),
                    IsNull(Column("item", "text")),
                )
            ),
            Window(),
            "int",
        ),
        int_(2),
    ),
    "count(hour + 1 < weekday) > 2": Compare(
        ">",
        Aggregate(
            "count",
            None,
            Compare(
                "<", Arith("+", Column("hour", "int"), int_(1), "int"), Column("weekday", "int")
            ),
            Window(),
            "int",
        ),
        int_(2),
    ),
    "top(category, days => 3660)": Aggregate("top", "category", None, Window(3660 * DAY), "text"),
    "attribute('city') = '东京'": Compare("=", Attribute("city"), text_("东京")),
    "tag('big.spender') and tag('level') = 2": And(
        (TagRef("big.spender", "bool"), Compare("=", TagRef("level", "int"), int_(2)))
    ),
    "feature('baskets') >= 2": Compare(">=", Named("baskets", BASKETS), int_(2)),
    "tier(spend(), 5)": Tier(SPEND, 5),
    "coalesce(recency(), 999) > 1": Compare(
        ">",
        Coalesce((Aggregate("since_last", None, BOUGHT, Window(), "int"), int_(999)), "int"),
        int_(1),
    ),
    "nullif(spend(), 0) > 1": Compare(">", NullIf(SPEND, dec(0), "dec"), dec(1)),
    "case when count() > 2 then 'high' end": Case(
        ((MANY, text_("high")),), Literal(None, "text"), "text"
    ),
    "case when count() > 2 then 1 else 2.5 end > 1": Compare(
        ">", Case(((MANY, dec(1)),), dec(2.5), "dec"), dec(1)
    ),
    "(count() > 2) = true": Compare("=", MANY, Literal(True, "bool")),
}


@pytest.mark.parametrize(("text", "tree"), GOOD.items(), ids=GOOD)
def test_a_good_rule_has_its_tree(text, tree):
    assert parsed(text) == (tree, [])


def test_several_writings_of_one_meaning_are_one_fact():
    writings = (
        "orders(category = 'tea', days => 2) > 1",
        "ORDERS( days => 2, (category) = ('tea') )>1",
        "distinct_count(session, event_type = 'purchase' and category = 'tea', hours => 48) > 1",
    )
    assert len({parsed(text)[0] for text in writings}) == 1


@pytest.mark.parametrize("links", [41, 100])
def test_a_chain_of_conditions_is_long_but_not_deep(links):
    tree, problems = parsed(" and ".join(["count()>2"] * links))
    assert (tree, problems) == (And((MANY,) * links), [])


BAD = [
    # sub-queries, other tables, other statements
    ("(select 1) = 1", "rule-not-allowed", 9),
    ("exists(select 1)", "rule-not-allowed", 15),
    ("count(item in (select item from event)) > 0", "rule-not-allowed", 7),
    ("count() > all (select 1)", "rule-not-allowed", 23),
    ("count() > 1 from event", "rule-not-one-expression", 1),
    ("count() > 1 union select 1", "rule-not-one-expression", 1),
    ("count() > 1 limit 1", "rule-not-one-expression", 1),
    ("distinct count() > 1", "rule-not-one-expression", 1),
    ("as struct count() > 1", "rule-not-one-expression", 1),
    ("count() > 1; drop table event", "rule-not-one-expression", 1),
    ("count() > 1 -- x\n; delete from event", "rule-not-one-expression", 1),
    ("count() > 1, count() > 2", "rule-not-one-expression", 1),
    ("", "rule-not-one-expression", 1),
    ("-- nothing but a remark", "rule-not-one-expression", 1),
    ("select count() > 1", "rule-syntax", 1),
    ("count() > 1 as x", "rule-not-allowed", 1),
    ("event.count() > 1", "rule-not-allowed", 1),
    ("count(event.amount > 1) > 0", "rule-not-allowed", 7),
    # casts, patterns, windows, filters, other syntax
    ("count()::text = '1'", "rule-not-allowed", 1),
    ("cast(count() as text) = '1'", "unknown-function", 1),
    ("date '2020-01-01' = 1", "rule-not-allowed", 6),
    ("count(item like 'a%') > 0", "rule-not-allowed", 7),
    ("count(item ~ 'a') > 0", "rule-not-allowed", 7),
    ("count() over () > 1", "rule-not-allowed", 1),
    ("count() filter (where amount > 1) > 1", "rule-not-allowed", 1),
    ("count(amount > 1 order by ts) > 1", "rule-not-allowed", 7),
    ("count(distinct session) > 1", "rule-not-allowed", 16),
    ("count() collate nocase > 1", "rule-not-allowed", 1),
    ("count(item = 'a' || 'b') > 1", "rule-not-allowed", 14),
    ("count() > $1", "rule-not-allowed", 1),
    ("count() > ?", "rule-not-allowed", 1),
    ("[1, 2] = 1", "rule-not-allowed", 2),
    ("x -> x > 1", "rule-not-allowed", 1),
    ("count() % 2 = 1", "rule-not-allowed", 1),
    ("- count() > 1", "rule-not-allowed", 3),
    ("count(item between symmetric 'b' and 'a') > 0", "rule-not-allowed", 7),
    ("count() = null", "rule-not-allowed", 1),
    ("(count() > 1) is true", "rule-not-allowed", 2),
    ("case count() when 1 then 2 end = 2", "rule-not-allowed", 6),
    ("{% if x %}", "rule-syntax", 1),
    # functions
    ("now() > 1", "unknown-function", 1),
    ("read_parquet('/etc/passwd') = 1", "unknown-function", 1),
    ("count(columns('.*')) > 1", "unknown-function", 7),
    ("if(count() > 1, 1, 2) = 1", "unknown-function", 1),
    ("count(count() > 1) > 1", "nested-aggregate", 7),
    ("count(attribute('city') = 'x') > 1", "rule-not-allowed", 7),
    ("sum(*) > 1", "missing-column", 1),
    ("count(amount > 1, amount > 2) > 1", "too-many-arguments", 19),
    ("tag(big.spender)", "bad-reference", 1),
    ("tag('big.spendr')", "unknown-tag", 1),
    ("feature('basket') > 1", "unknown-feature", 1),
    ("attribute('cty') = 'x'", "unknown-attribute", 1),
    ("tier(spend(), 1)", "bad-tier", 1),
    ("tier(spend(), '5')", "bad-tier", 1),
    ("tier(tier(spend(), 2), 2)", "nested-tier", 1),
    ("tier(tag('level'), 2)", "tier-of-tag", 1),
    ("tier(attribute('city'), 2)", "wrong-kind", 1),
    ("nullif(count(), count()) = 1", "bad-nullif", 1),
    ("coalesce() = 1", "bad-coalesce", 1),
    # columns and kinds
    ("amount > 1", "column-outside-aggregate", 1),
    ("count(subject_id = 1) > 0", "unknown-column", 7),
    ("count(ts > 1) > 0", "unknown-column", 7),
    ("count(Amount > 1) > 0", "unknown-column", 7),
    ('count(item = "a") > 0', "unknown-column", 14),
    ("count(category = 'teas') > 0", "unknown-category", 7),
    ("count(item = 5) > 1", "wrong-kind", 7),
    ("count(item > 'a') > 1", "wrong-kind", 7),
    ("count(hour) > 1", "wrong-kind", 7),
    ("sum(item) > 1", "wrong-kind", 5),
    ("count() and true", "wrong-kind", 1),
    ("case when count() > 1 then 1 else 'a' end = 1", "wrong-kind", 11),
    # numbers and windows
    ("count() > 1e9", "bad-number", 11),
    ("count() > 9999999999999", "bad-number", 11),
    ("count() > 0.12345", "bad-number", 11),
    ("count() > ²", "column-outside-aggregate", 11),
    ("count(days => 0) > 1", "bad-window", 15),
    ("count(days => -1) > 1", "bad-window", 16),
    ("count(days => 3661) > 1", "bad-window", 15),
    ("count(hours => 1000000000) > 1", "bad-window", 16),
    ("count(days => 99999999999999999999999999) > 1", "bad-window", 15),
    ("count(days => 1.5) > 1", "bad-window", 15),
    ("count(days => '30') > 1", "bad-window", 15),
    ("count(days => 1 + 1) > 1", "bad-window", 15),
    ("count(days => 1, hours => 1) > 1", "bad-window", 15),
    ("count(days => 1, days => 1) > 1", "duplicate-option", 26),
    ("count(weeks => 1) > 1", "unknown-option", 16),
    ("count(ago => 0) > 1", "bad-window", 14),
    # size and depth, broken texts
    ("(" * 60 + "true" + ")" * 60, "rule-too-deep", 1),
    ("not " * 900 + "true", "rule-too-deep", 1),
    ("[" * 1900, "rule-too-deep", 1),
    ("true and " * 500 + "true", "rule-too-large", 1),
    ("count() > 1 or " * 150 + "true", "rule-too-large", 1),
    ("count(item = 'a\0b') > 1", "rule-not-allowed", 14),
    ("count() > 1 \0", "rule-not-allowed", 1),
    ("count(item = 'it) > 1", "rule-syntax", 14),
    ("count() > 1 /* never closed", "rule-syntax", 1),
    ("count( > 1", "rule-syntax", 10),
    ("count() > 1)", "rule-syntax", 12),
    ("count() >", "rule-syntax", 9),
]


@pytest.mark.parametrize(("text", "code", "column"), BAD, ids=[text[:40] for text, *_ in BAD])
def test_a_bad_rule_is_refused_at_its_place(text, code, column):
    tree, problems = parsed(text)
    assert tree is None
    assert [(problems[0].code, problems[0].line, problems[0].column)] == [(code, 1, column)]


def test_all_problems_of_a_rule_over_several_lines_are_noted_with_their_places():
    text = (
        "count(item = 5) > 1\n"
        "  and amount > 2\n"
        "\n"
        "  and sum(prise, days => 0,\n"
        "          wek => 1) > 0\n"
        "    or nothing()"
    )
    tree, problems = parsed(text, at=(10, 5))
    assert tree is None
    assert [(p.code, p.line, p.column, p.file) for p in problems] == [
        ("wrong-kind", 10, 11, "rule"),
        ("column-outside-aggregate", 11, 11, "rule"),
        ("bad-window", 13, 30, "rule"),
        ("unknown-option", 14, 22, "rule"),
        ("unknown-column", 13, 15, "rule"),
        ("unknown-function", 15, 12, "rule"),
    ]
    assert 'did you mean "price"?' in [p.hint for p in problems]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("count() > 1\n  and and true", (8, 9)),
        ("count() > 1\n  and count(item = 'x) > 1", (8, 22)),
        ("count(\n  item = 'two\nlines' 'again'\n) > 1 )", (10, 9)),
        ("count() > 1 or\n  count() >", (8, 13)),
    ],
)
def test_broken_syntax_is_placed_on_its_line(text, place):
    tree, (problem,) = parsed(text, at=(7, 3))
    assert tree is None
    assert (problem.code, (problem.line, problem.column)) == ("rule-syntax", place)


def test_a_part_without_a_place_of_its_own_is_placed_where_its_surroundings_begin():
    _, (problem,) = parsed("count() > 1\n  and count() > $1")
    assert (problem.code, problem.line, problem.column) == ("rule-not-allowed", 2, 7)


def test_no_problem_repeats_a_long_text_of_the_rule():
    _, problems = parsed("count(item = '" + "x" * 3000 + "' like 'y') > 1")
    assert all(len(problem.message) < 200 for problem in problems)
