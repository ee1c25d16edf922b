# SPDX-License-Identifier: Apache-2.0
"""Reads single cells, as SQL: text, exact numbers, times, conditions, closed choices.

A text cell never passes through floating point. An id is text: what a spreadsheet has turned into
a number that lost digits is recognised, not repaired.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

from audit.clock import SECOND
from tagging.intake.parts import Coded, Numbers, Text, When
from tagging.rules.lower import DUCKDB

quote, ident = DUCKDB.quote, DUCKDB.ident

EXACT_FLOAT = 1 << 53
"""From here on a floating-point number no longer tells neighbouring integers apart."""
_EXACT_INTEGER = 922_337_203_685_477
_FULL_WIDTH = ("０１２３４５６７８９．－，", "0123456789.-,")
_SCIENTIFIC = "[0-9]([.][0-9]+)?[eE][+][0-9]+"
_OFFSET = r":[0-9]{2}([.][0-9]+)?\s*([A-Za-z][A-Za-z/_]*|[+-][0-9]{2}(:?[0-9]{2})?)$"
PLACEHOLDERS = (
    *("null", "none", "nan", "na", "n/a", "#n/a", "nil", "unknown", "undefined", "anonymous"),
    *("guest", "-", "?", "(null)", "未知", "匿名", "游客", "无", "空"),
)
"""Words that stand where an id is missing: as an id they would make one person out of thousands."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a source: the name people know, how SQL calls it, what it holds."""

    name: str
    sql: str
    type: str = "text"
    """text, integer, float, decimal, boolean, date, timestamp, timestamptz or other."""
    own: bool = True
    """Whether it stands in the file itself, not in a look-up."""


