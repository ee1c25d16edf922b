# SPDX-License-Identifier: Apache-2.0
"""`tagwarden config`: the settings in force, and where each comes from."""

import re

import typer

from governance.cli.out import Json, Where, emit, table, workspace

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    help="Show the settings in force.",
)


@app.callback()
def config() -> None:
    """Show the settings in force."""


@app.command()
def show(where: Where = None, as_json: Json = False) -> None:
    """Show each setting: value, origin, meaning.

    Example: tagwarden config show
    """
    from governance.settings import KNOWN

    settings = workspace(where).settings
    rows = [
        (
            key,
            _shown(key, settings.values[key]),
            settings.origins[key],
            known.meaning,
        )
        for key, known in KNOWN.items()
    ]
    columns = ("setting", "value", "origin", "meaning")
    emit(
        {"settings": [dict(zip(columns, row, strict=True)) for row in rows]},
        as_json,
        lambda: table(columns, rows),
    )


def _shown(key: str, value: object) -> object:
    from governance.settings import KNOWN

    if value and KNOWN[key].secret:
        return "(secret)"
    return re.sub(r"(://[^:/@]*):[^@]*@", r"\1:***@", value) if isinstance(value, str) else value
