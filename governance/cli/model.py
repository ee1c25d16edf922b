# SPDX-License-Identifier: Apache-2.0
"""`tagwarden model`: learn from outcomes, try it at a later time, make a tag of it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from governance.cli import model_words as words
from governance.cli.out import Json, Lang, Where, emit, note, progress, say, table, workspace
from governance.cli.who import language_of

if TYPE_CHECKING:
    from governance.learning.training import Trained

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Learn tags from what came later."
)

Document = Annotated[Path, typer.Argument(help="A file with one Model.")]
Name = Annotated[str, typer.Argument(help="Name of a training, or key of a model.")]


@app.command()
def train(
    document: Document, where: Where = None, lang: Lang = None, as_json: Json = False
) -> None:
    """Train a model; a private one is charged before the data is read.

    Example: tagwarden model train examples/shop/models/large_basket.yaml
    """
    from governance.learning.training import train as make

    ws = workspace(where)
    with progress("training"):
        found = make(ws, document)
    language = language_of(ws, lang)
    if not found.new:
        note(words.say("trained", language))
    emit({**_data(found), "new": found.new}, as_json, lambda: words.about(found, language))


@app.command("list")
def list_(where: Where = None, lang: Lang = None, as_json: Json = False) -> None:
    """List the trainings.

    Example: tagwarden model list
    """
    from audit.clock import iso
    from governance.learning.training import trainings

    ws = workspace(where)
    with ws.store.read() as connection:
        found = trainings(connection)
    rows = [
        (one.name, one.key, one.artefact["method"], iso(one.at)[:10], iso(one.retrain_by)[:10])
        for one in found
    ]
    columns = words.say("list", language_of(ws, lang)).split("|")
    emit([_data(one) for one in found], as_json, lambda: table(columns, rows))


@app.command()
def show(name: Name, where: Where = None, lang: Lang = None, as_json: Json = False) -> None:
    """Show a training: what it learned from, and what is promised.

    Example: tagwarden model show large_basket
    """
    from governance.learning.training import named

    ws = workspace(where)
    with ws.store.read() as connection:
        found = named(connection, name)
    data = {**_data(found), "parameters": found.artefact["parameters"]}
    emit(data, as_json, lambda: words.about(found, language_of(ws, lang)))


@app.command()
def evaluate(name: Name, where: Where = None, lang: Lang = None, as_json: Json = False) -> None:
    """Try a training at the later time of its document; once, and charged when it is private.

    Example: tagwarden model evaluate large_basket
    """
    from governance.learning.trials import evaluate as attempt

    ws = workspace(where)
    with progress("trying"):
        found = attempt(ws, name)
    language = language_of(ws, lang)
    if not found.new:
        note(words.say("tried", language))
    emit(found.to_dict(), as_json, lambda: words.tried(found, language))


@app.command()
def card(name: Name, lang: Lang = None, where: Where = None) -> None:
    """Print the card of a model, as Markdown.

    Example: tagwarden model card large_basket --lang zh
    """
    from governance.learning.card import card as made

    ws = workspace(where)
    say(made(ws, name, language_of(ws, lang)).rstrip("\n"))


@app.command()
def tag(
    name: Name,
    threshold: Annotated[
        int | None, typer.Option(help="Per cent above which it is given; else the best one.")
    ] = None,
    where: Where = None,
    lang: Lang = None,
) -> None:
    """Print the document of a tag that the model gives; its remarks are in one language.

    Example: tagwarden model tag large_basket --threshold 60 > tag.yaml
    """
    from governance.learning.tags import tag_document
    from governance.learning.training import named
    from governance.learning.trials import trial_of

    ws = workspace(where)
    with ws.store.read() as connection:
        found = named(connection, name)
        tried = trial_of(connection, found.name)
    say(tag_document(found, tried, threshold, language_of(ws, lang)).rstrip("\n"))


def _data(found: "Trained") -> dict[str, Any]:
    from audit.clock import iso

    return {
        "training": found.name,
        "model": found.key,
        "method": found.artefact["method"],
        "private": found.charge is not None,
        "charge": found.charge,
        "digest": found.digest,
        "at": iso(found.at),
        "retrain_by": iso(found.retrain_by),
        "document": dict(found.asked),
    }
