# SPDX-License-Identifier: Apache-2.0
"""`tagwarden audit consent`: whether every tag had a basis, and every no took effect."""

from pathlib import Path
from typing import Annotated

import typer

from governance.cli.audit_bias import OutFile, give, suits
from governance.cli.out import Json, Lang, Where, progress, workspace
from governance.cli.who import language_of, time_of


def consent(  # noqa: PLR0917  (options of a command)
    since: Annotated[
        str | None,
        typer.Option(
            "--from", help="Start of the period, ISO 8601. [default: 30 days before its end]"
        ),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", help="End of the period, ISO 8601. [default: now]")
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option(
            "--policy", help="File with a ConsentPolicy. [default: the one to start from]"
        ),
    ] = None,
    out: OutFile = None,
    where: Where = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Say whether every tag had a basis, and whether every no took effect.

    Computed anew from ledgers and history, without the gate. The report is kept, and its digest is
    signed into the evidence log. Ends with exit code 1 on a breach.

    Example: tagwarden audit consent --from 2026-10-01 --to 2026-11-01 --out consent.html
    """
    from governance.auditing.consent_audit import audit

    ws = workspace(where)
    suits(out)
    start = None if since is None else time_of(ws, since, "--from")
    end = None if until is None else time_of(ws, until, "--to")
    with progress("reading the ledgers") as bar:
        made = audit(ws, start, end, policy, progress=bar.update)
    give([made], out, language_of(ws, lang), as_json)
    if made.status == "breach":
        raise typer.Exit(1)
