# SPDX-License-Identifier: Apache-2.0
"""`tagwarden retention`: what is past its time, and its deletion."""

from typing import TYPE_CHECKING

import typer

from governance.cli.out import Json, Lang, Where, emit, table, workspace
from governance.cli.who import language_of

if TYPE_CHECKING:
    from governance.retention import Due

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Delete what is past its time.")


@app.command(name="list")
def list_(where: Where = None, lang: Lang = None, as_json: Json = False) -> None:
    """Say what is past its time; nothing is changed.

    Example: tagwarden retention list
    """
    from governance import retention

    ws = workspace(where)
    _print(retention.due(ws), language_of(ws, lang), as_json=as_json)


@app.command()
def run(where: Where = None, lang: Lang = None, as_json: Json = False) -> None:
    """Delete what is past its time, then carry erasures on. What a hold keeps is spared.

    Example: tagwarden retention run
    """
    from governance import retention
    from governance.requests.erasing import carry_on

    ws = workspace(where)
    taken = retention.run(ws)
    carry_on(ws)
    _print(taken, language_of(ws, lang), as_json=as_json)


def _print(found: "list[Due]", language: str, *, as_json: bool) -> None:
    from audit.clock import iso
    from governance.retention import NEVER, WHAT

    def limit(one: "Due") -> str:
        return "" if one.before == NEVER else iso(one.before)

    data = [{"code": one.code, "count": one.count, "before": limit(one)} for one in found]
    rows = ((WHAT[one.code].in_(language), one.count, limit(one)[:10]) for one in found)
    emit(data, as_json, lambda: table(("what", "due", "before"), rows))
