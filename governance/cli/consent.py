# SPDX-License-Identifier: Apache-2.0
"""`tagwarden consent`: record, import and check consent."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from governance.cli.out import Json, Lang, Where, emit, progress, table, workspace
from governance.cli.who import When, Who, language_of, said_at, subject_of, time_of

if TYPE_CHECKING:
    from governance.consent import ConsentStanding

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Record and check consent.")

Purpose = Annotated[str, typer.Option("--purpose", "-p", help="Key of a purpose.")]
Surface = Annotated[str, typer.Option("--surface", help="Where it was said, e.g. app.settings.")]


@app.command()
def record(
    *,
    subject: Who,
    purpose: Purpose,
    state: Annotated[str, typer.Option("--state", help="given or refused.")] = "given",
    kind: Annotated[
        str, typer.Option("--kind", help="ordinary, explicit, separate or guardian.")
    ] = "ordinary",
    at: When = None,
    expires: Annotated[str | None, typer.Option("--expires", help="When it ends.")] = None,
    notice: Annotated[str, typer.Option("--notice", help="Version of the notice.")] = "",
    language: Annotated[str, typer.Option("--language", help="Language of the notice.")] = "",
    surface: Surface = "",
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Record what a person said about a purpose.

    Example: tagwarden consent record --subject - --purpose analytics --notice 2026-02
    """
    from governance.consent import ConsentFact, submit

    ws = workspace(where)
    fact = ConsentFact(
        subject_of(ws, subject),
        purpose,
        state,
        kind,
        said_at(ws, at),
        expires_at=None if expires is None else time_of(ws, expires, "--expires"),
        notice=notice,
        language=language,
        surface=surface,
        source="cli",
    )
    _said(state, submit(ws, fact), as_json)


