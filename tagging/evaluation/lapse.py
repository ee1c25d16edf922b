# SPDX-License-Identifier: Apache-2.0
"""The instant at which the value of a tag ceases to hold when nothing new happens, as one statement.

lapse = the smallest t > as_of at which the value differs from that at as_of, with the same events
(those after as_of do not count), attributes, cut points and gate. Facts change at known moments only:
an event enters a window `ago` after it happened and leaves it `ago + span` after; days since an event
grow at whole days after it. So all facts are computed at all moments of a person, the rule's own SQL
runs over these rows, and the first row with another value is the answer: exact for every rule.

Days since an event would be a moment every day for ever. Only the days at which a part of the rule
that depends on nothing else changes its value are taken ("recency() <= 30" has one).

A person with more than MOST moments is followed that far only: if the value has not changed by then,
the last moment is a lower bound, and said to be inexact. Nothing beyond HORIZON is looked at.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from audit.clock import DAY
from tagging.evaluation.counting import mask_test
from tagging.evaluation.fused import differs, event_source, value_layers
from tagging.evaluation.plan import Plan, closure, make_plan
from tagging.rules.functions import MAX_SPAN_DAYS
from tagging.rules.lower import Cuts, Dialect, Lowering
from tagging.rules.tree import Aggregate, Attribute, Fact, Node, children, facts

HORIZON = MAX_SPAN_DAYS * DAY
"""How far ahead a lapse is looked for: ten years."""

MOST = 2000
"""Moments of one person and tag that are looked at."""


def narrowed(plan: Plan, key: str) -> Plan:
    """Return the plan of one tag and what it refers to."""
    tags = {tag.key: tag for tag in plan.tags}
    wanted = closure({key: tag.root for key, tag in tags.items()}, {key})
    return make_plan(
        {key: tags[key].root for key in wanted}, {key: tags[key].gate_class for key in wanted}
    )


@dataclass(frozen=True, slots=True)
class Changes:
    """When the facts of a tag may change after an event: some microseconds, or whole days, after it."""

    shifts: tuple[int, ...]
    daily: bool

    @classmethod
    def of(cls, plan: Plan, key: str) -> "Changes":
        """Return when the facts of a tag, and of the tags that it refers to, may change."""
        counted = [fact for fact in narrowed(plan, key).measured if isinstance(fact, Aggregate)]
        shifts = {fact.window.ago for fact in counted} | {
            fact.window.ago + fact.window.span for fact in counted if fact.window.span is not None
        }
        daily = any(fact.op in ("since_first", "since_last") for fact in counted)
        return cls(tuple(sorted(shifts)), daily)

    def first(self, times: Sequence[int], as_of: int) -> int | None:
        """Return the first instant after `as_of` at which a fact may change; None: it never does.

        `times` are those of the person's events, ascending, none after `as_of`. Which events a fact
        counts is not looked at: the instant may be too early, never too late.
        """
        found = []
        for shift in self.shifts:
            place = bisect_right(times, as_of - shift)
            if place < len(times):
                found.append(times[place] + shift)
        if self.daily:
            found += [as_of + DAY - (as_of - time) % DAY for time in times]
        return min(found, default=None)


def lapse_sql(
    plan: Plan,
    key: str,
    dialect: Dialect,
    as_of: int,
    *,
    cuts: Cuts,
    masks: int,
    horizon: int = HORIZON,
) -> str:
    """Return the statement that gives subject_id, lapse, exact for all people in `gate`.

    It reads tables `event`, `gate` and `attr` as `facts_sql` does for the same plan. lapse is NULL
    when the value holds until as_of + horizon (microseconds); exact is false when it may hold longer
    than the lapse.
    """
    statement = _Statement(plan, key, dialect, as_of, cuts=cuts, masks=masks)
    statement.horizon = horizon
    return statement.sql()


class _Statement:
    def __init__(
        self, whole: Plan, key: str, dialect: Dialect, as_of: int, *, cuts: Cuts, masks: int
    ) -> None:
        self.plan = narrowed(whole, key)
        self.dialect, self.as_of, self.cuts = dialect, as_of, cuts
        self.horizon = HORIZON
        self.masks = [f"m{number}" for number in range(masks)]
        self.value = f"t{[tag.key for tag in self.plan.tags].index(key)}"
        self.cells = {fact: f"a{whole.index(fact)}" for fact in self.plan.attributes()}
        self.counted = {
            number: fact
            for number, fact in enumerate(self.plan.measured)
            if isinstance(fact, Aggregate)
        }
        self.duck = dialect.name == "duckdb"
        found: dict[Aggregate, list[Node]] = {}
        for tag in self.plan.tags:
            _alone(tag.root, found)
        self.stepped = {n: found[fact] for n, fact in self.counted.items() if fact in found}
        """The facts in days, with the parts of the rules that depend on one of them alone."""

    def sql(self) -> str:
        steps = [
            event_source(self.plan, self.dialect, self.as_of, strict=True, masks=self.masks),
            self._measured(),
            *self._days(),
            *self._moments(),
            *(self._facts_by_window() if self.duck else self._facts_by_query()),
        ]
        layers, last = value_layers(self.plan, self.dialect, self.cuts)
        held = f"held AS (SELECT subject_id, {self.value} AS v FROM {last} WHERE place = 1)"
        other = differs(f"{last}.{self.value}", "held.v")
        found = (
            f"found AS (SELECT subject_id, min(CASE WHEN {other} THEN tau END) AS change, "
            f"max(tau) AS last, max(number) AS number FROM {last} JOIN held USING (subject_id) "
            "GROUP BY subject_id)"
        )
        short = f"change IS NULL AND number > {MOST + 1}"
        return (
            f"WITH {', '.join([*steps, *layers, held, found])} SELECT subject_id, "
            f"CASE WHEN {short} THEN last ELSE change END AS lapse, NOT ({short}) AS exact FROM found"
        )

    def _measured(self) -> str:
        """Write the events that count now or later: c<n> says for which fact, x<n> is the measure."""
        lowering = Lowering(self.dialect, lambda _fact: "", {})
        flags, columns = [], []
        for number, fact in self.counted.items():
            tests = [lowering.scalar(fact.where)] if fact.where is not None else []
            tests.append(mask_test(self.plan.classes_of[fact], "_"))
            if fact.window.span is not None:
                tests.append(f"ts > {self.as_of - fact.window.ago - fact.window.span}")
            flags.append(f"({' AND '.join(tests)}) AS c{number}")
            column = self.dialect.ident(fact.column) if fact.column else "NULL"
            columns.append(f"{column} AS x{number}")
        every = ", ".join(["subject_id", "ts", *flags, *columns])
        some = " OR ".join(f"c{number}" for number in self.counted) or "FALSE"
        return f"c AS MATERIALIZED (SELECT * FROM (SELECT {every} FROM e) AS every WHERE {some})"

    # --- moments ----------------------------------------------------------------------------

    def _moments(self) -> list[str]:
        """Write when facts may change: moment(subject_id, tau, place, number), the first being as_of."""
        parts = {f"SELECT subject_id, {self.as_of} AS tau FROM gate": None}
        for number, fact in self.counted.items():
            ago, span = fact.window.ago, fact.window.span
            shifts = ([ago] if ago else []) + ([ago + span] if span is not None else [])
            for shift in shifts:
                parts[
                    f"SELECT subject_id, ts + {shift} AS tau FROM c WHERE c{number} "
                    f"AND ts > {self.as_of - shift}"
                ] = None
            if number in self.stepped:
                parts[f"SELECT subject_id, tau FROM turn{number}"] = None
        union = f"moments AS ({' UNION '.join(parts)})"
        ranked = (
            "SELECT subject_id, tau, "
            "row_number() OVER (PARTITION BY subject_id ORDER BY tau) AS place, "
            "count(*) OVER (PARTITION BY subject_id) AS number "
            f"FROM moments WHERE tau <= {self.as_of + self.horizon}"
        )
        return [
            union,
            f"moment AS MATERIALIZED (SELECT * FROM ({ranked}) AS ranked WHERE place <= {MOST + 1})",
        ]

    def _days(self) -> list[str]:
        """Write, for each fact in days, at which days it matters and when these days begin."""
        if not self.stepped:
            return []
        last = (
            f"(SELECT coalesce(max(({self.as_of + self.horizon} - ts) {self.dialect.integer_division} "
            f"{DAY}), 0) + 1 FROM c)"
        )
        series = f"SELECT 0 AS x UNION ALL SELECT x + 1 FROM day WHERE x + 1 < {last}"
        if self.duck:
            series = f"SELECT unnest(range(0, {last})) AS x"
        steps = [f"day AS ({series})"]
        for number, nodes in self.stepped.items():
            steps += [self._step(number, nodes), self._turn(number)]
        return steps

    def _step(self, number: int, nodes: Iterable[Node]) -> str:
        lowering = Lowering(self.dialect, lambda _fact: "x", self.cuts)
        columns, tests = [], []
        for n, node in enumerate(nodes):
            value = lowering.wide(node)
            columns.append(f"{value} AS v{n}, lag({value}) OVER (ORDER BY x) AS w{n}")
            tests.append(differs(f"v{n}", f"w{n}"))
        inner = f"SELECT x, {', '.join(columns)} FROM day"
        return (
            f"step{number} AS (SELECT x FROM ({inner}) AS s WHERE x > 0 AND ({' OR '.join(tests)}))"
        )

    def _turn(self, number: int) -> str:
        """Write when the days since the first (last) event in the window reach a step.

        An event is the last one until the next enters or it leaves, the first one after the one
        before has left.
        """
        fact = self.counted[number]
        ago, span = fact.window.ago, fact.window.span
        ever = self.as_of + self.horizon + 1
        since, until, only = f"ts + {ago}", f"{ever}", "TRUE"
        if span is not None:
            until = _earlier(until, f"ts + {ago + span}")
        if fact.op == "since_last":
            until = _earlier(until, f"near + {ago}")
        elif span is not None:
            since = _later(since, f"near + {ago + span}")
        else:
            only = "near IS NULL"
        near = "lead" if fact.op == "since_last" else "lag"
        neighbours = (
            f"SELECT subject_id, ts, {near}(ts) OVER (PARTITION BY subject_id ORDER BY ts) AS near "
            f"FROM c WHERE c{number}"
        )
        edges = (
            f"SELECT subject_id, ts, {_later(since, str(self.as_of + 1))} AS since, "
            f"{until} AS until FROM ({neighbours}) AS n WHERE {only}"
        )
        division = self.dialect.integer_division
        return (
            f"turn{number} AS (SELECT subject_id, ts + x * {DAY} AS tau "
            f"FROM (SELECT * FROM ({edges}) AS n WHERE since < until) AS edge JOIN step{number} "
            f"ON x >= (since - ts + {DAY - 1}) {division} {DAY} AND x <= (until - ts - 1) {division} {DAY})"
        )

    # --- facts at moments -------------------------------------------------------------------

    def _facts_by_window(self) -> list[str]:
        """Write facts as window functions over events and moments in one order: for many people."""
        nulls = "".join(f", NULL AS c{n}, NULL AS x{n}" for n in self.counted)
        names = "".join(f", c{n}, x{n}" for n in self.counted)
        rows = (
            f"mixed AS (SELECT subject_id, ts AS tau, 0 AS place, 0 AS number{names} FROM c "
            f"UNION ALL SELECT subject_id, tau, place, number{nulls} FROM moment)"
        )
        columns = "".join(f", {self._windowed(n, f)} AS f{n}" for n, f in self.counted.items())
        seen = f"seen AS (SELECT subject_id, tau, place, number{columns} FROM mixed)"
        return [rows, seen, self._facts("seen", "place > 0")]

    def _windowed(self, number: int, fact: Aggregate) -> str:
        ago, span = fact.window.ago, fact.window.span
        first = "UNBOUNDED" if span is None else f"{ago + span - 1}"
        last = f"{ago} PRECEDING" if ago else "CURRENT ROW"
        over = (
            f"FILTER (WHERE c{number}) OVER (PARTITION BY subject_id ORDER BY tau "
            f"RANGE BETWEEN {first} PRECEDING AND {last})"
        )
        if fact.op != "top":
            return self._measure(fact, f"x{number}", "tau", f" {over}")
        # a histogram is a map from value to number: the most, of equal ones the first
        pairs = f"map_entries(histogram(x{number}) {over})"
        return f"list_sort(list_transform({pairs}, lambda p: {{'n': -CAST(p.value AS BIGINT), 'v': p.key}}))[1].v"

    def _facts_by_query(self) -> list[str]:
        """Write facts as one sub-query each: for one person."""
        columns = ""
        for number, fact in self.counted.items():
            ago, span = fact.window.ago, fact.window.span
            where = f"c.subject_id = moment.subject_id AND c{number} AND ts <= tau - {ago}"
            where += f" AND ts > tau - {ago + span}" if span is not None else ""
            if fact.op == "top":
                query = (
                    f"SELECT x{number} FROM c WHERE {where} AND x{number} IS NOT NULL "
                    f"GROUP BY x{number} ORDER BY count(*) DESC, x{number} LIMIT 1"
                )
            else:
                query = f"SELECT {self._measure(fact, f'x{number}', 'ts', '')} FROM c WHERE {where}"
            columns += f", ({query}) AS f{number}"
        seen = f"seen AS (SELECT subject_id, tau, place, number{columns} FROM moment)"
        return [seen, self._facts("seen", "TRUE")]

    def _measure(self, fact: Aggregate, column: str, time: str, over: str) -> str:
        integer = self.dialect.integer
        if fact.op == "count":
            return f"count(*){over}"
        if fact.op == "distinct":
            return f"count(DISTINCT {column}){over}"
        if fact.op == "sum":
            return f"CAST(coalesce(sum({column}){over}, 0) AS {integer})"
        if fact.op in ("min", "max"):
            return f"{fact.op}({column}){over}"
        edge = "min" if fact.op == "since_first" else "max"
        return f"(tau - {edge}({time}){over}) {self.dialect.integer_division} {DAY}"

    def _facts(self, source: str, where: str) -> str:
        columns = [f"{source}.*", *(f"gate.{name}" for name in self.masks)]
        columns += [f"attr.{self.cells[f]} AS f{n}" for n, f in self._attributes()]
        joins = " LEFT JOIN attr USING (subject_id)" if self.cells else ""
        return (
            f"facts AS (SELECT {', '.join(columns)} FROM {source} "
            f"JOIN gate USING (subject_id){joins} WHERE {where})"
        )

    def _attributes(self) -> list[tuple[int, Attribute]]:
        return [(n, f) for n, f in enumerate(self.plan.measured) if isinstance(f, Attribute)]


def _later(one: str, other: str) -> str:
    """Return the later of two instants, the first when the other is NULL."""
    return f"(CASE WHEN {other} > {one} THEN {other} ELSE {one} END)"


def _earlier(one: str, other: str) -> str:
    """Return the earlier of two instants, the first when the other is NULL."""
    return f"(CASE WHEN {other} < {one} THEN {other} ELSE {one} END)"


def _alone(node: Node, found: dict[Aggregate, list[Node]]) -> None:
    """Note the largest parts of a rule that depend on one fact in days and on nothing else."""
    inside: list[Fact] = facts(node)
    days = [f for f in inside if isinstance(f, Aggregate) and f.op in ("since_first", "since_last")]
    if not days:
        return
    if len(inside) == 1:
        nodes = found.setdefault(days[0], [])
        if node not in nodes:
            nodes.append(node)
        return
    for part in children(node):
        _alone(part, found)
