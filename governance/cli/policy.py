# SPDX-License-Identifier: Apache-2.0
"""`tagwarden policy`: show packs, ask what the law answers, lay overlays over it, see what would change."""

import typer

from governance.cli.decide import classify, decide
from governance.cli.due import due
from governance.cli.explain_rules import explain_rules
from governance.cli.obligations import obligations
from governance.cli.policy_calendar import calendar, calendars
from governance.cli.policy_diff import diff, simulate
from governance.cli.policy_overlay import apply, approve, overlays, withdraw
from governance.cli.policy_show import schema, show
from governance.cli.record import record

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Show packs, ask what the law answers."
)
app.command()(decide)
app.command()(classify)
app.command()(show)
app.command()(diff)
app.command()(simulate)
app.command()(apply)
app.command()(overlays)
app.command()(approve)
app.command()(withdraw)
app.command()(schema)
app.command()(obligations)
app.command()(due)
app.command()(calendar)
app.command()(calendars)
app.command()(record)
app.command()(explain_rules)
