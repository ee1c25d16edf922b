# SPDX-License-Identifier: Apache-2.0
"""`tagwarden policy explain-rules`: how data are processed, told to people, as lines or one page."""

from pathlib import Path
from typing import Annotated

import typer

from governance.cli.out import Json, Lang, Where, emit, workspace, write_text
from governance.cli.who import language_of


def explain_rules(
    *,
    regime: Annotated[
        str | None,
        typer.Option("--regime", help="gdpr, pipl_cn or ccpa. [default: the workspace's]"),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Page to write (HTML).")] = None,
    where: Where = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Tell people how their data are processed: purposes, tags and their rules, rights.

    Example: tagwarden policy explain-rules --regime pipl_cn --lang zh --out rules.html
    """
    from governance import rulebook

    ws = workspace(where)
    language = "zh" if language_of(ws, lang) == "zh" else "en"
    found = rulebook.rulebook_of(ws, regime or ws.settings.text("workspace.regime"))
    plain = rulebook.as_plain(found)
    if out is None:
        emit(plain, as_json, lambda: rulebook.as_lines(found, language))
        return
    write_text(out, rulebook.as_html(found, language))
    emit({"written": str(out), **plain}, as_json, [f"{out}: {len(found.parts)} purposes"])
