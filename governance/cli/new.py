# SPDX-License-Identifier: Apache-2.0
"""`tagwarden tag new`: a tag document to fill in. Never overwrites a file, never asks unasked."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from governance.cli.out import Json, Where, emit, note

if TYPE_CHECKING:
    from tagging.skeleton import Given

Key = Annotated[str, typer.Argument(help="Key of the new tag, such as interest.tea_lover.")]
From = Annotated[
    str, typer.Option("--from", help="Kind of rule: rule, levels, quantile, favourite, declared.")
]
Dimension = Annotated[
    str | None, typer.Option("--dimension", help="Dimension. [default: the first part of the key]")
]
Out = Annotated[
    str | None, typer.Option("--out", help="File to write; - prints it. [default: KEY.yaml]")
]
Interactive = Annotated[
    bool, typer.Option("--interactive", "-i", help="Ask for names, owner and purpose.")
]


def new(
    key: Key,
    *,
    kind: From = "rule",
    dimension: Dimension = None,
    out: Out = None,
    interactive: Interactive = False,
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Write a tag document to fill in.

    Example: tagwarden tag new interest.tea_lover --from rule
    """
    from tagging.skeleton import Given, skeleton

    known = _purposes(where)
    given = Given(key, kind, dimension, known_purposes=known)
    if known:
        given = replace(given, purposes=known[:1])
    if interactive:
        skeleton(given)  # what the command line says is right before anybody is asked
        given = _asked(given)
    text = skeleton(given)
    _check(text)
    file = out or f"{key}.yaml"
    if file == "-":
        if as_json:
            emit({"key": key, "kind": given.kind, "document": text}, as_json)
        else:
            sys.stdout.write(text)
        return
    _write(Path(file), text)
    data = {"key": key, "kind": given.kind, "file": file}
    emit(
        data,
        as_json,
        [f"written: {file}", f"next: fill in each TODO, then tagwarden tag lint {file}"],
    )


def _purposes(where: Path | None) -> tuple[str, ...]:
    """Return the purposes of the workspace; none where there is no workspace."""
    from governance.cli.lint import here

    ws = here(where)
    if ws is None:
        return ()
    from governance.purpose import purposes

    with ws.store.read() as connection:
        return tuple(purposes(connection))


def _asked(given: "Given") -> "Given":
    """Return what a person at a terminal answers; each question has a default."""
    from audit.errors import BadInput
    from tagging.skeleton import KINDS

    if not on_terminal():
        raise BadInput(
            "no-terminal",
            "there is nobody to ask: this is not a terminal",
            hint="leave --interactive out and fill in the document",
        )
    note(f"{given.key}: Enter takes what stands in brackets")
    english = _ask("Name in English", "")
    chinese = _ask("Name in Chinese", "")
    owner = _ask("Team that owns it", given.owner)
    for name, one in KINDS.items():
        note(f"  {name:<10} {one.meaning}")
    kind = _ask("Kind of rule", given.kind)
    purposes = given.purposes
    if given.known_purposes:
        note("  purposes: " + ", ".join(given.known_purposes))
    answered = _ask("Purposes, joined by commas", ", ".join(purposes))
    purposes = tuple(part.strip() for part in answered.split(",") if part.strip())
    return replace(
        given, name_en=english, name_zh=chinese, owner=owner, kind=kind, purposes=purposes
    )


def on_terminal() -> bool:
    """Return whether there is somebody to ask."""
    return sys.stdin.isatty()


def _ask(question: str, default: str) -> str:
    answer: str = typer.prompt(question, default=default, show_default=bool(default), err=True)
    return answer.strip()


def _check(text: str) -> None:
    """Raise BadInput when what was answered does not make a document."""
    from audit.errors import Problems
    from policies.document import parse_documents, validate
    from tagging.document import Tag

    problems = Problems("the new tag")
    validate(Tag, parse_documents(text, "the new tag")[0], problems)
    problems.raise_if_any("bad-definitions", "the answers do not make a tag")


def _write(path: Path, text: str) -> None:
    from audit.errors import BadInput, Conflict

    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise Conflict(
            "file-exists", f"{path} is there already", hint="--out another file"
        ) from None
    except OSError as error:
        raise BadInput(
            "file-unwritable", f"{path} cannot be written: {error.strerror}", hint="check the path"
        ) from None
