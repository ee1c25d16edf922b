# SPDX-License-Identifier: Apache-2.0
"""`tagwarden policy record`: the record of processing, as a table, JSON, CSV or one HTML page."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, get_args

import typer

from governance.cli.out import (
    API_VERSION,
    Json,
    Lang,
    Where,
    emit,
    note,
    say,
    table,
    workspace,
    write_text,
)
from governance.cli.who import language_of

if TYPE_CHECKING:
    from governance.record import Record

Format = Literal["table", "json", "csv", "html"]
_COLUMNS = ("purpose", "article", "field", "on record")


def record(
    *,
    regime: Annotated[
        str | None, typer.Option("--regime", help="gdpr or pipl_cn. [default: the workspace's]")
    ] = None,
    format_: Annotated[
        Format | None, typer.Option("--format", help="[default: by the ending of --out, or table]")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="File to write it to.")] = None,
    where: Where = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Show the record of processing that the law asks for.

    Example: tagwarden policy record --regime gdpr --out record.html
    """
    from governance import record as records

    ws = workspace(where)
    language = "zh" if language_of(ws, lang) == "zh" else "en"
    both = (language, "en" if language == "zh" else "zh")
    found = records.record_of(ws, regime or ws.settings.text("workspace.regime"))
    plain = records.as_plain(found)
    wanted = format_ or _by_ending(out)
    if out is not None:
        write_text(out, _text(found, wanted, (language,) if lang else both))
        emit({"written": str(out), **plain}, as_json, [f"{out}: {len(found.entries)} purposes"])
    elif as_json or wanted == "table":
        emit(plain, as_json, lambda: table(_COLUMNS, records.as_rows(found, language)))
    else:
        say(_text(found, wanted, (language,) if lang else both).rstrip("\n"))
    if found.not_stated:
        note(f"not stated yet: {', '.join(found.not_stated)}")


def _by_ending(out: Path | None) -> Format:
    ending = out.suffix.removeprefix(".") if out is not None else ""
    return next((known for known in get_args(Format) if known == ending), "table")


def _text(found: "Record", wanted: Format, languages: tuple[str, ...]) -> str:
    """Return the record as the text of a file; only the page holds more than one language."""
    from governance import record as records

    match wanted:
        case "html":
            return records.as_html(found, languages)
        case "csv":
            return records.as_csv(found, languages[0])
        case "json":
            plain = {"apiVersion": API_VERSION, **records.as_plain(found)}
            return json.dumps(plain, ensure_ascii=False, indent=2) + "\n"
        case "table":
            rows = (_COLUMNS, *records.as_rows(found, languages[0]))
            return "".join("\t".join(row) + "\n" for row in rows)