def column_type(engine_type: str) -> str:
    """Return the kind of column that a type of the engine is."""
    head = engine_type.split("(", maxsplit=1)[0]
    if head.endswith("[]") or head in ("STRUCT", "MAP", "BLOB", "UNION"):
        return "other"
    known = {
        "VARCHAR": "text",
        "ENUM": "text",
        "DOUBLE": "float",
        "FLOAT": "float",
        "DECIMAL": "decimal",
        "BOOLEAN": "boolean",
        "DATE": "date",
        "TIMESTAMP WITH TIME ZONE": "timestamptz",
    }
    if head in known:
        return known[head]
    if head.startswith("TIMESTAMP"):
        return "timestamp"
    return "integer" if head.endswith(("INT", "INTEGER")) else "other"


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of a source, by the name of their column."""

    columns: Mapping[str, Column]
    nulls: tuple[str, ...] = ("",)
    numbers: Numbers = field(default_factory=Numbers)

    def layers(self, source: str) -> str:
        """Return SQL that adds to each row of `source` the text and the number of every cell.

        They are named, so that each is worked out once however often a mapping uses it; those that
        nothing uses cost nothing.
        """
        texts = ", ".join(f"{self.read_text(c)} AS t_{c.sql}" for c in self.columns.values())
        numbers = ", ".join(
            f"fits({self._read_number(c)}) AS n_{c.sql}" for c in self.columns.values()
        )
        return f"(SELECT *, {numbers} FROM (SELECT *, {texts} FROM {source}))"

    def text(self, name: str) -> str:
        """Return SQL for the text of a cell, trimmed; NULL when it holds nothing."""
        return f"t_{self.columns[name].sql}"

    def number(self, name: str) -> str:
        """Return SQL for a number in 1/10000 units, half-even; NULL when it is none."""
        return f"n_{self.columns[name].sql}"

    def read_text(self, column: Column) -> str:
        """Return the SQL that `layers` names: the text of a cell."""
        c = column.sql
        if not column.own and column.type == "text":
            return c  # was read when the look-up was made
        if column.type == "float":
            return (
                f"CASE WHEN {c} = trunc({c}) AND abs({c}) < {EXACT_FLOAT} "
                f"THEN CAST(CAST({c} AS BIGINT) AS VARCHAR) "
                f"WHEN isfinite({c}) THEN CAST({c} AS VARCHAR) END"
            )
        plain = f"clean({c})" if column.type == "text" else f"CAST({c} AS VARCHAR)"
        words = [word.strip() for word in self.nulls if word.strip()]
        if column.type == "integer":
            words = [word for word in words if word.lstrip("-").isdigit()]
        if not words:
            return plain
        return f"CASE WHEN {plain} NOT IN ({', '.join(map(quote, words))}) THEN {plain} END"

    def _read_number(self, column: Column) -> str:
        c, t = column.sql, f"t_{column.sql}"
        if column.type == "integer":
            return (
                f"CASE WHEN abs(CAST({c} AS HUGEINT)) <= {_EXACT_INTEGER} "
                f"THEN CAST({c} AS BIGINT) * 10000 END"
            )
        if column.type == "float":
            return f"TRY_CAST({c} * 10000 AS BIGINT)"
        if column.type != "text":
            return f"e4({t})"
        wide, narrow = (quote(signs) for signs in _FULL_WIDTH)
        narrowed = self._digits(f"translate({t}, {wide}, {narrow})")
        return f"coalesce(e4({self._digits(t)}), e4({narrowed}))"

    def word(self, spec: Text) -> str:
        """Return SQL for an id or word, mended as the mapping says."""
        found = self.text(spec.column)
        if spec.trailing_zero == "drop":
            found = f"regexp_replace({found}, '[.]0+$', '')"
        if spec.width:
            found = (
                f"CASE WHEN length({found}) < {spec.width} AND regexp_full_match({found}, '[0-9]+') "
                f"THEN lpad({found}, {spec.width}, '0') ELSE {found} END"
            )
        return found

    def lost_digits(self, name: str, word: str) -> str:
        """Return SQL that is true for an id that a number has spoilt; `word` is its text."""
        column = self.columns[name]
        if column.type == "float":
            return f"coalesce(abs({column.sql}) >= {EXACT_FLOAT}, false)"
        if column.type != "text":
            return "false"
        return (
            f"coalesce(contains({word}, '+') AND regexp_full_match({word}, '{_SCIENTIFIC}'), false)"
        )

    def _digits(self, text: str) -> str:
        for sign in self.numbers.strip:
            text = f"replace({text}, {quote(sign)}, '')"
        if self.numbers.thousands:
            text = f"replace({text}, {quote(self.numbers.thousands)}, '')"
        if self.numbers.decimal != ".":
            text = f"replace({text}, {quote(self.numbers.decimal)}, '.')"
        return f"trim({text})" if self.numbers.strip else text

    def unreadable(self, name: str) -> str:
        """Return SQL that is true where a cell holds something that is not a number."""
        column = self.columns[name]
        there = (
            f"NOT isnan({column.sql})" if column.type == "float" else f"{column.sql} IS NOT NULL"
        )
        if column.type == "text":
            there = f"{self.text(name)} IS NOT NULL"
        return f"({self.number(name)} IS NULL AND coalesce({there}, false))"

    def instant(self, name: str, form: str, clock: str | None = None) -> tuple[str, str]:
        """Return SQL for the microseconds that a cell's time shows, and whether it is UTC surely."""
        column = self.columns[name]
        c = column.sql
        if column.type == "timestamptz":
            return f"epoch_us({c})", "true"
        if column.type in ("timestamp", "date") and clock is None:
            return f"epoch_us(CAST({c} AS TIMESTAMP))", "false"
        t = self.text(name)
        if clock is not None:
            day = f"left({t}, 10)" if column.type == "timestamp" else t
            t = f"({day} || ' ' || {self.text(clock)})"
        if form == "auto":
            return _auto(t), f"(regexp_matches({t}, {quote(_OFFSET)}) OR {_epoch(t)})"
        if form.startswith("epoch_"):
            scale = {"epoch_s": SECOND, "epoch_ms": 1000, "epoch_us": 1}[form]
            return f"CAST(floor(TRY_CAST({t} AS DECIMAL(28, 6)) * {scale}) AS BIGINT)", "true"
        parsed = f"try_strptime({t}, {quote(form)})"
        if "%z" in form:
            return f"epoch_us({parsed})", "true"
        return f"epoch_us(CAST({parsed} AS TIMESTAMP))", "false"

    def holds(self, conditions: tuple[When, ...]) -> str:
        """Return SQL that is true where all the conditions hold; an empty cell fulfils only `empty`."""
        return "(" + " AND ".join(self._test(condition) for condition in conditions) + ")"

    def _test(self, when: When) -> str:
        ((test, value),) = when.tests().items()
        t = self.text(when.column)
        if test == "empty":
            return f"({t} IS {'' if value else 'NOT '}NULL)"
        if test in ("less_than", "more_than"):
            sign = "<" if test == "less_than" else ">"
            return f"coalesce({self.number(when.column)} {sign} {in_e4(value)}, false)"
        if test == "equals":
            return self._equals(when.column, value)
        if test == "one_of":
            return "(" + " OR ".join(self._equals(when.column, item) for item in value) + ")"
        return f"coalesce({test}({t}, {quote(str(value))}), false)"

    def _equals(self, name: str, value: int | Decimal | str) -> str:
        if isinstance(value, str):
            return f"coalesce({self.text(name)} = {quote(value)}, false)"
        return f"coalesce({self.number(name)} = {in_e4(Decimal(value))}, false)"

    def coded(self, choice: Coded) -> str:
        """Return SQL for a closed choice; NULL when the cell's value is not on the list.

        A column without a list of values gives its text.
        """
        if choice.constant is not None:
            return quote(choice.constant)
        t = self.text(str(choice.column))
        if not choice.values:
            return t if choice.other is None else f"coalesce({t}, {quote(choice.other)})"
        other = "NULL" if choice.other is None else quote(choice.other)
        return renamed(t, choice.values, other)

    def raw(self) -> str:
        """Return SQL for the whole row of the file as one text: equal exactly for equal rows."""
        parts = [
            f"coalesce({c.sql if c.type == 'text' else f'CAST({c.sql} AS VARCHAR)'}, chr(30))"
            for c in self.columns.values()
            if c.own
        ]
        return f"concat_ws(chr(31), {', '.join(parts)})"


