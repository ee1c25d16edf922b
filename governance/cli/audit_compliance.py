# SPDX-License-Identifier: Apache-2.0
"""`tagwarden audit compliance` and `pack`: obligations held against the workspace; all for an auditor."""

from pathlib import Path
from typing import Annotated

import typer

from governance.cli.audit_bias import OutFile, give, suits
from governance.cli.out import Json, Lang, Where, emit, note, workspace
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


def pack(
    first: Annotated[str, typer.Option("--from", metavar="DAY", help="First day of the period.")],
    last: Annotated[str, typer.Option("--to", metavar="DAY", help="Last day of the period.")],
    out: Annotated[Path, typer.Option("--out", help="File to write the archive to, a .zip.")],
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Pack the reports and the evidence of a period for an auditor outside.

    The proof that the log has it lies beside it: FILE.tlog-proof. No person is named in it.

    Example: tagwarden audit pack --from 2026-01-01 --to 2026-03-31 --out audit.zip
    """
    from governance.complying.packing import PROOF
    from governance.complying.packing import pack as make
    from policies.clocks import read_day

    ws = workspace(where)
    period = read_day(first, "--from"), read_day(last, "--to")
    made = make(ws, *period, out)
    data = {
        "out": str(out),
        "proof": f"{out}{PROOF}",
        "sha256": made.sha256,
        "bytes": made.size,
        "files": made.files,
        "entries": made.entries,
        "reports": [one.name for one in made.reports],
    }
    for regime in made.missing:
        note(f"no compliance report of the period: tagwarden audit compliance --regime {regime}")
    lines = [
        f"{out}: {made.files} files, {len(made.reports)} reports, {made.entries} entries",
        f"sha256 {made.sha256}",
        f"check it: python verifier.py pack {out.name} --keys KEYS",
    ]
    emit(data, as_json, lines)