@app.command()
def withdraw(
    *,
    subject: Who,
    purpose: Purpose,
    kind: Annotated[str, typer.Option("--kind", help="One kind only. [default: every kind]")] = "",
    at: When = None,
    surface: Surface = "",
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Record that a person withdraws; tags end at once.

    Example: tagwarden consent withdraw --subject - --purpose first_party_recommendation
    """
    from governance.consent import ConsentFact, submit

    ws = workspace(where)
    fact = ConsentFact(
        subject_of(ws, subject),
        purpose,
        "withdrawn",
        kind,
        said_at(ws, at),
        surface=surface,
        source="cli",
    )
    _said("withdrawn", submit(ws, fact), as_json)


@app.command(name="import")
def import_(
    files: Annotated[list[Path], typer.Argument(help="Files of consents.")],
    mapping: Annotated[Path, typer.Option("--map", help="Mapping file.")],
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Import consents from files.

    Example: tagwarden consent import consents.csv --map consents.map.yaml
    """
    from governance.intake.consents import ingest
    from tagging.intake.loading import load
    from tagging.intake.mapping import ConsentMap

    ws = workspace(where)
    with progress("reading consents") as bar:
        reports = ingest(ws, files, load(mapping, ConsentMap), progress=bar.update)
    lines = [
        f"{report.label}: {report.state}, {report.added:,} of {report.rows:,} rows are new"
        for report in reports
    ]
    emit({"reports": [report.as_json() for report in reports]}, as_json, lines)


@app.command()
def check(
    *,
    subject: Who,
    purpose: Purpose,
    at: When = None,
    where: Where = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Say how consent stood at a point in time.

    Example: tagwarden consent check --subject - --purpose analytics --at 2026-01-31
    """
    from governance.consent import look_up

    ws = workspace(where)
    language = language_of(ws, lang)
    standing = look_up(ws, subject_of(ws, subject), purpose, time_of(ws, at))
    emit(_standing(standing), as_json, lambda: _standing_lines(standing, language))


@app.command(name="may-ask")
def may_ask(
    *,
    subject: Who,
    purpose: Purpose,
    where: Where = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Say whether a person may be asked again after a no.

    Example: tagwarden consent may-ask --subject - --purpose analytics
    """
    from audit.clock import iso
    from governance import asking_again
    from policies.vocabulary import label

    ws = workspace(where)
    language = language_of(ws, lang)
    found = asking_again.may_ask(ws, subject_of(ws, subject), purpose)
    data = {
        "purpose": found.purpose,
        "may_ask": found.allowed,
        "because": found.because,
        "said": iso(found.said_at) or None,
        "again": iso(found.again_at) or None,
        "cites": list(found.cites),
    }
    told = label("ask", "may" if found.allowed else "not-yet", language)
    if found.because is not None and not found.allowed:
        why = label("reason", found.because, language)
        told = (
            f"{told} {iso(found.again_at)}: {why} ({iso(found.said_at)}; {'; '.join(found.cites)})"
        )
    emit(data, as_json, [told])


@app.command()
def history(
    subject: Who,
    purpose: Annotated[
        str | None, typer.Option("--purpose", "-p", help="One purpose only.")
    ] = None,
    where: Where = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Show everything that a person said, in order.

    Example: tagwarden consent history --subject @number.txt
    """
    from audit.clock import iso
    from governance.consent import look_back
    from policies.vocabulary import label

    ws = workspace(where)
    language = language_of(ws, lang)
    found = look_back(ws, subject_of(ws, subject), purpose)
    data: list[dict[str, Any]] = [
        {
            "event": entry.id,
            "purpose": entry.purpose,
            "state": entry.state,
            "kind": entry.kind or "all",
            "at": iso(entry.at),
            "expires": iso(entry.expires_at),
            "notice": entry.notice,
            "language": entry.language,
            "surface": entry.surface,
            "source": entry.source,
            "recorded": iso(entry.recorded_at),
        }
        for entry in found
    ]
    rows = [
        (
            item["at"],
            item["purpose"],
            label("state", item["state"], language),
            item["kind"],
            item["notice"],
            item["surface"],
        )
        for item in data
    ]
    columns = ("at", "purpose", "state", "kind", "notice", "surface")
    emit({"history": data}, as_json, lambda: table(columns, rows))


@app.command()
def coverage(at: When = None, where: Where = None, as_json: Json = False) -> None:
    """Count by purpose and kind who gave and who did not.

    Example: tagwarden consent coverage
    """
    from dataclasses import asdict

    from audit.clock import iso
    from governance import consent

    ws = workspace(where)
    when = time_of(ws, at)
    with ws.store.read() as connection:
        found = [asdict(item) for item in consent.coverage(connection, when)]
    columns = ("purpose", "kind", "given", "refused", "withdrawn", "expired", "never")
    emit(
        {"at": iso(when), "coverage": found},
        as_json,
        lambda: table(columns, [[item[column] for column in columns] for item in found]),
    )


def _said(state: str, ended: int, as_json: bool) -> None:
    lines = [f"recorded: {state}"]
    if ended:
        lines.append(f"{ended} tags ended at once: no purpose permits them now")
    emit({"state": state, "ended": ended}, as_json, lines)


def _standing(standing: "ConsentStanding") -> dict[str, Any]:
    from audit.clock import iso

    return {
        "purpose": standing.purpose,
        "at": iso(standing.at),
        "given": sorted(standing.given),
        "kinds": {
            kind: {
                "state": said.state,
                "since": iso(said.since),
                "until": iso(said.expires_at),
                "event": said.event_id,
            }
            for kind, said in sorted(standing.kinds.items())
        },
    }


def _standing_lines(standing: "ConsentStanding", language: str) -> Iterator[str]:
    from audit.clock import iso
    from policies.vocabulary import label

    if not standing.kinds:
        yield label("state", "never", language)
        return
    rows = [
        (
            label("consent", kind, language),
            label("state", said.state, language),
            iso(said.since),
            iso(said.expires_at),
        )
        for kind, said in sorted(standing.kinds.items())
    ]
    yield from table(("consent", "state", "since", "until"), rows)
