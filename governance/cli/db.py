# SPDX-License-Identifier: Apache-2.0
"""`tagwarden db`: the schema of the control database."""

import typer

from governance.cli.out import Json, Where, emit, workspace

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    help="Check and upgrade the control database.",
)


@app.command()
def upgrade(where: Where = None, as_json: Json = False) -> None:
    """Bring the database to this version's schema.

    Example: tagwarden db upgrade
    """
    from governance.store.schema import bring_up

    before, after = bring_up(workspace(where))
    changed = before != after
    emit(
        {"before": before, "after": after, "changed": changed},
        as_json,
        [f"schema {before or 'none'} -> {after}" if changed else f"nothing to do: schema {after}"],
    )


@app.command()
def check(where: Where = None, as_json: Json = False) -> None:
    """Say whether the schema is this version's.

    Ends with an error when it is not.

    Example: tagwarden db check
    """
    from governance.store.schema import checked

    revision = checked(workspace(where))
    emit({"schema": revision}, as_json, [f"schema {revision}: the one of this version"])
