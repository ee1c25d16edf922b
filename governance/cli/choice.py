# SPDX-License-Identifier: Apache-2.0
"""`tagwarden choice`: record what a person objects to, blocks, switches off."""

from pathlib import Path
from typing import Annotated

import typer

from governance.cli.out import Json, Lang, Where, emit, table, workspace
from governance.cli.who import When, Who, language_of, said_at, subject_of

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Record what a person objects to, blocks, switches off.",
)

Purpose = Annotated[str, typer.Option("--purpose", "-p", help="Key of a purpose.")]
Tag = Annotated[str, typer.Argument(help="Key of a tag.")]
Undo = Annotated[bool, typer.Option("--withdraw", help="Take the choice back.")]


@app.command(name="object")
def object_(
    *,
    subject: Who,
    purpose: Purpose,
    undo: Undo = False,
    at: When = None,
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Object to a purpose; it stops at the next read.

    Example: tagwarden choice object --subject - --purpose first_party_personalised_marketing
    """
    _record(where, subject, ("object", purpose), not undo, at, as_json=as_json)


@app.command()
def restrict(subject: Who, at: When = None, where: Where = None, as_json: Json = False) -> None:
    """Restrict processing: stored, but used for nothing.

    Example: tagwarden choice restrict --subject @number.txt
    """
    _record(where, subject, ("restrict", ""), True, at, as_json=as_json)


@app.command()
def unrestrict(subject: Who, at: When = None, where: Where = None, as_json: Json = False) -> None:
    """Lift a restriction of processing.

    Example: tagwarden choice unrestrict --subject @number.txt
    """
    _record(where, subject, ("restrict", ""), False, at, as_json=as_json)


@app.command(name="opt-out")
def opt_out(
    subject: Who, undo: Undo = False, at: When = None, where: Where = None, as_json: Json = False
) -> None:
    """Opt out of sale and sharing.

    Example: tagwarden choice opt-out --subject @number.txt
    """
    _record(where, subject, ("opt-out", ""), not undo, at, as_json=as_json)


@app.command()
def limit(
    subject: Who, undo: Undo = False, at: When = None, where: Where = None, as_json: Json = False
) -> None:
    """Limit sensitive information to the uses that the service needs (California).

    Example: tagwarden choice limit --subject @number.txt
    """
    _record(where, subject, ("limit", ""), not undo, at, as_json=as_json)


@app.command()
def gpc(subject: Who, at: When = None, where: Where = None, as_json: Json = False) -> None:
    """Record an opt-out preference signal (GPC).

    Example: tagwarden choice gpc --subject -
    """
    _record(where, subject, ("opt-out", ""), True, at, as_json=as_json, source="gpc")


@app.command(name="block-tag")
def block_tag(
    tag: Tag, subject: Who, at: When = None, where: Where = None, as_json: Json = False
) -> None:
    """Keep a tag off a person for good; it ends at once.

    Example: tagwarden choice block-tag interest.coffee_drinker --subject -
    """
    _record(where, subject, ("block-tag", tag), True, at, as_json=as_json)


@app.command(name="delete-tag")
def delete_tag(
    tag: Tag, subject: Who, at: When = None, where: Where = None, as_json: Json = False
) -> None:
    """Delete a tag of a person; no run brings it back.

    Example: tagwarden choice delete-tag interest.coffee_drinker --subject -
    """
    _record(where, subject, ("block-tag", tag), True, at, as_json=as_json, source="delete-tag")


@app.command(name="unblock-tag")
def unblock_tag(
    tag: Tag, subject: Who, at: When = None, where: Where = None, as_json: Json = False
) -> None:
    """Let a tag be given to a person again.

    Example: tagwarden choice unblock-tag interest.coffee_drinker --subject -
    """
    _record(where, subject, ("block-tag", tag), False, at, as_json=as_json)


@app.command()
def personalisation(
    switch: Annotated[str, typer.Argument(help="off or on.")],
    subject: Who,
    at: When = None,
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Switch all personalisation off, or on again.

    Example: tagwarden choice personalisation off --subject -
    """
    off = _is_off(switch, "personalisation is")
    _record(where, subject, ("depersonalise", ""), off, at, as_json=as_json)


@app.command()
def decisions(
    switch: Annotated[str, typer.Argument(help="off or on.")],
    subject: Who,
    at: When = None,
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Switch significant decisions by automated technology off, or on again (California).

    Example: tagwarden choice decisions off --subject -
    """
    off = _is_off(switch, "decisions are")
    _record(where, subject, ("admt-opt-out", ""), off, at, as_json=as_json)


@app.command(name="list")
def list_(subject: Who, where: Where = None, lang: Lang = None, as_json: Json = False) -> None:
    """List the choices of a person that are in force.

    Example: tagwarden choice list --subject @number.txt
    """
    from audit.clock import iso
    from governance.choice import look_up
    from policies.vocabulary import label

    ws = workspace(where)
    language = language_of(ws, lang)
    found = look_up(ws, subject_of(ws, subject))
    data = [{"kind": c.kind, "target": c.target, "since": iso(c.since)} for c in found]
    rows = [(label("choice", c.kind, language), c.target, iso(c.since)) for c in found]
    emit({"choices": data}, as_json, lambda: table(("choice", "of", "since"), rows))


def _is_off(switch: str, what: str) -> bool:
    from audit.errors import BadInput

    if switch not in ("off", "on"):
        raise BadInput("bad-switch", f"{what} switched off or on", hint="say off or on")
    return switch == "off"


def _record(
    where: Path | None,
    subject: str,
    what: tuple[str, str],
    active: bool,
    at: str | None,
    *,
    as_json: bool,
    source: str = "cli",
) -> None:
    from governance.choice import ChoiceFact
    from governance.correcting import choose

    ws = workspace(where)
    kind, target = what
    person = subject_of(ws, subject)
    ended = choose(ws, ChoiceFact(person, kind, target, active, said_at(ws, at), source))
    lines = [f"{'in force' if active else 'taken back'}: {kind}{f' {target}' if target else ''}"]
    if ended:
        lines.append(f"{ended} tags ended at once")
    data = {"kind": kind, "target": target, "active": active, "ended": ended}
    emit(data, as_json, lines)
