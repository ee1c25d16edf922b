# SPDX-License-Identifier: Apache-2.0
"""Events for a comparison of prices: sums by person and stratum, in one statement over the lake.

A stratum is what is alike: the same article, shop, day. A line that lacks a part of it is alike to
nothing, and is counted apart. Times are those of the shop's clock.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from audit.clock import DAY, HOUR, from_micros
from audit.errors import BadInput, Problems
from policies.document import nearest
from tagging.intake.cells import ident
from tagging.intake.zones import clock
from tagging.lake import parts_sql
from tagging.rules.lower import DUCKDB, Lowering
from tagging.rules.parse import Scope, parse_rule
from tagging.rules.tree import Aggregate, Compare, Kind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tagging.evaluation.duck import DuckEngine

TIMES: Final = {
    "hour": f"{{local}} // {HOUR}",
    "day": f"{{local}} // {DAY}",
    "week": f"({{local}} // {DAY} + 3) // 7",
    "month": "date_trunc('month', make_timestamp({local}))",
}
"""Parts of a stratum that are times: the same hour of the same day, the same day, week, month."""


@dataclass(frozen=True, slots=True)
class Span:
    """Events from one instant on and before another, by the clock of a zone."""

    since: int
    until: int
    zone: str


@dataclass(frozen=True, slots=True)
class Asked:
    """Which events, what is alike, and two sums over them: SQL over one event."""

    where: str
    stratum: Sequence[str]
    sums: Mapping[str, str]
    claim: str = ""
    """A column of text in which a line names an exception; '' for none."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Sums by person, stratum and claim, as arrays of one length."""

    person: "NDArray[np.int64]"
    """Place of the person in the ids that were asked about."""
    stratum: "NDArray[np.int64]"
    claim: "NDArray[np.int64]"
    """Place in `claims`; -1 for none."""
    claims: tuple[str, ...]
    times: "NDArray[np.int64]"
    """How many lines are in each sum."""
    sums: "Mapping[str, NDArray[np.int64]]"
    lines: int
    alone: int
    """Lines without a part of their stratum, which are alike to nothing."""


def purchases(
    stratum: Sequence[str], discount: Sequence[str], claim: str, columns: Mapping[str, Kind]
) -> Asked:
    """Return the question for prices: `paid`, `units` and `off`. Raises BadInput `price-columns`.

    Returns and gifts are no prices: a line has pieces and an amount.
    """
    _known(stratum, columns, {*TIMES})
    _known(discount, {name: kind for name, kind in columns.items() if kind == "dec"}, set())
    _known(
        [claim] if claim else [], {n: kind for n, kind in columns.items() if kind == "text"}, set()
    )
    off = " + ".join(f"abs(coalesce({ident(name)}, 0))" for name in discount) or "0"
    return Asked(
        "event_type = 'purchase' AND quantity > 0 AND amount > 0",
        stratum,
        {"paid": "amount", "units": "quantity", "off": off},
        claim,
    )


def share(of: str, among: str, stratum: Sequence[str], columns: Mapping[str, Kind]) -> Asked:
    """Return the question for a share of events: `of` and `among`. Raises BadInput `price-condition`."""
    _known(stratum, columns, {*TIMES})
    counted = f"CASE WHEN {_condition(of, columns)} THEN 1 ELSE 0 END"
    return Asked(_condition(among, columns), stratum, {"of": counted, "among": "1"})


