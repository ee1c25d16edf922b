# SPDX-License-Identifier: Apache-2.0
"""`tagwarden policy due`: by which day. Needs no workspace and no clock; refuses to guess a calendar.

In a workspace it counts on the calendars that are kept there, as requests do.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from governance.cli.out import Json, Where, a_language, emit, table

if TYPE_CHECKING:
    from datetime import date

    from policies.calendar_file import YearTable
    from policies.clocks import Due

Lang = Annotated[str, typer.Option("--lang", help="Language: en or zh.", callback=a_language)]


def due(
    rule: Annotated[
        str | None, typer.Option("--rule", help="The clock. Without it, all are listed.")
    ] = None,
    received: Annotated[
        str | None,
        typer.Option("--received", metavar="DATE", help="Day of receipt, or of the event."),
    ] = None,
    *,
    calendar: Annotated[
        str | None,
        typer.Option("--calendar", help="DE, FR, …, US-federal, US-CA-state, CN or none."),
    ] = None,
    identity_requested: Annotated[
        str | None,
        typer.Option("--identity-requested", metavar="DATE", help="Day identity was asked for."),
    ] = None,
    identity_received: Annotated[
        str | None,
        typer.Option("--identity-received", metavar="DATE", help="Day identity was shown."),
    ] = None,
    calendar_file: Annotated[
        Path | None,
        typer.Option("--calendar-file", help="Days off and make-up workdays of a year (YAML)."),
    ] = None,
    where: Where = None,
    lang: Lang = "en",
    as_json: Json = False,
) -> None:
    """Say by which day, with every step of the count.

    Example: tagwarden policy due --rule gdpr.month --received 2026-03-05 --calendar DE
    """
    from audit.errors import BadInput
    from policies.calendar_file import read_calendar_file
    from policies.clocks import due as count
    from policies.clocks import read_day

    if rule is None and received is None:
        _list(lang, as_json)
        return
    if rule is None or received is None:
        missing = "--rule" if rule is None else "--received"
        raise BadInput(
            "missing-option",
            f"{missing} is missing",
            hint="tagwarden policy due lists the clocks; a date needs --rule and --received",
        )

    def day(text: str | None, what: str) -> "date | None":
        return None if text is None else read_day(text, what)

    found = count(
        rule,
        read_day(received),
        calendar=calendar,
        identity_requested=day(identity_requested, "the day identity was asked for"),
        identity_received=day(identity_received, "the day identity was shown"),
        overrides=[*_kept(where), *(read_calendar_file(calendar_file) if calendar_file else ())],
    )
    emit(plain(found), as_json, lambda: _lines(found, lang))


def _kept(where: Path | None) -> "tuple[YearTable, ...]":
    """Return the years that the workspace around keeps; a file that is given beats them."""
    from governance.cli.lint import here

    ws = here(where)
    if ws is None:
        return ()
    from governance.calendars import kept

    with ws.store.read() as connection:
        return kept(connection)


def plain(found: "Due") -> dict[str, Any]:
    """Return the dates of a clock as they stand in JSON; null where the rule has none."""
    return {
        "rule": found.rule,
        "received": found.received.isoformat(),
        "means": found.means,
        "due": found.due.isoformat(),
        "extended_due": _iso(found.extended_due),
        "extension_notice_due": _iso(found.extension_notice_due),
        "ack_due": _iso(found.ack_due),
        "calendar": found.calendar,
        "calendar_sources": list(found.sources),
        "cites": list(found.cites),
        "provenance": found.provenance,
        "text": found.text.model_dump(),
        "trace": [
            {"step": step.code, "end": step.end, "day": step.day.isoformat()}
            | step.text.model_dump()
            for step in found.trace
        ],
    }


def _iso(day: "date | None") -> str | None:
    return None if day is None else day.isoformat()


def _lines(found: "Due", lang: str) -> Iterator[str]:
    from policies.periods import clocks

    words, tongue = clocks().words, "zh" if lang == "zh" else "en"
    dates = (
        (words.ends["ack"], found.ack_due),
        (words.means[found.means], found.due),
        (words.ends["notice"], found.extension_notice_due),
        (words.ends["extended"], found.extended_due),
    )
    yield from table(
        ("项目", "日期", "星期") if tongue == "zh" else ("what", "day", "weekday"),
        [
            (getattr(what, tongue), day, getattr(words.weekdays[str(day.isoweekday())], tongue))
            for what, day in dates
            if day is not None
        ],
    )
    yield ""
    for number, step in enumerate(found.trace, 1):
        yield f"{number}. {getattr(step.text, tongue)}"
    yield ""
    yield f"{found.rule}: {'; '.join(found.cites)}"
    if found.sources:
        yield f"{found.calendar}: {'; '.join(found.sources)}"
    if found.provenance == "knowledge":
        yield "（尚待律师核对）" if tongue == "zh" else "(from knowledge, waits for a lawyer's eye)"


def _list(lang: str, as_json: bool) -> None:
    from policies.periods import calendars_of, clocks

    known = clocks()
    rules = [
        {
            "rule": name,
            "text": rule.text.model_dump(),
            "means": rule.means,
            "starts": rule.starts,
            "default_calendar": rule.default_calendar,
            "calendars": list(calendars_of(rule)),
            "cites": list(rule.cites),
            "provenance": rule.provenance,
        }
        for name, rule in known.rules.items()
    ]
    calendars = {name: data.text.model_dump() for name, data in known.calendars.items()}
    tongue = "zh" if lang == "zh" else "en"
    emit(
        {"version": known.version, "rules": rules, "calendars": calendars},
        as_json,
        lambda: table(
            ("rule", "calendar", "provenance", "text"),
            [
                (name, rule.default_calendar, rule.provenance, getattr(rule.text, tongue))
                for name, rule in known.rules.items()
            ],
        ),
    )
