# SPDX-License-Identifier: Apache-2.0
"""What a mapping would do with the first rows of a file; and a mapping for a file nobody has described.

Changes nothing, and needs no workspace. Shows shapes of values (letters and digits masked), because
the values are people's; the values themselves only when that is asked for.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from audit.clock import Micros, from_micros, iso
from audit.errors import BadInput
from governance.intake.report import MEANINGS, decimals
from policies.document import parse_documents
from tagging.intake import clean, consents, people
from tagging.intake.clean import Cleaning
from tagging.intake.duck import Duck, opened
from tagging.intake.guess import guess_source
from tagging.intake.loading import Mapping as Loaded
from tagging.intake.loading import parsed
from tagging.intake.mapping import KINDS, AnyMap, ConsentMap, EventMap, ProfileMap
from tagging.intake.parts import Bounds
from tagging.intake.propose import Sample, propose
from tagging.intake.rows import Rows, join_all, when
from tagging.intake.source import Relation, open_source
from tagging.intake.stage import Staged, stage

ROWS = 1000
BYTES = 4 << 20
SHAPES = 3
_CODES = ("event_type", "hour", "weekday", "purpose", "state", "kind")
_MONEY = ("price", "quantity", "amount")
_LONGEST = 40


@dataclass(frozen=True, slots=True)
class Field:
    """A target field: how many rows fill it, and what its values look like."""

    name: str
    filled: int
    samples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What would become of the first rows."""

    label: str
    kind: str
    rows: int = 0
    outcomes: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[str, int] = field(default_factory=dict)
    findings: Mapping[str, int] = field(default_factory=dict)
    fields: tuple[Field, ...] = ()
    proposal: str = ""
    """A mapping as YAML, when none was given."""
    unusable: str = ""
    """Why the proposal could not be tried out."""

    def as_json(self) -> dict[str, Any]:
        """Return the preview as plain values."""
        return {
            "label": self.label,
            "kind": self.kind,
            "rows": self.rows,
            "outcomes": dict(self.outcomes),
            "reasons": dict(self.reasons),
            "findings": dict(self.findings),
            "fields": [
                {"name": f.name, "filled": f.filled, "samples": list(f.samples)}
                for f in self.fields
            ],
            "proposal": self.proposal,
            "unusable": self.unusable,
        }

    def counts(self) -> Iterator[str]:
        """Yield what would become of the rows, as lines for a person."""
        yield f"{self.label}: first {self.rows:,} rows as {self.kind}"
        for outcome, count in self.outcomes.items():
            yield f"  {_OUTCOMES.get(outcome, outcome):<17} {count:,}"
        for code, count in (*self.reasons.items(), *self.findings.items()):
            yield f"  {code:<30} {count:>7,}  {MEANINGS.get(code, '')}".rstrip()


_OUTCOMES = {
    "kept": "would come in",
    "nobody": "totals only",
    "dropped": "left out",
    "bad": "unreadable",
}


def preview(
    path: Path,
    mapping: Loaded[AnyMap] | None,
    *,
    zone: str,
    now: Micros,
    folder: Path | None = None,
    show_values: bool = False,
) -> Preview:
    """Return what a mapping would do with the first rows; without one, what a proposed one would.

    Raises BadInput for a file that cannot be read or a mapping that does not fit it.
    """
    with tempfile.TemporaryDirectory(prefix="tagwarden-") as scratch, opened(Path(scratch)) as duck:
        if mapping is not None:
            return _tried(duck, path, mapping, (zone, now), folder, show_values=show_values)
        proposal = _proposal(duck, path, zone)
        kind = proposal.partition("kind: ")[2].partition("\n")[0]
        try:
            loaded = parsed(parse_documents(proposal, "proposal.yaml")[0], KINDS[kind])
            found = _tried(duck, path, loaded, (zone, now), folder, show_values=show_values)
        except BadInput as error:
            return Preview(path.name, kind, proposal=proposal, unusable=error.message)
        return replace(found, proposal=proposal)


