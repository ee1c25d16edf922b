# SPDX-License-Identifier: Apache-2.0
"""What values a fact can take, and the regions of values that a rule cannot tell apart.

The number line of a fact is cut at the constants against which the rule holds it; texts fall into
those that the rule names and all the others; no value is a region of its own. A region that no
value can reach is not there.
"""

from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from math import floor, inf, isfinite, nextafter
from typing import Literal as OneOf

from tagging.rules.evaluate import Value
from tagging.rules.tree import SCALE, Kind

Number = int | float

SOME_OTHER = "…"
"""Stands for a text that the rule does not name."""


@dataclass(frozen=True, slots=True)
class Domain:
    """The values that a fact can take at all; `choices` when they are a few whole numbers."""

    kind: Kind
    low: Number | None = None
    high: Number | None = None
    nullable: bool = True
    choices: tuple[int, ...] | None = None

    def holds(self, value: Value) -> bool:
        """Return whether a value belongs here."""
        if value is None:
            return self.nullable
        if isinstance(value, str):
            return True
        if self.choices is not None:
            return value in self.choices
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


@dataclass(frozen=True, slots=True)
class Region:
    """A set of values: an interval, some texts or truths, all texts but some, or no value.

    An interval includes its ends unless they are open; an end that is None is that of the domain.
    """

    form: OneOf["between", "among", "besides", "missing"]
    low: Number | None = None
    high: Number | None = None
    low_open: bool = False
    high_open: bool = False
    values: tuple[str | bool, ...] = ()

    def __contains__(self, value: Value) -> bool:
        if value is None:
            return self.form == "missing"
        if self.form in ("among", "besides"):
            return (value in self.values) == (self.form == "among")
        if self.form == "missing" or isinstance(value, str):
            return False
        above = self.low is None or value > self.low or (value == self.low and not self.low_open)
        below = (
            self.high is None or value < self.high or (value == self.high and not self.high_open)
        )
        return above and below

    def nearest(self, value: Value, domain: Domain) -> Value:
        """Return the value of this region, inside the domain, that is nearest to another."""
        if self.form == "missing":
            return None
        if self.form == "among":
            return self.values[0]
        if self.form == "besides":
            return _unlike(self.values)
        low, high = self._ends(domain)
        if value is None or isinstance(value, str):
            return low if low is not None else high if high is not None else 0
        if low is not None and value < low:
            return low
        return high if high is not None and value > high else value

    def _ends(self, domain: Domain) -> tuple[Number | None, Number | None]:
        low = domain.low if self.low is None else self.low
        high = domain.high if self.high is None else self.high
        if low is not None and self.low_open:
            low = nextafter(low, inf)
        if high is not None and self.high_open:
            high = nextafter(high, -inf)
        return low, high


MISSING = Region("missing")


def _unlike(texts: tuple[str | bool, ...]) -> str:
    text = SOME_OTHER
    while text in texts:
        text += SOME_OTHER
    return text


def between_cuts(tiers: Region, cuts: Sequence[Number], kind: Kind) -> Region:
    """Return the values of a measure that fall into some neighbouring tiers."""
    if tiers.form == "missing":
        return MISSING
    low = cuts[int(tiers.low) - 2] if tiers.low is not None and tiers.low > 1 else None
    high = cuts[int(tiers.high) - 1] if tiers.high is not None and tiers.high <= len(cuts) else None
    if kind == "real":
        return Region("between", low, high, low_open=low is not None)
    low = None if low is None else floor(low) + 1
    return Region("between", low, None if high is None else floor(high))


def distance(kind: Kind, before: Value, after: Value) -> float:
    """Return how big a step is, between 0 and 1: 1 means from or to no value at all."""
    if before is None or after is None:
        return 1.0
    if isinstance(before, str | bool) or isinstance(after, str | bool):
        return 0.5
    unit = SCALE if kind == "dec" else 1
    step = abs(after - before)
    return step / (step + max(abs(before), unit))


