# SPDX-License-Identifier: Apache-2.0
"""Assessments: what was thought before people's data are used, for which purposes, until when.

An assessment is applied from a document and never overwritten: a change is a new row, and the latest
one of a key counts (PIPL Art. 56 and 11 CCR 7155 want them kept for years). Refuses one that lacks a
part, that was approved before it was made, or that is reviewed later than the law permits.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field
from sqlalchemy import Connection, text

from audit.canon import canonical, digest
from audit.clock import Micros, from_micros
from audit.errors import NotFound, Problems
from governance.authority import demand
from governance.purpose import purposes
from governance.reading import documents_of
from policies.assessments import RULES, Type, latest_review
from policies.document import Document, Strict, nearest, validate
from policies.rules import listed
from tagging.document import Key

if TYPE_CHECKING:
    from governance.store.unit import Unit
    from governance.workspace import Workspace

State = Literal["in-force", "to-come", "overdue"]

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_DAYS = ("made", "approved", "review_by")


def _day(value: object) -> object:
    if not isinstance(value, str) or not _DAY.match(value):
        raise ValueError("a day is written 2026-03-31")
    return value


Day = Annotated[date, BeforeValidator(_day)]
Keys = Annotated[tuple[Key, ...], BeforeValidator(listed)]


class Said(Strict):
    """What a part of an assessment says, in both languages."""

    en: str = Field(min_length=1, max_length=2000)
    zh: str = Field(min_length=1, max_length=2000)

    def in_(self, language: str) -> str:
        """Return the text in a language: zh, and English for everything else."""
        return self.zh if language == "zh" else self.en


class Covers(Strict):
    """What an assessment is about: some purposes; without tags, every ordinary tag that serves them.

    A sensitive tag must be named: it is thought about by itself (PIPL Art. 55(1), GDPR Art. 35(3)(b),
    11 CCR 7150(b)(2)).
    """

    purposes: Keys = Field(min_length=1)
    tags: Keys = ()


class Assessment(Strict):
    """What was considered, by whom (a role or a team), approved and to be reviewed when."""

    api_version: Literal["tagwarden/v1"] = Field(alias="apiVersion")
    kind: Literal["Assessment"]
    key: Key
    type: Type
    covers: Covers
    made: Day
    reviewed_by: str = Field(min_length=1, max_length=80)
    approved: Day
    review_by: Day
    """The last day on which it still stands without a review."""
    contents: dict[str, Said]

    def state(self, day: date) -> State:
        """Return whether it counts on a day, not yet, or no longer until it was reviewed."""
        if day < self.approved:
            return "to-come"
        return "in-force" if day <= self.review_by else "overdue"


@dataclass(frozen=True, slots=True)
class Applied:
    """What applying did to one assessment: new, changed or unchanged."""

    key: str
    what: str


@dataclass(frozen=True)
class Assessments:
    """The assessments that count at one instant."""

    documents: tuple[Assessment, ...] = ()

    @cached_property
    def _covered(self) -> Mapping[tuple[str, str], frozenset[str]]:
        """(type, purpose) → the tags that are named, and "" where every ordinary tag is covered."""
        found: dict[tuple[str, str], frozenset[str]] = {}
        for one in self.documents:
            tags = frozenset(one.covers.tags or ("",))
            for purpose in one.covers.purposes:
                found[one.type, purpose] = found.get((one.type, purpose), frozenset()) | tags
        return found

    def covering(self, kind: str, purpose: str, tag: str, *, sensitive: bool) -> bool:
        """Return whether an assessment of a type covers a tag used for a purpose."""
        tags = self._covered.get((kind, purpose), frozenset())
        return tag in tags or ("" in tags and not sensitive)


def day_of(at: Micros) -> date:
    """Return the day of an instant, UTC."""
    return from_micros(at).date()


def assessments(connection: Connection) -> Mapping[str, Assessment]:
    """Return the assessments on record by key, each in its latest form, overdue ones included."""
    documents = (json.loads(document) for document in _latest(connection, "document"))
    return {one.key: one for one in map(Assessment.model_validate, documents)}


def assessment_named(connection: Connection, key: str) -> Assessment:
    """Return one assessment; raises NotFound `unknown-assessment`."""
    known = assessments(connection)
    if key not in known:
        hint = nearest(key, known) or "tagwarden assessment list"
        raise NotFound("unknown-assessment", f'there is no assessment "{key}"', hint=hint)
    return known[key]


def valid(connection: Connection, at: Micros) -> Assessments:
    """Return the assessments that count at an instant: approved by then, their review not overdue."""
    day = day_of(at)
    mark = (_latest(connection, "digest"), day)
    if mark not in _VALID:
        if len(_VALID) >= _REMEMBERED:
            _VALID.clear()
        known = assessments(connection).values()
        _VALID[mark] = Assessments(tuple(one for one in known if one.state(day) == "in-force"))
    return _VALID[mark]


_REMEMBERED = 8
_VALID: dict[tuple[tuple[str, ...], date], Assessments] = {}
"""What counts, by the digests of all documents and the day: the gate asks for every person."""


def _latest(connection: Connection, column: Literal["digest", "document"]) -> tuple[str, ...]:
    latest = "SELECT max(id) FROM assessment GROUP BY key"
    rows = connection.execute(
        text(f"SELECT {column} FROM assessment WHERE id IN ({latest}) ORDER BY key")
    )
    return tuple(row[0] for row in rows)


def apply(ws: "Workspace", files: Iterable[Path]) -> list[Applied]:
    """Write the assessments of the files (a folder: of its *.yaml) and return what changed.

    Raises BadInput with every problem of every file, Refused without the role; then nothing is
    written.
    """
    demand(ws, "assessment.apply")
    with ws.store.write() as unit:
        found = read(files, purposes(unit.connection))
        return [_apply(ws, unit, one) for one in found]


def read(files: Iterable[Path], known: Iterable[str]) -> list[Assessment]:
    """Return the assessments in the files; `known` are the purposes that were applied.

    Raises BadInput with every problem of every file.
    """
    everything = Problems()
    found: dict[str, Assessment] = {}
    seen: set[str] = set()
    there = frozenset(known)
    for document, problems in documents_of(files, "Assessment", everything):
        paper = _Paper.of(document, problems)
        if paper.key and paper.key in seen:
            paper.note("duplicate-assessment", "it is stated twice", ("key",))
        seen.add(paper.key)
        _check_purposes(paper, there)
        _check_parts(paper)
        _check_days(paper)
        one = validate(Assessment, document, problems)
        if one is not None:
            found[one.key] = one
    everything.raise_if_any("bad-assessments", "the assessments cannot be applied")
    return list(found.values())


@dataclass(frozen=True, slots=True)
class _Paper:
    """An assessment as it stands in a file, sound or not, and where its problems go."""

    document: Document
    problems: Problems
    stated: Mapping[str, Any]

    @classmethod
    def of(cls, document: Document, problems: Problems) -> "_Paper":
        return cls(document, problems, document.value if isinstance(document.value, dict) else {})

    @property
    def key(self) -> str:
        key = self.stated.get("key")
        return key if isinstance(key, str) else ""

    def day(self, name: str) -> date | None:
        return _date(self.stated.get(name))

    def note(self, code: str, message: str, path: tuple[str | int, ...], *, hint: str = "") -> None:
        line, column = self.document.place(path)
        self.problems.add(code, f'"{self.key}": {message}', line=line, column=column, hint=hint)


def _check_purposes(paper: _Paper, known: frozenset[str]) -> None:
    covers = paper.stated.get("covers")
    keys = listed(covers.get("purposes")) if isinstance(covers, dict) else None
    for number, key in enumerate(keys or ()):
        if isinstance(key, str) and key not in known:
            paper.note(
                "unknown-purpose",
                f'there is no purpose "{key}"',
                ("covers", "purposes", number),
                hint=nearest(key, known) or "tagwarden purpose apply FILE, first",
            )


def _check_parts(paper: _Paper) -> None:
    kind, contents = str(paper.stated.get("type")), paper.stated.get("contents", {})
    if kind not in RULES or not isinstance(contents, dict):
        return
    parts = {part.code: part for part in RULES[kind].parts}
    for part in parts.values():
        if part.needed and part.code not in contents:
            paper.note(
                "assessment-part-missing",
                f'it lacks "{part.code}": {part.en} ({part.article})',
                ("contents",),
                hint=f"add contents.{part.code}: {{en: …, zh: …}}",
            )
    for code in contents:
        if code not in parts:
            paper.note(
                "unknown-assessment-part",
                f'"{code}" is no part of a {kind}',
                ("contents", code),
                hint=nearest(code, parts) or "parts: " + ", ".join(parts),
            )


def _check_days(paper: _Paper) -> None:
    """Note days in the wrong order, or too far apart; a day that is none is the document's problem."""
    made, approved, review_by = (paper.day(name) for name in _DAYS)
    hint = "made, approved and review_by follow each other"
    if made and approved and approved < made:
        paper.note(
            "assessment-days", "it was approved before it was made", ("approved",), hint=hint
        )
    if approved and review_by and review_by <= approved:
        paper.note(
            "assessment-days", "its review is not due after its approval", ("review_by",), hint=hint
        )
    kind = str(paper.stated.get("type"))
    last = latest_review(kind, approved) if approved and kind in RULES else None
    if last is not None and review_by and review_by > last:
        paper.note(
            "assessment-review-late",
            f"it must be reviewed by {last} ({RULES[kind].review_article})",
            ("review_by",),
            hint=f"review_by: {last}",
        )


def _date(value: object) -> date | None:
    if not isinstance(value, str) or not _DAY.match(value):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def _apply(ws: "Workspace", unit: "Unit", one: Assessment) -> Applied:
    plain = one.model_dump(mode="json", by_alias=True)
    new = digest(plain)
    old = unit.connection.execute(
        text("SELECT digest FROM assessment WHERE key = :k ORDER BY id DESC LIMIT 1"),
        {"k": one.key},
    ).scalar()
    if old == new:
        return Applied(one.key, "unchanged")
    unit.connection.execute(
        text("INSERT INTO assessment (key, digest, document, applied_at) VALUES (:k, :g, :d, :t)"),
        {"k": one.key, "g": new, "d": canonical(plain).decode(), "t": ws.clock.now()},
    )
    unit.log(ws.evidence.entry("assessment.applied", assessment=one.key, type=one.type, digest=new))
    return Applied(one.key, "new" if old is None else "changed")