def readable(path: Path) -> str:
    """Return SQL for a file to read: this file, whatever signs its name holds."""
    return quote("".join(f"[{sign}]" if sign in "*?[" else sign for sign in str(path)))


def renamed(text: str, names: Mapping[str, str], other: str) -> str:
    """Return SQL that gives each text its new name, and `other` (SQL) to those without one."""
    steps = " ".join(f"WHEN {quote(old)} THEN {quote(new)}" for old, new in names.items())
    return f"CASE {text} {steps} ELSE {other} END"


def in_e4(value: Decimal) -> int:
    """Return a number in 1/10000 units, half-even."""
    return int((value * 10000).quantize(Decimal(1), ROUND_HALF_EVEN))


def _auto(t: str) -> str:
    digits = (
        f"CASE length({t}) WHEN 10 THEN TRY_CAST({t} AS BIGINT) * {SECOND} "
        f"WHEN 13 THEN TRY_CAST({t} AS BIGINT) * 1000 WHEN 16 THEN TRY_CAST({t} AS BIGINT) "
        f"WHEN 8 THEN epoch_us(CAST(try_strptime({t}, '%Y%m%d') AS TIMESTAMP)) "
        f"WHEN 14 THEN epoch_us(CAST(try_strptime({t}, '%Y%m%d%H%M%S') AS TIMESTAMP)) END"
    )
    joined = f"regexp_replace({t}, '\\s+([+-][0-9]{{2}}:?[0-9]{{2}})$', '\\1')"
    return (
        f"coalesce(epoch_us(TRY_CAST({t} AS TIMESTAMPTZ)), "
        f"CASE WHEN regexp_full_match({t}, '[0-9]+') THEN {digits} "
        f"ELSE epoch_us(TRY_CAST({joined} AS TIMESTAMPTZ)) END)"
    )


def _epoch(t: str) -> str:
    return f"(length({t}) IN (10, 13, 16) AND regexp_full_match({t}, '[0-9]+'))"
