# SPDX-License-Identifier: Apache-2.0
"""`tagwarden ingest`: bring events, people and consents in from files and databases."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from governance.cli.out import Json, Where, emit, progress, table, workspace

if TYPE_CHECKING:
    from governance.intake.desk import Input, ProgressUpdate
    from governance.intake.report import Report

    _Work = Callable[[Input, ProgressUpdate], list[Report]]

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Bring events, profiles and consents in."
)

Files = Annotated[
    list[Path] | None,
    typer.Argument(help="CSV, TSV, JSON Lines or Parquet; .gz too.", show_default=False),
]
Map = Annotated[Path, typer.Option("--map", "-m", help="The mapping (YAML).")]
Url = Annotated[str | None, typer.Option("--url", help="Database URL, when it has no password.")]
UrlFile = Annotated[
    str | None, typer.Option("--url-file", help="File with the database URL; - reads stdin.")
]
Folder = Annotated[
    Path | None, typer.Option("--look-ups", help="Folder of the join files. [default: the file's]")
]


@app.command()
def events(
    mapping: Map,
    files: Files = None,
    *,
    url: Url = None,
    url_file: UrlFile = None,
    look_ups: Folder = None,
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Bring events in; the same file again changes nothing.

    Example: tagwarden ingest events orders.csv --map orders.yaml
    """
    from governance.intake.events import ingest
    from tagging.intake.loading import load
    from tagging.intake.mapping import EventMap

    loaded = load(mapping, EventMap)
    ws = workspace(where)
    _each(
        _inputs(files, url, url_file),
        lambda what, update: ingest(ws, [what], loaded, folder=look_ups, progress=update),
        as_json,
    )


@app.command()
def profiles(
    mapping: Map,
    files: Files = None,
    *,
    url: Url = None,
    url_file: UrlFile = None,
    look_ups: Folder = None,
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Bring attributes of people in, sealed.

    Example: tagwarden ingest profiles members.csv --map members.yaml
    """
    from governance.intake.profiles import ingest
    from tagging.intake.loading import load
    from tagging.intake.mapping import ProfileMap

    loaded = load(mapping, ProfileMap)
    ws = workspace(where)
    _each(
        _inputs(files, url, url_file),
        lambda what, update: ingest(ws, [what], loaded, folder=look_ups, progress=update),
        as_json,
    )


@app.command()
def consents(
    mapping: Map,
    files: Files = None,
    *,
    url: Url = None,
    url_file: UrlFile = None,
    look_ups: Folder = None,
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Bring consents, refusals and withdrawals in.

    Example: tagwarden ingest consents consent.csv --map consent.yaml
    """
    from governance.intake.consents import ingest
    from tagging.intake.loading import load
    from tagging.intake.mapping import ConsentMap

    loaded = load(mapping, ConsentMap)
    ws = workspace(where)
    _each(
        _inputs(files, url, url_file),
        lambda what, update: ingest(ws, [what], loaded, folder=look_ups, progress=update),
        as_json,
    )


@app.command()
def preview(
    file: Annotated[Path, typer.Argument(help="The file to look at.")],
    mapping: Annotated[
        Path | None, typer.Option("--map", "-m", help="A mapping to try; without, one is proposed.")
    ] = None,
    show_values: Annotated[
        bool, typer.Option("--show-values", help="Show values of people, not only their shape.")
    ] = False,
    look_ups: Folder = None,
    as_json: Json = False,
) -> None:
    """Show what a mapping would do, or propose one.

    Example: tagwarden ingest preview orders.csv > orders.yaml
    """
    from audit.clock import SystemClock
    from governance.cli.out import note
    from governance.intake import preview as use_case
    from tagging.intake.loading import load_any

    found = use_case.preview(
        file,
        load_any(mapping) if mapping else None,
        zone="UTC",
        now=SystemClock().now(),
        folder=look_ups,
        show_values=show_values,
    )
    about = [*found.counts(), *table(("field", "filled", "looks like"), _fields(found.fields))]
    if found.unusable:
        about = [f"the proposal is not complete: {found.unusable}"]
    if mapping is not None:
        emit(found.as_json(), as_json, about)
        return
    if not as_json:  # the proposal alone goes to stdout, so that it can be saved
        for line in about:
            note(line)
    emit(found.as_json(), as_json, found.proposal.splitlines())


@app.command(name="list")
def list_(where: Where = None, as_json: Json = False) -> None:
    """List what came in.

    Example: tagwarden ingest list
    """
    from audit.clock import iso
    from governance.intake.history import intakes

    with workspace(where).store.read() as connection:
        found = intakes(connection)
    rows = [(i.id, i.kind, i.label, i.rows, i.added, iso(i.at)) for i in found]
    emit(
        {"intakes": [i.as_json() for i in found]},
        as_json,
        table(("id", "kind", "file", "rows", "added", "at"), rows),
    )


def _fields(fields: Sequence[Any]) -> Iterator[tuple[str, int, str]]:
    for field in fields:
        yield field.name, field.filled, " | ".join(field.samples)


def _each(inputs: list["Input"], work: "_Work", as_json: bool) -> None:
    """Bring inputs in one after the other, and print what became of each when it is done."""
    from governance.cli.out import say

    reports: list[Report] = []
    for what in inputs:
        with progress(what.name) as bar:
            done = work(what, bar.update)
        reports += done
        for line in (line for report in done for line in report.lines()):
            if not as_json:
                say(line)
    emit({"intakes": [report.as_json() for report in reports]}, as_json)


def _inputs(files: list[Path] | None, url: str | None, url_file: str | None) -> list["Input"]:
    from audit.errors import BadInput
    from governance.cli.out import read_argument
    from governance.intake.database import Database, has_password

    if url is not None and has_password(url):
        raise BadInput(
            "password-in-argv",
            "a password on the command line can be read by everybody on this machine",
            hint="--url-file FILE, or --url-file - and the URL on stdin",
        )
    if url_file is not None:
        url = read_argument(url_file if url_file == "-" else f"@{url_file}")
    found: list[Input] = list(files or [])
    if url is not None:
        found.append(Database(url))
    if not found:
        raise BadInput("no-input", "nothing to bring in", hint="name a file, or --url-file FILE")
    return found
