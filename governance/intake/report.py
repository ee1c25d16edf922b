# SPDX-License-Identifier: Apache-2.0
"""What became of a file: counts by reason, and the rules that were used. Names nobody.

The report is printed, and kept with the intake; its figures are whole numbers, so that it has one
form. Quantities and amounts are in 1/10000 units.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from audit.clock import iso
from tagging.intake.stage import Staged

DONE, NOTHING, REFUSED = "done", "nothing-to-do", "refused"

MEANINGS: Mapping[str, str] = {
    "bad-number": "a number that is none, or beyond 100 billion",
    "bad-time": "a time that cannot be read",
    "bad-value": "a value that the mapping does not list",
    "broken-quote": "a quote that does not close, or closes too early",
    "broken-row": "a row that breaks the form of the file",
    "clock-ambiguous": "an hour that the shop's clock shows twice",
    "clock-nonexistent": "an hour that the shop's clock skips",
    "contradicting-age": "people with two ages",
    "contradicting-attributes": "attributes for which a person has two values",
    "contradicting-look-up-keys": "keys that a look-up has twice, with different values",
    "contradicting-regime": "people with two regimes",
    "expires-before-it-begins": "a consent that ends before it begins",
    "id-decimal-zero": 'ids that end in ".0": they went through a spreadsheet (trailing_zero: drop)',
    "id-lost-digits": "an id that a spreadsheet has turned into a rounded number",
    "items-in-two-categories": "items that stand in more than one category",
    "late": "events from before the last run, which has not seen them",
    "line-too-long": "a line without end",
    "negative-amount": "a negative amount that no rule explains",
    "negative-quantity": "a negative quantity that no rule explains",
    "no-amount": "a purchase without an amount",
    "no-category": "no category",
    "no-duplicate-key": "no key to tell duplicates by; the whole row was compared",
    "no-item": "no item",
    "no-quantity": "a purchase without a quantity",
    "no-subject": "no subject",
    "no-time": "no time",
    "not-an-object": "a line that is JSON, but no object",
    "not-json": "a line that is not JSON",
    "people-under-18": "people under 18",
    "corrections-kept": "values that people had corrected or deleted, and that were left alone",
    "corrections-ended": "corrections that ended because the source says something new",
    "placeholder-subject": 'a word such as "unknown" where an id should be (subject: none or accept)',
    "price-looks-like-line-total": "items whose price grows with the quantity (means: line_total?)",
    "price-times-quantity-differs": "price times quantity is not the amount",
    "time-out-of-bounds": "a time outside of time_bounds",
    "too-few-columns": "a row with too few cells",
    "too-many-columns": "a row with too many cells",
    "unknown-age": "an age that the mapping does not list",
    "unknown-category": "a category that the mapping does not list",
    "unknown-purpose": "a purpose that was never applied",
    "unknown-regime": "a regime that the mapping does not list",
    "unknown-type": "a type that the mapping does not list",
    "unusable-id": "an id with signs that nobody sees, or of more than 200 characters",
}


@dataclass(frozen=True, slots=True)
class TypeCount:
    """How many events of a type are new, with their quantity and amount in 1/10000 units."""

    event_type: str
    rows: int
    quantity_e4: int
    amount_e4: int


@dataclass(frozen=True, slots=True)
class Report:
    """The result of one intake."""

    id: str
    kind: str
    label: str
    state: str
    rows: int = 0
    added: int = 0
    people: int = 0
    new_people: int = 0
    no_subject: int = 0
    repeated: int = 0
    known: int = 0
    suppressed: int = 0
    """Rows about people who were erased."""
    dropped: Mapping[str, int] = field(default_factory=dict)
    bad: Mapping[str, int] = field(default_factory=dict)
    findings: Mapping[str, int] = field(default_factory=dict)
    by_type: tuple[TypeCount, ...] = ()
    first: str = ""
    last: str = ""
    rules: tuple[str, ...] = ()
    quarantine: str = ""
    """The file with the rows that could not be read; it holds personal data."""

    @property
    def bad_rows(self) -> int:
        """Rows that could not be read."""
        return sum(self.bad.values())

    def as_json(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return asdict(self)

    def lines(self) -> Iterator[str]:
        """Yield the report as lines for a person."""
        if self.state == NOTHING:
            yield f"{self.label}: nothing to do, this file came in already ({self.id})"
            return
        yield f"{self.label}: {self.rows:,} rows → {self.added:,} {self.kind} added ({self.id})"
        if self.people:
            yield f"  people            {self.people:,}, of whom new {self.new_people:,}"
        for kind in self.by_type:
            amount = f", amount {decimals(kind.amount_e4)}" if kind.amount_e4 else ""
            yield f"  {kind.event_type:<17} {kind.rows:,} events{amount}"
        if self.first:
            yield f"  period            {self.first} to {self.last}"
        yield from _count("no subject", self.no_subject, "feed the totals only")
        yield from _count("repeated", self.repeated, "stand in the file more than once")
        yield from _count("known", self.known, "came in before")
        yield from _count("erased people", self.suppressed, "rows about them are not kept")
        for title, counts in (("left out", self.dropped), ("unreadable", self.bad)):
            for reason, count in sorted(counts.items(), key=lambda item: -item[1]):
                yield from _count(title, count, _told(reason) if title == "unreadable" else reason)
        for code, count in sorted(self.findings.items(), key=lambda item: -item[1]):
            yield from _count("to look at", count, _told(code))
        for rule in self.rules:
            yield f"  rule              {rule}"
        if self.quarantine:
            yield f"  quarantine        {self.quarantine} (personal data: keep it, or delete it)"


def decimals(e4: int) -> str:
    """Return a number of 1/10000 units with two decimals, half-even."""
    cents, rest = divmod(abs(e4), 100)
    cents += rest > 50 or (rest == 50 and cents % 2 == 1)
    sign = "-" if e4 < 0 else ""
    return f"{sign}{cents // 100:,}.{cents % 100:02d}"


def counts(staged: Staged) -> dict[str, Any]:
    """Return the fields of a report that staging has counted."""
    return {
        "rows": staged.rows,
        "no_subject": staged.outcomes.get("nobody", 0),
        "dropped": dict(staged.dropped),
        "bad": dict(staged.bad),
        "findings": dict(staged.findings),
    }


def period(first: int | None, last: int | None) -> dict[str, str]:
    """Return the first and last instant of a report, as text."""
    return {"first": iso(first), "last": iso(last)}


def _count(title: str, count: int, what: str) -> Iterator[str]:
    if count:
        yield f"  {title:<17} {count:,} {what}"


def _told(code: str) -> str:
    meaning = MEANINGS.get(code, "")
    return f"{code}: {meaning}" if meaning else code
