# SPDX-License-Identifier: Apache-2.0
"""`tagwarden notification`: whom to tell what was erased, corrected or restricted, and who has confirmed it."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from governance.cli.out import Json, Lang, Where, emit, table, workspace
from governance.cli.who import language_of

if TYPE_CHECKING:
    from governance.notifying import Notification

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Tell recipients what was erased or corrected.",
)

Name = Annotated[str, typer.Argument(metavar="ID", help="Number of a notification.")]


@app.command(name="list")
def list_(
    ref: Annotated[
        str | None, typer.Argument(metavar="REF", help="Number of a request. [default: all]")
    ] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Those that are settled, too.")] = False,
    where: Where = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """List what recipients have still to be told, or to acknowledge.

    The reference names the person to this recipient only.

    Example: tagwarden notification list
    """
    from governance import notifying

    ws = workspace(where)
    _print(notifying.listed(ws, ref, everything=everything), language_of(ws, lang), as_json=as_json)


@app.command()
def sent(name: Name, where: Where = None, lang: Lang = None, as_json: Json = False) -> None:
    """Note that a recipient was told.

    Example: tagwarden notification sent nt-3f9a0c41b2d7e865
    """
    from governance import notifying

    ws = workspace(where)
    _one(notifying.sent(ws, name), language_of(ws, lang), as_json=as_json)


@app.command()
def fail(name: Name, where: Where = None, lang: Lang = None, as_json: Json = False) -> None:
    """Note that a recipient could not be reached.

    Example: tagwarden notification fail nt-3f9a0c41b2d7e865
    """
    from governance import notifying

    ws = workspace(where)
    _one(notifying.failed(ws, name), language_of(ws, lang), as_json=as_json)


@app.command()
def acknowledge(
    name: Name,
    receipt: Annotated[str, typer.Option("--receipt", help="Number that the recipient gave.")],
    where: Where = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Note that a recipient has acknowledged, with the number of the receipt.

    Example: tagwarden notification acknowledge nt-3f9a0c41b2d7e865 --receipt A-17
    """
    from governance import notifying

    ws = workspace(where)
    _one(notifying.acknowledge(ws, name, receipt), language_of(ws, lang), as_json=as_json)


@app.command()
def impossible(
    name: Name,
    ground: Annotated[str, typer.Option("--ground", help="impossible or disproportionate.")],
    where: Where = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Note why a recipient is not told.

    Example: tagwarden notification impossible nt-3f9a0c41b2d7e865 --ground disproportionate
    """
    from governance import notifying

    ws = workspace(where)
    _one(notifying.impossible(ws, name, ground), language_of(ws, lang), as_json=as_json)


def _one(found: "Notification", language: str, *, as_json: bool) -> None:
    if as_json:
        emit(_data(found), as_json)
    else:
        _print([found], language, as_json=False)


def _print(found: "list[Notification]", language: str, *, as_json: bool) -> None:
    from governance.notifying import STATES, WHAT

    rows = (
        (
            one.id,
            one.ref,
            one.recipient,
            WHAT[one.what].in_(language),
            one.reference,
            STATES[one.state].in_(language),
            one.code,
        )
        for one in found
    )
    emit(
        [_data(one) for one in found],
        as_json,
        lambda: table(
            ("notification", "request", "recipient", "what", "reference", "state", "code"), rows
        ),
    )


def _data(one: "Notification") -> dict[str, Any]:
    from audit.clock import iso

    return {
        "id": one.id,
        "ref": one.ref,
        "recipient": one.recipient,
        "what": one.what,
        "reference": one.reference,
        "state": one.state,
        "code": one.code,
        "made_at": iso(one.made_at),
        "moved_at": iso(one.moved_at),
    }
