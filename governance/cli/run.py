# SPDX-License-Identifier: Apache-2.0
"""`tagwarden run`: compute tags, for all people, for some, or for one at once."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from governance.cli.out import Json, Where, emit, progress, table, workspace

if TYPE_CHECKING:
    from governance.running.report import RunReport

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Compute tags.")

Tags = Annotated[list[str] | None, typer.Option("--tag", help="Only this tag; may be repeated.")]


@app.command(name="all")
def all_(tag: Tags = None, where: Where = None, as_json: Json = False) -> None:
    """Compute tags for everybody whom the gate permits.

    Example: tagwarden run all
    """
    from governance.catalogue import active
    from governance.running.run import run_all

    ws = workspace(where)
    if tag:
        with ws.store.read() as connection:
            active(connection, tag)  # an unknown key is refused before anything runs
    with progress("computing tags") as bar:
        report = run_all(ws, keys=tag, progress=bar.update)
    _print(report, as_json)


@app.command()
def triggered(where: Where = None, as_json: Json = False) -> None:
    """Compute what new events trigger, for their people.

    Example: tagwarden run triggered
    """
    from governance.running.run import run_triggered

    with progress("computing tags") as bar:
        report = run_triggered(workspace(where), progress=bar.update)
    _print(report, as_json)


@app.command()
def due(where: Where = None, as_json: Json = False) -> None:
    """Compute again the people with a lapsed tag.

    Example: tagwarden run due
    """
    from governance.running.run import run_due

    with progress("computing tags") as bar:
        report = run_due(workspace(where), progress=bar.update)
    _print(report, as_json)


@app.command()
def event(where: Where = None, as_json: Json = False) -> None:
    """Take one event from stdin (JSON), refresh its person.

    Example: echo '{"customer": "1", "time": "2018-01-02T09:00:00Z", "event_type": "purchase",
    "category": "SOFT DRINKS", "amount": "3.50", "session": "b-1"}' | tagwarden run event
    """
    from governance.running.intake_one import from_json
    from governance.running.live import Live

    ws = workspace(where)
    subject_id, fields = from_json(ws, sys.stdin.read())
    live = Live(ws)
    try:
        changes = live.record(subject_id, fields)
    finally:
        live.close()
    data = [{"key": c.key, "value": c.value, "gained": c.gained} for c in changes]
    words = [
        f"{'gained' if c.gained else 'lost'}  {c.key}"
        + ("" if c.value == "true" else f" = {c.value}")
        for c in changes
    ]
    emit({"changes": data}, as_json, words or ["recorded; no tag changed"])


@app.command(name="list")
def list_(where: Where = None, as_json: Json = False) -> None:
    """List the runs of this workspace.

    Example: tagwarden run list
    """
    from governance.running.history import runs

    ws = workspace(where)
    with ws.store.read() as connection:
        found = runs(connection)
    columns = ("run", "mode", "state", "as_of", "opened", "closed")
    emit({"runs": found}, as_json, lambda: table(columns, [[r[c] for c in columns] for r in found]))


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="Name of a run.")],
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Show what a run did, tag by tag.

    Example: tagwarden run show run-0123456789abcdef
    """
    from governance.running.history import run_named

    ws = workspace(where)
    with ws.store.read() as connection:
        found = run_named(connection, name)
    emit(found, as_json, lambda: report_lines(found))


def report_lines(data: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of a run report, for people."""
    hidden = any(tag["tagged"] is None and not tag.get("stopped") for tag in data["tags"].values())
    yield (
        f"{data['run']}: {data['people_evaluated']:,} of {data['people_known']:,} people evaluated "
        f"as of {data['as_of']}, {data['opened']:,} tags given, {data['closed']:,} taken back"
        + (", segments and models not counted" if hidden else "")
    )
    rows = []
    for key, tag in data["tags"].items():
        values = ", ".join(
            f"{value} {count:,}" for value, count in sorted(tag["values"].items())[:6]
        )
        rows.append(
            (
                key,
                tag["permitted"],
                _told(tag["tagged"]),
                "" if set(tag["values"]) <= {"true"} else values,
            )
        )
    yield from table(("tag", "permitted", "tagged", "values"), rows)
    yield from _audit_lines(data["tags"])
    for key, inputs in data.get("not_computed", {}).items():
        yield f"not computed: {key}, made of {', '.join(inputs)}, which is not in use"
    reasons: dict[str, int] = {}
    for tag in data["tags"].values():
        for reason, count in tag["gated_out"].items():
            reasons[reason] = max(reasons.get(reason, 0), count)
    if reasons:
        yield ""
        yield "kept out by the gate (most people for one tag):"
        most = sorted(((count, reason) for reason, count in reasons.items()), reverse=True)
        yield from table(("reason", "people"), [(reason, count) for count, reason in most])


def _audit_lines(tags: dict[str, dict[str, Any]]) -> Iterator[str]:
    """Yield which tags the policy of audits stops or warns of."""
    for stopped, said in ((True, "stopped, shown to nobody"), (False, "warned of")):
        found = [
            f"{key} ({tag['audit']})"
            for key, tag in tags.items()
            if tag.get("audit") and tag["stopped"] is stopped
        ]
        if found:
            yield ""
            yield f"{said}, by the policy of audits: {', '.join(found)}"


def _told(count: int | None) -> int | str:
    return "not told" if count is None else count


def _print(report: "RunReport | None", as_json: bool) -> None:
    if report is None:
        emit({"run": None}, as_json, ["nothing to do: nobody is waiting"])
        return
    data = report.to_dict()
    emit(data, as_json, lambda: report_lines(data))
