# SPDX-License-Identifier: Apache-2.0
"""`tagwarden request`: what people ask for, from receipt to answer."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from governance.cli import request_identity, request_reports, request_steps
from governance.cli.out import Json, Lang, Where, emit, note, read_argument, table, workspace
from governance.cli.request_words import data_of, lines_of, state_of, step_of
from governance.cli.who import Whom, language_of

Form = Literal["html", "json", "csv-zip"]
By = Literal["self", "agent", "guardian", "relative"]

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Answer what people ask for: in time, completely, with proof.",
)

Ref = Annotated[str, typer.Argument(metavar="REF", help="Number of a request.")]
Kind = Annotated[str, typer.Option("--kind", "-k", help="access, deletion, correction, …")]
Target = Annotated[
    str, typer.Option("--target", help="Key of a tag, purpose or attribute; tag:KEY for deletion.")
]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="File for the person.")]
Day = Annotated[str, typer.Option(help="YYYY-MM-DD.")]


@app.command(name="open")
def open_(
    subject: Whom,
    kind: Kind,
    *,
    target: Target = "",
    value: Annotated[
        str, typer.Option("--value", help="The right value: - reads stdin, @FILE a file.")
    ] = "",
    statement: Annotated[
        str, typer.Option("--statement", help="What the person says: - or @FILE.")
    ] = "",
    by: Annotated[By, typer.Option("--by", help="Who asks for the person.")] = "self",
    channel: Annotated[str, typer.Option("--channel", help="How it came in.")] = "letter",
    received: Annotated[
        str, typer.Option("--received", help="Day of receipt, YYYY-MM-DD. [default: today]")
    ] = "",
    regime: Annotated[str, typer.Option("--regime", help="The law that the person names.")] = "",
    key: Annotated[
        str, typer.Option("--key", help="The same key gives the same request again.")
    ] = "",
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Take a request in. The answer is the same whether or not the person is known here.

    Example: tagwarden request open @number.txt --kind access
    """
    from audit.errors import NotFound
    from governance.requests import desk
    from governance.subject import find
    from policies.clocks import read_day

    ws = workspace(where)
    try:
        subject_id = find(ws, read_argument(subject))
    except NotFound:
        subject_id = None
    given = {"value": value, "statement": statement}
    asked = desk.Asked(
        kind,
        target,
        by,
        channel,
        read_day(received) if received else None,
        {name: read_argument(text) for name, text in given.items() if text},
        regime,
        key,
    )
    made = desk.open_request(ws, asked, subject_id)
    data = {"ref": made.ref, "kind": made.kind, "received": made.received_on.isoformat()}
    emit({"request": data}, as_json, [made.ref])


@app.command(name="list")
def list_(
    *,
    everything: Annotated[bool, typer.Option("--all", help="Those that have ended, too.")] = False,
    where: Where = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """List requests, the nearest deadline first.

    Example: tagwarden request list
    """
    from governance.requests import reading

    ws = workspace(where)
    found = reading.listed(ws, everything=everything)
    language = language_of(ws, lang)
    rows = [
        (
            one.ref,
            one.kind,
            one.target,
            state_of(one, language),
            one.received_on.isoformat(),
            one.deadline.isoformat(),
        )
        for one in found
    ]
    head = ("request", "kind", "target", "state", "received", "due")
    emit({"requests": [data_of(one) for one in found]}, as_json, table(head, rows))


@app.command()
def show(ref: Ref, where: Where = None, lang: Lang = None, as_json: Json = False) -> None:
    """Show a request and its steps.

    Example: tagwarden request show rq-0123456789abcdef
    """
    from governance.requests import reading

    ws = workspace(where)
    found, steps = reading.shown(ws, ref)
    data = {"request": data_of(found), "steps": [step_of(one) for one in steps]}
    emit(data, as_json, lines_of(found, steps, language_of(ws, lang)))


@app.command()
def execute(
    ref: Ref,
    *,
    out: Out = None,
    form: Annotated[
        Form | None, typer.Option("--format", help="html, json or csv-zip. [default: html]")
    ] = None,
    plain: Annotated[
        bool, typer.Option("--plain", help="Without a passphrase: you hand it over yourself.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    where: Where = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Carry a request out. What answers it is made once, for the person, and kept nowhere.

    Example: tagwarden request execute rq-0123456789abcdef --out ../package.html.age
    """
    from governance.requests import executing

    ws = workspace(where)
    language = language_of(ws, lang)
    how = executing.How(out, form or "html", "zh" if language == "zh" else "en", not plain, force)
    done = executing.execute(ws, ref, how)
    if done.passphrase:
        note(f"passphrase, shown once and kept nowhere: {done.passphrase}")
    data = {"request": data_of(done.request), "answer": list(done.lines)}
    emit(data, as_json, [*done.lines, f"{ref}: {state_of(done.request, language)}"])


request_steps.register(app)
request_identity.register(app)
request_reports.attach(app)
