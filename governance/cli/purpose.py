# SPDX-License-Identifier: Apache-2.0
"""`tagwarden purpose`: declare why data may be used."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from governance.cli.out import Json, Lang, Where, emit, table, workspace
from governance.cli.who import language_of

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Declare why data may be used.")


@app.command()
def apply(
    files: Annotated[list[Path], typer.Argument(help="Files, or folders with *.yaml.")],
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Write purposes from documents.

    Example: tagwarden purpose apply purposes.yaml
    """
    from governance import purpose

    applied = purpose.apply(workspace(where), files)
    changed = [item for item in applied if item.what != "unchanged"]

    def text() -> Iterator[str]:
        if not changed:
            yield f"nothing to do: {len(applied)} purposes are as they were"
            return
        yield from table(("key", "change"), [(item.key, item.what) for item in changed])

    data = {"changes": [{"key": item.key, "what": item.what} for item in applied]}
    emit(data, as_json, text)


@app.command(name="list")
def list_(where: Where = None, lang: Lang = None, as_json: Json = False) -> None:
    """List the purposes in force.

    Example: tagwarden purpose list
    """
    from governance.purpose import purposes

    ws = workspace(where)
    language = language_of(ws, lang)
    with ws.store.read() as connection:
        found = purposes(connection)
    data = [item.model_dump(mode="json", by_alias=True) for item in found.values()]
    rows = [
        (item.key, item.name.in_(language), item.use, item.personalised, item.retention)
        for item in found.values()
    ]
    columns = ("key", "name", "use", "personalised", "retention")
    emit({"purposes": data}, as_json, lambda: table(columns, rows))


@app.command()
def show(
    key: Annotated[str, typer.Argument(help="Key of a purpose.")],
    where: Where = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Show one purpose.

    Example: tagwarden purpose show first_party_recommendation
    """
    from governance.purpose import purpose_named
    from policies.vocabulary import label

    ws = workspace(where)
    language = language_of(ws, lang)
    with ws.store.read() as connection:
        found = purpose_named(connection, key)

    def text() -> Iterator[str]:
        yield f"{found.key}: {found.name.in_(language)}"
        yield found.says.in_(language)
        yield f"use           {label('use', found.use, language)}"
        yield f"personalised  {'yes' if found.personalised else 'no'}"
        yield f"retention     {found.retention}"
        yield f"recipients    {', '.join(found.recipients)}"

    emit({"purpose": found.model_dump(mode="json", by_alias=True)}, as_json, text)
