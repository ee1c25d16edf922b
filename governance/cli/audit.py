# SPDX-License-Identifier: Apache-2.0
"""`tagwarden audit`: check the evidence log."""

import typer

from governance.cli.out import Json, Where, emit, workspace

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    help="Check the evidence log.",
)
log = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, add_completion=False, help="The evidence log."
)
app.add_typer(log, name="log")


@log.callback()
def log_group() -> None:
    """Check the evidence log."""


@log.command()
def verify(where: Where = None, as_json: Json = False) -> None:
    """Recompute the whole log against its signed head.

    Ends with exit code 6 and every problem when anything was changed.

    Example: tagwarden audit log verify
    """
    found = workspace(where).evidence.verify()
    found.raise_if_bad()
    emit(
        {"size": found.size, "root": found.root, "good": True},
        as_json,
        [f"{found.size} entries, unchanged", f"root {found.root}"],
    )