def _proposal(duck: Duck, path: Path, zone: str) -> str:
    source, told = guess_source(path)
    relation = open_source(duck, path, source, limit=BYTES)
    cells = ", ".join(f"CAST({column.sql} AS VARCHAR)" for column in relation.columns)
    rows = duck.rows(f"SELECT {cells} FROM ({relation.sql}) WHERE nr <= {ROWS} ORDER BY nr")
    values: Sequence[Sequence[str | None]] = list(zip(*rows, strict=True)) if rows else []
    names = [column.name for column in relation.columns]
    columns = dict(zip(names, values or [()] * len(names), strict=True))
    return propose(Sample(columns, told, zone))


def _tried(
    duck: Duck,
    path: Path,
    mapping: Loaded[AnyMap],
    clock: tuple[str, Micros],
    folder: Path | None,
    *,
    show_values: bool,
) -> Preview:
    relation: Relation = open_source(duck, path, mapping.map.source, limit=BYTES)
    relation = replace(relation, slices=(f"nr <= {ROWS}",))
    mapping.check_columns((c.name for c in relation.columns), relation.repeated)
    rows = join_all(duck, relation, mapping.map.source, folder or path.parent)
    staged = stage(duck, _cleaning(rows, mapping.map, clock))
    return Preview(
        path.name,
        type(mapping.map).__name__,
        staged.rows,
        dict(staged.outcomes),
        {**staged.bad, **staged.dropped},
        dict(staged.findings),
        tuple(_fields(duck, staged, show_values=show_values)),
    )


def _cleaning(rows: Rows, mapping: AnyMap, clock: tuple[str, Micros]) -> Cleaning:
    zone, now = clock
    if isinstance(mapping, EventMap):
        return clean.events(rows, mapping, when(mapping.time, mapping.time_bounds, zone, now))
    if isinstance(mapping, ProfileMap):
        return people.profiles(rows, mapping, from_micros(now).date())
    assert isinstance(mapping, ConsentMap)  # noqa: S101  (the three kinds there are)
    time = when(mapping.time, mapping.time_bounds, zone, now)
    end = when(mapping.expires, Bounds(latest="2199-01-01"), zone, now) if mapping.expires else None
    return consents.consents(rows, mapping, (time, end), None)


_NOT_FIELDS = ("nr", "outcome", "reason", "field", "content", "dedup", "day", "flags")


def _fields(duck: Duck, staged: Staged, *, show_values: bool) -> Iterator[Field]:
    extras = [name for name, _ in staged.cleaning.extras]
    money = {f"x{n}" for n, (_, kind) in enumerate(staged.cleaning.extras) if kind == "decimal"}
    for column in staged.cleaning.columns:
        if column in _NOT_FIELDS:
            continue
        found = duck.rows(
            f"SELECT {column}, count(*) FROM {staged.files} WHERE outcome IN ('kept', 'nobody') "
            f"AND {column} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1"
        )
        if not found and column not in ("subject", "ts"):
            continue
        name = extras[int(column[1:])] if column[0] == "x" and column[1:].isdigit() else column
        told = [_told(column, value, money=column in money) for value, _ in found]
        if not show_values and column not in _CODES:
            told = [shape(text) for text in told]
        samples = tuple(dict.fromkeys(told))[:SHAPES]
        yield Field(name, sum(int(count) for _, count in found), samples)


def _told(column: str, value: object, *, money: bool) -> str:
    if column in ("ts", "expires"):
        return iso(int(str(value)))
    if column == "age" and isinstance(value, int):
        return people.BANDS[value]
    if column in _MONEY or money:
        return decimals(int(str(value)))
    return str(value)[:_LONGEST]


def shape(text: str) -> str:
    """Return what a value looks like: a letter is a or A, a digit 9, a Chinese sign 字."""
    signs = []
    for sign in text[:_LONGEST]:
        if sign.isdigit():
            signs.append("9")
        elif "\u3400" <= sign <= "\u9fff":
            signs.append("字")
        elif sign.isalpha():
            signs.append("A" if sign.isupper() else "a")
        else:
            signs.append(sign)
    return "".join(signs)
