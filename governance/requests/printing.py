# SPDX-License-Identifier: Apache-2.0
"""Prints the reports about requests: rows, CSV, one page that opens offline, the lines of a task."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, StrictUndefined

from governance.record.printing import harmless
from governance.requests.doctor import Task
from governance.requests.register import Line
from governance.requests.words import (
    COLUMNS,
    EXTENSION,
    KEPT,
    MISSED,
    PAGE,
    THEN,
    WHAT,
    WHO,
    detail_in,
    ground_in,
    kind_in,
    state_in,
    waits_in,
    word,
)

_REGISTER: Final = (
    "request",
    "law",
    "kind",
    "target",
    "requester",
    "channel",
    "received",
    "due",
    "extended",
    "acknowledged",
    "ended",
    "told",
    "outcome",
    "ground",
    "kept",
    "missed",
)
_TASKS: Final = ("by", "left", "request", "kind", "waits", "since", "who")


def task_titles(language: str) -> list[str]:
    """Return the heads of the columns of tasks."""
    return [word(COLUMNS, code, language) for code in _TASKS]


def task_row(task: Task, since: date, language: str) -> list[str]:
    """Return a task as the cells of a row."""
    detail = detail_in(task.what, task.detail, language)
    what = word(WHAT, task.what, language) + (f" ({detail})" if detail else "")
    who = word(WHO, task.who, language)
    kind = kind_in(task.kind, language)
    left = [task.by.isoformat(), str(task.days)]
    return [*left, task.ref, kind, what, since.isoformat(), who]


def task_hint(task: Task, language: str) -> str:
    """Return what happens after the day of a task, what may still be done, and what to type."""
    comma = "；" if language == "zh" else "; "
    said = [word(THEN, task.then, language).format(comma.join(task.cites), task.last.isoformat())]
    if task.extend_until:
        said.append(EXTENSION.in_(language).format(task.extend_until.isoformat()))
    return f"{task.ref}: {comma.join(said)}{comma}{task.command}"


def titles(language: str) -> list[str]:
    """Return the heads of the columns of the register."""
    return [word(COLUMNS, code, language) for code in _REGISTER]


def register_row(line: Line, language: str) -> list[str]:
    """Return a request as a row of the register; the last two cells say what was missed."""
    days = (line.received, line.due)
    until = [_day(day) for day in days]
    happened = [_day(day) for day in (line.acknowledged, line.ended, line.answered)]
    comma = "、" if language == "zh" else ", "
    return [
        line.ref,
        line.regime,
        kind_in(line.kind, language),
        line.target,
        state_in("by", line.requester, language),
        line.channel,
        *until,
        word(KEPT, "yes" if line.extended else "", language),
        *happened,
        state_in("states", line.state, language) + _waits(line, language),
        ground_in(line.ground, language),
        word(KEPT, line.kept, language),
        comma.join(word(MISSED, code, language) for code in line.missed),
    ]


def _waits(line: Line, language: str) -> str:
    return f" ({waits_in(line.outside, language)})" if line.outside else ""


def register_csv(lines: Iterable[Line], language: str) -> str:
    """Return the register as CSV; no cell is computed by a spreadsheet."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(titles(language))
    rows.writerows([harmless(cell) for cell in register_row(line, language)] for line in lines)
    return out.getvalue()


def register_html(lines: Iterable[Line], language: str, made: date) -> str:
    """Return the register as one page without anything from elsewhere."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    page = environment.from_string((files(__package__) / "register.html").read_text("utf-8"))
    return page.render(
        language=language,
        say={code: text.in_(language) for code, text in PAGE.items()},
        titles=titles(language),
        rows=[
            {"cells": register_row(line, language), "missed": bool(line.missed)} for line in lines
        ],
        made=made.isoformat(),
    )


def register_plain(lines: Iterable[Line]) -> Iterator[Mapping[str, Any]]:
    """Yield the requests of the register as plain data."""
    for line in lines:
        yield {
            "ref": line.ref,
            "regime": line.regime,
            "kind": line.kind,
            "target": line.target,
            "requester": line.requester,
            "channel": line.channel,
            "received": line.received.isoformat(),
            "due": line.due.isoformat(),
            "extended": line.extended,
            "acknowledge_by": _day(line.acknowledge_by) or None,
            "acknowledged": _day(line.acknowledged) or None,
            "ended": _day(line.ended) or None,
            "answered": _day(line.answered) or None,
            "days": line.days,
            "state": str(line.state),
            "waiting": line.outside.whom if line.outside else "",
            "awaited": line.outside.what if line.outside else "",
            "waiting_until": _day(line.outside.until) if line.outside else None,
            "ground": line.ground,
            "kept": line.kept,
            "missed": list(line.missed),
        }


def _day(day: date | None) -> str:
    return "" if day is None else day.isoformat()