def rows(
    engine: "DuckEngine",
    parts: Sequence[Path],
    ids: "NDArray[np.int64]",
    asked: Asked,
    span: Span,
) -> Rows:
    """Return the sums for some people (ascending ids); nothing leaves but places, sums and claims."""
    import numpy as np
    import pyarrow as pa

    db = engine.connection
    db.register("who", pa.table({"subject_id": ids, "person": np.arange(len(ids))}))
    source = parts_sql(parts)
    alike = [f"s{n}" for n in range(len(asked.stratum))]
    whole = " AND ".join(f"{name} IS NOT NULL" for name in alike)
    db.execute(f"CREATE OR REPLACE TEMP TABLE line AS {_lines(source, asked, span)}")
    ((lines, alone),) = db.execute(
        f"SELECT coalesce(sum(n), 0), coalesce(sum(n) FILTER (NOT ({whole})), 0) FROM line"
    ).fetchall()
    listed = ", ".join(alike)
    sums = ", ".join(asked.sums)
    table = db.sql(
        f"WITH stratum AS (SELECT {listed}, row_number() OVER (ORDER BY {listed}) - 1 AS stratum "
        f"FROM line WHERE {whole} GROUP BY {listed}) "
        f"SELECT person, stratum, claim, n, {sums} FROM line JOIN stratum USING ({listed}) "
        "ORDER BY person, stratum, claim"
    ).to_arrow_table()
    db.execute("DROP TABLE line")
    claims = table.column("claim").combine_chunks().dictionary_encode()
    names = claims.dictionary.to_pylist()
    order = sorted(range(len(names)), key=lambda n: str(names[n]))
    place = np.empty(len(names) + 1, dtype=np.int64)
    place[order] = np.arange(len(names))
    place[-1] = -1
    code = claims.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)

    def column(name: str) -> "NDArray[np.int64]":
        found: NDArray[np.int64] = table.column(name).cast("int64").to_numpy()
        return found

    return Rows(
        column("person"),
        column("stratum"),
        place[code],
        tuple(str(names[n]) for n in order),
        column("n"),
        {name: column(name) for name in asked.sums},
        int(lines),
        int(alone),
    )


def _lines(source: str, asked: Asked, span: Span) -> str:
    zone = clock(span.zone, from_micros(max(span.since, 0)).year, from_micros(span.until).year)
    local = f"(event.ts + {zone.offset_of_utc('event.ts')})"
    alike = [
        f"{TIMES[name].format(local=local) if name in TIMES else f'event.{ident(name)}'} AS s{n}"
        for n, name in enumerate(asked.stratum)
    ]
    sums = [f"CAST(sum({sql}) AS BIGINT) AS {name}" for name, sql in asked.sums.items()]
    claim = f"nullif(trim({ident(asked.claim)}), '')" if asked.claim else "CAST(NULL AS VARCHAR)"
    return (
        f"SELECT who.person AS person, {', '.join(alike)}, {claim} AS claim, {', '.join(sums)}, "
        f"count(*) AS n FROM {source} AS event JOIN who ON who.subject_id = event.subject_id "
        f"WHERE event.ts >= {span.since} AND event.ts < {span.until} AND ({asked.where}) GROUP BY ALL"
    )


def _condition(text: str, columns: Mapping[str, Kind]) -> str:
    """Return the SQL of a condition over one event, written as in a rule."""
    problems = Problems("price.shares")
    root = parse_rule(f"count({text}) > 0", Scope(columns=columns), problems, (1, 1))
    problems.raise_if_any("price-condition", "a condition of price.shares cannot be read")
    fact = root.left if isinstance(root, Compare) else None
    if not isinstance(fact, Aggregate) or fact.where is None or fact.window.span is not None:
        raise BadInput(
            "price-condition",
            "a condition of price.shares is no condition over one event",
            hint="such as: event_type = 'coupon' and category = 'refused'",
        )
    return Lowering(DUCKDB, lambda _fact: "", {}).scalar(fact.where)


def _known(names: Sequence[str], columns: Mapping[str, Kind], more: set[str]) -> None:
    """Raise BadInput `price-columns` for the first name that is no column of events."""
    for name in names:
        if name not in columns and name not in more:
            there = sorted({*columns, *more})
            raise BadInput(
                "price-columns",
                f'the policy compares prices by "{name}", which events do not have',
                hint=nearest(name, there) or "they have " + ", ".join(there),
            )
