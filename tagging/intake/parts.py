# SPDX-License-Identifier: Apache-2.0
"""The parts that mappings are made of: the source, columns, conditions, clocks, closed choices.

Refuses what would have to be guessed: a date whose day and month could change places, a condition
that tests two things at once, a file without a header and without names.
"""

import re
from decimal import Decimal
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from audit.clock import parse_time
from policies.document import Strict, nearest

STATES = ("given", "refused", "withdrawn")
CONSENT_KINDS = ("ordinary", "explicit", "separate", "guardian")
BANDS = ("0-12", "13", "14-15", "16-17", "18+", "unknown")
_CODE = re.compile(r"[a-z][a-z_]{0,39}\Z")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")
_CATEGORY = re.compile(r"(user|system|x)(\.[a-z][a-z0-9_]*)+\Z")
_DIRECTIVES = frozenset("YmdHMSfybBpIzjaAgn%")

Encoding = Literal[
    "utf-8", "utf-16", "latin-1", "windows-1252", "gb18030", "gbk", "big5", "shift_jis"
]
Band = Literal["0-12", "13", "14-15", "16-17", "18+", "unknown"]
Format = Literal["csv", "tsv", "parquet", "jsonl", "database"]


def _checked(pattern: re.Pattern[str], what: str) -> AfterValidator:
    def check(text: str) -> str:
        if not pattern.match(text):
            raise ValueError(f'"{text}" is not {what}')
        return text

    return AfterValidator(check)


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f'"{name}" is not a time zone such as Asia/Shanghai') from None
    return name


def _bound(text: str) -> str:
    if re.match(r"now(\+[0-9]{1,4}[hd])?\Z", text):
        return text
    try:
        at = parse_time(text)
    except ValueError:
        raise ValueError(f'"{text}" is not a date, or now, or now+1d') from None
    if at < 0:
        raise ValueError("times before 1970 are not kept")
    return text


def _format(text: str) -> str:
    if text in ("auto", "epoch_s", "epoch_ms", "epoch_us"):
        return text
    used = re.findall(r"%-?(.)", text)
    if not used or set(used) - _DIRECTIVES:
        raise ValueError(
            f'"{text}" is not auto, epoch_s, epoch_ms, epoch_us or a form like %d/%m/%Y'
        )
    if not {"d", "m"} <= set(used) and not {"d", "b"} <= set(used) and not {"d", "B"} <= set(used):
        raise ValueError("a form of time needs a day and a month")
    if not {"Y", "y"} & set(used):
        raise ValueError("a form of time needs a year")
    return text


