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
from functools import cached_property, lru_cache
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
    """What an assessment is about: some purposes; without tags, every tag that serves them."""

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
    def _covered(self) -> Mapping[tuple[str, str], frozenset[str] | None]:
        """(type, purpose) → the tags that are covered; None: every tag."""
        found: dict[tuple[str, str], frozenset[str] | None] = {}
        for one in self.documents:
            tags = frozenset(one.covers.tags)
            for purpose in one.covers.purposes:
                before = found.get((one.type, purpose), frozenset())
                found[one.type, purpose] = before | tags if before is not None and tags else None
        return found

    def covering(self, kind: str, purpose: str, tag: str) -> bool:
        """Return whether an assessment of a type covers a tag used for a purpose."""
        tags = self._covered.get((kind, purpose), frozenset())
        return tags is None or tag in tags


def day_of(at: Micros) -> date:
    """Return the day of an instant, UTC."""
    return from_micros(at).date()


def assessments(connection: Connection) -> Mapping[str, Assessment]:
    """Return the assessments on record by key, each in its latest form, overdue ones included."""
    return {one.key: one for one in _read_all(_documents(connection))}


def assessment_named(connection: Connection, key: str) -> Assessment:
    """Return one assessment; raises NotFound `unknown-assessment`."""
    known = assessments(connection)
    if key not in known:
        hint = nearest(key, known) or "tagwarden assessment list"
        raise NotFound("unknown-assessment", f'there is no assessment "{key}"', hint=hint)
    return known[key]


def valid(connection: Connection, at: Micros) -> Assessments:
    """Return the assessments that count at an instant: approved by then, their review not overdue."""
    return _valid(_documents(connection), day_of(at))


def _documents(connection: Connection) -> tuple[str, ...]:
    latest = "SELECT max(id) FROM assessment GROUP BY key"
    rows = connection.execute(
        text(f"SELECT document FROM assessment WHERE id IN ({latest}) ORDER BY key")
    )
    return tuple(row.document for row in rows)


@lru_cache(maxsize=8)
def _read_all(documents: tuple[str, ...]) -> tuple[Assessment, ...]:
    return tuple(Assessment.model_validate(json.loads(document)) for document in documents)


@lru_cache(maxsize=8)
def _valid(documents: tuple[str, ...], day: date) -> Assessments:
    return Assessments(tuple(one for one in _read_all(documents) if one.state(day) == "in-force"))


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
    there = frozenset(known)
    seen: set[str] = set()
    for document, problems in documents_of(files, "Assessment", everything):
        stated = document.value if isinstance(document.value, dict) else {}
        key = str(stated.get("key"))
        if key in seen:
            _note(document, problems, ("key",), "duplicate-assessment", "it is stated twice")
        seen.add(key)
        _check_purposes(stated, document, problems, there)
        _check_parts(stated, document, problems)
        _check_days(stated, document, problems)
        one = validate(Assessment, document, problems)
        if one is not None:
            found[one.key] = one
    everything.raise_if_any("bad-assessments", "the assessments cannot be applied")
    return list(found.values())


def _note(
    document: Document,
    problems: Problems,
    path: tuple[str | int, ...],
    code: str,
    message: str,
    *,
    hint: str = "",
) -> None:
    line, column = document.place(path)
    problems.add(
        code, f'"{document.value.get("key")}": {message}', line=line, column=column, hint=hint
    )


def _check_purposes(
    stated: Mapping[str, Any], document: Document, problems: Problems, known: frozenset[str]
) -> None:
    covers = stated.get("covers")
    keys = listed(covers.get("purposes")) if isinstance(covers, dict) else None
    for number, key in enumerate(keys or ()):
        if isinstance(key, str) and key not in known:
            _note(
                document,
                problems,
                ("covers", "purposes", number),
                "unknown-purpose",
                f'there is no purpose "{key}"',
                hint=nearest(key, known) or "tagwarden purpose apply FILE, first",
            )


def _check_parts(stated: Mapping[str, Any], document: Document, problems: Problems) -> None:
    kind, contents = str(stated.get("type")), stated.get("contents", {})
    if kind not in RULES or not isinstance(contents, dict):
        return
    parts = {part.code: part for part in RULES[kind].parts}
    for part in parts.values():
        if part.needed and part.code not in contents:
            _note(
                document,
                problems,
                ("contents",),
                "assessment-part-missing",
                f'it lacks "{part.code}": {part.en} ({part.article})',
                hint=f"add contents.{part.code}: {{en: …, zh: …}}",
            )
    for code in contents:
        if code not in parts:
            _note(
                document,
                problems,
                ("contents", code),
                "unknown-assessment-part",
                f'"{code}" is no part of a {kind}',
                hint=nearest(code, parts) or "parts: " + ", ".join(parts),
            )


def _check_days(stated: Mapping[str, Any], document: Document, problems: Problems) -> None:
    """Note days in the wrong order, or too far apart; a day that is none is the document's problem."""
    made, approved, review_by = (_date(stated.get(name)) for name in _DAYS)
    hint = "made, approved and review_by follow each other"
    if made and approved and approved < made:
        message = "it was approved before it was made"
        _note(document, problems, ("approved",), "assessment-days", message, hint=hint)
    if approved and review_by and review_by <= approved:
        message = "its review is not due after it was approved"
        _note(document, problems, ("review_by",), "assessment-days", message, hint=hint)
    kind = str(stated.get("type"))
    last = latest_review(kind, approved) if approved and kind in RULES else None
    if last is not None and review_by and review_by > last:
        _note(
            document,
            problems,
            ("review_by",),
            "assessment-review-late",
            f"it must be reviewed by {last} ({RULES[kind].review_article})",
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
