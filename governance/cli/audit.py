# SPDX-License-Identifier: Apache-2.0
"""`tagwarden audit`: check the evidence log, and prove to others what is in it."""

import typer

from governance.cli import audit_log

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    help="Check the evidence log.",
)
app.add_typer(audit_log.app, name="log")