def _scalar(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value


def _as_column(value: object) -> object:
    return {"column": value} if isinstance(value, str) else value


Code = Annotated[str, _checked(_CODE, "a code: small letters and _")]
Name = Annotated[str, _checked(_NAME, "a name: small letters, digits and _")]
CategoryKey = Annotated[
    str, _checked(_CATEGORY, "a category such as user.demographic or x.loyalty")
]
Zone = Annotated[str, AfterValidator(_zone)]
Bound = Annotated[str, AfterValidator(_bound)]
TimeFormat = Annotated[str, AfterValidator(_format)]
Scalar = Annotated[int | Decimal | str, BeforeValidator(_scalar)]
"""What a condition compares with: a bare number compares as a number, quoted text as text."""


class Numbers(Strict):
    """How numbers are written: `1.234,50 €` has decimal ",", thousands "." and strip "€"."""

    decimal: Literal[".", ","] = "."
    thousands: Literal["", ".", ",", " ", "'"] = ""
    strip: str = Field(default="", max_length=20)

    @model_validator(mode="after")
    def _differ(self) -> Self:
        if self.decimal == self.thousands:
            raise ValueError("decimal and thousands are the same sign")
        return self


class Join(Strict):
    """A second file that adds columns by a key; a key without a record adds nothing."""

    file: str = Field(min_length=1)
    on: str = Field(min_length=1)
    """The column of this key, in both files."""
    key: str | None = None
    """Its name in the second file, when that differs."""
    take: dict[str, str] = Field(min_length=1)
    """New column name → column of the second file."""


class Source(Strict):
    """How the file is written. What is left out is taken from the file's name and first bytes."""

    format: Format | None = None
    encoding: Encoding = "utf-8"
    delimiter: str | None = Field(default=None, min_length=1, max_length=4)
    quote: str = Field(default='"', max_length=1)
    header: bool = True
    skip: int = Field(default=0, ge=0, le=1000)
    columns: tuple[str, ...] = ()
    nulls: tuple[str, ...] = ("",)
    numbers: Numbers = Numbers()
    join: tuple[Join, ...] = ()
    table: str | None = None
    query: str | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not self.header and not self.columns and self.format not in ("parquet", "jsonl"):
            raise ValueError("without a header, columns must list the names")
        if len(set(self.columns)) != len(self.columns):
            raise ValueError("columns names one column twice")
        if self.format == "database" and (self.table is None) == (self.query is None):
            raise ValueError("a database needs either table or query")
        return self


class When(Strict):
    """A condition on one column: exactly one test."""

    column: str
    equals: Scalar | None = None
    one_of: tuple[Scalar, ...] = ()
    starts_with: str | None = None
    ends_with: str | None = None
    contains: str | None = None
    less_than: Decimal | None = None
    more_than: Decimal | None = None
    empty: bool | None = None

    @model_validator(mode="after")
    def _one_test(self) -> Self:
        if len(self.tests()) != 1:
            raise ValueError(
                "exactly one of equals, one_of, starts_with, ends_with, contains, less_than, "
                "more_than, empty"
            )
        return self

    def tests(self) -> dict[str, Any]:
        """Return the tests that are given."""
        values = {name: getattr(self, name) for name in type(self).model_fields if name != "column"}
        return {name: value for name, value in values.items() if value is not None and value != ()}


def _as_conditions(value: object) -> object:
    return (value,) if isinstance(value, dict) else value


Conditions = Annotated[tuple[When, ...], BeforeValidator(_as_conditions), Field(min_length=1)]
"""One condition, or a list of which all must hold."""


class Rule(Strict):
    """Rows on which the conditions hold are of this type, whatever the type column says."""

    type: Code
    when: Conditions


class Drop(Strict):
    """Rows on which the conditions hold are left out, and counted under the reason."""

    reason: Annotated[str, _checked(re.compile(r"[a-z][a-z0-9-]{0,39}\Z"), "a kebab-case reason")]
    when: Conditions


class Text(Strict):
    """A column of ids or words. Ids are text, always: nothing is turned into a number."""

    column: str
    trailing_zero: Literal["keep", "drop"] = "keep"
    """drop: "12.0", an id that went through a spreadsheet, is "12"."""
    width: int | None = Field(default=None, ge=1, le=64)
    """Zeros that were lost in front are put back up to this many digits."""


TextColumn = Annotated[Text, BeforeValidator(_as_column)]


class Subject(Text):
    """Who the row is about."""

    none: tuple[str, ...] = ()
    """Values that mean: nobody. Such rows feed totals only."""
    accept: tuple[str, ...] = ()
    """Values that look like a missing id ("unknown", "null") and yet are one."""


SubjectColumn = Annotated[Subject, BeforeValidator(_as_column)]


class Time(Strict):
    """When it happened, and whose clock says so."""

    column: str
    clock: str | None = None
    """A second column with the time of day, when `column` holds only the date."""
    format: TimeFormat = "auto"
    zone: Zone | None = None
    """The shop's clock, for hour and weekday. Default: the workspace's."""
    stored: Literal["local", "UTC"] = "local"
    """What a time without an offset is: on the shop's clock, or UTC already."""
    ambiguous: Literal["earlier", "later", "quarantine"] = "earlier"
    """The hour that comes twice when summer ends."""
    nonexistent: Literal["shift", "quarantine"] = "shift"
    """The hour that is skipped when summer begins."""


TimeColumn = Annotated[Time, BeforeValidator(_as_column)]


class Coded(Strict):
    """A closed choice: the same for all rows, or read from a column through a list of values."""

    constant: str | None = None
    column: str | None = None
    values: dict[str, str] = Field(default_factory=dict)
    other: str | None = None
    """What every other value means; without it such rows are quarantined."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.constant is None) == (self.column is None):
            raise ValueError("either constant or column")
        if self.constant is not None and (self.values or self.other):
            raise ValueError("values and other belong to a column")
        return self

    def results(self) -> tuple[str, ...]:
        """Return every code that this can give."""
        found = (self.constant, *self.values.values(), self.other)
        return tuple(dict.fromkeys(code for code in found if code is not None))


def _as_constant(value: object) -> object:
    return {"constant": value} if isinstance(value, str) else value


def _codes(pattern: re.Pattern[str], what: str, known: tuple[str, ...] = ()) -> AfterValidator:
    def check(coded: Coded) -> Coded:
        for code in coded.results():
            if not pattern.match(code) or (known and code not in known):
                hint = nearest(code, known)
                raise ValueError(f'"{code}" is not {what}{"; " + hint if hint else ""}')
        return coded

    return AfterValidator(check)


TypeOf = Annotated[
    Coded,
    BeforeValidator(_as_constant),
    _codes(_CODE, "a type of event: small letters and _"),
]
RegimeOf = Annotated[
    Coded,
    BeforeValidator(_as_constant),
    _codes(_CODE, "gdpr, pipl_cn or ccpa", ("gdpr", "pipl_cn", "ccpa")),
]


class Category(Text):
    """What kind of goods it is."""

    map: dict[str, str] = Field(default_factory=dict)
    """Old name → the name to use."""
    known: tuple[str, ...] | None = None
    """The names that are expected; others are kept, and counted as unknown-category."""


class Number(Strict):
    """A column of numbers, exact to 1/10000."""

    column: str


class Price(Number):
    """What was paid: for one piece, or for the whole line."""

    means: Literal["unit", "line_total"] = "unit"


class Extra(Strict):
    """A column of the shop's own that rules may use."""

    column: str
    type: Literal["text", "decimal", "integer"] = "text"


class Bounds(Strict):
    """Times outside of these are not believed."""

    earliest: Bound = "2000-01-01"
    latest: Bound = "now+1d"


CategoryColumn = Annotated[Category, BeforeValidator(_as_column)]
NumberColumn = Annotated[Number, BeforeValidator(_as_column)]
PriceColumn = Annotated[Price, BeforeValidator(_as_column)]
ExtraColumn = Annotated[Extra, BeforeValidator(_as_column)]
Constant = Annotated[Coded, BeforeValidator(_as_constant)]
StateOf = Annotated[Constant, _codes(_CODE, "given, refused or withdrawn", STATES)]
ConsentKindOf = Annotated[
    Constant, _codes(_CODE, "ordinary, explicit, separate or guardian", CONSENT_KINDS)
]
