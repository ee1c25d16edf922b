# SPDX-License-Identifier: Apache-2.0
"""The register of what the law asks, with what covers each row. Refuses a row that claims too much.

A row that is done or partly done says by what, and names rules, reasons, acts or clocks that are
there; an open row claims nothing. Every id of the register has its row, and every open row stands in
the list of open ones, so that nothing vanishes and nothing is hidden.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, Literal, get_args

from pydantic import Field

from audit.errors import NotFound, Problems
from audit.evidence.entry import ACTS
from policies.document import Document, Strict, nearest, parse_documents, validate
from policies.packs import packs
from policies.rules import Pack, Provenance, Texts, Why
from policies.vocabulary import Reason, Regime

How = Literal["decision", "evidence", "duty", "clock"]
Severity = Literal["block", "gate", "duty", "advise"]
Coverage = Literal["done", "partly", "open"]

FILE: Final = "obligations.yaml"
COVERAGES: Final[tuple[Coverage, ...]] = get_args(Coverage)
_NEEDS: Final[Mapping[How, tuple[str, ...]]] = {
    "decision": ("rules", "reasons"),
    "evidence": ("acts", "documents"),
    "duty": ("commands",),
    "clock": ("clocks",),
}


@dataclass(frozen=True, slots=True)
class Obligation:
    """What the law asks in one regime, how the product answers it, and how much of it is there."""

    id: str
    regime: str
    article: str
    when: Mapping[str, str]
    must: Mapping[str, str]
    kind: How
    severity: Severity
    state: Coverage
    by: Mapping[str, str]
    """What covers it, in the languages of people; empty when nothing does."""
    lacks: Mapping[str, str]
    """What is missing; empty when nothing is."""
    rules: tuple[str, ...]
    reasons: tuple[str, ...]
    documents: tuple[str, ...]
    acts: tuple[str, ...]
    commands: tuple[str, ...]
    clocks: tuple[str, ...]
    provenance: str
    sources: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Return everything by name that covers it, or will."""
        return (
            *self.rules,
            *self.reasons,
            *self.documents,
            *self.acts,
            *self.commands,
            *self.clocks,
        )


@dataclass(frozen=True, slots=True)
class Register:
    """All obligations, the ids that must be there, and those that are known to be open."""

    as_of: str
    sources: Mapping[str, str]
    ids: Mapping[str, tuple[str, ...]]
    open: frozenset[str]
    rows: tuple[Obligation, ...]


class _Row(Strict):
    id: str
    article: str = Field(min_length=1)
    when: Why
    must: Why
    kind: How
    severity: Severity
    state: Coverage
    by: Why | None = None
    lacks: Why | None = None
    rules: Texts = ()
    reasons: Texts = ()
    documents: Texts = ()
    acts: Texts = ()
    commands: Texts = ()
    clocks: Texts = ()
    provenance: Provenance
    sources: Texts = Field(min_length=1)


class _File(Strict):
    api_version: Literal["tagwarden/v1"] = Field(alias="apiVersion")
    kind: Literal["Obligations"]
    as_of: str
    sources: dict[str, str]
    register_: dict[Regime, Texts] = Field(alias="register")
    open: dict[Regime, Texts]
    obligations: dict[Regime, tuple[_Row, ...]]


def obligations(regime: str | None = None) -> tuple[Obligation, ...]:
    """Return all obligations, or those of one regime; raises NotFound `unknown-regime`."""
    if regime is not None and regime not in set(Regime):
        hint = nearest(regime, Regime) or "regimes: " + ", ".join(Regime)
        raise NotFound("unknown-regime", f'there is no pack for "{regime}"', hint=hint)
    return tuple(row for row in register().rows if regime in (None, row.regime))


@cache
def register() -> Register:
    """Return the register that comes with the product."""
    return read_register((files("policies") / "library" / FILE).read_bytes(), FILE)


def read_register(
    data: bytes,
    file: str,
    *,
    known_packs: Mapping[str, Pack] | None = None,
    clocks: Collection[str] | None = None,
) -> Register:
    """Return the register in a YAML document; raises BadInput `bad-register` with every problem.

    Packs and clock rules are those of the product when none are given.
    """
    problems = Problems(file)
    document = parse_documents(data, file)[0]
    found = validate(_File, document, problems)
    if found is not None:
        known = _known(packs() if known_packs is None else known_packs, clocks)
        _check(found, document, known, problems)
    problems.raise_if_any("bad-register", f"{file} is not a usable register of obligations")
    if found is None:  # pragma: no cover  (a register that does not validate has problems)
        raise AssertionError(file)
    return Register(
        found.as_of,
        found.sources,
        {str(regime): ids for regime, ids in found.register_.items()},
        frozenset(one for ids in found.open.values() for one in ids),
        tuple(
            _obligation(str(regime), row)
            for regime, rows in found.obligations.items()
            for row in rows
        ),
    )


@cache
def tested() -> Mapping[str, tuple[str, ...]]:
    """Return for each obligation the tests of this version that exercise it (docs/generate.py)."""
    data = (files("policies") / "library" / "tested.json").read_bytes()
    return {row: tuple(tests) for row, tests in json.loads(data).items()}


