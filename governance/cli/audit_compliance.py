# SPDX-License-Identifier: Apache-2.0
"""`tagwarden audit compliance`: each obligation of a law, met, not met, or for a person."""

from typing import Annotated

import typer

from governance.cli.audit_bias import OutFile, give, suits
from governance.cli.out import Json, Lang, Where, workspace
from governance.cli.who import language_of


def compliance(
    regime: Annotated[
        str | None,
        typer.Option("--regime", help="gdpr, pipl_cn or ccpa. [default: the workspace's]"),
    ] = None,
    out: OutFile = None,
    where: Where = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Hold this workspace against every obligation of a law.

    The report is kept, and its digest is signed into the evidence log. Ends with exit code 1 when
    something is not met.

    Example: tagwarden audit compliance --regime gdpr --out report.html
    """
    from governance.complying.auditing import compliance as audit

    ws = workspace(where)
    suits(out)
    made = audit(ws, regime or ws.settings.text("workspace.regime"))
    give([made], out, language_of(ws, lang), as_json)
    if made.status == "not_met":
        raise typer.Exit(1)