class Line:
    """All the values of one fact, in regions; neighbours with an equal `sign` are one region."""

    __slots__ = (
        "_of_text",
        "_other",
        "_points",
        "_table",
        "domain",
        "joined",
        "missing",
        "regions",
    )

    def __init__(
        self,
        domain: Domain,
        points: Iterable[Number],
        texts: Iterable[str],
        sign: Callable[[Value], Hashable],
    ) -> None:
        self.domain = domain
        self.regions: list[Region] = []
        self.joined: dict[tuple[int, int], Region] = {}
        self._points: Sequence[Number] = ()
        self._table: list[int] = []
        self._of_text: dict[str | bool, int] = {}
        self._other = 0
        if domain.kind == "text":
            self._cut_texts(sorted(set(texts)), sign)
        elif domain.kind == "bool":
            self._of_text = {False: 0, True: 1}
            self.regions = [Region("among", values=(truth,)) for truth in (False, True)]
        else:
            self._cut_numbers(points, sign)
        self.missing = -1
        if domain.nullable:
            self.missing = len(self.regions)
            self.regions.append(MISSING)

    def index(self, value: Value) -> int:
        """Return the number of the region of a value; -1 when the domain does not hold it."""
        if value is None:
            return self.missing
        if isinstance(value, str | bool):
            return self._of_text.get(value, self._other)
        if not self.domain.holds(value):
            return -1
        at = bisect_left(self._points, value)
        exact = at < len(self._points) and self._points[at] == value
        return self._table[2 * at + exact]

    def join(self, allowed: int, at: int) -> Region:
        """Return the regions of the set `allowed` (bits) that hang together around region `at`."""
        found = self.joined.get((allowed, at))
        if found is None:
            found = self.joined[(allowed, at)] = self._join(allowed, at)
        return found

    def run(self, allowed: int, at: int) -> int:
        """Return, as bits, the regions in `allowed` that hang together around region `at`."""
        if self.regions[at].form != "between":
            if at != self.missing and self.missing >= 0:
                allowed &= ~(1 << self.missing)
            return 1 << at if at == self.missing else allowed
        last = len(self.regions) - 1 - (self.missing >= 0)
        low = high = at
        while low > 0 and allowed >> (low - 1) & 1:
            low -= 1
        while high < last and allowed >> (high + 1) & 1:
            high += 1
        return (1 << (high + 1)) - (1 << low)

    def _join(self, allowed: int, at: int) -> Region:
        bits = self.run(allowed | 1 << at, at)
        parts = [region for n, region in enumerate(self.regions) if bits >> n & 1]
        if parts[0].form == "between":
            first, last = parts[0], parts[-1]
            return replace(first, high=last.high, high_open=last.high_open)
        rest = [part for part in parts if part.form == "besides"]
        named = [value for part in parts if part.form == "among" for value in part.values]
        if not rest:
            return Region("among", values=tuple(named)) if named else parts[0]
        return Region("besides", values=tuple(v for v in rest[0].values if v not in named))

    def _cut_texts(self, texts: list[str], sign: Callable[[Value], Hashable]) -> None:
        groups: dict[Hashable, list[str]] = {}
        for text in texts:
            groups.setdefault(sign(text), []).append(text)
        for group in groups.values():
            for text in group:
                self._of_text[text] = len(self.regions)
            self.regions.append(Region("among", values=tuple(group)))
        self._other = len(self.regions)
        self.regions.append(Region("besides", values=tuple(texts)))

    def _cut_numbers(self, points: Iterable[Number], sign: Callable[[Value], Hashable]) -> None:
        domain = self.domain
        whole = domain.kind != "real"
        given = domain.choices if domain.choices is not None else points
        inside = sorted({p for p in given if isfinite(p) and domain.holds(p)})
        self._points = inside
        before: Hashable = None
        for number in range(2 * len(inside) + 1):
            part = _piece(inside, number, domain, whole=whole)
            if part is None:
                self._table.append(-1)
                continue
            here = sign(part.nearest(None, domain))
            if self.regions and here == before:
                last = self.regions[-1]
                self.regions[-1] = replace(last, high=part.high, high_open=part.high_open)
            else:
                self.regions.append(part)
            before = here
            self._table.append(len(self.regions) - 1)
        self._free_the_ends()

    def _free_the_ends(self) -> None:
        """Leave out ends that are those of the domain: they need no mention."""
        self.regions[0] = replace(self.regions[0], low=None, low_open=False)
        self.regions[-1] = replace(self.regions[-1], high=None, high_open=False)


def _piece(points: list[Number], number: int, domain: Domain, *, whole: bool) -> Region | None:
    """Return the piece of the number line at an even (gap) or odd (point) place; None: empty."""
    at, exact = divmod(number, 2)
    if exact:
        return Region("between", points[at], points[at])
    if domain.choices is not None:
        return None
    low = points[at - 1] if at else None
    high = points[at] if at < len(points) else None
    if whole:
        low = domain.low if low is None else low + 1
        high = domain.high if high is None else high - 1
        empty = low is not None and high is not None and low > high
        return None if empty else Region("between", low, high)
    region = Region(
        "between",
        domain.low if low is None else low,
        domain.high if high is None else high,
        low is not None,
        high is not None,
    )
    return region if region.nearest(None, domain) in region else None
