# SPDX-License-Identifier: Apache-2.0
"""Makes the document of a compliance audit: the same facts, law and head give the same bytes.

What was found stands in it as codes with their values; texts of the law and the words of codes that
others own stand beside them, so that its page needs nothing else, also when the law has moved on.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit.compliance.facts import Facts, Paper
from audit.compliance.headings import HEADINGS, UNVERIFIED, Heading
from audit.compliance.table import CHECKS
from audit.compliance.verdict import Check, Found, Status, judge, worst

Texts = Mapping[str, str]
"""A text by language: en and zh."""


@dataclass(frozen=True, slots=True)
class Row:
    """An obligation of the register, as far as an audit needs it."""

    id: str
    article: str
    verified: bool
    """Whether its text was checked against a source."""
    severity: str
    when: Texts
    must: Texts
    by: Texts
    """What of it the product does; empty: nothing."""
    lacks: Texts
    """What the product does not see or do; empty: nothing."""
    acts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Head:
    """What the report says about itself."""

    made: str
    auditor: str
    program: str
    law_as_of: str
    previous: str | None
    packs: tuple[Paper, ...]


def report(
    head: Head,
    rows: Sequence[Row],
    facts: Facts,
    words: Mapping[str, Texts],
    *,
    checks: Mapping[str, Check] = CHECKS,
    headings: Sequence[Heading] | None = None,
) -> dict[str, Any]:
    """Return the report of a regime; `words` are the texts of codes that sentences may name.

    Checks and headings are those of the product when none are given.
    """
    judged = {row.id: judge(checks.get(row.id), facts, row.id) for row in rows}
    papers = sorted(
        {*head.packs, *(paper for _, found in judged.values() for paper in found.papers)}
    )
    places = {paper: number for number, paper in enumerate(papers)}
    lines = [_row(row, *judged[row.id], checks.get(row.id), facts, places) for row in rows]
    statuses = [status for status, _ in judged.values()]
    used = {code for line in lines for code in _codes(line)} & words.keys()
    return {
        "apiVersion": "tagwarden/v1",
        "kind": "ComplianceReport",
        "identity": {
            "regime": facts.regime,
            "people": facts.people.get("", 0),
            "law_as_of": head.law_as_of,
            "made": head.made,
            "auditor": head.auditor,
            "program": head.program,
            "previous": head.previous,
            "packs": [places[paper] for paper in head.packs],
            "log": {"size": facts.log.size, "root": facts.log.root},
        },
        "verdict": {
            "status": str(worst(statuses)),
            **{str(status): statuses.count(status) for status in Status},
        },
        "headings": _headings(facts.regime, headings or HEADINGS[facts.regime], judged),
        "rows": lines,
        "papers": [paper._asdict() for paper in papers],
        "words": {code: dict(words[code]) for code in sorted(used)},
        "limits": ["not-advice", "workspace", "instant", "numbers"],
    }


def _codes(line: Mapping[str, Any]) -> Iterator[str]:
    """Yield what may be a code in the sentences and figures of a row."""
    for said in line["says"]:
        for name, value in said["values"].items():
            yield f"{name}.{value}"
            yield from str(value).split(", ")
    yield from (figure["code"] for figure in line["evidence"]["figures"])


def _headings(
    regime: str, headings: Sequence[Heading], judged: Mapping[str, tuple[Status, Found]]
) -> list[dict[str, Any]]:
    return [
        {
            "number": number,
            "verified": regime not in UNVERIFIED,
            "title": {"en": one.en, "zh": one.zh},
            "status": str(worst([judged[row][0] for row in one.rows])),
            "rows": list(one.rows),
        }
        for number, one in enumerate(headings, start=1)
    ]


def _row(  # noqa: PLR0917  (one caller)
    row: Row,
    status: Status,
    found: Found,
    check: Check | None,
    facts: Facts,
    places: Mapping[Paper, int],
) -> dict[str, Any]:
    return {
        "id": row.id,
        "article": row.article,
        "verified": row.verified,
        "severity": row.severity,
        "when": dict(row.when),
        "must": dict(row.must),
        "status": str(status),
        "checked": "no" if check is None else "all" if check.whole else "part",
        "says": [{"code": said.code, "values": dict(said.values)} for said in found.says],
        "look": _look(row, status, check),
        "evidence": {
            "papers": sorted(places[paper] for paper in found.papers),
            "figures": [{"code": code, "number": number} for code, number in found.figures],
            "entries": [
                {"act": act, **facts.acts[act]._asdict()} for act in row.acts if act in facts.acts
            ],
            "tests": list(found.tests),
        },
    }


def _look(row: Row, status: Status, check: Check | None) -> dict[str, str] | None:
    """Return what a person must look at: what the product does not see, or else what it claims."""
    if status is Status.MET or (check is not None and check.whole):
        return None
    return dict(row.lacks or row.by)
