# SPDX-License-Identifier: Apache-2.0
"""`tagwarden audit`: audit tags and the workspace, and check the evidence log."""

import typer

from governance.cli import audit_log, audit_policy
from governance.cli.audit_bias import bias, leak, list_, price, show
from governance.cli.audit_compliance import compliance, pack
from governance.cli.audit_consent import consent
from governance.cli.audit_findings import findings, revoke, waive

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    help="Audit tags, prices, consent, compliance; check the evidence log.",
)
app.add_typer(audit_log.app, name="log")
app.add_typer(audit_policy.app, name="policy")
app.command()(bias)
app.command()(leak)
app.command()(price)
app.command()(consent)
app.command()(compliance)
app.command()(pack)
app.command(name="list")(list_)
app.command()(show)
for command in (findings, waive, revoke):
    app.command()(command)
