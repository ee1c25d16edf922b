# SPDX-License-Identifier: Apache-2.0
"""`policy calendar`, `policy calendars`: the days off of a year that deadlines are counted on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from governance.cli.out import Json, Where, emit, table, workspace


def calendar(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Files with days off of a year. [default: only count again]"),
    ] = None,
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Keep the days off of a year; open requests are counted again.

    Example: tagwarden policy calendar china-2027.yaml
    """
    from governance.requests.recounting import keep_calendars

    done = keep_calendars(workspace(where), files or [])

    def text() -> Iterator[str]:
        for year in done.years:
            yield f"{year.calendar} {year.year}: {len(year.holidays)} days off, {len(year.make_up)} make-up workdays"
        if not done.years:
            yield "no year that was not kept already"
        yield f"{len(done.requests)} open requests have other days now"
        if done.requests:
            yield from table(("request", "due"), ((one.ref, one.deadline) for one in done.requests))

    data = {
        "years": [{"calendar": one.calendar, "year": one.year} for one in done.years],
        "requests": [{"ref": one.ref, "due": one.deadline.isoformat()} for one in done.requests],
    }
    emit(data, as_json, text)


def calendars(where: Where = None, as_json: Json = False) -> None:
    """List the years of calendars that are kept, and who gave them.

    Example: tagwarden policy calendars
    """
    from audit.clock import iso
    from governance.authority import operators
    from governance.calendars import listed

    ws = workspace(where)
    with ws.store.read() as connection:
        found = listed(connection)
        names = {ref: operator.name for ref, operator in operators(connection).items()}
    data = [
        {
            "calendar": one.table.calendar,
            "year": one.table.year,
            "days_off": len(one.table.holidays),
            "make_up": len(one.table.make_up),
            "source": one.table.source,
            "at": iso(one.at),
            "by": names.get(one.by, one.by),
        }
        for one in found
    ]
    columns = ("calendar", "year", "days_off", "make_up", "source", "at", "by")

    def text() -> Iterator[str]:
        if not data:
            yield "no calendar is kept: the built-in ones count"
            return
        yield from table(columns, [[one[column] for column in columns] for one in data])

    emit({"calendars": data}, as_json, text)
