# SPDX-License-Identifier: Apache-2.0
"""`tagwarden audit`: audit tags, and check the evidence log."""

import typer

from governance.cli import audit_log
from governance.cli.audit_bias import bias, leak, list_, price, show

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    help="Audit tags for bias; check the evidence log.",
)
app.add_typer(audit_log.app, name="log")
app.command()(bias)
app.command()(leak)
app.command()(price)
app.command(name="list")(list_)
app.command()(show)
