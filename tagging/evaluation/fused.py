# SPDX-License-Identifier: Apache-2.0
"""The SQL of one evaluation: all facts of all tags in one statement, all values in another.

Strict gate: an event is read only for people whom some class permits, and a fact is computed only
for people whom a class that needs it permits. Mask gate: everything is computed, then cut. In both
a value exists only where the tag's own class permits it, and a reference sees only such values.
"""

from collections.abc import Sequence

from tagging.evaluation.counting import counted, fact_steps, mask_test
from tagging.evaluation.plan import Plan, PlannedTag
from tagging.rules.lower import Cuts, Dialect, Lowering
from tagging.rules.tree import Aggregate, Attribute, Fact, TagRef, tiers


def column_names(plan: Plan) -> dict[Fact, str]:
    """Return the column in which each fact of a plan stands."""
    return {fact: f"f{number}" for number, fact in enumerate(plan.measured)}


def facts_sql(plan: Plan, dialect: Dialect, as_of: int, *, strict: bool, masks: int) -> str:
    """Return the statement that gives subject_id, m0…, f0… from tables `event`, `gate`, `attr`.

    `event` has subject_id, ts and the plan's columns; `gate` has subject_id and the masks; `attr`,
    only when the plan needs attributes, has subject_id and a0….
    """
    steps = fact_steps(plan, dialect, as_of, strict=strict)
    names = [f"m{n}" for n in range(masks)]
    select = ", ".join([f"gate.{name} AS {name}" for name in ("subject_id", *names)])
    outputs = [_output(plan, number, strict=strict) for number in range(len(plan.measured))]
    joins = "".join(f" LEFT JOIN {n} USING (subject_id)" for n, _ in steps if n.startswith("g"))
    if plan.attributes():
        joins += " LEFT JOIN attr USING (subject_id)"
    with_ = ", ".join(f"{name} AS {query}" for name, query in steps)
    body = f"SELECT {', '.join([select, *outputs])} FROM gate{joins}"
    return f"WITH {with_} {body}" if steps else body


def values_sql(plan: Plan, dialect: Dialect, cuts: Cuts) -> str:
    """Return the statement that gives subject_id, t0… (one per tag, in plan order) from `facts`."""
    steps, last = value_layers(plan, dialect, cuts)
    select = ", ".join(["subject_id", *(f"t{number}" for number in range(len(plan.tags)))])
    return f"WITH {', '.join(steps)} SELECT {select} FROM {last}"


def value_layers(plan: Plan, dialect: Dialect, cuts: Cuts) -> tuple[list[str], str]:
    """Return the steps of a WITH that add t0… to the rows of `facts`, and the name of the last one.

    A tag comes one step after the tags that it refers to.
    """
    numbers = {tag.key: number for number, tag in enumerate(plan.tags)}
    columns = column_names(plan)

    def name(fact: Fact) -> str:
        return f"t{numbers[fact.key]}" if isinstance(fact, TagRef) else columns[fact]

    lowering = Lowering(dialect, name, cuts)
    # SQLite would write a step into each place that refers to it: a chain of tags grows without end
    once = " MATERIALIZED" if dialect.name == "sqlite" else ""
    layers = max((tag.depth for tag in plan.tags), default=0)
    steps = [
        f"v{depth} AS{once} (SELECT *{_layer(plan, lowering, depth)} FROM {f'v{depth - 1}' if depth else 'facts'})"
        for depth in range(layers + 1)
    ]
    return steps, f"v{layers}"


def differs(left: str, right: str) -> str:
    """Return the SQL condition that two values are not the same, NULL being a value like others."""
    return f"coalesce({left} <> {right}, ({left} IS NULL) <> ({right} IS NULL))"


def tier_inputs_sql(plan: Plan, dialect: Dialect) -> str:
    """Return the statement that gives x0…, the measure of each tier of the plan, from `facts`.

    A measure is NULL for people whom no tag with that tier may be computed for: they do not count.
    """
    columns = column_names(plan)
    lowering = Lowering(dialect, lambda fact: columns[fact], {})
    parts = []
    for number, tier in enumerate(plan.tiers):
        classes = frozenset(tag.gate_class for tag in plan.tags if tier in tiers(tag.root))
        parts.append(
            f"CASE WHEN {mask_test(classes)} THEN {lowering.scalar(tier.of)} END AS x{number}"
        )
    return f"SELECT {', '.join(parts)} FROM facts"


def _layer(plan: Plan, lowering: Lowering, depth: int) -> str:
    parts = ""
    for number, tag in enumerate(plan.tags):
        if tag.depth == depth:
            parts += f", {_permitted(tag, lowering)} AS t{number}"
    return parts


def _permitted(tag: PlannedTag, lowering: Lowering) -> str:
    value = lowering.wide(tag.root)
    test = mask_test(frozenset({tag.gate_class}))
    return f"CASE WHEN {test} THEN {value} END"


def event_source(
    plan: Plan, dialect: Dialect, as_of: int, *, strict: bool, masks: Sequence[str]
) -> str:
    """Return the step of a WITH that gives the events of the people in the gate: e(subject_id, …).

    Masks are named _m0… there: no column of events begins with _.
    """
    names = [dialect.ident(name) for name in ("subject_id", "ts", *plan.columns)]
    columns = ", ".join(f"event.{name} AS {name}" for name in names)
    edge = _earliest(plan, as_of)
    since = f" AND ts > {edge}" if edge is not None else ""
    join = ""
    if strict:
        columns += "".join(f", gate.{name} AS _{name}" for name in masks)
        join = f" JOIN gate ON gate.subject_id = event.subject_id AND {mask_test(counted(plan), 'gate.')}"
    return f"e AS (SELECT {columns} FROM event{join} WHERE ts <= {as_of}{since})"


def _earliest(plan: Plan, as_of: int) -> int | None:
    """Return the instant after which all counted events lie; None when a fact looks back for ever."""
    edges = []
    for fact in plan.measured:
        if isinstance(fact, Aggregate):
            if fact.window.span is None:
                return None
            edges.append(as_of - fact.window.ago - fact.window.span)
    return min(edges, default=None)


def _output(plan: Plan, number: int, *, strict: bool) -> str:
    fact = plan.measured[number]
    if isinstance(fact, Attribute):
        cell = f"a{number}"
        if strict:
            cell = f"CASE WHEN {mask_test(plan.classes_of[fact], 'gate.')} THEN {cell} END"
        return f"{cell} AS f{number}"
    if fact.op in ("count", "distinct", "sum"):
        return f"coalesce(r{number}, 0) AS f{number}"
    return f"r{number} AS f{number}"
