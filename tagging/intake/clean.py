# SPDX-License-Identifier: Apache-2.0
"""Turns rows of a file into events: one SQL statement from a mapping, nothing decided row by row.

Every row comes out once, with its outcome: an event of a person, a row of nobody, left out by the
mapping, or bad with exactly one reason. What is odd but readable is kept and counted as a finding.
"""

from dataclasses import dataclass

from tagging.intake import zones
from tagging.intake.cells import Cells, quote
from tagging.intake.mapping import EventMap
from tagging.intake.parts import Price
from tagging.intake.rows import Reasons, Rows, When, content, flags, named, spelled, who

NEGATIVE = ("return", "cancel")
"""Types whose quantity and amount are taken off."""
SIGNED = (*NEGATIVE, "adjustment")
MONEY = ("purchase", *SIGNED)
_TOLERANCE = 200
"""Price times quantity may differ from the amount by 0.02, or by a hundredth of it."""
_TEXT, _BIG = "CAST(NULL AS VARCHAR)", "CAST(NULL AS BIGINT)"


@dataclass(frozen=True, slots=True)
class Cleaning:
    """The statement that reads a source, and how its result is to be understood."""

    rows: Rows
    layers: tuple[dict[str, str], ...]
    """Select lists, each over the one before; the last one is the result."""
    findings: tuple[str, ...]
    """What the bits of the column flags say."""
    extras: tuple[tuple[str, str], ...] = ()
    """(name, type) of the columns x0, x1, …"""

    def sql(self, piece: str = "true") -> str:
        """Return SQL that reads a piece of the source."""
        sql = self.rows.sql(piece)
        *inner, last = self.layers
        for layer in inner:
            sql = f"(SELECT *, {named(layer)} FROM {sql})"
        return f"SELECT {named(last)} FROM {sql}"

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the result."""
        return tuple(self.layers[-1])


def events(rows: Rows, mapping: EventMap, when: When) -> Cleaning:
    """Return the statement that reads events.

    Result: nr, outcome (kept, nobody, dropped, bad), reason, field, content, subject, ts, dedup,
    event_type, item, category, session, price, quantity, amount, hour, weekday, day, flags, x0, …
    """
    cells, reasons = rows.cells, Reasons()
    reasons.add("broken", "broken IS NOT NULL")
    first = _fields(cells, mapping, when)
    when.note(reasons, "t", "ts")
    type_column = mapping.type.column or ""
    reasons.add("unknown-type", "event_type IS NULL", type_column)
    reasons.add("bad-number", "unreadable IS NOT NULL", found="unreadable")
    first |= who(cells, mapping.subject, reasons)
    signed = ", ".join(map(quote, SIGNED))
    for name, column in (
        ("quantity", mapping.quantity),
        ("amount", mapping.amount or mapping.price),
    ):
        if column is not None:
            test = f"coalesce(event_type NOT IN ({signed}) AND {name}_in < 0, false)"
            reasons.add(f"negative-{name}", test, column.column)
    findings = _findings(rows, mapping, when)
    extras = tuple((name, extra.type) for name, extra in mapping.extra.items())
    layers = (
        first,
        {"ts": when.instant("t"), "quantity_in": _quantity(mapping)},
        {"local": f"ts + {when.zone.offset_of_utc('ts')}", "amount_in": _amount(mapping)},
        _signs(mapping),
        {"why": reasons.first()},
        _result(rows, mapping, reasons, findings),
    )
    return Cleaning(rows, layers, tuple(findings), extras)


def _fields(cells: Cells, mapping: EventMap, when: When) -> dict[str, str]:
    """Return the first layer: every cell that the mapping names, read but not judged."""
    numbers = {
        "q": mapping.quantity,
        "p": mapping.price,
        "a": mapping.amount,
    }
    fields = when.fields(cells, "t")
    fields["event_type"] = _event_type(cells, mapping)
    for name, word in (("item", mapping.item), ("session", mapping.session)):
        fields[f"{name}_in"] = cells.word(word) if word else _TEXT
    category = mapping.category
    fields["category_in"] = spelled(cells.word(category), category.map) if category else _TEXT
    unreadable = []
    for name, column in numbers.items():
        fields[name] = cells.number(column.column) if column else _BIG
        if column:
            unreadable.append(column.column)
    for number, extra in enumerate(mapping.extra.values()):
        fields[f"e{number}"] = _extra(cells, extra.column, extra.type)
        if extra.type != "text":
            unreadable.append(extra.column)
    steps = " ".join(f"WHEN {cells.unreadable(c)} THEN {quote(c)}" for c in unreadable)
    fields["unreadable"] = f"CASE {steps} ELSE NULL END" if steps else _TEXT
    drops = " ".join(f"WHEN {cells.holds(d.when)} THEN {quote(d.reason)}" for d in mapping.drop)
    fields["dropped"] = f"CASE {drops} ELSE NULL END" if drops else _TEXT
    fields["key"] = _key(cells, mapping)
    return fields


def _event_type(cells: Cells, mapping: EventMap) -> str:
    base = cells.coded(mapping.type)
    if mapping.type.column and not mapping.type.values:
        base = f"CASE WHEN regexp_full_match({base}, '[a-z][a-z_]{{0,39}}') THEN {base} END"
    if not mapping.rules:
        return base
    steps = " ".join(
        f"WHEN {cells.holds(rule.when)} THEN {quote(rule.type)}" for rule in mapping.rules
    )
    return f"CASE {steps} ELSE {base} END"


def _extra(cells: Cells, column: str, kind: str) -> str:
    if kind == "text":
        return cells.text(column)
    number = cells.number(column)
    return number if kind == "decimal" else f"{number} // 10000"


def _key(cells: Cells, mapping: EventMap) -> str:
    """Return the text that tells events apart: chosen columns, or all that the row says."""
    if isinstance(mapping.duplicates, str):
        return cells.raw()
    parts = [cells.text(name) for name in mapping.duplicates]
    missing = " AND ".join(f"{part} IS NULL" for part in parts)
    listed = ", ".join(f"coalesce({part}, chr(30))" for part in parts)
    return f"CASE WHEN {missing} THEN NULL ELSE concat_ws(chr(31), {listed}) END"


def _quantity(mapping: EventMap) -> str:
    if mapping.quantity:
        return "q"
    return f"CASE WHEN event_type IN ({', '.join(map(quote, MONEY))}) THEN 10000 END"


def _amount(mapping: EventMap) -> str:
    """Return the line total as it came in, before any sign is set."""
    if mapping.amount:
        return "a"
    if mapping.price is None:
        return _BIG
    if not _unit(mapping.price):
        return "p"
    return "product_e4(p, quantity_in)"


def _signs(mapping: EventMap) -> dict[str, str]:
    """Return the layer of signs: what is returned or cancelled is taken off, a price is for one piece."""
    taken = ", ".join(map(quote, NEGATIVE))
    fields = {
        f"{name}_out": f"CASE WHEN event_type IN ({taken}) THEN -abs({name}_in) ELSE {name}_in END"
        for name in ("quantity", "amount")
    }
    divided = "abs(ratio_e4(amount_in, quantity_in))"
    fields["price_out"] = "abs(p)" if _unit(mapping.price) else divided
    return fields


def _unit(price: Price | None) -> bool:
    return price is not None and price.means == "unit"


def _findings(rows: Rows, mapping: EventMap, when: When) -> dict[str, str]:
    """Return what is odd about a row that can be read: a code, and when it holds."""
    money = f"event_type IN ({', '.join(map(quote, MONEY))})"
    found: dict[str, str] = {}
    if mapping.category:
        found["no-category"] = "category_in IS NULL"
        if mapping.category.known is not None:
            known = ", ".join(map(quote, mapping.category.known)) or "NULL"
            found["unknown-category"] = f"coalesce(category_in NOT IN ({known}), false)"
    if mapping.item:
        found["no-item"] = "item_in IS NULL"
    if mapping.quantity:
        found["no-quantity"] = f"quantity_in IS NULL AND {money}"
    if mapping.price or mapping.amount:
        found["no-amount"] = f"amount_in IS NULL AND {money}"
    if _unit(mapping.price) and mapping.amount:
        found["price-times-quantity-differs"] = (
            "coalesce(abs(CAST(product_e4(p, quantity_in) AS HUGEINT) - a) "
            f"> greatest({_TOLERANCE}, abs(a) // 100), false)"
        )
    found["clock-ambiguous"] = when.twice("t")
    found["clock-nonexistent"] = when.skipped("t")
    if mapping.subject.trailing_zero == "keep":
        found["id-decimal-zero"] = "coalesce(subject LIKE '%.0', false)"
    if not isinstance(mapping.duplicates, str):
        found["no-duplicate-key"] = "key IS NULL"
    for number, missing in enumerate(rows.missing):
        label = mapping.source.join[number].take
        found[f"no-record-for-{'-'.join(label).replace('_', '-')}"] = missing
    return {code: test for code, test in found.items() if test != "false"}


def _result(
    rows: Rows, mapping: EventMap, reasons: Reasons, findings: dict[str, str]
) -> dict[str, str]:
    told = "key" if isinstance(mapping.duplicates, str) else f"coalesce(key, {rows.cells.raw()})"
    dedup = (
        f"CAST('0x' || left(sha1(concat_ws(chr(31), row_key(), event_type, {told})), 15) AS BIGINT)"
    )
    outcome = (
        "CASE WHEN broken IS NULL AND dropped IS NOT NULL THEN 'dropped' "
        "WHEN why IS NOT NULL THEN 'bad' WHEN nobody THEN 'nobody' ELSE 'kept' END"
    )
    good = "why IS NULL AND dropped IS NULL"
    result = {
        "nr": "nr",
        "outcome": outcome,
        "reason": f"coalesce(broken, dropped, {reasons.reason('why')})",
        "field": reasons.field("why"),
        "content": f"CASE WHEN why IS NOT NULL AND (dropped IS NULL OR broken IS NOT NULL) "
        f"THEN {content(rows.relation.columns)} END",
        "subject": "CASE WHEN NOT nobody THEN subject END",
        "ts": "ts",
        "dedup": f"CASE WHEN {good} THEN {dedup} END",
        "event_type": "event_type",
        "item": "item_in",
        "category": "category_in",
        "session": "session_in" if mapping.session else _day_as_session(),
        "price": "price_out",
        "quantity": "quantity_out",
        "amount": "amount_out",
        "hour": zones.hour("local"),
        "weekday": zones.weekday("local"),
        "day": zones.day("local"),
        "flags": f"CASE WHEN {good} THEN {flags(findings)} ELSE 0 END",
    }
    return result | {f"x{number}": f"e{number}" for number in range(len(mapping.extra))}


def _day_as_session() -> str:
    """Return the shop's day as the session of data that have none: a day's purchases are one order."""
    return f"CAST({zones.day('local')} AS VARCHAR)"
