# SPDX-License-Identifier: Apache-2.0
"""`tagwarden hold`: what must not be erased of a person, on which ground, until which day."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from governance.cli.out import Json, Lang, Where, emit, table, workspace
from governance.cli.who import Whom, language_of, subject_of

if TYPE_CHECKING:
    from governance.holds import Hold

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Say what must not be erased, why, until when.",
)

Name = Annotated[str, typer.Argument(metavar="ID", help="Number of a hold.")]


@app.command()
def place(
    subject: Whom,
    *,
    category: Annotated[str, typer.Option("--category", "-c", help="everything or transactions.")],
    ground: Annotated[
        str, typer.Option("--ground", "-g", help="legal-claims, legal-obligation, authority-order.")
    ],
    until: Annotated[str, typer.Option("--until", help="Its last day, YYYY-MM-DD.")],
    where: Where = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Place a hold. It is in force now; somebody else must confirm it within seven days.

    Example: tagwarden hold place @number.txt --category transactions --ground legal-claims --until 2027-01-31
    """
    from governance import holds
    from policies.clocks import read_day

    ws = workspace(where)
    who = subject_of(ws, subject)
    _one(
        holds.place(ws, who, category, ground, read_day(until, "the last day")),
        language_of(ws, lang),
        as_json=as_json,
    )


@app.command()
def confirm(name: Name, where: Where = None, lang: Lang = None, as_json: Json = False) -> None:
    """Confirm a hold that somebody else placed.

    Example: tagwarden hold confirm hd-3f9a0c41b2d7e865
    """
    from governance import holds

    ws = workspace(where)
    _one(holds.confirm(ws, name), language_of(ws, lang), as_json=as_json)


@app.command()
def lift(name: Name, where: Where = None, lang: Lang = None, as_json: Json = False) -> None:
    """Lift a hold that somebody else placed; what waited goes on with `tagwarden erasure run`.

    Example: tagwarden hold lift hd-3f9a0c41b2d7e865
    """
    from governance import holds

    ws = workspace(where)
    _one(holds.lift(ws, name), language_of(ws, lang), as_json=as_json)


@app.command(name="list")
def list_(
    *,
    everything: Annotated[bool, typer.Option("--all", help="Those that are over, too.")] = False,
    where: Where = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """List the holds in force, the one that ends first at the head.

    Example: tagwarden hold list
    """
    from governance import holds

    ws = workspace(where)
    _print(holds.listed(ws, everything=everything), language_of(ws, lang), as_json=as_json)


def _one(found: "Hold", language: str, *, as_json: bool) -> None:
    if as_json:
        emit(_data(found), as_json)
    else:
        _print([found], language, as_json=False)


def _print(found: "list[Hold]", language: str, *, as_json: bool) -> None:
    from governance.holds import CATEGORIES, GROUNDS, STATES

    rows = (
        (
            one.id,
            CATEGORIES[one.category].in_(language),
            GROUNDS[one.ground].text.in_(language),
            one.until,
            STATES[one.state].in_(language),
        )
        for one in found
    )
    emit(
        [_data(one) for one in found],
        as_json,
        lambda: table(("hold", "what", "because", "until", "state"), rows),
    )


def _data(one: "Hold") -> dict[str, Any]:
    from audit.clock import iso
    from governance.holds import GROUNDS

    return {
        "id": one.id,
        "category": one.category,
        "ground": one.ground,
        "articles": list(GROUNDS[one.ground].articles),
        "until": one.until.isoformat(),
        "placed_by": one.placed_by,
        "placed_at": iso(one.placed_at),
        "confirmed_by": one.confirmed_by,
        "lifted_by": one.lifted_by,
        "state": one.state,
    }