def unknown_commands(rows: Iterable[Obligation], known: Collection[str]) -> dict[str, str]:
    """Return the commands that rows name and the program does not know, each with its row."""
    return {name: row.id for row in rows for name in row.commands if name not in known}


def counts(rows: Iterable[Obligation]) -> dict[str, int]:
    """Return how many rows are done, partly done and open."""
    states = [row.state for row in rows]
    return {state: states.count(state) for state in COVERAGES}


@cache
def clock_rules() -> frozenset[str]:
    """Return the ids of the deadline rules of the product."""
    data = (files("policies") / "library" / "clocks.yaml").read_bytes()
    return frozenset(parse_documents(data, "clocks.yaml")[0].value["rules"])


def named_in(pack: Pack) -> frozenset[str]:
    """Return every id that a decision of the pack, or of a companion of it, may give as a step."""
    claims = [claim.id for claim in (pack.consent_claimed, pack.basis_refused) if claim]
    own = frozenset(
        [
            *claims,
            *(rule.id for rule in pack.rules),
            *(duty.id for duty in pack.duties),
            *(mark.id for mark in pack.sensitivity),
        ]
    )
    return own.union(*(named_in(companion) for companion in pack.companions))


@dataclass(frozen=True, slots=True)
class _Known:
    rules: Mapping[str, frozenset[str]]
    clocks: Collection[str]


def _known(known_packs: Mapping[str, Pack], clocks: Collection[str] | None) -> _Known:
    rules = {regime: named_in(pack) for regime, pack in known_packs.items()}
    return _Known(rules, clock_rules() if clocks is None else clocks)


def _check(found: _File, document: Document, known: _Known, problems: Problems) -> None:
    seen: set[str] = set()
    for regime, rows in found.obligations.items():
        for number, row in enumerate(rows):
            line, column = document.place(("obligations", regime, number))
            complaints = [*_names(row, str(regime), known, found.sources), *_claims(row)]
            if row.id in seen:
                complaints.append("an id stands for one row only")
            seen.add(row.id)
            for complaint in complaints:
                problems.add("bad-obligation", f"{row.id}: {complaint}", line=line, column=column)
    for regime in Regime:
        rows = found.obligations.get(regime, ())
        open_ = {row.id for row in rows if row.state == "open"}
        for part, listed, there in (
            ("register", found.register_, {row.id for row in rows}),
            ("open", found.open, open_),
        ):
            line, column = document.place((part, regime))
            for complaint in _differences(listed.get(regime, ()), there, part):
                problems.add("bad-obligation", complaint, line=line, column=column)


def _differences(listed: tuple[str, ...], there: set[str], part: str) -> Iterator[str]:
    row = "row" if part == "register" else "open row"
    for one in sorted(set(listed) - there):
        yield f"{one} stands in the list {part}, and there is no such {row}"
    for one in sorted(there - set(listed)):
        yield f"there is the {row} {one}, and it does not stand in the list {part}"
    if len(listed) != len(set(listed)):
        yield f"an id stands in the list {part} twice"


def _names(row: _Row, regime: str, known: _Known, sources: Collection[str]) -> Iterator[str]:
    """Yield which names of a row do not exist."""
    for what, names, there in (
        ("rule", row.rules, known.rules.get(regime, frozenset())),
        ("reason", row.reasons, frozenset(map(str, Reason))),
        ("act", row.acts, ACTS),
        ("clock", row.clocks, known.clocks),
        ("source", row.sources, sources),
    ):
        for name in names:
            if name not in there:
                yield f'there is no {what} "{name}" {nearest(name, there)}'.rstrip()


def _claims(row: _Row) -> Iterator[str]:
    """Yield what a row claims without ground."""
    if (row.by is None) != (row.state == "open"):
        yield "a row that is not open says by what, and an open one does not"
    if row.state == "open" and any((row.rules, row.reasons, row.documents, row.acts, row.commands)):
        yield "an open row names nothing but clocks"
    if (row.lacks is None) != (row.state == "done"):
        yield "a row that is not done says what it lacks, and a done one does not"
    needed = _NEEDS[row.kind]
    if (row.state != "open" or row.kind == "clock") and not any(
        getattr(row, name) for name in needed
    ):
        yield f"what is of kind {row.kind} names {' or '.join(needed)}"
    if ("K" in row.sources) != (row.provenance == "knowledge"):
        yield "what rests on source K is knowledge, and nothing else is"


def _obligation(regime: str, row: _Row) -> Obligation:
    return Obligation(
        row.id,
        regime,
        row.article,
        row.when.model_dump(),
        row.must.model_dump(),
        row.kind,
        row.severity,
        row.state,
        row.by.model_dump() if row.by else {},
        row.lacks.model_dump() if row.lacks else {},
        row.rules,
        row.reasons,
        row.documents,
        row.acts,
        row.commands,
        row.clocks,
        row.provenance,
        row.sources,
    )
